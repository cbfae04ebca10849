// Fixed-width little-endian integers by index and shift: on received bytes that is several times faster than a DataView (see docs/ARCHITECTURE.md, "What costs what").

export function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

export function readUint24(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

/** Each writer returns the offset behind what it wrote. The low bits of `value` are taken; it may be any whole number below 2^53. */
export function writeUint16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  return at + 2
}

export function writeUint24(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  return at + 3
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
  return at + 4
}

const scratch = new DataView(new ArrayBuffer(8))

export function readFloat64(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) scratch.setUint8(i, bytes[at + i]!)
  return scratch.getFloat64(0, true)
}

export function writeFloat64(bytes: Uint8Array, at: number, value: number): number {
  scratch.setFloat64(0, value, true)
  for (let i = 0; i < 8; i++) bytes[at + i] = scratch.getUint8(i)
  return at + 8
}

/** Copies `source[start, end)` to `target` at `at` and returns the offset behind it. A loop beats `set(subarray())` for short runs: a view costs about 50 ns. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  if (end - start > 96) {
    target.set(source.subarray(start, end), at)
    return at + end - start
  }
  for (let i = start; i < end; i++) target[at++] = source[i]!
  return at
}
