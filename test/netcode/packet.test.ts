import t from 'tap'
import { PACKET_KEEP_ALIVE, PACKET_PAYLOAD } from '../../lib/netcode/constants.js'
import { assertPayloadBytes, maxPayloadBytesAt, PacketCodec, packetBodyOffset } from '../../lib/netcode/packet.js'
import { createRandom, crypto, PROTOCOL_ID } from './world.js'

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const codec = new PacketCodec(crypto, PROTOCOL_ID)

function sealed(type: number, sequence: bigint, bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(1280)
  return bytes.slice(0, codec.seal(KEY, type, Number(sequence & 0xffffffffn), Number(sequence >> 32n), bytes, bodyBytes))
}

t.test('a sequence takes as many bytes as it needs, and a full payload fills 1200', async (t) => {
  const offsets = [
    [0, 2],
    [255, 2],
    [256, 3],
    [65535, 3],
    [65536, 4],
    [2 ** 24, 5],
    [2 ** 32 - 1, 5],
    [2 ** 32, 6],
    [2 ** 40, 7],
    [2 ** 48, 8],
    [2 ** 53 - 1, 8],
  ] as const
  for (const [sequence, offset] of offsets) {
    t.equal(packetBodyOffset(sequence), offset, `${sequence}`)
    const payloadBytes = maxPayloadBytesAt(sequence)
    t.equal(payloadBytes, 1183 - (offset - 1))
    t.equal(sealed(PACKET_PAYLOAD, BigInt(sequence), payloadBytes).length, 1200)
  }
})

t.test('refuses each type in any size but its own', async (t) => {
  const sizes: Record<number, (bodyBytes: number) => boolean> = {
    1: (bodyBytes) => bodyBytes === 0,
    2: (bodyBytes) => bodyBytes === 308,
    3: (bodyBytes) => bodyBytes === 308,
    4: (bodyBytes) => bodyBytes === 8,
    5: (bodyBytes) => bodyBytes >= 1 && bodyBytes <= 1200,
    6: (bodyBytes) => bodyBytes === 0,
  }
  for (let type = 0; type < 16; type++) {
    for (const bodyBytes of [0, 1, 7, 8, 9, 307, 308, 309, 1199, 1200, 1201]) {
      const bytes = sealed(type, 1000n, bodyBytes)
      t.equal(codec.readHeader(bytes, bytes.length), sizes[type]?.(bodyBytes) ?? false, `type ${type} of ${bodyBytes} bytes`)
    }
  }
})

t.test('refuses a sequence with high zero bytes, and prefixes without one', async (t) => {
  const body = new Uint8Array(8 + 16)
  const header = (...bytes: number[]) => Uint8Array.from([...bytes, ...body])
  t.ok(codec.readHeader(header(0x14, 0), 26), 'zero takes one byte')
  t.ok(codec.readHeader(header(0x24, 0, 1), 27))
  t.notOk(codec.readHeader(header(0x24, 1, 0), 27))
  t.notOk(codec.readHeader(header(0x24, 0, 0), 27))
  t.notOk(codec.readHeader(header(0x04), 25), 'no sequence')
  t.notOk(codec.readHeader(header(0x94, 1, 1, 1, 1, 1, 1, 1, 1, 1), 34), 'nine bytes')
})

t.test('refuses every cut and every changed bit of a packet', async (t) => {
  const original = sealed(PACKET_KEEP_ALIVE, 777n, 8)
  for (let length = 0; length < original.length; length++) {
    if (codec.readHeader(original, length) && codec.open(KEY, original.slice())) t.fail(`opened ${length} bytes`)
  }
  for (let bit = 0; bit < original.length * 8; bit++) {
    const bytes = original.slice()
    bytes[bit >>> 3]! ^= 1 << (bit & 7)
    if (codec.readHeader(bytes, bytes.length) && codec.open(KEY, bytes)) t.fail(`opened with bit ${bit} changed`)
  }
  t.ok(codec.readHeader(original, original.length) && codec.open(KEY, original), 'and opens as it was')
})

t.test('refuses a packet of another protocol id or key', async (t) => {
  const bytes = sealed(PACKET_PAYLOAD, 5n, 20)
  const other = new PacketCodec(crypto, PROTOCOL_ID + 1n)
  t.ok(other.readHeader(bytes, bytes.length))
  t.notOk(other.open(KEY, bytes.slice()))
  t.ok(codec.readHeader(bytes, bytes.length))
  t.notOk(
    codec.open(
      KEY.map((byte) => byte + 1),
      bytes.slice(),
    ),
  )
  t.ok(codec.open(KEY, bytes))
})

t.test('never throws on random bytes', async (t) => {
  const random = createRandom(3)
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256))
    if (codec.readHeader(bytes, bytes.length) && codec.open(KEY, bytes)) t.fail('opened random bytes')
  }
  t.pass()
})

t.test('says what it expected of a payload and a buffer', async (t) => {
  for (const size of [0, 1201, 1.5, Number.NaN])
    t.throws(() => assertPayloadBytes(size), { name: 'RangeError', message: /expected integer 1–1200/ })
  t.throws(() => codec.seal(KEY, PACKET_PAYLOAD, 0, 0, new Uint8Array(100), 100), { message: '"out" expected at least 118 bytes, got 100' })
})
