// The first packet of a client, the only one in the clear (STANDARD.md, "Packets", type 0).
//
//     0 | version 13 | protocol id u64 | expire u64 | nonce 24 | sealed private token 1024      = 1078 bytes
//         └──── what the token's seal covers ─────┘
import { type Crypto, MAC_BYTES } from '../io/crypto.js'
import { readUint32 } from '../wire/bytes.js'
import type { ConnectToken } from './connect-token.js'
import { CONNECTION_REQUEST_BYTES, PACKET_REQUEST, PRIVATE_TOKEN_BYTES, TOKEN_NONCE_BYTES, VERSION } from './constants.js'
import { TOKEN_ASSOCIATED_DATA_BYTES, tokenAssociatedData } from './private-token.js'

const EXPIRE_OFFSET = 1 + VERSION.length + 8
const NONCE_OFFSET = 1 + TOKEN_ASSOCIATED_DATA_BYTES

/** Where the private token begins in a request, sealed or opened. */
export const REQUEST_TOKEN_OFFSET = NONCE_OFFSET + TOKEN_NONCE_BYTES

/** Where the MAC of the private token begins, by which a token is known. */
export const REQUEST_MAC_OFFSET = CONNECTION_REQUEST_BYTES - MAC_BYTES

/** Writes a client's request and returns its length. */
export function writeConnectionRequest(bytes: Uint8Array, token: ConnectToken): number {
  if (bytes.length < CONNECTION_REQUEST_BYTES)
    throw new RangeError(`"out" expected at least ${CONNECTION_REQUEST_BYTES} bytes, got ${bytes.length}`)
  bytes[0] = PACKET_REQUEST
  bytes.set(tokenAssociatedData(token.protocolId, token.expireUnixSeconds), 1)
  bytes.set(token.nonce, NONCE_OFFSET)
  bytes.set(token.privateToken, REQUEST_TOKEN_OFFSET)
  return CONNECTION_REQUEST_BYTES
}

/**
 * Reads requests for one protocol id and private key. Allocates nothing but views: requests come from anyone.
 */
export class RequestReader {
  readonly #crypto: Crypto
  readonly #privateKey: Uint8Array
  /** Version and protocol id as they must stand at offset 1. */
  readonly #expected: Uint8Array
  readonly #associatedData = new Uint8Array(TOKEN_ASSOCIATED_DATA_BYTES)
  readonly #nonce = new Uint8Array(TOKEN_NONCE_BYTES)

  constructor(crypto: Crypto, protocolId: bigint, privateKey: Uint8Array) {
    this.#crypto = crypto
    this.#privateKey = privateKey.slice()
    this.#expected = tokenAssociatedData(protocolId, 0n).subarray(0, VERSION.length + 8)
  }

  hasVersion(bytes: Uint8Array): boolean {
    return this.#matches(bytes, 0, VERSION.length)
  }

  hasProtocolId(bytes: Uint8Array): boolean {
    return this.#matches(bytes, VERSION.length, VERSION.length + 8)
  }

  /** When the token expires, in Unix seconds. Rounded above 2^53, which only compares. */
  expireSeconds(bytes: Uint8Array): number {
    return readUint32(bytes, EXPIRE_OFFSET) + readUint32(bytes, EXPIRE_OFFSET + 4) * 2 ** 32
  }

  /** Opens the private token in place. */
  open(bytes: Uint8Array): boolean {
    for (let i = 0; i < TOKEN_ASSOCIATED_DATA_BYTES; i++) this.#associatedData[i] = bytes[1 + i]!
    for (let i = 0; i < TOKEN_NONCE_BYTES; i++) this.#nonce[i] = bytes[NONCE_OFFSET + i]!
    const end = REQUEST_TOKEN_OFFSET + PRIVATE_TOKEN_BYTES
    return this.#crypto.openExtended(this.#privateKey, this.#nonce, this.#associatedData, bytes, REQUEST_TOKEN_OFFSET, end)
  }

  #matches(bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (bytes[1 + i] !== this.#expected[i]) return false
    return true
  }
}
