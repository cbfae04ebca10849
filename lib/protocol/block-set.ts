/** A set of block numbers, 0 to `size` − 1, one bit each; whole words of 32 where runs are added or taken out. */
export class BlockSet {
  readonly size: number
  readonly #words: Int32Array
  #count = 0

  constructor(size: number, isFull = false) {
    this.size = size
    this.#words = new Int32Array((size + 31) >>> 5)
    if (isFull) this.addRun(0, size)
  }

  get count(): number {
    return this.#count
  }

  has(block: number): boolean {
    return (this.#words[block >>> 5]! & (1 << (block & 31))) !== 0
  }

  /** Adds `count` blocks from `first` on. Returns how many were not in the set before. */
  addRun(first: number, count: number): number {
    const before = this.#count
    for (let block = first; block < first + count; ) {
      const mask = maskOf(block, first + count)
      const word = this.#words[block >>> 5]!
      this.#count += bitsOf(mask & ~word)
      this.#words[block >>> 5] = word | mask
      block = (block | 31) + 1
    }
    return this.#count - before
  }

  /** Takes out `count` blocks from `first` on. */
  deleteRun(first: number, count: number): void {
    for (let block = first; block < first + count; ) {
      const mask = maskOf(block, first + count)
      const word = this.#words[block >>> 5]!
      this.#count -= bitsOf(mask & word)
      this.#words[block >>> 5] = word & ~mask
      block = (block | 31) + 1
    }
  }

  /** The first member at or above `from`, or `size` where there is none. */
  next(from: number): number {
    return this.#find(from, 0)
  }

  /** The first block at or above `from` that is no member, or `size`. */
  nextMissing(from: number): number {
    return this.#find(from, -1)
  }

  /** The first block at or above `from` whose bit differs from those of `flip`, 0 or −1. */
  #find(from: number, flip: number): number {
    let block = from
    while (block < this.size) {
      const found = (this.#words[block >>> 5]! ^ flip) & (-1 << (block & 31))
      if (found !== 0) return Math.min(this.size, (block & ~31) + 31 - Math.clz32(found & -found))
      block = (block | 31) + 1
    }
    return this.size
  }
}

/** Bits of the word of `block`: from it on, up to `end` or to the word's own. */
function maskOf(block: number, end: number): number {
  const from = -1 << (block & 31)
  return (block | 31) < end ? from : from & ~(-1 << (end & 31))
}

/** How many bits are set: in pairs, fours and bytes, then summed by a multiplication. */
function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
