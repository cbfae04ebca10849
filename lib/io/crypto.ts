// The one interface behind which the AEAD providers stand. Providers work in place, on a caller's buffer.

/**
 * ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305, in place.
 * `bytes[start, end)` is plain text for `seal*`, and the 16-byte MAC is written to `bytes[end, end + 16)`.
 * For `open*`, `bytes[start, end)` is cipher text with its MAC as the last 16 bytes; the plain text is then `bytes[start, end - 16)`.
 * `open*` returns false, and leaves the content of the range unspecified, where the MAC does not match or the range is shorter than 16. It never throws on any input bytes.
 */
export interface Crypto {
  /** The package or module that does it. */
  readonly name: 'openssl' | 'sodium-native' | 'node:crypto' | '@noble/ciphers'
  /** `nonce` is 12 bytes. */
  seal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): void
  /** `nonce` is 12 bytes. False where the MAC does not match. */
  open(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean
  /** `nonce` is 24 bytes. */
  sealExtended(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): void
  /** `nonce` is 24 bytes. False where the MAC does not match. */
  openExtended(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean
}

/** Bytes that a seal adds: the Poly1305 tag. */
export const MAC_BYTES = 16
