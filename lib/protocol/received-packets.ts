// Which packets have arrived on a path, as ranges, newest first; and the ack frame that says so. At most MAX_ACK_RANGES are remembered: the oldest are forgotten,
// so packets from before are never acknowledged, and their sender sends their messages again.
import { readUint32, writeUint32 } from '../wire/bytes.js'
import { MAX_ACK_RANGES } from '../wire/limits.js'
import { restoreSequence } from '../wire/sequence.js'
import { VarintReader, varintBytes, writeVarint } from '../wire/varint.js'
import { ACK, ACK_DELAY_UNITS_PER_MS } from './frames.js'

/** Ranges of packet numbers, both ends included, newest first. */
export class AckRanges {
  readonly first = new Float64Array(MAX_ACK_RANGES)
  readonly last = new Float64Array(MAX_ACK_RANGES)
  count = 0
  /** How long the ack of the largest waited, in ms. */
  delayMs = 0

  get largest(): number {
    return this.count === 0 ? -1 : this.last[0]!
  }
}

export class ReceivedPackets {
  readonly #ranges = new AckRanges()

  get largest(): number {
    return this.#ranges.largest
  }

  get rangeCount(): number {
    return this.#ranges.count
  }

  /** Notes a packet. False where it is known already, or older than what is remembered. */
  add(sequence: number): boolean {
    const { first, last } = this.#ranges
    if (this.#ranges.count > 0 && sequence === last[0]! + 1) {
      last[0] = sequence
      return true
    }
    let i = 0
    while (i < this.#ranges.count && sequence < first[i]!) i++
    // Range i is the newest that begins at or before the packet.
    if (i < this.#ranges.count && sequence <= last[i]!) return false
    const joinsOlder = i < this.#ranges.count && sequence === last[i]! + 1
    const joinsNewer = i > 0 && sequence === first[i - 1]! - 1
    if (joinsOlder && joinsNewer) {
      first[i - 1] = first[i]!
      this.#remove(i)
    } else if (joinsOlder) last[i] = sequence
    else if (joinsNewer) first[i - 1] = sequence
    else return this.#insert(i, sequence)
    return true
  }

  /** Forgets what lies at or below `sequence`: the other side knows that its packets up to there arrived (RFC 9000 section 13.2.4). The newest range stays. */
  forget(sequence: number): void {
    while (this.#ranges.count > 1 && this.#ranges.last[this.#ranges.count - 1]! <= sequence) this.#ranges.count--
  }

  /** Writes an ack frame with as many ranges as fit before `end`; returns the offset behind it, or `at` where not even one fits or nothing has arrived. */
  write(bytes: Uint8Array, at: number, end: number, delayMs: number): number {
    const { first, last, count } = this.#ranges
    const delay = Math.max(0, Math.round(delayMs * ACK_DELAY_UNITS_PER_MS))
    if (count === 0 || at + 6 + varintBytes(delay) + varintBytes(last[0]! - first[0]!) > end) return at
    bytes[at] = ACK
    let offset = writeVarint(bytes, writeUint32(bytes, at + 1, last[0]!), delay)
    const countAt = offset++
    offset = writeVarint(bytes, offset, last[0]! - first[0]!)
    let written = 1
    for (; written < count; written++) {
      const gap = first[written - 1]! - last[written]! - 2
      const length = last[written]! - first[written]!
      if (offset + varintBytes(gap) + varintBytes(length) > end) break
      offset = writeVarint(bytes, writeVarint(bytes, offset, gap), length)
    }
    bytes[countAt] = written - 1
    return offset
  }

  #insert(i: number, sequence: number): boolean {
    const ranges = this.#ranges
    if (i === MAX_ACK_RANGES) return false
    if (ranges.count === MAX_ACK_RANGES) ranges.count--
    ranges.first.copyWithin(i + 1, i, ranges.count)
    ranges.last.copyWithin(i + 1, i, ranges.count)
    ranges.first[i] = sequence
    ranges.last[i] = sequence
    ranges.count++
    return true
  }

  #remove(i: number): void {
    const ranges = this.#ranges
    ranges.first.copyWithin(i, i + 1, ranges.count)
    ranges.last.copyWithin(i, i + 1, ranges.count)
    ranges.count--
  }
}

const reader = new VarintReader()

/**
 * Reads an ack frame's body at `at` (behind the type) into `ranges`. `nextSequence` is the number of the next packet that this side sends: it restores the high bits.
 * Returns the offset behind the frame, or -1 where it is malformed: cut off, going below 0, or naming a packet that was never sent.
 */
export function readAck(bytes: Uint8Array, at: number, end: number, nextSequence: number, ranges: AckRanges): number {
  if (at + 4 > end) return -1
  let last = restoreSequence(readUint32(bytes, at), nextSequence)
  if (!reader.read(bytes, at + 4, end)) return -1
  ranges.delayMs = reader.value / ACK_DELAY_UNITS_PER_MS
  if (reader.offset >= end || last >= nextSequence) return -1
  const further = bytes[reader.offset]!
  if (further >= MAX_ACK_RANGES) return -1
  let offset = reader.offset + 1
  for (let i = 0; ; i++) {
    if (!reader.read(bytes, offset, end)) return -1
    const first = last - reader.value
    if (first < 0) return -1
    ranges.first[i] = first
    ranges.last[i] = last
    ranges.count = i + 1
    if (i === further) return reader.offset
    if (!reader.read(bytes, reader.offset, end)) return -1
    last = first - reader.value - 2
    offset = reader.offset
    if (last < 0) return -1
  }
}
