// Writes runs of messages with consecutive ids (RELIABLE, ORDERED) into a packet. Framed messages that lie one behind the other in a slab are copied at once.
// Where a short run's messages are alike, their headers but the first are taken out when it is closed (RELIABLE_ALIKE, ORDERED_ALIKE).
import { copyBytes, writeUint24 } from '../wire/bytes.js'
import { MAX_ALIKE_MESSAGES, MAX_RUN_MESSAGES, ORDERED, ORDERED_ALIKE, RELIABLE_ALIKE, RUN_HEADER_BYTES } from './frames.js'
import { addItem } from './packet-items.js'
import type { OutMessage, PayloadSlab } from './payload-pool.js'
import type { PacketItems } from './sent-packets.js'

export class RunWriter {
  #bytes: Uint8Array = new Uint8Array(0)
  #end = 0
  /** Where the next message goes, what is not copied yet included. */
  #offset = 0
  #frame = 0
  #channel = 0
  #runAt = 0
  #first = 0
  #count = 0
  /** The run is one that an earlier call had closed. */
  #isResumed = false
  #closedAt = -1
  /** All messages of the run have the type and the sizes of the first; their headers but its own are left out. */
  #isAlike = false
  #isCompact = false
  #typeId = 0
  #framedBytes = 0
  #headerBytes = 0
  #slab: PayloadSlab | undefined
  #from = 0
  #to = 0

  open(bytes: Uint8Array, at: number, end: number, frame: number, channel: number): void {
    this.#bytes = bytes
    this.#offset = at
    this.#end = end
    this.#frame = frame
    this.#channel = channel
    this.#count = 0
  }

  /** Whether a framed message of this size fits behind what is there, whatever its id. */
  fits(framedBytes: number): boolean {
    return this.#offset + RUN_HEADER_BYTES + framedBytes <= this.#end
  }

  append(id: number, message: OutMessage, items: PacketItems, kind: number): void {
    if (this.#count === 0) this.#resume(items, kind)
    const framedBytes = message.end - message.start
    const isAlike = message.typeId === this.#typeId && framedBytes === this.#framedBytes
    const breaksRun = this.#isCompact && !(isAlike && this.#count < MAX_ALIKE_MESSAGES)
    if (this.#count === 0 || breaksRun || id !== this.#first + this.#count || this.#count === MAX_RUN_MESSAGES) {
      this.#closeRun(items, kind)
      this.#isResumed = false
      this.#isCompact = false
      this.#isAlike = true
      this.#typeId = message.typeId
      this.#framedBytes = framedBytes
      this.#headerBytes = message.payload - message.start
      this.#runAt = this.#offset
      this.#first = id
      this.#offset += RUN_HEADER_BYTES
    } else if (this.#isCompact) {
      this.#offset = copyBytes(this.#bytes, this.#offset, message.slab!.bytes, message.payload, message.end)
      this.#count++
      return
    } else if (!isAlike) this.#isAlike = false
    if (message.slab !== this.#slab || message.start !== this.#to) {
      this.#copy()
      this.#slab = message.slab
      this.#from = message.start
    }
    this.#to = message.end
    this.#offset += framedBytes
    this.#count++
  }

  /** Where the packet so far ends with a run of this lane, a message that follows on joins it: repeats and what is new share one header. */
  #resume(items: PacketItems, kind: number): void {
    const last = items.length - 4
    if (last < 0 || this.#closedAt !== this.#offset || items[last] !== kind || items[last + 1] !== this.#first) return
    this.#count = items[last + 2]!
    this.#isResumed = true
    this.#isAlike = this.#isCompact || this.#count === 1
  }

  /** Finishes the run and returns the offset behind it. */
  close(items: PacketItems, kind: number): number {
    this.#closeRun(items, kind)
    return this.#offset
  }

  #closeRun(items: PacketItems, kind: number): void {
    if (this.#count === 0) return
    this.#copy()
    if (this.#isAlike && !this.#isCompact && this.#count > 1 && this.#count <= MAX_ALIKE_MESSAGES) this.#compact()
    const bytes = this.#bytes
    bytes[this.#runAt] = this.#isCompact ? (this.#frame === ORDERED ? ORDERED_ALIKE : RELIABLE_ALIKE) : this.#frame
    bytes[this.#runAt + 1] = this.#channel
    bytes[writeUint24(bytes, this.#runAt + 2, this.#first)] = this.#count
    if (this.#isResumed) items[items.length - 2] = this.#count
    else addItem(items, kind, this.#first, this.#count, 0)
    this.#count = 0
    this.#closedAt = this.#offset
  }

  /** Moves the payloads of the second and later messages together. */
  #compact(): void {
    const payloadBytes = this.#framedBytes - this.#headerBytes
    let source = this.#runAt + RUN_HEADER_BYTES + this.#framedBytes
    let target = source
    for (let i = 1; i < this.#count; i++) {
      source += this.#headerBytes
      this.#bytes.copyWithin(target, source, source + payloadBytes)
      source += payloadBytes
      target += payloadBytes
    }
    this.#offset = target
    this.#isCompact = true
  }

  #copy(): void {
    if (this.#slab === undefined) return
    copyBytes(this.#bytes, this.#offset - (this.#to - this.#from), this.#slab.bytes, this.#from, this.#to)
    this.#slab = undefined
    this.#to = -1
  }
}
