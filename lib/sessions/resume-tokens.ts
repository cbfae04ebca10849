// Resume tokens: what a client shows to be given its place back. The server seals who it is and how often that player has been given a token, so that a token opens one door once:
//
//     nonce 24 | sealed: run 8, peer id u32, serial u32, 0 × 8 | MAC 16   = 64 bytes
//
// It tells the client nothing, and nobody without the server's key can make one. In open mode it travels as it is; in token mode inside the user data of a connect token that the server mints,
// sealed once more under netcode's key. The key is random there, and derived from the private key here: so a server that was started anew still knows the token for one of another run.
import { type Crypto, MAC_BYTES } from '../io/crypto.js'
import type { Entropy } from '../io/entropy.js'
import { readUint32, writeUint32 } from '../wire/bytes.js'

const NONCE_BYTES = 24
const RUN_BYTES = 8
const CONTENT_BYTES = 24

/** Bytes of a resume token. */
export const SEALED_RESUME_TOKEN_BYTES = NONCE_BYTES + CONTENT_BYTES + MAC_BYTES

/** What a token says. `isOfThisRun`: this server has made it since it listens. */
export interface ResumeClaim {
  readonly isOfThisRun: boolean
  readonly peerId: number
  readonly serial: number
}

const encoder = new TextEncoder()
/** What the seal is bound to: it opens nothing else. */
const PURPOSE = encoder.encode('tickwire resume 1')
/** For the derivation: 24 bytes, a nonce that netcode's random ones meet with a chance of 2^-192. */
const DERIVATION = encoder.encode('tickwire resume key  v1 ')

export class ResumeTokens {
  readonly #crypto: Crypto
  readonly #entropy: Entropy
  readonly #key: Uint8Array
  readonly #run = new Uint8Array(RUN_BYTES)

  /** `privateKey`: of token mode; undefined in open mode. */
  constructor(crypto: Crypto, entropy: Entropy, privateKey: Uint8Array | undefined) {
    this.#crypto = crypto
    this.#entropy = entropy
    this.#key = privateKey === undefined ? randomBytes(entropy, 32) : derive(crypto, privateKey)
    entropy.fill(this.#run)
  }

  seal(peerId: number, serial: number): Uint8Array {
    const bytes = new Uint8Array(SEALED_RESUME_TOKEN_BYTES)
    const nonce = randomBytes(this.#entropy, NONCE_BYTES)
    bytes.set(nonce)
    bytes.set(this.#run, NONCE_BYTES)
    writeUint32(bytes, NONCE_BYTES + RUN_BYTES, peerId)
    writeUint32(bytes, NONCE_BYTES + RUN_BYTES + 4, serial)
    this.#crypto.sealExtended(this.#key, nonce, PURPOSE, bytes, NONCE_BYTES, NONCE_BYTES + CONTENT_BYTES)
    return bytes
  }

  /** Reads a token from the beginning of `token`; undefined where this key has not sealed it. */
  open(token: Uint8Array): ResumeClaim | undefined {
    if (token.length < SEALED_RESUME_TOKEN_BYTES) return undefined
    const bytes = token.slice(0, SEALED_RESUME_TOKEN_BYTES)
    if (!this.#crypto.openExtended(this.#key, bytes.slice(0, NONCE_BYTES), PURPOSE, bytes, NONCE_BYTES, bytes.length)) return undefined
    let isOfThisRun = true
    for (let i = 0; i < RUN_BYTES; i++) if (bytes[NONCE_BYTES + i] !== this.#run[i]) isOfThisRun = false
    return {
      isOfThisRun,
      peerId: readUint32(bytes, NONCE_BYTES + RUN_BYTES),
      serial: readUint32(bytes, NONCE_BYTES + RUN_BYTES + 4),
    }
  }
}

/** A key for this purpose alone: the cipher's stream under the private key. */
function derive(crypto: Crypto, privateKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(32 + MAC_BYTES)
  crypto.sealExtended(privateKey, DERIVATION, PURPOSE, bytes, 0, 32)
  return bytes.slice(0, 32)
}

function randomBytes(entropy: Entropy, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  entropy.fill(bytes)
  return bytes
}
