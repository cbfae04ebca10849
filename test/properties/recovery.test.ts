// Round-trip time, loss detection and probe timeouts as RFC 9002 has them, written anew from sections 5 and 6 and appendix A, with the deviations of docs/ARCHITECTURE.md; beside ours.
import fc from 'fast-check'
import t from 'tap'
import { Cubic } from '../../lib/protocol/cubic.js'
import { Path } from '../../lib/protocol/path.js'
import { ReceivedPackets } from '../../lib/protocol/received-packets.js'
import { RttEstimator } from '../../lib/protocol/rtt-estimator.js'
import type { SentPacket } from '../../lib/protocol/sent-packets.js'
import { INITIAL_PROBE_TIMEOUT_MS, MAX_MAX_ACK_DELAY_MS, MAX_PROBE_TIMEOUT_MS } from '../../lib/wire/limits.js'
import { holds } from './property.js'

const K_PACKET_THRESHOLD = 3 // section 6.1.1
const K_TIME_THRESHOLD = 9 / 8 // section 6.1.2
const K_GRANULARITY = 1

/** Section 5.3 and appendix A.7. Deviations: the initial RTT is 200 ms; the ack delay is removed from every sample, whatever it is. */
class Rtt {
  latest = 0
  min = 0
  smoothed = 200
  rttvar = 100
  isFirst = true

  update(latestRtt: number, ackDelay: number): void {
    const adjusted = Math.max(0, latestRtt - ackDelay)
    // Deviation: the delay of the peer counts in the time threshold, as far as it is believed.
    this.latest = adjusted + Math.min(ackDelay, MAX_MAX_ACK_DELAY_MS)
    if (this.isFirst) {
      this.isFirst = false
      this.min = adjusted
      this.smoothed = adjusted
      this.rttvar = adjusted / 2
      return
    }
    this.min = Math.min(this.min, adjusted)
    this.rttvar = (3 / 4) * this.rttvar + (1 / 4) * Math.abs(this.smoothed - adjusted)
    this.smoothed = (7 / 8) * this.smoothed + (1 / 8) * adjusted
  }

  /** Section 6.2.1. */
  pto(maxAckDelay: number): number {
    return this.smoothed + Math.max(4 * this.rttvar, K_GRANULARITY) + maxAckDelay
  }
}

const near = (a: number, b: number): boolean => a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))

t.test('round-trip times follow RFC 9002 section 5.3', async () => {
  const samples = fc.array(fc.record({ elapsed: fc.nat(3000), delay: fc.oneof(fc.nat(50), fc.nat(60_000)) }), { maxLength: 60 })
  holds(
    fc.property(samples, fc.nat(100), (list, maxAckDelay) => {
      const ours = new RttEstimator()
      const rfc = new Rtt()
      for (const { elapsed, delay } of list) {
        if (!near(ours.probeTimeout(maxAckDelay), rfc.pto(maxAckDelay)) || ours.hasSample === rfc.isFirst) return false
        ours.addSample(elapsed, delay)
        rfc.update(elapsed, delay)
        if (!near(ours.smoothed, rfc.smoothed) || !near(ours.variation, rfc.rttvar) || ours.min !== rfc.min || ours.latest !== rfc.latest)
          return false
      }
      return near(ours.probeTimeout(maxAckDelay), rfc.pto(maxAckDelay))
    }),
    300,
  )
})

const MAX_ACK_DELAY = 20

interface Sent {
  readonly number: number
  readonly timeSent: number
  isProbed: boolean
}

/** Appendix A, for one packet number space whose handshake is confirmed. */
class LossDetection {
  readonly rtt = new Rtt()
  sentPackets: Sent[] = []
  largestAcked = -1
  lossTime: number | undefined
  timeOfLast = 0
  ptoCount = 0
  /** Deviation: the peer's delay as it was observed, which rises at once and falls by a sixteenth. */
  #observedDelay = 0
  /** What was given to be sent again, and what was declared lost. */
  resent: number[] = []
  lost = new Set<number>()

  get #ackDelay(): number {
    return Math.max(MAX_ACK_DELAY, this.#observedDelay)
  }

  onPacketSent(number: number, now: number): void {
    this.sentPackets.push({ number, timeSent: now, isProbed: false })
    this.timeOfLast = now
  }

  /** Appendix A.7. */
  onAckReceived(acked: number[], delay: number, now: number): void {
    const largest = Math.max(...acked)
    const believed = Math.min(delay, MAX_MAX_ACK_DELAY_MS)
    this.#observedDelay = Math.max(believed, this.#observedDelay - (this.#observedDelay - believed) / 16)
    const isNewest = largest > this.largestAcked
    this.largestAcked = Math.max(this.largestAcked, largest)
    const newlyAcked = this.sentPackets.filter(({ number }) => acked.includes(number))
    if (newlyAcked.length === 0 && !isNewest) return
    const newest = newlyAcked.find(({ number }) => number === largest)
    if (isNewest && newest !== undefined) this.rtt.update(now - newest.timeSent, delay)
    this.sentPackets = this.sentPackets.filter((packet) => !newlyAcked.includes(packet))
    if (newlyAcked.length > 0) this.ptoCount = 0
    this.detectAndRemoveLostPackets(now)
  }

  /** Appendix A.10. */
  detectAndRemoveLostPackets(now: number): void {
    this.lossTime = undefined
    const lossDelay = Math.max(K_TIME_THRESHOLD * Math.max(this.rtt.latest, this.rtt.smoothed), K_GRANULARITY)
    for (const packet of [...this.sentPackets]) {
      if (packet.number > this.largestAcked) continue
      if (packet.timeSent + lossDelay <= now || this.largestAcked >= packet.number + K_PACKET_THRESHOLD) {
        this.sentPackets = this.sentPackets.filter((other) => other !== packet)
        this.lost.add(packet.number)
        if (!packet.isProbed) this.resent.push(packet.number)
      } else this.lossTime = Math.min(this.lossTime ?? Number.POSITIVE_INFINITY, packet.timeSent + lossDelay)
    }
  }

  /** Appendix A.8. Deviations: a steady 250 ms before the first sample, and no backoff above two seconds. */
  get timer(): number {
    if (this.lossTime !== undefined) return this.lossTime
    if (this.sentPackets.length === 0) return Number.POSITIVE_INFINITY
    const pto = this.rtt.isFirst
      ? INITIAL_PROBE_TIMEOUT_MS
      : Math.min(this.rtt.pto(this.#ackDelay) * 2 ** this.ptoCount, MAX_PROBE_TIMEOUT_MS + this.#ackDelay)
    return this.timeOfLast + pto
  }

  /** Appendix A.9: what the two oldest packets carried goes again. */
  onLossDetectionTimeout(now: number): void {
    if (this.lossTime !== undefined) {
      this.detectAndRemoveLostPackets(now)
      return
    }
    this.ptoCount++
    for (const packet of this.sentPackets.filter(({ isProbed }) => !isProbed).slice(0, 2)) {
      packet.isProbed = true
      this.resent.push(packet.number)
    }
  }
}

const BYTES = 100
const scratch = new Uint8Array(4000)

/** Our path and the RFC's loss detection, told the same. */
class Both {
  readonly rfc = new LossDetection()
  readonly path: Path
  readonly resent: number[] = []
  readonly acked: number[] = []
  next: number

  constructor(first: number) {
    this.next = first
    const owner = {
      handlePacketAcked: (packet: SentPacket) => this.acked.push(packet.sequence),
      handlePacketLost: (packet: SentPacket) => this.resent.push(packet.sequence),
    }
    this.path = new Path(owner, new Cubic(0), MAX_ACK_DELAY, 0)
  }

  /** One update; `skips`: a packet between them carries nothing but an ack, which nobody tracks. */
  send(now: number, count: number, skips: boolean): void {
    this.path.beginTransmit(now)
    for (let i = 0; i < count && this.path.canSend; i++) {
      if (skips && i === 1) this.path.handleSent(undefined, this.next++, 10, true, false, now)
      const packet = this.path.prepare(this.next, now)
      if (packet === undefined) throw new Error('no room')
      this.rfc.onPacketSent(this.next, now)
      this.path.handleSent(packet, this.next++, BYTES, false, true, now)
    }
    this.path.noteNothingToSend()
  }

  ack(now: number, numbers: number[], delayMs: number): void {
    const received = new ReceivedPackets()
    for (const number of numbers) received.add(number)
    const end = received.write(scratch, 0, scratch.length, delayMs)
    if (this.path.handleAck(scratch, 1, end, this.next, now) !== end) throw new Error('the ack was refused')
    this.rfc.onAckReceived(numbers, delayMs, now)
  }

  check(now: number): void {
    const { path, rfc } = this
    if (JSON.stringify(this.resent) !== JSON.stringify(rfc.resent))
      throw new Error(`${now}: sent again ${this.resent}, by the RFC ${rfc.resent}`)
    if (!near(path.nextDeadline(), rfc.timer)) throw new Error(`${now}: the timer is at ${path.nextDeadline()}, by the RFC at ${rfc.timer}`)
    if (path.bytesInFlight !== BYTES * rfc.sentPackets.length) throw new Error(`${now}: ${path.bytesInFlight} bytes in flight`)
    if (!near(path.rtt.smoothed, rfc.rtt.smoothed))
      throw new Error(`${now}: the RTT is ${path.rtt.smoothed}, by the RFC ${rfc.rtt.smoothed}`)
  }
}

const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }), skips: fc.boolean() }),
    fc.record({
      kind: fc.constant('ack' as const),
      picks: fc.array(fc.nat(14), { minLength: 1, maxLength: 6 }),
      delay: fc.constantFrom(0, 5, 18, 60, 3000),
    }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.oneof(fc.nat(30), fc.nat(400)) }),
    fc.record({ kind: fc.constant('timer' as const) }),
  ),
  { maxLength: 60, size: 'max' },
)

t.test('what is lost, when, and when probes go is what RFC 9002 section 6 and appendix A say', async () => {
  holds(
    fc.property(fc.constantFrom(0, 7, 2 ** 32 - 5), operations, (first, list) => {
      const both = new Both(first)
      let now = 100
      for (const operation of list) {
        if (operation.kind === 'send') both.send(now, operation.count, operation.skips)
        else if (operation.kind === 'wait') {
          // Timers fire in time, as they do in a loop that runs.
          for (const until = now + operation.ms; now < until; ) {
            now = Math.min(until, Math.max(now, both.rfc.timer))
            if (now >= both.rfc.timer) {
              both.path.handleTimeout(both.path.nextDeadline())
              both.rfc.onLossDetectionTimeout(both.rfc.timer)
              both.send(now, 2, false) // the probes
              both.check(now)
            }
            if (both.rfc.timer <= now) break
          }
        } else if (operation.kind === 'timer') {
          const at = both.rfc.timer
          if (at < Number.POSITIVE_INFINITY && at >= now) {
            both.path.handleTimeout(at - 0.01) // too early: nothing happens
            both.check(now)
            now = Math.max(at, both.path.nextDeadline())
            both.path.handleTimeout(now)
            both.rfc.onLossDetectionTimeout(now)
          }
        } else {
          // Of the newest packets those that were picked, where they were not declared lost: what is spurious is tested apart.
          const numbers = operation.picks
            .map((pick) => both.next - 1 - pick)
            .filter((number) => number >= first && !both.rfc.lost.has(number))
          if (numbers.length > 0) both.ack(now, numbers, operation.delay)
        }
        both.check(now)
      }
    }),
    400,
  )
})
