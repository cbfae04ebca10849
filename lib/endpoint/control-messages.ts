// Hello, Welcome, Reject, Goodbye and Tickets: the messages of the control channel. They are defined with the library's own fields, in a factory of their own,
// so a game's definitions cannot collide with them. docs/PROTOCOL.md gives their bytes. The version in Hello's first two bytes, and all of Reject, never change;
// Hello and Welcome end in a list of extensions, of which unknown ones are skipped.
import {
  array,
  bytes,
  float64,
  MessageFactory,
  type MessageOf,
  packed,
  string,
  struct,
  uint8,
  uint16,
  uint32,
  varuint,
} from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import type { GivenAuth } from '../sessions/authentications.js'
import { readUint16 } from '../wire/bytes.js'
import { MAX_AUTH_BYTES, MAX_CONTROL_BYTES, RESUME_TOKENS } from '../wire/limits.js'
import { NetworkError, type RejectReason, withCode } from './network-error.js'

/** Raised when the wire changes so that two sides cannot understand each other. */
export const PROTOCOL_VERSION = 1

/** Bounds of texts and data, in bytes. */
export const MAX_NAME_BYTES = 128
export const MAX_DETAIL_BYTES = 512
export const MAX_END_DATA_BYTES = 512
export const MAX_HELLO_DATA_BYTES = 16 * 1024
export const MAX_RESUME_TOKEN_BYTES = 2048
const MAX_EXTENSIONS = 16
const MAX_EXTENSION_BYTES = 4096

/** An extension of Hello, without a body: whoever knocks (`tickwire ping`) may know none of the definitions, and is told first whether the server takes anybody. */
export const PROBE_EXTENSION = 1

/** An extension of Hello: the scheme by which the client logs in, and its claim, as `encodeAuth` packs them. */
export const AUTH_EXTENSION = 2

/** An extension of Hello, without a body: this client comes back when its link dies. */
export const RESUMABLE_EXTENSION = 3

/** An extension of Welcome: for how many ms (u32) the server keeps a peer whose link has died. */
export const GRACE_EXTENSION = 4

/** What a Hello says in place of its resume token where that came with the connect token. */
export const TOKEN_IS_LINK = new Uint8Array([1])

const control = new MessageFactory()
const extensions = array(struct({ type: varuint, body: bytes(MAX_EXTENSION_BYTES) }), MAX_EXTENSIONS)

/** The limits that each side tells the other. */
const limits = { maxAckDelayMs: uint16, windowMessages: varuint, windowBytes: varuint, maxMessageBytes: varuint }

export const Hello = control.define(
  'Hello',
  {
    version: uint16,
    ...limits,
    /** A hash per definition, in the order of ids. */
    definitions: array(uint32, 16_384),
    name: string(MAX_NAME_BYTES),
    /** MessagePack; empty for none. */
    data: bytes(MAX_HELLO_DATA_BYTES),
    resumeToken: bytes(MAX_RESUME_TOKEN_BYTES),
    extensions,
  },
  { id: 1 },
)

export const Welcome = control.define(
  'Welcome',
  {
    version: uint16,
    ...limits,
    peerId: uint32,
    /** The time-out of the session, the smaller one of both sides, in ms; 0: none. */
    timeoutMs: varuint,
    /** The server's clock in ms, its tick as a real number, and ms per tick (0: it runs no fixed loop). */
    serverNow: float64,
    tick: float64,
    tickMs: float64,
    resumeToken: bytes(MAX_RESUME_TOKEN_BYTES),
    extensions,
  },
  { id: 2 },
)

const ending = { reason: uint8, detail: string(MAX_DETAIL_BYTES), data: bytes(MAX_END_DATA_BYTES) }
export const Reject = control.define('Reject', ending, { id: 3 })
export const Goodbye = control.define('Goodbye', ending, { id: 4 })

/** In token mode behind a Welcome with a resume token: further ones, for further attempts to come back. */
export const Tickets = control.define('Tickets', { tokens: array(bytes(MAX_RESUME_TOKEN_BYTES), RESUME_TOKENS) }, { id: 5 })

type ControlType = typeof Hello | typeof Welcome | typeof Reject | typeof Goodbye | typeof Tickets

export type Hello = MessageOf<typeof Hello>
export type Welcome = MessageOf<typeof Welcome>

control.freeze()

/** Why an accepted connection ended. The index is the number on the wire. */
export const END_REASONS = ['closed', 'kicked', 'timeout', 'overflow', 'server-closed', 'protocol-error', 'replaced'] as const

/**
 * Why an accepted connection ended: the client closed it (`closed`), the server's `peer.disconnect` did (`kicked`), nothing was heard for `timeoutMs` (`timeout`), a send queue
 * was full (`overflow`), the server closed (`server-closed`), a side broke the protocol (`protocol-error`), or the same client id connected anew, or the same identity logged in again (`replaced`).
 */
export type EndReason = (typeof END_REASONS)[number]

const REJECT_REASONS: readonly RejectReason[] = [
  'rejected',
  'full',
  'not-accepting',
  'version',
  'definitions',
  'undecided',
  'malformed',
  'resume-refused',
  'auth-failed',
  'already-connected',
]

export function endReasonNumber(reason: EndReason): number {
  return END_REASONS.indexOf(reason)
}

/** A number that this version does not know is taken for a close. */
export function endReasonOf(number: number): EndReason {
  return END_REASONS[number] ?? 'closed'
}

export function rejectReasonNumber(reason: RejectReason): number {
  return REJECT_REASONS.indexOf(reason)
}

export function rejectReasonOf(number: number): RejectReason {
  return REJECT_REASONS[number] ?? 'rejected'
}

const scratch = new Uint8Array(MAX_CONTROL_BYTES)
const scratchView = new DataView(scratch.buffer)

/** Encodes a control message; the bytes are a copy. */
export function encodeControl(type: ControlType, values: object): Uint8Array {
  return scratch.slice(0, type.codec.encode(values, scratch, scratchView, 0))
}

/** Decodes a control message; undefined where it is malformed. */
export function decodeControl<T extends ControlType>(type: T, payload: Uint8Array): MessageOf<T> | undefined {
  // The codec was compiled from the same definition that gives the type.
  return type.codec.decode(payload, 0, payload.length) as MessageOf<T> | undefined
}

/** The version that a Hello or Welcome begins with, whatever follows; -1 where it is cut off. */
export function versionOf(payload: Uint8Array): number {
  return payload.length < 2 ? -1 : readUint16(payload, 0)
}

const Data = new MessageFactory().define('data', { data: packed() })

/** Packs `data` of connect, reject or disconnect, or what `name` says. Throws where it takes more than `maxBytes` or cannot be packed. */
export function encodeData(data: unknown, maxBytes: number, name = 'data'): Uint8Array<ArrayBuffer> {
  if (data === undefined) return new Uint8Array(0)
  const end = packData(data, name)
  if (end >= 0 && end <= maxBytes) return scratch.slice(0, end)
  throw withCode(
    new RangeError(`"${name}" expected at most ${maxBytes} bytes when packed, got ${end < 0 ? 'far more' : end}`),
    'BAD_OPTION',
  )
}

function packData(data: unknown, name: string): number {
  try {
    return Data.codec.encode({ data }, scratch, scratchView, 0)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    error.message = error.message.replace(/^data\.data/, `"${name}"`) // the codec's word for it says nothing to a caller
    throw withCode(error, 'BAD_OPTION')
  }
}

/** What `encodeData` packed; undefined where there is none or it cannot be read. */
export function decodeData(packed: Uint8Array): unknown {
  if (packed.length === 0) return undefined
  const decoded = Data.codec.decode(packed, 0, packed.length) as { data: unknown } | undefined
  return decoded?.data
}

/** Packs a scheme and its claim for AUTH_EXTENSION. Throws a NetworkError BAD_AUTH, which never shows the claim. */
export function encodeAuth(auth: unknown): Uint8Array<ArrayBuffer> {
  const { scheme, claim } = (typeof auth === 'object' && auth !== null ? auth : {}) as Partial<GivenAuth>
  if (typeof scheme !== 'string' || scheme === '')
    throw new NetworkError(
      'BAD_AUTH',
      '"auth" expected { scheme, claim }, or a function that resolves to it; its scheme is a text that is not empty',
    )
  try {
    return encodeData([scheme, claim], MAX_AUTH_BYTES)
  } catch {
    // What went wrong may tell what is in it.
    throw new NetworkError(
      'BAD_AUTH',
      `"auth" expected a claim of text, bytes or plain data, with its scheme at most ${MAX_AUTH_BYTES} bytes when packed`,
    )
  }
}

/** What `encodeAuth` packed. Undefined where the client gave nothing; what cannot be read comes with a scheme that nobody has. */
export function decodeAuth(extensions: Hello['extensions']): GivenAuth | undefined {
  const extension = extensions.find(({ type }) => type === AUTH_EXTENSION)
  if (extension === undefined) return undefined
  const auth = decodeData(extension.body)
  if (!Array.isArray(auth) || auth.length !== 2 || typeof auth[0] !== 'string') return { scheme: '', claim: undefined }
  return { scheme: auth[0], claim: auth[1] }
}

const encoder = new TextEncoder()

/** Checks a text that travels in a control message. */
export function checkText(name: string, text: unknown, maxBytes: number): asserts text is string {
  if (typeof text !== 'string') throw withCode(new TypeError(`"${name}" expected a string, got ${describe(text)}`), 'BAD_OPTION')
  const size = encoder.encode(text).length
  if (size > maxBytes) throw withCode(new RangeError(`"${name}" expected at most ${maxBytes} bytes of UTF-8, got ${size}`), 'BAD_OPTION')
}
