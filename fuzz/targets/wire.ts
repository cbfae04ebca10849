// Varints and restored numbers, against arithmetic with bigints.
import { restoreId, restoreSequence } from '../../lib/wire/sequence.js'
import { MAX_VARINT, VarintReader, varintBytes, writeVarint } from '../../lib/wire/varint.js'
import { bytesOf, check, sameBytes, type Target } from '../target.js'

const reader = new VarintReader()

/** What a varint says, by the definition; undefined where it is cut off, longer than 8 bytes or above 2^53 − 1. */
function naiveVarint(bytes: Uint8Array): { value: number; length: number } | undefined {
  let value = 0n
  for (let i = 0; i < Math.min(8, bytes.length); i++) {
    value |= BigInt(bytes[i]! & 127) << BigInt(7 * i)
    if (bytes[i]! < 128) return value <= BigInt(MAX_VARINT) ? { value: Number(value), length: i + 1 } : undefined
  }
  return undefined
}

/** Of the numbers with these low bits, the one nearest to `near`: half a range below counts as near, half above does not. */
function naiveRestore(low: number, near: number, bits: bigint): number {
  const range = 1n << bits
  const half = range >> 1n
  const difference = (((BigInt(low) - BigInt(near) + half) % range) + range) % range
  return Number(BigInt(near) + difference - half)
}

export const wire: Target = {
  name: 'wire',
  about: 'varints and restored sequence numbers, against bigints',
  format: 'bytes',
  maxBytes: 24,
  share: 200,
  dictionary: [bytesOf(255, 255, 255, 255, 255, 255, 255, 15), bytesOf(128, 0), bytesOf(255, 255, 255), bytesOf(0, 0, 128)],
  run(input) {
    const expected = naiveVarint(input)
    const isRead = reader.read(input, 0, input.length)
    check(isRead === (expected !== undefined), 'a varint is read where it is whole and below 2^53')
    if (expected !== undefined) {
      check(reader.value === expected.value && reader.offset === expected.length, 'a varint has its value and length')
      const bytes = new Uint8Array(8)
      const length = writeVarint(bytes, 0, expected.value)
      check(length === varintBytes(expected.value) && length <= expected.length, 'a written varint is as long as was said, and minimal')
      check(reader.read(bytes, 0, length) && reader.value === expected.value, 'a written varint is read back')
    }
    if (input.length < 11) return
    const view = new DataView(input.buffer)
    const low = view.getUint32(0, true)
    const near = Number(view.getBigUint64(3, true) & 0x1fffffffffffffn) - 1
    if (near > Number.MAX_SAFE_INTEGER - 2 ** 33) return
    check(restoreSequence(low, near) === naiveRestore(low, near, 32n), 'a sequence is restored to the nearest')
    check(restoreId(low & 0xffffff, near) === naiveRestore(low & 0xffffff, near, 24n), 'an id is restored to the nearest')
  },
  seeds() {
    const numbers = [0, 127, 128, 16_384, 2 ** 32, MAX_VARINT].map((value) => {
      const bytes = new Uint8Array(8)
      return bytes.slice(0, writeVarint(bytes, 0, value))
    })
    check(sameBytes(numbers[0]!, bytesOf(0)), 'zero is one byte')
    return [...numbers, bytesOf(128, 128, 128, 128, 128, 128, 128, 128), Uint8Array.from({ length: 16 }, (_, i) => i * 31)]
  },
}
