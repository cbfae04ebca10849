import { RingQueue } from '../wire/ring-queue.js'

/** What waits of one priority. */
class Level<T> extends RingQueue<T> {
  priority: number
  next: Level<T> | undefined

  constructor(priority: number, next: Level<T> | undefined) {
    super()
    this.priority = priority
    this.next = next
  }
}

/** A queue whose highest priority comes first, in order of arrival within one. It has a level for each priority that has waited beside another, and most have one. */
export class PriorityQueue<T> {
  /** The highest. */
  #top: Level<T> | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T, priority: number): void {
    this.#levelOf(priority).push(item)
    this.#length++
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#highest.peek()
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    this.#length--
    return this.#highest.shift()
  }

  forEach(callback: (item: T) => void): void {
    for (let level = this.#top; level !== undefined; level = level.next) {
      for (let i = 0; i < level.length; i++) callback(level.at(i)!)
    }
  }

  /** Takes out all for which `isWanted` is false. */
  filter(isWanted: (item: T) => boolean): void {
    for (let level = this.#top; level !== undefined; level = level.next) {
      for (let left = level.length; left > 0; left--) {
        const item = level.shift()!
        if (isWanted(item)) level.push(item)
        else this.#length--
      }
    }
  }

  /** The first level that holds something. */
  get #highest(): Level<T> {
    let level = this.#top!
    while (level.length === 0) level = level.next!
    return level
  }

  #levelOf(priority: number): Level<T> {
    const top = this.#top
    if (this.#length === 0 && top !== undefined && top.next === undefined) top.priority = priority
    if (top === undefined || top.priority < priority) {
      this.#top = new Level(priority, top)
      return this.#top
    }
    let level = top
    while (level.next !== undefined && level.next.priority >= priority) level = level.next
    if (level.priority > priority) {
      level.next = new Level(priority, level.next)
      return level.next
    }
    return level
  }
}
