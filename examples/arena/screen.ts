// Where the demo shows itself: a table redrawn in place on a terminal, a line a second elsewhere.
import type { WriteStream } from 'node:tty'
import { headline, type Progress, progressLine, tableLines } from './report.js'

const ENTER = '\x1b[?1049h\x1b[?25l' // the alternate screen, without cursor: a resize spoils nothing, and what was there before comes back
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

const REDRAW_MS = 500
const LINE_MS = 1000

export interface Screen {
  /** Leaves the terminal as it was. More calls are harmless. */
  close(): void
}

/** Shows `progress()` from now on, until it is closed. */
export function openScreen(output: WriteStream, progress: () => Progress): Screen {
  return output.isTTY && process.env.TERM !== 'dumb' ? openTable(output, progress) : openLines(output, progress)
}

function openTable(output: WriteStream, progress: () => Progress): Screen {
  const hasColor = (process.env.NO_COLOR ?? '') === '' && output.hasColors()
  const draw = (): void => {
    const { columns, rows } = output
    const lines = tableLines(progress(), { columns, rows, hasColor })
    output.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`)
  }
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    clearInterval(timer)
    output.off('resize', draw)
    process.off('exit', close)
    output.write(LEAVE)
  }
  const timer = setInterval(draw, REDRAW_MS)
  output.on('resize', draw)
  process.on('exit', close) // whatever ends the process
  output.write(ENTER)
  draw()
  return { close }
}

function openLines(output: WriteStream, progress: () => Progress): Screen {
  output.write(`${headline(progress())}\n`)
  const timer = setInterval(() => output.write(`${progressLine(progress())}\n`), LINE_MS)
  return { close: () => clearInterval(timer) }
}
