// How fast a path delivers: samples of the delivery rate (draft-ietf-ccwg-bbr section 4.1). Each packet notes how much had been delivered when it left; its ack says how much came meanwhile, and how
// long that took. The longer one of sending and acknowledging counts, so that neither a burst nor acks that come at once look fast.
import type { SentPacket } from './sent-packets.js'

export class DeliveryRate {
  /** Bytes acknowledged, and declared lost, since the path began. */
  delivered = 0
  lost = 0
  // The sample of the ack that is being handled. Rates in bytes per ms.
  rate = 0
  /** Bytes delivered since the newest packet that it acknowledges left, and how many had been by then; -1: it acknowledges nothing new. */
  deliveredSince = 0
  deliveredBefore = -1
  /** Bytes in flight when that packet had left, and declared lost since. */
  inFlight = 0
  lostSince = 0
  /** The game had less to say than the path would have taken. */
  isAppLimited = false
  #newest = -1
  #sendMs = 0
  #deliveredAtBefore = 0
  #deliveredAt = 0
  #firstSentAt = 0
  /** Packets sent before this much is delivered were sent beside an idle game; 0: they were not. */
  #appLimitedUntil = 0

  /** `bytesInFlight`: without the packet. */
  handleSent(packet: SentPacket, bytesInFlight: number, now: number): void {
    if (bytesInFlight === 0) {
      this.#firstSentAt = now
      this.#deliveredAt = now
    }
    packet.firstSentAt = this.#firstSentAt
    packet.deliveredAt = this.#deliveredAt
    packet.delivered = this.delivered
    packet.lost = this.lost
    packet.inFlight = bytesInFlight + packet.bytes
    packet.isAppLimited = this.#appLimitedUntil > 0
  }

  handleAppLimited(bytesInFlight: number): void {
    this.#appLimitedUntil = Math.max(this.delivered + bytesInFlight, 1)
  }

  handleAcked(packet: SentPacket, now: number): void {
    this.delivered += packet.bytes
    this.#deliveredAt = now
    if (packet.sequence < this.#newest) return
    this.#newest = packet.sequence
    this.#sendMs = packet.sentAt - packet.firstSentAt
    this.#deliveredAtBefore = packet.deliveredAt
    this.#firstSentAt = packet.sentAt
    this.deliveredBefore = packet.delivered
    this.isAppLimited = packet.isAppLimited
    this.inFlight = packet.inFlight
    this.lostSince = packet.lost
  }

  handleLost(packet: SentPacket): void {
    this.lost += packet.bytes
  }

  /** Completes the sample of an ack. False where it acknowledged nothing that is newer than what was before. A rate of 0: it took less than `minRttMs`, which no ack does that is not delayed. */
  complete(minRttMs: number): boolean {
    if (this.deliveredBefore < 0) return false
    this.deliveredSince = this.delivered - this.deliveredBefore
    this.lostSince = this.lost - this.lostSince
    const elapsedMs = Math.max(this.#sendMs, this.#deliveredAt - this.#deliveredAtBefore)
    this.rate = elapsedMs > 0 && elapsedMs >= minRttMs ? this.deliveredSince / elapsedMs : 0
    if (this.#appLimitedUntil > 0 && this.delivered > this.#appLimitedUntil) this.#appLimitedUntil = 0
    return true
  }

  /** Before the next ack. */
  reset(): void {
    this.deliveredBefore = -1
  }

  shift(ms: number): void {
    this.#deliveredAt += ms
    this.#firstSentAt += ms
  }
}
