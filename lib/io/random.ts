// Seeded pseudo-random numbers, for simulations and tests that can be repeated. Not for keys: whoever knows the seed knows all of them.
import type { Entropy } from './entropy.js'

/** Numbers thrown away after seeding: sfc32's author takes 12 for a seed of three words, until all bits of the state depend on it. */
const WARM_UP_ROUNDS = 12

/**
 * The generator sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, a period of at least 2³², and only additions and shifts, about 5 ns a number.
 * The same seed gives the same numbers on every system.
 */
export class Random {
  /** What it was made with. */
  readonly seed: number
  #a: number
  #b: number
  #c: number
  #counter: number

  /** `seed` is any safe integer; otherwise throws a RangeError. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`"seed" expected a safe integer, got ${seed}`)
    this.seed = seed
    this.#a = mix(seed | 0)
    this.#b = mix(Math.floor(seed / 2 ** 32) ^ 0x9e3779b9)
    this.#c = mix(this.#a ^ this.#b)
    this.#counter = 1
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.uint32()
  }

  /** An integer of 0–2³²−1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A number of [0, 1), in steps of 2⁻³². */
  next(): number {
    return this.uint32() / 2 ** 32
  }

  /** An integer of [0, limit), for a limit of 1–2³². */
  integer(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32)
      throw new RangeError(`"limit" expected integer 1–4294967296, got ${limit}`)
    return Math.floor(this.next() * limit)
  }

  /** A stream of its own, which depends on this seed and the label only: not on what was drawn before, nor on other forks. */
  fork(label: string): Random {
    let hash = 0x811c9dc5 // FNV-1a, over UTF-16 units
    for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193)
    const high = mix(hash ^ mix(Math.floor(this.seed / 2 ** 32))) & 0xfffff // 52 bits in all: a safe integer
    return new Random(high * 2 ** 32 + (mix(hash + mix(this.seed | 0)) >>> 0))
  }
}

/** Random bytes of a seed, so that a simulation's keys, nonces and tokens repeat too. */
export function seededEntropy(seed: number): Entropy {
  const random = new Random(seed)
  return {
    fill(bytes) {
      for (let index = 0; index < bytes.length; index += 4) {
        const word = random.uint32()
        const end = Math.min(index + 4, bytes.length)
        for (let at = index; at < end; at++) bytes[at] = word >>> ((at - index) * 8)
      }
    },
  }
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the output's. */
function mix(word: number): number {
  let hash = word | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
