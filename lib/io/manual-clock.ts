// Time that passes only when it is told to, with timers that run at their exact time: what a simulation runs on.
import type { CompleteClock } from './clock.js'
import { TimeHeap } from './time-heap.js'

/** 14 November 2023, a round number of seconds. */
const DEFAULT_UNIX_SECONDS = 1_700_000_000

/** Options of {@link ManualClock}. */
export interface ManualClockOptions {
  /** What `now()` says at first, in milliseconds. Default 0. */
  readonly now?: number
  /** What `unixSeconds()` says at first. Default 1,700,000,000; it moves with `now()`. */
  readonly unixSeconds?: number
}

interface Timer {
  readonly callback: () => void
}

/**
 * A clock that stands still between calls of `advance` or `set`, which run the timers that fall due on the way: each with `now()` at its own time,
 * in order of time and, at the same time, of creation. A timer that a callback sets runs in the same call where it falls due in it.
 *
 * Promises settle only after the call returns, so that whoever tests code with `await` advances in small steps and awaits between them.
 */
export class ManualClock implements CompleteClock {
  readonly #timers = new TimeHeap<Timer>()
  readonly #startMs: number
  readonly #startUnixSeconds: number
  #now: number

  /** Begins at the options' time. */
  constructor(options: ManualClockOptions = {}) {
    const { now = 0, unixSeconds = DEFAULT_UNIX_SECONDS } = options
    requireFinite('now', now)
    requireFinite('unixSeconds', unixSeconds)
    this.#startMs = now
    this.#startUnixSeconds = unixSeconds
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  unixSeconds(): number {
    return Math.floor(this.#startUnixSeconds + (this.#now - this.#startMs) / 1000)
  }

  /** A delay that is negative or no number counts as 0: the timer runs in the next `advance`, even in `advance(0)`. */
  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { callback }
    this.#timers.push(this.#now + Math.max(0, delayMs || 0), timer)
    return () => this.#timers.remove(timer)
  }

  /** When the first timer is due, in milliseconds; Infinity where there is none. */
  nextTimer(): number {
    return this.#timers.nextTime()
  }

  /** Lets `ms` milliseconds pass. Throws a RangeError where time would run backwards. */
  advance(ms: number): void {
    this.set(this.#now + ms)
  }

  /** Goes on to the time `now`, in milliseconds. Throws a RangeError where time would run backwards. */
  set(now: number): void {
    requireFinite('now', now)
    if (now < this.#now) throw new RangeError(`"now" expected ${this.#now} or later, got ${now}`)
    while (this.#timers.nextTime() <= now) {
      this.#now = this.#timers.nextTime()
      this.#timers.pop()!.callback()
    }
    if (now > this.#now) this.#now = now // a callback may have advanced further
  }
}

function requireFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw new RangeError(`"${name}" expected a finite number, got ${value}`)
}
