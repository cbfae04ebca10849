// Where a command prints, and how it hears of Ctrl-C. Results go to standard output, all else to standard error.
import { type Colour, jsonValue, paint, wrap } from './text.js'

/** Where texts go: a stream of the process, or what a test collects them in. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(content: string | Uint8Array): unknown
}

export class Terminal {
  readonly #output: Output
  readonly #errors: Output
  readonly #interruption = new AbortController()
  readonly #onSignal = (signal: NodeJS.Signals): void => this.#interrupt(signal)
  /** Whether the output shows colours. */
  readonly #hasColours: boolean

  constructor(output: Output, errors: Output) {
    this.#output = output
    this.#errors = errors
    this.#hasColours = output.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  }

  /** Aborts at Ctrl-C. From the first use on, Ctrl-C no longer ends the process by itself; a second one does. */
  get signal(): AbortSignal {
    if (process.listenerCount('SIGINT', this.#onSignal) === 0) for (const name of SIGNALS) process.on(name, this.#onSignal)
    return this.#interruption.signal
  }

  get isInterrupted(): boolean {
    return this.#interruption.signal.aborted
  }

  /** Lines, broken where the terminal is narrower. */
  print(text: string): void {
    this.#output.write(`${fitted(text, this.#output)}\n`)
  }

  /** One JSON value on a line. */
  printJson(value: unknown): void {
    this.write(`${JSON.stringify(value, jsonValue)}\n`)
  }

  /** As it is. */
  write(content: string | Uint8Array): void {
    this.#output.write(content)
  }

  /** What is no result: advice, mistakes. */
  note(text: string): void {
    this.#errors.write(`${fitted(text, this.#errors)}\n`)
  }

  paint(colour: Colour, text: string): string {
    return this.#hasColours ? paint(colour, text) : text
  }

  /** Resolves after `ms`, or at Ctrl-C. */
  sleep(ms: number): Promise<void> {
    const { signal } = this
    if (signal.aborted || ms <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
    })
  }

  /** As Ctrl-C does it. */
  interrupt(): void {
    this.#interruption.abort()
  }

  close(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal)
  }

  #interrupt(signal: NodeJS.Signals): void {
    if (this.isInterrupted) process.exit(signal === 'SIGINT' ? 130 : 143)
    this.interrupt()
  }
}

function fitted(text: string, { columns }: Output): string {
  return columns === undefined || columns < MIN_COLUMNS ? text : wrap(text, columns)
}

/** In a narrower terminal, columns are past helping. */
const MIN_COLUMNS = 40

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
