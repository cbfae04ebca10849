// Whoever waits for messages other than by a handler: `waitFor`, one message as a promise; `stream`, all of them as an iterator. They end with the endpoint's connection, and time-outs are looked at in its update().
import type { AnyMessageType } from '../messages/index.js'
import { MAX_MESSAGE_WAITS } from '../wire/limits.js'
import { BufferedStream } from './message-stream.js'
import { onAbort } from './on-abort.js'
import { WaitTable } from './wait-table.js'

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
  expire(): void
  end(): void
}

export class MessageWaits<Source> {
  readonly #owner: MessageWaitsOwner<Source>
  readonly #open = new WaitTable<Open>(MAX_MESSAGE_WAITS)

  constructor(owner: MessageWaitsOwner<Source>) {
    this.#owner = owner
  }

  get length(): number {
    return this.#open.size
  }

  /** Resolves with `resultOf` of the first message that `predicate` is true for. `timeoutMs` may be Infinity. It is never an unhandled rejection. */
  waitFor<T>(
    type: AnyMessageType,
    predicate: ((message: any, source: Source) => boolean) | undefined,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    resultOf: (message: any, source: Source) => T,
  ): Promise<T> {
    this.#checkRoom()
    const id = this.#open.nextId()
    const promise = new Promise<T>((resolve, reject) => {
      let isOver = false
      const finish = (): void => {
        isOver = true
        removeHandler()
        release()
        this.#open.delete(id)
      }
      const fail = (error: unknown): void => {
        if (!isOver) finish()
        reject(error)
      }
      const open: Open = {
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
      this.#open.add(id, open, this.#owner.now() + timeoutMs)
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
    const id = this.#open.nextId()
    let release = (): void => {}
    const stream: BufferedStream<T> = new BufferedStream<T>(limit, () => {
      removeHandler()
      release()
      this.#open.delete(id)
    })
    const removeHandler = this.#owner.addHandler(type, (message, source) => stream.push(resultOf(message, source)))
    this.#open.add(id, { expire() {}, end: () => stream.end() }, Number.POSITIVE_INFINITY)
    release = onAbort(signal, (reason) => stream.fail(reason))
    return stream
  }

  /** Time-outs. */
  expire(now: number): void {
    this.#open.expire(now, (open) => open.expire())
  }

  /** This side stalled: deadlines move. */
  shift(ms: number): void {
    this.#open.shift(ms)
  }

  /** Nothing comes any more. */
  end(): void {
    this.#open.clear((open) => open.end())
  }

  #checkRoom(): void {
    if (this.#open.isFull) throw this.#owner.full()
  }
}
