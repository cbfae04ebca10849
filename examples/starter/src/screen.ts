// The game as text: what stands on the screen, and the line of a second where there is no terminal. Pure: terminal.ts does the writing.

import { HEIGHT, NOBODY, tileAt, WIDTH } from './game.js'
import type { GameView } from './game-view.js'

/** Background colours of the seats 1–8. A seat without colour is told by its letter. */
const COLORS = [0, 41, 44, 42, 43, 45, 46, 101, 104]

export interface ScreenOptions {
  readonly columns: number
  readonly rows: number
  readonly hasColor: boolean
}

/** The lines of the screen, cut to the terminal. Every tile is two characters wide, so that it looks square. */
export function drawLines(view: GameView, { columns, rows, hasColor }: ScreenOptions): string[] {
  const paint = (text: string, seat: number): string => (hasColor && seat !== NOBODY ? `\x1b[${COLORS[seat] ?? 0}m${text}\x1b[0m` : text)
  const heads = new Map(view.positions.map(({ id, x, y }) => [tileAt(x, y), id]))
  const shown = Math.max(0, Math.min(WIDTH, Math.floor((columns - 1) / 2)))
  const board = Array.from({ length: HEIGHT }, (_, row) => {
    const cells = Array.from({ length: shown }, (_, column) => {
      const tile = row * WIDTH + column
      const seat = view.tiles[tile]!
      const head = heads.get(tile)
      if (head !== undefined) return paint(head === view.me?.id ? '()' : '<>', seat)
      return paint(seat === NOBODY ? ' .' : hasColor ? '  ' : ` ${letterOf(seat)}`, seat)
    })
    return cells.join('')
  })
  const scores = view.scores.map(({ id, name, seat, tiles }) => {
    const line = ` ${String(tiles).padStart(3)} ${name}${id === view.me?.id ? ' (you)' : ''}`
    return `${paint(hasColor ? '  ' : ` ${letterOf(seat)}`, seat)}${line.slice(0, Math.max(0, columns - 3))}`
  })
  const help = `arrow keys: walk   space: stay   q: leave   round trip ${view.latency.toFixed(0)} ms`.slice(0, Math.max(0, columns - 1))
  return [...board, '', help, ...scores].slice(0, rows)
}

/** What is printed once a second where there is no terminal. */
export function statusLine(view: GameView): string {
  const scores = view.scores.map(({ name, tiles }) => `${name} ${tiles}`).join(', ')
  return `${view.players.length} in the game, tiles: ${scores}; round trip ${view.latency.toFixed(1)} ms`
}

function letterOf(seat: number): string {
  return String.fromCharCode(96 + seat)
}
