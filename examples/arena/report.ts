// What the demo shows, as text: the table of a terminal, the line a second without one, the summary. Numbers in, strings out; nothing here prints.
import type { Total } from './counts.js'
import type { DemoOptions } from './options.js'
import type { Sample } from './process-channel.js'
import type { Rates } from './rate-meter.js'

/** One line of the table. */
export interface Row {
  readonly name: string
  /** Undefined before the first sample. */
  readonly sample: Sample | undefined
  readonly rates: Rates
}

export interface Progress {
  readonly options: DemoOptions
  readonly port: number
  /** Since play began. */
  readonly seconds: number
  /** Play is over; what is under way still arrives. */
  readonly isSettling: boolean
  readonly players: readonly Row[]
  readonly server: Row
}

interface Column {
  readonly title: readonly [string, string]
  readonly width: number
  readonly cell: (row: Row, sample: Sample) => string
}

const COLUMNS: readonly Column[] = [
  { title: ['', 'player'], width: 9, cell: ({ name }) => name },
  { title: ['RTT', 'ms'], width: 8, cell: (_, { latency }) => decimal(latency) },
  { title: ['jitter', 'ms'], width: 8, cell: (_, { jitter }) => decimal(jitter) },
  { title: ['loss', '%'], width: 7, cell: (_, { packetLoss }) => decimal(packetLoss * 100) },
  { title: ['messages/s', 'in'], width: 11, cell: ({ rates }) => whole(rates.inMessages) },
  { title: ['', 'out'], width: 8, cell: ({ rates }) => whole(rates.outMessages) },
  { title: ['bytes/s', 'in'], width: 11, cell: ({ rates }) => whole(rates.inBytes) },
  { title: ['', 'out'], width: 10, cell: ({ rates }) => whole(rates.outBytes) },
  // Where the terminal has room for them.
  { title: ['chat', 'said'], width: 10, cell: (_, { achievements }) => whole(achievements?.said) },
  { title: ['', 'heard'], width: 8, cell: (_, { achievements }) => whole(achievements?.heard) },
  { title: ['', 'gems'], width: 8, cell: (_, { achievements }) => whole(achievements?.gems) },
]

const BOLD = '1'
const DIM = '2'
const YELLOW = '33'

/** The table, in at most so many lines, each of fewer than `columns` characters. Columns on the right and lines at the bottom are left out where there is no room. */
export function tableLines(progress: Progress, terminal: { columns: number; rows: number; hasColor: boolean }): string[] {
  const { columns, rows, hasColor } = terminal
  const shown = columnsWithin(columns - 1)
  const line = (text: string, style: string): string => paint(text.slice(0, columns - 1), style, hasColor)
  const lines = [
    line(headline(progress), BOLD),
    '',
    line(shown.map(({ title, width }) => title[0].padStart(width)).join(''), DIM),
    line(shown.map(({ title, width }, i) => (i === 0 ? title[1].padEnd(width) : title[1].padStart(width))).join(''), DIM),
    ...progress.players.map((row) => tableLine(row, shown, hasColor)),
    tableLine(progress.server, shown, hasColor),
    '',
    line('Loss is of the packets that this side sent, in the last 5 s.', DIM),
    line(`The server, at 127.0.0.1:${progress.port}, shows means and sums. Ctrl-C ends it.`, DIM),
  ]
  return lines.slice(0, rows)
}

/** One line of progress, as the server sees it. */
export function progressLine({ seconds, isSettling, server }: Progress): string {
  const { sample, rates } = server
  const { latency = 0, jitter = 0, packetLoss = 0 } = sample ?? {}
  return [
    isSettling ? 'settles' : `${seconds.toFixed(0).padStart(5)} s`,
    `RTT ${decimal(latency)} ms`,
    `jitter ${decimal(jitter)} ms`,
    `loss ${decimal(packetLoss * 100)} %`,
    `in ${whole(rates.inMessages)} messages/s, ${whole(rates.inBytes)} bytes/s`,
    `out ${whole(rates.outMessages)} messages/s, ${whole(rates.outBytes)} bytes/s`,
  ].join('   ')
}

/** The first line of a run: how far it is, what plays, and over what. */
export function headline({ options, seconds, isSettling }: Progress): string {
  const { players, hz, latency, loss } = options
  const time = isSettling ? 'settles' : `${seconds.toFixed(0)} of ${options.seconds} s`
  const link = latency === 0 && loss === 0 ? '' : `   +${latency} ms, ${loss} % loss each way`
  return `tickwire arena   ${time}   ${players} ${players === 1 ? 'player' : 'players'} at ${hz} Hz${link}`
}

/** What came of the match. */
export function summaryLines(totals: readonly Total[], mismatches: readonly string[]): string[] {
  const lines = [`${''.padEnd(23)}${'sent'.padStart(10)}${'received'.padStart(10)}${'share'.padStart(10)}`]
  for (const { what, sent, received } of totals) {
    lines.push(`${what.padEnd(23)}${whole(sent).padStart(10)}${whole(received).padStart(10)}${`${percent(received, sent)} %`.padStart(10)}`)
  }
  lines.push('')
  if (mismatches.length === 0) lines.push('All counts match: chat arrived once and in order, for every pair and direction.')
  else
    lines.push(
      `${mismatches.length} ${mismatches.length === 1 ? 'count does' : 'counts do'} not match:`,
      ...mismatches.map((text) => `  ${text}`),
    )
  return lines
}

function tableLine(row: Row, shown: readonly Column[], hasColor: boolean): string {
  const { sample } = row
  if (sample === undefined) return shown.length === 0 ? '' : row.name
  return shown
    .map(({ title, width, cell }, i) => {
      const text = cell(row, sample).slice(0, width)
      if (i === 0) return text.padEnd(width)
      return paint(text.padStart(width), title[0] === 'loss' && sample.packetLoss > 0 ? YELLOW : '', hasColor)
    })
    .join('')
}

/** As many columns, from the left, as fit. */
function columnsWithin(room: number): readonly Column[] {
  let used = 0
  const fitting = COLUMNS.findIndex(({ width }) => {
    used += width
    return used > room
  })
  return fitting < 0 ? COLUMNS : COLUMNS.slice(0, fitting)
}

function paint(text: string, style: string, hasColor: boolean): string {
  return hasColor && style !== '' && text !== '' ? `\x1b[${style}m${text}\x1b[0m` : text
}

function decimal(number: number): string {
  return number.toFixed(1)
}

function whole(number: number | undefined): string {
  return number === undefined ? '–' : Math.round(number).toLocaleString('en-US')
}

/** Cut, not rounded: what is not complete never reads as 100.0. */
function percent(part: number, all: number): string {
  return all === 0 ? '–' : (Math.floor((part / all) * 1000) / 10).toFixed(1)
}
