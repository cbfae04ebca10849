// The packets that a path has sent and whose fate is open, or that were declared lost a while ago and may still turn out to have arrived.
// A ring by `sequence & mask`. Numbers may be missing: keep-alives and packets with nothing but acks are not tracked.
// All paths of a thread share their free entries: with thousands of peers, one that was used a moment ago is still in the processor's cache, and a peer's own is not.
import { MAX_FREE_PACKETS, MAX_TRACKED_PACKETS } from '../wire/limits.js'

/** What a packet carried, four numbers an item: a kind, and what the kind says (see packet-items.ts). */
export type PacketItems = number[]

export class SentPacket {
  /** -1: the entry is free. */
  sequence = -1
  sentAt = 0
  bytes = 0
  isLost = false
  /** Which congestion event took it as lost. */
  lossEvent = 0
  /** A probe timeout has queued its messages again: its loss adds nothing to that. */
  isProbed = false
  /** The largest packet number that the packet acknowledged, -1 for none. */
  acked = -1
  // What BBR notes as it leaves (see delivery-rate.ts): bytes delivered, lost and in flight by then, and when the last ack, and the packet that it was for, were.
  delivered = 0
  lost = 0
  inFlight = 0
  deliveredAt = 0
  firstSentAt = 0
  isAppLimited = false
  readonly items: PacketItems = []
  /** Whether there are any: most packets of unreliable messages have none, and it is told without reaching for them. */
  hasItems = false
}

/** Entries of a ring that needs no bits beside it. */
const SMALL_RING = 32

/** Free entries, and the one that is being filled. */
const free: SentPacket[] = []
let spare = new SentPacket()

export class SentPackets {
  #ring: (SentPacket | undefined)[] = new Array(8).fill(undefined)
  #mask = 7
  /** Bit `sequence & mask`: tracked. An ack may name thousands of numbers; those that are settled are passed over 32 at a time. A small ring is looked through itself. */
  #tracked: Int32Array | undefined
  /** The oldest number that may be tracked, and the oldest that may be neither acknowledged nor lost. */
  oldest = 0
  oldestOpen = 0
  /** One above the newest tracked number. */
  end = 0

  get(sequence: number): SentPacket | undefined {
    const packet = this.#ring[sequence & this.#mask]
    return packet !== undefined && packet.sequence === sequence ? packet : undefined
  }

  /** The first tracked number from `from` on and below `end`; `end` where there is none. `from` is `oldest` or above, and `end` not above `this.end`. */
  next(from: number, end: number): number {
    const tracked = this.#tracked
    let sequence = from
    if (tracked === undefined) {
      while (sequence < end && this.#ring[sequence & this.#mask] === undefined) sequence++
      return sequence
    }
    while (sequence < end) {
      const at = sequence & this.#mask
      const rest = tracked[at >>> 5]! >>> (at & 31)
      if (rest !== 0) return Math.min(end, sequence + 31 - Math.clz32(rest & -rest))
      sequence += Math.min(32 - (at & 31), this.#mask + 1 - at)
    }
    return end
  }

  /** Whether a packet with this number can be tracked. Where not, what is oldest has to be given up first. */
  hasRoom(sequence: number): boolean {
    return this.oldest === this.end || sequence - this.oldest < MAX_TRACKED_PACKETS
  }

  /** The entry for a packet about to be filled, the same until `commit` was called; only then it counts. */
  prepare(sequence: number): SentPacket {
    if (this.oldest === this.end) {
      this.oldest = sequence
      this.oldestOpen = sequence
      this.end = sequence
    }
    while (sequence - this.oldest > this.#mask) this.#grow()
    spare.isLost = false
    spare.isProbed = false
    spare.acked = -1
    if (spare.items.length > 0) spare.items.length = 0
    return spare
  }

  /** Takes over the entry that was prepared last. */
  commit(packet: SentPacket, sequence: number): void {
    packet.sequence = sequence
    packet.hasItems = packet.items.length > 0
    spare = free.pop() ?? new SentPacket()
    const at = sequence & this.#mask
    this.#ring[at] = packet
    if (this.#tracked !== undefined) this.#tracked[at >>> 5]! |= 1 << (at & 31)
    this.end = sequence + 1
  }

  release(packet: SentPacket): void {
    const at = packet.sequence & this.#mask
    if (this.#tracked !== undefined) this.#tracked[at >>> 5]! &= ~(1 << (at & 31))
    this.#ring[at] = undefined
    packet.sequence = -1
    if (free.length < MAX_FREE_PACKETS) free.push(packet)
  }

  /** Moves `oldest` over what is settled: free entries, and lost ones sent before `forgetBefore`. */
  trim(forgetBefore: number): void {
    while (this.oldest < this.end) {
      const packet = this.get(this.oldest)
      if (packet !== undefined) {
        if (!packet.isLost || packet.sentAt >= forgetBefore) break
        this.release(packet)
      }
      this.oldest++
    }
    if (this.oldestOpen < this.oldest) this.oldestOpen = this.oldest
  }

  #grow(): void {
    const ring: (SentPacket | undefined)[] = new Array((this.#mask + 1) * 2).fill(undefined)
    const mask = ring.length - 1
    const tracked = ring.length <= SMALL_RING ? undefined : new Int32Array(ring.length / 32)
    for (const packet of this.#ring) {
      if (packet === undefined) continue
      const at = packet.sequence & mask
      ring[at] = packet
      if (tracked !== undefined) tracked[at >>> 5]! |= 1 << (at & 31)
    }
    this.#tracked = tracked
    this.#ring = ring
    this.#mask = mask
  }
}
