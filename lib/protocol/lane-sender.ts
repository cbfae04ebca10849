// The sending half of one lane: messages wait (pending), get their id with their first transmission, stay (in flight) until they are acknowledged, and go
// again when a packet that carried them is lost. Large ones are cut into blocks. The peer's window says how far the lane may go.
import { writeUint24 } from '../wire/bytes.js'
import { BLOCK_BYTES, MAX_EARLY_MESSAGES, MESSAGE_WINDOW } from '../wire/limits.js'
import { BlockSet } from './block-set.js'
import { blockCount, writeFragment } from './fragment-frame.js'
import { FRAGMENT_HEADER_BYTES, ORDERED, ORDERED_FRAGMENT, RELIABLE, RELIABLE_FRAGMENT } from './frames.js'
import { isOrderedLane, type LaneWindow, laneChannel } from './lanes.js'
import { addItem, ITEM_FRAGMENT, ITEM_RUN } from './packet-items.js'
import type { Fragments, OutMessage } from './payload-pool.js'
import { PriorityQueue } from './priority-queue.js'
import { RunWriter } from './run-writer.js'
import type { PacketItems } from './sent-packets.js'
import { isOfBlocks, urgencyOfBlocks, urgencyOfLost, urgencyOfLostBlocks, urgencyOfNew } from './urgency.js'

/** What a lane asks of and tells its connection. */
export interface LaneOwner {
  /** A framed message above this does not fit into a packet of this link, and is cut into fragments. */
  readonly maxWholeBytes: number
  /** Whether fragments may go into the packet that is being filled. */
  readonly admitsBlocks: boolean
  /** How often small messages are repeated early where few of them wait. */
  readonly earlyRepeats: number
  /** The message needs no memory any more: it was acknowledged, or expired before its first transmission. */
  handleReleased(message: OutMessage, isExpired: boolean): void
  /** The message goes out for the first time, and is to be repeated: it asks for that, or may early. */
  handleFirstSent(message: OutMessage): void
}

/** Where what comes next waits. */
type Source = 'lost' | 'lostBlocks' | 'partial' | 'pending'

const runs = new RunWriter() // used within one call only

export class LaneSender {
  readonly lane: number
  readonly #isOrdered: boolean
  readonly #channel: number
  /** Another connection may take the lane over. */
  owner: LaneOwner
  readonly #pending = new PriorityQueue<OutMessage>()
  /** Ids of messages that are to go again, of large ones of which blocks are, and of large ones that have not all gone out once. An id may have been acknowledged since. */
  readonly #lost = new PriorityQueue<number>()
  readonly #lostBlocks = new PriorityQueue<number>()
  readonly #partial = new PriorityQueue<number>()
  #ring: (OutMessage | undefined)[] = new Array(8).fill(undefined)
  #mask = 7
  /** Lowest unacknowledged id, and the next to be given. */
  #base: number
  #next: number
  #sentBytes = 0
  #messageLimit: number
  #byteLimit: number
  /** What `#choose` found. */
  #chosen: OutMessage | undefined
  #source: Source = 'pending'
  #urgency = -1

  /** `firstId`: the id of the first message; the receiving half begins with the same. */
  constructor(lane: number, window: LaneWindow, owner: LaneOwner, firstId = 0) {
    this.lane = lane
    this.#isOrdered = isOrderedLane(lane)
    this.#channel = laneChannel(lane)
    this.#base = firstId
    this.#next = firstId
    this.#messageLimit = firstId + window.messages
    this.#byteLimit = window.bytes
    this.owner = owner
  }

  /** The next id to be given: the peer's window is told as low bits near to it. */
  get nextId(): number {
    return this.#next
  }

  get isIdle(): boolean {
    return this.#base === this.#next && this.#pending.length === 0
  }

  push(message: OutMessage): void {
    this.#pending.push(message, this.#rank(message))
  }

  /** The message with this id while it is unacknowledged. */
  get(id: number): OutMessage | undefined {
    const message = this.#ring[id & this.#mask]
    return message !== undefined && message.id === id ? message : undefined
  }

  /** The peer's window never shrinks; an older word of it changes nothing. */
  raiseWindow(messageLimit: number, byteLimit: number): void {
    this.#messageLimit = Math.max(this.#messageLimit, messageLimit)
    this.#byteLimit = Math.max(this.#byteLimit, byteLimit)
  }

  /** How urgent what comes next is (see urgency.ts); -1 for nothing. */
  urgency(now: number): number {
    this.#choose(now)
    return this.#urgency
  }

  /**
   * Fills `bytes[at, end)` with what comes next, as long as it is at least as urgent as `minUrgency`, and notes it in `items`. Returns the offset behind it.
   */
  write(bytes: Uint8Array, at: number, end: number, items: PacketItems, minUrgency: number, now: number): number {
    const kind = ITEM_RUN + this.lane
    runs.open(bytes, at, end, this.#isOrdered ? ORDERED : RELIABLE, this.#channel)
    for (;;) {
      const message = this.#choose(now)
      if (message === undefined || this.#urgency < minUrgency) break
      const source = this.#source
      if (source === 'lostBlocks' || source === 'partial')
        return this.#writeBlocks(bytes, runs.close(items, kind), end, items, message, source === 'partial')
      const isLarge = this.#isLarge(message)
      if (!isLarge && !runs.fits(message.end - message.start)) break
      if (source === 'pending') {
        if (isLarge) this.#cutPending(message)
        else this.#writePending(message, items, minUrgency, now)
        continue
      }
      this.#takeLost(message, isLarge)
      if (!isLarge) runs.append(message.id, message, items, kind)
    }
    return runs.close(items, kind)
  }

  /** Writes one message again, ahead of any loss (see redundancy.ts). Returns `at` where it does not fit. */
  writeRepeat(bytes: Uint8Array, at: number, end: number, items: PacketItems, message: OutMessage): number {
    runs.open(bytes, at, end, this.#isOrdered ? ORDERED : RELIABLE, this.#channel)
    if (!runs.fits(message.end - message.start)) return at
    runs.append(message.id, message, items, ITEM_RUN + this.lane)
    return runs.close(items, ITEM_RUN + this.lane)
  }

  handleRunAcked(first: number, count: number): void {
    for (let id = Math.max(first, this.#base); id < first + count; id++) {
      const message = this.get(id)
      if (message !== undefined) this.#release(message)
    }
    this.#advance()
  }

  handleFragmentAcked(id: number, firstBlock: number, count: number): void {
    const message = this.get(id)
    const fragments = message?.fragments
    if (message === undefined || fragments === undefined) return
    fragments.acked.addRun(firstBlock, count)
    fragments.unsent.deleteRun(firstBlock, count)
    if (fragments.acked.count < fragments.acked.size) return
    this.#release(message)
    this.#advance()
  }

  handleRunLost(first: number, count: number): void {
    for (let id = Math.max(first, this.#base); id < first + count; id++) {
      const message = this.get(id)
      if (message === undefined) continue
      if (message.fragments !== undefined) this.handleFragmentLost(id, 0, message.nextBlock)
      else this.#markLost(message, this.#lost)
    }
  }

  handleFragmentLost(id: number, firstBlock: number, count: number): void {
    const message = this.get(id)
    if (message?.fragments === undefined) return
    const { acked, unsent } = message.fragments
    for (let block = acked.nextMissing(firstBlock); block < firstBlock + count; ) {
      const end = Math.min(firstBlock + count, acked.next(block))
      unsent.addRun(block, end - block)
      block = acked.nextMissing(end)
    }
    this.#markLost(message, this.#lostBlocks)
  }

  /** The link is another one: whatever was on its way goes again. */
  requeueAll(): void {
    this.handleRunLost(this.#base, this.#next - this.#base)
  }

  /** Lets go of all that has expired, wherever it waits. */
  dropExpired(now: number): void {
    this.#pending.filter((message) => {
      if (message.expiresAt >= now) return true
      this.owner.handleReleased(message, true)
      return false
    })
  }

  /** Lets go of every message: the connection has ended. */
  clear(): void {
    for (let id = this.#base; id < this.#next; id++) {
      const message = this.get(id)
      if (message !== undefined) this.#release(message)
    }
    this.#base = this.#next
    for (let message = this.#pending.shift(); message !== undefined; message = this.#pending.shift())
      this.owner.handleReleased(message, false)
  }

  /** On an ordered lane nothing overtakes: priorities count only beside other lanes. */
  #rank(message: OutMessage): number {
    return this.#isOrdered ? 0 : message.priority
  }

  #markLost(message: OutMessage, queue: PriorityQueue<number>): void {
    if (message.isLost) return
    message.isLost = true
    queue.push(message.id, this.#rank(message))
  }

  /** Finds what comes next and how urgent it is: on an ordered lane the oldest, else the most urgent. */
  #choose(now: number): OutMessage | undefined {
    this.#chosen = undefined
    this.#urgency = -1
    if (this.#lost.length > 0) {
      const lost = this.#nextLost()
      if (lost !== undefined) this.#consider('lost', lost, urgencyOfLost(lost))
    }
    if (this.#lostBlocks.length > 0) {
      const lost = this.#nextLostBlocks()
      if (lost !== undefined) this.#consider('lostBlocks', lost, urgencyOfLostBlocks(lost))
    }
    if (this.#partial.length > 0) {
      const partial = this.#nextPartial()
      if (partial !== undefined) this.#consider('partial', partial, urgencyOfBlocks(partial))
    }
    const pending = this.#nextPending(now)
    if (pending !== undefined) this.#consider('pending', pending, this.#isLarge(pending) ? urgencyOfBlocks(pending) : urgencyOfNew(pending))
    if (isOfBlocks(this.#urgency) && !this.owner.admitsBlocks) {
      this.#chosen = undefined
      this.#urgency = -1
    }
    return this.#chosen
  }

  #consider(source: Source, message: OutMessage, urgency: number): void {
    if (this.#chosen !== undefined && (this.#isOrdered || urgency <= this.#urgency)) return
    this.#chosen = message
    this.#source = source
    this.#urgency = urgency
  }

  #nextLost(): OutMessage | undefined {
    for (let id = this.#lost.peek(); id !== undefined; id = this.#lost.peek()) {
      const message = this.get(id)
      if (message !== undefined) return message
      this.#lost.shift()
    }
    return undefined
  }

  #nextLostBlocks(): OutMessage | undefined {
    for (let id = this.#lostBlocks.peek(); id !== undefined; id = this.#lostBlocks.peek()) {
      const message = this.get(id)
      if (message?.fragments !== undefined) {
        if (message.fragments.unsent.next(0) < message.nextBlock) return message
        message.isLost = false
      }
      this.#lostBlocks.shift()
    }
    return undefined
  }

  #nextPartial(): OutMessage | undefined {
    for (let id = this.#partial.peek(); id !== undefined; id = this.#partial.peek()) {
      const message = this.get(id)
      if (message?.fragments !== undefined && message.nextBlock < message.fragments.unsent.size) return message
      this.#partial.shift()
    }
    return undefined
  }

  /** The head of the pending messages, where the windows admit it. What has expired is let go. */
  #nextPending(now: number): OutMessage | undefined {
    let message = this.#pending.peek()
    while (message !== undefined && message.expiresAt < now) {
      this.#pending.shift()
      this.owner.handleReleased(message, true)
      message = this.#pending.peek()
    }
    if (message === undefined) return undefined
    if (this.#next >= this.#messageLimit || this.#next - this.#base >= MESSAGE_WINDOW) return undefined
    return this.#sentBytes + message.payloadBytes <= this.#byteLimit ? message : undefined
  }

  #isLarge(message: OutMessage): boolean {
    return message.end - message.start > this.owner.maxWholeBytes
  }

  #takeLost(message: OutMessage, isLarge: boolean): void {
    this.#lost.shift()
    message.isLost = false
    if (!isLarge) return
    // It went whole over a link with larger packets.
    this.#cut(message)
    message.nextBlock = blockCount(message.payloadBytes)
    this.#markLost(message, this.#lostBlocks)
  }

  /** The hot path: a small pending message that fits, and as many behind it as fit too, as long as nothing else of this lane can come between them. */
  #writePending(first: OutMessage, items: PacketItems, minUrgency: number, now: number): void {
    const kind = ITEM_RUN + this.lane
    const isAlone = this.#lost.length === 0 && this.#lostBlocks.length === 0 && this.#partial.length === 0
    const mayRepeat = this.owner.earlyRepeats > 0 && this.#pending.length <= MAX_EARLY_MESSAGES
    let message: OutMessage | undefined = first
    do {
      this.#pending.shift()
      this.#admit(message)
      runs.append(message.id, message, items, kind)
      if (mayRepeat || message.redundancy > 0) this.owner.handleFirstSent(message)
      message = this.#nextPending(now)
    } while (
      isAlone &&
      message !== undefined &&
      urgencyOfNew(message) >= minUrgency &&
      !this.#isLarge(message) &&
      runs.fits(message.end - message.start)
    )
  }

  /** A large pending message gets its id, and goes on in blocks. */
  #cutPending(message: OutMessage): void {
    this.#pending.shift()
    this.#admit(message)
    this.#cut(message)
    this.#partial.push(message.id, this.#rank(message))
  }

  #cut(message: OutMessage): void {
    const blocks = blockCount(message.payloadBytes)
    const fragments: Fragments = { unsent: new BlockSet(blocks, true), acked: new BlockSet(blocks) }
    message.fragments = fragments
  }

  /** Writes as many blocks of one message as fit: new ones, or such as were lost. */
  #writeBlocks(bytes: Uint8Array, at: number, end: number, items: PacketItems, message: OutMessage, isNew: boolean): number {
    const { unsent } = message.fragments!
    const room = Math.floor((end - at - FRAGMENT_HEADER_BYTES) / BLOCK_BYTES)
    const first = unsent.next(isNew ? message.nextBlock : 0)
    const limit = isNew ? unsent.size : message.nextBlock
    const count = Math.min(room, Math.min(limit, unsent.nextMissing(first)) - first)
    if (count <= 0) return at
    bytes[at] = this.#isOrdered ? ORDERED_FRAGMENT : RELIABLE_FRAGMENT
    bytes[at + 1] = this.#channel
    const offset = writeFragment(bytes, writeUint24(bytes, at + 2, message.id), message, first, count)
    unsent.deleteRun(first, count)
    if (isNew) message.nextBlock = first + count
    addItem(items, ITEM_FRAGMENT + this.lane, message.id, first, count)
    return offset
  }

  #admit(message: OutMessage): void {
    if (this.#next - this.#base > this.#mask) this.#grow()
    message.id = this.#next++
    this.#ring[message.id & this.#mask] = message
    this.#sentBytes += message.payloadBytes
  }

  #release(message: OutMessage): void {
    this.#ring[message.id & this.#mask] = undefined
    this.owner.handleReleased(message, false)
  }

  #advance(): void {
    while (this.#base < this.#next && this.#ring[this.#base & this.#mask] === undefined) this.#base++
  }

  #grow(): void {
    const ring: (OutMessage | undefined)[] = new Array((this.#mask + 1) * 2).fill(undefined)
    for (let id = this.#base; id < this.#next; id++) ring[id & (ring.length - 1)] = this.#ring[id & this.#mask]
    this.#ring = ring
    this.#mask = ring.length - 1
  }
}
