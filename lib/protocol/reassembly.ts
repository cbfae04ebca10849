import { BLOCK_BYTES } from '../wire/limits.js'
import { BlockSet } from './block-set.js'
import { blockCount, type FragmentFrame } from './fragment-frame.js'

/** A large message of which blocks arrive in any order. Its memory grows with the highest block that has arrived. */
export class Reassembly {
  readonly typeId: number
  readonly totalBytes: number
  readonly #arrived: BlockSet
  #bytes: Uint8Array

  constructor(typeId: number, totalBytes: number) {
    this.typeId = typeId
    this.totalBytes = totalBytes
    this.#arrived = new BlockSet(blockCount(totalBytes))
    this.#bytes = new Uint8Array(0)
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  get isComplete(): boolean {
    return this.#arrived.count === this.#arrived.size
  }

  /** Takes a fragment. False where it contradicts the first one. */
  add(fragment: FragmentFrame, bytes: Uint8Array): boolean {
    if (fragment.typeId !== this.typeId || fragment.totalBytes !== this.totalBytes) return false
    const at = fragment.firstBlock * BLOCK_BYTES
    const length = fragment.end - fragment.start
    if (at + length > this.#bytes.length) this.#grow(at + length)
    this.#bytes.set(bytes.subarray(fragment.start, fragment.end), at)
    const blocks = blockCount(length)
    for (let i = 0; i < blocks; i++) this.#arrived.add(fragment.firstBlock + i)
    return true
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.min(this.totalBytes, Math.max(needed, this.#bytes.length * 2)))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}
