// Outgoing unreliable and sequenced messages: sent once, never again for a loss. They share one queue by priority.
import { copyBytes, writeUint24 } from '../wire/bytes.js'
import { BLOCK_BYTES, MAX_WHOLE_BYTES } from '../wire/limits.js'
import { blockCount, writeFragment } from './fragment-frame.js'
import {
  FRAGMENT_HEADER_BYTES,
  MAX_RUN_MESSAGES,
  SEQUENCED,
  SEQUENCED_FRAGMENT,
  UNRELIABLE,
  UNRELIABLE_FRAGMENT,
  UNRELIABLE_NUMBERED,
} from './frames.js'
import { addItem, ITEM_REPEATABLE } from './packet-items.js'
import type { OutMessage } from './payload-pool.js'
import { PendingQueue } from './pending-queue.js'
import type { PacketItems } from './sent-packets.js'
import { urgencyOfBlocks, urgencyOfNew } from './urgency.js'

/** What the queue tells its connection. */
export interface UnreliableOwner {
  /** Not needed any more: sent, or dropped before it was. */
  handleUnreliableReleased(message: OutMessage, isExpired: boolean): void
  /** Sent for the first time, with `redundancy`: true where the connection keeps it for repeats. */
  handleRepeatable(message: OutMessage): boolean
}

/** `expiresAt` of a waiting sequenced message whose place a newer one took in the other queue. */
const REPLACED = Number.NEGATIVE_INFINITY

export class UnreliableSender {
  readonly #owner: UnreliableOwner
  readonly #pending = new PendingQueue()
  /** What does not fit into one packet waits apart, so that small messages go ahead. */
  readonly #large = new PendingQueue()
  /** The waiting message of each sequenced definition: a newer one takes its place. */
  readonly #sequenced = new Map<number, OutMessage>()
  /** The next number of each sequenced definition, by type id. */
  #sequencedNumbers = new Float64Array(8)
  #nextNumber = 0
  /** A large message of which blocks are still to be sent. */
  #partial: OutMessage | undefined

  constructor(owner: UnreliableOwner) {
    this.#owner = owner
  }

  get isIdle(): boolean {
    return this.#partial === undefined && this.#pending.length === 0 && this.#large.length === 0
  }

  push(message: OutMessage): void {
    if (message.isSequenced) {
      const waiting = this.#sequenced.get(message.typeId)
      if (waiting !== undefined && isLarge(waiting) && !isLarge(message)) waiting.expiresAt = REPLACED
      else if (waiting !== undefined) {
        exchangeContent(waiting, message)
        this.#owner.handleUnreliableReleased(message, false)
        return
      }
      this.#sequenced.set(message.typeId, message)
    }
    const queue = isLarge(message) ? this.#large : this.#pending
    queue.push(message, message.priority)
  }

  urgency(now: number): number {
    const next = this.#next(this.#pending, now)
    if (next !== undefined) return urgencyOfNew(next)
    const large = this.#partial ?? this.#next(this.#large, now)
    return large === undefined ? -1 : urgencyOfBlocks(large)
  }

  /** As LaneSender.write. */
  write(bytes: Uint8Array, at: number, end: number, items: PacketItems, minUrgency: number, maxWholeBytes: number, now: number): number {
    let offset = at
    let runAt = -1
    let runCount = 0
    for (;;) {
      const message = this.#next(this.#pending, now)
      if (message === undefined) return this.#writeBlocks(bytes, offset, end, minUrgency, now)
      if (urgencyOfNew(message) < minUrgency) break
      const framedBytes = message.end - message.start
      if (framedBytes > maxWholeBytes) {
        this.#shift(this.#pending) // this link's packets are smaller than most
        this.#large.push(message, message.priority)
        continue
      }
      if (message.isSequenced || message.redundancy > 0) {
        if (offset + 4 + framedBytes > end) break
        this.#shift(this.#pending)
        message.id = this.#number(message)
        offset = writeNumbered(bytes, offset, message)
        runAt = -1
        if (message.redundancy > 0) {
          addRepeatable(items, message)
          if (this.#owner.handleRepeatable(message)) continue
        }
      } else {
        const startsRun = runAt < 0 || runCount === MAX_RUN_MESSAGES
        if (offset + (startsRun ? 2 : 0) + framedBytes > end) break
        if (startsRun) {
          runAt = offset
          runCount = 0
          bytes[offset] = UNRELIABLE
          offset += 2
        }
        this.#shift(this.#pending)
        bytes[runAt + 1] = ++runCount
        offset = copyBytes(bytes, offset, message.slab!.bytes, message.start, message.end)
      }
      this.#owner.handleUnreliableReleased(message, false)
    }
    return offset
  }

  clear(): void {
    if (this.#partial !== undefined) this.#owner.handleUnreliableReleased(this.#partial, false)
    this.#partial = undefined
    for (const queue of [this.#pending, this.#large]) {
      for (let message = this.#shift(queue); message !== undefined; message = this.#shift(queue))
        this.#owner.handleUnreliableReleased(message, false)
    }
  }

  #shift(queue: PendingQueue): OutMessage | undefined {
    const message = queue.shift()
    if (message?.isSequenced && this.#sequenced.get(message.typeId) === message) this.#sequenced.delete(message.typeId)
    return message
  }

  #next(queue: PendingQueue, now: number): OutMessage | undefined {
    let message = queue.peek()
    while (message !== undefined && message.expiresAt < now) {
      this.#shift(queue)
      this.#owner.handleUnreliableReleased(message, message.expiresAt !== REPLACED)
      message = queue.peek()
    }
    return message
  }

  #number(message: OutMessage): number {
    if (!message.isSequenced) return this.#nextNumber++
    if (message.typeId >= this.#sequencedNumbers.length) {
      const grown = new Float64Array(Math.max(message.typeId + 1, this.#sequencedNumbers.length * 2))
      grown.set(this.#sequencedNumbers)
      this.#sequencedNumbers = grown
    }
    const number = this.#sequencedNumbers[message.typeId]!
    this.#sequencedNumbers[message.typeId] = number + 1
    return number
  }

  /** Goes on with the large message that is being sent, or begins the next one. */
  #writeBlocks(bytes: Uint8Array, at: number, end: number, minUrgency: number, now: number): number {
    if (this.#partial === undefined) {
      const next = this.#next(this.#large, now)
      if (next === undefined) return at
      this.#shift(this.#large)
      next.id = this.#number(next)
      this.#partial = next
    }
    const message = this.#partial
    const blocks = blockCount(message.payloadBytes)
    const count = Math.min(Math.floor((end - at - FRAGMENT_HEADER_BYTES) / BLOCK_BYTES), blocks - message.nextBlock)
    if (count <= 0 || urgencyOfBlocks(message) < minUrgency) return at
    bytes[at] = message.isSequenced ? SEQUENCED_FRAGMENT : UNRELIABLE_FRAGMENT
    const offset = writeFragment(bytes, writeUint24(bytes, at + 1, message.id), message, message.nextBlock, count)
    message.nextBlock += count
    if (message.nextBlock === blocks) {
      this.#partial = undefined
      this.#owner.handleUnreliableReleased(message, false)
    }
    return offset
  }
}

/** A SEQUENCED or UNRELIABLE_NUMBERED frame: 4 bytes and the framed message. */
export function writeNumbered(bytes: Uint8Array, at: number, message: OutMessage): number {
  bytes[at] = message.isSequenced ? SEQUENCED : UNRELIABLE_NUMBERED
  return copyBytes(bytes, writeUint24(bytes, at + 1, message.id), message.slab!.bytes, message.start, message.end)
}

/** Notes in a packet's items that it carried a message that may be repeated. */
export function addRepeatable(items: PacketItems, message: OutMessage): void {
  addItem(items, ITEM_REPEATABLE, message.isSequenced ? message.typeId : -1, message.id, 0)
}

function isLarge(message: OutMessage): boolean {
  return message.end - message.start > MAX_WHOLE_BYTES
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
