// How well a dot follows the moves, second by second: the same measure for the predicted dot and for the ghost.
// It counts in ticks, of which each makes one move: a machine that stalls makes no moves, and so what is measured is the network's doing.
import { distanceBetween, type Spot } from './game.js'

/** How a dot did over the whole time. */
export interface DelaySummary {
  /** The worst second: when it was, from 0 at the first sample, and the longest time in it from a move until the dot showed it, in ms. */
  readonly worst: { readonly second: number; readonly delayMs: number }
  /** The longest time that the dot stood although it should have been elsewhere, in ms. */
  readonly stillMs: number
  /** The longest way that it went in one tick, in units. */
  readonly jump: number
}

/** What is known of a dot at one tick, before the next move. */
export interface DotSample {
  /** Moves that were made and that the dot does not show. */
  readonly movesBehind: number
  readonly spot: Spot
  /** It should be elsewhere. */
  readonly isElsewhere: boolean
}

/** Samples that are kept, to be shown: four seconds at 60 Hz. */
const HISTORY = 240

export class DelayMeter {
  readonly #hz: number
  readonly #history: number[] = []
  #samples = 0
  #last: Spot | undefined
  #stillTicks = 0
  #summary: DelaySummary | undefined

  constructor(hz: number) {
    this.#hz = hz
  }

  /** Undefined before the first sample. */
  get summary(): DelaySummary | undefined {
    return this.#summary
  }

  /** The delay at the last sample, in ms. */
  get delayMs(): number | undefined {
    return this.#history.at(-1)
  }

  /** The delay at the last samples, in ms, oldest first. */
  get history(): readonly number[] {
    return this.#history
  }

  /** To be called once a tick. */
  add({ movesBehind, spot, isElsewhere }: DotSample): void {
    const tickMs = 1000 / this.#hz
    const second = Math.floor(this.#samples++ / this.#hz)
    const delayMs = (movesBehind + 1) * tickMs // a move that is shown at once has been seen by the next tick
    this.#history.push(delayMs)
    if (this.#history.length > HISTORY) this.#history.shift()
    const jump = this.#last === undefined ? 0 : distanceBetween(this.#last, spot)
    this.#stillTicks = jump === 0 && isElsewhere ? this.#stillTicks + 1 : 0
    this.#last = spot
    const before = this.#summary
    this.#summary = {
      worst: before === undefined || delayMs > before.worst.delayMs ? { second, delayMs } : before.worst,
      stillMs: Math.max(before?.stillMs ?? 0, this.#stillTicks * tickMs),
      jump: Math.max(before?.jump ?? 0, jump),
    }
  }
}
