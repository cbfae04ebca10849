// How well a dot follows the moves, second by second: the same measure for the predicted dot and for the ghost.
// It counts in ticks, of which each makes one move: a machine that stalls makes no moves, and so what is measured is the network's doing.
import { distanceBetween, type Spot } from './game.js'

/** What was worst in one second. */
export interface Second {
  /** Counts from 0, at the first sample. */
  readonly second: number
  /** From a move until the dot shows it, in ms: how old the newest move that it shows has become. */
  readonly delayMs: number
  /** The longest time that the dot stood although there were moves to show. */
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
  #current: Second = { second: 0, delayMs: 0, stillMs: 0, jump: 0 }
  #worst: Second | undefined

  constructor(hz: number) {
    this.#hz = hz
  }

  /** The second with the longest delay; undefined before the first sample. */
  get worst(): Second | undefined {
    return this.#worst
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
    if (second !== this.#current.second) this.#current = { second, delayMs: 0, stillMs: 0, jump: 0 }
    const delayMs = (movesBehind + 1) * tickMs // a move that is shown at once has been seen by the next tick
    const jump = this.#last === undefined ? 0 : distanceBetween(this.#last, spot)
    this.#stillTicks = jump === 0 && isElsewhere ? this.#stillTicks + 1 : 0
    this.#last = spot
    this.#history.push(delayMs)
    if (this.#history.length > HISTORY) this.#history.shift()
    this.#current = {
      second,
      delayMs: Math.max(this.#current.delayMs, delayMs),
      stillMs: Math.max(this.#current.stillMs, this.#stillTicks * tickMs),
      jump: Math.max(this.#current.jump, jump),
    }
    if (this.#worst?.second === second || delayMs > (this.#worst?.delayMs ?? 0)) this.#worst = this.#current
  }
}
