// Turns counters that only grow into rates.
import type { Sample } from './process-channel.js'

/** Rates are means over at least this long, where there are samples that old. */
const WINDOW_MS = 1000

/** What happened in each second of late. */
export interface Rates {
  readonly inMessages: number
  readonly outMessages: number
  readonly inBytes: number
  readonly outBytes: number
}

const NO_RATES: Rates = { inMessages: 0, outMessages: 0, inBytes: 0, outBytes: 0 }

export class RateMeter {
  /** Oldest first; the first is the newest of those that are as old as the window. */
  readonly #samples: Sample[] = []
  #rates = NO_RATES

  get latest(): Sample | undefined {
    return this.#samples.at(-1)
  }

  get rates(): Rates {
    return this.#rates
  }

  add(sample: Sample): void {
    this.#samples.push(sample)
    while (this.#samples.length > 2 && sample.at - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift()
    const first = this.#samples[0]!
    const seconds = (sample.at - first.at) / 1000
    if (seconds <= 0) return
    this.#rates = {
      inMessages: (sample.inMessages - first.inMessages) / seconds,
      outMessages: (sample.outMessages - first.outMessages) / seconds,
      inBytes: (sample.inBytes - first.inBytes) / seconds,
      outBytes: (sample.outBytes - first.outBytes) / seconds,
    }
  }
}
