// Finer than characters: each cell is four dots, drawn with ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█. A dot is half a character wide and half a line high, so twice as high as wide.
import type { Frame } from './frame.js'
import type { Style } from './style.js'

/** By which of its four dots are set: 1 top left, 2 top right, 4 bottom left, 8 bottom right. */
const QUADRANTS = [...' ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█']

export class Canvas {
  /** Cells. */
  readonly columns: number
  readonly rows: number
  readonly #dots: (Style | undefined)[]

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#dots = new Array<Style | undefined>(4 * columns * rows)
  }

  /**
   * Draws a ring around a spot, in cells from the top left; a disc where `inner` is 0. Radii are in widths of a cell.
   * The centre goes to the nearest dot, so that the shape stays the same while it moves.
   */
  ring(column: number, row: number, inner: number, outer: number, style: Style): void {
    const centerX = Math.round(column * 2)
    const centerY = Math.round(row * 2)
    for (let y = Math.floor(centerY - outer); y <= centerY + outer; y++) {
      for (let x = Math.floor(centerX - 2 * outer); x <= centerX + 2 * outer; x++) {
        const distance = Math.hypot((x + 0.5 - centerX) / 2, y + 0.5 - centerY)
        if (distance >= inner && distance <= outer) this.#set(x, y, style)
      }
    }
  }

  /** Draws it into a frame. A cell has two styles at most: the more frequent ones. */
  drawOn(frame: Frame, column: number, row: number): void {
    for (let y = 0; y < this.rows; y++) {
      for (let x = 0; x < this.columns; x++) {
        const dots = [this.#at(2 * x, 2 * y), this.#at(2 * x + 1, 2 * y), this.#at(2 * x, 2 * y + 1), this.#at(2 * x + 1, 2 * y + 1)]
        const [style, other] = stylesOf(dots)
        if (style === undefined) continue
        const isFull = dots.every((dot) => dot !== undefined)
        const quadrant = dots.reduce((bits, dot, i) => (dot === style || (dot !== undefined && !isFull) ? bits | (1 << i) : bits), 0)
        frame.put(column + x, row + y, QUADRANTS[quadrant]!, style, isFull ? other : undefined)
      }
    }
  }

  #at(x: number, y: number): Style | undefined {
    return this.#dots[y * 2 * this.columns + x]
  }

  #set(x: number, y: number, style: Style): void {
    if (x >= 0 && x < 2 * this.columns && y >= 0 && y < 2 * this.rows) this.#dots[y * 2 * this.columns + x] = style
  }
}

/** The styles of a cell's dots, the most frequent first. */
function stylesOf(dots: readonly (Style | undefined)[]): Style[] {
  const styles = dots.filter((dot) => dot !== undefined)
  const count = (style: Style): number => styles.filter((other) => other === style).length
  return [...new Set(styles)].sort((a, b) => count(b) - count(a))
}
