// CUBIC (RFC 9438) in bytes, with pacing (RFC 9002 section 7.7) and a floor. Differences: the floor of `minRate × srtt`, so that a game plays on where loss is not
// congestion, and as much again above the window for what is small, so that it plays on beside its own bulk; and a cut is undone when every loss that led to it
// proves spurious (RFC 9438 section 4.9).
import { INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES, MTU } from '../wire/limits.js'
import type { CongestionController } from './congestion-controller.js'
import type { SentPacket } from './sent-packets.js'

const BETA = 0.7 // RFC 9438 section 4.6
const C = 0.4 // segments per second³, section 5
const ALPHA = (3 * (1 - BETA)) / (1 + BETA) // growth of the Reno-friendly estimate, section 4.3
const PACING_GAIN = 1.25 // RFC 9002 section 7.7
const SLOW_START_PACING_GAIN = 2 // the window doubles each round trip

/** What it looks at of a packet. */
type CubicPacket = Pick<SentPacket, 'bytes' | 'sentAt'>

/** What a spurious congestion event gives back. */
interface BeforeEvent {
  readonly window: number
  readonly threshold: number
  readonly priorWindow: number
  readonly maxWindow: number
  readonly plateauMs: number
  readonly epochAt: number
  readonly renoWindow: number
}

export class Cubic implements CongestionController {
  readonly #minRateBytesPerMs: number
  #window = INITIAL_WINDOW_BYTES
  #slowStartThreshold = Number.POSITIVE_INFINITY
  #floor = MIN_WINDOW_BYTES
  /** Window at the last cut, section 4.1. */
  #priorWindow = 0
  /** The plateau of the curve (below the window at the cut where fast convergence lowered it), how long after the epoch's start it is reached, and that start (0 = none). */
  #maxWindow = 0
  #plateauMs = 0
  #epochAt = 0
  #renoWindow = 0
  /** Packets sent up to here belong to the last congestion event. */
  #recoveryAt = Number.NEGATIVE_INFINITY
  #event = 0
  #eventLosses = 0
  #beforeEvent: BeforeEvent | undefined

  constructor(minRateBytesPerSecond: number) {
    this.#minRateBytesPerMs = minRateBytesPerSecond / 1000
  }

  get window(): number {
    return Math.max(this.#window, this.#floor)
  }

  get smallWindow(): number {
    return this.window + this.#floor
  }

  pacingRate(smoothedRttMs: number): number {
    const gain = this.#window < this.#slowStartThreshold ? SLOW_START_PACING_GAIN : PACING_GAIN
    return (gain * this.window) / Math.max(smoothedRttMs, 0.1)
  }

  // What only a model of the path needs.
  handleUpdate(): void {}
  handleSent(): void {}
  handleAppLimited(): void {}
  handleAckEnd(): void {}

  handleAcked({ bytes, sentAt }: CubicPacket, isAppLimited: boolean, smoothedRttMs: number, now: number): void {
    this.#floor = Math.max(MIN_WINDOW_BYTES, this.#minRateBytesPerMs * smoothedRttMs + MTU) // a packet more: windows fill in whole packets
    if (sentAt <= this.#recoveryAt) return
    if (isAppLimited) {
      this.#epochAt = 0 // the cubic clock does not run while the game sends less than it may (section 5.8)
      return
    }
    if (this.#window < this.#slowStartThreshold) this.#window += bytes
    else this.#grow(bytes, smoothedRttMs, now)
    if (this.#window > MAX_WINDOW_BYTES) this.#window = MAX_WINDOW_BYTES
  }

  handleLost({ sentAt }: Pick<CubicPacket, 'sentAt'>, now: number): number {
    if (sentAt <= this.#recoveryAt) {
      this.#eventLosses++
      return this.#event
    }
    this.#beforeEvent = {
      window: this.#window,
      threshold: this.#slowStartThreshold,
      priorWindow: this.#priorWindow,
      maxWindow: this.#maxWindow,
      plateauMs: this.#plateauMs,
      epochAt: this.#epochAt,
      renoWindow: this.#renoWindow,
    }
    this.#event++
    this.#eventLosses = 1
    this.#recoveryAt = now
    this.#priorWindow = this.#window
    // Fast convergence (section 4.7): a window that did not get back to its last maximum leaves room to others.
    this.#maxWindow = this.#window < this.#maxWindow ? (this.#window * (1 + BETA)) / 2 : this.#window
    this.#window = Math.max(this.#window * BETA, MIN_WINDOW_BYTES)
    this.#slowStartThreshold = this.#window
    this.#epochAt = 0
    return this.#event
  }

  handleSpurious(event: number): void {
    if (event !== this.#event || this.#beforeEvent === undefined || --this.#eventLosses > 0) return
    const before = this.#beforeEvent
    this.#beforeEvent = undefined
    if (this.#window > before.window) return
    this.#window = before.window
    this.#slowStartThreshold = before.threshold
    this.#priorWindow = before.priorWindow
    this.#maxWindow = before.maxWindow
    this.#plateauMs = before.plateauMs
    this.#epochAt = before.epochAt
    this.#renoWindow = before.renoWindow
    this.#recoveryAt = Number.NEGATIVE_INFINITY
  }

  handlePersistentCongestion(): void {
    this.#window = MIN_WINDOW_BYTES
    this.#maxWindow = 0 // the next epoch begins at its own plateau (RFC 9438 section 4.8)
    this.#epochAt = 0
    this.#beforeEvent = undefined
    this.#recoveryAt = Number.NEGATIVE_INFINITY
  }

  shift(ms: number): void {
    if (this.#epochAt > 0) this.#epochAt += ms
    this.#recoveryAt += ms
  }

  /** Congestion avoidance, section 4.2–4.5: the larger of the cubic curve and the Reno-friendly estimate. */
  #grow(bytes: number, smoothedRttMs: number, now: number): void {
    if (this.#epochAt === 0) {
      this.#epochAt = now
      this.#renoWindow = this.#window
      const missing = Math.max(this.#maxWindow - this.#window, 0) / MTU
      this.#plateauMs = Math.cbrt(missing / C) * 1000
      if (this.#maxWindow < this.#window) this.#maxWindow = this.#window
    }
    const alpha = this.#renoWindow < this.#priorWindow ? ALPHA : 1 // section 4.3: as Reno once the window before the cut is reached
    this.#renoWindow += alpha * (bytes / this.#window) * MTU
    const seconds = (now - this.#epochAt + smoothedRttMs - this.#plateauMs) / 1000
    const cubic = this.#maxWindow + C * seconds * seconds * seconds * MTU
    const target = Math.min(Math.max(cubic, this.#window), 1.5 * this.#window)
    this.#window = Math.max(this.#window + (target - this.#window) * (bytes / this.#window), this.#renoWindow)
  }
}
