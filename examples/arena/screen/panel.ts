// The panel: one line for each player, each measure as a number and as a sparkline.
import type { LinkState } from '../link-meter.js'
import type { Frame } from './frame.js'
import type { PanelRow } from './picture.js'
import { sparkline } from './sparkline.js'

interface Column {
  readonly title: string
  /** Characters of the number. */
  readonly digits: number
  /** The top of the sparkline where nothing is higher. */
  readonly top: number
  readonly value: (state: LinkState) => number
  readonly format: (value: number) => string
  /** From here on it is drawn as bad. */
  readonly badFrom?: number
}

const COLUMNS: readonly Column[] = [
  { title: 'RTT ms', digits: 4, top: 100, value: ({ latency }) => latency, format: whole, badFrom: 100 },
  { title: 'loss %', digits: 3, top: 20, value: ({ loss }) => loss * 100, format: whole, badFrom: 1 },
  { title: 'jitter ms', digits: 3, top: 20, value: ({ jitter }) => jitter, format: whole },
  { title: 'bytes/s', digits: 5, top: 4000, value: ({ bytes }) => bytes, format: short },
  { title: 'msgs/s', digits: 4, top: 100, value: ({ messages }) => messages, format: whole },
]

const NAME_WIDTH = 8
const GEMS_WIDTH = 5
const LABEL_WIDTH = 3 + NAME_WIDTH + GEMS_WIDTH
const GAP = 2
const MAX_SPARKLINE = 24
const MIN_SPARKLINE = 4

/** Draws the panel into lines from `top`, at most `rows` of them with its title. Columns on the right and players at the end are left out where there is no room. */
export function drawPanel(frame: Frame, top: number, rows: number, players: readonly PanelRow[]): void {
  if (rows < 2) return
  const room = frame.columns - LABEL_WIDTH - 1
  const columns = COLUMNS.slice(0, fitting(room))
  const fixed = columns.reduce((sum, { digits }) => sum + digits + 1 + GAP, 0)
  const spark = columns.length === 0 ? 0 : Math.min(MAX_SPARKLINE, Math.floor((room - fixed) / columns.length))
  drawTitles(frame, top, columns, spark)
  const shown = players.slice(0, players.length > rows - 1 ? rows - 2 : rows - 1)
  for (const [i, player] of shown.entries()) drawPlayer(frame, top + 1 + i, player, columns, spark)
  const rest = players.length - shown.length
  if (rest > 0) frame.put(3, top + 1 + shown.length, `and ${rest} more`, 'dim')
}

function drawTitles(frame: Frame, row: number, columns: readonly Column[], spark: number): void {
  frame.put(3, row, 'player', 'dim')
  frame.put(LABEL_WIDTH - 4, row, 'gems', 'dim')
  let at = LABEL_WIDTH
  for (const { title, digits } of columns) {
    frame.put(
      at + GAP + digits + 1 + spark - Math.max(title.length, digits + 1 + spark),
      row,
      title.padStart(Math.max(title.length, 0)),
      'dim',
    )
    at += GAP + digits + 1 + spark
  }
}

function drawPlayer(frame: Frame, row: number, player: PanelRow, columns: readonly Column[], spark: number): void {
  const { isYou, mark, name, gems, history } = player
  const style = isYou ? 'you' : 'other'
  frame.put(1, row, mark, style)
  frame.put(3, row, name.slice(0, NAME_WIDTH), style)
  frame.put(LABEL_WIDTH - 4, row, `${gems}`.padStart(4), 'gem')
  const latest = history.at(-1)
  let at = LABEL_WIDTH
  for (const { digits, top, value, format, badFrom } of columns) {
    at += GAP
    const isBad = latest !== undefined && badFrom !== undefined && value(latest) >= badFrom
    if (latest !== undefined) frame.put(at, row, format(value(latest)).padStart(digits), isBad ? 'bad' : 'plain')
    frame.put(at + digits + 1, row, sparkline(history.map(value), spark, top), isBad ? 'bad' : 'dim')
    at += digits + 1 + spark
  }
}

/** As many columns, from the left, as have room with the shortest sparklines. */
function fitting(room: number): number {
  let used = 0
  const count = COLUMNS.findIndex(({ digits }) => {
    used += digits + 1 + GAP + MIN_SPARKLINE
    return used > room
  })
  return count < 0 ? COLUMNS.length : count
}

function whole(value: number): string {
  return `${Math.round(value)}`
}

function short(value: number): string {
  return value < 10_000 ? whole(value) : `${(value / 1000).toFixed(1)}k`
}
