// How often hosts that have proven nothing are answered: a token bucket for all together, and one for each network, so that neither a flood with forged senders nor one eager host costs more than that.
import { networkOf } from './address.js'
import { MAX_COUNTED_NETWORKS } from './limits.js'
import { TokenBucket } from './token-bucket.js'

/** Replies a second, and in one burst: to all, and to one network. */
export interface ReplyRates {
  /** To all together, a second. */
  readonly perSecond: number
  /** To all together, at once. */
  readonly burst: number
  /** To one network (an IPv4 host, an IPv6 /64), a second. */
  readonly perSecondAndNetwork: number
  /** To one network, at once. */
  readonly burstOfNetwork: number
}

export class ReplyLimiter {
  readonly #rates: ReplyRates
  readonly #all: TokenBucket
  readonly #networks = new Map<string, TokenBucket>()

  constructor(rates: ReplyRates) {
    this.#rates = rates
    this.#all = new TokenBucket(rates.perSecond, rates.burst)
  }

  /** Whether a reply to this host may go now; if so, it counts. An IPv6 host counts as its /64, which one subscriber has whole. */
  allows(host: string, now: number): boolean {
    const bucket = this.#bucketOf(networkOf(host))
    if (!this.#all.hasTokens(now) || !bucket.hasTokens(now)) return false
    this.#all.spend(1)
    bucket.spend(1)
    return true
  }

  /** A network that is not known is the newest; where there are too many, the oldest is forgotten, and so may have a burst again. */
  #bucketOf(network: string): TokenBucket {
    const known = this.#networks.get(network)
    if (known !== undefined) return known
    if (this.#networks.size >= MAX_COUNTED_NETWORKS) this.#networks.delete(this.#networks.keys().next().value!)
    const bucket = new TokenBucket(this.#rates.perSecondAndNetwork, this.#rates.burstOfNetwork)
    this.#networks.set(network, bucket)
    return bucket
  }
}
