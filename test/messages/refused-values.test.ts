// What cannot be sent: errors name the message, the field, what it takes and what came.
import t from 'tap'
import * as m from '../../lib/messages/index.js'
import { defineField, defineOne, encode } from './codec-fixture.js'

const cases: [field: m.Field<any, any>, value: unknown, name: 'TypeError' | 'RangeError', message: string][] = [
  [m.uint8, 256, 'RangeError', 'Move.x expected an integer from 0 to 255, got 256'],
  [m.uint8, -1, 'RangeError', 'Move.x expected an integer from 0 to 255, got -1'],
  [m.uint8, 1.5, 'RangeError', 'Move.x expected an integer from 0 to 255, got 1.5'],
  [m.uint8, Number.NaN, 'RangeError', 'Move.x expected an integer from 0 to 255, got NaN'],
  [m.uint8, '5', 'TypeError', 'Move.x expected an integer from 0 to 255, got "5"'],
  [m.uint8, undefined, 'TypeError', 'Move.x expected an integer from 0 to 255, got undefined'],
  [m.uint8, 5n, 'TypeError', 'Move.x expected an integer from 0 to 255, got 5n'],
  [m.uint8, Symbol('s'), 'TypeError', 'Move.x expected an integer from 0 to 255, got Symbol(s)'],
  [m.uint16, 65536, 'RangeError', 'Move.x expected an integer from 0 to 65535, got 65536'],
  [m.uint32, 2 ** 32, 'RangeError', 'Move.x expected an integer from 0 to 4294967295, got 4294967296'],
  [m.uint32, Number.POSITIVE_INFINITY, 'RangeError', 'Move.x expected an integer from 0 to 4294967295, got Infinity'],
  [m.int8, 128, 'RangeError', 'Move.x expected an integer from -128 to 127, got 128'],
  [m.int16, -32769, 'RangeError', 'Move.x expected an integer from -32768 to 32767, got -32769'],
  [m.int32, 2 ** 31, 'RangeError', 'Move.x expected an integer from -2147483648 to 2147483647, got 2147483648'],
  [m.varuint, -1, 'RangeError', 'Move.x expected an integer from 0 to 9007199254740991, got -1'],
  [m.varuint, 2 ** 53, 'RangeError', 'Move.x expected an integer from 0 to 9007199254740991, got 9007199254740992'],
  [m.varint, 2 ** 52, 'RangeError', 'Move.x expected an integer from -4503599627370496 to 4503599627370495, got 4503599627370496'],
  [m.varint, 0.5, 'RangeError', 'Move.x expected an integer from -4503599627370496 to 4503599627370495, got 0.5'],
  [m.float32, '1', 'TypeError', 'Move.x expected a number, got "1"'],
  [m.float64, null, 'TypeError', 'Move.x expected a number, got null'],
  [m.bool, 1, 'TypeError', 'Move.x expected true or false, got 1'],
  [m.string(8), 5, 'TypeError', 'Move.x expected a string, got 5'],
  [m.string(5), 'héllo', 'RangeError', 'Move.x expected at most 5 bytes of UTF-8, got 6'],
  [m.string(300), 'x'.repeat(301), 'RangeError', 'Move.x expected at most 300 bytes of UTF-8, got 301'],
  [m.string(3), '🎮', 'RangeError', 'Move.x expected at most 3 bytes of UTF-8, got 4'],
  [m.string(2), '\ud800', 'RangeError', 'Move.x expected at most 2 bytes of UTF-8, got 3'],
  [m.bytes(2), [1, 2], 'TypeError', 'Move.x expected a Uint8Array, got an array of 2'],
  [m.bytes(2), new Uint8Array(3), 'RangeError', 'Move.x expected at most 2 bytes, got 3'],
  [m.flags('a'), null, 'TypeError', 'Move.x expected an object of flags, got null'],
  [m.flags('a', 'b c'), { 'b c': 1 }, 'TypeError', 'Move.x["b c"] expected true, false or nothing, got 1'],
  [m.enumOf('all', 'team'), 'nobody', 'RangeError', 'Move.x expected one of "all", "team", got "nobody"'],
  [m.enumOf('all', 'team'), 0, 'TypeError', 'Move.x expected one of "all", "team", got 0'],
  [m.quantized(0, 100, 0.1), 101, 'RangeError', 'Move.x expected a number from 0 to 100, got 101'],
  [m.quantized(-5, 5, 0.1), Number.NaN, 'RangeError', 'Move.x expected a number from -5 to 5, got NaN'],
  [m.array(m.uint8, 2), new Uint8Array(1), 'TypeError', 'Move.x expected an array of at most 2, got a Uint8Array'],
  [m.array(m.uint8, 2), [1, 2, 3], 'RangeError', 'Move.x expected at most 2 elements, got 3'],
  [m.array(m.bool, 9), [true, 0], 'TypeError', 'Move.x[1] expected true or false, got 0'],
  [
    m.array(m.struct({ y: m.array(m.uint8, 9) }), 9),
    [{ y: [] }, { y: [1, 2, 'c'] }],
    'TypeError',
    'Move.x[1].y[2] expected an integer from 0 to 255, got "c"',
  ],
  [m.struct({ y: m.uint8 }), 5, 'TypeError', 'Move.x expected an object, got 5'],
  [m.struct({ y: m.uint8 }), {}, 'TypeError', 'Move.x.y expected an integer from 0 to 255, got undefined'],
  [m.optional(m.uint8), null, 'TypeError', 'Move.x expected an integer from 0 to 255, got null'],
  [m.optional(m.bool), null, 'TypeError', 'Move.x expected true, false or nothing, got null'],
]

t.test('a refused value is named with its place, what is expected and what came', async (t) => {
  for (const [field, value, name, message] of cases) t.throws(() => encode(defineField(field), { x: value }), { name, message }, message)
})

t.test('the path leads through messages, arrays and structs', async (t) => {
  const type = defineOne({ entities: m.array(m.struct({ x: m.quantized(0, 100, 0.1) }), 8) })
  const entities = [{ x: 1 }, { x: 2 }, { x: 3 }, { x: 101 }]
  t.throws(() => encode(type, { entities }), { name: 'RangeError', message: 'Move.entities[3].x expected a number from 0 to 100, got 101' })
})

t.test('values that are no object are refused', async (t) => {
  const type = defineField(m.uint8)
  t.throws(() => encode(type, undefined), { name: 'TypeError', message: 'Move expected an object, got undefined' })
  t.throws(() => encode(type, null), { name: 'TypeError', message: 'Move expected an object, got null' })
  t.throws(() => encode(type, 5), { name: 'TypeError', message: 'Move expected an object, got 5' })
})

t.test('long values are cut in errors', async (t) => {
  t.throws(() => encode(defineField(m.uint8), { x: 'y'.repeat(1000) }), {
    message: `Move.x expected an integer from 0 to 255, got "${'y'.repeat(40)}…"`,
  })
})

t.test('fields that make no sense are refused where they are made', async (t) => {
  const any = m as any
  const refused: [make: () => unknown, name: string, message: string | RegExp][] = [
    [() => any.string(0), 'RangeError', '"maxBytes" expected integer 1–16777216, got 0'],
    [() => any.string(), 'TypeError', '"maxBytes" expected integer 1–16777216, got undefined'],
    [() => any.bytes(1.5), 'RangeError', '"maxBytes" expected integer 1–16777216, got 1.5'],
    [() => any.array(m.uint8, 65537), 'RangeError', '"max" expected integer 1–65536, got 65537'],
    [() => any.array(m.struct({}), 5), 'TypeError', '"array" expected a field that takes at least one bit, got an empty struct'],
    [() => any.array(m.string, 5), 'TypeError', '"array" expected a field such as uint8 or string(32), got a function'],
    [() => any.optional(m.optional(m.uint8)), 'TypeError', '"optional" expected a field that is not optional already'],
    [() => any.optional({}), 'TypeError', '"optional" expected a field such as uint8 or string(32), got an object'],
    [() => any.struct(5), 'TypeError', '"struct" expected an object of fields, got 5'],
    [() => any.struct({ a: 'uint8' }), 'TypeError', '"struct.a" expected a field such as uint8 or string(32), got "uint8"'],
    [() => any.struct({ __proto__: m.uint8 }), 'TypeError', '"struct" expected a plain object of fields, and none named __proto__'],
    [
      () => any.struct(JSON.parse('{"__proto__":1}')),
      'RangeError',
      '"struct" expected names that are not in every object, got "__proto__"',
    ],
    [() => any.struct({ constructor: m.uint8 }), 'RangeError', '"struct" expected names that are not in every object, got "constructor"'],
    [() => any.struct({ '': m.uint8 }), 'RangeError', '"struct" expected a text of 1–64 characters, got 0'],
    [() => any.flags(), 'RangeError', 'flags expected 1–32 names, got 0'],
    [() => any.flags(...Array.from({ length: 33 }, (_, i) => `f${i}`)), 'RangeError', 'flags expected 1–32 names, got 33'],
    [() => any.flags('a', 'a'), 'RangeError', 'flags expected distinct values, got "a" twice'],
    [() => any.flags('__proto__'), 'RangeError', '"flags" expected names that are not in every object, got "__proto__"'],
    [() => any.enumOf(), 'RangeError', 'enumOf expected 1–65536 values, got 0'],
    [() => any.enumOf('a', 5), 'TypeError', 'enumOf expected texts, got 5'],
    [() => any.enumOf('a', 'b', 'a'), 'RangeError', 'enumOf expected distinct values, got "a" twice'],
    [() => any.quantized(0, 0, 1), 'RangeError', 'quantized: "max" expected a number above "min" 0, got 0'],
    [() => any.quantized(0, 1, 0), 'RangeError', 'quantized: "step" expected a number above 0, got 0'],
    [() => any.quantized(0, Number.POSITIVE_INFINITY, 1), 'RangeError', 'quantized: "max" expected a finite number, got Infinity'],
    [() => any.quantized('0', 1, 1), 'TypeError', 'quantized: "min" expected a number, got "0"'],
    [() => any.quantized(0, 1, 1e-10), 'RangeError', 'quantized: "step" expected at most 4294967295 steps in the range, got step 1e-10'],
    [() => any.packed(5), 'TypeError', 'packed: "validator" expected a Standard Schema, a guard or a parse function, got 5'],
  ]
  for (const [make, name, message] of refused) t.throws(make, { name, message }, String(message))
})
