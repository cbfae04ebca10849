// FNV-1a, the small hash behind protocol ids and fingerprints. It tells definitions apart; it does not protect against anyone (http://www.isthe.com/chongo/tech/comp/fnv/).

const OFFSET_64 = 0xcbf29ce484222325n
const PRIME_64 = 0x100000001b3n
const MASK_64 = 0xffffffffffffffffn
const OFFSET_32 = 0x811c9dc5
const PRIME_32 = 0x01000193

/** The 64-bit FNV-1a hash of a text's UTF-8 bytes. Uses BigInt: for set-up, not for the hot path. */
export function fnv1a64(text: string): bigint {
  let hash = OFFSET_64
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME_64) & MASK_64
  return hash
}

/** The 32-bit FNV-1a hash of a text's UTF-8 bytes, 0 to 2^32 − 1. */
export function fnv1a32(text: string): number {
  let hash = OFFSET_32
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, PRIME_32)
  return hash >>> 0
}

/** A u64 as 16 lower-case hex digits. */
export function hex64(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0')
}
