// Room: a message fits into exactly its size, and gives −1 for every smaller one.
import t from 'tap'
import * as m from '../../lib/messages/index.js'
import { decode, defineOne, encode } from './codec-fixture.js'

const type = defineOne({
  a: m.uint16,
  flag: m.bool,
  keys: m.flags('x', 'y'),
  f: m.float32,
  d: m.float64,
  v: m.varuint,
  z: m.varint,
  short: m.string(20),
  long: m.string(400),
  blob: m.bytes(300),
  small: m.bytes(5),
  kind: m.enumOf('a', 'b'),
  q: m.quantized(0, 1000, 0.001),
  list: m.array(m.struct({ n: m.uint8, o: m.optional(m.string(9)) }), 300),
  bits: m.array(m.bool, 30),
  maybe: m.optional(m.struct({ n: m.uint32 })),
  any: m.packed(),
})
const values = {
  a: 1,
  flag: true,
  keys: { x: true },
  f: 1.5,
  d: 2.5,
  v: 300,
  z: -300,
  short: 'héllo',
  long: 'é'.repeat(100),
  blob: new Uint8Array(140).fill(3),
  small: new Uint8Array(2),
  kind: 'b',
  q: 7,
  list: [{ n: 1, o: 'abc' }, { n: 2 }],
  bits: new Array(17).fill(true),
  maybe: { n: 9 },
  any: { k: 'v', l: [1, 2, 3] },
}

t.test('a message fits into exactly its size, at any offset, and touches nothing else', async (t) => {
  const expected = encode(type, values)
  const whole = new Uint8Array(expected.length + 20).fill(0xaa)
  const bytes = whole.subarray(5, 5 + 7 + expected.length)
  const end = type.codec.encode(values, bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 7)
  t.equal(end, 7 + expected.length)
  t.strictSame(whole.slice(12, 12 + expected.length), expected)
  t.ok(whole.subarray(0, 12).every((byte) => byte === 0xaa))
  t.ok(whole.subarray(12 + expected.length).every((byte) => byte === 0xaa))
  t.strictSame(type.codec.decode(bytes, 7, end), decode(type, expected))
})

t.test('a message gives −1 for every smaller size', async (t) => {
  const size = encode(type, values).length
  for (let capacity = 0; capacity < size; capacity++) {
    const bytes = new Uint8Array(capacity)
    if (type.codec.encode(values, bytes, new DataView(bytes.buffer), 0) !== -1) t.fail(`capacity ${capacity}`)
  }
  t.pass(`0 to ${size - 1} bytes`)
})

t.test('every cut and every further byte is malformed', async (t) => {
  const bytes = encode(type, values)
  t.ok(decode(type, bytes))
  for (let end = 0; end < bytes.length; end++) if (type.codec.decode(bytes, 0, end) !== undefined) t.fail(`cut to ${end}`)
  t.equal(decode(type, Uint8Array.from([...bytes, 0])), undefined)
})
