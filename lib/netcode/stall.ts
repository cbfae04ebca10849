// The last stall of this side. Deadlines move by its excess when it ends; a datagram that had arrived before and is handled only after it would set its deadline without that.

export class Stall {
  #beganAt = Number.NEGATIVE_INFINITY
  #excessMs = 0

  /** A stall ends `now`, `excessMs` later than was expected. */
  note(excessMs: number, now: number): void {
    this.#beganAt = now - excessMs
    this.#excessMs = excessMs
  }

  /** What to add to a deadline that counts from `at`, when a datagram arrived. */
  creditAt(at: number): number {
    return at <= this.#beganAt ? this.#excessMs : 0
  }
}
