// Looks through received MessagePack before msgpackr sees it. msgpackr has no limit of depth, decodes extensions whatever its options, and compiles functions for
// the record definitions of a peer; what passes here has none of that, and every count in it is backed by bytes.
// Format: https://github.com/msgpack/msgpack/blob/master/spec.md
import { decodeWork } from './decode-work.js'
import { MAX_PACKED_DEPTH, MAX_PACKED_VALUES, PACKED_CONTAINER_VALUES } from './limits.js'
import { isUtf8 } from './text.js'

/** Values that the containers of the value being looked through may still have. */
let left = 0

const PROTO_KEY = new TextEncoder().encode('__proto__')

/**
 * The offset behind the one value that begins at `at`, or −1 where it is cut off at `end`, nested more than 32 deep, of more than 131,072 values, or holds what no tickwire peer sends:
 * extensions (but for the three bytes d4 00 00 that stand for undefined), records, the unused token c1, keys that are not text, a key `__proto__`, invalid UTF-8.
 */
export function scanValue(bytes: Uint8Array, at: number, end: number, depth = 0): number {
  if (at >= end) return -1
  const token = bytes[at]!
  if (token < 0x80 || token >= 0xe0) return at + 1
  if (token < 0x90) return scanMap(bytes, at + 1, end, token & 0x0f, depth)
  if (token < 0xa0) return scanArray(bytes, at + 1, end, token & 0x0f, depth)
  if (token < 0xc0) return scanText(bytes, at + 1, end, token & 0x1f)
  switch (token) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return at + 1
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return inside(at + 2, end)
    case 0xcd: // uint 16
    case 0xd1: // int 16
      return inside(at + 3, end)
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return inside(at + 5, end)
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return inside(at + 9, end)
    case 0xd4: // fixext 1
      return at + 3 <= end && bytes[at + 1] === 0 && bytes[at + 2] === 0 ? at + 3 : -1
  }
  const width = sizeWidth(token)
  if (width === 0 || at + 1 + width > end) return -1
  const size = readSize(bytes, at + 1, width)
  const start = at + 1 + width
  if (token >= 0xde) return scanMap(bytes, start, end, size, depth)
  if (token >= 0xdc) return scanArray(bytes, start, end, size, depth)
  if (token >= 0xd9) return scanText(bytes, start, end, size)
  return inside(start + size, end) // bin
}

/** Bytes of the size behind a token of bin, str, array or map; 0 for all others. */
function sizeWidth(token: number): 0 | 1 | 2 | 4 {
  switch (token) {
    case 0xc4: // bin 8
    case 0xd9: // str 8
      return 1
    case 0xc5: // bin 16
    case 0xda: // str 16
    case 0xdc: // array 16
    case 0xde: // map 16
      return 2
    case 0xc6: // bin 32
    case 0xdb: // str 32
    case 0xdd: // array 32
    case 0xdf: // map 32
      return 4
    default:
      return 0
  }
}

/** MessagePack is big-endian. */
function readSize(bytes: Uint8Array, at: number, width: number): number {
  let size = 0
  for (let i = 0; i < width; i++) size = size * 256 + bytes[at + i]!
  return size
}

function scanArray(bytes: Uint8Array, at: number, end: number, count: number, depth: number): number {
  if (depth === MAX_PACKED_DEPTH || count > end - at) return -1
  if (!admits(count, depth)) return -1
  for (let i = 0; i < count && at >= 0; i++) at = scanValue(bytes, at, end, depth + 1)
  return at
}

function scanMap(bytes: Uint8Array, at: number, end: number, count: number, depth: number): number {
  if (depth === MAX_PACKED_DEPTH || count * 2 > end - at) return -1
  if (!admits(count, depth)) return -1
  for (let i = 0; i < count && at >= 0; i++) {
    const value = scanKey(bytes, at, end)
    if (value < 0) return -1
    at = scanValue(bytes, value, end, depth + 1)
  }
  return at
}

/** Counts the values of a container. False where the whole has too many. */
function admits(count: number, depth: number): boolean {
  if (depth === 0) left = MAX_PACKED_VALUES
  const values = count + PACKED_CONTAINER_VALUES
  left -= values
  if (left < 0) return false
  decodeWork.values += values
  return true
}

function scanKey(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1
  const token = bytes[at]!
  const isText = (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb)
  if (!isText) return -1
  const next = scanValue(bytes, at, end)
  return next >= 0 && endsInProto(bytes, at, next) ? -1 : next
}

/** Whether the text of `bytes[at, next)`, a token and size of 1–5 bytes before it, is `__proto__`. */
function endsInProto(bytes: Uint8Array, at: number, next: number): boolean {
  const start = next - PROTO_KEY.length
  const token = bytes[at]!
  const header = token < 0xc0 ? 1 : 1 + sizeWidth(token)
  return start === at + header && PROTO_KEY.every((byte, i) => bytes[start + i] === byte)
}

function scanText(bytes: Uint8Array, at: number, end: number, size: number): number {
  return size <= end - at && isUtf8(bytes, at, at + size) ? at + size : -1
}

function inside(next: number, end: number): number {
  return next <= end ? next : -1
}
