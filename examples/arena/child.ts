// A process of the demo, as the parent sees it: orders go in, what it reports comes out, and it never outlives the parent.
import { type ChildProcess, fork } from 'node:child_process'
import type { PlayerCounts } from './counts.js'
import { Interruption } from './interruption.js'
import type { Order, Report } from './process-channel.js'

export interface ChildOptions {
  readonly name: string
  /** The compiled module that it runs. */
  readonly module: string
  /** What `readSettings` gives it. */
  readonly settings: object
}

export class Child<Ready> {
  readonly name: string
  /** Its first report, its settling, its last report. */
  readonly ready: Promise<Ready>
  readonly settled: Promise<void>
  readonly counts: Promise<PlayerCounts>
  /** Resolves when the process is gone. */
  readonly gone: Promise<unknown>
  /** Rejects when the process ends without an order to leave. */
  readonly failed: Promise<never>
  readonly #process: ChildProcess
  #isLeaving = false
  #complaints = ''

  constructor({ name, module, settings }: ChildOptions) {
    this.name = name
    this.#process = fork(new URL(module, import.meta.url), [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.gone = new Promise((resolve) => this.#process.on('close', resolve))
    this.ready = this.#next('ready').then(({ ready }) => ready)
    this.settled = this.#next('settled').then(() => {})
    this.counts = this.#next('counts').then(({ counts }) => counts)
    this.failed = this.#failure()
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints += text
    })
    this.#process.on('error', () => {}) // an order to a process that has just ended; `failed` tells of the end
  }

  /** What it wrote to standard error: kept until the terminal is free again. */
  get complaints(): string {
    return this.#complaints
  }

  order(order: Order): void {
    if (order === 'leave') this.#isLeaving = true
    if (this.#process.connected) this.#process.send(order)
  }

  /** Ends the process at once. It holds nothing but a socket, which the system closes. */
  kill(): void {
    this.#isLeaving = true
    this.#process.kill('SIGKILL')
  }

  /** The first report of this type. */
  #next<Type extends Report<Ready>['type']>(type: Type): Promise<Extract<Report<Ready>, { type: Type }>> {
    return new Promise((resolve) => {
      this.#process.on('message', (report: Report<Ready>) => {
        if (report.type === type) resolve(report as Extract<Report<Ready>, { type: Type }>) // TypeScript does not narrow by a generic
      })
    })
  }

  #failure(): Promise<never> {
    const failed = new Promise<never>((_, reject) => {
      this.#process.on('close', (code, signal) => {
        if (this.#isLeaving) return
        // A Ctrl-C that came while it was starting, before it left that to the parent: the parent has had it too, and hears of it now or soon.
        reject(signal === 'SIGINT' ? new Interruption(signal) : new Error(`${this.name} ended early (${signal ?? `exit code ${code}`})`))
      })
    })
    failed.catch(() => {})
    return failed
  }
}
