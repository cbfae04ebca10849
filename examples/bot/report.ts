// From what the bots saw to a table. Pure functions.
import type { Seen } from './bot-player.js'

export interface Load {
  readonly asked: number
  readonly seen: readonly Seen[]
  /** Why bots could not connect. */
  readonly failures: readonly string[]
  readonly seconds: number
  /** Share of one core, 0–1; the server's only where this process started it. */
  readonly botCpu: number
  readonly serverCpu: number | undefined
}

/** The smallest value that is not below the share `share` of all; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Whether everyone was there, from beginning to end. */
export function isComplete({ asked, seen }: Load): boolean {
  return seen.length === asked && seen.every(({ endReason }) => endReason === undefined)
}

export function reportLines(load: Load): string[] {
  const { asked, seen, failures, seconds, botCpu, serverCpu } = load
  const lost = seen.flatMap(({ endReason }) => (endReason === undefined ? [] : [endReason]))
  const lines = [
    row('connected', `${seen.length} of ${asked}${because(failures)}`),
    row('lost the server', `${lost.length}${because(lost)}`),
  ]
  if (seen.length > 0) {
    const perSecond = (of: (one: Seen) => number): number => mean(seen.map(of)) / seconds
    lines.push(
      row('round-trip time', spread(seen.flatMap(({ rttsMs }) => rttsMs))),
      row('input to snapshot', spread(seen.flatMap(({ answersMs }) => answersMs))),
      row(
        'loss',
        `${percent(mean(seen.map((one) => one.packetLoss)))} of packets sent; ${percent(mean(seen.map((one) => one.snapshotLoss)))} of snapshots did not come`,
      ),
      row('bytes/s a player', `${whole(perSecond((one) => one.inBytes))} in, ${whole(perSecond((one) => one.outBytes))} out`),
      row('messages/s a player', `${whole(perSecond((one) => one.inMessages))} in, ${whole(perSecond((one) => one.outMessages))} out`),
    )
  }
  lines.push(row('server', serverCpu === undefined ? 'not started here: its processor is not seen' : `${percent(serverCpu)} of a core`))
  lines.push(row('bots', `${percent(botCpu)} of a core`))
  const overruns = seen.reduce((sum, one) => sum + one.overruns, 0)
  if (botCpu > 0.9 || overruns > 0)
    lines.push(
      `The bots could not keep up (${overruns} ticks left out): the times say more of them than of the server. Take fewer players, or several processes.`,
    )
  return lines
}

function row(name: string, text: string): string {
  return `${name.padEnd(20)} ${text}`
}

/** Reasons, each with how often it was given. */
function because(reasons: readonly string[]): string {
  if (reasons.length === 0) return ''
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return ` (${Array.from(counts, ([reason, count]) => `${count} × ${reason}`).join('; ')})`
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return 'nothing came'
  return `p50 ${percentile(values, 0.5).toFixed(1)} ms, p99 ${percentile(values, 0.99).toFixed(1)} ms`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}
