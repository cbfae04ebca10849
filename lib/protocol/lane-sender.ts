// The sending half of one lane: messages wait (pending), get their id with their first transmission, stay (in flight) until they are acknowledged, and go
// again when a packet that carried them is lost. Large ones are cut into blocks. The peer's window says how far the lane may go.
import { writeUint24 } from '../wire/bytes.js'
import { BLOCK_BYTES, MESSAGE_WINDOW } from '../wire/limits.js'
import { RingQueue } from '../wire/ring-queue.js'
import { BlockSet } from './block-set.js'
import { blockCount, writeFragment } from './fragment-frame.js'
import { FRAGMENT_HEADER_BYTES, ORDERED, ORDERED_FRAGMENT, RELIABLE, RELIABLE_FRAGMENT } from './frames.js'
import { isOrderedLane, type LaneWindow, laneChannel } from './lanes.js'
import { addItem, ITEM_FRAGMENT, ITEM_RUN } from './packet-items.js'
import type { Fragments, OutMessage } from './payload-pool.js'
import { PendingQueue } from './pending-queue.js'
import { RunWriter } from './run-writer.js'
import type { PacketItems } from './sent-packets.js'
import { urgencyOfBlocks, urgencyOfLost, urgencyOfNew } from './urgency.js'

/** What a lane tells its connection. */
export interface LaneOwner {
  /** The message needs no memory any more: it was acknowledged, or expired before its first transmission. */
  handleReleased(message: OutMessage, isExpired: boolean): void
  /** The message has gone out for the first time. */
  handleFirstSent(lane: LaneSender, message: OutMessage): void
}

const runs = new RunWriter() // used within one call only

export class LaneSender {
  readonly lane: number
  readonly #isOrdered: boolean
  readonly #channel: number
  readonly #owner: LaneOwner
  readonly #pending = new PendingQueue()
  /** Ids whose packet was lost, and ids of large messages that are being sent. */
  readonly #lost = new RingQueue<number>()
  readonly #partial = new RingQueue<number>()
  #ring: (OutMessage | undefined)[] = new Array(8).fill(undefined)
  #mask = 7
  /** Lowest unacknowledged id, and the next to be given. */
  #base = 0
  #next = 0
  #sentBytes = 0
  #messageLimit: number
  #byteLimit: number

  constructor(lane: number, window: LaneWindow, owner: LaneOwner) {
    this.lane = lane
    this.#isOrdered = isOrderedLane(lane)
    this.#channel = laneChannel(lane)
    this.#messageLimit = window.messages
    this.#byteLimit = window.bytes
    this.#owner = owner
  }

  /** The next id to be given: the peer's window is told as low bits near to it. */
  get nextId(): number {
    return this.#next
  }

  get isIdle(): boolean {
    return this.#base === this.#next && this.#pending.length === 0
  }

  push(message: OutMessage): void {
    this.#pending.push(message, this.#isOrdered ? 0 : message.priority)
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

  /** How much the lane wants the next place in a packet: twice the priority of what comes next, one more where it was lost; -1 for nothing. */
  urgency(now: number): number {
    const lost = this.#nextLost()
    if (lost !== undefined) return 2 * lost.priority + 1
    const pending = this.#nextPending(now)
    const partial = this.#nextPartial()
    if (partial !== undefined)
      return 2 * (pending !== undefined && !this.#isOrdered ? Math.max(partial.priority, pending.priority) : partial.priority)
    return pending === undefined ? -1 : 2 * pending.priority
  }

  /**
   * Fills `bytes[at, end)` with what comes next, as long as it is at least as urgent as `minUrgency`, and notes it in `items`. Returns the offset behind it.
   * `maxWholeBytes`: a framed message above this is cut into fragments.
   */
  write(bytes: Uint8Array, at: number, end: number, items: PacketItems, minUrgency: number, maxWholeBytes: number, now: number): number {
    runs.open(bytes, at, end, this.#isOrdered ? ORDERED : RELIABLE, this.#channel)
    const kind = ITEM_RUN + this.lane
    for (;;) {
      const lost = this.#nextLost()
      if (lost !== undefined) {
        if (urgencyOfLost(lost) < minUrgency) break
        if (this.#isLarge(lost, maxWholeBytes)) return this.#writeBlocks(bytes, runs.close(items, kind), end, items, lost, false)
        if (!runs.fits(lost.end - lost.start)) break
        this.#lost.shift()
        lost.isLost = false
        runs.append(lost.id, lost, items, kind)
        continue
      }
      const message = this.#nextPending(now)
      const partial = this.#nextPartial()
      if (partial !== undefined && (message === undefined || !this.#overtakes(message, partial))) {
        if (urgencyOfBlocks(partial) < minUrgency) break
        return this.#writeBlocks(bytes, runs.close(items, kind), end, items, partial, true)
      }
      if (message === undefined || urgencyOfNew(message) < minUrgency) break
      const isLarge = message.end - message.start > maxWholeBytes
      if (!isLarge && !runs.fits(message.end - message.start)) break
      this.#pending.shift()
      this.#admit(message)
      if (isLarge) {
        this.#cut(message)
        this.#partial.push(message.id)
      } else runs.append(message.id, message, items, kind)
      this.#owner.handleFirstSent(this, message)
    }
    return runs.close(items, kind)
  }

  /** Writes one message again, ahead of any loss (`redundancy`). Returns `at` where it does not fit. */
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
    for (let block = firstBlock; block < firstBlock + count; block++) {
      fragments.acked.add(block)
      fragments.unsent.delete(block)
    }
    if (fragments.acked.count < fragments.acked.size) return
    this.#release(message)
    this.#advance()
  }

  handleRunLost(first: number, count: number): void {
    for (let id = Math.max(first, this.#base); id < first + count; id++) {
      const message = this.get(id)
      if (message === undefined) continue
      if (message.fragments !== undefined) this.handleFragmentLost(id, 0, message.nextBlock)
      else this.#markLost(message)
    }
  }

  handleFragmentLost(id: number, firstBlock: number, count: number): void {
    const message = this.get(id)
    if (message?.fragments === undefined) return
    for (let block = firstBlock; block < firstBlock + count; block++)
      if (!message.fragments.acked.has(block)) message.fragments.unsent.add(block)
    this.#markLost(message)
  }

  /** The link is another one: whatever was on its way goes again. */
  requeueAll(): void {
    this.handleRunLost(this.#base, this.#next - this.#base)
  }

  /** Lets go of every message: the connection has ended. */
  clear(): void {
    for (let id = this.#base; id < this.#next; id++) {
      const message = this.get(id)
      if (message !== undefined) this.#release(message)
    }
    this.#base = this.#next
    for (let message = this.#pending.shift(); message !== undefined; message = this.#pending.shift())
      this.#owner.handleReleased(message, false)
  }

  #markLost(message: OutMessage): void {
    if (message.isLost) return
    message.isLost = true
    this.#lost.push(message.id)
  }

  /** What was lost and is still unacknowledged. */
  #nextLost(): OutMessage | undefined {
    while (this.#lost.length > 0) {
      const message = this.get(this.#lost.peek()!)
      if (message?.isLost) {
        if (message.fragments === undefined || message.fragments.unsent.next(0) < message.nextBlock) return message
        message.isLost = false
      }
      this.#lost.shift()
    }
    return undefined
  }

  #nextPartial(): OutMessage | undefined {
    while (this.#partial.length > 0) {
      const message = this.get(this.#partial.peek()!)
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
      this.#owner.handleReleased(message, true)
      message = this.#pending.peek()
    }
    if (message === undefined) return undefined
    if (this.#next >= this.#messageLimit || this.#next - this.#base >= MESSAGE_WINDOW) return undefined
    return this.#sentBytes + message.payloadBytes <= this.#byteLimit ? message : undefined
  }

  /** On a lane without order, a new message goes ahead of the rest of a large one of no higher priority. */
  #overtakes(message: OutMessage, partial: OutMessage): boolean {
    return !this.#isOrdered && message.priority >= partial.priority
  }

  /** Cut already, or larger than a packet of this link. */
  #isLarge(message: OutMessage, maxWholeBytes: number): boolean {
    if (message.fragments !== undefined) return true
    if (message.end - message.start <= maxWholeBytes) return false
    // It went whole over a link with larger packets.
    this.#cut(message)
    message.nextBlock = blockCount(message.payloadBytes)
    return true
  }

  #cut(message: OutMessage): void {
    const blocks = blockCount(message.payloadBytes)
    const fragments: Fragments = { unsent: new BlockSet(blocks, true), acked: new BlockSet(blocks) }
    message.fragments = fragments
  }

  /** Writes as many blocks of one message as fit: new ones, or such as were lost. */
  #writeBlocks(bytes: Uint8Array, at: number, end: number, items: PacketItems, message: OutMessage, isNew: boolean): number {
    const fragments = message.fragments!
    const room = Math.floor((end - at - FRAGMENT_HEADER_BYTES) / BLOCK_BYTES)
    const first = fragments.unsent.next(isNew ? message.nextBlock : 0)
    const limit = isNew ? fragments.unsent.size : message.nextBlock
    let count = 0
    while (count < room && first + count < limit && fragments.unsent.has(first + count)) count++
    if (count === 0) return at
    bytes[at] = this.#isOrdered ? ORDERED_FRAGMENT : RELIABLE_FRAGMENT
    bytes[at + 1] = this.#channel
    const offset = writeFragment(bytes, writeUint24(bytes, at + 2, message.id), message, first, count)
    for (let block = first; block < first + count; block++) fragments.unsent.delete(block)
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
    this.#owner.handleReleased(message, false)
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
