// How one link is: what the library measures of it, and its counters as rates.
import type { Metrics } from 'tickwire'

export interface LinkState {
  /** Times in ms, loss 0–1. */
  readonly latency: number
  readonly jitter: number
  readonly loss: number
  /** A second, of late, both ways together. */
  readonly bytes: number
  readonly messages: number
}

/** What is read of an endpoint's or a peer's `metrics()`. */
export type LinkMetrics = Pick<Metrics, 'latency' | 'jitter' | 'packetLoss' | 'inBytes' | 'outBytes' | 'inMessages' | 'outMessages'>

interface Sample {
  readonly at: number
  readonly bytes: number
  readonly messages: number
}

/** Rates are means over at least this long, where there are samples that old. */
const WINDOW_MS = 1000

export class LinkMeter {
  /** Oldest first; the first is the newest of those that are as old as the window. */
  readonly #samples: Sample[] = []

  /** Takes the metrics of a moment. One sample tells no rate yet. */
  add(at: number, metrics: LinkMetrics): LinkState {
    const { latency, jitter, packetLoss: loss } = metrics
    const sample = { at, bytes: metrics.inBytes + metrics.outBytes, messages: metrics.inMessages + metrics.outMessages }
    this.#samples.push(sample)
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift()
    const first = this.#samples[0]!
    const seconds = (at - first.at) / 1000
    const rate = (of: 'bytes' | 'messages'): number => (seconds <= 0 ? 0 : (sample[of] - first[of]) / seconds)
    return { latency, jitter, loss, bytes: rate('bytes'), messages: rate('messages') }
  }
}
