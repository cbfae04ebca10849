// A large message of which blocks arrive in any order. Memory is taken in segments, for what has arrived and no more: were it taken up to the highest block, a fragment
// of one byte at the end of a message would cost the whole of it, and a datagram of a hundred such fragments 25 MB.
import { BLOCK_BYTES } from '../wire/limits.js'
import { blockCount, type FragmentFrame } from './fragment-frame.js'

/** Blocks of a segment, so that two words say which have arrived. */
const SEGMENT_BLOCKS = 64
const SEGMENT_BYTES = SEGMENT_BLOCKS * BLOCK_BYTES

/** 4 KiB of a message, or what is left of it at its end. */
interface Segment {
  readonly bytes: Uint8Array
  /** Bit b: block b, and block 32 + b, has arrived. */
  arrivedLow: number
  arrivedHigh: number
}

export class Reassembly {
  readonly typeId: number
  readonly totalBytes: number
  /** By their place in the message. */
  readonly #segments = new Map<number, Segment>()
  #missingBlocks: number

  constructor(typeId: number, totalBytes: number) {
    this.typeId = typeId
    this.totalBytes = totalBytes
    this.#missingBlocks = blockCount(totalBytes)
  }

  get isComplete(): boolean {
    return this.#missingBlocks === 0
  }

  /** Bytes that are held. */
  get heldBytes(): number {
    let held = 0
    for (const { bytes } of this.#segments.values()) held += bytes.length
    return held
  }

  /** The whole message. To be called once it is complete; what stood in segments is put together each time. */
  toBytes(): Uint8Array {
    if (this.totalBytes <= SEGMENT_BYTES) return this.#segment(0).bytes
    const whole = new Uint8Array(this.totalBytes)
    for (const [place, { bytes }] of this.#segments) whole.set(bytes, place * SEGMENT_BYTES)
    return whole
  }

  /** Takes a fragment. False where it contradicts the first one. */
  add(fragment: FragmentFrame, bytes: Uint8Array): boolean {
    if (fragment.typeId !== this.typeId || fragment.totalBytes !== this.totalBytes) return false
    let block = fragment.firstBlock
    for (let start = fragment.start; start < fragment.end; ) {
      const segment = this.#segment(Math.floor(block / SEGMENT_BLOCKS))
      const first = block % SEGMENT_BLOCKS
      const end = Math.min(fragment.end, start + (SEGMENT_BLOCKS - first) * BLOCK_BYTES)
      segment.bytes.set(bytes.subarray(start, end), first * BLOCK_BYTES)
      const blocks = blockCount(end - start)
      for (let i = first; i < first + blocks; i++) this.#note(segment, i)
      block += blocks
      start = end
    }
    return true
  }

  #note(segment: Segment, block: number): void {
    const bit = 1 << (block & 31)
    if (((block < 32 ? segment.arrivedLow : segment.arrivedHigh) & bit) !== 0) return
    if (block < 32) segment.arrivedLow |= bit
    else segment.arrivedHigh |= bit
    this.#missingBlocks--
  }

  #segment(place: number): Segment {
    let segment = this.#segments.get(place)
    if (segment === undefined) {
      const bytes = new Uint8Array(Math.min(SEGMENT_BYTES, this.totalBytes - place * SEGMENT_BYTES))
      segment = { bytes, arrivedLow: 0, arrivedHigh: 0 }
      this.#segments.set(place, segment)
    }
    return segment
  }
}
