// TICKWIRE_DEBUG=1: why things were dropped. Once a second, and only the causes whose counts rose: a flood of junk must not become a flood of lines.

type Counts = Readonly<Record<string, number>>

const INTERVAL_MS = 1000

export class DropLog {
  readonly #read: () => Counts
  readonly #print: (text: string) => void
  #last: Counts = {}
  #nextAt = Number.NEGATIVE_INFINITY

  /** `read` gives all counters of what was dropped, by cause. */
  constructor(read: () => Counts, print: (text: string) => void) {
    this.#read = read
    this.#print = print
  }

  check(now: number): void {
    if (now < this.#nextAt) return
    this.#nextAt = now + INTERVAL_MS
    const counts = this.#read()
    const risen = Object.entries(counts).filter(([cause, count]) => count > (this.#last[cause] ?? 0))
    if (risen.length > 0)
      this.#print(`dropped: ${risen.map(([cause, count]) => `${cause} ${count - (this.#last[cause] ?? 0)}`).join(', ')}`)
    this.#last = counts
  }
}
