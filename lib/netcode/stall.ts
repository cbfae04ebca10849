// The last stall of this side. Deadlines move by its excess when it ends; a datagram that had arrived before its end and is handled only after it would set its deadline without that.

export class Stall {
  #endedAt = Number.NEGATIVE_INFINITY
  #excessMs = 0

  /** A stall ends `now`, `excessMs` later than was expected. */
  note(excessMs: number, now: number): void {
    this.#endedAt = now
    this.#excessMs = excessMs
  }

  /** What to add to a deadline that counts from `at`, when a datagram arrived: as much of the excess as came after it. */
  creditAt(at: number): number {
    return at < this.#endedAt ? Math.min(this.#excessMs, this.#endedAt - at) : 0
  }
}
