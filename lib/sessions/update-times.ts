// How long the last updates took, and how many there were: a ring of the last 512, which at 60 Hz holds 8 s.
import { TIMED_UPDATES, TIMED_UPDATES_MS } from '../wire/limits.js'

/** What the last updates were like: those of the last 10 s, at most 512. */
export interface UpdateStatistics {
  /** How many a second. 0 before the second. */
  readonly perSecond: number
  /** Half of them took at most so many ms, handlers and ticks included. */
  readonly p50Ms: number
  /** 99 in a hundred took at most so many ms. */
  readonly p99Ms: number
  /** The longest, in ms. */
  readonly maxMs: number
}

export class UpdateTimes {
  readonly #startedAt = new Float64Array(TIMED_UPDATES)
  readonly #tookMs = new Float64Array(TIMED_UPDATES)
  #count = 0

  /** When the last began; −Infinity before any. */
  get lastAt(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#startedAt[(this.#count - 1) % TIMED_UPDATES]!
  }

  add(startedAt: number, tookMs: number): void {
    const at = this.#count++ % TIMED_UPDATES
    this.#startedAt[at] = startedAt
    this.#tookMs[at] = tookMs
  }

  /** Begins anew. */
  clear(): void {
    this.#count = 0
  }

  statistics(now: number): UpdateStatistics {
    const kept = Math.min(this.#count, TIMED_UPDATES)
    const took: number[] = []
    let firstAt = this.lastAt
    for (let i = 0; i < kept; i++) {
      if (now - this.#startedAt[i]! > TIMED_UPDATES_MS) continue
      took.push(this.#tookMs[i]!)
      firstAt = Math.min(firstAt, this.#startedAt[i]!)
    }
    took.sort((a, b) => a - b)
    const quantile = (share: number): number => took[Math.max(0, Math.ceil(took.length * share) - 1)] ?? 0
    const elapsed = this.lastAt - firstAt
    return {
      perSecond: took.length < 2 || elapsed <= 0 ? 0 : ((took.length - 1) * 1000) / elapsed,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      maxMs: took.at(-1) ?? 0,
    }
  }
}
