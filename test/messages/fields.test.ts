// Every field: its bytes as literal hex, and its boundary values there and back.
import t from 'tap'
import * as m from '../../lib/messages/index.js'
import { decode, defineField, defineOne, encode, fromHex, seededNumbers, toHex } from './codec-fixture.js'

const everyName32 = Array.from({ length: 32 }, (_, i) => `f${i}`) as [string, ...string[]]
const values300 = Array.from({ length: 300 }, (_, i) => `value${i}`) as [string, ...string[]]

/** Field, value sent, bytes, and what arrives where it is not the value sent. */
const cases: [name: string, field: m.Field<any, any>, value: unknown, hex: string, arrives?: unknown][] = [
  ['uint8 0', m.uint8, 0, '00'],
  ['uint8 255', m.uint8, 255, 'ff'],
  ['uint8 −0', m.uint8, -0, '00', 0],
  ['uint16 258', m.uint16, 258, '0201'],
  ['uint16 65535', m.uint16, 65535, 'ffff'],
  ['uint32 0x01020304', m.uint32, 0x01020304, '04030201'],
  ['uint32 4294967295', m.uint32, 4294967295, 'ffffffff'],
  ['int8 −128', m.int8, -128, '80'],
  ['int8 127', m.int8, 127, '7f'],
  ['int16 −32768', m.int16, -32768, '0080'],
  ['int16 −2', m.int16, -2, 'feff'],
  ['int16 32767', m.int16, 32767, 'ff7f'],
  ['int32 −2147483648', m.int32, -2147483648, '00000080'],
  ['int32 2147483647', m.int32, 2147483647, 'ffffff7f'],
  ['varuint 0', m.varuint, 0, '00'],
  ['varuint 127', m.varuint, 127, '7f'],
  ['varuint 128', m.varuint, 128, '8001'],
  ['varuint 16383', m.varuint, 16383, 'ff7f'],
  ['varuint 16384', m.varuint, 16384, '808001'],
  ['varuint 2^53 − 1', m.varuint, 2 ** 53 - 1, 'ffffffffffffff0f'],
  ['varint 0', m.varint, 0, '00'],
  ['varint −1', m.varint, -1, '01'],
  ['varint 1', m.varint, 1, '02'],
  ['varint −64', m.varint, -64, '7f'],
  ['varint 64', m.varint, 64, '8001'],
  ['varint −2^52', m.varint, -(2 ** 52), 'ffffffffffffff0f'],
  ['varint 2^52 − 1', m.varint, 2 ** 52 - 1, 'feffffffffffff0f'],
  ['float32 1.5', m.float32, 1.5, '0000c03f'],
  ['float32 0.1 rounds', m.float32, 0.1, 'cdcccc3d', Math.fround(0.1)],
  ['float32 −0', m.float32, -0, '00000080'],
  ['float32 NaN', m.float32, Number.NaN, '0000c07f'],
  ['float32 −Infinity', m.float32, Number.NEGATIVE_INFINITY, '000080ff'],
  ['float32 1e300 is beyond its range', m.float32, 1e300, '0000807f', Number.POSITIVE_INFINITY],
  ['float64 1.5', m.float64, 1.5, '000000000000f83f'],
  ['float64 0.1', m.float64, 0.1, '9a9999999999b93f'],
  ['float64 smallest', m.float64, 5e-324, '0100000000000000'],
  ['float64 Infinity', m.float64, Number.POSITIVE_INFINITY, '000000000000f07f'],
  ['bool true', m.bool, true, '01'],
  ['bool false', m.bool, false, '00'],
  ['string empty', m.string(8), '', '00'],
  ['string abc', m.string(8), 'abc', '03616263'],
  ['string héllo', m.string(8), 'héllo', '0668c3a96c6c6f'],
  ['string with a byte order mark', m.string(8), '\ufeffa', '04efbbbf61'],
  ['string with a zero', m.string(8), 'a\0b', '03610062'],
  ['string with an emoji', m.string(4), '🎮', '04f09f8eae'],
  ['string with a lone surrogate', m.string(8), 'a\ud800b', '0561efbfbd62', 'a\ufffdb'],
  ['string with a lone low surrogate', m.string(8), '\udc00', '03efbfbd', '\ufffd'],
  ['string of 130 bytes', m.string(256), 'x'.repeat(130), `8201${'78'.repeat(130)}`],
  ['string of 200 bytes in one byte of length', m.string(255), 'x'.repeat(200), `c8${'78'.repeat(200)}`],
  ['string of 64 é', m.string(256), 'é'.repeat(64), `8001${'c3a9'.repeat(64)}`],
  ['bytes none', m.bytes(4), new Uint8Array(0), '00'],
  ['bytes', m.bytes(4), new Uint8Array([1, 2, 255]), '030102ff'],
  ['bytes of 300', m.bytes(1000), new Uint8Array(300).fill(7), `ac02${'07'.repeat(300)}`],
  ['flags', m.flags('jump', 'fire', 'duck'), { jump: true, fire: false, duck: true }, '05'],
  ['flags left out', m.flags('jump', 'fire'), { fire: true }, '02', { jump: false, fire: true }],
  ['flags undefined', m.flags('jump', 'fire'), { jump: undefined }, '00', { jump: false, fire: false }],
  [
    'flags of 32',
    m.flags(...everyName32),
    { f0: true, f9: true, f31: true },
    '01020080',
    Object.fromEntries(everyName32.map((name) => [name, ['f0', 'f9', 'f31'].includes(name)])),
  ],
  ['enumOf first', m.enumOf('all', 'team'), 'all', '00'],
  ['enumOf last', m.enumOf('all', 'team'), 'team', '01'],
  ['enumOf above 256', m.enumOf(...values300), 'value299', '2b01'],
  ['quantized min', m.quantized(0, 100, 0.1), 0, '0000'],
  ['quantized max', m.quantized(0, 100, 0.1), 100, 'e803'],
  ['quantized step', m.quantized(0, 100, 0.1), 0.3, '0300'],
  ['quantized rounds', m.quantized(0, 100, 0.1), 0.34, '0300', 0.3],
  ['quantized negative', m.quantized(-1, 1, 0.01), -1, '00'],
  ['quantized in 1 byte', m.quantized(-1, 1, 0.01), 1, 'c8'],
  ['quantized in 3 bytes', m.quantized(0, 1000, 0.001), 1000, '40420f'],
  ['quantized in 4 bytes', m.quantized(0, 4294967295, 1), 4294967295, 'ffffffff'],
  ['quantized uneven: both ends exact', m.quantized(0, 1, 0.3), 1, '04'],
  ['array none', m.array(m.uint8, 4), [], '00'],
  ['array', m.array(m.uint16, 4), [1, 2, 3], '03010002000300'],
  ['array of 300', m.array(m.uint8, 1000), new Array(300).fill(9), `ac02${'09'.repeat(300)}`],
  ['array of booleans', m.array(m.bool, 20), [true, false, true, true, false, false, false, false, true], '090d01'],
  ['array of 8 booleans', m.array(m.bool, 8), new Array(8).fill(true), '08ff'],
  ['array of arrays', m.array(m.array(m.uint8, 3), 3), [[1], [], [2, 3]], '03010100020203'],
  ['array of optionals', m.array(m.optional(m.uint8), 3), [1, undefined, 3], '030101000103'],
  [
    'array of structs with bits',
    m.array(m.struct({ a: m.bool, n: m.uint8 }), 3),
    [
      { a: true, n: 5 },
      { a: false, n: 6 },
    ],
    '0201050006',
  ],
  [
    'array of flags',
    m.array(m.flags('a', 'b'), 3),
    [
      { a: true, b: true },
      { a: false, b: true },
    ],
    '020302',
  ],
  ['optional given', m.optional(m.uint8), 7, '0107'],
  ['optional left out', m.optional(m.uint8), undefined, '00'],
  ['optional true', m.optional(m.bool), true, '03'],
  ['optional false', m.optional(m.bool), false, '01'],
  ['optional boolean left out', m.optional(m.bool), undefined, '00'],
  ['optional struct', m.optional(m.struct({ a: m.bool, b: m.uint8 })), { a: true, b: 4 }, '010104'],
  ['optional array', m.optional(m.array(m.uint8, 3)), [1, 2], '01020102'],
  ['optional text', m.optional(m.string(8)), 'ab', '01026162'],
  ['struct', m.struct({ a: m.uint8, b: m.struct({ c: m.uint8 }) }), { a: 1, b: { c: 2 } }, '0102'],
  ['struct without fields', m.struct({}), {}, ''],
  ['packed null', m.packed(), null, 'c0'],
  ['packed undefined', m.packed(), undefined, 'd40000'],
  ['packed object', m.packed(), { a: 1, b: [true, 'x'] }, '82a16101a16292c3a178'],
]

t.test('each field has the bytes that the protocol says, and comes back from them', async (t) => {
  for (const [name, field, value, hex, ...arrives] of cases) {
    const type = defineField(field)
    const expected = { x: arrives.length > 0 ? arrives[0] : value }
    t.equal(toHex(encode(type, { x: value })), hex, `${name}: bytes`)
    t.strictSame(decode(type, fromHex(hex)), expected, `${name}: value`)
    t.strictSame(decode(type, Buffer.from(fromHex(hex))), expected, `${name}: value from a Buffer`)
  }
})

t.test('the booleans, flags and presences of a message and its structs share bytes, in the order of the fields', async (t) => {
  const type = defineOne({
    n: m.uint8,
    a: m.bool,
    s: m.struct({ b: m.bool, o: m.optional(m.uint8) }),
    k: m.flags('x', 'y'),
    c: m.optional(m.bool),
    d: m.bool,
    e: m.bool,
  })
  const values = { n: 9, a: true, s: { b: false, o: 5 }, k: { x: false, y: true }, c: false, d: true, e: true }
  // a 1, b 0, o 1, x 0, y 1, c present 1, c 0, d 1 -> 0b10110101; e 1 -> the second byte
  t.equal(toHex(encode(type, values)), 'b5010905')
  t.strictSame(decode(type, fromHex('b5010905')), values)
})

t.test('a message without fields takes no bytes', async (t) => {
  const type = defineOne({})
  t.equal(encode(type, {}).length, 0)
  t.strictSame(decode(type, new Uint8Array(0)), {})
  t.equal(decode(type, new Uint8Array(1)), undefined)
})

t.test('a decoded object has all its keys, in the order of the fields', async (t) => {
  const type = defineOne({ b: m.optional(m.uint8), a: m.optional(m.string(4)), f: m.flags('z', 'y') })
  const message = decode(type, encode(type, { f: {} }))
  t.strictSame(Object.keys(message), ['b', 'a', 'f'])
  t.strictSame(Object.keys(message.f), ['z', 'y'])
})

t.test('keys that are no fields are ignored', async (t) => {
  const type = defineField(m.uint8)
  t.equal(toHex(encode(type, { x: 1, y: 2 })), '01')
})

t.test('names of fields may be any text', async (t) => {
  const names = ['two words', 'quote\'"`', 'line\nbreak\u2028', '$' + '{x}', '*/', '0', 'ünï', 'return', '\ud800', 'at', 'v_0', '\\']
  const type = defineOne(Object.fromEntries(names.map((name) => [name, m.uint8])), 'na"me\n`$')
  const values = Object.fromEntries(names.map((name, i) => [name, i]))
  t.strictSame(decode(type, encode(type, values)), values)
  t.throws(() => encode(type, { ...values, 'two words': 'no' }), {
    message: 'na"me\n`$["two words"] expected an integer from 0 to 255, got "no"',
  })
})

t.test('decoded bytes are copies, also of a Buffer', async (t) => {
  const type = defineField(m.bytes(200))
  for (const size of [3, 150]) {
    const received = Buffer.from(encode(type, { x: new Uint8Array(size).fill(5) }))
    const { x } = decode(type, received)
    received.fill(0)
    t.strictSame(x, new Uint8Array(size).fill(5))
    t.equal(Object.getPrototypeOf(x), Uint8Array.prototype)
    t.equal(x.buffer.byteLength, size)
  }
})

t.test('a Buffer travels as bytes', async (t) => {
  const type = defineField(m.bytes(8))
  t.equal(toHex(encode(type, { x: Buffer.from('abc') })), '03616263')
})

t.test('every quantized value can be sent on and stays what it is', async (t) => {
  for (const [min, max, step] of [
    [0, 100, 0.1],
    [-1, 1, 0.01],
    [-3.7, 12.3, 0.7],
    [0, 1, 1 / 3],
    [1e6, 1e6 + 1, 1e-3],
    [0, 5, 100],
  ] as const) {
    const type = defineField(m.quantized(min, max, step))
    const size = encode(type, { x: max }).length
    const count = Number.parseInt(
      Buffer.from(encode(type, { x: max }))
        .reverse()
        .toString('hex'),
      16,
    )
    for (let index = 0; index <= count; index++) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => index >>> (8 * i))
      const value = decode(type, bytes).x
      if (!(value >= min && value <= max) || toHex(encode(type, { x: value })) !== toHex(bytes))
        t.fail(`${min}–${max} by ${step}: index ${index} gave ${value}`)
    }
    t.equal(decode(type, encode(type, { x: min })).x, min)
    t.equal(decode(type, encode(type, { x: max })).x, max)
  }
})

t.test('random values of a large message come back', async (t) => {
  const type = defineOne({
    tick: m.uint32,
    on: m.optional(m.bool),
    entities: m.array(
      m.struct({
        id: m.varuint,
        d: m.varint,
        x: m.float64,
        alive: m.bool,
        skin: m.optional(m.string(40)),
        tags: m.array(m.enumOf('a', 'b', 'c'), 5),
      }),
      300,
    ),
    blob: m.bytes(300),
    rest: m.packed(),
  })
  const random = seededNumbers(7)
  for (let round = 0; round < 200; round++) {
    const values = {
      tick: random(2 ** 31),
      on: [true, false, undefined][random(3)],
      entities: Array.from({ length: random(40) }, () => ({
        id: random(2 ** 31) * random(4_000_000),
        d: (random(2 ** 31) - 2 ** 30) * random(1000),
        x: random(1000) / 7,
        alive: random(2) === 1,
        skin: random(2) === 1 ? 'aé🎮\0'.repeat(random(5)) : undefined,
        tags: Array.from({ length: random(5) }, () => ['a', 'b', 'c'][random(3)]),
      })),
      blob: Uint8Array.from({ length: random(300) }, () => random(256)),
      rest: { list: [random(2 ** 31), random(100) / 3, 'é'.repeat(random(100)), null, undefined], ok: true },
    }
    const message = decode(type, encode(type, values))
    if (JSON.stringify(message) !== JSON.stringify(values)) t.fail(`round ${round}`)
    if (round === 0) t.strictSame(message, values)
  }
})
