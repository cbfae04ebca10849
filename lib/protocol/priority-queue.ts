import { PRIORITIES } from '../wire/limits.js'
import { RingQueue } from '../wire/ring-queue.js'

/** A queue whose highest priority comes first, in order of arrival within one. */
export class PriorityQueue<T> {
  readonly #queues: (RingQueue<T> | undefined)[] = new Array(PRIORITIES).fill(undefined)
  /** Bit p: the queue of priority p holds something. */
  #occupied = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T, priority: number): void {
    let queue = this.#queues[priority]
    if (queue === undefined) {
      queue = new RingQueue()
      this.#queues[priority] = queue
    }
    queue.push(item)
    this.#occupied |= 1 << priority
    this.#length++
  }

  peek(): T | undefined {
    return this.#occupied === 0 ? undefined : this.#queues[this.#highest]!.peek()
  }

  shift(): T | undefined {
    if (this.#occupied === 0) return undefined
    const priority = this.#highest
    const queue = this.#queues[priority]!
    const item = queue.shift()
    if (queue.length === 0) this.#occupied &= ~(1 << priority)
    this.#length--
    return item
  }

  forEach(callback: (item: T) => void): void {
    for (const queue of this.#queues) if (queue !== undefined) for (let i = 0; i < queue.length; i++) callback(queue.at(i)!)
  }

  /** Takes out all for which `isWanted` is false. */
  filter(isWanted: (item: T) => boolean): void {
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const queue = this.#queues[priority]
      if (queue === undefined) continue
      for (let left = queue.length; left > 0; left--) {
        const item = queue.shift()!
        if (isWanted(item)) queue.push(item)
        else this.#length--
      }
      if (queue.length === 0) this.#occupied &= ~(1 << priority)
    }
  }

  get #highest(): number {
    return 31 - Math.clz32(this.#occupied)
  }
}
