// Packed fields: what travels, what validators decide, and what hostile MessagePack achieves (nothing).
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { Packr, pack } from 'msgpackr'
import t from 'tap'
import * as v from 'valibot'
import { array, packed, struct, uint8 } from '../../lib/messages/index.js'
import { decode, defineField, defineOne, encode, fromHex } from './codec-fixture.js'

const any = defineField(packed())

t.test('plain data of all kinds comes back as it was', async (t) => {
  const values: unknown[] = [
    null,
    undefined,
    true,
    0,
    -1,
    127,
    128,
    -32,
    -33,
    65536,
    2 ** 31,
    2 ** 32,
    -(2 ** 40),
    2 ** 53,
    0.1,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    0n,
    -1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    2n ** 64n - 1n,
    '',
    'a',
    'é',
    '🎮',
    '\ufeff',
    'x'.repeat(31),
    'x'.repeat(32),
    'x'.repeat(300),
    'é'.repeat(70_000),
    [],
    {},
    [undefined],
    { a: undefined },
    new Uint8Array(0),
    new Uint8Array(300).fill(9),
    new Array(16).fill(1),
    new Array(70_000).fill(null),
    Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i])),
    { 'two words': 1, constructor: 'x', hasOwnProperty: 2, toJSON: 3, length: 4, '0': 5, '': 6 },
    { nested: [{ deep: [[[1]]] }] },
  ]
  for (const value of values) {
    const bytes = encode(any, { x: value }, 2 ** 21)
    t.strictSame(decode(any, bytes), { x: value })
    t.strictSame(decode(any, Buffer.from(bytes)), { x: value })
  }
})

t.test('a packed field may stand between others, in structs and arrays', async (t) => {
  const type = defineOne({ a: packed(), b: uint8, list: array(struct({ any: packed(), n: uint8 }), 3), c: packed() })
  const values = {
    a: { k: [1] },
    b: 7,
    list: [
      { any: 'x', n: 1 },
      { any: null, n: 2 },
    ],
    c: new Uint8Array([1, 2]),
  }
  t.strictSame(decode(type, encode(type, values)), values)
})

t.test('what arrives shares no memory with what was received', async (t) => {
  for (const size of [10, 40_000]) {
    const received = Buffer.from(encode(any, { x: { blob: new Uint8Array(size).fill(1) } }))
    const first = decode(any, received).x.blob
    received.fill(2)
    encode(any, { x: { blob: new Uint8Array(size).fill(3) } })
    decode(any, encode(any, { x: { blob: new Uint8Array(size).fill(4) } }))
    t.strictSame(first, new Uint8Array(size).fill(1))
    t.notOk('dataView' in received, 'nothing is added to the received array')
  }
})

t.test('an instance of a class arrives as a plain object of its own keys', async (t) => {
  class Player {
    x = 1
    #secret = 2
    get secret() {
      return this.#secret
    }
    toJSON() {
      return 'not asked'
    }
  }
  t.strictSame(decode(any, encode(any, { x: new Player() })), { x: { x: 1 } })
})

t.test('what MessagePack cannot carry is refused with its place', async (t) => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  let deep: unknown = 1
  for (let i = 0; i < 33; i++) deep = { a: deep }
  const data = 'data (null, undefined, booleans, numbers, texts, 64-bit bigints, Uint8Arrays, arrays and objects)'
  const refused: [unknown, string][] = [
    [() => {}, `Move.x expected ${data}, got a function`],
    [{ a: [1, Symbol('s')] }, `Move.x.a[1] expected ${data}, got Symbol(s)`],
    [{ when: new Date(0) }, `Move.x.when expected ${data}, got a Date`],
    [{ 'two words': new Map() }, `Move.x["two words"] expected ${data}, got a Map`],
    [[new Set()], `Move.x[0] expected ${data}, got a Set`],
    [new Float32Array(1), `Move.x expected ${data}, got a Float32Array`],
    [new Error('x'), `Move.x expected ${data}, got an Error`],
    [2n ** 64n, 'Move.x expected a bigint of 64 bits, got 18446744073709551616n'],
    ['a\ud800', 'Move.x expected text without lone surrogates, got "a\\ud800"'],
    [JSON.parse('{"a":{"__proto__":1}}'), 'Move.x.a expected keys that are well-formed text and not __proto__, got "__proto__"'],
    [deep, `Move.x${'.a'.repeat(32)} expected at most 32 levels of arrays and objects, got more`],
    [cycle, `Move.x${'[0]'.repeat(32)} expected at most 32 levels of arrays and objects, got more`],
  ]
  for (const [value, message] of refused) t.throws(() => encode(any, { x: value }), { name: 'TypeError', message }, message)
  t.throws(() => encode(defineOne({ l: array(struct({ p: packed() }), 3) }), { l: [{ p: 1 }, { p: [() => {}] }] }), {
    message: `Move.l[1].p[0] expected ${data}, got a function`,
  })
})

t.test('32 levels travel', async (t) => {
  let deep: unknown = 1
  for (let i = 0; i < 32; i++) deep = i % 2 === 0 ? { a: deep } : [deep]
  t.strictSame(decode(any, encode(any, { x: deep })), { x: deep })
})

t.test('a schema checks the input on both sides; its output arrives', async (t) => {
  const schema = v.object({
    kind: v.string(),
    at: v.pipe(
      v.string(),
      v.isoDate(),
      v.transform((text) => new Date(text)),
    ),
    n: v.optional(v.number(), 5),
  })
  const type = defineField(packed(schema))
  t.strictSame(decode(type, encode(type, { x: { kind: 'a', at: '2020-01-02', extra: 1 } })), {
    x: { kind: 'a', at: new Date('2020-01-02'), n: 5 },
  })
  t.throws(() => encode(type, { x: { kind: 1, at: '2020-01-02' } }), {
    name: 'TypeError',
    message: /^Move\.x was refused by its validator: .*string.* \(at \.kind\)$/,
  })
  t.equal(decode(type, encode(any, { x: { kind: 'a', at: 'never' } })), undefined)
  t.equal(decode(type, encode(any, { x: 5 })), undefined)
})

t.test('an asynchronous validator is refused on sending and malformed on receiving, and its rejection goes nowhere', async (t) => {
  const rejecting: StandardSchemaV1 = {
    '~standard': { version: 1, vendor: 'test', validate: async () => Promise.reject(new Error('late')) },
  }
  const accepting = v.objectAsync({})
  const parse = async (value: unknown) => value
  let unhandled = 0
  const count = () => unhandled++
  process.on('unhandledRejection', count)
  for (const validator of [rejecting, accepting, parse] as any[]) {
    const type = defineField(packed(validator))
    t.throws(() => encode(type, { x: {} }), {
      name: 'TypeError',
      message: 'Move.x was refused by its validator: it is asynchronous, and messages are validated at once',
    })
    t.equal(decode(type, encode(any, { x: {} })), undefined)
  }
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', count)
  t.equal(unhandled, 0)
})

t.test('a guard decides on both sides', async (t) => {
  const type = defineField(packed((value: unknown): value is { a: number } => typeof value === 'object' && value !== null && 'a' in value))
  t.strictSame(decode(type, encode(type, { x: { a: 1 } })), { x: { a: 1 } })
  t.throws(() => encode(type, { x: {} }), { name: 'TypeError', message: 'Move.x was refused by its validator: it returned false' })
  t.equal(decode(type, encode(any, { x: {} })), undefined)
})

t.test('a parse function gives the value, or throws', async (t) => {
  const type = defineField(
    packed((value: unknown) => {
      if (typeof value !== 'string') throw new Error('a text, please')
      return value.toUpperCase()
    }),
  )
  t.strictSame(decode(type, encode(type, { x: 'abc' })), { x: 'ABC' })
  t.throws(() => encode(type, { x: 5 }), { name: 'TypeError', message: 'Move.x was refused by its validator: a text, please' })
  t.equal(decode(type, encode(any, { x: 5 })), undefined)
})

t.test('a schema that is a function is a schema', async (t) => {
  const callable: any = Object.assign(() => false, {
    '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value: [value] }) },
  })
  const type = defineField(packed(callable as StandardSchemaV1))
  t.strictSame(decode(type, encode(type, { x: 1 })), { x: [1] })
})

t.test('hostile MessagePack is malformed', async (t) => {
  const recordPacker = new Packr({ useRecords: true })
  const cloner = new Packr({ structuredClone: true, moreTypes: true })
  const hostile: [string, Uint8Array][] = [
    ['33 nested arrays', fromHex(`${'91'.repeat(33)}01`)],
    ['65,536 nested arrays', new Uint8Array(65_536).fill(0x91)],
    ['33 nested maps', fromHex(`${'81a161'.repeat(33)}01`)],
    ['a record definition', recordPacker.pack({ a: 1, b: 2 })],
    ['a record definition by hand', fromHex('d4724091a16101')],
    ['a record definition of two bytes', fromHex('d572400191a16101')],
    ['a record definition as an extension', fromHex('c7017240')],
    ['a regular expression', cloner.pack(/a+/)],
    ['an error', cloner.pack(new Error('x'))],
    ['a set', cloner.pack(new Set([1]))],
    ['a typed array', cloner.pack(new Float64Array(2))],
    ['a large bigint', new Packr({ useBigIntExtension: true }).pack(2n ** 90n)],
    ['a date', pack(new Date(0))],
    ['a date of 12 bytes', pack(new Date(-1))],
    ['a reference', fromHex('d67000000001')],
    ['an id', fromHex('d6690000000190')],
    ['bundled strings', new Packr({ bundleStrings: true }).pack(['abcdef', 'ghijkl'])],
    ['fixext 8, 16 and ext 8, 16, 32', fromHex('d7ff0000000000000000')],
    ['fixext 16', fromHex(`d801${'00'.repeat(16)}`)],
    ['ext 8', fromHex('c70005')],
    ['ext 16', fromHex('c8000005')],
    ['ext 32', fromHex('c90000000005')],
    ['undefined with another filler', fromHex('d40001')],
    ['the unused token', fromHex('c1')],
    ['2^32 − 1 elements', fromHex('ddffffffff0101')],
    ['2^32 − 1 members', fromHex('dfffffffffa16101')],
    ['65,535 elements in 3 bytes', fromHex('dcffff010101')],
    ['more members than bytes', fromHex('83a16101a16201')],
    ['a text longer than the bytes', fromHex('d9ff61')],
    ['binary longer than the bytes', fromHex('c6ffffffff61')],
    ['a key that is a number', fromHex('810101')],
    ['a key that is an array', fromHex('819001')],
    ['a key that is nil', fromHex('81c001')],
    ['a key that is binary', fromHex('81c4016101')],
    ['a key __proto__', fromHex('81a95f5f70726f746f5f5f81a16101')],
    ['a key __proto__ in a long form', fromHex('81d9095f5f70726f746f5f5f81a16101')],
    ['a key __proto__ in the longest form', fromHex('81db000000095f5f70726f746f5f5f81a16101')],
    ['invalid UTF-8', fromHex('a1ff')],
    ['a surrogate in UTF-8', fromHex('a3eda080')],
    ['invalid UTF-8 in a key', fromHex('81a1ff01')],
    ['two values', fromHex('0101')],
    ['nothing', new Uint8Array(0)],
  ]
  for (const [why, bytes] of hostile) t.equal(decode(any, bytes), undefined, why)
  t.strictSame(decode(any, encode(any, { x: { ok: [1] } })), { x: { ok: [1] } }, 'and the next value is read as ever')
})

t.test('a text that only ends in __proto__ is an honest key', async (t) => {
  for (const key of ['a__proto__', '__proto_', '____proto__', `${'x'.repeat(40)}__proto__`])
    t.strictSame(decode(any, encode(any, { x: { [key]: 1 } })), { x: { [key]: 1 } })
  t.strictSame(decode(any, encode(any, { x: '__proto__' })), { x: '__proto__' })
})

t.test('numbers of 0x40 to 0x7f are numbers, not records', async (t) => {
  t.strictSame(decode(any, fromHex('93407f5a')), { x: [0x40, 0x7f, 0x5a] })
})

t.test('no bytes pollute a prototype', async (t) => {
  for (const hex of [
    '81a95f5f70726f746f5f5f81a8706f6c6c75746564c3',
    '81ab636f6e7374727563746f7281a970726f746f7479706581a8706f6c6c75746564c3',
  ]) {
    const message = decode(any, fromHex(hex))
    if (message !== undefined) t.equal(Object.getPrototypeOf(message.x), Object.prototype)
    t.equal(({} as any).polluted, undefined)
  }
})
