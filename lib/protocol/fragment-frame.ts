// Fragments: runs of 64-byte blocks of a message too large for one packet.
import { copyBytes } from '../wire/bytes.js'
import { BLOCK_BYTES } from '../wire/limits.js'
import { VarintReader, writeVarint } from '../wire/varint.js'
import type { OutMessage } from './payload-pool.js'

/** Blocks of a message of this many bytes. */
export function blockCount(totalBytes: number): number {
  return Math.ceil(totalBytes / BLOCK_BYTES)
}

/** Writes what a fragment has behind its id: type, total, first block, length, bytes. Returns the offset behind it. */
export function writeFragment(bytes: Uint8Array, at: number, message: OutMessage, firstBlock: number, blocks: number): number {
  const start = message.payload + firstBlock * BLOCK_BYTES
  const end = Math.min(start + blocks * BLOCK_BYTES, message.end)
  let offset = writeVarint(bytes, at, message.typeId)
  offset = writeVarint(bytes, offset, message.payloadBytes)
  offset = writeVarint(bytes, offset, firstBlock)
  offset = writeVarint(bytes, offset, end - start)
  return copyBytes(bytes, offset, message.slab!.bytes, start, end)
}

const reader = new VarintReader()

/** A fragment as it was read. Reused. */
export class FragmentFrame {
  typeId = 0
  totalBytes = 0
  firstBlock = 0
  start = 0
  end = 0

  /** Reads what a fragment has behind its id. False where it is cut off, empty, outside its message, or not cut at blocks. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (!reader.read(bytes, at, end)) return false
    this.typeId = reader.value
    if (!reader.read(bytes, reader.offset, end)) return false
    this.totalBytes = reader.value
    if (!reader.read(bytes, reader.offset, end)) return false
    this.firstBlock = reader.value
    if (!reader.read(bytes, reader.offset, end)) return false
    this.start = reader.offset
    this.end = reader.offset + reader.value
    const behind = this.firstBlock * BLOCK_BYTES + reader.value
    if (reader.value === 0 || this.end > end || behind > this.totalBytes) return false
    return behind === this.totalBytes || reader.value % BLOCK_BYTES === 0
  }
}
