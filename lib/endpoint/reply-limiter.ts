// How often an advertised server answers: a token bucket for all, and one for each host that asks. Forged senders and eager searchers cost no more than that.
import { MAX_COUNTED_HOSTS, REPLIES_PER_SECOND, REPLIES_PER_SECOND_AND_HOST, REPLY_BURST } from '../wire/limits.js'

/** Tokens that come back at a rate, up to the burst. */
interface Bucket {
  tokens: number
  at: number
}

export class ReplyLimiter {
  readonly #all: Bucket = { tokens: REPLIES_PER_SECOND, at: 0 }
  readonly #hosts = new Map<string, Bucket>()

  /** Whether a reply to this host may go now; if so, it counts. */
  allows(host: string, now: number): boolean {
    refill(this.#all, REPLIES_PER_SECOND, REPLIES_PER_SECOND, now)
    const bucket = this.#bucketOf(host, now)
    refill(bucket, REPLIES_PER_SECOND_AND_HOST, REPLY_BURST, now)
    if (this.#all.tokens < 1 || bucket.tokens < 1) return false
    this.#all.tokens--
    bucket.tokens--
    return true
  }

  /** A host that is not known is the newest; where there are too many, the oldest is forgotten, and so may have a burst again. */
  #bucketOf(host: string, now: number): Bucket {
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    if (this.#hosts.size >= MAX_COUNTED_HOSTS) this.#hosts.delete(this.#hosts.keys().next().value!)
    const bucket = { tokens: REPLY_BURST, at: now }
    this.#hosts.set(host, bucket)
    return bucket
  }
}

function refill(bucket: Bucket, perSecond: number, burst: number, now: number): void {
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000)
  bucket.at = now
}
