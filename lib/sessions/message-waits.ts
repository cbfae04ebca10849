// Whoever waits for messages other than by a handler: `waitFor`, one message as a promise; `stream`, all of them as an iterator. They end with the endpoint's connection, and time-outs are looked at in its update().
import type { AnyMessageType } from '../messages/index.js'
import { MAX_MESSAGE_WAITS } from '../wire/limits.js'
import { BufferedStream } from './message-stream.js'
import { onAbort } from './on-abort.js'

/** What `waitFor` takes beside type and predicate. */
export interface WaitOptions {
  /** Rejects with `TIMEOUT` after so many ms, above 0. Default: it waits as long as the connection lives. */
  readonly timeoutMs?: number | undefined
  /** Rejects with the signal's reason when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** What `stream` takes beside the type. */
export interface StreamOptions {
  /** Messages that wait at most, 1 to 65,536; then the oldest gives way and is counted as `dropped`. Default 1024. */
  readonly limit?: number | undefined
  /** Ends the stream when it is aborted: the loop throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** What waits need of their endpoint. */
export interface MessageWaitsOwner<Source> {
  addHandler(type: AnyMessageType, handler: (message: unknown, source: Source) => void): () => void
  now(): number
  /** The errors that a wait ends with. */
  timedOut(type: AnyMessageType, timeoutMs: number): Error
  ended(type: AnyMessageType): Error
  /** More are open than may be. */
  full(): Error
  /** A promise was settled by a message: whoever awaits it should run before the next one is handed out. */
  handleSettled(): void
}

/** What is open: a promise or a stream. */
interface Open {
  deadline: number
  expire(): void
  end(): void
}

export class MessageWaits<Source> {
  readonly #owner: MessageWaitsOwner<Source>
  readonly #open = new Set<Open>()
  #nextAt = Number.POSITIVE_INFINITY

  constructor(owner: MessageWaitsOwner<Source>) {
    this.#owner = owner
  }

  get length(): number {
    return this.#open.size
  }

  /** Resolves with `resultOf` of the first message that `predicate` is true for. It is never an unhandled rejection. */
  waitFor<T>(
    type: AnyMessageType,
    predicate: ((message: any, source: Source) => boolean) | undefined,
    options: WaitOptions,
    resultOf: (message: any, source: Source) => T,
  ): Promise<T> {
    this.#checkRoom()
    const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options
    const promise = new Promise<T>((resolve, reject) => {
      let isOver = false
      const finish = (): void => {
        isOver = true
        removeHandler()
        release()
        this.#open.delete(open)
      }
      const fail = (error: unknown): void => {
        if (!isOver) finish()
        reject(error)
      }
      const open: Open = {
        deadline: this.#owner.now() + timeoutMs,
        expire: () => fail(this.#owner.timedOut(type, timeoutMs)),
        end: () => fail(this.#owner.ended(type)),
      }
      const removeHandler = this.#owner.addHandler(type, (message, source) => {
        if (isOver) return // a handler of the same message, before this one
        try {
          if (predicate !== undefined && !predicate(message, source)) return
          finish()
          this.#owner.handleSettled()
          resolve(resultOf(message, source))
        } catch (error) {
          this.#owner.handleSettled()
          fail(error)
        }
      })
      let release = (): void => {}
      this.#add(open)
      release = onAbort(signal, fail)
    })
    promise.catch(() => {}) // who waits and then fails elsewhere, as in connect(), has no use for a second error
    return promise
  }

  stream<T>(
    type: AnyMessageType,
    limit: number,
    signal: AbortSignal | undefined,
    resultOf: (message: any, source: Source) => T,
  ): BufferedStream<T> {
    this.#checkRoom()
    let release = (): void => {}
    const stream: BufferedStream<T> = new BufferedStream<T>(limit, () => {
      removeHandler()
      release()
      this.#open.delete(open)
    })
    const open: Open = { deadline: Number.POSITIVE_INFINITY, expire() {}, end: () => stream.end() }
    const removeHandler = this.#owner.addHandler(type, (message, source) => stream.push(resultOf(message, source)))
    this.#add(open)
    release = onAbort(signal, (reason) => stream.fail(reason))
    return stream
  }

  /** Time-outs. */
  expire(now: number): void {
    if (now < this.#nextAt) return
    this.#nextAt = Number.POSITIVE_INFINITY
    for (const open of this.#open) {
      if (open.deadline <= now) open.expire()
      else this.#nextAt = Math.min(this.#nextAt, open.deadline)
    }
  }

  /** This side stalled: deadlines move. */
  shift(ms: number): void {
    for (const open of this.#open) open.deadline += ms
    this.#nextAt += ms
  }

  /** Nothing comes any more. */
  end(): void {
    for (const open of this.#open) open.end()
  }

  #add(open: Open): void {
    this.#open.add(open)
    this.#nextAt = Math.min(this.#nextAt, open.deadline)
  }

  #checkRoom(): void {
    if (this.#open.size >= MAX_MESSAGE_WAITS) throw this.#owner.full()
  }
}
