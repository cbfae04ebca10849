// Round-trip time by RFC 9002 section 5, with one deviation: the ack delay that the peer tells is removed from every sample, the smallest too, and without a cap.
// RFC 9002 keeps `min_rtt` raw and caps the delay, because its peers acknowledge within milliseconds. A game loop at 10 Hz never does: its every ack waits, and raw
// minima would put half its interval into the latency. A peer that lies about its delay lowers the RTT of its own connection only.
import { GRANULARITY_MS, INITIAL_RTT_MS, MAX_MAX_ACK_DELAY_MS } from '../wire/limits.js'

export class RttEstimator {
  /**
   * From the newest packet to its ack, with the delay at the peer up to what is believed of one: for the time threshold of loss detection. A packet that was overtaken
   * by a hair misses an ack of the peer's loop, and hears of itself one update later.
   */
  latest = 0
  /** The smallest sample, the smoothed, and the mean deviation, in ms. */
  min = 0
  smoothed = INITIAL_RTT_MS
  variation = INITIAL_RTT_MS / 2
  hasSample = false

  addSample(elapsedMs: number, ackDelayMs: number): void {
    const sample = Math.max(elapsedMs - ackDelayMs, 0)
    this.latest = sample + Math.min(ackDelayMs, MAX_MAX_ACK_DELAY_MS)
    if (!this.hasSample) {
      this.hasSample = true
      this.min = sample
      this.smoothed = sample
      this.variation = sample / 2
      return
    }
    this.min = Math.min(this.min, sample)
    this.variation += (Math.abs(this.smoothed - sample) - this.variation) / 4
    this.smoothed += (sample - this.smoothed) / 8
  }

  /** The probe timeout without backoff (RFC 9002 section 6.2.1). */
  probeTimeout(peerMaxAckDelayMs: number): number {
    return this.smoothed + Math.max(4 * this.variation, GRANULARITY_MS) + peerMaxAckDelayMs
  }
}
