// BBR, version 3 (draft-ietf-ccwg-bbr), in bytes and milliseconds. A model of the path, how fast it delivers and how long it takes when it is empty, says how fast to send and how much may be in flight:
// losses that are no congestion cost nothing, and no queue stands in front of a game's small messages. What differs from the draft, and why, stands in docs/ARCHITECTURE.md.
import { ACK_AFTER_PACKETS, INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES, MTU } from '../wire/limits.js'
import type { CongestionController } from './congestion-controller.js'
import { DeliveryRate } from './delivery-rate.js'
import type { SentPacket } from './sent-packets.js'

/** Startup finds the rate, drain empties the queue that it made. Then a cycle: down leaves room, cruise stays, refill fills the pipe, up looks for more. `probeRtt` empties the pipe to see how long it is. */
export type BbrPhase = 'startup' | 'drain' | 'down' | 'cruise' | 'refill' | 'up' | 'probeRtt'

/** Sections 2.4 and 2.5 of the draft. */
const PACING_GAIN: Readonly<Record<BbrPhase, number>> = {
  startup: 2.77,
  drain: 0.35,
  down: 0.9,
  cruise: 1,
  refill: 1,
  up: 1.25,
  probeRtt: 1,
}
const WINDOW_GAIN: Readonly<Record<BbrPhase, number>> = { startup: 2, drain: 2, down: 2, cruise: 2, refill: 2, up: 2.25, probeRtt: 0.5 }
const PACING_MARGIN = 0.99
const LOSS_THRESHOLD = 0.02
const BETA = 0.7
const HEADROOM = 0.85 // of what the path was found to hold
const STARTUP_GROWTH = 1.25 // what counts as growth
const STARTUP_FULL_ROUNDS = 3
const STARTUP_FULL_LOSSES = 6
const MIN_RTT_WINDOW_MS = 10_000
const PROBE_RTT_INTERVAL_MS = 5000
const PROBE_RTT_MS = 200
const PROBE_WAIT_MS = 2000 // and up to a second more
const MAX_PROBE_ROUNDS = 63
const MIN_PIPE_BYTES = (ACK_AFTER_PACKETS + 2) * MTU // fewer would wait for an ack that waits for more of them
const MIN_PROBE_ROUNDS = 8
const MAX_DOWN_ROUNDS = 8
const MAX_UP_ROUNDS = 8
const MIN_QUEUE_MS = 4 // RFC 9406 section 4.3
const QUEUE_SAMPLES = 3
const CHANCE_BYTES = 3 * MTU // losses that chance may add
const MAX_INTERVAL_MS = 250

/** A probe that has found so much more is followed by the next. */
const FOUND_MORE = 1.1
/** What up adds to the bytes in flight, in bandwidth-delay products. */
const UP_INFLIGHT = 0.25
/** The wait between probes is spread by this share of a second per cycle: evenly, and alike in every run. */
const GOLDEN_RATIO = 0.618

export class Bbr implements CongestionController {
  readonly #minRateBytesPerMs: number
  readonly #rate = new DeliveryRate()
  #phase: BbrPhase = 'startup'
  #phaseAt = 0
  #cycleAt = 0
  #window = INITIAL_WINDOW_BYTES
  #floor = MIN_WINDOW_BYTES
  #deliveredAtGrowth = 0
  /** The loop's interval: a packet is under way for so much longer at each end. */
  #intervalMs = 0
  #smoothedRttMs = 0
  /** How long acks wait at the peer: the longest of late. */
  #ackDelayMs = 0

  // The path: the largest delivery rate of this probing cycle and the one before, the smallest RTT, and what was found to be too much.
  #cycle = 0
  #maxRate = 0
  #maxRateBefore = 0
  #minRttMs = Number.POSITIVE_INFINITY
  #minRttAt = 0
  /** When a sample was last as small as that. */
  #nearMinRttAt = 0
  #longTermInFlight = Number.POSITIVE_INFINITY
  #shortTermInFlight = Number.POSITIVE_INFINITY
  #shortTermRate = Number.POSITIVE_INFINITY

  // Rounds: from a packet's leaving to its ack. What was delivered and lost in the present one.
  #roundEnd = 0
  #roundRate = 0
  #roundDelivered = 0
  #roundLosses = 0
  #lostBefore = 0
  #deliveredBefore = 0

  // Startup.
  #fullRate = 0
  #fullRounds = 0
  #isFull = false
  #queueSamples = 0

  // Probing.
  #probeWaitMs = 0
  #roundsSinceProbe = 0
  /** Samples of this probe are to tell whether it went too high. */
  #isJudging = false
  #refillAt = 0
  /** The most in flight while the pipe was refilled, and the rate then. */
  #refilledBytes = 0
  #sentInFlight = 0
  #refilledRate = 0
  #upRounds = 0
  #phaseRounds = 0
  #windowBefore = 0
  #probeRttEnd = 0

  /** Packets sent up to here belong to the last loss event; and the bounds before it, which a spurious loss gives back. */
  #recoveryAt = Number.NEGATIVE_INFINITY
  #event = 0
  #eventLosses = 0
  #longTermBefore = Number.POSITIVE_INFINITY
  #shortTermBefore = Number.POSITIVE_INFINITY
  #shortTermRateBefore = Number.POSITIVE_INFINITY

  constructor(minRateBytesPerSecond: number) {
    this.#minRateBytesPerMs = minRateBytesPerSecond / 1000
  }

  get phase(): BbrPhase {
    return this.#phase
  }

  get window(): number {
    return Math.max(this.#window, this.#floor)
  }

  get smallWindow(): number {
    return this.window + this.#floor
  }

  /** The path's rate as far as is known, in bytes per ms. */
  get bandwidth(): number {
    return Math.min(Math.max(this.#maxRate, this.#maxRateBefore), this.#shortTermRate)
  }

  pacingRate(smoothedRttMs: number): number {
    const { bandwidth } = this
    const isKnown = bandwidth > 0
    const rate = isKnown ? bandwidth : INITIAL_WINDOW_BYTES / Math.max(smoothedRttMs, 1)
    return Math.max(PACING_GAIN[this.#phase] * rate * (isKnown && this.#isFull ? PACING_MARGIN : 1), this.#minRateBytesPerMs)
  }

  handleUpdate(elapsedMs: number): void {
    this.#intervalMs += (Math.min(elapsedMs, MAX_INTERVAL_MS) - this.#intervalMs) / 8
  }

  handleSent(packet: SentPacket, bytesInFlight: number, now: number): void {
    this.#rate.handleSent(packet, bytesInFlight, now)
    this.#sentInFlight = packet.inFlight
    if (this.#phase === 'refill' && packet.inFlight > this.#refilledBytes) this.#refilledBytes = packet.inFlight
  }

  handleAppLimited(bytesInFlight: number): void {
    this.#rate.handleAppLimited(bytesInFlight)
  }

  handleAcked(packet: SentPacket, _isAppLimited: boolean, smoothedRttMs: number, now: number): void {
    this.#smoothedRttMs = smoothedRttMs
    this.#rate.handleAcked(packet, now)
  }

  handleAckEnd(rttMs: number, ackDelayMs: number, now: number): void {
    this.#ackDelayMs = Math.max(Math.min(ackDelayMs, MAX_INTERVAL_MS), this.#ackDelayMs * 0.875)
    const rate = this.#rate
    const hasSample = rate.complete(this.#minRttMs)
    this.#floor = Math.max(MIN_WINDOW_BYTES, this.#minRateBytesPerMs * this.#smoothedRttMs + MTU)
    if (rttMs >= 0) {
      this.#updateMinRtt(rttMs, now)
      if (this.#phase === 'startup' && !rate.isAppLimited) this.#noteQueue(rttMs, now)
    }
    if (hasSample) {
      this.#updateRate()
      const isRoundStart = rate.deliveredBefore >= this.#roundEnd
      if (isRoundStart) this.#endRound(now)
      this.#advance(isRoundStart, now)
      this.#setWindow()
    }
    rate.reset()
  }

  handleLost(packet: SentPacket, now: number): number {
    const rate = this.#rate
    rate.handleLost(packet)
    this.#roundLosses++
    if (packet.sentAt > this.#recoveryAt) {
      this.#recoveryAt = now
      this.#event++
      this.#eventLosses = 0
      this.#longTermBefore = this.#longTermInFlight
      this.#shortTermBefore = this.#shortTermInFlight
      this.#shortTermRateBefore = this.#shortTermRate
    }
    this.#eventLosses++
    if (this.#isJudging && packet.sentAt >= this.#refillAt && isTooMuch(rate.lost - packet.lost, packet.inFlight))
      this.#handleTooHigh(packet, now)
    return this.#event
  }

  handleSpurious(event: number): void {
    if (event !== this.#event || --this.#eventLosses > 0) return
    this.#longTermInFlight = Math.max(this.#longTermInFlight, this.#longTermBefore)
    this.#shortTermInFlight = Math.max(this.#shortTermInFlight, this.#shortTermBefore)
    this.#shortTermRate = Math.max(this.#shortTermRate, this.#shortTermRateBefore)
  }

  handlePersistentCongestion(): void {
    this.#window = MIN_WINDOW_BYTES
  }

  shift(ms: number): void {
    this.#rate.shift(ms)
    this.#minRttAt += ms
    this.#nearMinRttAt += ms
    this.#phaseAt += ms
    this.#refillAt += ms
    this.#cycleAt += ms
    this.#probeRttEnd += ms
    this.#recoveryAt += ms
  }

  // ── The model ──

  get #bandwidthDelay(): number {
    return this.#minRttMs < Number.POSITIVE_INFINITY ? this.bandwidth * this.#minRttMs : INITIAL_WINDOW_BYTES
  }

  /** What is under way because both sides are polled: packets wait for the peer's loop, its acks for ours, and what leaves in one update leaves at once. */
  get #loopBytes(): number {
    return this.bandwidth * Math.max(3 * this.#intervalMs, this.#ackDelayMs)
  }

  /** What is in flight at the end of a transmit when the pipe is full and there is no queue: as much as the last refill had, and not more than the model and an interval at each end explain, as there may have been a queue then. */
  get #filledBytes(): number {
    return Math.min(this.#refilledBytes, this.#bandwidthDelay + 2 * this.bandwidth * this.#intervalMs)
  }

  /** A sample that is within a loop's interval of the minimum renews it: a queue that small is none. */
  #updateMinRtt(rttMs: number, now: number): void {
    if (rttMs <= this.#minRttMs + this.#intervalMs) this.#nearMinRttAt = now
    if (rttMs > this.#minRttMs && now - Math.max(this.#minRttAt, this.#nearMinRttAt) <= MIN_RTT_WINDOW_MS) return
    this.#minRttMs = rttMs
    this.#minRttAt = now
    this.#nearMinRttAt = now
  }

  /** The filter of section 5.5.5: the maximum over two cycles. A game that sends less than the path takes lowers nothing. */
  #updateRate(): void {
    const { rate, isAppLimited, deliveredSince } = this.#rate
    this.#roundRate = Math.max(this.#roundRate, rate)
    this.#roundDelivered = Math.max(this.#roundDelivered, deliveredSince)
    if (isAppLimited && rate < this.bandwidth) return
    this.#maxRate = Math.max(this.#maxRate, rate)
  }

  #endRound(now: number): void {
    const rate = this.#rate
    const lost = rate.lost - this.#lostBefore
    const isLossy = isTooMuch(lost, rate.delivered - this.#deliveredBefore + lost)
    this.#roundsSinceProbe++
    this.#phaseRounds++
    if (this.#phase === 'startup') {
      if (this.#isPipeFull(isLossy)) this.#endStartup(now)
    } else if (isLossy && this.#phase !== 'refill' && this.#phase !== 'up') this.#lowerShortTerm()
    this.#roundEnd = rate.delivered
    this.#roundRate = 0
    this.#roundDelivered = 0
    this.#roundLosses = 0
    this.#lostBefore = rate.lost
    this.#deliveredBefore = rate.delivered
  }

  /** Section 5.3.1: too much is lost, or the rate does not grow any more. */
  #isPipeFull(isLossy: boolean): boolean {
    if (isLossy && this.#roundLosses >= STARTUP_FULL_LOSSES) {
      this.#longTermInFlight = Math.max(this.#bandwidthDelay, this.#roundDelivered)
      return true
    }
    if (this.#rate.isAppLimited) return false
    if (this.bandwidth < STARTUP_GROWTH * this.#fullRate) return ++this.#fullRounds >= STARTUP_FULL_ROUNDS
    this.#fullRate = this.bandwidth
    this.#fullRounds = 0
    return false
  }

  /** As in HyStart++ (RFC 9406): startup has made a queue where several samples in a row say so. Bursts of one update are none. */
  #noteQueue(rttMs: number, now: number): void {
    const isQueue = rttMs - this.#minRttMs > Math.max(this.#minRttMs / 8, this.#intervalMs, MIN_QUEUE_MS)
    this.#queueSamples = isQueue ? this.#queueSamples + 1 : 0
    if (this.#queueSamples >= QUEUE_SAMPLES) this.#endStartup(now)
  }

  #endStartup(now: number): void {
    this.#isFull = true
    this.#refilledRate = this.bandwidth
    this.#enter('drain', now)
  }

  /** Section 5.5.10.3. Only where more than the threshold was lost: at 1 % of random loss the bounds would fall round by round until the next probe. */
  #lowerShortTerm(): void {
    if (this.#shortTermRate === Number.POSITIVE_INFINITY) this.#shortTermRate = this.bandwidth
    if (this.#shortTermInFlight === Number.POSITIVE_INFINITY) this.#shortTermInFlight = this.#window
    this.#shortTermRate = Math.max(this.#roundRate, BETA * this.#shortTermRate)
    this.#shortTermInFlight = Math.max(this.#roundDelivered, BETA * this.#shortTermInFlight)
  }

  /** Section 5.5.10.2: the probe has found what the path does not hold. */
  #handleTooHigh(packet: SentPacket, now: number): void {
    this.#isJudging = false
    const withBurst = packet.inFlight + this.bandwidth * this.#intervalMs
    const target = Math.min(this.#bandwidthDelay + this.#loopBytes, this.#window)
    if (!packet.isAppLimited) this.#longTermInFlight = Math.max(withBurst, BETA * target)
    if (this.#phase === 'up') this.#enter('down', now)
  }

  // ── The cycle ──

  #advance(isRoundStart: boolean, now: number): void {
    const rate = this.#rate
    const bytesInFlight = this.#sentInFlight
    const elapsedMs = now - this.#phaseAt
    if (this.#isJudging && this.#longTermInFlight < rate.inFlight && !isTooMuch(rate.lostSince, rate.inFlight))
      this.#longTermInFlight = rate.inFlight
    switch (this.#phase) {
      case 'startup':
        break
      case 'drain':
        if (bytesInFlight <= this.#bandwidthDelay + this.#loopBytes) this.#enter('down', now)
        break
      case 'down':
        // What up has added is gone, and some room is left where losses have shown the path's end.
        if (bytesInFlight <= Math.min(this.#filledBytes, HEADROOM * this.#longTermInFlight) || this.#phaseRounds >= MAX_DOWN_ROUNDS)
          this.#enter('cruise', now)
        else if (this.#isTimeToProbe(now)) this.#enter('refill', now)
        break
      case 'cruise':
        if (this.#isTimeToProbe(now)) this.#enter('refill', now)
        break
      case 'refill':
        if (isRoundStart) this.#enter('up', now)
        break
      case 'up':
        if (this.#longTermInFlight < Number.POSITIVE_INFINITY && !rate.isAppLimited) this.#raiseLongTerm(isRoundStart)
        if (elapsedMs > this.#minRttMs && bytesInFlight >= this.#filledBytes + UP_INFLIGHT * this.#bandwidthDelay) this.#enter('down', now)
        else if (this.#phaseRounds >= MAX_UP_ROUNDS) this.#enter('down', now)
        break
      case 'probeRtt':
        if (now >= this.#probeRttEnd) {
          this.#nearMinRttAt = now
          this.#minRttAt = now
          this.#window = Math.max(this.#window, this.#windowBefore)
          this.#enter(this.#isFull ? 'cruise' : 'startup', now)
        }
        return
    }
    if (now - this.#nearMinRttAt > PROBE_RTT_INTERVAL_MS) {
      this.#windowBefore = this.#window
      this.#probeRttEnd = now + PROBE_RTT_MS + this.#minRttMs
      this.#enter('probeRtt', now)
    }
  }

  /** Every two to three seconds, and sooner where the last probe has found more, or where Reno would have grown as far. */
  #isTimeToProbe(now: number): boolean {
    const renoRounds = Math.min(this.#bandwidthDelay / MTU, MAX_PROBE_ROUNDS)
    if (this.bandwidth > FOUND_MORE * this.#refilledRate) return true
    return now - this.#cycleAt >= this.#probeWaitMs || this.#roundsSinceProbe >= Math.max(renoRounds, MIN_PROBE_ROUNDS)
  }

  #raiseLongTerm(isRoundStart: boolean): void {
    if (isRoundStart) this.#upRounds++
    this.#longTermInFlight += ((this.#rate.delivered - this.#deliveredAtGrowth) * 2 ** Math.min(this.#upRounds, 6)) / 64
  }

  #enter(phase: BbrPhase, now: number): void {
    this.#phase = phase
    this.#phaseAt = now
    this.#phaseRounds = 0
    switch (phase) {
      case 'down':
        this.#cycle++
        this.#cycleAt = now
        this.#maxRateBefore = this.#maxRate
        this.#maxRate = 0
        this.#roundsSinceProbe = 0
        this.#probeWaitMs = PROBE_WAIT_MS + 1000 * ((this.#cycle * GOLDEN_RATIO) % 1)
        break
      case 'refill':
        this.#shortTermRate = Number.POSITIVE_INFINITY
        this.#shortTermInFlight = Number.POSITIVE_INFINITY
        this.#refilledBytes = 0
        this.#refilledRate = this.bandwidth
        this.#refillAt = now
        this.#roundEnd = this.#rate.delivered
        break
      case 'up':
        this.#isJudging = true
        this.#upRounds = 0
        break
    }
  }

  #setWindow(): void {
    const bounds = Math.min(
      this.#longTermInFlight * (this.#phase === 'cruise' || this.#phase === 'probeRtt' ? HEADROOM : 1),
      this.#shortTermInFlight,
    )
    const loopBytes = this.#phase === 'probeRtt' ? 0 : this.#loopBytes
    const target = Math.min(WINDOW_GAIN[this.#phase] * this.#bandwidthDelay + loopBytes, bounds, MAX_WINDOW_BYTES)
    const grown = this.#window + this.#rate.delivered - this.#deliveredAtGrowth
    this.#deliveredAtGrowth = this.#rate.delivered
    if (this.#phase === 'startup') this.#window = Math.min(Math.max(this.#window, target), grown)
    else this.#window = Math.max(Math.min(target, grown), MIN_PIPE_BYTES)
  }
}

/** Whether so many bytes lost are more than a path loses that is not congested. Of a few packets, some say nothing yet. */
function isTooMuch(lostBytes: number, bytes: number): boolean {
  return lostBytes > LOSS_THRESHOLD * bytes + CHANCE_BYTES
}
