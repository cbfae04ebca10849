// Makes new inputs from old ones. Bytes: bits, boundaries of integers and varints, lengths, floats, words of the dictionary, parts of the same or of another input.
// Lists of steps: the same inside a step, and steps left out, repeated, swapped or taken from another input.
import type { Random } from '../lib/io/random.js'
import { writeVarint } from '../lib/wire/varint.js'
import { decodeSteps, encodeSteps, MAX_STEPS, type Step } from './steps.js'
import type { Target } from './target.js'

/** Where off-by-one errors live. */
const BOUNDARIES = [
  0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 65, 127, 128, 129, 250, 254, 255, 256, 257, 511, 512, 1023, 1024, 1183, 1199, 1200, 1201, 4095,
  4096, 16_383, 16_384, 32_767, 32_768, 65_535, 65_536, 131_072, 262_143, 262_144, 262_145, 0x7fffff, 0x800000, 0xffffff, 0x1000000,
  0x7fffffff, 0x80000000, 0xffffffff,
]
const VARINT_BOUNDARIES = [...BOUNDARIES, 2 ** 32, 2 ** 49, 2 ** 52 - 1, 2 ** 53 - 1]
const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  2 ** 53,
  1e300,
]

/** Changes made at once: mostly few. */
const MAX_CHANGES = 8

export class Mutator {
  readonly #random: Random
  readonly #target: Target
  #scratch: Uint8Array
  #length = 0

  constructor(target: Target, random: Random) {
    this.#target = target
    this.#random = random
    this.#scratch = new Uint8Array(target.maxBytes + 64)
  }

  /** A changed copy of `input`; parts may come from `other`. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    return this.#target.format === 'bytes' ? this.#mutateBytes(input, other, this.#target.maxBytes) : this.#mutateSteps(input, other)
  }

  #mutateSteps(input: Uint8Array, other: Uint8Array): Uint8Array {
    const steps = decodeSteps(input)
    const random = this.#random
    const others = decodeSteps(other)
    for (let changes = 1 + random.integer(3); changes > 0; changes--) this.#changeSteps(steps, others)
    return encodeSteps(steps, this.#target.maxBytes)
  }

  #changeSteps(steps: Step[], others: readonly Step[]): void {
    const random = this.#random
    if (steps.length === 0) {
      steps.push({ kind: random.integer(16), bytes: this.#mutateBytes(new Uint8Array(0), new Uint8Array(0), 1300) })
      return
    }
    const at = random.integer(steps.length)
    const step = steps[at]!
    const foreign = others.length === 0 ? step : others[random.integer(others.length)]!
    switch (random.integer(12)) {
      case 0:
        steps.splice(at, 1 + random.integer(3))
        return
      case 1:
        if (steps.length < MAX_STEPS) steps.splice(random.integer(steps.length + 1), 0, step)
        return
      case 2:
        if (steps.length < MAX_STEPS) steps.splice(at, 0, foreign)
        return
      case 3:
        steps[at] = steps[random.integer(steps.length)]!
        return
      case 4:
        steps[at] = { kind: random.integer(16), bytes: step.bytes }
        return
      case 5:
        steps.length = Math.min(at + 1, steps.length)
        for (let from = random.integer(others.length + 1); from < others.length && steps.length < MAX_STEPS; from++)
          steps.push(others[from]!)
        return
      default:
        steps[at] = { kind: step.kind, bytes: this.#mutateBytes(step.bytes, foreign.bytes, 1300) }
    }
  }

  #mutateBytes(input: Uint8Array, other: Uint8Array, maxBytes: number): Uint8Array {
    const limit = Math.min(maxBytes, this.#scratch.length - 64)
    this.#length = Math.min(input.length, limit)
    this.#scratch.set(input.subarray(0, this.#length))
    const random = this.#random
    const changes = random.integer(2) === 0 ? 1 + random.integer(2) : 1 + random.integer(MAX_CHANGES)
    for (let i = 0; i < changes; i++) this.#change(other, limit)
    return this.#scratch.slice(0, this.#length)
  }

  #change(other: Uint8Array, limit: number): void {
    const random = this.#random
    const bytes = this.#scratch
    if (this.#length === 0) {
      this.#insert(0, 1 + random.integer(16), limit)
      return
    }
    // Heads hold most of what matters.
    const at = random.integer(random.integer(3) === 0 ? Math.min(24, this.#length) : this.#length)
    switch (random.integer(19)) {
      case 0:
      case 1:
        bytes[at]! ^= 1 << random.integer(8)
        return
      case 2:
        bytes[at] = random.integer(256)
        return
      case 3:
        bytes[at]! += random.integer(33) - 16
        return
      case 4:
        bytes[at] = this.#pick(BOUNDARIES)
        return
      case 5:
        this.#writeInteger(at, this.#pick(BOUNDARIES), 2 + random.integer(3), random.integer(3) === 0)
        return
      case 6:
        this.#writeInteger(at, random.uint32(), 1 + random.integer(4), false)
        return
      case 7:
        this.#replaceVarint(at, this.#pick(VARINT_BOUNDARIES), limit)
        return
      case 8:
        this.#replaceVarint(at, this.#varintAt(at) + random.integer(9) - 4, limit)
        return
      case 9:
        // What a length might be: all that follows, or one off.
        this.#replaceVarint(at, this.#length - at - 1 + random.integer(3) - 1, limit)
        return
      case 10:
        this.#remove(at, 1 + random.integer(Math.min(16, this.#length - at)))
        return
      case 11:
        this.#insert(at, 1 + random.integer(8), limit)
        return
      case 12:
        this.#length = random.integer(4) === 0 ? at : Math.max(1, this.#length - 1 - random.integer(4))
        return
      case 13:
        this.#copyIn(bytes.slice(0, this.#length), at, limit)
        return
      case 14:
        if (other.length > 0) this.#copyIn(other, at, limit)
        return
      case 15:
        if (other.length > 0) this.#splice(other, at, limit)
        return
      case 16:
      case 17:
        this.#writeWord(at, limit)
        return
      default:
        this.#writeFloat(at)
    }
  }

  #writeInteger(at: number, value: number, width: number, isBigEndian: boolean): void {
    for (let i = 0; i < width && at + i < this.#length; i++)
      this.#scratch[at + i] = Math.floor(value / 256 ** (isBigEndian ? width - 1 - i : i)) & 255
  }

  #writeFloat(at: number): void {
    const isDouble = this.#random.integer(2) === 0
    const view = new DataView(new ArrayBuffer(8))
    if (isDouble) view.setFloat64(0, this.#pick(FLOATS), true)
    else view.setFloat32(0, this.#pick(FLOATS), true)
    for (let i = 0; i < (isDouble ? 8 : 4) && at + i < this.#length; i++) this.#scratch[at + i] = view.getUint8(i)
  }

  /** A word of the dictionary, over what stands there or before it. */
  #writeWord(at: number, limit: number): void {
    const { dictionary } = this.#target
    if (dictionary.length === 0) return
    const word = dictionary[this.#random.integer(dictionary.length)]!
    if (this.#random.integer(2) === 0) this.#makeRoom(at, word.length, limit)
    this.#scratch.set(word.subarray(0, Math.max(0, this.#length - at)), at)
  }

  #varintAt(at: number): number {
    let value = 0
    for (let i = 0; i < 8 && at + i < this.#length; i++) {
      value += (this.#scratch[at + i]! & 127) * 128 ** i
      if (this.#scratch[at + i]! < 128) break
    }
    return value
  }

  /** Sets the varint that may stand at `at`; what follows moves where its length changes. */
  #replaceVarint(at: number, value: number, limit: number): void {
    const encoded = new Uint8Array(10)
    const size = writeVarint(encoded, 0, Math.min(Math.max(0, value), Number.MAX_SAFE_INTEGER))
    let old = 1
    while (old < 8 && at + old < this.#length && this.#scratch[at + old - 1]! >= 128) old++
    if (size > old) this.#makeRoom(at, size - old, limit)
    else this.#remove(at, old - size)
    this.#scratch.set(encoded.subarray(0, Math.max(0, Math.min(size, this.#length - at))), at)
  }

  /** Opens a gap whose content is what stood there before. */
  #makeRoom(at: number, count: number, limit: number): void {
    const room = Math.min(count, limit - this.#length)
    if (room <= 0) return
    this.#scratch.copyWithin(at + room, at, this.#length)
    this.#length += room
  }

  #insert(at: number, count: number, limit: number): void {
    const before = this.#length
    this.#makeRoom(at, count, limit)
    const byte = this.#random.integer(256)
    const isRun = this.#random.integer(3) === 0
    for (let i = 0; i < this.#length - before; i++) this.#scratch[at + i] = isRun ? byte : this.#random.integer(256)
  }

  #remove(at: number, count: number): void {
    const end = Math.min(this.#length, at + count)
    this.#scratch.copyWithin(at, end, this.#length)
    this.#length -= end - at
  }

  /** A part of `source`, over what stands at `at` or before it. */
  #copyIn(source: Uint8Array, at: number, limit: number): void {
    const from = this.#random.integer(source.length)
    const part = source.subarray(from, from + 1 + this.#random.integer(Math.min(64, source.length - from)))
    if (this.#random.integer(2) === 0) this.#makeRoom(at, part.length, limit)
    this.#scratch.set(part.subarray(0, Math.max(0, this.#length - at)), at)
  }

  /** From `at` on, the end of `other`. */
  #splice(other: Uint8Array, at: number, limit: number): void {
    const tail = other.subarray(this.#random.integer(other.length))
    const size = Math.min(tail.length, limit - at)
    this.#scratch.set(tail.subarray(0, size), at)
    this.#length = at + size
  }

  #pick(values: readonly number[]): number {
    return values[this.#random.integer(values.length)]!
  }
}
