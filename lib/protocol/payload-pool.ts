// Memory of outgoing messages. A message is encoded once, framed (type, length, payload), into a slab of 64 KiB that many messages share; whoever queues it holds
// a reference, and a slab without references is used again. Messages that were sent one after another lie one after another, so that a run of them is copied into
// a packet at once. A broadcast is encoded once and queued by every peer from the same bytes.
import { FIRST_SLAB_BYTES, MAX_FREE_MESSAGES, MAX_FREE_SLABS, SLAB_BYTES } from '../wire/limits.js'
import { varintBytes, writeVarint } from '../wire/varint.js'
import type { BlockSet } from './block-set.js'
import { SEQUENCED_LANE } from './lanes.js'

export class PayloadSlab {
  readonly bytes: Uint8Array
  readonly view: DataView
  used = 0
  references = 0

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes)
    this.view = new DataView(this.bytes.buffer)
  }
}

/** What of a large reliable message has still to be sent (again), and what has been acknowledged, in blocks of 64 bytes. */
export interface Fragments {
  readonly unsent: BlockSet
  readonly acked: BlockSet
}

/** A message that waits to be sent or acknowledged. Records are pooled: nothing may keep one after it was released. */
export class OutMessage {
  slab: PayloadSlab | undefined = undefined
  /** The framed message is slab.bytes[start, end); its payload begins at `payload`. */
  start = 0
  payload = 0
  end = 0
  typeId = 0
  /** The lane, or one of the two kinds of unreliable (see lanes.ts). */
  lane = 0
  priority = 0
  redundancy = 0
  /** Given at the first transmission; -1 before. */
  id = -1
  /** Waits in one of its lane's queues of what was lost. */
  isLost = false
  /** Of a message cut into blocks: the first that was never sent. */
  nextBlock = 0
  fragments: Fragments | undefined = undefined

  /** A number with a fraction is an object beside this one, and to reach for it costs as much as all else that is read of a message; so most have none. */
  #expires = false
  #expiresAt = Number.POSITIVE_INFINITY

  /** Not worth sending after this; Infinity: never so. */
  get expiresAt(): number {
    return this.#expires ? this.#expiresAt : Number.POSITIVE_INFINITY
  }

  set expiresAt(time: number) {
    this.#expires = time !== Number.POSITIVE_INFINITY
    if (this.#expires) this.#expiresAt = time
  }

  get payloadBytes(): number {
    return this.end - this.payload
  }

  get isSequenced(): boolean {
    return this.lane === SEQUENCED_LANE
  }
}

export class PayloadPool {
  /** The first is small: many a client never fills it, and 64 KiB of zeros cost more than the rest of its connection. */
  #current = new PayloadSlab(FIRST_SLAB_BYTES)
  readonly #freeSlabs: PayloadSlab[] = []
  readonly #freeMessages: OutMessage[] = []

  constructor() {
    this.#current.references = 1 // the pool's own
  }

  /** The slab to encode into, behind `used`. */
  get current(): PayloadSlab {
    return this.#current
  }

  /** Puts an empty slab in place of the current one; with `bytes` above the usual size, one that is large enough. */
  renew(bytes = SLAB_BYTES): PayloadSlab {
    this.release(this.#current)
    const slab = (bytes <= SLAB_BYTES ? this.#freeSlabs.pop() : undefined) ?? new PayloadSlab(Math.max(bytes, SLAB_BYTES))
    slab.references = 1
    slab.used = 0
    this.#current = slab
    return slab
  }

  release(slab: PayloadSlab): void {
    if (--slab.references > 0) return
    if (slab.bytes.length === SLAB_BYTES && this.#freeSlabs.length < MAX_FREE_SLABS) this.#freeSlabs.push(slab)
  }

  /** A record that refers to a framed message in a slab. */
  message(slab: PayloadSlab, start: number, payload: number, end: number): OutMessage {
    const message = this.#freeMessages.pop() ?? new OutMessage()
    slab.references++
    message.slab = slab
    message.start = start
    message.payload = payload
    message.end = end
    message.priority = 0
    message.redundancy = 0
    message.id = -1
    message.isLost = false
    message.nextBlock = 0
    message.fragments = undefined
    return message
  }

  /** A record of a message whose payload is encoded already; the bytes are copied. */
  frame(typeId: number, payload: Uint8Array): OutMessage {
    const headerBytes = varintBytes(typeId) + varintBytes(payload.length)
    let slab = this.#current
    if (slab.used + headerBytes + payload.length > slab.bytes.length) slab = this.renew(headerBytes + payload.length)
    const start = slab.used
    const at = writeVarint(slab.bytes, writeVarint(slab.bytes, start, typeId), payload.length)
    slab.bytes.set(payload, at)
    slab.used = at + payload.length
    const message = this.message(slab, start, at, slab.used)
    message.typeId = typeId
    return message
  }

  releaseMessage(message: OutMessage): void {
    if (message.slab === undefined) return
    this.release(message.slab)
    message.slab = undefined
    message.fragments = undefined
    if (this.#freeMessages.length < MAX_FREE_MESSAGES) this.#freeMessages.push(message)
  }
}
