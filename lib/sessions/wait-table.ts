// What this side waits for from the other: by number, each perhaps with a deadline. Numbers are 32 bits on the wire and come again after 4 billion; one that is still waited for is passed over.

interface Waiting<T> {
  readonly value: T
  /** Infinity: none. */
  deadline: number
}

export class WaitTable<T> {
  readonly #capacity: number
  readonly #waiting = new Map<number, Waiting<T>>()
  #lastId: number
  /** No deadline is before this: as long as it lies ahead, the table is not looked through. */
  #earliest = Number.POSITIVE_INFINITY

  constructor(capacity: number, firstId = 1) {
    this.#capacity = capacity
    this.#lastId = firstId - 1
  }

  get size(): number {
    return this.#waiting.size
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.#capacity
  }

  /** A number for what comes next. */
  nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0
    while (this.#waiting.has(this.#lastId))
    return this.#lastId
  }

  /** From now on an answer to this number is waited for. The table must not be full. */
  add(id: number, value: T, deadline: number): void {
    this.#waiting.set(id, { value, deadline })
    this.#earliest = Math.min(this.#earliest, deadline)
  }

  get(id: number): T | undefined {
    return this.#waiting.get(id)?.value
  }

  /** It is not waited for any more. False where it was not. */
  delete(id: number): boolean {
    return this.#waiting.delete(id)
  }

  /** Takes out what has waited for too long, and gives it up. */
  expire(now: number, giveUp: (value: T) => void): void {
    if (now < this.#earliest) return
    this.#earliest = Number.POSITIVE_INFINITY
    for (const [id, { value, deadline }] of this.#waiting) {
      if (now < deadline) this.#earliest = Math.min(this.#earliest, deadline)
      else {
        this.#waiting.delete(id)
        giveUp(value)
      }
    }
  }

  /** This side stalled for `ms`: deadlines move. */
  shift(ms: number): void {
    this.#earliest += ms
    for (const waiting of this.#waiting.values()) waiting.deadline += ms
  }

  /** Takes everything out, and gives it up. */
  clear(giveUp: (value: T) => void): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#earliest = Number.POSITIVE_INFINITY
    for (const { value } of all) giveUp(value)
  }
}
