// ChaCha20-Poly1305 by node:crypto: 3.5–7 µs a packet, and present in every Node.
// OpenSSL has no XChaCha20, so the extended seal derives its subkey with HChaCha20 (draft-irtf-cfrg-xchacha, section 2.2) here.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type Crypto, MAC_BYTES } from './crypto.js'

const ALGORITHM = 'chacha20-poly1305'
const OPTIONS = { authTagLength: MAC_BYTES }
/** The types ask for it; only CCM ciphers read it. */
const AAD_OPTIONS = { plaintextLength: 0 }
const ZERO_BLOCK = new Uint8Array(64)
/** "expand 32-byte k" as four little-endian words: the first row of ChaCha's input state. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const

/** Wraps node:crypto. A runtime that lacks the cipher throws at the first seal, which `selectCrypto` takes as "not usable". */
export function createNodeCrypto(): Crypto {
  return new NodeCrypto()
}

class NodeCrypto implements Crypto {
  readonly name = 'node:crypto'
  readonly #subkey = new Uint8Array(32)
  /** Four zero bytes and the last 8 bytes of the extended nonce. */
  readonly #subnonce = new Uint8Array(12)

  seal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS)
    cipher.setAAD(associatedData, AAD_OPTIONS)
    if (end > start) bytes.set(cipher.update(bytes.subarray(start, end)), start)
    cipher.final()
    bytes.set(cipher.getAuthTag(), end)
  }

  open(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
    const plainEnd = end - MAC_BYTES
    if (plainEnd < start) return false
    const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS)
    decipher.setAAD(associatedData, AAD_OPTIONS)
    decipher.setAuthTag(bytes.subarray(plainEnd, end))
    try {
      const plain = plainEnd > start ? decipher.update(bytes.subarray(start, plainEnd)) : undefined
      decipher.final()
      if (plain !== undefined) bytes.set(plain, start)
      return true
    } catch {
      return false
    }
  }

  sealExtended(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.#deriveSubkey(key, nonce)
    this.seal(this.#subkey, this.#subnonce, associatedData, bytes, start, end)
    this.#subkey.fill(0)
  }

  openExtended(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
    this.#deriveSubkey(key, nonce)
    const isOpen = this.open(this.#subkey, this.#subnonce, associatedData, bytes, start, end)
    this.#subkey.fill(0)
    return isOpen
  }

  /**
   * HChaCha20. A ChaCha20 block is the permuted state plus the input state; encrypting zeros gives that block,
   * and subtracting the input words that are known (constants in 0–3, nonce in 12–15) leaves the permuted ones, which are the subkey.
   */
  #deriveSubkey(key: Uint8Array, nonce: Uint8Array): void {
    const block = createCipheriv('chacha20', key, nonce.subarray(0, 16)).update(ZERO_BLOCK)
    for (let word = 0; word < 4; word++) {
      const at = word * 4
      writeWord(this.#subkey, at, readWord(block, at) - SIGMA[word]!)
      writeWord(this.#subkey, 16 + at, readWord(block, 48 + at) - readWord(nonce, at))
    }
    this.#subnonce.set(nonce.subarray(16, 24), 4)
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word
  bytes[at + 1] = word >>> 8
  bytes[at + 2] = word >>> 16
  bytes[at + 3] = word >>> 24
}
