// The terminal itself: keys in, frames out, and everything as it was at the end, whatever ends the process.
import type { ReadStream, WriteStream } from 'node:tty'
import type { Frame } from './frame.js'
import { type Key, KeyReader } from './keys.js'

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J' // the alternate screen, without cursor: what was there before comes back
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l'
/** Between these a terminal that knows them shows nothing half drawn; others ignore them. */
const BEGIN_UPDATE = '\x1b[?2026h'
const END_UPDATE = '\x1b[?2026l'

/** After an escape character that nothing follows for so long, it was the key Esc. */
const ESCAPE_MS = 50

const FALLBACK_SIZE = { columns: 80, rows: 24 }

export type TerminalInput = Pick<ReadStream, 'setRawMode' | 'on' | 'off' | 'resume' | 'pause' | 'setEncoding'>
export type TerminalOutput = Pick<WriteStream, 'write' | 'on' | 'off' | 'columns' | 'rows' | 'hasColors' | 'writableNeedDrain'>

export interface TerminalOptions {
  readonly input: TerminalInput
  readonly output: TerminalOutput
  readonly onKey: (key: Key) => void
  /** The terminal has another size, or its contents are lost: it must be drawn anew. */
  readonly onRedraw: () => void
}

export class Terminal {
  readonly #options: TerminalOptions
  readonly #hasColor: boolean
  readonly #keys = new KeyReader()
  readonly #listeners: (() => void)[] = []
  #escapeTimer: NodeJS.Timeout | undefined
  #isShown = false
  #isClosed = false
  /** The lines as the terminal has them. */
  #drawn: string[] = []

  /** Takes the terminal: alternate screen, raw keys. */
  constructor(options: TerminalOptions) {
    this.#options = options
    this.#hasColor = (process.env.NO_COLOR ?? '') === '' && options.output.hasColors()
    const { input, output } = options
    this.#listen(output, 'resize', () => this.#redraw())
    this.#listen(input.setEncoding('utf8'), 'data', (text: string) => this.#receive(text))
    this.#listen(input, 'end', () => options.onKey('quit')) // the terminal has gone
    this.#listen(process, 'SIGTSTP', () => this.#sleep())
    this.#listen(process, 'exit', () => this.close())
    this.#enter()
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#options.output
    return columns > 0 && rows > 0 ? { columns, rows } : FALLBACK_SIZE
  }

  /** Writes the lines that have changed. Left out where the terminal has not yet taken what came before. */
  draw(frame: Frame): void {
    const { output } = this.#options
    if (!this.#isShown || output.writableNeedDrain) return
    let text = ''
    for (let row = 0; row < frame.rows; row++) {
      const line = frame.line(row, this.#hasColor)
      if (this.#drawn[row] === line) continue
      this.#drawn[row] = line
      text += `\x1b[${row + 1};1H${line}\x1b[K`
    }
    if (text !== '') output.write(`${BEGIN_UPDATE}${text}${END_UPDATE}`)
  }

  /** Leaves the terminal as it was. More calls are harmless. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#escapeTimer)
    for (const remove of this.#listeners) remove()
    this.#leave()
    this.#options.input.pause()
  }

  #enter(): void {
    this.#isShown = true
    this.#drawn = []
    this.#options.input.setRawMode(true)
    this.#options.input.resume()
    this.#options.output.write(ENTER)
  }

  #leave(): void {
    if (!this.#isShown) return
    this.#isShown = false
    this.#options.output.write(LEAVE)
    this.#options.input.setRawMode(false)
  }

  #redraw(): void {
    if (!this.#isShown) return
    this.#drawn = []
    this.#options.output.write('\x1b[2J')
    this.#options.onRedraw()
  }

  #receive(text: string): void {
    clearTimeout(this.#escapeTimer)
    for (const key of this.#keys.read(text)) this.#press(key)
    if (this.#keys.isWaiting) this.#escapeTimer = setTimeout(() => this.#flush(), ESCAPE_MS)
  }

  #flush(): void {
    for (const key of this.#keys.flush()) this.#press(key)
  }

  #press(key: Key): void {
    if (this.#isClosed) return
    if (key !== 'suspend') this.#options.onKey(key)
    else process.kill(0, 'SIGTSTP') // the whole group, as the terminal itself would: npm waits for us too
  }

  /** Ctrl-Z: the shell gets its terminal as it was, and this process stops until `fg`. */
  #sleep(): void {
    this.#leave()
    process.once('SIGCONT', () => {
      if (this.#isClosed) return
      this.#enter()
      this.#options.onRedraw()
    })
    process.kill(process.pid, 'SIGSTOP')
  }

  #listen(
    target: { on(event: any, listener: any): unknown; off(event: any, listener: any): unknown },
    event: string,
    listener: (value: any) => void,
  ): void {
    target.on(event, listener)
    this.#listeners.push(() => target.off(event, listener))
  }
}
