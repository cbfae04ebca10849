// Bytes from the network: whatever they are, decode gives undefined or a message that can be sent, and takes no more memory than they justify.
import t from 'tap'
import * as m from '../../lib/messages/index.js'
import { decode, defineField, defineOne, encode, fromHex, seededNumbers, toHex } from './codec-fixture.js'

const malformed: [why: string, field: m.Field<any, any>, hex: string][] = [
  ['nothing', m.uint8, ''],
  ['a byte too many', m.uint8, '0000'],
  ['a spare bit of the header', m.bool, '02'],
  ['a spare bit of an element', m.array(m.struct({ a: m.bool, n: m.uint8 }), 3), '018000'],
  ['a spare bit behind booleans', m.array(m.bool, 9), '0110'],
  ['a value without presence', m.optional(m.bool), '02'],
  ['an index beyond the enum', m.enumOf('a', 'b'), '02'],
  ['an index beyond the steps', m.quantized(0, 100, 0.1), 'e903'],
  ['an index beyond four bytes of steps', m.quantized(0, 4294967294, 1), 'ffffffff'],
  ['an array above its maximum', m.array(m.uint8, 2), '03010101'],
  ['an array above its maximum, in a varint', m.array(m.uint8, 300), `ad02${'00'.repeat(301)}`],
  ['an array longer than the bytes', m.array(m.uint8, 200), 'c800'],
  ['booleans longer than the bytes', m.array(m.bool, 200), 'c800'],
  ['a text above its maximum', m.string(2), '03616161'],
  ['a text longer than the bytes', m.string(300), 'ac0261'],
  ['a varint that never ends', m.varuint, '808080808080808080'],
  ['a varint above 2^53', m.varuint, 'ffffffffffffff1f'],
  ['bytes longer than there are', m.bytes(5), '0501'],
  ['UTF-8 cut off', m.string(8), '01c3'],
  ['UTF-8 overlong', m.string(8), '02c080'],
  ['UTF-8 of a surrogate', m.string(8), '03eda080'],
  ['UTF-8 above U+10FFFF', m.string(8), '04f4908080'],
  ['UTF-8 that continues nothing', m.string(8), '0180'],
  ['invalid UTF-8 in a long text', m.string(255), `41${'61'.repeat(64)}ff`],
]

t.test('malformed bytes give undefined', async (t) => {
  for (const [why, field, hex] of malformed) t.equal(decode(defineField(field), fromHex(hex)), undefined, why)
})

t.test('a varint that is longer than it need be is read', async (t) => {
  t.strictSame(decode(defineField(m.varuint), fromHex('8500')), { x: 5 })
})

t.test('random and damaged bytes never throw, and what is accepted can be sent on', async (t) => {
  const types = [
    defineOne({ id: m.uint16, x: m.float32, name: m.string(32), on: m.bool }),
    defineOne({
      v: m.varuint,
      z: m.varint,
      list: m.array(m.struct({ id: m.uint8, skin: m.optional(m.string(8)), q: m.quantized(0, 10, 0.1) }), 64),
    }),
    defineOne({ any: m.packed(), more: m.optional(m.packed()), blob: m.bytes(300) }),
    defineOne({
      kind: m.enumOf('a', 'b', 'c'),
      keys: m.flags('x', 'y', 'z'),
      cells: m.array(m.bool, 300),
      o: m.optional(m.struct({ d: m.float64, l: m.array(m.array(m.int16, 9), 9) })),
    }),
  ]
  const samples = [
    { id: 5, x: 1.5, name: 'ada ä', on: true },
    {
      v: 300,
      z: -5,
      list: [
        { id: 1, skin: 'red', q: 5 },
        { id: 2, q: 1 },
      ],
    },
    { any: { a: [1, 'b', null, { c: 2.5 }], d: new Uint8Array(3) }, more: 'x', blob: new Uint8Array(20) },
    { kind: 'c', keys: { y: true }, cells: new Array(20).fill(true), o: { d: 0.1, l: [[1, 2], [], [-3]] } },
  ].map((values, i) => encode(types[i]!, values))
  const seed = 20240607
  const random = seededNumbers(seed)
  const buffer = new Uint8Array(1024)
  const view = new DataView(buffer.buffer)
  let accepted = 0
  for (let round = 0; round < 100_000; round++) {
    const index = round & 3
    const isDamaged = random(2) === 0
    const bytes = isDamaged ? samples[index]!.slice() : Uint8Array.from({ length: random(40) }, () => random(256))
    if (isDamaged) for (let i = random(4); i >= 0; i--) bytes[random(bytes.length)] = random(256)
    let message: any
    try {
      message = types[index]!.codec.decode(bytes, 0, bytes.length)
      if (message === undefined) continue
      accepted++
      if (types[index]!.codec.encode(message, buffer, view, 0) < 0) t.fail(`seed ${seed}, round ${round}: does not fit`)
    } catch (error) {
      t.fail(`seed ${seed}, round ${round}: ${toHex(bytes)} threw ${error}`)
      return
    }
  }
  t.ok(accepted > 5000 && accepted < 95_000, `${accepted} accepted`)
})

t.test('a claim of many elements allocates nothing when the bytes are not there', async (t) => {
  const types = [
    defineField(m.array(m.float64, 65_536)),
    defineField(m.array(m.bool, 65_536)),
    defineField(m.bytes(16_000_000)),
    defineField(m.string(16_000_000)),
    defineField(m.packed()),
  ]
  // 65,536 elements, 65,536 booleans, 16,000,000 bytes and characters, and an array, a map and a text of 2^32 − 1 in MessagePack
  const claims: [number, string][] = [
    [0, '80800400'],
    [1, '80800400'],
    [2, '80c8d00700'],
    [3, '80c8d00700'],
    [4, 'ddffffffff00'],
    [4, 'dfffffffff00'],
    [4, 'dbffffffff00'],
    [4, 'c6ffffffff00'],
  ]
  for (const [index, hex] of claims) {
    const type = types[index]!
    const bytes = fromHex(hex)
    for (let i = 0; i < 2000; i++) decode(type, bytes)
    const before = process.memoryUsage()
    let found = 0
    for (let i = 0; i < 1000; i++) if (decode(type, bytes) !== undefined) found++
    const after = process.memoryUsage()
    const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
    t.equal(found, 0)
    // One honoured claim alone would take half a megabyte and more; a thousand, 500 MB.
    t.ok(grown < 4_000_000, `${hex}: ${grown} bytes for 1000 messages`)
  }
})
