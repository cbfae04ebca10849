import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether two secrets are the same, in a time that tells nothing of where they differ, nor of the length of the one that is kept: their SHA-256 hashes are compared. */
export function isSameSecret(given: Uint8Array, kept: Uint8Array): boolean {
  return timingSafeEqual(sha256(given), sha256(kept))
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
