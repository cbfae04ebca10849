// Strings to UTF-8 and back. Short ASCII, which is most of what games send, by hand: TextEncoder and TextDecoder cost 60 ns and more a call.
import { varintBytes, writeVarint } from '../wire/varint.js'

/** What `writeText` returns where the text does not fit into the buffer, and where it is longer than its field allows. */
export const NO_ROOM = -1
export const TOO_LONG = -2

/** Texts of at most this many characters are tried as ASCII. Below 128, so that their length takes one byte. */
const SHORT_INPUT = 48
/** Up to here the hand-made loop beats TextDecoder. */
const SHORT_BYTES = 24

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes of a text in UTF-8. A lone surrogate counts as U+FFFD, which TextEncoder writes in its place. */
export function utf8Bytes(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    count++
    if (unit < 0x800) continue
    // Of a pair, each half adds one byte to its own: 4 in all. Everything else takes 3.
    if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(i + 1))) i++
    count++
  }
  return count
}

/**
 * Writes a length (one byte where `maxBytes` is at most 255, else a varint) and the text in UTF-8.
 * Returns the offset behind it, `NO_ROOM` or `TOO_LONG`; what it wrote then has no meaning.
 */
export function writeText(bytes: Uint8Array, at: number, text: string, maxBytes: number): number {
  const length = text.length
  if (length > maxBytes) return TOO_LONG // each UTF-16 unit takes at least one byte
  if (length >= bytes.length - at) return NO_ROOM
  if (length <= SHORT_INPUT) {
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) break
      bytes[at + 1 + i] = unit
    }
    if (i === length) {
      bytes[at] = length
      return at + 1 + length
    }
  }
  const count = utf8Bytes(text)
  if (count > maxBytes) return TOO_LONG
  const start = at + (maxBytes <= 255 ? 1 : varintBytes(count))
  if (count > bytes.length - start) return NO_ROOM
  if (maxBytes <= 255) bytes[at] = count
  else writeVarint(bytes, at, count)
  encoder.encodeInto(text, bytes.subarray(start, start + count))
  return start + count
}

/** The text in `bytes[at, at + length)`, which the caller has checked to be there; undefined where it is not valid UTF-8. A byte order mark is kept. */
export function readText(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (length <= SHORT_BYTES) {
    const text = readAscii(bytes, at, at + length)
    if (text !== undefined) return text
  }
  try {
    return decoder.decode(bytes.subarray(at, at + length))
  } catch {
    return undefined
  }
}

/** Eight characters at a time, then four, two, one: each call of fromCharCode and each joining of strings costs several ns. */
function readAscii(bytes: Uint8Array, at: number, end: number): string | undefined {
  let text = ''
  for (; end - at >= 8; at += 8) {
    const a = bytes[at]!
    const b = bytes[at + 1]!
    const c = bytes[at + 2]!
    const d = bytes[at + 3]!
    const e = bytes[at + 4]!
    const f = bytes[at + 5]!
    const g = bytes[at + 6]!
    const h = bytes[at + 7]!
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined
    text += String.fromCharCode(a, b, c, d, e, f, g, h)
  }
  if (end - at >= 4) {
    const a = bytes[at]!
    const b = bytes[at + 1]!
    const c = bytes[at + 2]!
    const d = bytes[at + 3]!
    if ((a | b | c | d) > 0x7f) return undefined
    text += String.fromCharCode(a, b, c, d)
    at += 4
  }
  if (end - at >= 2) {
    const a = bytes[at]!
    const b = bytes[at + 1]!
    if ((a | b) > 0x7f) return undefined
    text += String.fromCharCode(a, b)
    at += 2
  }
  if (at < end) {
    const a = bytes[at]!
    if (a > 0x7f) return undefined
    text += String.fromCharCode(a)
  }
  return text
}

/** Whether `bytes[at, end)` is valid UTF-8 (Unicode 16, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. */
export function isUtf8(bytes: Uint8Array, at: number, end: number): boolean {
  while (at < end) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      at++
      continue
    }
    const size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
    if (size === 0 || size > end - at) return false
    const second = bytes[at + 1]!
    const min = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const max = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (second < min || second > max) return false
    for (let i = 2; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return false
    at += size
  }
  return true
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00
}
