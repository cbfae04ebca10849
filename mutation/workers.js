// The processes of the mutation run, as its command sees them.
import { fork } from 'node:child_process'

/** A worker is exchanged after so many mutants, so that modules that were thrown away do not pile up. */
const MUTANTS_PER_WORKER = 150
/** In a worker everything ends by itself, unless a mutant finds a way to hang without a loop. */
const WORKER_TIMEOUT_MS = 120_000

const running = new Set()

/** Ends all processes at once. */
export function endWorkers() {
  for (const child of running) child.kill('SIGKILL')
}

/** A process that answers one question at a time. */
export class Worker {
  #child
  #asked = 0
  #isDead = false

  constructor() {
    this.#child = fork(new URL('worker.js', import.meta.url), {
      execArgv: ['--experimental-vm-modules', '--no-warnings', '--max-old-space-size=1024'],
      env: { ...process.env, TICKWIRE_PROPERTIES: 'quick' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    running.add(this.#child)
    this.#child.once('exit', () => {
      this.#isDead = true
      running.delete(this.#child)
    })
  }

  get isWorn() {
    return this.#isDead || this.#asked >= MUTANTS_PER_WORKER
  }

  /** Undefined where the process ends or does not answer. */
  async ask(request) {
    const id = this.#asked++
    const child = this.#child
    return new Promise((resolve) => {
      const settle = (answer) => {
        clearTimeout(timer)
        child.off('message', hear)
        child.off('exit', settle)
        resolve(answer?.id === id ? answer : undefined)
      }
      const hear = (answer) => {
        if (answer.id === id) settle(answer)
      }
      const timer = setTimeout(() => child.kill('SIGKILL'), WORKER_TIMEOUT_MS)
      child.on('message', hear)
      child.once('exit', settle)
      if (this.#isDead) settle()
      else child.send({ ...request, id })
    })
  }

  end() {
    this.#child.kill('SIGKILL')
  }
}
