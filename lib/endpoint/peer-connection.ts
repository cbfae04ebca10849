// One connection as its endpoint sees it: the protocol's connection, the messages of the game and of the control channel on it, its counters, and how it says farewell.
// A Client has one; a Server has one for each slot.

import { decodeWork } from '../messages/decode-work.js'
import type { AnyMessageType, Delivery, MessageFactory } from '../messages/index.js'
import { Connection, type ConnectionSink, type LoopTiming } from '../protocol/connection.js'
import { CONTROL_LANE, type LaneWindow, laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from '../protocol/lanes.js'
import type { PayloadPool } from '../protocol/payload-pool.js'
import type { MiddlewareChain } from '../sessions/middleware.js'
import { Pressure } from '../sessions/pressure.js'
import {
  CANCELLATION,
  CONFIRMABLE,
  CONFIRMATION,
  type ConfirmOutcome,
  encodeConfirmable,
  readCancellation,
  readConfirmable,
  readConfirmation,
} from '../sessions/system-messages.js'
import type { Taps } from '../sessions/taps.js'
import { MAX_CHANNELS, MIN_MAX_ACK_DELAY_MS } from '../wire/limits.js'
import type { Deadlines } from './deadlines.js'
import type { MessageEncoder } from './message-encoder.js'
import { Counters, type DropCounters } from './metrics.js'
import type { NetworkError } from './network-error.js'
import type { Settings } from './options.js'
import { Outbox } from './outbox.js'

/** What a `PeerConnection` needs of its endpoint. */
export interface PeerConnectionOptions {
  readonly settings: Settings
  readonly factory: MessageFactory
  readonly isServer: boolean
  readonly pool: PayloadPool
  readonly encoder: MessageEncoder
  readonly timing: LoopTiming
  /** How long acks of this side may wait. */
  readonly maxAckDelayMs: number
  /** Whether full datagrams are cheaper where they are sent one behind the other. */
  readonly fillsPackets: boolean
  /** Sums over all connections of the endpoint. */
  readonly totals: Counters
  readonly drops: DropCounters
  /** When its connections have something to do. */
  readonly deadlines: Deadlines
  /** Of the whole endpoint. `any`: what they call a peer is the endpoint's. */
  readonly taps: Taps<any>
  readonly middleware: MiddlewareChain<any>
}

/** One of the library's own messages, as it arrived. */
export type SystemMessage =
  | { readonly kind: 'confirmable'; readonly id: number; readonly type: AnyMessageType; readonly message: object }
  | { readonly kind: 'confirmation'; readonly id: number; readonly outcome: ConfirmOutcome }
  | { readonly kind: 'cancellation'; readonly id: number }

/** What becomes of what arrives. */
export interface PeerConnectionOwner {
  /** Whether messages of the game may arrive yet. */
  readonly admitsMessages: boolean
  /** As the game knows the other side; undefined on a client, and before it was let in. */
  readonly peer: object | undefined
  handleMessage(type: AnyMessageType, message: object): void
  handleControl(typeId: number, payload: Uint8Array): void
  /** In its place among the messages of the game. */
  handleSystem(message: SystemMessage): void
  handlePong(sentAt: number, peerReceivedAt: number, peerSentAt: number, receivedAt: number, peerTick: number, peerTickMs: number): void
  /** The send queue rose above the high water, or fell below half of it. */
  handlePressure(queuedBytes: number, isHigh: boolean): void
}

/** The farewell waits this long for reliable messages sent before it, and altogether this long for its acknowledgement. */
const DRAIN_MS = 500
const FAREWELL_MS = 1000

/** So many elements of arrays or packed values cost about as much to decode as a small message does in all: 16 × 10–60 ns. */
const VALUES_PER_MESSAGE = 16

/** The control channel goes ahead of everything. */
const CONTROL_PRIORITY = 7

export class PeerConnection implements ConnectionSink {
  readonly protocol: Connection
  readonly counters = new Counters()
  readonly pressure: Pressure
  /** How long acks of this side may wait, as it tells the peer. */
  readonly maxAckDelayMs: number
  /** The largest message that both sides admit. */
  maxMessageBytes: number
  readonly #deadlines: Deadlines
  /** Its place among the deadlines of its endpoint; -1 while its link is dead. */
  #slot: number
  readonly #options: PeerConnectionOptions
  readonly #owner: PeerConnectionOwner
  readonly #otherSide: 'client' | 'server'
  /** Messages that wait for Welcome; undefined once they need not. */
  #outbox: Outbox | undefined
  #isAway = false
  #farewell: { readonly typeId: number; readonly payload: Uint8Array } | undefined
  #farewellAt = 0
  #closedAt = Number.POSITIVE_INFINITY
  #workOfPacket = 0

  /** `slot`: its place among the deadlines of its endpoint. */
  constructor(options: PeerConnectionOptions, owner: PeerConnectionOwner, slot: number, now: number) {
    const { settings, factory } = options
    this.#deadlines = options.deadlines
    this.#slot = slot
    this.#options = options
    this.#owner = owner
    this.#otherSide = options.isServer ? 'client' : 'server'
    this.maxMessageBytes = settings.maxMessageBytes
    this.maxAckDelayMs = options.maxAckDelayMs
    this.pressure = new Pressure(settings.highWaterBytes)
    this.protocol = new Connection(
      {
        sink: this,
        pool: options.pool,
        timing: options.timing,
        maxMessageBytes: settings.maxMessageBytes,
        maxSendQueueBytes: settings.maxSendQueueBytes,
        minRateBytesPerSecond: settings.minRateBytesPerSecond,
        congestionControl: settings.congestionControl,
        maxAckDelayMs: options.maxAckDelayMs,
        window: settings.window,
        fillsPackets: options.fillsPackets,
        channels: channelsOf(factory),
        maxTypeId: factory.definitions.at(-1)?.id ?? -1,
      },
      now,
    )
    const { maxSendQueueBytes: maxBytes } = settings
    this.#outbox = new Outbox(options.pool, { maxMessages: Number.POSITIVE_INFINITY, maxBytes, whenFull: 'reject' }, this.protocol, false)
    this.wake()
  }

  /** Something may have to be sent, or looked at, with the next step of the endpoint. */
  wake(): void {
    if (this.#slot >= 0) this.#deadlines.set(this.#slot, Number.NEGATIVE_INFINITY)
  }

  /** Whether it was woken, or one of its deadlines has come. */
  isDue(now: number): boolean {
    return this.#slot >= 0 && this.#deadlines.get(this.#slot) <= now
  }

  // ── Sending ──

  /** Encodes and queues a message. Returns the bytes queued, 0 where it was dropped. Throws for misuse. */
  send(type: AnyMessageType, values: unknown, delivery: Delivery, now: number): number {
    this.#options.encoder.encode(type, values)
    return this.sendEncoded(type, delivery, now)
  }

  /** Whether `sendEncoded` needs the time: to read the clock costs as much as all else that is done for a small message. */
  needsNow(type: AnyMessageType | undefined): boolean {
    return type?.ttlMs !== undefined || this.protocol.queuedBytes * 2 > this.#options.settings.maxSendQueueBytes
  }

  /** Queues the message that the encoder holds. `now` may be 0 where `needsNow` says so. Throws a NetworkError where it is larger than the peer takes. */
  sendEncoded(type: AnyMessageType, delivery: Delivery, now: number): number {
    const { encoder, pool } = this.#options
    const bytes = encoder.end - encoder.start
    if (encoder.end - encoder.payload > this.maxMessageBytes)
      throw encoder.tooLarge(type, encoder.end - encoder.payload, this.maxMessageBytes)
    const message = pool.message(encoder.slab, encoder.start, encoder.payload, encoder.end)
    message.typeId = type.id
    message.priority = type.priority
    message.redundancy = type.redundancy
    message.lane = laneOf(delivery, type.channel)
    this.wake()
    const ttlMs = type.ttlMs ?? Number.POSITIVE_INFINITY
    if (this.#outbox !== undefined) {
      if (!this.#outbox.push(type, message, now + ttlMs)) return 0
    } else if (!this.protocol.send(message, ttlMs, now)) return 0
    this.counters.outMessages++
    this.#options.totals.outMessages++
    return bytes
  }

  sendControl(typeId: number, payload: Uint8Array, now: number): void {
    const message = this.#options.pool.frame(typeId, payload)
    message.lane = CONTROL_LANE
    message.priority = CONTROL_PRIORITY
    message.redundancy = 0
    this.wake()
    this.protocol.send(message, Number.POSITIVE_INFINITY, now)
  }

  /** Queues the message that the encoder holds inside a Confirmable, ordered on its channel. False where it was dropped. Throws a NetworkError where it is larger than the peer takes. */
  sendConfirmable(id: number, type: AnyMessageType, now: number): boolean {
    const { encoder, totals } = this.#options
    const payload = encodeConfirmable(id, type.id, encoder.slab.bytes, encoder.payload, encoder.end)
    encoder.giveBack()
    if (payload.length > this.maxMessageBytes) throw encoder.tooLarge(type, payload.length, this.maxMessageBytes)
    if (!this.sendSystem(CONFIRMABLE, payload, type, now)) return false
    this.counters.outMessages++
    totals.outMessages++
    return true
  }

  /** Queues one of the library's own messages, ordered on the channel of the game's that it is about. False where it was dropped. */
  sendSystem(typeId: number, payload: Uint8Array, about: AnyMessageType, now: number): boolean {
    const message = this.#options.pool.frame(typeId, payload)
    message.lane = laneIndex(about.channel, true)
    message.priority = about.priority
    message.redundancy = 0
    this.wake()
    if (this.#outbox !== undefined) return this.#outbox.push(about, message, Number.POSITIVE_INFINITY)
    return this.protocol.send(message, Number.POSITIVE_INFINITY, now)
  }

  /** A reliable message did not fit into the send queue. */
  get isOverflowing(): boolean {
    return (!this.#isAway && this.#outbox?.isOverflowing) || this.protocol.isOverflowing
  }

  /** While the link is dead: the outbox has refused something reliable. */
  get isOutboxFull(): boolean {
    return this.#isAway && (this.#outbox?.isOverflowing ?? false)
  }

  /** Bytes that wait to be sent or acknowledged. */
  get queuedBytes(): number {
    return this.protocol.queuedBytes + (this.#outbox?.bytes ?? 0)
  }

  /** The peer has said what it takes: messages that waited go out, save those that are too large for it. Returns an error for each of these. */
  open(window: LaneWindow, peerMaxAckDelayMs: number, peerMaxMessageBytes: number, now: number): NetworkError[] {
    this.maxMessageBytes = Math.min(this.maxMessageBytes, peerMaxMessageBytes)
    this.protocol.setPeer(window, Math.max(peerMaxAckDelayMs, 1))
    const waiting = this.#outbox?.drain() ?? []
    this.#outbox = undefined
    this.#isAway = false
    const errors: NetworkError[] = []
    for (const { type, message, expiresAt } of waiting) {
      if (message.payloadBytes <= this.maxMessageBytes)
        this.protocol.send(message, expiresAt - now, now) // its time may be over: then it is let go unsent
      else {
        errors.push(this.#options.encoder.tooLarge(type, message.payloadBytes, this.maxMessageBytes))
        this.#options.pool.releaseMessage(message)
      }
    }
    return errors
  }

  /** As `Connection.pollPayload`, for a link that says how large its next payload may be. */
  pollPayload(bytes: Uint8Array, at: number, maxPayloadBytes: number, sequence: number, now: number): number {
    const length = this.protocol.pollPayload(bytes, at, at + maxPayloadBytes, sequence, now)
    const { taps } = this.#options
    if (taps.seesPackets && length > 0) taps.packet('out', this.#owner.peer, bytes.subarray(at, at + length), now)
    return length
  }

  /** After the last `pollPayload` of an update. `stageEndsAt`: a deadline of the owner's own. */
  endTransmit(now: number, stageEndsAt = Number.POSITIVE_INFINITY): void {
    const isBusy = this.protocol.endTransmit(now) || this.isOverflowing || (this.#farewell !== undefined && this.protocol.isIdle)
    this.#deadlines.set(
      this.#slot,
      isBusy ? Number.NEGATIVE_INFINITY : Math.min(this.protocol.nextDeadline(), this.#closingAt, stageEndsAt),
    )
    if (this.#outbox === undefined || this.#isAway) this.checkPressure() // before the first Welcome it is too early to judge
  }

  /** Tells the owner where what waits has crossed a mark. While the link is dead, its outbox counts. */
  checkPressure(): void {
    const { queuedBytes } = this
    if (this.pressure.hasCrossed(queuedBytes)) this.#owner.handlePressure(queuedBytes, this.pressure.isHigh)
  }

  countSent(datagramBytes: number): void {
    this.counters.outPackets++
    this.counters.outBytes += datagramBytes
    this.#options.totals.outPackets++
    this.#options.totals.outBytes += datagramBytes
  }

  // ── Receiving ──

  /** A datagram of this connection has arrived. The endpoint's totals count it apart, with those that are nobody's. */
  countReceived(datagramBytes: number): void {
    this.counters.inPackets++
    this.counters.inBytes += datagramBytes
  }

  /** A packet that the link has opened: a payload at bytes[start, end), or a keep-alive. Returns what it cost: the messages in it, the useless ones too, and what costs as much as so many. */
  handlePacket(
    bytes: Uint8Array,
    start: number,
    end: number,
    isPayload: boolean,
    sequence: number,
    nextSequence: number,
    at: number,
  ): number {
    const { totals } = this.#options
    this.wake()
    if (isPayload) {
      const { taps } = this.#options
      if (taps.seesPackets) taps.packet('in', this.#owner.peer, bytes.subarray(start, end), at)
      this.#workOfPacket = 0
      const begunBefore = this.protocol.begunReassemblies
      this.protocol.handlePayload(bytes, start, end, sequence, nextSequence, at)
      return this.#workOfPacket + this.protocol.begunReassemblies - begunBefore
    }
    this.counters.keepaliveCount++
    totals.keepaliveCount++
    this.protocol.handleKeepAlive(sequence, at)
    return 0
  }

  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number, isOwned: boolean): void {
    this.#workOfPacket++
    if (lane === CONTROL_LANE) {
      this.#owner.handleControl(typeId, bytes.slice(start, end))
      return
    }
    const { factory, drops, totals } = this.#options
    if (!this.#owner.admitsMessages) {
      drops.earlyMessage++
      return
    }
    const type = factory.typeById(typeId)
    if (type === undefined) {
      this.#handleSystem(lane, typeId, bytes, start, end, isOwned)
      return
    }
    const message = this.#decode(type, bytes, start, end, isOwned)
    if (message === undefined) return
    this.counters.inMessages++
    totals.inMessages++
    this.#owner.handleMessage(type, message)
  }

  /** Checks the direction, and decodes; undefined where it was dropped. */
  #decode(type: AnyMessageType, bytes: Uint8Array, start: number, end: number, isOwned: boolean): object | undefined {
    const { drops } = this.#options
    if (type.from !== 'both' && type.from !== this.#otherSide) {
      drops.wrongDirection++
      return undefined
    }
    const before = decodeWork.values
    const message = type.codec.decode(bytes, start, end, isOwned)
    this.#workOfPacket += (decodeWork.values - before) / VALUES_PER_MESSAGE
    if (message === undefined) drops.malformedMessage++
    return message
  }

  /** What is of no definition of the game: one of the library's own, where it stands on an ordered lane, or nobody's. */
  #handleSystem(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number, isOwned: boolean): void {
    const { drops } = this.#options
    if (lane < 0 || lane >= MAX_CHANNELS || typeId < CONFIRMABLE || typeId > CANCELLATION) {
      drops.unknownMessage++
      return
    }
    if (typeId === CONFIRMABLE) {
      this.#handleConfirmable(bytes, start, end, isOwned)
      return
    }
    if (typeId === CONFIRMATION) {
      const confirmation = readConfirmation(bytes, start, end)
      if (confirmation === undefined) drops.malformedMessage++
      else this.#owner.handleSystem({ kind: 'confirmation', ...confirmation })
      return
    }
    const id = readCancellation(bytes, start, end)
    if (id === undefined) drops.malformedMessage++
    else this.#owner.handleSystem({ kind: 'cancellation', id })
  }

  /** The message inside is what it would be by itself: of this factory, in the right direction, decoded. */
  #handleConfirmable(bytes: Uint8Array, start: number, end: number, isOwned: boolean): void {
    const { factory, drops, totals } = this.#options
    const head = readConfirmable(bytes, start, end)
    if (head === undefined) {
      drops.malformedMessage++
      return
    }
    const type = factory.typeById(head.typeId)
    if (type === undefined) {
      drops.unknownMessage++
      return
    }
    const message = this.#decode(type, bytes, head.payload, end, isOwned)
    if (message === undefined) return
    this.counters.inMessages++
    totals.inMessages++
    this.#owner.handleSystem({ kind: 'confirmable', id: head.id, type, message })
  }

  handlePong(sentAt: number, peerReceivedAt: number, peerSentAt: number, receivedAt: number, peerTick: number, peerTickMs: number): void {
    this.#owner.handlePong(sentAt, peerReceivedAt, peerSentAt, receivedAt, peerTick, peerTickMs)
  }

  // ── Links ──

  /** The link is dead: what is sent waits in an outbox until `open`. */
  leaveLink(): void {
    const { pool, settings } = this.#options
    this.protocol.leave()
    this.#isAway = true
    this.#slot = -1
    this.#outbox ??= new Outbox(pool, settings.outbox, this.protocol, true)
  }

  /** Goes on over another link, with the deadlines of `slot`; `from` has said Hello over it. Messages of the game wait for `open`. */
  bindLink(slot: number, now: number, from?: PeerConnection): void {
    this.protocol.bind(now, from?.protocol)
    this.#slot = slot
    this.wake()
  }

  // ── Farewell ──

  get isClosing(): boolean {
    return this.#closedAt < Number.POSITIVE_INFINITY
  }

  /** When `handleClosing` has work at the latest; before that only where everything is acknowledged. */
  get #closingAt(): number {
    return this.#farewell === undefined ? this.#closedAt : Math.min(this.#farewellAt, this.#closedAt)
  }

  /** Begins to close: after what is reliable has arrived, or half a second, the farewell goes out; a second altogether is waited for its acknowledgement. */
  close(typeId: number, payload: Uint8Array, now: number, drains: boolean): void {
    if (this.isClosing) return
    this.#farewell = { typeId, payload }
    this.#farewellAt = drains ? now + DRAIN_MS : now
    this.#closedAt = now + FAREWELL_MS
    this.wake()
  }

  /** The peer has closed: what is owed of acknowledgements leaves at once, and the link may end when the peer ends it, or after a second. */
  closeByPeer(now: number): void {
    if (this.isClosing) return
    this.protocol.path.ackAtOnce()
    this.#closedAt = now + FAREWELL_MS
    this.wake()
  }

  /** Sends the farewell when it is time. True once the link can be ended: the farewell is acknowledged, or was waited for long enough. */
  handleClosing(now: number): boolean {
    if (now >= this.#closedAt) return true
    if (this.#farewell === undefined) return false
    if (this.#farewellAt === Number.POSITIVE_INFINITY) return this.protocol.isIdle
    if (now < this.#farewellAt && !this.protocol.isIdle) return false
    this.#farewellAt = Number.POSITIVE_INFINITY
    this.sendControl(this.#farewell.typeId, this.#farewell.payload, now)
    return false
  }

  /** The farewell goes out with the next transmit, whatever else waits. */
  hurryFarewell(now: number): void {
    if (this.#farewell === undefined || this.#farewellAt === Number.POSITIVE_INFINITY) return
    this.#farewellAt = now
    this.handleClosing(now)
  }

  /** The end: memory is given back. */
  release(): void {
    this.#outbox?.clear()
    this.protocol.close()
  }
}

/** How long acks may wait beside a loop of this interval: it acknowledges at an update, and not the very next one where something may still ride along. */
export function maxAckDelayFor(intervalMs: number): number {
  return Math.max(MIN_MAX_ACK_DELAY_MS, Math.ceil(1.5 * intervalMs))
}

function laneOf(delivery: Delivery, channel: number): number {
  switch (delivery) {
    case 'unreliable':
      return UNRELIABLE_LANE
    case 'sequenced':
      return SEQUENCED_LANE
    default:
      return laneIndex(channel, delivery === 'ordered')
  }
}

/** Bit c: a definition names channel c. */
function channelsOf(factory: MessageFactory): number {
  let channels = 0
  for (const type of factory.definitions) channels |= 1 << type.channel
  return channels
}
