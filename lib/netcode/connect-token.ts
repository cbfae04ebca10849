// Connect tokens: what a backend gives an authenticated client, so that it can connect to the servers named in it (STANDARD.md, "Connect Token").
//
//     version 13 | protocol id u64 | create u64 | expire u64 | nonce 24 | sealed private token 1024 | timeout i32 | address count u32 | addresses |
//     client→server key 32 | server→client key 32 | zeros                                                                                             = 2048 bytes
//
// It holds both keys in the clear: it must reach the client over a connection that is itself secret.
import type { Address } from '../io/address.js'
import type { Crypto } from '../io/crypto.js'
import type { Entropy } from '../io/entropy.js'
import { createAddress, parseAddress } from '../wire/address.js'
import {
  CONNECT_TOKEN_BYTES,
  DEFAULT_TOKEN_LIFETIME_SECONDS,
  KEY_BYTES,
  MAX_SERVER_ADDRESSES,
  PRIVATE_TOKEN_BYTES,
  TOKEN_NONCE_BYTES,
  USER_DATA_BYTES,
  VERSION,
} from './constants.js'
import { addressListBytes, readAddresses, sealPrivateToken, tokenAssociatedData, writeAddresses } from './private-token.js'

const CREATE_OFFSET = VERSION.length + 8
const EXPIRE_OFFSET = CREATE_OFFSET + 8
const NONCE_OFFSET = EXPIRE_OFFSET + 8
const PRIVATE_OFFSET = NONCE_OFFSET + TOKEN_NONCE_BYTES
const TIMEOUT_OFFSET = PRIVATE_OFFSET + PRIVATE_TOKEN_BYTES
const ADDRESSES_OFFSET = TIMEOUT_OFFSET + 4
const MAX_U64 = 2n ** 64n - 1n
const MAX_I32 = 2 ** 31 - 1

/** What a connect token says. */
export interface ConnectTokenOptions {
  /** The game, 0 to 2^64 − 1: see `protocolIdOf`. */
  readonly protocolId: bigint
  /** 32 bytes, known to the backend and the servers only. */
  readonly privateKey: Uint8Array
  /** 1–32 servers, tried in this order. Texts are like `1.2.3.4:80` or `[::1]:80`. */
  readonly serverAddresses: readonly (string | Address)[]
  /** Unique among the clients of a server, 0 to 2^64 − 1. */
  readonly clientId: bigint
  /** At most 256 bytes for the server, filled up with zeros. Default: none. */
  readonly userData?: Uint8Array
  /** How long the token may be used, in seconds from its creation, 1 to 2^31 − 1. Default: 30, which is also what a server expects at most. */
  readonly expireSeconds?: number
  /** Seconds without a packet after which either side ends the session, −2^31 to 2^31 − 1; zero or negative = never, which servers may refuse. */
  readonly timeoutSeconds: number
  /** When the token is made, in whole seconds since 1970. */
  readonly createUnixSeconds: number
  /** Where nonce and keys come from. */
  readonly entropy: Entropy
  /** What seals the private part. */
  readonly crypto: Crypto
  /** Instead of random ones, for test vectors. A nonce or key that is used twice gives the sealed data away. */
  readonly fixed?: { readonly nonce: Uint8Array; readonly clientToServerKey: Uint8Array; readonly serverToClientKey: Uint8Array }
}

/** The fields of a connect token that its client can read. */
export interface ConnectToken {
  /** The game, as {@link protocolIdOf} makes it of a name. */
  readonly protocolId: bigint
  /** When it was made, in seconds since 1970. */
  readonly createUnixSeconds: bigint
  /** Until when it opens a session, in seconds since 1970. */
  readonly expireUnixSeconds: bigint
  /** 24 bytes. */
  readonly nonce: Uint8Array
  /** 1024 bytes, sealed for the server. */
  readonly privateToken: Uint8Array
  /** Seconds without a packet after which the session ends; negative: never. */
  readonly timeoutSeconds: number
  /** 1–32, tried in this order. */
  readonly serverAddresses: readonly Address[]
  /** Seals what the client sends. 32 bytes, secret. */
  readonly clientToServerKey: Uint8Array
  /** Seals what the server sends. 32 bytes, secret. */
  readonly serverToClientKey: Uint8Array
}

/**
 * Makes a connect token of 2048 bytes. Throws a TypeError or RangeError where an option is not as described.
 * `createConnectToken` is the same with the system's clock, randomness and crypto.
 */
export function generateConnectToken(options: ConnectTokenOptions): Uint8Array {
  const { protocolId, clientId, timeoutSeconds, createUnixSeconds, crypto, entropy, fixed } = options
  const expireSeconds = options.expireSeconds ?? DEFAULT_TOKEN_LIFETIME_SECONDS
  const userData = options.userData ?? new Uint8Array(0)
  assertU64('protocolId', protocolId)
  assertU64('clientId', clientId)
  assertInteger('expireSeconds', expireSeconds, 1, MAX_I32)
  assertInteger('timeoutSeconds', timeoutSeconds, -MAX_I32 - 1, MAX_I32)
  assertInteger('createUnixSeconds', createUnixSeconds, 0, Number.MAX_SAFE_INTEGER - MAX_I32)
  assertKey('privateKey', options.privateKey)
  if (userData.length > USER_DATA_BYTES)
    throw new RangeError(`"userData" expected at most ${USER_DATA_BYTES} bytes, got ${userData.length}`)
  const serverAddresses = toAddresses(options.serverAddresses)

  const nonce = fixed?.nonce ?? randomBytes(entropy, TOKEN_NONCE_BYTES)
  const clientToServerKey = fixed?.clientToServerKey ?? randomBytes(entropy, KEY_BYTES)
  const serverToClientKey = fixed?.serverToClientKey ?? randomBytes(entropy, KEY_BYTES)
  const expireUnixSeconds = BigInt(createUnixSeconds) + BigInt(expireSeconds)
  const paddedUserData = new Uint8Array(USER_DATA_BYTES)
  paddedUserData.set(userData)
  const sealed = sealPrivateToken(crypto, options.privateKey, nonce, tokenAssociatedData(protocolId, expireUnixSeconds), {
    clientId,
    timeoutSeconds,
    serverAddresses,
    clientToServerKey,
    serverToClientKey,
    userData: paddedUserData,
  })

  const bytes = new Uint8Array(CONNECT_TOKEN_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(VERSION)
  view.setBigUint64(VERSION.length, protocolId, true)
  view.setBigUint64(CREATE_OFFSET, BigInt(createUnixSeconds), true)
  view.setBigUint64(EXPIRE_OFFSET, expireUnixSeconds, true)
  bytes.set(nonce, NONCE_OFFSET)
  bytes.set(sealed, PRIVATE_OFFSET)
  view.setInt32(TIMEOUT_OFFSET, timeoutSeconds, true)
  const keysOffset = writeAddresses(bytes, ADDRESSES_OFFSET, serverAddresses)
  bytes.set(clientToServerKey, keysOffset)
  bytes.set(serverToClientKey, keysOffset + KEY_BYTES)
  return bytes
}

/** Reads the public fields of a connect token. Undefined where the bytes are not a token of netcode 1.02: never throws. The fields are copies. */
export function readConnectToken(bytes: Uint8Array): ConnectToken | undefined {
  if (bytes.length !== CONNECT_TOKEN_BYTES) return undefined
  if (!VERSION.every((byte, i) => bytes[i] === byte)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const createUnixSeconds = view.getBigUint64(CREATE_OFFSET, true)
  const expireUnixSeconds = view.getBigUint64(EXPIRE_OFFSET, true)
  if (createUnixSeconds > expireUnixSeconds) return undefined
  const serverAddresses = readAddresses(bytes, ADDRESSES_OFFSET, CONNECT_TOKEN_BYTES)
  if (serverAddresses === undefined) return undefined
  const keysOffset = ADDRESSES_OFFSET + addressListBytes(bytes, ADDRESSES_OFFSET, CONNECT_TOKEN_BYTES)
  return {
    protocolId: view.getBigUint64(VERSION.length, true),
    createUnixSeconds,
    expireUnixSeconds,
    nonce: bytes.slice(NONCE_OFFSET, PRIVATE_OFFSET),
    privateToken: bytes.slice(PRIVATE_OFFSET, TIMEOUT_OFFSET),
    timeoutSeconds: view.getInt32(TIMEOUT_OFFSET, true),
    serverAddresses,
    clientToServerKey: bytes.slice(keysOffset, keysOffset + KEY_BYTES),
    serverToClientKey: bytes.slice(keysOffset + KEY_BYTES, keysOffset + 2 * KEY_BYTES),
  }
}

/** Throws unless the key is 32 bytes. */
export function assertKey(name: string, key: Uint8Array): void {
  if (!(key instanceof Uint8Array)) throw new TypeError(`"${name}" expected a Uint8Array of ${KEY_BYTES} bytes, got ${typeof key}`)
  if (key.length !== KEY_BYTES) throw new RangeError(`"${name}" expected ${KEY_BYTES} bytes, got ${key.length}`)
}

/** Throws unless the value is a bigint that a u64 holds. */
export function assertU64(name: string, value: bigint): void {
  if (typeof value !== 'bigint') throw new TypeError(`"${name}" expected a bigint, got ${typeof value}`)
  if (value < 0n || value > MAX_U64) throw new RangeError(`"${name}" expected 0–2^64 − 1, got ${value}`)
}

/** Throws unless the value is an integer of the range. */
export function assertInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  const got = typeof value === 'number' ? value : typeof value
  throw new RangeError(`"${name}" expected integer ${least}–${most}, got ${got}`)
}

function toAddresses(addresses: readonly (string | Address)[]): Address[] {
  if (addresses.length < 1 || addresses.length > MAX_SERVER_ADDRESSES) {
    throw new RangeError(`"serverAddresses" expected 1–${MAX_SERVER_ADDRESSES} addresses, got ${addresses.length}`)
  }
  return addresses.map((address) => (typeof address === 'string' ? parseAddress(address) : createAddress(address.host, address.port)))
}

function randomBytes(entropy: Entropy, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  entropy.fill(bytes)
  return bytes
}
