// The terminal while the game is played: its own screen, keys one by one, and everything as it was afterwards, however the process ends.
import { emitKeypressEvents } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import type { ScreenOptions } from './screen.js'

export interface Terminal {
  draw(lines: readonly string[]): void
  readonly size: ScreenOptions
  /** Harmless when closed. */
  close(): void
}

/** Takes the terminal; undefined where keys or screen are something else, such as a pipe. `onKey` gets names such as `up`, `space`, `q` and `ctrl-c`. */
export function openTerminal(
  onKey: (name: string) => void,
  { stdin, stdout }: { readonly stdin: ReadStream; readonly stdout: WriteStream } = process,
): Terminal | undefined {
  if (!stdin.isTTY || !stdout.isTTY || process.env.TERM === 'dumb') return undefined
  let isOpen = true
  const handleKey = (_text: string | undefined, key: { readonly name?: string; readonly ctrl?: boolean }): void => {
    if (key.name !== undefined) onKey(key.ctrl ? `ctrl-${key.name}` : key.name)
  }
  const clear = (): void => void stdout.write('\x1b[2J')
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    process.off('exit', close)
    stdout.off('resize', clear)
    stdin.off('keypress', handleKey).pause()
    stdin.setRawMode(false)
    stdout.write('\x1b[?25h\x1b[?1049l') // the cursor, and the screen that was there before
  }
  process.on('exit', close)
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  stdin.on('keypress', handleKey).resume()
  stdout.on('resize', clear)
  stdout.write('\x1b[?1049h\x1b[?25l\x1b[2J')
  return {
    get size() {
      return { columns: stdout.columns, rows: stdout.rows, hasColor: stdout.hasColors() }
    },
    draw: (lines) => {
      if (isOpen) stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
    },
    close,
  }
}
