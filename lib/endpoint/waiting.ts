// A promise of the other side's word: settled once, by an answer, a time-out, the caller's signal or the end of the connection.
import { describe } from '../messages/refusal.js'
import type { Pending } from '../sessions/exchange.js'
import { NetworkError, withCode } from './network-error.js'
import { MAX_TIMER_MS, readNumber } from './options.js'
import type { PeerConnection } from './peer-connection.js'

/** What `request` and `sendConfirmed` take beside the values. */
export interface WaitOptions {
  /** How long the answer is waited for, in ms, 1 to 2^31 − 1. Default: as the request's definition says; of `sendConfirmed` as long as the connection lasts. */
  readonly timeoutMs?: number | undefined
  /** Gives up when it is aborted: the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

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
  readonly #signal: AbortSignal | undefined
  readonly #onAbort: () => void

  /** `giveUp` is called when the signal is aborted, before the promise rejects with its reason. */
  constructor(id: number, name: string, signal: AbortSignal | undefined, giveUp: () => void) {
    this.id = id
    this.name = name
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.promise.catch(() => {}) // whoever does not await it need not be ended by an unhandled rejection
    this.#signal = signal
    this.#onAbort = () => {
      giveUp()
      this.reject(signal?.reason)
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  resolve(value: unknown): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#resolve(value as T) // what the codec of the reply, which gives the type, has decoded
  }

  reject(error: unknown): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#reject(error)
  }
}

/** The send queue is full, and the connection will end of it; or the outbox of a link that is dead is. */
export function noRoomFor({ name }: { readonly name: string }, { isOverflowing }: PeerConnection): NetworkError {
  const [code, where] = isOverflowing ? (['OVERFLOW', 'send queue'] as const) : (['OUTBOX_FULL', 'outbox'] as const)
  return new NetworkError(code, `${name} was not sent: the ${where} of the connection is full`)
}

/** A promise that was over before it began. */
export function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(() => {})
  return promise
}
