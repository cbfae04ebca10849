// What one client may send a server: messages and bytes, each in a second and in one burst. Above it, packets are dropped as if the network had lost them.
import { TokenBucket } from '../wire/token-bucket.js'

export class PeerBudget {
  readonly #messages: TokenBucket
  readonly #bytes: TokenBucket | undefined

  /** Either may be Infinity: no limit. */
  constructor(messagesPerSecond: number, bytesPerSecond: number) {
    this.#messages = new TokenBucket(messagesPerSecond, messagesPerSecond)
    this.#bytes = bytesPerSecond === Number.POSITIVE_INFINITY ? undefined : new TokenBucket(bytesPerSecond, bytesPerSecond)
  }

  /** Whether a datagram may be looked at; its bytes are spent then. What it holds is spent by `spend`, once that is known. */
  admits(datagramBytes: number, now: number): boolean {
    if (!this.#messages.hasTokens(now)) return false
    if (this.#bytes === undefined) return true
    if (!this.#bytes.hasTokens(now)) return false
    this.#bytes.spend(datagramBytes)
    return true
  }

  /** Spends messages, and what costs as much. */
  spend(messages: number): void {
    this.#messages.spend(messages)
  }
}
