// Draws a picture into a frame of any size: the arena, the two delays, the panel, the keys.
//
//   ┌ title ─────────── link ┐
//   │ the arena              │   what is left
//   └ chat ──────────────────┘
//    both delays                 2 lines
//    panel                       a line a player, and its titles
//    keys                        1 line
import { isSet, textOf } from '../conditions.js'
import { ARENA_HEIGHT, ARENA_WIDTH, type Spot } from '../game.js'
import { Canvas } from './canvas.js'
import { Frame } from './frame.js'
import { drawPanel } from './panel.js'
import type { Delay, Picture } from './picture.js'
import { sparkline } from './sparkline.js'
import type { Style } from './style.js'

const TITLE = ' tickwire arena '
const BORDER_ROWS = 2
const DELAY_ROWS = 2
const KEY_ROWS = 1

/** The arena has at least so many lines, and the panel what is left. */
const MIN_FIELD_ROWS = 9

/** The delay that fills a sparkline, in ms, where none is longer. */
const DELAY_TOP_MS = 250

/** The line of the keys takes so many columns when all of it is said. */
const ALL_KEYS_COLUMNS = 80

const KEYS: readonly (readonly [string, string])[] = [
  ['1', '50 ms'],
  ['2', '150 ms'],
  ['3', '5 %'],
  ['4', '20 % loss'],
]

export function drawPicture(picture: Picture, columns: number, rows: number): Frame {
  const frame = new Frame(columns, rows)
  const left = rows - BORDER_ROWS - DELAY_ROWS - KEY_ROWS
  const panelRows = Math.max(0, Math.min(picture.players.length + 1, left - MIN_FIELD_ROWS))
  const fieldRows = Math.max(0, left - panelRows)
  drawBorder(frame, fieldRows, picture)
  if (picture.notice === undefined) drawField(frame, fieldRows, picture)
  else frame.put(Math.floor((columns - picture.notice.length) / 2), 1 + Math.floor(fieldRows / 2), picture.notice, 'title')
  const below = fieldRows + BORDER_ROWS
  drawDelay(frame, below, '●', 'you', 'you', picture.yourDelay)
  drawDelay(frame, below + 1, '○', 'ghost', 'ghost', picture.ghostDelay)
  drawPanel(frame, below + DELAY_ROWS, panelRows, picture.players)
  drawKeys(frame, rows - 1, picture)
  return frame
}

function drawBorder(frame: Frame, fieldRows: number, { status, conditions, chat }: Picture): void {
  const { columns } = frame
  const bottom = fieldRows + 1
  const line = '─'.repeat(Math.max(0, columns - 2))
  frame.put(0, 0, `┌${line}┐`, 'dim')
  frame.put(0, bottom, `└${line}┘`, 'dim')
  for (let row = 1; row < bottom; row++) {
    frame.put(0, row, '│', 'dim')
    frame.put(columns - 1, row, '│', 'dim')
  }
  const afterTitle = frame.put(2, 0, TITLE, 'title')
  const text = textOf(conditions)
  const link = text === '' ? ' link: good ' : ` link: ${text} `
  const linkAt = columns - 2 - link.length
  if (afterTitle + 1 + status.length + 2 < linkAt) frame.put(afterTitle + 1, 0, ` ${status} `, 'dim')
  if (linkAt > afterTitle) frame.put(linkAt, 0, link, text === '' ? 'dim' : 'bad')
  if (chat !== '') frame.put(2, bottom, ` ${chat.slice(0, columns - 6)} `, 'dim')
}

function drawField(frame: Frame, rows: number, { you, ghost, others, gems }: Picture): void {
  const columns = frame.columns - 2
  if (columns <= 0 || rows <= 0) return
  const canvas = new Canvas(columns, rows)
  const radius = Math.max(1.8, columns / 60)
  const ghostRadius = radius + 1.1
  // A dot at the edge is still whole.
  const place = ({ x, y }: Spot): [column: number, row: number] => [
    ghostRadius + (x / ARENA_WIDTH) * (columns - 2 * ghostRadius),
    ghostRadius / 2 + (y / ARENA_HEIGHT) * (rows - ghostRadius),
  ]
  for (const { spot } of others) canvas.ring(...place(spot), 0, radius, 'other')
  if (ghost !== undefined) canvas.ring(...place(ghost), radius + 0.1, ghostRadius, 'ghost')
  if (you !== undefined) canvas.ring(...place(you), 0, radius, 'you')
  canvas.drawOn(frame, 1, 1)
  const write = (spot: Spot, text: string, style: Style, background?: Style): void => {
    const [column, row] = place(spot)
    frame.put(
      1 + Math.floor(Math.round(column * 2) / 2 - text.length / 2),
      1 + Math.min(Math.floor(row), rows - 1),
      text,
      style,
      background,
    )
  }
  for (const gem of gems) write(gem, '◆', 'gem')
  for (const { spot, mark } of others) write(spot, mark, 'ink', 'other')
}

function drawDelay(frame: Frame, row: number, mark: string, name: string, style: Style, { worstMs, history }: Delay): void {
  const { columns } = frame
  const spark = columns < 70 ? 0 : Math.min(60, columns - 66)
  let at = frame.put(1, row, `${mark} ${name.padEnd(9)}`, style)
  const latest = history.at(-1)
  if (latest === undefined || worstMs === undefined) return
  at = frame.put(at, row, `${Math.round(latest)}`.padStart(5), style)
  at = frame.put(at, row, ' ms from key to dot  ', 'dim')
  at = frame.put(at, row, sparkline(peaks(history, spark), spark, DELAY_TOP_MS), style)
  at = frame.put(at, row, '  worst second', 'dim')
  at = frame.put(at, row, `${Math.round(worstMs)}`.padStart(5), style)
  frame.put(at, row, ' ms', 'dim')
}

/** The peaks of so many equal parts of the values. */
function peaks(values: readonly number[], parts: number): number[] {
  const perPart = Math.max(1, Math.ceil(values.length / Math.max(1, parts)))
  const count = Math.ceil(values.length / perPart)
  return Array.from({ length: count }, (_, i) => Math.max(...values.slice(i * perPart, (i + 1) * perPart)))
}

function drawKeys(frame: Frame, row: number, { conditions }: Picture): void {
  let at = frame.put(1, row, frame.columns < ALL_KEYS_COLUMNS ? '←↑↓→  ' : '←↑↓→ steer, space stops  ', 'dim')
  for (const [key, text] of KEYS) at = frame.put(at, row, `${key} ${text}  `, isSet(conditions, key) ? 'bad' : 'dim')
  at = frame.put(at, row, '0 good  ', 'dim')
  frame.put(at, row, 'q quit', 'dim')
}
