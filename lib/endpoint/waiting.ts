// Waiting for the other side: the options of that, checked, and a promise of its word, settled once, by an answer, a time-out, the caller's signal or the end of the connection.
import { describe } from '../messages/refusal.js'
import type { Pending } from '../sessions/exchange.js'
import { onAbort } from '../sessions/on-abort.js'
import type { WaitOptions } from '../sessions/wait-options.js'
import { NetworkError, withCode } from './network-error.js'
import { MAX_TIMER_MS, readNumber } from './options.js'
import type { PeerConnection } from './peer-connection.js'

/** The options, checked. Throws TypeError or RangeError, with code BAD_OPTION. */
export function readWaitOptions(
  options: WaitOptions | undefined,
  defaultTimeoutMs: number,
): { timeoutMs: number; signal: AbortSignal | undefined } {
  if (options !== undefined && (typeof options !== 'object' || options === null))
    throw withCode(new TypeError(`"options" expected { timeoutMs, signal }, got ${describe(options)}`), 'BAD_OPTION')
  const { timeoutMs, signal } = options ?? {}
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw withCode(new TypeError(`"signal" expected an AbortSignal, got ${describe(signal)}`), 'BAD_OPTION')
  return { timeoutMs: readNumber('timeoutMs', timeoutMs, defaultTimeoutMs, 1, MAX_TIMER_MS), signal }
}

export class Waiting<T> implements Pending {
  readonly id: number
  readonly name: string
  readonly promise: Promise<T>
  #resolve!: (value: T) => void
  #reject!: (error: unknown) => void
  readonly #release: () => void

  /** The signal is not aborted yet. `giveUp` is called when it is, before the promise rejects with its reason. */
  constructor(id: number, name: string, signal: AbortSignal | undefined, giveUp: () => void) {
    this.id = id
    this.name = name
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.promise.catch(() => {}) // whoever does not await it need not be ended by an unhandled rejection
    this.#release = onAbort(signal, (reason) => {
      giveUp()
      this.reject(reason)
    })
  }

  resolve(value: unknown): void {
    this.#release()
    this.#resolve(value as T) // what the codec of the reply, which gives the type, has decoded
  }

  reject(error: unknown): void {
    this.#release()
    this.#reject(error)
  }
}

/** The send queue is full, and the connection will end of it; or the outbox of a link that is dead is. */
export function noRoomFor({ name }: { readonly name: string }, { isOverflowing }: PeerConnection): NetworkError {
  const [code, where] = isOverflowing ? (['OVERFLOW', 'send queue'] as const) : (['OUTBOX_FULL', 'outbox'] as const)
  return new NetworkError(code, `${name} was not sent: the ${where} of the connection is full`)
}

/** Middleware of this side dropped it, so that the other side never hears of it. */
export function droppedByMiddleware({ name }: { readonly name: string }): NetworkError {
  return new NetworkError('NOT_SENT', `${name} was not sent: middleware dropped it`)
}

/** A promise that was over before it began. */
export function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(() => {})
  return promise
}
