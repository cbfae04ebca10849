// Which AEAD provider to use: the first, in order of speed, that reproduces known vectors. Not by name: Bun and some Electron builds have a node:crypto without the cipher.
import { type Crypto, MAC_BYTES } from './crypto.js'
import { createNobleCrypto } from './crypto-noble.js'
import { createNodeCrypto } from './crypto-node.js'
import { createOpensslCrypto } from './crypto-openssl.js'
import { createSodiumCrypto } from './crypto-sodium.js'

/** A provider, and whether it can be used here. */
export interface CryptoAvailability {
  /** The package or module. */
  readonly name: Crypto['name']
  /** Present where the provider reproduced the test vectors. */
  readonly crypto?: Crypto
  /** Why it can or cannot be used, for people. */
  readonly reason: string
}

/** The plain text of both vectors: RFC 8439, section 2.8.2, and draft-irtf-cfrg-xchacha, appendix A.3.1. */
const PLAIN_TEXT = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
const KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i)
const ASSOCIATED_DATA = Uint8Array.of(0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7)
const NONCE = Uint8Array.of(7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47)
const NONCE_MAC = '1ae10b594f09e26a7e902ecbd0600691'
const EXTENDED_NONCE = Uint8Array.from({ length: 24 }, (_, i) => 0x40 + i)
const EXTENDED_NONCE_MAC = 'c0875924c1c7987947deafd8780acf49'

/** Fastest first. */
const CREATORS = [
  ['openssl', () => createOpensslCrypto(otherCrypto())],
  ['sodium-native', createSodiumCrypto],
  ['node:crypto', createNodeCrypto],
  ['@noble/ciphers', createNobleCrypto],
] as const satisfies readonly (readonly [Crypto['name'], () => Crypto])[]

/** For what is no packet: any provider is fast enough. */
function otherCrypto(): Crypto {
  for (const create of [createSodiumCrypto, createNodeCrypto]) {
    try {
      return create()
    } catch {}
  }
  return createNobleCrypto()
}

let availability: readonly CryptoAvailability[] | undefined

/** All providers, fastest first, each tried once per process. */
export function availableCrypto(): readonly CryptoAvailability[] {
  availability ??= CREATORS.map(([name, create]) => tryCrypto(name, create))
  return availability
}

/**
 * The AEAD provider to use: `preferred` where it works, else the fastest that does. Throws where none works.
 *
 * @param preferred A provider to try first; default: the order of speed, openssl, sodium-native, node:crypto, @noble/ciphers.
 */
export function selectCrypto(preferred?: Crypto['name']): Crypto {
  const candidates = availableCrypto()
  const crypto =
    candidates.find((candidate) => candidate.name === preferred)?.crypto ?? candidates.find((candidate) => candidate.crypto)?.crypto
  if (crypto === undefined) {
    const reasons = candidates.map((candidate) => `${candidate.name}: ${candidate.reason}`).join('; ')
    throw new Error(`expected one provider of ChaCha20-Poly1305 that works, got none (${reasons})`)
  }
  return crypto
}

/** Creates one provider and holds it against the vectors; never throws. */
export function tryCrypto(name: Crypto['name'], create: () => Crypto): CryptoAvailability {
  try {
    const crypto = create()
    if (!passesVectors(crypto)) return { name, reason: 'gave wrong bytes for a test vector' }
    return { name, crypto, reason: 'reproduced the test vectors' }
  } catch (error) {
    const [firstLine] = String(error instanceof Error ? error.message : error).split('\n')
    return { name, reason: `threw: ${firstLine}` }
  }
}

function passesVectors(crypto: Crypto): boolean {
  const plain = new TextEncoder().encode(PLAIN_TEXT)
  const end = plain.length
  const bytes = new Uint8Array(end + MAC_BYTES)

  bytes.set(plain)
  crypto.seal(KEY, NONCE, ASSOCIATED_DATA, bytes, 0, end)
  if (toHex(bytes.subarray(end)) !== NONCE_MAC) return false
  if (!crypto.open(KEY, NONCE, ASSOCIATED_DATA, bytes, 0, bytes.length)) return false
  if (!startsWith(bytes, plain)) return false

  bytes.set(plain)
  crypto.sealExtended(KEY, EXTENDED_NONCE, ASSOCIATED_DATA, bytes, 0, end)
  if (toHex(bytes.subarray(end)) !== EXTENDED_NONCE_MAC) return false
  if (!crypto.openExtended(KEY, EXTENDED_NONCE, ASSOCIATED_DATA, bytes, 0, bytes.length)) return false
  if (!startsWith(bytes, plain)) return false

  // A provider that opens everything would pass all of the above.
  bytes.set(plain)
  crypto.seal(KEY, NONCE, ASSOCIATED_DATA, bytes, 0, end)
  bytes[0]! ^= 1
  return !crypto.open(KEY, NONCE, ASSOCIATED_DATA, bytes, 0, bytes.length)
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => bytes[i] === byte)
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
