// Datagrams under way through stages: each waits in one heap for its next event, to enter its first stage, to go on to the next one, to arrive. One timer is set, for the earliest.
import type { CompleteClock } from './clock.js'
import { StageDecision } from './simulated-link.js'
import type { DropCause, StagePass } from './stages.js'
import { TimeHeap } from './time-heap.js'

/** A datagram under way. */
export interface Flight {
  bytes: Uint8Array
  /** Those of the link when it was sent: a change of stages does not touch what is under way. */
  readonly passes: readonly StagePass[]
  nextPass: number
}

/** Who hears what becomes of datagrams. */
export interface FlightOwner<F extends Flight> {
  /** It has passed all stages. */
  handleArrival(flight: F, now: number): void
  handleDrop(cause: DropCause, flight: F, now: number): void
  /** A stage has changed its bytes. */
  handleChange(flight: F, now: number): void
  /** A stage made this copy. */
  handleCopy(copy: F, now: number): void
}

export class Flights<F extends Flight> {
  readonly #clock: CompleteClock
  readonly #owner: FlightOwner<F>
  readonly #heap = new TimeHeap<F>()
  readonly #decision = new StageDecision()
  /** When our timer is due. */
  #timerAt = Number.POSITIVE_INFINITY
  #cancelTimer: (() => void) | undefined

  constructor(clock: CompleteClock, owner: FlightOwner<F>) {
    this.#clock = clock
    this.#owner = owner
  }

  /** How many are under way. */
  get length(): number {
    return this.#heap.length
  }

  /** When the next one moves; Infinity where none is under way. */
  nextTime(): number {
    return this.#heap.nextTime()
  }

  /** It moves on at `time`: by the timer, or by `advance`. */
  schedule(time: number, flight: F): void {
    this.#heap.push(time, flight)
    if (time < this.#timerAt) this.#setTimer(time)
  }

  /** Moves all that are due by now. */
  advance(now: number): void {
    if (this.#heap.nextTime() > now) return
    this.#cancelTimer?.()
    this.#timerAt = Number.NEGATIVE_INFINITY // what is scheduled meanwhile needs no timer: the loop below meets it, or sets one after
    try {
      while (this.#heap.nextTime() <= now) {
        const time = this.#heap.nextTime()
        this.#move(this.#heap.pop()!, time)
      }
    } finally {
      // Also where the owner threw. A timer can come a hair early, as `now` + delay is rounded: it is then set once more, for the rest.
      this.#rearm()
    }
  }

  #rearm(): void {
    this.#cancelTimer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    if (this.#heap.length > 0) this.#setTimer(this.#heap.nextTime())
  }

  #setTimer(time: number): void {
    this.#cancelTimer?.()
    this.#timerAt = time
    this.#cancelTimer = this.#clock.setTimer(time - this.#clock.now(), this.#onTimer)
  }

  readonly #onTimer = (): void => {
    this.#cancelTimer = undefined
    const now = this.#clock.now()
    if (this.#heap.nextTime() > now) this.#rearm()
    else this.advance(now)
  }

  /** Through one stage after another, up to one that takes time, drops it, or is the last. */
  #move(flight: F, now: number): void {
    const decision = this.#decision
    while (flight.nextPass < flight.passes.length) {
      decision.reset(flight.bytes)
      flight.passes[flight.nextPass]!(flight.bytes.length, now, decision)
      flight.nextPass++
      if (decision.isChanged) {
        flight.bytes = decision.bytes
        this.#owner.handleChange(flight, now)
      }
      if (decision.count === 0) {
        this.#owner.handleDrop(decision.cause, flight, now)
        return
      }
      for (let index = 1; index < decision.count; index++) {
        const copy = { ...flight, bytes: flight.bytes.slice() }
        this.#owner.handleCopy(copy, now)
        this.schedule(decision.times[index]!, copy)
      }
      const time = decision.times[0]!
      if (time > now) {
        this.schedule(time, flight)
        return
      }
    }
    this.#owner.handleArrival(flight, now)
  }
}
