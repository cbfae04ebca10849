/** A set of block numbers, 0 to `size` − 1, one bit each. */
export class BlockSet {
  readonly size: number
  readonly #bits: Uint8Array
  #count = 0

  constructor(size: number, isFull = false) {
    this.size = size
    this.#bits = new Uint8Array((size + 7) >> 3)
    if (isFull) for (let i = 0; i < size; i++) this.add(i)
  }

  get count(): number {
    return this.#count
  }

  has(block: number): boolean {
    return (this.#bits[block >> 3]! & (1 << (block & 7))) !== 0
  }

  /** True where it was not in the set before. */
  add(block: number): boolean {
    if (this.has(block)) return false
    this.#bits[block >> 3]! |= 1 << (block & 7)
    this.#count++
    return true
  }

  delete(block: number): boolean {
    if (!this.has(block)) return false
    this.#bits[block >> 3]! &= ~(1 << (block & 7))
    this.#count--
    return true
  }

  /** The first member at or above `from`, or `size` where there is none. */
  next(from: number): number {
    let i = from
    while (i < this.size) {
      if ((i & 7) === 0 && this.#bits[i >> 3] === 0) i += 8
      else if (this.has(i)) return i
      else i++
    }
    return this.size
  }
}
