// Why things were dropped, for TICKWIRE_DEBUG=1 and the diagnostics channel. Once a second, and only the causes whose counts rose: a flood of junk must not become a flood of lines.

type Counts = Readonly<Record<string, number>>

/** By how much the count of a cause has risen. */
export interface RisenCount {
  readonly cause: string
  readonly count: number
}

const INTERVAL_MS = 1000

/** As a line of the debug log. */
export function describeRisen(risen: readonly RisenCount[]): string {
  return `dropped: ${risen.map(({ cause, count }) => `${cause} ${count}`).join(', ')}`
}

export class DropLog {
  readonly #read: () => Counts
  readonly #tell: (risen: readonly RisenCount[]) => void
  #last: Counts
  #nextAt = Number.NEGATIVE_INFINITY

  /** `read` gives all counters of what was dropped, by cause; `last` is what has been told. */
  constructor(read: () => Counts, tell: (risen: readonly RisenCount[]) => void, last: Counts = {}) {
    this.#read = read
    this.#tell = tell
    this.#last = last
  }

  check(now: number): void {
    if (now < this.#nextAt) return
    this.#nextAt = now + INTERVAL_MS
    const counts = this.#read()
    const risen = Object.entries(counts)
      .map(([cause, count]): RisenCount => ({ cause, count: count - (this.#last[cause] ?? 0) }))
      .filter(({ count }) => count > 0)
    this.#last = counts
    if (risen.length > 0) this.#tell(risen)
  }
}
