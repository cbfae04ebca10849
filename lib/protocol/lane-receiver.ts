// The receiving half of one lane: every message once, on an ordered lane in order. What comes early is held inside the window that was announced;
// more than that breaks the protocol. The window is raised when half of it is used.
import { restoreId } from '../wire/sequence.js'
import type { FragmentFrame } from './fragment-frame.js'
import { isOrderedLane, type LaneWindow } from './lanes.js'
import { Reassembly } from './reassembly.js'

/** Takes messages as they become deliverable. The bytes are a view into a datagram, valid during the call only, or the sink's own where `isOwned`. */
export interface MessageSink {
  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number, isOwned: boolean): void
}

/** A message that came before its turn. */
interface HeldMessage {
  readonly typeId: number
  readonly bytes: Uint8Array
}

/** On a reliable lane: delivered out of order. */
const DELIVERED = 'delivered'

type Early = typeof DELIVERED | HeldMessage | Reassembly

export class LaneReceiver {
  readonly lane: number
  readonly #isOrdered: boolean
  readonly #window: LaneWindow
  readonly #maxMessageBytes: number
  /** Another connection may take the lane over. */
  sink: MessageSink
  /**
   * What came before its turn, by id. A map and no ring: an id at the end of the window would make a ring of 128 KiB, 0.7 ms on each lane, out of nine bytes.
   * In-order traffic never touches it.
   */
  readonly #early = new Map<number, Early>()
  /** Every id below has been delivered. */
  #base: number
  #deliveredBytes = 0
  /** Bytes of what is held or incomplete, by total size. */
  #heldBytes = 0
  #heldMessages = 0
  #messageLimit: number
  #byteLimit: number
  #isUntold = false

  constructor(lane: number, window: LaneWindow, maxMessageBytes: number, sink: MessageSink, firstId = 0) {
    this.lane = lane
    this.#isOrdered = isOrderedLane(lane)
    this.#window = window
    this.#maxMessageBytes = maxMessageBytes
    this.sink = sink
    this.#base = firstId
    this.#messageLimit = firstId + window.messages
    this.#byteLimit = window.bytes
  }

  /** Messages that arrived and wait for an earlier one. */
  get heldMessages(): number {
    return this.#heldMessages
  }

  get messageLimit(): number {
    return this.#messageLimit
  }

  get byteLimit(): number {
    return this.#byteLimit
  }

  /** Half of the announced window is used up, or what was said of it got lost: a WINDOW frame should go out. */
  get needsRaise(): boolean {
    return (
      this.#isUntold ||
      this.#base + this.#window.messages - this.#messageLimit >= this.#window.messages >> 1 ||
      this.#deliveredBytes + this.#window.bytes - this.#byteLimit >= this.#window.bytes >> 1
    )
  }

  /** Moves the announced window up to what can be held now. */
  raise(): void {
    this.#isUntold = false
    this.#messageLimit = this.#base + this.#window.messages
    this.#byteLimit = this.#deliveredBytes + this.#window.bytes
  }

  /** The last WINDOW frame may not have arrived. */
  repeatRaise(): void {
    this.#isUntold = true
  }

  /** The full id of what travels as low bits. */
  restore(low: number): number {
    return restoreId(low, this.#base)
  }

  /** A whole message. False where it breaks the window. */
  receive(id: number, typeId: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (id < this.#base) return true // a duplicate
    const length = end - start
    if (id >= this.#messageLimit || length > this.#maxMessageBytes) return false
    const early = this.#early.size === 0 ? undefined : this.#early.get(id)
    if (id === this.#base && early === undefined) {
      if (this.#deliveredBytes + this.#heldBytes + length > this.#byteLimit) return false
      this.#base++
      this.#deliveredBytes += length
      this.sink.handleMessage(this.lane, typeId, bytes, start, end, false)
      this.#deliverReady()
      return true
    }
    if (early === DELIVERED || (early !== undefined && !(early instanceof Reassembly))) return true
    if (early instanceof Reassembly) {
      if (early.totalBytes !== length) return false
      this.#heldBytes -= length // it came whole over another link
    }
    if (this.#deliveredBytes + this.#heldBytes + length > this.#byteLimit) return false
    if (this.#isOrdered) {
      this.#hold(id, { typeId, bytes: bytes.slice(start, end) })
      if (id === this.#base) this.#deliverReady()
    } else {
      this.#early.set(id, DELIVERED)
      this.#deliveredBytes += length
      this.sink.handleMessage(this.lane, typeId, bytes, start, end, false)
      this.#deliverReady()
    }
    return true
  }

  /** A part of a large message. False where it breaks the window or contradicts earlier parts. */
  receiveFragment(id: number, fragment: FragmentFrame, bytes: Uint8Array): boolean {
    if (id < this.#base) return true
    if (id >= this.#messageLimit || fragment.totalBytes > this.#maxMessageBytes) return false
    const early = this.#early.get(id)
    if (early === DELIVERED || (early !== undefined && !(early instanceof Reassembly))) return true
    let reassembly = early
    if (reassembly === undefined) {
      if (this.#deliveredBytes + this.#heldBytes + fragment.totalBytes > this.#byteLimit) return false
      reassembly = new Reassembly(fragment.typeId, fragment.totalBytes)
      this.#early.set(id, reassembly)
      this.#heldBytes += fragment.totalBytes
    }
    if (!reassembly.add(fragment, bytes)) return false
    if (!reassembly.isComplete) return true
    this.#heldBytes -= reassembly.totalBytes
    if (this.#isOrdered) this.#hold(id, { typeId: reassembly.typeId, bytes: reassembly.toBytes() })
    else {
      this.#early.set(id, DELIVERED)
      this.#deliveredBytes += reassembly.totalBytes
      this.sink.handleMessage(this.lane, reassembly.typeId, reassembly.toBytes(), 0, reassembly.totalBytes, true)
    }
    this.#deliverReady()
    return true
  }

  #hold(id: number, message: HeldMessage): void {
    this.#early.set(id, message)
    this.#heldBytes += message.bytes.length
    this.#heldMessages++
  }

  /** Delivers what has become ready at the base, and moves the base over what is delivered. */
  #deliverReady(): void {
    while (this.#early.size > 0) {
      const early = this.#early.get(this.#base)
      if (early === undefined || early instanceof Reassembly) return
      this.#early.delete(this.#base)
      this.#base++
      if (early === DELIVERED) continue
      this.#heldMessages--
      this.#heldBytes -= early.bytes.length
      this.#deliveredBytes += early.bytes.length
      this.sink.handleMessage(this.lane, early.typeId, early.bytes, 0, early.bytes.length, true)
    }
  }
}
