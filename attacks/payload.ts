// Writes the payload of a packet by hand, frame by frame, with nothing that would keep it from being wrong.
import { ORDERED, ORDERED_FRAGMENT, RELIABLE, RELIABLE_FRAGMENT } from '../lib/protocol/frames.js'
import { writeFloat64, writeUint24, writeUint32 } from '../lib/wire/bytes.js'
import { varintBytes, writeVarint } from '../lib/wire/varint.js'

/** Bytes that fit into one packet, whatever its sequence. */
export const PAYLOAD_BYTES = 1175

export class Payload {
  readonly bytes = new Uint8Array(PAYLOAD_BYTES)
  length = 0

  get room(): number {
    return this.bytes.length - this.length
  }

  clear(): this {
    this.length = 0
    return this
  }

  uint8(value: number): this {
    this.bytes[this.length++] = value
    return this
  }

  uint24(value: number): this {
    this.length = writeUint24(this.bytes, this.length, value % 2 ** 24)
    return this
  }

  uint32(value: number): this {
    this.length = writeUint32(this.bytes, this.length, value % 2 ** 32)
    return this
  }

  varint(value: number): this {
    this.length = writeVarint(this.bytes, this.length, value)
    return this
  }

  float64(value: number): this {
    this.length = writeFloat64(this.bytes, this.length, value)
    return this
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
    return this
  }

  /** Type, length and bytes, as a message stands in a run. */
  message(typeId: number, bytes: Uint8Array): this {
    return this.varint(typeId).varint(bytes.length).raw(bytes)
  }

  /** A run of messages on a lane; each is of this type and these bytes. */
  run(isOrdered: boolean, channel: number, firstId: number, count: number, typeId: number, bytes: Uint8Array): this {
    this.uint8(isOrdered ? ORDERED : RELIABLE)
    this.uint8(channel).uint24(firstId).uint8(count)
    for (let i = 0; i < count; i++) this.message(typeId, bytes)
    return this
  }

  /** A fragment of a lane. */
  fragment(
    isOrdered: boolean,
    channel: number,
    id: number,
    typeId: number,
    totalBytes: number,
    firstBlock: number,
    bytes: Uint8Array,
  ): this {
    this.uint8(isOrdered ? ORDERED_FRAGMENT : RELIABLE_FRAGMENT).uint8(channel)
    return this.blocks(id, typeId, totalBytes, firstBlock, bytes)
  }

  /** What every fragment has behind its frame type. */
  blocks(id: number, typeId: number, totalBytes: number, firstBlock: number, bytes: Uint8Array): this {
    return this.uint24(id).varint(typeId).varint(totalBytes).varint(firstBlock).varint(bytes.length).raw(bytes)
  }

  /** Writes frames until the next, of at most so many bytes, does not fit. Returns how many. */
  fill(frameBytes: number, write: (index: number) => void): number {
    let count = 0
    for (; this.room >= frameBytes; count++) write(count)
    return count
  }

  /** How many messages of so many payload bytes fit into a run that is begun now; at most 255. */
  runRoom(typeId: number, bytes: number): number {
    return Math.max(0, Math.min(255, Math.floor((this.room - 6) / (varintBytes(typeId) + varintBytes(bytes) + bytes))))
  }
}
