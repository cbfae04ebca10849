import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import {
  type AnyMessageType,
  array,
  bool,
  bytes,
  enumOf,
  type Field,
  flags,
  float32,
  float64,
  int8,
  int16,
  int32,
  optional,
  packed,
  quantized,
  string,
  struct,
  uint8,
  uint16,
  uint32,
  varint,
  varuint,
} from '../../lib/messages/index.js'
import { decode, defineField, encode } from '../messages/codec-fixture.js'
import { holds } from './property.js'

/** A field, values that it takes, and whether what arrives is what was sent. */
interface Kind {
  readonly name: string
  readonly field: Field<any, any>
  readonly values: fc.Arbitrary<unknown>
  arrives(sent: any, got: any): boolean
}

const same = (sent: unknown, got: unknown): boolean => Object.is(sent, got)

/** The text as UTF-8 carries it. */
const throughUtf8 = (text: string): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))

/** −0 is 0 in MessagePack. */
const withoutMinusZero = (value: any): any =>
  Array.isArray(value)
    ? value.map(withoutMinusZero)
    : ArrayBuffer.isView(value)
      ? value
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutMinusZero(member)]))
        : typeof value === 'number'
          ? value + 0
          : value

const integer = (name: string, field: Field<number>, min: number, max: number): Kind => ({
  name,
  field,
  values: fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0)),
  arrives: same,
})

const long = (off: number): fc.Arbitrary<number> =>
  fc.tuple(fc.nat(off), fc.integer({ min: -1, max: 1 })).map(([bit, step]) => Math.max(0, 2 ** bit + step))

const plain: Kind[] = [
  integer('uint8', uint8, 0, 255),
  integer('uint16', uint16, 0, 65_535),
  integer('uint32', uint32, 0, 2 ** 32 - 1),
  integer('int8', int8, -128, 127),
  integer('int16', int16, -32_768, 32_767),
  integer('int32', int32, -(2 ** 31), 2 ** 31 - 1),
  { name: 'varuint', field: varuint, values: fc.oneof(fc.maxSafeNat(), long(52), fc.constant(Number.MAX_SAFE_INTEGER)), arrives: same },
  {
    name: 'varint',
    field: varint,
    values: fc.oneof(
      fc.maxSafeInteger().map((n) => Math.floor(n / 2)),
      long(51),
      long(51).map((n) => 0 - n),
      fc.constantFrom(-(2 ** 52), 2 ** 52 - 1),
    ),
    arrives: same,
  },
  { name: 'float32', field: float32, values: fc.double(), arrives: (sent, got) => Object.is(Math.fround(sent), got) },
  { name: 'float64', field: float64, values: fc.double(), arrives: same },
  { name: 'bool', field: bool, values: fc.boolean(), arrives: same },
  {
    name: 'packed',
    field: packed(),
    values: fc.jsonValue({ maxDepth: 3 }),
    arrives: (sent, got) => isDeepStrictEqual(withoutMinusZero(sent), withoutMinusZero(got)),
  },
]

/** Texts of any UTF-16 units, lone surrogates too, that fit; and ASCII that fills the field. */
const textKinds: fc.Arbitrary<Kind> = fc.constantFrom(1, 5, 24, 48, 150, 255, 256, 1000).map((max) => ({
  name: `string(${max})`,
  field: string(max),
  values: fc.oneof(
    fc
      .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.integer({ min: 0xd7ff, max: 0xe001 })), { maxLength: Math.floor(max / 3) })
      .map((units) => String.fromCharCode(...units)),
    fc.nat(max).map((length) => 'x'.repeat(length)),
    fc.constant('y'.repeat(max)),
  ),
  arrives: (sent, got) => throughUtf8(sent) === got,
}))

const byteKinds: fc.Arbitrary<Kind> = fc.constantFrom(1, 40, 255, 256, 700).map((max) => ({
  name: `bytes(${max})`,
  field: bytes(max),
  values: fc.oneof(fc.uint8Array({ maxLength: Math.min(max, 60) }), fc.constant(new Uint8Array(max).fill(7))),
  arrives: (sent, got) => got instanceof Uint8Array && got.constructor === Uint8Array && Buffer.compare(sent, got) === 0,
}))

const enumKinds: fc.Arbitrary<Kind> = fc
  .oneof(
    fc.uniqueArray(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 9 }),
    fc.constantFrom(255, 256, 257, 300).map((n) => Array.from({ length: n }, (_, i) => `v${i}`)),
  )
  .map((values) => ({
    name: `enumOf(${values.length} values)`,
    field: enumOf(...(values as [string])),
    values: fc.oneof(fc.constantFrom(...values), fc.constant(values.at(-1))),
    arrives: same,
  }))

const keys = fc.string({ minLength: 1, maxLength: 6 }).filter((key) => !(key in Object.prototype))

const flagKinds: fc.Arbitrary<Kind> = fc.uniqueArray(keys, { minLength: 1, maxLength: 32 }).map((names) => ({
  name: `flags(${names.length} names)`,
  field: flags(...(names as [string])),
  values: fc.record(Object.fromEntries(names.map((name) => [name, fc.option(fc.boolean(), { nil: undefined })])), { requiredKeys: [] }),
  arrives: (sent, got) => Object.keys(got).length === names.length && names.every((name) => got[name] === (sent[name] ?? false)),
}))

const quantizedKinds: fc.Arbitrary<Kind> = fc
  .record({
    min: fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })),
    step: fc.constantFrom(1, 0.1, 0.25, 0.3, 1e-3, 7),
    steps: fc.oneof(
      fc.constantFrom(1, 254, 255, 256, 65_535, 65_536, 2 ** 24 - 1, 2 ** 24, 2 ** 32 - 2),
      fc.integer({ min: 1, max: 2 ** 32 - 2 }),
    ),
  })
  .map(({ min, step, steps }) => {
    const max = min + step * steps
    return {
      name: `quantized(${min}, ${max}, ${step})`,
      field: quantized(min, max, step),
      values: fc.oneof(fc.double({ min, max, noNaN: true }), fc.constantFrom(min, max)),
      arrives: (sent: number, got: number) =>
        got >= min &&
        got <= max &&
        Math.abs(sent - got) <= (step / 2) * (1 + 1e-4) + 1e-9 * Math.max(1, Math.abs(sent)) &&
        ((sent !== min && sent !== max) || got === sent),
    }
  })

/** Any field, made of others where there is room for that. */
function kinds(depth: number): fc.Arbitrary<Kind> {
  const leaves = fc.oneof({ arbitrary: fc.constantFrom(...plain), weight: 4 }, textKinds, byteKinds, enumKinds, flagKinds, quantizedKinds)
  if (depth === 0) return leaves
  const inner = kinds(depth - 1)
  return fc.oneof(
    { arbitrary: leaves, weight: 3 },
    inner.map(optionalOf),
    fc.tuple(inner, fc.constantFrom(1, 3, 9, 255, 256, 400)).map(arrayOf),
    fc.uniqueArray(fc.tuple(keys, inner), { minLength: 1, maxLength: 10, selector: ([key]) => key }).map(structOf),
  )
}

function optionalOf(inner: Kind): Kind {
  if (inner.name.startsWith('optional')) return inner
  return {
    name: `optional(${inner.name})`,
    field: optional(inner.field),
    values: fc.option(inner.values, { nil: undefined }),
    // An optional value of packed() that is undefined is none.
    arrives: (sent, got) => (sent === undefined ? got === undefined : inner.arrives(sent, got)),
  }
}

function arrayOf([inner, max]: [Kind, number]): Kind {
  return {
    name: `array(${inner.name}, ${max})`,
    field: array(inner.field, max),
    values: fc.array(inner.values, { maxLength: Math.min(max, 10) }),
    arrives: (sent, got) => Array.isArray(got) && got.length === sent.length && got.every((element, i) => inner.arrives(sent[i], element)),
  }
}

function structOf(members: [string, Kind][]): Kind {
  return {
    name: `struct({ ${members.map(([key, kind]) => `${JSON.stringify(key)}: ${kind.name}`).join(', ')} })`,
    field: struct(Object.fromEntries(members.map(([key, kind]) => [key, kind.field]))),
    values: fc.record(Object.fromEntries(members.map(([key, kind]) => [key, kind.values]))),
    arrives: (sent, got) => {
      const expected = Object.keys(Object.fromEntries(members))
      return isDeepStrictEqual(Object.keys(got), expected) && members.every(([key, kind]) => kind.arrives(sent[key], got[key]))
    },
  }
}

/** A definition of any field and a value of it. */
const messages = kinds(2).chain((kind) => kind.values.map((value) => ({ toString: () => kind.name, kind, value })))

const typeOf = (kind: Kind): AnyMessageType => defineField(kind.field)

t.test('every value of every field comes back, wherever it stands in the buffer, and fits exactly', async () => {
  holds(
    fc.property(messages, fc.nat(9), ({ kind, value }, at) => {
      const type = typeOf(kind)
      const encoded = encode(type, { x: value }, 64 * 1024)
      if (!kind.arrives(value, decode(type, encoded).x)) return false
      const room = new Uint8Array(at + encoded.length).fill(0xee)
      const view = new DataView(room.buffer)
      if (type.codec.encode({ x: value }, room, view, at) !== room.length || Buffer.compare(room.subarray(at), encoded) !== 0) return false
      // One byte less is too little, and is said.
      const less = room.slice(0, -1)
      return encoded.length === 0 || type.codec.encode({ x: value }, less, new DataView(less.buffer), at) === -1
    }),
    600,
  )
})

t.test('what is cut off or too long is refused, and nothing is read beyond the end', async () => {
  holds(
    fc.property(messages, ({ kind, value }) => {
      const type = typeOf(kind)
      const encoded = encode(type, { x: value }, 64 * 1024)
      const inside = (fill: number): Uint8Array => Uint8Array.from({ length: encoded.length + 40 }, (_, i) => encoded[i] ?? fill)
      const [zeros, ones] = [inside(0), inside(0xff)]
      const step = Math.max(1, Math.floor(encoded.length / 64))
      for (let end = 0; end < encoded.length; end += step)
        if (type.codec.decode(zeros, 0, end) !== undefined || type.codec.decode(ones, 0, end) !== undefined) return false
      for (let more = 1; more < 9; more++) if (type.codec.decode(zeros, 0, encoded.length + more) !== undefined) return false
      return kind.arrives(value, decode(type, ones.subarray(0, encoded.length)).x)
    }),
    300,
  )
})

t.test('bytes that were changed are refused or give a value that can be sent on', async () => {
  const flips = fc.array(fc.tuple(fc.nat(5000), fc.nat(7), fc.boolean()), { minLength: 1, maxLength: 4 })
  holds(
    fc.property(messages, flips, ({ kind, value }, list) => {
      const type = typeOf(kind)
      const changed = encode(type, { x: value }, 64 * 1024)
      if (changed.length === 0) return true
      for (const [at, bit, isFlip] of list) changed[at % changed.length] = isFlip ? changed[at % changed.length]! ^ (1 << bit) : bit * 36
      const decoded = decode(type, changed)
      if (decoded === undefined) return true
      const again = decode(type, encode(type, decoded, 64 * 1024))
      return isDeepStrictEqual(withoutMinusZero(again), withoutMinusZero(decoded))
    }),
    600,
  )
})

t.test('random bytes never throw', async () => {
  holds(
    fc.property(kinds(2), fc.uint8Array({ maxLength: 80 }), (kind, random) => {
      const decoded = decode(typeOf(kind), random)
      return decoded === undefined || 'x' in decoded
    }),
    400,
  )
})

t.test('a value of any kind is sent as it is, or refused with a TypeError or RangeError that names the field', async () => {
  holds(
    fc.property(kinds(1), fc.anything({ withBigInt: true, withTypedArray: true, withDate: true, withSparseArray: true }), (kind, value) => {
      const type = typeOf(kind)
      try {
        return decode(type, encode(type, { x: value }, 64 * 1024)) !== undefined
      } catch (error) {
        return (error instanceof TypeError || error instanceof RangeError) && error.message.startsWith('Move.x')
      }
    }),
    600,
  )
})

t.test('integers out of range and fractions are refused with a RangeError', async () => {
  const bounds: [Field<number>, number, number][] = [
    [uint8, 0, 255],
    [uint16, 0, 65_535],
    [uint32, 0, 2 ** 32 - 1],
    [int8, -128, 127],
    [int16, -32_768, 32_767],
    [int32, -(2 ** 31), 2 ** 31 - 1],
    [varuint, 0, 2 ** 53 - 1],
    [varint, -(2 ** 52), 2 ** 52 - 1],
  ]
  const outside = (min: number, max: number): fc.Arbitrary<number> =>
    fc.oneof(
      fc.constantFrom(min - 1, max + 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
      fc.double({ noNaN: true }).filter((n) => !Number.isInteger(n) || n < min || n > max),
    )
  const cases = fc.constantFrom(...bounds).chain(([field, min, max]) => outside(min, max).map((value) => ({ field, value })))
  holds(
    fc.property(cases, ({ field, value }) => {
      try {
        encode(defineField(field), { x: value })
        return false
      } catch (error) {
        return error instanceof RangeError
      }
    }),
    400,
  )
})
