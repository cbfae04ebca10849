// The sending half of a connection: all lanes, the unreliable queue and the repeats, and the choice of what goes into a packet next, by priority.
import { MAX_EARLY_BYTES, MAX_EARLY_MESSAGES, MAX_WHOLE_BYTES } from '../wire/limits.js'
import { restoreId } from '../wire/sequence.js'
import { NUMBERED_HEADER_BYTES } from './frames.js'
import { type LaneOwner, LaneSender } from './lane-sender.js'
import { CONTROL_LANE, CONTROL_WINDOW, LANES, type LaneWindow } from './lanes.js'
import { ITEM_FRAGMENT, ITEM_REPEATABLE, ITEM_RUN, ITEM_WINDOW } from './packet-items.js'
import type { OutMessage, PayloadPool } from './payload-pool.js'
import { earlyRepeats, Redundancy, type Repeat, type RepeatOwner } from './redundancy.js'
import type { PacketItems } from './sent-packets.js'
import { addRepeatable, type UnreliableOwner, UnreliableSender, writeNumbered } from './unreliable-sender.js'

export class MessageSender implements LaneOwner, UnreliableOwner, RepeatOwner {
  readonly #pool: PayloadPool
  readonly #lanes: (LaneSender | undefined)[] = new Array(LANES).fill(undefined)
  /** The lanes that exist, for the loops. */
  readonly #open: LaneSender[] = []
  readonly #unreliable = new UnreliableSender(this)
  readonly #redundancy = new Redundancy(this)
  /** Which lane (or, behind the last, the unreliable queue) goes first among equally urgent ones. Each packet begins with the next, so that none starves another. */
  #turn = 0
  /** A framed message above this does not fit into a packet of the link: it is cut into fragments. Set with each packet. */
  maxWholeBytes = MAX_WHOLE_BYTES
  /** Whether fragments may go into the packet. Set with each packet. */
  admitsBlocks = true
  /** How often small messages of thin streams are repeated early. Set with each update. */
  earlyRepeats = 0
  /** The window that the peer announced for each lane. */
  window: LaneWindow
  /** Framed bytes of everything that waits or is unacknowledged. */
  queuedBytes = 0
  /** Reliable messages of the game not yet acknowledged. */
  pendingAcks = 0
  /** Only control messages may go: the link is dead, or the peer has not said yet that it goes on. */
  isHeld = false
  /** Messages that were given up before their first transmission, because of `ttlMs` or because they were held back. */
  expired = 0

  constructor(pool: PayloadPool, window: LaneWindow) {
    this.#pool = pool
    this.window = window
  }

  push(message: OutMessage): void {
    this.queuedBytes += message.end - message.start
    if (message.lane < 0) {
      this.#unreliable.push(message)
      return
    }
    if (message.lane !== CONTROL_LANE) this.pendingAcks++
    ;(this.#lanes[message.lane] ?? this.#openLane(message.lane)).push(message)
  }

  /** Whether nothing waits and nothing is unacknowledged. */
  get isIdle(): boolean {
    return this.#unreliable.isIdle && !this.hasReliable
  }

  /** Whether a reliable message waits or is unacknowledged. */
  get hasReliable(): boolean {
    for (let i = 0; i < this.#open.length; i++) if (!this.#open[i]!.isIdle) return true
    return false
  }

  /** How urgent the most urgent is; -1 where nothing can be sent. */
  urgency(now: number): number {
    if (this.isHeld) return this.#lanes[CONTROL_LANE]?.urgency(now) ?? -1
    let best = this.#unreliable.urgency(now)
    for (let i = 0; i < this.#open.length; i++) best = Math.max(best, this.#open[i]!.urgency(now))
    return best
  }

  /** `risk`: how likely a packet is to be lost. */
  beginUpdate(risk: number): void {
    this.earlyRepeats = earlyRepeats(risk)
    this.#redundancy.beginUpdate()
  }

  /** Fills a packet with messages: repeats first, so that older ones arrive before newer ones, then by priority. `leavesAnyway`: even without repeats; `hasMessages`: because of new ones or such as were lost. */
  write(bytes: Uint8Array, at: number, end: number, items: PacketItems, leavesAnyway: boolean, hasMessages: boolean, now: number): number {
    let offset =
      leavesAnyway && this.#redundancy.length > 0 && !this.isHeld ? this.#redundancy.write(bytes, at, end, items, hasMessages) : at
    this.#turn++
    for (;;) {
      const before = offset
      offset = this.#writeMostUrgent(bytes, offset, end, items, now)
      if (offset === before) return offset
    }
  }

  /** The peer raised a window; of the message limit it tells the low 24 bits. */
  raiseWindow(lane: number, messageLimitLow: number, byteLimit: number): void {
    const sender = this.#lanes[lane]
    sender?.raiseWindow(restoreId(messageLimitLow, sender.nextId), byteLimit)
  }

  handleItemsAcked(items: PacketItems): void {
    for (let i = 0; i < items.length; i += 4) {
      const kind = items[i]!
      if (kind < ITEM_FRAGMENT) this.#lanes[kind - ITEM_RUN]?.handleRunAcked(items[i + 1]!, items[i + 2]!)
      else if (kind < ITEM_WINDOW) this.#lanes[kind - ITEM_FRAGMENT]?.handleFragmentAcked(items[i + 1]!, items[i + 2]!, items[i + 3]!)
      else if (kind === ITEM_REPEATABLE) this.#redundancy.handleAcked(items[i + 1]!, items[i + 2]!)
    }
  }

  handleItemsLost(items: PacketItems): void {
    for (let i = 0; i < items.length; i += 4) {
      const kind = items[i]!
      if (kind < ITEM_FRAGMENT) this.#lanes[kind - ITEM_RUN]?.handleRunLost(items[i + 1]!, items[i + 2]!)
      else if (kind < ITEM_WINDOW) this.#lanes[kind - ITEM_FRAGMENT]?.handleFragmentLost(items[i + 1]!, items[i + 2]!, items[i + 3]!)
    }
  }

  get isControlIdle(): boolean {
    return this.#lanes[CONTROL_LANE]?.isIdle ?? true
  }

  /** Control messages begin anew, or go on where those of another connection stood: it has no other messages. */
  changeControlLane(from: MessageSender | undefined): void {
    this.#takeControlLane()?.clear()
    const lane = from === undefined ? undefined : from.#takeControlLane()
    if (from === undefined || lane === undefined) return
    lane.owner = this
    this.#lanes[CONTROL_LANE] = lane
    this.#open.push(lane)
    this.queuedBytes += from.queuedBytes
    from.queuedBytes = 0
  }

  #takeControlLane(): LaneSender | undefined {
    const lane = this.#lanes[CONTROL_LANE]
    if (lane === undefined) return undefined
    this.#lanes[CONTROL_LANE] = undefined
    this.#open.splice(this.#open.indexOf(lane), 1)
    return lane
  }

  /** What is unreliable is let go; nothing is repeated. */
  dropUnreliable(): void {
    this.#redundancy.clear()
    this.#unreliable.clear()
  }

  /** The link is another one: all that is reliable and unacknowledged goes again. */
  requeueAll(): void {
    for (const lane of this.#open) lane.requeueAll()
  }

  /** What is unreliable and waits is not worth sending after `until`. */
  holdUnreliable(until: number): void {
    this.#unreliable.hold(until)
  }

  /** Lets go of all that has expired, to make room. */
  dropExpired(now: number): void {
    this.#unreliable.dropExpired(now)
    for (const lane of this.#open) lane.dropExpired(now)
  }

  /** The connection has ended: every message is let go. */
  clear(): void {
    this.dropUnreliable()
    for (const lane of this.#open) lane.clear()
  }

  // ── What lanes, the unreliable queue and the repeats tell ──

  handleReleased(message: OutMessage, isExpired: boolean): void {
    if (message.lane !== CONTROL_LANE) this.pendingAcks--
    this.#release(message, isExpired)
  }

  handleFirstSent(message: OutMessage): void {
    if (message.fragments !== undefined) return
    const isSmall = message.end - message.start <= MAX_EARLY_BYTES && this.#redundancy.length < MAX_EARLY_MESSAGES
    const early = isSmall ? this.earlyRepeats : 0
    if (early > message.redundancy) this.#redundancy.add(message, early, true)
    else if (message.redundancy > 0) this.#redundancy.add(message, message.redundancy, false)
  }

  handleUnreliableReleased(message: OutMessage, isExpired: boolean): void {
    this.#release(message, isExpired)
  }

  handleRepeatable(message: OutMessage): boolean {
    return this.#redundancy.add(message, message.redundancy, false)
  }

  writeRepeat(repeat: Repeat, bytes: Uint8Array, at: number, end: number, items: PacketItems): number {
    if (repeat.lane >= 0) {
      const lane = this.#lanes[repeat.lane]
      const message = lane?.get(repeat.id)
      return lane === undefined || message === undefined ? -1 : lane.writeRepeat(bytes, at, end, items, message)
    }
    const { message } = repeat
    if (at + NUMBERED_HEADER_BYTES + message.end - message.start > end) return at
    addRepeatable(items, message)
    return writeNumbered(bytes, at, message)
  }

  releaseRepeat(repeat: Repeat): void {
    if (repeat.lane < 0) this.#release(repeat.message, false)
  }

  #release(message: OutMessage, isExpired: boolean): void {
    if (isExpired) this.expired++
    this.queuedBytes -= message.end - message.start
    this.#pool.releaseMessage(message)
  }

  /** Lets the most urgent source write, as long as it is at least as urgent as the next one. */
  #writeMostUrgent(bytes: Uint8Array, at: number, end: number, items: PacketItems, now: number): number {
    if (this.isHeld) return this.#lanes[CONTROL_LANE]?.write(bytes, at, end, items, -1, now) ?? at
    const sources = this.#open.length + 1
    let best: LaneSender | UnreliableSender = this.#unreliable
    let urgency = -1
    let second = -1
    for (let i = 0; i < sources; i++) {
      const source: LaneSender | UnreliableSender = this.#open[(this.#turn + i) % sources] ?? this.#unreliable
      const other = source.urgency(now)
      if (other > urgency) {
        second = urgency
        urgency = other
        best = source
      } else if (other > second) second = other
    }
    return urgency < 0 ? at : best.write(bytes, at, end, items, second, now)
  }

  #openLane(index: number): LaneSender {
    const lane = new LaneSender(index, index === CONTROL_LANE ? CONTROL_WINDOW : this.window, this)
    this.#lanes[index] = lane
    this.#open.push(lane)
    return lane
  }
}
