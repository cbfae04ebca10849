// Processes of their own, asked over node's IPC: what is measured alone must not share a heap, a loop or a core with what drives it.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a child answers to, by name. */
export type Answers = Readonly<Record<string, (parameter: any) => unknown>>

interface Question {
  readonly id: number
  readonly name: string
  readonly parameter: unknown
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** How long an answer may take: ten thousand clients that connect, on a busy machine. */
const ANSWER_MS = 300_000

/** Characters of standard error that are kept. */
const MAX_LAST_WORDS = 2000

/** A process that runs a file of processes/. */
export class Child {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #lastId = 0
  #lastWords = ''

  constructor(name: string, nodeOptions: readonly string[] = []) {
    this.#process = fork(fileURLToPath(new URL(`./processes/${name}.js`, import.meta.url)), [], {
      execArgv: [...nodeOptions],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    // Thousands of clients on an overloaded machine warn a thousand times; what a process died of is kept.
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-MAX_LAST_WORDS)
    })
    this.#process.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(`${name}: ${error}`))
    })
    this.#process.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended with ${signal ?? code}: ${this.#lastWords}`))
      this.#waiting.clear()
    })
  }

  /** Resolves with what the child's answer of that name gives; rejects where none comes in time. */
  ask<T = void>(name: string, parameter?: unknown, timeoutMs = ANSWER_MS): Promise<T> {
    const id = ++this.#lastId
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`"${name}" was not answered within ${timeoutMs / 1000} s`)), timeoutMs)
      const settled =
        <V>(settle: (value: V) => void) =>
        (value: V) => {
          clearTimeout(timer)
          settle(value)
        }
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) })
      this.#process.send({ id, name, parameter } satisfies Question, (error) => {
        if (error !== null) reject(error)
      })
    }) as Promise<T>
  }

  /** Ends it, however busy it is. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    await new Promise<void>((resolve) => {
      this.#process.once('exit', () => resolve())
      this.#process.kill('SIGKILL')
    })
  }
}

/** In the child: answers until the parent goes. */
export function answer(answers: Answers): void {
  process.on('message', async ({ id, name, parameter }: Question) => {
    try {
      process.send?.({ id, result: await answers[name]!(parameter) } satisfies Answer)
    } catch (error) {
      process.send?.({ id, error: (error as Error).stack ?? String(error) } satisfies Answer)
    }
  })
  process.once('disconnect', () => process.exit())
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
