// What a scenario of `npm run bench` is: it measures, and gives tables, figures that were asked for, and charts. bench.ts prints and writes them.
import type { Chart } from './chart.js'
import type { BenchmarkDelivery } from './peers/peer.js'
import type { TransportKind } from './transports.js'

/** One of the benchmarks a–j. */
export interface Scenario {
  /** As on the command line, and in the names of what `--out` writes. */
  readonly name: string
  readonly title: string
  /** How it is measured, for the page: whole sentences. */
  readonly method: string
  /** `--seconds` where it is not given: about how long one measurement lasts. */
  readonly seconds: number
  run(bench: Bench): Promise<Report>
}

/** What the command line asks of a scenario, and where it says how far it is. */
export interface Bench {
  /** Rounds of which the median counts. */
  readonly runs: number
  readonly seconds: number
  /** Message sizes in bytes; undefined: the scenario's own. */
  readonly sizes: readonly number[] | undefined
  readonly deliveries: readonly BenchmarkDelivery[]
  /** What tickwire is measured on. */
  readonly transports: readonly TransportKind[]
  /** Whether `--only` lets this peer in. tickwire always is. */
  wants(peer: string): boolean
  /** What is being done, on a line that the next one replaces. */
  progress(text: string): void
  /** A line that stays, such as why a peer is not measured. */
  note(text: string): void
}

/** What a scenario has measured. */
export interface Report {
  /** What was measured, as numbers, for the JSON. */
  readonly figures: unknown
  readonly tables: readonly Table[]
  readonly targets: readonly Target[]
  readonly charts: readonly Chart[]
}

export interface Table {
  readonly title?: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A figure that something is asked of, or that is worth a line. */
export interface Target {
  readonly what: string
  readonly value: number
  readonly unit?: string
  /** What was asked; without it the figure is only reported. */
  readonly asked?: { readonly atLeast: number } | { readonly atMost: number }
}

/** `32 B ordered: tickwire batched ÷ ENet = 1.62 (asked: ≥ 1.5)`. */
export function targetLine({ what, value, unit, asked }: Target): string {
  const suffix = unit === undefined ? '' : ` ${unit}`
  const start = `${what} = ${short(value)}${suffix}`
  if (asked === undefined) return start
  const [sign, bound, isMet] =
    'atLeast' in asked ? ['≥', asked.atLeast, value >= asked.atLeast] : ['≤', asked.atMost, value <= asked.atMost]
  return `${start} (asked: ${sign} ${short(bound as number)}${suffix}${isMet ? '' : ', missed'})`
}

/** The ratio of two figures as targets: none where one was not measured. */
export function ratio(what: string, value: number | undefined, other: number | undefined, asked?: Target['asked']): Target[] {
  if (value === undefined || other === undefined || other === 0) return []
  return [asked === undefined ? { what, value: value / other } : { what, value: value / other, asked }]
}

function short(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}
