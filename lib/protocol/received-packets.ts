// Which packets have arrived on a path, as ranges, newest first; and the ack frame that says so. At most MAX_ACK_RANGES are remembered: the oldest are forgotten,
// so packets from before are never acknowledged, and their sender sends their messages again.
import { readUint32, writeUint32 } from '../wire/bytes.js'
import { MAX_ACK_RANGES } from '../wire/limits.js'
import { restoreSequence } from '../wire/sequence.js'
import { VarintReader, varintBytes, writeVarint } from '../wire/varint.js'
import { ACK, ACK_DELAY_UNITS_PER_MS } from './frames.js'

/** Ranges that there is room for at first: what fits into memory that the garbage collector moves, which costs least. */
const FIRST_RANGES = 8

/** Ranges of packet numbers, both ends included, newest first. */
export class AckRanges {
  first: Float64Array
  last: Float64Array
  count = 0
  /** How long the ack of the largest waited, in ms. */
  delayMs = 0

  /** `room`: for how many ranges there is memory at first. */
  constructor(room = MAX_ACK_RANGES) {
    this.first = new Float64Array(room)
    this.last = new Float64Array(room)
  }

  get largest(): number {
    return this.count === 0 ? -1 : this.last[0]!
  }

  /** Puts a range in place i. Where there are `max` already, the oldest is forgotten; false where it is that itself. */
  insert(i: number, first: number, last: number, max: number): boolean {
    if (i === max) return false
    if (this.count === max) this.count--
    if (this.count === this.first.length) this.#grow(Math.min(max, this.count * 2))
    this.first.copyWithin(i + 1, i, this.count)
    this.last.copyWithin(i + 1, i, this.count)
    this.first[i] = first
    this.last[i] = last
    this.count++
    return true
  }

  remove(i: number): void {
    this.first.copyWithin(i, i + 1, this.count)
    this.last.copyWithin(i, i + 1, this.count)
    this.count--
  }

  #grow(room: number): void {
    const { first, last } = this
    this.first = new Float64Array(room)
    this.last = new Float64Array(room)
    this.first.set(first)
    this.last.set(last)
  }
}

export class ReceivedPackets {
  /** The newest range; `#last` is -1 while nothing has arrived. Mostly it is the only one, and lies in this object: further ranges take memory only where something is missing. */
  #first = -1
  #last = -1
  /** The ranges below it. */
  #older: AckRanges | undefined

  get largest(): number {
    return this.#last
  }

  get rangeCount(): number {
    return this.#last < 0 ? 0 : 1 + (this.#older?.count ?? 0)
  }

  /** Notes a packet. False where it is known already, or older than what is remembered. */
  add(sequence: number): boolean {
    if (sequence === this.#last + 1) {
      if (this.#last < 0) this.#first = sequence
      this.#last = sequence
      return true
    }
    if (sequence > this.#last) {
      if (this.#last >= 0) this.#olderRanges.insert(0, this.#first, this.#last, MAX_ACK_RANGES - 1)
      this.#first = sequence
      this.#last = sequence
      return true
    }
    if (sequence >= this.#first) return false
    return this.#addOlder(sequence)
  }

  /** Forgets what lies at or below `sequence`: the other side knows that its packets up to there arrived (RFC 9000 section 13.2.4). The newest range stays. */
  forget(sequence: number): void {
    const older = this.#older
    if (older === undefined) return
    while (older.count > 0 && older.last[older.count - 1]! <= sequence) older.count--
    if (older.count === 0) this.#older = undefined
  }

  /** Writes an ack frame with as many ranges as fit before `end`; returns the offset behind it, or `at` where not even one fits or nothing has arrived. */
  write(bytes: Uint8Array, at: number, end: number, delayMs: number): number {
    const delay = Math.max(0, Math.round(delayMs * ACK_DELAY_UNITS_PER_MS))
    if (this.#last < 0 || at + 6 + varintBytes(delay) + varintBytes(this.#last - this.#first) > end) return at
    bytes[at] = ACK
    let offset = writeVarint(bytes, writeUint32(bytes, at + 1, this.#last), delay)
    const countAt = offset++
    offset = writeVarint(bytes, offset, this.#last - this.#first)
    bytes[countAt] = 0
    return this.#older === undefined ? offset : writeRanges(bytes, countAt, offset, end, this.#first, this.#older)
  }

  get #olderRanges(): AckRanges {
    this.#older ??= new AckRanges(FIRST_RANGES)
    return this.#older
  }

  #addOlder(sequence: number): boolean {
    const older = this.#olderRanges
    const { first, last } = older
    let i = 0
    while (i < older.count && sequence < first[i]!) i++
    // Range i is the newest that begins at or before the packet.
    if (i < older.count && sequence <= last[i]!) return false
    const joinsOlder = i < older.count && sequence === last[i]! + 1
    const newer = i === 0 ? this.#first : first[i - 1]!
    if (sequence !== newer - 1) {
      if (joinsOlder) last[i] = sequence
      else return older.insert(i, sequence, sequence, MAX_ACK_RANGES - 1)
      return true
    }
    const begin = joinsOlder ? first[i]! : sequence
    if (i === 0) this.#first = begin
    else first[i - 1] = begin
    if (joinsOlder) older.remove(i)
    return true
  }
}

/** The ranges behind the first, which begins at `newer`, as many as fit; and how many they are. */
function writeRanges(bytes: Uint8Array, countAt: number, at: number, end: number, newer: number, older: AckRanges): number {
  const { first, last, count } = older
  let offset = at
  let above = newer
  let written = 0
  for (; written < count; written++) {
    const gap = above - last[written]! - 2
    const length = last[written]! - first[written]!
    if (offset + varintBytes(gap) + varintBytes(length) > end) break
    offset = writeVarint(bytes, writeVarint(bytes, offset, gap), length)
    above = first[written]!
  }
  bytes[countAt] = written
  return offset
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
