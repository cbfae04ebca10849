// How often one network may fail to log in: a token bucket for each that has, and for none that has not. As networks and not clients are counted, new connections do not help; as failures are, and not log-ins, a house
// full of honest players waits for nobody.
import { networkOf } from '../wire/address.js'
import { AUTH_FAILURE_BURST, AUTH_FAILURES_PER_SECOND, MAX_COUNTED_NETWORKS } from '../wire/limits.js'
import { OldestKeys } from '../wire/oldest-keys.js'
import { TokenBucket } from '../wire/token-bucket.js'

export class FailureLimiter {
  readonly #networks = new Map<string, TokenBucket>()
  readonly #oldest = new OldestKeys(this.#networks)

  /** Whether a log-in from this host is looked at now. An IPv6 host counts as its /64, which one subscriber has whole. */
  allows(host: string, now: number): boolean {
    return this.#networks.get(networkOf(host))?.hasTokens(now) ?? true
  }

  /** A log-in from this host has failed. Several that were under way at once may take more than there is: then the network waits for all of it. */
  count(host: string, now: number): void {
    const bucket = this.#bucketOf(networkOf(host))
    bucket.hasTokens(now) // what has come back by now is counted before it is spent
    bucket.spend(1)
  }

  /** Where there are too many networks, the oldest is forgotten, and so may have a burst again. */
  #bucketOf(network: string): TokenBucket {
    const known = this.#networks.get(network)
    if (known !== undefined) return known
    if (this.#networks.size >= MAX_COUNTED_NETWORKS) this.#networks.delete(this.#oldest.take()!)
    const bucket = new TokenBucket(AUTH_FAILURES_PER_SECOND, AUTH_FAILURE_BURST)
    this.#networks.set(network, bucket)
    return bucket
  }
}
