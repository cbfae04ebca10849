// A token bucket: what is spent comes back at a steady rate, up to the burst. It begins full.

export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at = Number.NEGATIVE_INFINITY

  /** @param burst What may be spent at once. */
  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
  }

  /** Whether at least one token is there now. */
  hasTokens(now: number): boolean {
    if (now > this.#at) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs)
      this.#at = now
    }
    return this.#tokens >= 1
  }

  /** May spend more than is there: then nothing is there until that has come back. */
  spend(tokens: number): void {
    this.#tokens -= tokens
  }
}
