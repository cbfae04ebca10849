// Whether a send queue is above its high water. It falls again only below half of that, so that a queue near the mark is not told of at every update.

export class Pressure {
  readonly #highWaterBytes: number
  isHigh = false

  constructor(highWaterBytes: number) {
    this.#highWaterBytes = highWaterBytes
  }

  /** True where these bytes cross a mark: `isHigh` is the other then. */
  hasCrossed(queuedBytes: number): boolean {
    if (this.isHigh ? queuedBytes * 2 >= this.#highWaterBytes : queuedBytes <= this.#highWaterBytes) return false
    this.isHigh = !this.isHigh
    return true
  }
}
