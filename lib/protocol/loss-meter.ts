import { FIRST_LOSS_RISK, LOSS_BUCKET_MS, LOSS_BUCKETS, LOSS_RISK_PACKETS } from '../wire/limits.js'

/** The share of packets lost over the last LOSS_BUCKETS × LOSS_BUCKET_MS, and how likely the next is to be. */
export class LossMeter {
  readonly #sent = new Uint32Array(LOSS_BUCKETS)
  readonly #lost = new Int32Array(LOSS_BUCKETS)
  #bucket = Number.NEGATIVE_INFINITY
  /** The share of losses among the last few hundred packets. A new path is taken for a bad one until they say otherwise. */
  risk = FIRST_LOSS_RISK

  addSent(now: number): void {
    this.#sent[this.#turn(now)]!++
  }

  addArrived(): void {
    this.risk -= this.risk / LOSS_RISK_PACKETS
  }

  addLost(now: number): void {
    this.#lost[this.#turn(now)]!++
    this.risk += (1 - this.risk) / LOSS_RISK_PACKETS
  }

  /** One that was counted as lost has arrived. */
  removeLost(now: number): void {
    this.#lost[this.#turn(now)]!--
    this.risk = Math.max(0, this.risk - 1 / LOSS_RISK_PACKETS)
  }

  /** 0–1; 0 where nothing was sent. */
  share(now: number): number {
    this.#turn(now)
    let sent = 0
    let lost = 0
    for (let i = 0; i < LOSS_BUCKETS; i++) {
      sent += this.#sent[i]!
      lost += this.#lost[i]!
    }
    return sent === 0 ? 0 : Math.min(1, Math.max(0, lost / sent))
  }

  /** How likely a packet is to be lost. Beside bulk the last few hundred packets are of the last moment, and in a thin stream the last seconds hold few: the worse one counts. */
  riskAt(now: number): number {
    return Math.max(this.risk, this.share(now))
  }

  /** The index of the bucket of `now`; empties those between. */
  #turn(now: number): number {
    const bucket = Math.floor(now / LOSS_BUCKET_MS)
    if (bucket > this.#bucket) {
      const empty = Math.min(bucket - this.#bucket, LOSS_BUCKETS)
      for (let i = 0; i < empty; i++) {
        this.#sent[(bucket - i) % LOSS_BUCKETS] = 0
        this.#lost[(bucket - i) % LOSS_BUCKETS] = 0
      }
      this.#bucket = bucket
    }
    return this.#bucket % LOSS_BUCKETS
  }
}
