// The fixed-step loop of `run()`: drift-free, with a catch-up of a few steps, on the endpoint's clock.
import type { CompleteClock } from '../io/clock.js'
import { describe } from '../messages/refusal.js'
import type { LoopTiming } from '../protocol/connection.js'
import { withCode } from './network-error.js'
import { readNumber } from './options.js'

/** What `run()` takes. */
export interface RunOptions {
  /** Ticks a second, 1–1000. */
  readonly hz: number
  /** Called once a tick, between the handlers of what arrived and the sending: what it sends leaves in that tick. `dtMs` is always 1000 / hz. */
  readonly onTick?: ((tick: number, dtMs: number) => void) | undefined
  /** Stops the loop when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** A running loop. */
export interface Loop {
  /** Ends the loop. More calls are harmless. */
  stop(): void
  /** Ticks run so far. */
  readonly tick: number
  /** Ticks that were left out because the loop was more than five behind. */
  readonly overruns: number
}

/** Ticks made up for in one go; what is further behind is left out. */
const MAX_CATCH_UP_TICKS = 5

export class FixedStepLoop implements Loop {
  readonly #clock: CompleteClock
  readonly #timing: LoopTiming
  readonly #options: RunOptions
  readonly #stepMs: number
  readonly #update: (ticks: () => void) => void
  #nextTickAt: number
  #tick = 0
  #overruns = 0
  #cancel: (() => void) | undefined
  #isStopped = false

  /** `update` makes one update of the endpoint and calls what it is given between emit and transmit. */
  constructor(clock: CompleteClock, timing: LoopTiming, options: RunOptions, update: (ticks: () => void) => void) {
    FixedStepLoop.check(options)
    this.#stepMs = 1000 / options.hz
    this.#clock = clock
    this.#timing = timing
    this.#options = options
    this.#update = update
    this.#nextTickAt = clock.now() + this.#stepMs
    timing.tickMs = this.#stepMs
    timing.intervalMs = this.#stepMs
    options.signal?.addEventListener('abort', () => this.stop(), { once: true })
    if (options.signal?.aborted) this.stop()
    else this.#sleep()
  }

  /** Throws TypeError or RangeError with code BAD_OPTION. */
  static check(options: RunOptions): void {
    if (typeof options !== 'object' || options === null)
      throw withCode(new TypeError(`run() expected { hz }, got ${describe(options)}`), 'BAD_OPTION')
    if (options.hz === undefined) throw withCode(new TypeError('"hz" expected a number, got undefined'), 'BAD_OPTION')
    readNumber('hz', options.hz, 60, 1, 1000)
    if (options.onTick !== undefined && typeof options.onTick !== 'function')
      throw withCode(new TypeError(`"onTick" expected a function, got ${describe(options.onTick)}`), 'BAD_OPTION')
  }

  get tick(): number {
    return this.#tick
  }

  get overruns(): number {
    return this.#overruns
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#cancel?.()
    this.#timing.tickMs = 0
  }

  /** The tick at `now` as a real number: the last that was run, and the part of the next that has passed. */
  tickAt(now: number): number {
    return this.#tick + Math.min(Math.max(1 - (this.#nextTickAt - now) / this.#stepMs, 0), 1)
  }

  #sleep(): void {
    this.#cancel = this.#clock.setTimer(Math.max(0, this.#nextTickAt - this.#clock.now()), () => this.#wake())
  }

  #wake(): void {
    if (this.#isStopped) return
    if (this.#clock.now() >= this.#nextTickAt) this.#update(() => this.#runTicks())
    if (!this.#isStopped) this.#sleep()
  }

  #runTicks(): void {
    for (let ticks = 0; ticks < MAX_CATCH_UP_TICKS && this.#nextTickAt <= this.#clock.now() && !this.#isStopped; ticks++) {
      this.#nextTickAt += this.#stepMs
      const tick = this.#tick++
      this.#options.onTick?.(tick, this.#stepMs)
    }
    const behind = Math.floor((this.#clock.now() - this.#nextTickAt) / this.#stepMs) + 1
    if (behind <= 0) return
    this.#overruns += behind
    this.#nextTickAt += behind * this.#stepMs
  }
}
