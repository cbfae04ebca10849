// Packed fields: the scan that stands before msgpackr, msgpackr itself, and validators behind it.

import { MessageFactory, packed, uint8 } from '../../lib/messages/index.js'
import { MAX_PACKED_DEPTH } from '../../lib/messages/limits.js'
import { scanValue } from '../../lib/messages/msgpack-scan.js'
import { findUnsendable } from '../../lib/messages/plain-data.js'
import { bytesOf, check, type Target } from '../target.js'
import { checkCodec, encodeWith } from './codecs.js'

interface Save {
  readonly level: number
}

const factory = new MessageFactory()
const Bare = factory.define('Bare', { data: packed(), behind: uint8 })
const Guarded = factory.define('Guarded', {
  save: packed((value): value is Save => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'level') === 'number'),
})
const Parsed = factory.define('Parsed', {
  text: packed((value) => {
    if (typeof value !== 'string') throw new TypeError('expected a text')
    return value
  }),
})

/** Values within values, and how many there are; by what was decoded, not by bytes. */
function measure(value: unknown, depth = 0): { depth: number; count: number } {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return { depth, count: 1 }
  let deepest = depth + 1
  let count = 1
  for (const member of Object.values(value)) {
    const inner = measure(member, depth + 1)
    deepest = Math.max(deepest, inner.depth)
    count += inner.count
  }
  return { depth: deepest, count }
}

export const packedFields: Target = {
  name: 'packed',
  about: 'MessagePack of packed fields: the scan, msgpackr and validators',
  format: 'bytes',
  maxBytes: 1300,
  share: 110,
  dictionary: [
    bytesOf(0xd4, 0, 0),
    bytesOf(0xd4, 0x72, 0x40),
    bytesOf(0xd6, 0xff),
    bytesOf(0xc7, 1, 0x73),
    bytesOf(0xdc, 0, 2),
    bytesOf(0xdd, 0, 0, 0, 1),
    bytesOf(0xde, 0, 1),
    bytesOf(0xdf, 0, 0, 0, 1),
    bytesOf(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0),
    bytesOf(0xcf, 255, 255, 255, 255, 255, 255, 255, 255),
    bytesOf(0xd3, 128, 0, 0, 0, 0, 0, 0, 0),
    bytesOf(0xa9, '__proto__'),
    bytesOf(0xd9, 9, '__proto__'),
    bytesOf(0xab, 'constructor'),
    bytesOf(0x81, 0xa5, 'level', 1),
    bytesOf(0xc4, 2, 1, 2),
    bytesOf(0x91),
    bytesOf(0xc1),
  ],
  run(input) {
    if (input.length === 0) return
    const bytes = input.slice(1)
    const next = scanValue(bytes, 0, bytes.length)
    check(next <= bytes.length, 'the scan stays inside its bytes')
    const type = [Bare, Guarded, Parsed][input[0]! % 3]!
    const values = checkCodec(type.codec, bytes, false)
    if (values === undefined) return
    check(next > 0, 'what decodes has passed the scan')
    const data: unknown = Object.values(values)[0]
    check(Reflect.get(Object.prototype, 'polluted') === undefined, "nobody's prototype has changed")
    check(findUnsendable(data) === undefined, 'what decodes can be sent on')
    const { depth, count } = measure(data)
    check(depth <= MAX_PACKED_DEPTH, 'nothing is nested deeper than allowed')
    check(count <= bytes.length, 'every value is backed by a byte')
  },
  seeds() {
    const values = [
      null,
      undefined,
      { level: 3, items: ['sword', 'shield'], at: { x: 0.5, y: -1 }, raw: bytesOf(1, 2, 3) },
      [1, -1, 128, 70_000, 2 ** 40, -(2 ** 40), 1.5, Number.NaN, true, false, undefined],
      2n ** 63n,
      -(2n ** 63n),
      'x'.repeat(300),
      Array.from({ length: 20 }, (_, i) => ({ i })),
    ]
    return [
      ...values.map((data) => bytesOf(0, encodeWith(Bare.codec, { data, behind: 9 }))),
      bytesOf(1, encodeWith(Guarded.codec, { save: { level: 1 } })),
      bytesOf(2, encodeWith(Parsed.codec, { text: 'hello' })),
    ]
  },
}
