// The balls as text, to look at.
import { type Ball, HEIGHT, WIDTH } from './physics.js'

/** A frame of 2 × 1 units to the character, with each ball as the last digit of its id. */
export function pictureOf(title: string, balls: Iterable<Ball>): string[] {
  const columns = WIDTH
  const rows = HEIGHT / 2
  const cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ' '))
  for (const { id, x, y } of balls) {
    const row = cells[Math.min(Math.floor(y / 2), rows - 1)]!
    row[Math.min(Math.floor(x), columns - 1)] = String(id % 10)
  }
  return [`┌${`─ ${title} `.padEnd(columns, '─')}┐`, ...cells.map((row) => `│${row.join('')}│`), `└${'─'.repeat(columns)}┘`]
}

/** Two pictures side by side. */
export function beside(left: readonly string[], right: readonly string[]): string[] {
  return left.map((line, i) => `${line}  ${right[i] ?? ''}`)
}
