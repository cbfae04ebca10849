// One peer's messages, over whatever link it is bound to. Bytes and `now` in; bytes, messages and the next deadline out.
// The connection counts messages (lanes, repeats, windows) and outlives links; the path below it counts packets and is made anew at each bind.
import { readFloat64, readUint24, writeFloat64, writeUint24 } from '../wire/bytes.js'
import { CLOCK_PING_MS, IDLE_PING_MS, MAX_PADDING_BYTES, MAX_REDUNDANT_BYTES, MAX_UNRELIABLE_HOLD_MS } from '../wire/limits.js'
import { VarintReader, writeVarint } from '../wire/varint.js'
import { Bbr } from './bbr.js'
import type { CongestionController } from './congestion-controller.js'
import { Cubic } from './cubic.js'
import { ACK, FIRST_SKIPPABLE, isClockTime, isLoopTick, PADDING, PING, PONG, RUN_HEADER_BYTES, WINDOW } from './frames.js'
import type { MessageSink } from './lane-receiver.js'
import { CONTROL_LANE, type LaneWindow } from './lanes.js'
import { MessageReceiver } from './message-receiver.js'
import { MessageSender } from './message-sender.js'
import { addItem, ITEM_REPEATABLE, ITEM_WINDOW } from './packet-items.js'
import { type PacketOwner, Path } from './path.js'
import type { OutMessage, PayloadPool } from './payload-pool.js'
import type { PacketItems, SentPacket } from './sent-packets.js'

/** What the connection hands upward while it reads a packet. */
export interface ConnectionSink extends MessageSink {
  /** The peer answered a ping. All times in ms: the first and last by this side's clock, the two between by the peer's. */
  handlePong(sentAt: number, peerReceivedAt: number, peerSentAt: number, receivedAt: number, peerTick: number, peerTickMs: number): void
}

/** How the endpoint's loop runs; shared by all its connections, kept by the endpoint. */
export interface LoopTiming {
  /** Milliseconds from one update to the next, as far as is known. */
  intervalMs: number
  /** The tick of `run()` as a real number at the current `now`, and milliseconds per tick (0: no fixed loop runs). Told in pongs. */
  tick: number
  tickMs: number
}

/** The controllers that there are: a model of the path, or its losses, say how fast to send. */
export type CongestionControl = 'bbr' | 'cubic'

export interface ConnectionOptions {
  readonly sink: ConnectionSink
  readonly pool: PayloadPool
  readonly timing: LoopTiming
  readonly maxMessageBytes: number
  readonly maxSendQueueBytes: number
  readonly minRateBytesPerSecond: number
  readonly congestionControl?: CongestionControl
  readonly maxAckDelayMs: number
  /** Windows that this side announces for each lane. */
  readonly window: LaneWindow
  /** Bit c: the game uses channel c. */
  readonly channels: number
  /** Whether a packet that is nearly full, with more to follow, is filled up: datagrams of one length leave together at a fraction of the price. */
  readonly fillsPackets?: boolean
  /** The highest id of the game's definitions. Default: the highest that the wire can name. */
  readonly maxTypeId?: number
}

/** Bytes of PING and PONG frames. */
const PING_BYTES = 9
const PONG_BYTES = 41

const reader = new VarintReader()

export class Connection implements PacketOwner {
  readonly #options: ConnectionOptions
  readonly #sender: MessageSender
  readonly #receiver: MessageReceiver
  #path: Path
  #peerMaxAckDelayMs: number
  #failure: string | undefined
  #isOverflowing = false
  // Pings: when the next is due, how many are left of the first run, and the one that waits for its pong.
  #nextPingAt: number
  #clockPingsLeft = 0
  #keepsClock = false
  #isPongDue = false
  #pongFor = 0
  #pingReceivedAt = 0
  /** When a full queue was last cleared of what had expired. */
  #clearedAt = Number.NEGATIVE_INFINITY
  /** Unreliable messages that a full send queue dropped. */
  droppedMessages = 0

  constructor(options: ConnectionOptions, now: number) {
    this.#options = options
    this.#sender = new MessageSender(options.pool, options.window)
    this.#receiver = new MessageReceiver(options.sink, options.window, options.maxMessageBytes, options.channels, options.maxTypeId)
    this.#peerMaxAckDelayMs = options.maxAckDelayMs
    this.#path = this.#newPath(now)
    this.#nextPingAt = now + IDLE_PING_MS
  }

  get path(): Path {
    return this.#path
  }

  /** Why the peer broke the protocol; undefined while it did not. Its packets are ignored from then on. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** A reliable message did not fit into the send queue. */
  get isOverflowing(): boolean {
    return this.#isOverflowing
  }

  get queuedBytes(): number {
    return this.#sender.queuedBytes
  }

  get pendingAcks(): number {
    return this.#sender.pendingAcks
  }

  get heldMessages(): number {
    return this.#receiver.heldMessages
  }

  /** Large unreliable messages that the peer has begun: each took memory, whether or not it is ever complete. */
  get begunReassemblies(): number {
    return this.#receiver.begunReassemblies
  }

  /** Messages given up before they were sent: `ttlMs`, held back too long, or the queue was full. */
  get unsentMessages(): number {
    return this.#sender.expired + this.droppedMessages
  }

  /** Whether everything was sent and, where reliable, acknowledged. */
  get isIdle(): boolean {
    return this.#sender.isIdle
  }

  /** Whether something waits that the window lets go, but pacing or congestion does not. */
  hasUnsent(now: number): boolean {
    this.#sender.admitsBlocks = true
    return this.#sender.urgency(now) >= 0
  }

  /** What the peer announced in Hello or Welcome. Before it, only control messages may be sent. */
  setPeer(window: LaneWindow, maxAckDelayMs: number): void {
    this.#sender.isHeld = false
    this.#sender.window = window
    this.#peerMaxAckDelayMs = maxAckDelayMs
    this.#path.setMaxAckDelays(this.#options.maxAckDelayMs, maxAckDelayMs)
  }

  /** The link is dead. Until `setPeer`, only control messages go over the next one; what is unreliable is let go. */
  leave(): void {
    this.#sender.isHeld = true
    this.#sender.dropUnreliable()
  }

  /**
   * Goes on over another link: packets are counted anew, control messages begin anew, and all that is reliable and unacknowledged goes again.
   * `from`: the connection that has spoken over that link until now, control messages only. Its packets and control messages are this one's from here on, and it is of no use any more.
   */
  bind(now: number, from?: Connection): void {
    this.#path = from === undefined ? this.#newPath(now) : from.#path
    this.#path.owner = this
    this.#path.setMaxAckDelays(this.#options.maxAckDelayMs, this.#peerMaxAckDelayMs)
    this.#sender.changeControlLane(from === undefined ? undefined : from.#sender)
    this.#receiver.changeControlLane(from === undefined ? undefined : from.#receiver)
    this.#sender.requeueAll()
    for (const lane of this.#receiver.open) lane.repeatRaise()
    this.#isPongDue = false
    this.#nextPingAt = now + IDLE_PING_MS
  }

  /** Asks the peer for a sign of life with the next packet. */
  pingSoon(now: number): void {
    this.#nextPingAt = Math.min(this.#nextPingAt, now)
  }

  /** Whether all control messages have arrived. */
  get isControlIdle(): boolean {
    return this.#sender.isControlIdle
  }

  /** Begins the run of pings from which the peer's clock is found. */
  startClockPings(count: number, now: number): void {
    this.#keepsClock = true
    this.#clockPingsLeft = count
    this.#nextPingAt = now
  }

  // ── Sending ──

  /**
   * Queues a message. `ttlMs` (Infinity for none) counts from `now`, which is not looked at without it. The record belongs to the connection from then on.
   * False where it was dropped because the queue is full: then a reliable message has ended the connection (`isOverflowing`).
   */
  send(message: OutMessage, ttlMs: number, now: number): boolean {
    const isUnreliable = message.lane < 0
    if (message.lane !== CONTROL_LANE && this.#isFullFor(message, now)) {
      this.#options.pool.releaseMessage(message)
      if (isUnreliable) this.droppedMessages++
      else this.#isOverflowing = true
      return false
    }
    message.expiresAt = now + ttlMs
    if (message.redundancy > 0 && message.payloadBytes > MAX_REDUNDANT_BYTES) message.redundancy = 0
    this.#sender.push(message)
    return true
  }

  /** Begins an update's transmit; then `pollPayload` until it returns 0, and `endTransmit`. */
  beginTransmit(now: number): void {
    this.#path.beginTransmit(now)
    this.#sender.beginUpdate(this.#sender.hasReliable ? this.#path.loss.riskAt(now) : 0) // what is unreliable is never repeated for it
  }

  /** Ends it: what is unreliable and could not leave may wait a little, and no more. True where something is held back that the peer's windows let go. */
  endTransmit(now: number): boolean {
    this.#sender.holdUnreliable(now + MAX_UNRELIABLE_HOLD_MS + this.#options.timing.intervalMs)
    return this.hasUnsent(now)
  }

  /**
   * Writes the next packet's payload to `bytes[at, end)`; `sequence` is the number that the link will give it. Returns its length; 0: nothing to send now.
   */
  pollPayload(bytes: Uint8Array, at: number, end: number, sequence: number, now: number): number {
    const path = this.#path
    this.#sender.maxWholeBytes = end - at - RUN_HEADER_BYTES
    this.#sender.admitsBlocks = path.admitsBlocks
    // The last call of every transmit: no packet is begun, as with thousands of peers each thing that is touched has to come from memory.
    const hasMessages = path.canSend && this.#sender.urgency(now) >= 0
    if (path.canSend && !hasMessages && this.#hasNoFrames(now)) {
      path.noteNothingToSend()
      return 0
    }
    const packet = path.canSend ? path.prepare(sequence, now) : undefined
    const ackEnd = path.hasUnacked ? path.writeAck(bytes, at, end, now) : at
    const pongEnd = this.#writePong(bytes, ackEnd, end, now)
    let offset = pongEnd
    let leaves = pongEnd > ackEnd || path.isAckDue(now, this.#options.timing.intervalMs)
    if (packet === undefined) path.noteBlocked()
    else {
      offset = this.#writeWindows(bytes, offset, end, packet.items)
      offset = this.#writePing(bytes, offset, end, now)
      leaves ||= offset > pongEnd || hasMessages || path.needsProbe // an ack leaves alone where a message has no room beside it
      offset = this.#sender.write(bytes, offset, end, packet.items, leaves, hasMessages, now)
      if (offset === pongEnd && path.needsProbe && !hasMessages) offset = writePing(bytes, offset, end, now)
      if (offset === pongEnd && !hasMessages) path.noteNothingToSend()
    }
    const isAckEliciting = offset > pongEnd
    if (!isAckEliciting && (offset === at || !leaves)) return 0
    if (this.#options.fillsPackets && end - offset <= MAX_PADDING_BYTES && offset < end && this.#sender.urgency(now) >= 0) {
      bytes.fill(PADDING, offset, end)
      offset = end
    }
    if (pongEnd > ackEnd) this.#isPongDue = false
    path.handleSent(packet, sequence, offset - at, ackEnd > at, isAckEliciting, now)
    return offset - at
  }

  // ── Receiving ──

  /** A packet without a payload of ours (a keep-alive) came over the link. */
  handleKeepAlive(sequence: number, at: number): void {
    this.#path.handleReceived(sequence, false, at)
  }

  /**
   * Reads the payload `bytes[start, end)` of a packet that the link has opened. `nextSequence`: the number of the next packet to be sent.
   * `at`: when the socket gave it. False where it broke the protocol (`failure` says how).
   */
  handlePayload(bytes: Uint8Array, start: number, end: number, sequence: number, nextSequence: number, at: number): boolean {
    if (this.#failure !== undefined) return false
    let isAckEliciting = false
    let hasAck = false
    let offset = start
    while (offset < end) {
      const type = bytes[offset]!
      const frame = offset + 1
      if (type === ACK) {
        // One is enough for anyone: each may have to look through all packets that are in flight, and a payload has room for 131.
        offset = hasAck ? -1 : this.#path.handleAck(bytes, frame, end, nextSequence, at)
        hasAck = true
      } else {
        if (type === PADDING) {
          offset = frame
          continue
        }
        if (type !== PONG) isAckEliciting = true
        offset = this.#receiver.read(type, bytes, frame, end)
        if (offset === -2) offset = this.#handleFrame(type, bytes, frame, end, at)
      }
      if (offset < 0) {
        this.#failure = `a frame of type 0x${type.toString(16).padStart(2, '0')} is malformed or exceeds what was allowed`
        return false
      }
    }
    this.#path.handleReceived(sequence, isAckEliciting, at)
    return true
  }

  // ── Time ──

  /** When `handleTimeout` or `pollPayload` has something to do at the latest. */
  nextDeadline(): number {
    return Math.min(this.#path.nextDeadline(), this.#path.ackDeadline - this.#options.timing.intervalMs, this.#nextPingAt)
  }

  handleTimeout(now: number): void {
    this.#path.handleTimeout(now)
  }

  /** This side stalled for `ms`. */
  shift(ms: number, now: number): void {
    this.#path.shift(ms, now)
  }

  /** The connection has ended: its memory is given back. */
  close(): void {
    this.#sender.clear()
  }

  // ── What the path tells ──

  handlePacketAcked(packet: SentPacket): void {
    this.#sender.handleItemsAcked(packet.items)
  }

  handlePacketLost(packet: SentPacket): void {
    this.#sender.handleItemsLost(packet.items)
    for (let i = 0; i < packet.items.length; i += 4) {
      const kind = packet.items[i]!
      if (kind >= ITEM_WINDOW && kind < ITEM_REPEATABLE) this.#receiver.lane(kind - ITEM_WINDOW)?.repeatRaise()
    }
  }

  // ── Frames that are not messages ──

  #handleFrame(type: number, bytes: Uint8Array, at: number, end: number, receivedAt: number): number {
    switch (type) {
      case PING:
        if (at + PING_BYTES - 1 > end || !isClockTime(readFloat64(bytes, at))) return -1
        this.#pongFor = readFloat64(bytes, at)
        this.#isPongDue = true
        this.#pingReceivedAt = receivedAt
        return at + PING_BYTES - 1
      case PONG:
        return this.#handlePong(bytes, at, end, receivedAt)
      case WINDOW:
        return this.#handleWindow(bytes, at, end)
      default:
        return type < FIRST_SKIPPABLE ? -1 : skip(bytes, at, end)
    }
  }

  #handlePong(bytes: Uint8Array, at: number, end: number, receivedAt: number): number {
    if (at + PONG_BYTES - 1 > end) return -1
    for (let i = 0; i < 3; i++) if (!isClockTime(readFloat64(bytes, at + 8 * i))) return -1
    if (!isLoopTick(readFloat64(bytes, at + 24), readFloat64(bytes, at + 32))) return -1
    this.#options.sink.handlePong(
      readFloat64(bytes, at),
      readFloat64(bytes, at + 8),
      readFloat64(bytes, at + 16),
      receivedAt,
      readFloat64(bytes, at + 24),
      readFloat64(bytes, at + 32),
    )
    return at + PONG_BYTES - 1
  }

  #handleWindow(bytes: Uint8Array, at: number, end: number): number {
    if (at + 4 > end || bytes[at]! > CONTROL_LANE || !reader.read(bytes, at + 4, end)) return -1
    this.#sender.raiseWindow(bytes[at]!, readUint24(bytes, at + 1), reader.value)
    return reader.offset
  }

  /** Whether a packet without messages would have nothing to carry: no ack, no probe, no frame of the connection's own. */
  #hasNoFrames(now: number): boolean {
    const path = this.#path
    if (path.hasUnacked || path.needsProbe || this.#isPongDue || now >= this.#nextPingAt) return false
    if (this.#sender.isHeld) return true
    for (const lane of this.#receiver.open) if (lane.needsRaise) return false
    return true
  }

  #writeWindows(bytes: Uint8Array, at: number, end: number, items: PacketItems): number {
    let offset = at
    if (this.#sender.isHeld) return at // whoever answers at the other end may not know these lanes yet
    for (const lane of this.#receiver.open) {
      if (!lane.needsRaise || offset + 13 > end) continue
      lane.raise()
      bytes[offset] = WINDOW
      bytes[offset + 1] = lane.lane
      offset = writeVarint(bytes, writeUint24(bytes, offset + 2, lane.messageLimit), lane.byteLimit)
      addItem(items, ITEM_WINDOW + lane.lane, 0, 0, 0)
    }
    return offset
  }

  /** Before the queue counts as full, once in an update, what has expired in it makes room. */
  #isFullFor(message: OutMessage, now: number): boolean {
    const room = this.#options.maxSendQueueBytes - (message.end - message.start)
    if (this.#sender.queuedBytes <= room) return false
    if (this.#clearedAt < now) this.#sender.dropExpired(now)
    this.#clearedAt = now
    return this.#sender.queuedBytes > room
  }

  /** A ping where one is due: in the first run for the clock, then every two seconds; a side that keeps no clock only while it has no other RTT samples. */
  #writePing(bytes: Uint8Array, at: number, end: number, now: number): number {
    if (now < this.#nextPingAt || at + PING_BYTES > end) return at
    const isOfRun = this.#clockPingsLeft > 0
    if (isOfRun) this.#clockPingsLeft--
    const isFresh = !isOfRun && !this.#keepsClock && this.#path.lastSampleAt + IDLE_PING_MS > now
    this.#nextPingAt = (isFresh ? this.#path.lastSampleAt : now) + (this.#clockPingsLeft > 0 ? CLOCK_PING_MS : IDLE_PING_MS)
    if (isFresh) return at
    return writePing(bytes, at, end, now)
  }

  #writePong(bytes: Uint8Array, at: number, end: number, now: number): number {
    if (!this.#isPongDue || at + PONG_BYTES > end) return at
    const { timing } = this.#options
    bytes[at] = PONG
    let offset = writeFloat64(bytes, at + 1, this.#pongFor)
    offset = writeFloat64(bytes, offset, this.#pingReceivedAt)
    offset = writeFloat64(bytes, offset, now)
    offset = writeFloat64(bytes, offset, timing.tick)
    return writeFloat64(bytes, offset, timing.tickMs)
  }

  #newPath(now: number): Path {
    const { congestionControl, minRateBytesPerSecond, maxAckDelayMs } = this.#options
    const congestion: CongestionController =
      congestionControl === 'cubic' ? new Cubic(minRateBytesPerSecond) : new Bbr(minRateBytesPerSecond)
    return new Path(this, congestion, maxAckDelayMs, now)
  }
}

function writePing(bytes: Uint8Array, at: number, end: number, now: number): number {
  if (at + PING_BYTES > end) return at
  bytes[at] = PING
  return writeFloat64(bytes, at + 1, now)
}

/** A frame of a later version: a varint length and as many bytes. Returns the offset behind it, or -1. */
function skip(bytes: Uint8Array, at: number, end: number): number {
  if (!reader.read(bytes, at, end) || reader.offset + reader.value > end) return -1
  return reader.offset + reader.value
}
