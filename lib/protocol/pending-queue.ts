import { PRIORITIES } from '../wire/limits.js'
import { RingQueue } from '../wire/ring-queue.js'
import type { OutMessage } from './payload-pool.js'

/** Messages that wait for their first transmission: the highest priority first, in order of arrival within one. */
export class PendingQueue {
  readonly #queues: (RingQueue<OutMessage> | undefined)[] = new Array(PRIORITIES).fill(undefined)
  /** Bit p: the queue of priority p holds something. */
  #occupied = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The priority of what comes next; -1 when empty. */
  get priority(): number {
    return 31 - Math.clz32(this.#occupied)
  }

  push(message: OutMessage, priority: number): void {
    const queue = this.#queues[priority] ?? this.#create(priority)
    queue.push(message)
    this.#occupied |= 1 << priority
    this.#length++
  }

  peek(): OutMessage | undefined {
    return this.#occupied === 0 ? undefined : this.#queues[this.priority]?.peek()
  }

  shift(): OutMessage | undefined {
    if (this.#occupied === 0) return undefined
    const priority = this.priority
    const queue = this.#queues[priority]
    const message = queue?.shift()
    if (queue?.length === 0) this.#occupied &= ~(1 << priority)
    this.#length--
    return message
  }

  #create(priority: number): RingQueue<OutMessage> {
    const queue = new RingQueue<OutMessage>()
    this.#queues[priority] = queue
    return queue
  }
}
