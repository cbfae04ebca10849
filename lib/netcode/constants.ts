// Sizes, packet types and bounds of netcode 1.02 (mas-bandwidth/netcode, STANDARD.md). What the standard leaves open is marked as ours.

/** "NETCODE 1.02" and a zero byte. */
export const VERSION = Uint8Array.of(0x4e, 0x45, 0x54, 0x43, 0x4f, 0x44, 0x45, 0x20, 0x31, 0x2e, 0x30, 0x32, 0)

/** Bytes of every key. */
export const KEY_BYTES = 32

/** Bytes of user data in a connect token. */
export const USER_DATA_BYTES = 256

/** Server addresses that a connect token can name; at least one. */
export const MAX_SERVER_ADDRESSES = 32

/** Bytes of the part of a connect token that is sealed for the server, MAC included. */
export const PRIVATE_TOKEN_BYTES = 1024

/** Bytes of a connect token as a client gets it. */
export const CONNECT_TOKEN_BYTES = 2048

/** Bytes of the random nonce under which a private token is sealed. */
export const TOKEN_NONCE_BYTES = 24

/** Bytes of a sealed challenge token, MAC included. */
export const CHALLENGE_TOKEN_BYTES = 300

/** Bytes of a connection request: prefix 1 + version 13 + protocol id 8 + expiry 8 + nonce 24 + private token 1024. */
export const CONNECTION_REQUEST_BYTES = 1 + VERSION.length + 8 + 8 + TOKEN_NONCE_BYTES + PRIVATE_TOKEN_BYTES

/** The largest payload that the standard allows. */
export const MAX_PAYLOAD_BYTES = 1200

/** Bytes that we let a datagram have, so that a full payload fills it and no more: payload = 1183 − sequence bytes. Equal to MTU in wire/limits.ts. */
export const MAX_SENT_DATAGRAM_BYTES = 1200

/** Bytes of a challenge or response: challenge sequence 8 + challenge token 300. */
export const CHALLENGE_BODY_BYTES = 8 + CHALLENGE_TOKEN_BYTES

/** Bytes of a keep-alive: client index 4 + max clients 4. */
export const KEEP_ALIVE_BODY_BYTES = 8

export const PACKET_REQUEST = 0
export const PACKET_DENIED = 1
export const PACKET_CHALLENGE = 2
export const PACKET_RESPONSE = 3
export const PACKET_KEEP_ALIVE = 4
export const PACKET_PAYLOAD = 5
export const PACKET_DISCONNECT = 6

/** Requests and responses, and keep-alives to a client that has not confirmed, leave at 10 Hz. */
export const HANDSHAKE_INTERVAL_MS = 100

/** A disconnect is not acknowledged, so it is sent this often. */
export const DISCONNECT_PACKETS = 10

/** Ours: sequences told apart by the replay window. 256, the standard's least, are 25 ms at 100 Mbit/s. */
export const REPLAY_WINDOW = 4096

/** Default of `maxTokenLifetimeSeconds`, and of the lifetime of a generated token. */
export const DEFAULT_TOKEN_LIFETIME_SECONDS = 30

/** Default of a generated token's `timeoutSeconds`. */
export const DEFAULT_TIMEOUT_SECONDS = 10

/** Ours: clients that were challenged and have not answered yet, for each slot; the one heard of longest ago gives way. About 1 kB each. */
export const PENDING_CLIENTS_PER_SLOT = 4

/** Ours: the least number of challenged clients that are remembered. */
export const MIN_PENDING_CLIENTS = 256

/** Ours: connect tokens remembered until they expire, at least; 8 for each slot where that is more. About 200 B each. 16,384 in 30 s are 546 connects a second. */
export const MIN_TOKEN_HISTORY = 16_384
export const TOKEN_HISTORY_PER_SLOT = 8

/**
 * Ours: requests that open and are answered, by a challenge or a denial, in a second and in one burst: of all, and of one network. An answer costs about 10 µs by node:dgram, so that a flood of such requests takes a
 * twentieth of a core. Further ones are ignored; an honest client asks again after 100 ms.
 */
export const REQUESTS_PER_SECOND = 5000
export const REQUESTS_PER_SECOND_AND_NETWORK = 500

/** Ours: denials that wait to be polled; a further one is left out, and the client's next request asks again. */
export const MAX_QUEUED_DENIALS = 256

/** Ours: deadlines of thousands of clients lie microseconds apart, so they are looked through at most this often; a keep-alive or time-out may be as late. */
export const DEADLINE_SCAN_MS = 4

/** A sequence whose high half is at least this is 2^53 or more, and not exact as a double. At 10,000 packets a second, that takes 28,000 years. */
export const SEQUENCE_HIGH_LIMIT = 2 ** 21

/** Ours: how long a challenged client is remembered whose token has no time-out. */
export const PENDING_TIMEOUT_MS = 30_000

/** Ours: the largest `maxClients`. About 2 kB each when connected. */
export const MAX_CLIENTS_LIMIT = 1_048_576

/** Ours: a client cannot see whether the server has heard of it yet, so it keeps alive at 10 Hz for this long after it connected, whatever `keepAliveMs` says. */
export const CONFIRM_PERIOD_MS = 1000
