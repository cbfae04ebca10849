// Where a command prints, and how it hears of Ctrl-C. Results go to standard output, all else to standard error.
import { isatty } from 'node:tty'
import { type Colour, jsonValue, paint, wrap } from './text.js'

export class Terminal {
  readonly #interruption = new AbortController()
  readonly #onSignal = (signal: NodeJS.Signals): void => this.#interrupt(signal)
  /** Whether standard output shows colours. */
  readonly #hasColours = isatty(1) && !process.env.NO_COLOR && process.env.TERM !== 'dumb'

  constructor() {
    process.stdout.on('error', () => process.exit(1)) // nobody reads on: `| head`
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
    process.stdout.write(`${fitted(text, process.stdout)}\n`)
  }

  /** One JSON value on a line. */
  printJson(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value, jsonValue)}\n`)
  }

  /** What is no result: advice, mistakes. */
  note(text: string): void {
    process.stderr.write(`${fitted(text, process.stderr)}\n`)
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

  close(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal)
  }

  #interrupt(signal: NodeJS.Signals): void {
    if (this.isInterrupted) process.exit(signal === 'SIGINT' ? 130 : 143)
    this.#interruption.abort()
  }
}

function fitted(text: string, { columns }: { readonly columns?: number }): string {
  return columns === undefined || columns < MIN_COLUMNS ? text : wrap(text, columns)
}

/** In a narrower terminal, columns are past helping. */
const MIN_COLUMNS = 40

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
