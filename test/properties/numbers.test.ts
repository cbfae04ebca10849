import fc from 'fast-check'
import t from 'tap'
import {
  addressBytes,
  canonicalHost,
  createAddress,
  formatAddress,
  MAX_ADDRESS_BYTES,
  networkOf,
  parseAddress,
  readAddress,
  storedAddressBytes,
  writeAddress,
} from '../../lib/wire/address.js'
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
import { fnv1a32, fnv1a64, hex64 } from '../../lib/wire/hash.js'
import { restoreId, restoreSequence } from '../../lib/wire/sequence.js'
import { VarintReader, varintBytes, writeVarint } from '../../lib/wire/varint.js'
import { holds } from './property.js'

/** The number nearest to `near` with these low bits; of two equally near ones the lower. By search, with BigInt. */
function nearest(low: number, near: number, bits: bigint): number {
  const span = 1n << bits
  const from = (BigInt(near) / span) * span + BigInt(low)
  let best = from
  for (const candidate of [from + span, from - span]) {
    const distance = (number: bigint): bigint => (number > BigInt(near) ? number - BigInt(near) : BigInt(near) - number)
    if (distance(candidate) < distance(best) || (distance(candidate) === distance(best) && candidate < best)) best = candidate
  }
  return Number(best)
}

/** Whole numbers below 2^53 − 2^32, often near a wrap of their low bits. */
const numbers = fc.oneof(
  fc.maxSafeNat().map((number) => Math.min(number, 2 ** 53 - 2 ** 33)),
  fc
    .tuple(fc.nat(2 ** 20), fc.constantFrom(24, 31, 32), fc.integer({ min: -3, max: 3 }))
    .map(([n, bits, off]) => (n + 1) * 2 ** bits + off),
  fc.nat(100),
)

t.test('the low 24 and 32 bits restore the nearest number, across every wrap', async () => {
  holds(
    fc.property(numbers, fc.nat(2 ** 24 - 1), (near, low) => restoreId(low, near) === nearest(low, near, 24n)),
    1000,
  )
  holds(
    fc.property(numbers, fc.nat(2 ** 32 - 1), (near, low) => restoreSequence(low, near) === nearest(low, near, 32n)),
    1000,
  )
  // What is at most half the span away comes back whole.
  holds(
    fc.property(numbers, fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 }), (near, off) => {
      const number = near + off
      return number < 0 || restoreId(Number(BigInt(number) & 0xffffffn), near) === number
    }),
    1000,
  )
})

t.test('fixed-width integers and floats come back, little-endian as a DataView has them', async () => {
  holds(
    fc.property(fc.maxSafeNat(), fc.nat(8), (value, at) => {
      const bytes = new Uint8Array(16)
      const view = new DataView(bytes.buffer)
      const low = (bits: bigint): number => Number(BigInt.asUintN(Number(bits), BigInt(value)))
      return (
        writeUint16(bytes, at, value) === at + 2 &&
        view.getUint16(at, true) === low(16n) &&
        readUint16(bytes, at) === low(16n) &&
        writeUint24(bytes, at, value) === at + 3 &&
        readUint24(bytes, at) === low(24n) &&
        bytes[at + 2] === low(24n) >> 16 &&
        writeUint32(bytes, at, value) === at + 4 &&
        view.getUint32(at, true) === low(32n) &&
        readUint32(bytes, at) === low(32n)
      )
    }),
  )
  holds(
    fc.property(fc.double(), fc.nat(8), (value, at) => {
      const bytes = new Uint8Array(16)
      return (
        writeFloat64(bytes, at, value) === at + 8 &&
        Object.is(new DataView(bytes.buffer).getFloat64(at, true), value) &&
        Object.is(readFloat64(bytes, at), value)
      )
    }),
  )
})

t.test('bytes are copied whole and nothing beside them, short and long', async () => {
  holds(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), fc.nat(9), (source, a, b, at) => {
      const [start, end] = [Math.min(a, b, source.length), Math.min(Math.max(a, b), source.length)]
      const target = new Uint8Array(220).fill(0xee)
      const expected = new Uint8Array(220).fill(0xee)
      expected.set(source.subarray(start, end), at)
      return copyBytes(target, at, source, start, end) === at + end - start && Buffer.compare(target, expected) === 0
    }),
    500,
  )
})

t.test('varints come back in the fewest bytes, and are refused where cut off', async () => {
  const reader = new VarintReader()
  const edges = fc.tuple(fc.nat(52), fc.integer({ min: -1, max: 1 })).map(([bit, off]) => Math.max(0, 2 ** bit + off))
  holds(
    fc.property(fc.oneof(fc.maxSafeNat(), edges), fc.nat(5), (value, at) => {
      const bytes = new Uint8Array(16).fill(0xff)
      const end = writeVarint(bytes, at, value)
      const digits = value === 0 ? 1 : Math.ceil(BigInt(value).toString(2).length / 7)
      if (end - at !== digits || varintBytes(value) !== digits || bytes[end] !== 0xff) return false
      for (let short = at; short < end; short++) if (reader.read(bytes, at, short)) return false
      return reader.read(bytes, at, end) && reader.value === value && reader.offset === end
    }),
    1000,
  )
})

t.test('any bytes read as a varint give what LEB128 says, or are refused', async () => {
  const reader = new VarintReader()
  holds(
    fc.property(fc.uint8Array({ maxLength: 10 }), fc.nat(3), (bytes, at) => {
      const stop = bytes.findIndex((byte, i) => i >= at && byte < 0x80)
      let value = 0n
      for (let i = at; i <= stop; i++) value |= BigInt(bytes[i]! & 0x7f) << BigInt(7 * (i - at))
      const isValid = stop >= at && stop < at + 8 && value <= BigInt(Number.MAX_SAFE_INTEGER)
      if (reader.read(bytes, at, bytes.length) !== isValid) return false
      return !isValid || (BigInt(reader.value) === value && reader.offset === stop + 1)
    }),
    2000,
  )
})

const words = fc.array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
const ports = fc.nat(65535)

t.test('every IPv6 address has one spelling, which any other spelling leads to and the URL parser agrees with', async () => {
  holds(
    fc.property(words, ports, (parts, port) => {
      const long = parts.map((word) => word.toString(16).padStart(4, '0').toUpperCase()).join(':')
      const canonical = canonicalHost(long)
      if (parts.slice(0, 5).every((word) => word === 0) && parts[5] === 0xffff) return canonical.split('.').length === 4
      const address = createAddress(long, port)
      return (
        canonical === new URL(`http://[${long}]/`).hostname.slice(1, -1) &&
        canonicalHost(canonical) === canonical &&
        address.family === 'ipv6' &&
        networkOf(canonical) === parts.slice(0, 4).join(':')
      )
    }),
    500,
  )
})

t.test('addresses come back from text and from bytes', async () => {
  const hosts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    words.map((parts) => parts.map((word) => word.toString(16)).join(':')),
  )
  holds(
    fc.property(hosts, ports, fc.nat(4), (host, port, at) => {
      const address = createAddress(host, port)
      const read = parseAddress(formatAddress(address))
      const bytes = new Uint8Array(at + MAX_ADDRESS_BYTES + 1).fill(0xee)
      const end = writeAddress(bytes, at, address)
      if (end - at !== addressBytes(address) || bytes[end] !== 0xee || storedAddressBytes(bytes, at, end) !== end - at) return false
      for (let short = at; short < end; short++) if (readAddress(bytes, at, short) !== undefined) return false
      const stored = readAddress(bytes, at, end)
      return [read, stored].every((other) => other?.host === address.host && other.port === port && other.family === address.family)
    }),
    500,
  )
})

t.test('texts that are no address throw a TypeError or RangeError; bytes never throw and are never read beyond their end', async () => {
  const pieces = fc.array(fc.constantFrom('1', '255', '256', '.', ':', '::', '[', ']', 'ffff', 'g', '%eth0', '01', ' ', '65536'), {
    maxLength: 12,
  })
  holds(
    fc.property(
      fc.oneof(
        fc.string(),
        pieces.map((list) => list.join('')),
      ),
      (text) => {
        for (const read of [parseAddress, canonicalHost]) {
          try {
            const result = read(text)
            const host = typeof result === 'string' ? result : result.host
            if (canonicalHost(host) !== host) return false
          } catch (error) {
            if (!(error instanceof TypeError || error instanceof RangeError)) throw error
          }
        }
        return true
      },
    ),
    1000,
  )
  holds(
    fc.property(fc.uint8Array({ maxLength: 24 }), fc.nat(6), fc.nat(24), (bytes, at, end) => {
      const long = (fill: number): Uint8Array => Uint8Array.from({ length: 60 }, (_, i) => (i < end ? (bytes[i] ?? 0) : fill))
      return JSON.stringify(readAddress(long(0), at, end)) === JSON.stringify(readAddress(long(0xff), at, end))
    }),
    500,
  )
})

t.test('hashes are FNV-1a of the UTF-8 bytes', async () => {
  holds(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
      let [long, short] = [14695981039346656037n, 2166136261n]
      for (const byte of Buffer.from(text)) {
        long = BigInt.asUintN(64, (long ^ BigInt(byte)) * 1099511628211n)
        short = BigInt.asUintN(32, (short ^ BigInt(byte)) * 16777619n)
      }
      return fnv1a64(text) === long && BigInt(fnv1a32(text)) === short && BigInt(`0x${hex64(long)}`) === long && hex64(long).length === 16
    }),
  )
})
