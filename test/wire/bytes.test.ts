import t from 'tap'
import {
  copyBytes,
  readFloat64,
  readUint16,
  readUint24,
  readUint32,
  writeFloat64,
  writeUint16,
  writeUint24,
  writeUint32,
} from '../../lib/wire/bytes.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

t.test('integers are little-endian, and a writer returns the offset behind', async (t) => {
  const bytes = new Uint8Array(10)
  t.equal(writeUint16(bytes, 1, 0xbeef), 3)
  t.equal(writeUint24(bytes, 3, 0x123456), 6)
  t.equal(writeUint32(bytes, 6, 0xdeadbeef), 10)
  t.equal(hex(bytes), '00efbe563412efbeadde')
  t.equal(readUint16(bytes, 1), 0xbeef)
  t.equal(readUint24(bytes, 3), 0x123456)
  t.equal(readUint32(bytes, 6), 0xdeadbeef)
})

t.test('the low bits of numbers up to 2^53 are written', async (t) => {
  const bytes = new Uint8Array(4)
  writeUint32(bytes, 0, 2 ** 52 + 0x89abcdef)
  t.equal(hex(bytes), 'efcdab89')
  writeUint24(bytes, 0, 2 ** 40 + 0x010203)
  t.equal(hex(bytes), '03020189')
  writeUint16(bytes, 0, Number.MAX_SAFE_INTEGER)
  t.equal(hex(bytes), 'ffff0189')
})

t.test('the largest values are read without a sign', async (t) => {
  const bytes = new Uint8Array(4).fill(255)
  t.equal(readUint16(bytes, 0), 0xffff)
  t.equal(readUint24(bytes, 0), 0xffffff)
  t.equal(readUint32(bytes, 0), 0xffffffff)
})

t.test('doubles are IEEE 754, little-endian', async (t) => {
  const bytes = new Uint8Array(9)
  t.equal(writeFloat64(bytes, 1, 1.5), 9)
  t.equal(hex(bytes), '00000000000000f83f')
  for (const value of [0, -1, 1e300, 5e-324, Number.POSITIVE_INFINITY]) {
    writeFloat64(bytes, 0, value)
    t.equal(readFloat64(bytes, 0), value)
  }
  t.ok(Number.isNaN(readFloat64(bytesOf('000000000000f87f'), 0)))
})

t.test('short and long copies are the same', async (t) => {
  const source = Uint8Array.from({ length: 300 }, (_, i) => i)
  for (const length of [0, 1, 96, 97, 200]) {
    const target = new Uint8Array(300)
    t.equal(copyBytes(target, 7, source, 11, 11 + length), 7 + length)
    t.strictSame(target.subarray(7, 7 + length), source.subarray(11, 11 + length))
    t.ok(
      target.subarray(7 + length).every((byte) => byte === 0),
      'nothing behind is touched',
    )
  }
})
