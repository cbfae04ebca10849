// What is sent in a soak: every delivery, on several channels, with and without priorities, lifetimes and repeats, and messages without a single byte.
// Each message says which connection it belongs to and which one of it it is, and its body follows from both: so whoever gets it can tell whether it is whole.
import { bytes, type Delivery, MessageFactory, type MessageType, type Sender, uint32, varuint } from '../lib/index.js'
import { Random } from '../lib/simulator/index.js'

/** What a message holds, but those without fields. */
export interface Content {
  readonly tag: number
  readonly serial: number
  readonly body: Uint8Array
}

export type SoakType = MessageType<string, Content, Content, any> | MessageType<string, object, object, any>

/** The largest body that the definitions admit. */
export const MAX_BODY_BYTES = 1 << 20

/** The tag of broadcasts, which belong to no single connection. */
export const BROADCAST_TAG = 0xffff_ffff

export const messages = new MessageFactory()

const fields = { tag: uint32, serial: varuint, body: bytes(MAX_BODY_BYTES) }
const types: SoakType[] = []

function define(name: string, options: Parameters<typeof messages.define>[2]): void {
  types.push(messages.define(name, fields, options as { from?: Sender }) as SoakType)
}

define('Ordered', { delivery: 'ordered' })
define('OrderedBeside', { delivery: 'ordered', channel: 2, priority: 5 })
define('OrderedBrief', { delivery: 'ordered', channel: 2, ttlMs: 80 })
define('OrderedRepeated', { delivery: 'ordered', channel: 31, priority: 0, redundancy: 2 })
define('Reliable', { delivery: 'reliable' })
define('ReliableUrgent', { delivery: 'reliable', channel: 1, priority: 7, redundancy: 4 })
define('ReliableBrief', { delivery: 'reliable', channel: 2, ttlMs: 250 })
define('Loose', { delivery: 'unreliable' })
define('LooseRepeated', { delivery: 'unreliable', redundancy: 2, priority: 4 })
define('LooseBrief', { delivery: 'unreliable', ttlMs: 30 })
define('Newest', { delivery: 'sequenced' })
define('NewestRepeated', { delivery: 'sequenced', redundancy: 3, priority: 6 })
define('NewestBrief', { delivery: 'sequenced', ttlMs: 30 })
define('Up', { delivery: 'ordered', channel: 3, from: 'client' })
define('Down', { delivery: 'reliable', channel: 3, from: 'server' })

/** Messages without a byte: only their number, and on an ordered lane their place, can be checked. */
export const empties: readonly SoakType[] = [
  messages.define('NothingOrdered', {}, { delivery: 'ordered' }) as SoakType,
  messages.define('NothingReliable', {}, { delivery: 'reliable', channel: 1 }) as SoakType,
  messages.define('NothingLoose', {}, { delivery: 'unreliable' }) as SoakType,
  messages.define('NothingNewest', {}, { delivery: 'sequenced' }) as SoakType,
]

/** Those with fields. */
export const contents: readonly SoakType[] = types

const byName = new Map<string, SoakType>([...types, ...empties].map((type) => [type.name, type]))

export function typeNamed(name: string): SoakType {
  const type = byName.get(name)
  if (type === undefined) throw new Error(`a message type expected ${[...byName.keys()].join(', ')}, got ${name}`)
  return type
}

export function isEmptyType(type: SoakType): boolean {
  return empties.includes(type)
}

export function isReliable(delivery: Delivery): boolean {
  return delivery === 'reliable' || delivery === 'ordered'
}

// ── Bodies ──

/** Where in the table a body may begin. */
const OFFSETS = 1 << 18

const table = new Uint8Array(OFFSETS + MAX_BODY_BYTES)
const random = new Random(1)
const words = new Uint32Array(table.buffer)
for (let i = 0; i < words.length; i++) words[i] = random.uint32()

/** The body of one message: a view of a table of random bytes, at a place that follows from its name. */
export function bodyOf(tag: number, serial: number, length: number): Uint8Array {
  const offset = (Math.imul(tag ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(serial + 1, 0xc2b2_ae35)) >>> 14
  return table.subarray(offset, offset + length)
}

/** Bytes of an unsigned integer in groups of seven bits. */
function varuintBytes(value: number): number {
  let count = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) count++
  return count
}

/** Bytes of a message when encoded. */
export function payloadBytes(serial: number, bodyBytes: number): number {
  return 4 + varuintBytes(serial) + varuintBytes(bodyBytes) + bodyBytes
}

/** Bytes that `send` counts for it: type and length stand before the payload. */
export function framedBytes(type: SoakType, payload: number): number {
  return varuintBytes(type.id) + varuintBytes(payload) + payload
}

/** The body with which a message takes exactly so many bytes; at least 0. */
export function bodyBytesFor(serial: number, payload: number): number {
  let body = Math.max(0, payload - payloadBytes(serial, 0))
  while (body > 0 && payloadBytes(serial, body) > payload) body--
  return body
}
