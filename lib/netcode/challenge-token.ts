// Challenge tokens (STANDARD.md, "Challenge Token"): what a client must send back to prove that it receives at the address that it sends from.
//
//     client id u64 | user data 256 | binding 16 (ours) | zeros 4 | MAC 16        = 300 bytes
//
// Only the server that made a token can read it, so the padding is ours to use: the binding is the MAC of the connect token that was challenged. Without it, a challenge
// sent to one address of a client would also be a valid answer from another, spoofed one, as the standard's token names the client but not the address.
import { type Crypto, MAC_BYTES } from '../io/crypto.js'
import { writeUint32 } from '../wire/bytes.js'
import { CHALLENGE_TOKEN_BYTES, USER_DATA_BYTES } from './constants.js'

const BINDING_OFFSET = 8 + USER_DATA_BYTES
const PLAIN_BYTES = CHALLENGE_TOKEN_BYTES - MAC_BYTES
const NO_ASSOCIATED_DATA = new Uint8Array(0)

/** Seals and opens challenge tokens with a key that lives as long as the server. */
export class ChallengeTokenCodec {
  readonly #crypto: Crypto
  readonly #key: Uint8Array
  readonly #nonce = new Uint8Array(12)

  constructor(crypto: Crypto, key: Uint8Array) {
    this.#crypto = crypto
    this.#key = key
  }

  /** Writes the 300 bytes of a token to `bytes` at `at`. `sequence` is a whole number below 2^53 that was never used with this key; `binding` is at most 16 bytes. */
  seal(bytes: Uint8Array, at: number, sequence: number, clientId: bigint, userData: Uint8Array, binding: Uint8Array): void {
    bytes.fill(0, at, at + CHALLENGE_TOKEN_BYTES)
    writeUint32(bytes, at, Number(clientId & 0xffffffffn))
    writeUint32(bytes, at + 4, Number(clientId >> 32n))
    bytes.set(userData, at + 8)
    bytes.set(binding, at + BINDING_OFFSET)
    this.#setNonce(sequence >>> 0, Math.floor(sequence / 2 ** 32))
    this.#crypto.seal(this.#key, this.#nonce, NO_ASSOCIATED_DATA, bytes, at, at + PLAIN_BYTES)
  }

  /** Opens a token in place. True where it is ours and was made for the connect token with this `binding`. */
  open(bytes: Uint8Array, at: number, sequenceLow: number, sequenceHigh: number, binding: Uint8Array): boolean {
    this.#setNonce(sequenceLow, sequenceHigh)
    if (!this.#crypto.open(this.#key, this.#nonce, NO_ASSOCIATED_DATA, bytes, at, at + CHALLENGE_TOKEN_BYTES)) return false
    return binding.every((byte, i) => bytes[at + BINDING_OFFSET + i] === byte)
  }

  #setNonce(sequenceLow: number, sequenceHigh: number): void {
    writeUint32(this.#nonce, 4, sequenceLow)
    writeUint32(this.#nonce, 8, sequenceHigh)
  }
}
