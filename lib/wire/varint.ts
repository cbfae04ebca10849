// Variable-length unsigned integers: 7 bits a byte, least significant first, the high bit says that more follow (LEB128). At most 8 bytes, below 2^53.
// Encodings need not be minimal to be accepted. Hot callers take the one-byte case inline.

/** Values above this do not travel: doubles are exact below 2^53. */
export const MAX_VARINT = Number.MAX_SAFE_INTEGER

/** Bytes that `value` takes, 1–8. */
export function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

/** Writes `value` (a whole number, 0 to 2^53 − 1) and returns the offset behind it. The caller sees to the room. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  while (rest >= 0x80000000) {
    bytes[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

/** Reads one number at `offset`, never beyond `end`. After `read` returned true, `value` and `offset` (behind it) are set. Reused, so that reading allocates nothing. */
export class VarintReader {
  value = 0
  offset = 0

  /** False where the number is cut off at `end` or too large. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    let value = 0
    let scale = 1
    for (let i = at; i < end && i < at + 8; i++) {
      const byte = bytes[i]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > MAX_VARINT) return false
        this.value = value
        this.offset = i + 1
        return true
      }
      scale *= 128
    }
    return false
  }
}
