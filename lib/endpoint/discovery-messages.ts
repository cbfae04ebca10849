// What a search asks and an advertised server answers, each in one datagram. docs/PROTOCOL.md gives the bytes. Nothing here is sealed: whoever is on the network may ask, and anyone may answer.
import { bytes, float32, MessageFactory, type MessageOf, string, uint8, uint16, uint32, varuint } from '../messages/index.js'
import { canonicalHost } from '../wire/address.js'
import { DISCOVERY_QUERY_BYTES, MAX_DISCOVERY_INFO_BYTES, MAX_DISCOVERY_NAME_BYTES } from '../wire/limits.js'

/** "TWlq" and "TWla", little-endian. */
const QUERY_MAGIC = 0x716c5754
const REPLY_MAGIC = 0x616c5754

/** Raised when the bytes behind it change. A query of another version is not answered. */
const VERSION = 1

/** The longest text of a numeric host: IPv6, eight groups of four digits. */
const MAX_HOST_BYTES = 39

/** The bits of `modes`; others are ignored. */
export const MODE_NEEDS_TOKEN = 1
export const MODE_IS_SETTLING = 2

const factory = new MessageFactory()

/** A u64 as two u32, the lower first. */
const u64 = { low: uint32, high: uint32 }
const head = { magic: uint32, version: uint8, nonceLow: u64.low, nonceHigh: u64.high }

const Query = factory.define(
  'Query',
  /** The game's protocol id; 0 asks for every game. */
  { ...head, gameLow: u64.low, gameHigh: u64.high },
  { id: 1 },
)

const Reply = factory.define(
  'Reply',
  {
    ...head,
    idLow: u64.low,
    idHigh: u64.high,
    fingerprintLow: u64.low,
    fingerprintHigh: u64.high,
    modes: uint8,
    /** Where to connect: a numeric host without a zone. An empty one is that which the reply comes from. */
    host: string(MAX_HOST_BYTES),
    port: uint16,
    players: varuint,
    maxPlayers: varuint,
    /** How long the query waited for the server's update(), in ms: the searcher takes it off. */
    waitedMs: float32,
    game: string(MAX_DISCOVERY_NAME_BYTES),
    name: string(MAX_DISCOVERY_NAME_BYTES),
    /** MessagePack; empty for none. */
    info: bytes(MAX_DISCOVERY_INFO_BYTES),
  },
  { id: 2 },
)

factory.freeze()

/** What a search asks. */
export type Query = Omit<MessageOf<typeof Query>, 'magic' | 'version'>
/** What a server answers. */
export type Reply = Omit<MessageOf<typeof Reply>, 'magic' | 'version'>

/** Where the fields of a query end: magic 4 + version 1 + nonce 8 + game 8. The rest of it is zeros. */
const QUERY_END = 21

/** Writes a query and returns its length. The buffer has room for it. */
export function encodeQuery(query: Query, buffer: Uint8Array): number {
  buffer.fill(0, 0, DISCOVERY_QUERY_BYTES)
  Query.codec.encode({ magic: QUERY_MAGIC, version: VERSION, ...query }, buffer, viewOf(buffer), 0)
  return DISCOVERY_QUERY_BYTES
}

/** Reads a query; undefined for anything else. */
export function decodeQuery(bytes: Uint8Array): Query | undefined {
  if (bytes.length !== DISCOVERY_QUERY_BYTES) return undefined
  const query = Query.codec.decode(bytes, 0, QUERY_END) as MessageOf<typeof Query> | undefined
  return query?.magic === QUERY_MAGIC && query.version === VERSION ? query : undefined
}

/** Writes a reply and returns its length, at most that of a query. The buffer has room for it. */
export function encodeReply(reply: Reply, buffer: Uint8Array): number {
  return Reply.codec.encode({ magic: REPLY_MAGIC, version: VERSION, ...reply }, buffer, viewOf(buffer), 0)
}

/** Reads a reply; undefined for anything else. What is shown or acted on comes from anyone on the network, so its form is checked here. */
export function decodeReply(bytes: Uint8Array): Reply | undefined {
  if (bytes.length > DISCOVERY_QUERY_BYTES) return undefined
  const reply = Reply.codec.decode(bytes, 0, bytes.length) as MessageOf<typeof Reply> | undefined
  if (reply?.magic !== REPLY_MAGIC || reply.version !== VERSION) return undefined
  if (
    reply.port === 0 ||
    !(reply.waitedMs >= 0 && reply.waitedMs < Number.POSITIVE_INFINITY) ||
    hasControlCharacters(reply.name) ||
    hasControlCharacters(reply.game)
  )
    return undefined
  return isNumericHost(reply.host) ? reply : undefined
}

/** Line feeds and escape sequences, which a list of games in a terminal would obey. */
export function hasControlCharacters(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

/** A name would be looked up by whoever connects there. */
function isNumericHost(host: string): boolean {
  if (host === '') return true
  try {
    return canonicalHost(host) === host && !host.includes('%')
  } catch {
    return false
  }
}

function viewOf(buffer: Uint8Array): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

/** A u64 as a query and a reply carry it. */
export function halves(value: bigint): readonly [low: number, high: number] {
  return [Number(value & 0xffff_ffffn), Number(value >> 32n)]
}

/** The 16 hex digits of a u64. */
export function toHex(low: number, high: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
