// Outgoing unreliable and sequenced messages: sent once, never again for a loss. They share one queue by priority.
import { copyBytes, writeUint24 } from '../wire/bytes.js'
import { BLOCK_BYTES } from '../wire/limits.js'
import { blockCount, writeFragment } from './fragment-frame.js'
import {
  FRAGMENT_HEADER_BYTES,
  MAX_RUN_MESSAGES,
  NUMBERED_HEADER_BYTES,
  SEQUENCED,
  SEQUENCED_FRAGMENT,
  UNRELIABLE,
  UNRELIABLE_FRAGMENT,
  UNRELIABLE_NUMBERED,
} from './frames.js'
import { addItem, ITEM_REPEATABLE } from './packet-items.js'
import type { OutMessage } from './payload-pool.js'
import { PriorityQueue } from './priority-queue.js'
import type { PacketItems } from './sent-packets.js'
import { urgencyOfBlocks, urgencyOfNew } from './urgency.js'

/** What the queue asks of and tells its connection. */
export interface UnreliableOwner {
  /** A framed message above this does not fit into a packet of this link, and is cut into fragments. */
  readonly maxWholeBytes: number
  /** Whether fragments may go into the packet that is being filled. */
  readonly admitsBlocks: boolean
  /** Not needed any more: sent, or dropped before it was. */
  handleUnreliableReleased(message: OutMessage, isExpired: boolean): void
  /** Sent for the first time, with `redundancy`: true where the connection keeps it for repeats. */
  handleRepeatable(message: OutMessage): boolean
}

/** Header bytes of an UNRELIABLE run: type and count. */
const RUN_HEADER_BYTES = 2

/** `expiresAt` of a waiting sequenced message whose place a newer one took in the other queue. */
const REPLACED = Number.NEGATIVE_INFINITY

const NO_NUMBERS = new Float64Array(0)

export class UnreliableSender {
  readonly #owner: UnreliableOwner
  readonly #small = new PriorityQueue<OutMessage>()
  /** What does not fit into one packet waits apart, so that small messages go ahead. A message stays until its last block is sent; it has its number from the first on. */
  readonly #large = new PriorityQueue<OutMessage>()
  /** The waiting message of each sequenced definition: a newer one takes its place. Not where `redundancy` says that each one matters: after a long frame a game sends the inputs of several ticks at once. */
  #sequenced: Map<number, OutMessage> | undefined
  /** The next number of each sequenced definition, by type id. */
  #sequencedNumbers = NO_NUMBERS
  #nextNumber = 0

  constructor(owner: UnreliableOwner) {
    this.#owner = owner
  }

  get isIdle(): boolean {
    return this.#small.length === 0 && this.#large.length === 0
  }

  push(message: OutMessage): void {
    if (message.isSequenced && this.#replaces(message)) return
    const queue = this.#isLarge(message) ? this.#large : this.#small
    queue.push(message, message.priority)
  }

  /** What waits of the same definition is out of date. True where the newer message went into its place; else the newer one has still to be queued. */
  #replaces(message: OutMessage): boolean {
    this.#sequenced ??= new Map()
    const waiting = this.#sequenced.get(message.typeId)
    const isLasting = message.redundancy > 0
    if (waiting !== undefined && !isLasting && (this.#isLarge(message) || !this.#isLarge(waiting))) {
      exchangeContent(waiting, message)
      this.#owner.handleUnreliableReleased(message, false)
      return true
    }
    if (waiting !== undefined) waiting.expiresAt = REPLACED
    if (isLasting) this.#sequenced.delete(message.typeId)
    else this.#sequenced.set(message.typeId, message)
    return false
  }

  urgency(now: number): number {
    const small = this.#nextSmall(now)
    const large = this.#nextLarge(now)
    return Math.max(small === undefined ? -1 : urgencyOfNew(small), large === undefined ? -1 : urgencyOfBlocks(large))
  }

  /** As LaneSender.write. */
  write(bytes: Uint8Array, at: number, end: number, items: PacketItems, minUrgency: number, now: number): number {
    let offset = at
    for (;;) {
      const message = this.#nextSmall(now)
      const large = this.#nextLarge(now)
      const urgencyOfLarge = large === undefined ? -1 : urgencyOfBlocks(large)
      if (large !== undefined && (message === undefined || urgencyOfLarge > urgencyOfNew(message)))
        return urgencyOfLarge < minUrgency ? offset : this.#writeBlocks(bytes, offset, end, large)
      if (message === undefined || urgencyOfNew(message) < minUrgency) return offset
      const before = offset
      offset = isNumbered(message)
        ? this.#writeNumbered(bytes, offset, end, items, message)
        : this.#writeRun(bytes, offset, end, message, Math.max(minUrgency, urgencyOfLarge), now)
      if (offset === before) return offset
    }
  }

  #writeNumbered(bytes: Uint8Array, at: number, end: number, items: PacketItems, message: OutMessage): number {
    if (at + NUMBERED_HEADER_BYTES + message.end - message.start > end) return at
    this.#small.shift()
    this.#number(message)
    const offset = writeNumbered(bytes, at, message)
    if (message.redundancy > 0) addRepeatable(items, message)
    if (message.redundancy === 0 || !this.#owner.handleRepeatable(message)) this.#owner.handleUnreliableReleased(message, false)
    return offset
  }

  /** The hot path: the message at the head and as many behind it as fit. What lies one behind the other in a slab is copied at once. */
  #writeRun(bytes: Uint8Array, at: number, end: number, first: OutMessage, minUrgency: number, now: number): number {
    if (at + RUN_HEADER_BYTES + first.end - first.start > end) return at
    let message: OutMessage | undefined = first
    let offset = at + RUN_HEADER_BYTES
    let count = 0
    let slab = first.slab!.bytes
    let from = first.start
    let to = from
    do {
      if (message.slab!.bytes !== slab || message.start !== to) {
        copyBytes(bytes, offset - (to - from), slab, from, to)
        slab = message.slab!.bytes
        from = message.start
      }
      to = message.end
      offset += to - message.start
      count++
      this.#small.shift()
      this.#owner.handleUnreliableReleased(message, false) // its slab is not written to before the copy
      message = this.#nextSmall(now)
    } while (
      message !== undefined &&
      count < MAX_RUN_MESSAGES &&
      !isNumbered(message) &&
      urgencyOfNew(message) >= minUrgency &&
      offset + message.end - message.start <= end
    )
    copyBytes(bytes, offset - (to - from), slab, from, to)
    bytes[at] = UNRELIABLE
    bytes[at + 1] = count
    return offset
  }

  /** What waits is not worth sending after `until`, or earlier where that was said before. */
  hold(until: number): void {
    if (this.isIdle) return
    const holdOne = (message: OutMessage): void => {
      if (message.expiresAt > until) message.expiresAt = until
    }
    this.#small.forEach(holdOne)
    this.#large.forEach(holdOne)
  }

  /** Lets go of all that has expired, wherever it waits. */
  dropExpired(now: number): void {
    const isWanted = (message: OutMessage): boolean => {
      if (!isExpired(message, now)) return true
      this.#drop(message)
      return false
    }
    this.#small.filter(isWanted)
    this.#large.filter(isWanted)
  }

  clear(): void {
    for (const queue of [this.#small, this.#large]) {
      for (let message = queue.shift(); message !== undefined; message = queue.shift()) this.#owner.handleUnreliableReleased(message, false)
    }
    this.#sequenced = undefined
  }

  /** The head of a queue. What has expired is let go. */
  #next(queue: PriorityQueue<OutMessage>, now: number): OutMessage | undefined {
    let message = queue.peek()
    while (message !== undefined && isExpired(message, now)) {
      queue.shift()
      this.#drop(message)
      message = queue.peek()
    }
    return message
  }

  /** What has grown while it waited, or is too large for a new link, goes over to the large ones: a newer sequenced message still takes its place. */
  #nextSmall(now: number): OutMessage | undefined {
    let message = this.#next(this.#small, now)
    while (message !== undefined && this.#isLarge(message)) {
      this.#small.shift()
      this.#large.push(message, message.priority)
      message = this.#next(this.#small, now)
    }
    return message
  }

  #nextLarge(now: number): OutMessage | undefined {
    const large = this.#next(this.#large, now)
    return this.#owner.admitsBlocks ? large : undefined
  }

  #drop(message: OutMessage): void {
    this.#forget(message)
    this.#owner.handleUnreliableReleased(message, message.expiresAt !== REPLACED)
  }

  /** A newer sequenced message takes its place no more. */
  #forget(message: OutMessage): void {
    if (message.isSequenced && this.#sequenced?.get(message.typeId) === message) this.#sequenced.delete(message.typeId)
  }

  #isLarge(message: OutMessage): boolean {
    return message.end - message.start > this.#owner.maxWholeBytes
  }

  /** Gives the message its number: it is being sent. */
  #number(message: OutMessage): void {
    if (!message.isSequenced) {
      message.id = this.#nextNumber++
      return
    }
    this.#forget(message)
    if (message.typeId >= this.#sequencedNumbers.length) {
      const grown = new Float64Array(Math.max(message.typeId + 1, this.#sequencedNumbers.length * 2, 8))
      grown.set(this.#sequencedNumbers)
      this.#sequencedNumbers = grown
    }
    message.id = this.#sequencedNumbers[message.typeId]!++
  }

  /** Writes as many blocks of the large message at the head as fit. */
  #writeBlocks(bytes: Uint8Array, at: number, end: number, message: OutMessage): number {
    const blocks = blockCount(message.payloadBytes)
    const count = Math.min(Math.floor((end - at - FRAGMENT_HEADER_BYTES) / BLOCK_BYTES), blocks - message.nextBlock)
    if (count <= 0) return at
    if (message.id < 0) this.#number(message)
    bytes[at] = message.isSequenced ? SEQUENCED_FRAGMENT : UNRELIABLE_FRAGMENT
    const offset = writeFragment(bytes, writeUint24(bytes, at + 1, message.id), message, message.nextBlock, count)
    message.nextBlock += count
    if (message.nextBlock === blocks) {
      this.#large.shift()
      this.#owner.handleUnreliableReleased(message, false)
    }
    return offset
  }
}

/** Whether the message has a number on the wire, and so a frame of its own. */
function isNumbered(message: OutMessage): boolean {
  return message.isSequenced || message.redundancy > 0
}

/** Held back for too long, and none of it sent yet. */
function isExpired(message: OutMessage, now: number): boolean {
  return message.expiresAt < now && message.id < 0
}

/** A SEQUENCED or UNRELIABLE_NUMBERED frame: its header and the framed message. */
export function writeNumbered(bytes: Uint8Array, at: number, message: OutMessage): number {
  bytes[at] = message.isSequenced ? SEQUENCED : UNRELIABLE_NUMBERED
  return copyBytes(bytes, writeUint24(bytes, at + 1, message.id), message.slab!.bytes, message.start, message.end)
}

/** Notes in a packet's items that it carried a message that may be repeated. */
export function addRepeatable(items: PacketItems, message: OutMessage): void {
  addItem(items, ITEM_REPEATABLE, message.isSequenced ? message.typeId : -1, message.id, 0)
}

/** The waiting message keeps its place in the queue and takes over what the newer one says. */
function exchangeContent(waiting: OutMessage, newer: OutMessage): void {
  const { slab, start, payload, end } = waiting
  waiting.slab = newer.slab
  waiting.start = newer.start
  waiting.payload = newer.payload
  waiting.end = newer.end
  waiting.expiresAt = newer.expiresAt
  waiting.redundancy = newer.redundancy
  newer.slab = slab
  newer.start = start
  newer.payload = payload
  newer.end = end
}
