// A picture of a terminal: one character and its styles in each cell. What draws, draws here; a terminal, a recording or a test reads it.
import { escapeFor, RESET, type Style } from './style.js'

export interface Cell {
  readonly text: string
  readonly style: Style
  readonly background: Style | undefined
}

const BLANK: Cell = { text: ' ', style: 'plain', background: undefined }

export class Frame {
  readonly columns: number
  readonly rows: number
  readonly #cells: Cell[]

  constructor(columns: number, rows: number) {
    this.columns = Math.max(0, Math.floor(columns))
    this.rows = Math.max(0, Math.floor(rows))
    this.#cells = new Array<Cell>(this.columns * this.rows).fill(BLANK)
  }

  cell(column: number, row: number): Cell {
    return this.#cells[row * this.columns + column] ?? BLANK
  }

  /** Writes one line of text, cut where the frame ends. Returns the column after it. Nothing in it can move the cursor: names and chat come from the network. */
  put(column: number, row: number, text: string, style: Style = 'plain', background?: Style): number {
    let at = column
    for (const character of text) {
      if (row >= 0 && row < this.rows && at >= 0 && at < this.columns) {
        this.#cells[row * this.columns + at] = { text: harmless(character), style, background }
      }
      at++
    }
    return at
  }

  /** One line for a terminal, with as few escape sequences as it takes; with none where there are no colours. */
  line(row: number, hasColor: boolean): string {
    let line = ''
    let style: Style = 'plain'
    let background: Style | undefined
    for (let column = 0; column < this.columns; column++) {
      const cell = this.cell(column, row)
      if (hasColor && (cell.background !== background || (cell.style !== style && cell.text !== ' '))) {
        ;({ style, background } = cell)
        line += escapeFor(style, background)
      }
      line += cell.text
    }
    const isStyled = style !== 'plain' || background !== undefined
    return `${line.trimEnd()}${isStyled ? RESET : ''}`
  }

  /** All of it as plain text. */
  toString(): string {
    return Array.from({ length: this.rows }, (_, row) => this.line(row, false)).join('\n')
  }
}

/** Control characters do not draw, and wide ones take two cells: neither is let through. */
function harmless(character: string): string {
  return /^[\u0020-\u007e\u00a1-\u024f\u2190-\u2193\u2500-\u25ff\u2013\u2018-\u2026·]$/u.test(character) ? character : '?'
}
