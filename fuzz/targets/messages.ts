// Every type of field, in messages such as games define. The first byte of an input says which message it is.
import {
  array,
  bool,
  bytes,
  enumOf,
  flags,
  float32,
  float64,
  int8,
  int16,
  int32,
  MessageFactory,
  optional,
  quantized,
  string,
  struct,
  uint8,
  uint16,
  uint32,
  varint,
  varuint,
} from '../../lib/messages/index.js'
import { bytesOf, type Target } from '../target.js'
import { checkCodec, encodeWith } from './codecs.js'

const factory = new MessageFactory()
const manyNames = Array.from({ length: 300 }, (_, i) => `value ${i}`) as [string, ...string[]]
const vector = struct({ x: float32, y: float32 })

/** Definitions and values of them, which become the corpus. */
const DEFINITIONS = [
  [
    factory.define('Integers', { a: uint8, b: uint16, c: uint32, d: int8, e: int16, f: int32 }),
    { a: 255, b: 65_535, c: 2 ** 32 - 1, d: -128, e: -1, f: 7 },
  ],
  [factory.define('Varints', { a: varuint, b: varint, c: varint }), { a: 2 ** 53 - 1, b: -(2 ** 52), c: -300 }],
  [factory.define('Floats', { a: float32, b: float64 }), { a: 0.5, b: Number.NaN }],
  [
    factory.define('Quantized', {
      a: quantized(0, 100, 0.5),
      b: quantized(-1, 1, 1e-4),
      c: quantized(0, 1, 1e-7),
      d: quantized(-1000, 1000, 1e-6),
      e: quantized(0, 255, 1),
    }),
    { a: 50, b: -0.5, c: 0.25, d: 999, e: 255 },
  ],
  [factory.define('Texts', { a: string(16), b: string(1000) }), { a: 'héllo', b: 'wörld '.repeat(30) }],
  [factory.define('Blobs', { a: bytes(8), b: bytes(2000) }), { a: bytesOf(1, 2, 3), b: new Uint8Array(200) }],
  [
    factory.define('Choices', {
      a: bool,
      b: flags('up', 'down', 'left', 'right', 'fire', 'jump', 'duck', 'run', 'use'),
      c: enumOf('x', 'y', 'z'),
      d: enumOf(...manyNames),
      e: optional(bool),
    }),
    { a: true, b: { up: true, use: true }, c: 'z', d: 'value 299', e: false },
  ],
  [
    factory.define('Snapshot', {
      tick: varuint,
      players: array(struct({ id: uint8, at: vector, health: optional(uint16), isAlive: bool, name: optional(string(12)) }), 64),
      events: array(array(varint, 4), 300),
    }),
    {
      tick: 900,
      players: [
        { id: 1, at: { x: 1, y: 2 }, health: 3, isAlive: true },
        { id: 2, at: { x: 0, y: 0 }, isAlive: false, name: 'ada' },
      ],
      events: [[1, -1], []],
    },
  ],
  [
    factory.define('Grid', {
      seen: array(bool, 1000),
      sparse: array(optional(int16), 40),
      empty: optional(struct({})),
      deep: optional(struct({ a: optional(vector), b: bool })),
    }),
    {
      seen: [true, false, true, true, true, true, true, true, true],
      sparse: [1, undefined, 3],
      empty: {},
      deep: { a: { x: 1, y: 1 }, b: true },
    },
  ],
  [factory.define('Nothing', {}), {}],
] as const

export const messages: Target = {
  name: 'messages',
  about: 'the codec of every field type: decoded, encoded and decoded again',
  format: 'bytes',
  maxBytes: 1400,
  share: 200,
  dictionary: [
    bytesOf(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
    bytesOf(0xc3, 0xa9),
    bytesOf(0, 0, 0xc0, 0x7f),
    bytesOf(0x80, 0x80, 0x04),
    bytesOf(0xe8, 0x07),
  ],
  run(input) {
    if (input.length === 0) return
    const [{ codec }] = DEFINITIONS[input[0]! % DEFINITIONS.length]!
    checkCodec(codec, input.slice(1))
  },
  seeds: () => DEFINITIONS.map(([{ codec }, values], i) => bytesOf(i, encodeWith(codec, values))),
}
