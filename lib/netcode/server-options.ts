// What a `NetcodeServer` is made of and what it reports.
import type { Address } from '../io/address.js'
import type { Crypto } from '../io/crypto.js'
import type { Entropy } from '../io/entropy.js'
import type { ReplyRates } from '../wire/reply-limiter.js'
import type { NetcodeServerClient } from './server-client.js'

/** How a `NetcodeServer` works. */
export interface NetcodeServerOptions {
  /** 0 to 2^64 − 1; clients of another protocol id are ignored. */
  readonly protocolId: bigint
  /** 32 bytes, known to the backend and the servers only. */
  readonly privateKey: Uint8Array
  /** The server's public addresses: a token must name one of them. Default: not checked. */
  readonly addresses?: readonly Address[]
  /** Slots, 1 to 1,048,576. */
  readonly maxClients: number
  /** What seals and opens packets and tokens. */
  readonly crypto: Crypto
  /** Where nonces and the key of challenges come from. */
  readonly entropy: Entropy
  /** When the server starts, in seconds since 1970: tokens that may be older are refused, because they may have been used before. */
  readonly startUnixSeconds: number
  /** The longest that tokens live, in seconds. A token that lives longer could open a second session after a restart; one that lives shorter is refused in the first seconds after a start. Default: 30. */
  readonly maxTokenLifetimeSeconds?: number
  /** A keep-alive leaves after this many milliseconds without a payload, once a client has confirmed. Default: 100. */
  readonly keepAliveMs?: number
  /** The longest time-out: the smaller of the token's and this one holds, and tokens with a negative one (never) are refused. Default: the token's, and zero or negative = never. */
  readonly maxTimeoutSeconds?: number
  /** Whether a fresh token for a client id that is connected takes its session over, once its response has proven the new address. Default: true. */
  readonly takeOver?: boolean
  /** Open mode, for a private key that everyone knows: address, expiry and restart are not checked, and a full table of tokens forgets the oldest. Default: false. */
  readonly isOpen?: boolean
  /** Requests that open and are answered, in a second and in one burst: of all, and of one network. Default: 5000 and 500. */
  readonly requestRates?: ReplyRates
  /** Asked when a client has answered its challenge: false lets it wait, and it answers again 100 ms later. Default: all come in. */
  readonly admits?: (host: string) => boolean
  /**
   * Whether a token with this user data may be shown from another address as long as no session has begun with it: for players who come back, and whose address changes while they try. Only who has the token's keys can answer the challenge.
   * Default: none may.
   */
  readonly isPortable?: (userData: Uint8Array) => boolean
  /** Connect tokens remembered at once, 1 or more. Default: 16,384, or 8 for each slot where that is more. */
  readonly maxTokenHistory?: number
}

/** Why a client's session ended: no packet for its time-out, by its own disconnect, by a fresh token for its id, or by the server's `disconnectClient`. */
export type NetcodeEndReason = 'timeout' | 'closed' | 'replaced' | 'dropped'

/** What happened to a client. */
export type NetcodeServerEvent =
  | { readonly type: 'connected'; readonly client: NetcodeServerClient }
  | { readonly type: 'disconnected'; readonly client: NetcodeServerClient; readonly reason: NetcodeEndReason }
