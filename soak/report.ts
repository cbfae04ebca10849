// What a soak prints: a line of progress while it runs, and a table at the end.
import { addCounts, type Counts } from './journal.js'
import type { SeedResult } from './run-seed.js'

export class Report {
  readonly failures: string[] = []
  done = 0
  simulatedMs = 0
  readonly counts: Counts = {}
  #repeated = 0
  #hashes = 0
  readonly #runs: number
  readonly #startedAt: number
  readonly #endsAt: number

  /** `startedAt` and `endsAt`: wall-clock ms; the latter Infinity where nothing but the number of runs ends it. */
  constructor(runs: number, startedAt: number, endsAt: number) {
    this.#runs = runs
    this.#startedAt = startedAt
    this.#endsAt = endsAt
  }

  add(result: SeedResult): void {
    this.done++
    this.simulatedMs += result.simulatedMs
    addCounts(this.counts, result.counts)
    if (result.isRepeatable !== undefined) this.#repeated++
    // Order must not count: results come from several threads.
    this.#hashes = (this.#hashes + Number.parseInt(result.hash.slice(0, 12), 16)) % 2 ** 48
    if (result.failure !== undefined) this.failures.push(result.failure)
  }

  /** One line, for a terminal. */
  progress(now: number): string {
    const seconds = (now - this.#startedAt) / 1000
    const rate = this.done / Math.max(seconds, 0.001)
    const leftByRuns = rate > 0 ? (this.#runs - this.done) / rate : Number.POSITIVE_INFINITY
    const left = Math.min(leftByRuns, (this.#endsAt - now) / 1000)
    return [
      `${this.done} of ${this.#runs} seeds`,
      `${rate.toFixed(1)}/s`,
      `${(this.simulatedMs / 3_600_000).toFixed(1)} simulated hours`,
      `${short(this.#sum('arrived '))} messages`,
      `faults: ${short(this.#count('fault: datagram lost') + this.#count('fault: queue full'))} lost, ${short(this.#count('fault: datagram changed'))} damaged, ${short(this.#count('fault: partition'))} partitions, ${short(this.#count('fault: process killed'))} kills, ${short(this.#count('fault: pause') + this.#count('fault: all suspended'))} pauses`,
      `${this.failures.length} broken`,
      Number.isFinite(left) ? `${duration(left)} left` : '',
    ]
      .filter((part) => part !== '')
      .join(', ')
  }

  /** The table. */
  text(now: number): string {
    const seconds = (now - this.#startedAt) / 1000
    const lines = [
      row('seeds run', this.done),
      row('of them twice, with the same hash', this.#repeated - this.failures.filter((text) => text.includes('gave the hashes')).length),
      row('simulated hours', (this.simulatedMs / 3_600_000).toFixed(2)),
      row('real seconds', seconds.toFixed(1)),
      row('sum of the trace hashes', this.#hashes.toString(16).padStart(12, '0')),
      ...this.#section('Messages sent', 'sent '),
      ...this.#section('Messages that arrived', 'arrived '),
      ...this.#section('Faults', 'fault: '),
      '',
      'Connections',
      row('  attempts to connect', this.#count('attempts to connect')),
      row('  accepted', this.#count('connections accepted')),
      ...this.#section('Attempts that failed', 'attempts that failed: '),
      ...this.#section('Ends, as the server saw them', 'ended on the server: '),
      ...this.#section('Ends, as the clients saw them', 'ended on the client: '),
      '',
      'Else',
      row('  datagrams sent', this.#count('datagrams sent')),
      row('  sends refused as too large', this.#count('refused as too large')),
      row('  sends to a full queue', this.#count('sends to a full queue')),
      row('  handlers that failed on purpose', this.#count('handler faults')),
      '',
      row('broken invariants', this.failures.length),
    ]
    return lines.join('\n')
  }

  #section(title: string, prefix: string): string[] {
    const names = Object.keys(this.counts).filter((name) => name.startsWith(prefix))
    if (names.length === 0) return []
    return ['', title, ...names.sort().map((name) => row(`  ${name.slice(prefix.length)}`, this.#count(name)))]
  }

  #count(name: string): number {
    return this.counts[name] ?? 0
  }

  #sum(prefix: string): number {
    return Object.entries(this.counts).reduce((sum, [name, count]) => (name.startsWith(prefix) ? sum + count : sum), 0)
  }
}

function row(name: string, value: number | string): string {
  const text = typeof value === 'number' ? value.toLocaleString('en-US') : value
  return `${name.padEnd(44)} ${text.padStart(14)}`
}

function short(count: number): string {
  if (count < 10_000) return String(count)
  return count < 10_000_000 ? `${(count / 1000).toFixed(0)} k` : `${(count / 1_000_000).toFixed(1)} M`
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
