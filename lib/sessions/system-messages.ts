// The library's own messages on the ordered lanes of the game's channels: they stand in no factory, so that ids and fingerprints of a game are its own. docs/PROTOCOL.md, "Messages of the library".
//
//     Confirmable    id u32, type varint, then the payload of a message of that type, to the end
//     Confirmation   id u32, outcome u8
//     Cancellation   id u32: of a request whose reply nobody waits for any more
import { readUint32, writeUint32 } from '../wire/bytes.js'
import { FIRST_SYSTEM_ID } from '../wire/limits.js'
import { VarintReader, varintBytes, writeVarint } from '../wire/varint.js'

export const CONFIRMABLE = FIRST_SYSTEM_ID
export const CONFIRMATION = FIRST_SYSTEM_ID + 1
export const CANCELLATION = FIRST_SYSTEM_ID + 2

/** What became of a message that was to be confirmed: the index is the number on the wire. */
export const CONFIRM_OUTCOMES = ['handled', 'handler', 'no-handler', 'busy'] as const

/**
 * `handled`: every handler has ended. `handler`: one has failed. `no-handler`: there is none, or middleware dropped the message. `busy`: too many wait, and it was given to none.
 */
export type ConfirmOutcome = (typeof CONFIRM_OUTCOMES)[number]

/** What a Confirmable takes beside the payload in it, at most: id 4, type 2. */
export const CONFIRMABLE_HEADER_BYTES = 6

const ID_BYTES = 4
const reader = new VarintReader()

/** A Confirmable with the payload source[start, end). */
export function encodeConfirmable(id: number, typeId: number, source: Uint8Array, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES + varintBytes(typeId) + end - start)
  const at = writeVarint(bytes, writeUint32(bytes, 0, id), typeId)
  bytes.set(source.subarray(start, end), at)
  return bytes
}

export function encodeConfirmation(id: number, outcome: ConfirmOutcome): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES + 1)
  bytes[writeUint32(bytes, 0, id)] = CONFIRM_OUTCOMES.indexOf(outcome)
  return bytes
}

export function encodeCancellation(id: number): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES)
  writeUint32(bytes, 0, id)
  return bytes
}

/** Where the message inside a Confirmable begins. */
export interface ConfirmableHead {
  readonly id: number
  readonly typeId: number
  readonly payload: number
}

/** Undefined where it is cut off. */
export function readConfirmable(bytes: Uint8Array, start: number, end: number): ConfirmableHead | undefined {
  if (start + ID_BYTES >= end || !reader.read(bytes, start + ID_BYTES, end)) return undefined
  return { id: readUint32(bytes, start), typeId: reader.value, payload: reader.offset }
}

/** Undefined where it is malformed. */
export function readConfirmation(bytes: Uint8Array, start: number, end: number): { id: number; outcome: ConfirmOutcome } | undefined {
  const outcome = end - start === ID_BYTES + 1 ? CONFIRM_OUTCOMES[bytes[end - 1]!] : undefined
  return outcome === undefined ? undefined : { id: readUint32(bytes, start), outcome }
}

/** The request's number; undefined where it is malformed. */
export function readCancellation(bytes: Uint8Array, start: number, end: number): number | undefined {
  return end - start === ID_BYTES ? readUint32(bytes, start) : undefined
}
