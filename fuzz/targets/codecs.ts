// What the targets of compiled codecs have in common: decode, encode, decode again.
import type { Codec } from '../../lib/messages/compile-codec.js'
import { check, sameBytes } from '../target.js'

/** Larger than anything that the fuzzer's inputs decode to. */
const out = new Uint8Array(64 * 1024)
const view = new DataView(out.buffer)

/** Encodes values into bytes of their own. */
export function encodeWith(codec: Codec, values: unknown): Uint8Array {
  const end = codec.encode(values, out, view, 0)
  check(end >= 0, 'the values fit')
  return out.slice(0, end)
}

/**
 * Decodes bytes, and again where other bytes stand around them, which must make no difference. What decodes must encode, in no more bytes, and decode to the same again.
 * The bytes themselves need not come back: varints may be longer than need be, the payload of a NaN is lost, and MessagePack has several ways to write one value.
 */
export function checkCodec(codec: Codec, input: Uint8Array, isMinimal = true): object | undefined {
  const values = codec.decode(input, 0, input.length)
  const surrounded = new Uint8Array(input.length + 8).fill(0xff)
  surrounded.set(input, 3)
  const again = codec.decode(surrounded, 3, 3 + input.length)
  check(sameValue(values, again), 'bytes decode to the same wherever they stand')
  if (values === undefined) return undefined
  const encoded = encodeWith(codec, values)
  check(!isMinimal || encoded.length <= input.length, 'what decoded encodes in no more bytes')
  check(sameValue(codec.decode(encoded, 0, encoded.length), values), 'what decoded, encoded and decoded again is the same')
  return values
}

/** Deep equality. NaN equals itself; 0 and −0 are taken for one, as MessagePack writes them alike. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b)
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((element, i) => sameValue(element, b[i]))
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  return keys.length === others.length && keys.every((key) => Object.hasOwn(b, key) && sameValue(Reflect.get(a, key), Reflect.get(b, key)))
}
