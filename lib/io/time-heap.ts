// What is due when: a binary heap over simulated time. Items of the same time leave in the order in which they came,
// without which a simulation could not be repeated.

const FIRST_CAPACITY = 64

/** Items by time. `push` and `pop` take O(log n) and allocate nothing but a larger array now and then. */
export class TimeHeap<Item> {
  #times = new Float64Array(FIRST_CAPACITY)
  /** Numbers the pushes, to settle equal times. A double: it counts to 2⁵³. */
  #orders = new Float64Array(FIRST_CAPACITY)
  #items: Item[] = []
  #pushes = 0

  get length(): number {
    return this.#items.length
  }

  /** When the first item is due; Infinity where there is none. */
  nextTime(): number {
    return this.#items.length === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!
  }

  push(time: number, item: Item): void {
    const index = this.#items.length
    if (index === this.#times.length) this.#double()
    this.#items.push(item)
    this.#siftUp(index, time, this.#pushes++, item)
  }

  /** Takes the first item out; undefined where there is none. */
  pop(): Item | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.#removeAt(0)
    return first
  }

  /** Takes an item out before its time: O(n). Harmless where it is not there. */
  remove(item: Item): void {
    const index = this.#items.indexOf(item)
    if (index !== -1) this.#removeAt(index)
  }

  /** The last item takes the free place, then moves to where it belongs: down, or up where the place was in another branch. */
  #removeAt(index: number): void {
    const last = this.#items.length - 1
    const time = this.#times[last]!
    const order = this.#orders[last]!
    const item = this.#items.pop()!
    if (index === last) return
    if (index > 0 && this.#isBefore(time, order, (index - 1) >> 1)) this.#siftUp(index, time, order, item)
    else this.#siftDown(index, time, order, item)
  }

  #siftUp(from: number, time: number, order: number, item: Item): void {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(time, order, parent)) break
      this.#move(parent, index)
      index = parent
    }
    this.#put(index, time, order, item)
  }

  #siftDown(from: number, time: number, order: number, item: Item): void {
    const length = this.#items.length
    let index = from
    for (;;) {
      let child = index * 2 + 1
      if (child >= length) break
      if (child + 1 < length && this.#isBefore(this.#times[child + 1]!, this.#orders[child + 1]!, child)) child++
      if (this.#isBefore(time, order, child)) break
      this.#move(child, index)
      index = child
    }
    this.#put(index, time, order, item)
  }

  #isBefore(time: number, order: number, index: number): boolean {
    const other = this.#times[index]!
    return time < other || (time === other && order < this.#orders[index]!)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#orders[from]!, this.#items[from]!)
  }

  #put(index: number, time: number, order: number, item: Item): void {
    this.#times[index] = time
    this.#orders[index] = order
    this.#items[index] = item
  }

  #double(): void {
    const times = new Float64Array(this.#times.length * 2)
    const orders = new Float64Array(this.#orders.length * 2)
    times.set(this.#times)
    orders.set(this.#orders)
    this.#times = times
    this.#orders = orders
  }
}
