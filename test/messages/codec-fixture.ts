// Encoding and decoding as an endpoint does it, and a seeded source of numbers.
import { type AnyMessageType, type Field, type Fields, MessageFactory } from '../../lib/messages/index.js'

/** A message of the given fields, on its own. */
export function defineOne(fields: Fields, name = 'Move'): AnyMessageType {
  return new MessageFactory().define(name, fields)
}

/** A message with one field `x`. */
export function defineField(field: Field<any, any>): AnyMessageType {
  return defineOne({ x: field })
}

export function encode(type: AnyMessageType, values: unknown, capacity = 256 * 1024): Uint8Array {
  const bytes = new Uint8Array(capacity)
  const end = type.codec.encode(values, bytes, new DataView(bytes.buffer), 0)
  if (end < 0) throw new Error(`does not fit into ${capacity} bytes`)
  return bytes.slice(0, end)
}

export function decode(type: AnyMessageType, bytes: Uint8Array): any {
  return type.codec.decode(bytes, 0, bytes.length)
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** Mulberry32: whole numbers of 0 to `below` − 1. */
export function seededNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
