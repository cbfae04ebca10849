// For backends: a connect token in one call, with the system's clock, randomness and crypto.
import type { Address } from '../io/address.js'
import { systemClock } from '../io/clock.js'
import { systemEntropy } from '../io/entropy.js'
import { selectCrypto } from '../io/select-crypto.js'
import { fnv1a64 } from '../wire/hash.js'
import { generateConnectToken } from './connect-token.js'
import { DEFAULT_TIMEOUT_SECONDS, DEFAULT_TOKEN_LIFETIME_SECONDS } from './constants.js'

/** What `createConnectToken` needs to know. */
export interface CreateConnectTokenOptions {
  /** The game's name, as its servers and clients have it; the protocol id is its hash. */
  readonly game: string
  /** 32 bytes, known to the backend and the servers only. */
  readonly privateKey: Uint8Array
  /** 1–32 servers, tried in this order: `1.2.3.4:80` or `[::1]:80`. They must be addresses that the servers know as theirs. */
  readonly addresses: readonly (string | Address)[]
  /** Unique among the clients of a server, 0 to 2^64 − 1. */
  readonly clientId: bigint
  /** At most 256 bytes, which the server finds in `peer.tokenData`. Default: none. */
  readonly tokenData?: Uint8Array
  /** How long the token may be used to connect, in seconds. Default: 30. */
  readonly expiresInSeconds?: number
  /** Seconds without a packet after which the session ends. Default: 10. */
  readonly timeoutSeconds?: number
}

/**
 * Makes a connect token, 2048 bytes that open one session. Give it to its client over HTTPS: it holds the session's keys.
 * Throws a TypeError or RangeError where an option is not as described.
 *
 * @example
 * const token = createConnectToken({ game: 'arena', privateKey, addresses: ['203.0.113.7:9000'], clientId: 42n })
 */
export function createConnectToken(options: CreateConnectTokenOptions): Uint8Array {
  return generateConnectToken({
    protocolId: protocolIdOf(options.game),
    privateKey: options.privateKey,
    serverAddresses: options.addresses,
    clientId: options.clientId,
    userData: options.tokenData ?? new Uint8Array(0),
    expireSeconds: options.expiresInSeconds ?? DEFAULT_TOKEN_LIFETIME_SECONDS,
    timeoutSeconds: options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    createUnixSeconds: systemClock.unixSeconds(),
    entropy: systemEntropy,
    crypto: selectCrypto(),
  })
}

/** The protocol id of a game: the 64-bit FNV-1a hash of its name, so that games that meet on one port do not connect to each other. */
export function protocolIdOf(game: string): bigint {
  return fnv1a64(game)
}
