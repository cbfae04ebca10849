// A large message of which blocks arrive in any order. It lies in pages that are taken when their first block arrives, so that no single block, not even the last one, takes
// the memory of the whole.
import { BLOCK_BYTES, REASSEMBLY_PAGE_BYTES } from '../wire/limits.js'
import { BlockSet } from './block-set.js'
import { blockCount, type FragmentFrame } from './fragment-frame.js'

export class Reassembly {
  readonly typeId: number
  readonly totalBytes: number
  readonly #arrived: BlockSet
  readonly #pages: (Uint8Array | undefined)[]
  #whole: Uint8Array | undefined

  constructor(typeId: number, totalBytes: number) {
    this.typeId = typeId
    this.totalBytes = totalBytes
    this.#arrived = new BlockSet(blockCount(totalBytes))
    this.#pages = new Array(Math.ceil(totalBytes / REASSEMBLY_PAGE_BYTES)).fill(undefined)
  }

  /** The message, once it is complete. */
  get bytes(): Uint8Array {
    this.#whole ??= this.#pages.length === 1 ? this.#pages[0]! : this.#join()
    return this.#whole
  }

  get isComplete(): boolean {
    return this.#arrived.count === this.#arrived.size
  }

  /** Memory taken for blocks, in bytes. */
  get pageBytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.length ?? 0), 0)
  }

  /** Takes a fragment. False where it contradicts the first one. */
  add(fragment: FragmentFrame, bytes: Uint8Array): boolean {
    if (fragment.typeId !== this.typeId || fragment.totalBytes !== this.totalBytes) return false
    let at = fragment.firstBlock * BLOCK_BYTES
    for (let from = fragment.start; from < fragment.end; ) {
      const inPage = at % REASSEMBLY_PAGE_BYTES
      const to = Math.min(fragment.end, from + REASSEMBLY_PAGE_BYTES - inPage)
      this.#page(Math.floor(at / REASSEMBLY_PAGE_BYTES)).set(bytes.subarray(from, to), inPage)
      at += to - from
      from = to
    }
    const blocks = blockCount(fragment.end - fragment.start)
    for (let i = 0; i < blocks; i++) this.#arrived.add(fragment.firstBlock + i)
    return true
  }

  #page(index: number): Uint8Array {
    let page = this.#pages[index]
    if (page === undefined) {
      page = new Uint8Array(Math.min(REASSEMBLY_PAGE_BYTES, this.totalBytes - index * REASSEMBLY_PAGE_BYTES))
      this.#pages[index] = page
    }
    return page
  }

  #join(): Uint8Array {
    const whole = new Uint8Array(this.totalBytes)
    for (const [index, page] of this.#pages.entries()) whole.set(page!, index * REASSEMBLY_PAGE_BYTES)
    this.#pages.fill(undefined)
    return whole
  }
}
