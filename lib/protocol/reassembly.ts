// A large message of which blocks arrive in any order. Memory is taken for what has arrived and a bounded multiple of it: were it always taken for the whole, a fragment
// of one byte would cost 256 KiB, and a datagram of a hundred such fragments 25 MB. So the whole is taken where the first fragment is large enough, and segments else.
import { BLOCK_BYTES, MAX_REASSEMBLY_GAIN, SEGMENT_BYTES } from '../wire/limits.js'
import { BlockSet } from './block-set.js'
import { blockCount, type FragmentFrame } from './fragment-frame.js'

export class Reassembly {
  readonly typeId: number
  readonly totalBytes: number
  readonly #arrived: BlockSet
  #whole: Uint8Array | undefined
  /** By their place in the message; undefined where the whole is taken. */
  #segments: Map<number, Uint8Array> | undefined

  constructor(typeId: number, totalBytes: number) {
    this.typeId = typeId
    this.totalBytes = totalBytes
    this.#arrived = new BlockSet(blockCount(totalBytes))
  }

  get isComplete(): boolean {
    return this.#arrived.count === this.#arrived.size
  }

  /** Bytes that are held. */
  get heldBytes(): number {
    let held = this.#whole?.length ?? 0
    for (const segment of this.#segments?.values() ?? []) held += segment.length
    return held
  }

  /** The whole message, the caller's from then on. To be called once, when it is complete. */
  toBytes(): Uint8Array {
    if (this.#whole !== undefined) return this.#whole
    const whole = new Uint8Array(this.totalBytes)
    for (const [place, segment] of this.#segments ?? []) whole.set(segment, place * SEGMENT_BYTES)
    return whole
  }

  /** Takes a fragment. False where it contradicts the first one. */
  add(fragment: FragmentFrame, bytes: Uint8Array): boolean {
    const { start, end, firstBlock } = fragment
    if (fragment.typeId !== this.typeId || fragment.totalBytes !== this.totalBytes) return false
    if (this.#whole === undefined && this.#segments === undefined) {
      if ((end - start) * MAX_REASSEMBLY_GAIN >= this.totalBytes) this.#whole = new Uint8Array(this.totalBytes)
      else this.#segments = new Map()
    }
    const part = bytes.subarray(start, end)
    if (this.#whole !== undefined) this.#whole.set(part, firstBlock * BLOCK_BYTES)
    else this.#addToSegments(part, firstBlock * BLOCK_BYTES)
    this.#arrived.addRun(firstBlock, blockCount(end - start))
    return true
  }

  #addToSegments(part: Uint8Array, at: number): void {
    for (let done = 0; done < part.length; ) {
      const place = Math.floor((at + done) / SEGMENT_BYTES)
      const segment = this.#segment(place)
      const from = at + done - place * SEGMENT_BYTES
      const count = Math.min(part.length - done, SEGMENT_BYTES - from)
      segment.set(part.subarray(done, done + count), from)
      done += count
    }
  }

  #segment(place: number): Uint8Array {
    let segment = this.#segments!.get(place)
    if (segment === undefined) {
      segment = new Uint8Array(Math.min(SEGMENT_BYTES, this.totalBytes - place * SEGMENT_BYTES))
      this.#segments!.set(place, segment)
    }
    return segment
  }
}
