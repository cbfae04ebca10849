// A path counts packets: one direction's numbers, what was acknowledged of them, round-trip time, loss detection, probe timeouts (RFC 9002) and congestion.
// It is made anew whenever a connection is bound to a link. What packets carry is not its business: it hands acknowledged and lost ones to their owner.
import {
  ACK_AFTER_PACKETS,
  GRANULARITY_MS,
  INITIAL_PROBE_TIMEOUT_MS,
  MAX_MAX_ACK_DELAY_MS,
  MAX_PACKET_THRESHOLD,
  MAX_PROBE_TIMEOUT_MS,
  MIN_BURST_PACKETS,
  MTU,
  PACKET_THRESHOLD,
} from '../wire/limits.js'
import type { CongestionController } from './congestion-controller.js'
import { LossMeter } from './loss-meter.js'
import { AckRanges, ReceivedPackets, readAck } from './received-packets.js'
import { RttEstimator } from './rtt-estimator.js'
import { type SentPacket, SentPackets } from './sent-packets.js'

/** What becomes of packets. */
export interface PacketOwner {
  handlePacketAcked(packet: SentPacket): void
  /** The packet is lost, or a probe is due: what it carried should go again. */
  handlePacketLost(packet: SentPacket): void
}

/** Lost packets are remembered for this many probe timeouts, to notice those that arrive after all. */
const LOST_MEMORY_PROBE_TIMEOUTS = 3

/** RFC 9002 section 6.1.2. */
const TIME_THRESHOLD = 9 / 8

/** RFC 9002 section 7.6.1. */
const PERSISTENT_CONGESTION_THRESHOLD = 3

export class Path {
  readonly rtt = new RttEstimator()
  readonly loss = new LossMeter()
  /** Another connection may take the path over. */
  owner: PacketOwner
  readonly #congestion: CongestionController
  readonly #sent = new SentPackets()
  readonly #received = new ReceivedPackets()
  /** How long this side and the peer may hold an ack back, in ms. */
  #maxAckDelayMs: number
  #peerMaxAckDelayMs: number
  #observedAckDelayMs = 0

  // What has arrived and waits for its ack.
  #unackedPackets = 0
  #firstUnackedAt = 0
  #largestReceivedAt = 0
  /** The ack is not to wait: the owner asked for it. */
  #isUrgent = false

  // What was sent.
  #bytesInFlight = 0
  #packetsInFlight = 0
  #largestAcked = -1
  #lastSentAt = 0
  /** Of those in flight, packets that carry something to send again, and when the last of them, or a probe, left. */
  #carriersInFlight = 0
  #lastCarrierAt = 0
  /** The last transmit left the window unfilled (RFC 9002 section 7.8). */
  #isAppLimited = true
  #packetThreshold = PACKET_THRESHOLD
  /** Factor on the time threshold: grows with spurious losses (RFC 8985 section 6.2). */
  #reorderFactor = 0
  #lossAt = Number.POSITIVE_INFINITY
  #probeCount = 0
  #probesLeft = 0
  #budget = 0
  #lastTransmitAt: number
  /** Packets sent earlier give no RTT sample: this side has stalled since. */
  #samplesFrom = Number.NEGATIVE_INFINITY
  #lastSampleAt: number

  constructor(owner: PacketOwner, congestion: CongestionController, maxAckDelayMs: number, now: number) {
    this.owner = owner
    this.#congestion = congestion
    this.#maxAckDelayMs = maxAckDelayMs
    this.#peerMaxAckDelayMs = maxAckDelayMs
    this.#lastTransmitAt = now
    this.#lastSampleAt = now
  }

  get congestionWindow(): number {
    return this.#congestion.window
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight
  }

  /** When the latest RTT sample was taken. */
  get lastSampleAt(): number {
    return this.#lastSampleAt
  }

  /** The probe timeout with its backoff. Before the first sample there is nothing to back off from: the handshake goes again at a steady pace, so that it gets through heavy loss. */
  get probeTimeoutMs(): number {
    if (!this.rtt.hasSample) return INITIAL_PROBE_TIMEOUT_MS
    const ackDelayMs = this.#expectedAckDelayMs
    return Math.min(this.rtt.probeTimeout(ackDelayMs) * 2 ** this.#probeCount, MAX_PROBE_TIMEOUT_MS + ackDelayMs)
  }

  /** What the peer says that it needs at most, or what it has needed of late where that is more. */
  get #expectedAckDelayMs(): number {
    return Math.max(this.#peerMaxAckDelayMs, this.#observedAckDelayMs)
  }

  setMaxAckDelays(ownMs: number, peerMs: number): void {
    this.#maxAckDelayMs = ownMs
    this.#peerMaxAckDelayMs = Math.min(peerMs, MAX_MAX_ACK_DELAY_MS)
  }

  // ── Receiving ──

  /** Notes a packet of the link. `at`: when the socket gave it. */
  handleReceived(sequence: number, isAckEliciting: boolean, at: number): void {
    const largest = this.#received.largest
    this.#received.add(sequence)
    if (sequence > largest) this.#largestReceivedAt = at
    if (!isAckEliciting) return
    if (this.#unackedPackets++ === 0) this.#firstUnackedAt = at
  }

  /** An ack frame's body at `at`. Returns the offset behind it, or -1 where it is malformed. */
  handleAck(bytes: Uint8Array, at: number, end: number, nextSequence: number, receivedAt: number): number {
    const offset = readAck(bytes, at, end, nextSequence, ranges)
    if (offset < 0) return -1
    this.#observeAckDelay(ranges.delayMs)
    let rttMs = -1
    const isNewest = ranges.largest > this.#largestAcked
    if (isNewest) {
      this.#largestAcked = ranges.largest
      const newest = this.#sent.get(ranges.largest)
      if (newest !== undefined) rttMs = this.#sample(newest, receivedAt)
    }
    let isProgress = false
    for (let i = 0; i < ranges.count; i++) {
      const end = Math.min(ranges.last[i]! + 1, this.#sent.end)
      let sequence = this.#sent.next(Math.max(ranges.first[i]!, this.#sent.oldest), end)
      for (; sequence < end; sequence = this.#sent.next(sequence + 1, end)) {
        isProgress = true
        this.#acknowledge(this.#sent.get(sequence)!, receivedAt)
      }
    }
    if (isProgress) {
      this.#probeCount = 0
      this.#probesLeft = 0
    } else if (!isNewest) return offset
    this.#detectLost(receivedAt) // also where only packets arrived that carry nothing: what was sent before them may be lost
    this.#congestion.handleAckEnd(rttMs, ranges.delayMs, receivedAt)
    this.#trim(receivedAt)
    return offset
  }

  // ── Sending ──

  /** Begins an update's transmit: refills what pacing releases, max(10 packets, rate × elapsed). */
  beginTransmit(now: number): void {
    this.#congestion.handleUpdate(now - this.#lastTransmitAt)
    const paced = this.rtt.hasSample ? this.#congestion.pacingRate(this.rtt.smoothed) * (now - this.#lastTransmitAt) : 0
    this.#budget = Math.max(MIN_BURST_PACKETS * MTU, paced)
    this.#lastTransmitAt = now
  }

  /** Whether a packet that counts (ack-eliciting) may leave now. */
  get canSend(): boolean {
    return this.#probesLeft > 0 || (this.#budget > 0 && this.#bytesInFlight + MTU <= this.#congestion.smallWindow)
  }

  /** Whether it may carry blocks of large messages too. */
  get admitsBlocks(): boolean {
    return this.#probesLeft > 0 || this.#hasWindow
  }

  get #hasWindow(): boolean {
    return this.#bytesInFlight + MTU <= this.#congestion.window
  }

  /** A probe timeout asks for a packet that elicits an ack, whatever is in it. */
  get needsProbe(): boolean {
    return this.#probesLeft > 0
  }

  /** Whether an ack should leave now, even alone. `nextUpdateMs`: the time until it could leave next. */
  isAckDue(now: number, nextUpdateMs: number): boolean {
    if (this.#unackedPackets === 0) return false
    return this.#isUrgent || this.#unackedPackets >= ACK_AFTER_PACKETS || now + nextUpdateMs >= this.ackDeadline
  }

  /** What has arrived, or arrives next, is acknowledged without waiting. */
  ackAtOnce(): void {
    this.#isUrgent = true
  }

  get hasUnacked(): boolean {
    return this.#unackedPackets > 0
  }

  /** Writes an ack frame. Until `handleSent`, nothing counts as acknowledged. */
  writeAck(bytes: Uint8Array, at: number, end: number, now: number): number {
    return this.#received.write(bytes, at, end, now - this.#largestReceivedAt)
  }

  /** The record for the packet that will get this number; undefined where too many are open. */
  prepare(sequence: number, now: number): SentPacket | undefined {
    const sent = this.#sent
    if (!sent.hasRoom(sequence)) sent.trim(Number.POSITIVE_INFINITY) // lost ones need not be remembered
    if (this.#probesLeft > 0) {
      // Nothing was heard for thousands of numbers: what is oldest is given up, so that probes can go on.
      for (; !sent.hasRoom(sequence); sent.trim(Number.POSITIVE_INFINITY)) this.#lose(sent.get(sent.oldest)!, now)
    }
    return sent.hasRoom(sequence) ? sent.prepare(sequence) : undefined
  }

  /** The packet leaves with this number and this many payload bytes. */
  handleSent(
    packet: SentPacket | undefined,
    sequence: number,
    bytes: number,
    carriesAck: boolean,
    isAckEliciting: boolean,
    now: number,
  ): void {
    if (carriesAck) {
      this.#unackedPackets = 0
      this.#isUrgent = false
      if (packet !== undefined) packet.acked = this.#received.largest
    }
    if (!isAckEliciting || packet === undefined) return
    packet.sentAt = now
    packet.bytes = bytes
    this.#sent.commit(packet, sequence)
    this.#congestion.handleSent(packet, this.#bytesInFlight, now)
    this.#bytesInFlight += bytes
    this.#packetsInFlight++
    this.#budget -= bytes
    this.#lastSentAt = now
    if (packet.items.length > 0) this.#carriersInFlight++
    if (packet.items.length > 0 || this.#probesLeft > 0) this.#lastCarrierAt = now
    if (this.#probesLeft > 0) this.#probesLeft--
    this.loss.addSent(now)
  }

  /** A transmit has ended with nothing more to send: where the window would have admitted more, acks say nothing about it until a transmit fills it. */
  noteNothingToSend(): void {
    this.#isAppLimited = this.#hasWindow
    if (this.#isAppLimited) this.#congestion.handleAppLimited(this.#bytesInFlight)
  }

  /** A transmit has ended because window or pacing admit no more. */
  noteBlocked(): void {
    this.#isAppLimited = false
  }

  // ── Time ──

  nextDeadline(): number {
    if (this.#lossAt < Number.POSITIVE_INFINITY) return this.#lossAt
    return this.#packetsInFlight > 0 ? this.#probedFrom + this.probeTimeoutMs : Number.POSITIVE_INFINITY
  }

  /** RFC 9002 counts from the last packet. Here one that carries nothing, such as the ping of every two seconds, does not put off the probe for those that do: where a probe timeout is longer, it would never come. */
  get #probedFrom(): number {
    return this.#carriersInFlight > 0 ? this.#lastCarrierAt : this.#lastSentAt
  }

  /** When an ack has to leave at the latest; Infinity where none is owed. */
  get ackDeadline(): number {
    return this.#unackedPackets > 0 ? this.#firstUnackedAt + this.#maxAckDelayMs : Number.POSITIVE_INFINITY
  }

  handleTimeout(now: number): void {
    if (now < this.nextDeadline()) return
    if (this.#lossAt < Number.POSITIVE_INFINITY) {
      this.#detectLost(now)
      return
    }
    this.#probeCount++
    this.#probesLeft = 2
    this.#probe()
  }

  /** This side stalled for so long: open deadlines move by it, and no RTT is taken over the stall. */
  shift(ms: number, now: number): void {
    this.#samplesFrom = now
    for (let sequence = this.#sent.oldest; sequence < this.#sent.end; sequence++) {
      const packet = this.#sent.get(sequence)
      if (packet === undefined) continue
      packet.sentAt += ms
      packet.firstSentAt += ms
      packet.deliveredAt += ms
    }
    this.#lastSentAt += ms
    this.#lastCarrierAt += ms
    this.#lossAt += ms
    this.#congestion.shift(ms)
  }

  /** Rises at once, to what can be believed, and falls slowly: a peer's loop that has become slow provokes no probes, and a stall of a peer is forgotten. */
  #observeAckDelay(delayMs: number): void {
    const delay = Math.min(delayMs, MAX_MAX_ACK_DELAY_MS)
    this.#observedAckDelayMs = Math.max(delay, this.#observedAckDelayMs - (this.#observedAckDelayMs - delay) / 16)
  }

  /** Returns the sample, -1 for none. */
  #sample(packet: SentPacket, receivedAt: number): number {
    if (packet.sentAt < this.#samplesFrom || receivedAt < packet.sentAt) return -1
    this.rtt.addSample(receivedAt - packet.sentAt, ranges.delayMs)
    this.#lastSampleAt = receivedAt
    return Math.max(0, receivedAt - packet.sentAt - ranges.delayMs)
  }

  #acknowledge(packet: SentPacket, now: number): void {
    if (packet.isLost) this.#handleSpurious(packet, now)
    else {
      this.#bytesInFlight -= packet.bytes
      this.#packetsInFlight--
      if (packet.items.length > 0) this.#carriersInFlight--
      this.loss.addArrived()
      this.#congestion.handleAcked(packet, this.#isAppLimited, this.rtt.smoothed, now)
    }
    if (packet.acked >= 0) this.#received.forget(packet.acked)
    this.owner.handlePacketAcked(packet)
    this.#sent.release(packet)
  }

  /** It was not lost, only late: the cut is undone and reordering is given more room. */
  #handleSpurious(packet: SentPacket, now: number): void {
    this.loss.removeLost(now)
    this.#congestion.handleSpurious(packet.lossEvent)
    const distance = this.#largestAcked - packet.sequence
    this.#packetThreshold = Math.min(MAX_PACKET_THRESHOLD, Math.max(this.#packetThreshold, distance + 1))
    this.#reorderFactor = Math.min(this.#reorderFactor + 1, 4)
  }

  /** How long after its sending a packet counts as lost, once a later one was acknowledged. Each spurious loss adds a quarter RTT, up to one RTT. */
  get #lossDelayMs(): number {
    const rtt = Math.max(this.rtt.latest, this.rtt.smoothed)
    return Math.max(TIME_THRESHOLD * rtt + (this.#reorderFactor * this.rtt.min) / 4, GRANULARITY_MS)
  }

  /** RFC 9002 section 6.1: by packet threshold and by time. Packets are in order of sending, so the first that is not lost ends the search. */
  #detectLost(now: number): void {
    const sent = this.#sent
    const delay = this.#lossDelayMs
    let firstLostAt = -1
    let lostSpanMs = 0
    this.#lossAt = Number.POSITIVE_INFINITY
    for (; sent.oldestOpen < sent.end && sent.oldestOpen < this.#largestAcked; sent.oldestOpen++) {
      const packet = sent.get(sent.oldestOpen)
      if (packet === undefined) firstLostAt = -1 // an acknowledged packet between two lost ones: the congestion is not persistent
      if (packet === undefined || packet.isLost) continue
      if (packet.sentAt + delay > now && this.#largestAcked - packet.sequence < this.#packetThreshold) {
        this.#lossAt = packet.sentAt + delay
        break
      }
      if (firstLostAt < 0) firstLostAt = packet.sentAt
      lostSpanMs = Math.max(lostSpanMs, packet.sentAt - firstLostAt)
      this.#lose(packet, now)
    }
    const persistentMs = this.rtt.probeTimeout(this.#expectedAckDelayMs) * PERSISTENT_CONGESTION_THRESHOLD
    if (this.rtt.hasSample && lostSpanMs > persistentMs) this.#congestion.handlePersistentCongestion()
  }

  #lose(packet: SentPacket, now: number): void {
    packet.isLost = true
    packet.lossEvent = this.#congestion.handleLost(packet, now)
    this.#bytesInFlight -= packet.bytes
    this.#packetsInFlight--
    if (packet.items.length > 0) this.#carriersInFlight--
    this.loss.addLost(now)
    if (!packet.isProbed) this.owner.handlePacketLost(packet)
  }

  /** Sends again what the two oldest open packets carried (RFC 9002 section 6.2.4); they are not declared lost. */
  #probe(): void {
    let probes = 0
    for (let sequence = this.#sent.oldestOpen; sequence < this.#sent.end && probes < 2; sequence++) {
      const packet = this.#sent.get(sequence)
      if (packet === undefined || packet.isLost || packet.isProbed) continue
      packet.isProbed = true
      this.owner.handlePacketLost(packet)
      probes++
    }
  }

  #trim(now: number): void {
    this.#sent.trim(now - LOST_MEMORY_PROBE_TIMEOUTS * this.rtt.probeTimeout(this.#expectedAckDelayMs))
  }
}

const ranges = new AckRanges() // used within one call only
