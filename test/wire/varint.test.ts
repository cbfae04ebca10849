import t from 'tap'
import { MAX_VARINT, VarintReader, varintBytes, writeVarint } from '../../lib/wire/varint.js'
import { random } from '../protocol/pair.js'

const known: [number, string][] = [
  [0, '00'],
  [1, '01'],
  [127, '7f'],
  [128, '8001'],
  [300, 'ac02'],
  [16_383, 'ff7f'],
  [16_384, '808001'],
  [2 ** 31 - 1, 'ffffffff07'],
  [2 ** 31, '8080808008'],
  [2 ** 32, '8080808010'],
  [2 ** 49 - 1, 'ffffffffffff7f'],
  [MAX_VARINT, 'ffffffffffffff0f'],
]

t.test('numbers have their known encodings', async (t) => {
  const reader = new VarintReader()
  for (const [value, expected] of known) {
    const bytes = new Uint8Array(9)
    const end = writeVarint(bytes, 1, value)
    t.equal(Buffer.from(bytes.subarray(1, end)).toString('hex'), expected)
    t.equal(varintBytes(value), end - 1)
    t.ok(reader.read(bytes, 1, end))
    t.equal(reader.value, value)
    t.equal(reader.offset, end)
  }
})

t.test('random numbers of every size come back', async (t) => {
  const rnd = random(1)
  const reader = new VarintReader()
  const bytes = new Uint8Array(8)
  let wrong = 0
  for (let i = 0; i < 20_000; i++) {
    const value = Math.floor(rnd() * 2 ** Math.floor(rnd() * 54))
    const end = writeVarint(bytes, 0, value)
    if (end !== varintBytes(value) || !reader.read(bytes, 0, end) || reader.value !== value || reader.offset !== end) wrong++
  }
  t.equal(wrong, 0)
})

t.test('what is cut off is refused, at every length', async (t) => {
  const reader = new VarintReader()
  for (const [value, expected] of known) {
    const bytes = Uint8Array.from(Buffer.from(expected, 'hex'))
    for (let end = 0; end < bytes.length; end++) t.notOk(reader.read(bytes, 0, end), `${value} cut at ${end}`)
  }
})

t.test('what is longer than 8 bytes or above 2^53 − 1 is refused', async (t) => {
  const reader = new VarintReader()
  for (const text of ['ffffffffffffff10', 'ffffffffffffff7f', '8080808080808080', '808080808080808001'])
    t.notOk(reader.read(Uint8Array.from(Buffer.from(text, 'hex')), 0, text.length / 2), text)
})

t.test('encodings that are longer than needed are accepted', async (t) => {
  const reader = new VarintReader()
  t.ok(reader.read(Uint8Array.of(0x81, 0x80, 0x00), 0, 3))
  t.equal(reader.value, 1)
  t.equal(reader.offset, 3)
})
