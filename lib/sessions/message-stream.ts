// Messages as an async iterator: they wait in a bounded queue until they are asked for. Where it is full, the oldest gives way and is counted.
import { RingQueue } from '../wire/ring-queue.js'

/**
 * Messages of one type as they arrive, for `for await`. They wait until they are asked for, at most `limit` of them; the oldest gives way to a further one. It ends when the connection does (on a server: when that closes), after what waits; with what its signal was aborted with, at once; and by `break`.
 */
export interface MessageStream<T> extends AsyncIterableIterator<T, undefined> {
  /** Messages that gave way, as nobody took them in time. */
  readonly dropped: number
  /** Messages that wait. */
  readonly waiting: number
  /** Ends it: what waits is dropped, and no more comes. `break` does the same. */
  return(): Promise<IteratorResult<T, undefined>>
}

interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: unknown): void
}

export class BufferedStream<T> implements MessageStream<T> {
  dropped = 0
  readonly #limit: number
  readonly #stop: () => void
  readonly #waiting = new RingQueue<T>()
  /** Calls of `next` that found nothing. */
  readonly #readers = new RingQueue<Reader<T>>()
  #isOver = false
  /** What the next reader is told, once. */
  #failure: { readonly reason: unknown } | undefined

  /** `stop` is called once, when no more messages are taken. */
  constructor(limit: number, stop: () => void) {
    this.#limit = limit
    this.#stop = stop
  }

  get waiting(): number {
    return this.#waiting.length
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting.length > 0) return Promise.resolve({ done: false, value: this.#waiting.shift()! })
    if (this.#failure !== undefined) {
      const { reason } = this.#failure
      this.#failure = undefined
      return Promise.reject(reason)
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting.clear()
    this.#failure = undefined
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  push(item: T): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader.resolve({ done: false, value: item })
      return
    }
    if (this.#waiting.length >= this.#limit) {
      this.#waiting.shift()
      this.dropped++
    }
    this.#waiting.push(item)
  }

  /** No more comes; what waits can still be read. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stop()
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift())
      reader.resolve({ done: true, value: undefined })
  }

  /** Ends at once: who reads, or else who reads next, is told why. */
  fail(reason: unknown): void {
    if (this.#isOver) return
    this.#waiting.clear()
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.reject(reason)
    else this.#failure = { reason }
    this.end()
  }
}
