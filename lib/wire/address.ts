// Addresses as text ("1.2.3.4:80", "[::1]:80") and as netcode writes them into connect tokens. Knows numeric hosts only; names are resolved elsewhere.
import type { Address } from '../io/address.js'
import { readUint16, writeUint16 } from './bytes.js'

/** The most bytes that `writeAddress` writes: type 1 + IPv6 16 + port 2. */
export const MAX_ADDRESS_BYTES = 19

const TYPE_IPV4 = 1
const TYPE_IPV6 = 2
const MAX_PORT = 65535

/** The zone behind an IPv6 host: the name or number of an interface. */
const ZONE = /^%[\w.~:-]+$/

/**
 * Reads `1.2.3.4:80` or `[2001:db8::1]:80`. The host comes back in canonical form.
 * Throws a TypeError where the text has another form, a RangeError where the port is above 65535.
 */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,9})$/.exec(text)
  if (match === null) throw new TypeError(`"address" expected text like "1.2.3.4:80" or "[::1]:80", got ${JSON.stringify(text)}`)
  const isBracketed = match[1] !== undefined
  const host = match[1] ?? match[2] ?? ''
  const port = Number(match[3])
  if (port > MAX_PORT) throw new RangeError(`"port" expected integer 0–65535, got ${port}`)
  if (isBracketed !== host.includes(':'))
    throw new TypeError(`"address" expected an IPv6 host, and no other, in brackets, got ${JSON.stringify(text)}`)
  return createAddress(host, port)
}

/**
 * An address of a numeric host in any form and a port. The host is made canonical.
 * Throws a TypeError where the host is not numeric, a RangeError where the port is not an integer 0–65535.
 */
export function createAddress(host: string, port: number): Address {
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) throw new RangeError(`"port" expected integer 0–65535, got ${port}`)
  const canonical = canonicalHost(host)
  return { host: canonical, port, family: canonical.includes(':') ? 'ipv6' : 'ipv4' }
}

/** `1.2.3.4:80` or `[::1]:80`, which `parseAddress` reads back. */
export function formatAddress(address: Address): string {
  return address.family === 'ipv6' ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/**
 * The one spelling of a numeric host: IPv4 dotted, IPv6 as RFC 5952 has it, an IPv4-mapped address (`::ffff:1.2.3.4`) as the IPv4 address that it stands for.
 * A zone (`fe80::1%eth0`) is kept. Throws a TypeError for anything else.
 */
export function canonicalHost(host: string): string {
  if (!host.includes(':')) {
    const octets = parseIpv4(host)
    if (octets === undefined) throw hostError(host)
    return octets.join('.')
  }
  const percent = host.indexOf('%')
  const words = parseIpv6(percent < 0 ? host : host.slice(0, percent))
  if (words === undefined || (percent >= 0 && !ZONE.test(host.slice(percent)))) throw hostError(host)
  const isMapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff
  if (isMapped) return wordsToIpv4(words[6]!, words[7]!)
  return formatIpv6(words) + (percent < 0 ? '' : host.slice(percent))
}

/** What one subscriber has: an IPv4 host itself, the first 64 bits of an IPv6 host. The text is a key, not an address. */
export function networkOf(host: string): string {
  if (!host.includes(':')) return host
  const words = parseIpv6(host.split('%')[0]!)
  return words === undefined ? host : words.slice(0, 4).join(':')
}

/** Bytes that `writeAddress` writes: 7 for IPv4, 19 for IPv6. */
export function addressBytes(address: Address): number {
  return address.family === 'ipv4' ? 7 : MAX_ADDRESS_BYTES
}

/**
 * Writes netcode's form and returns the offset behind it:
 *
 *     1, a, b, c, d, port u16                 IPv4
 *     2, eight words u16, port u16            IPv6, little-endian, first word first
 *
 * A zone is left out. The caller sees to the room; throws a TypeError where the host is not numeric.
 */
export function writeAddress(bytes: Uint8Array, at: number, address: Address): number {
  let offset = at
  if (address.family === 'ipv4') {
    const octets = parseIpv4(address.host)
    if (octets === undefined) throw hostError(address.host)
    bytes[offset++] = TYPE_IPV4
    for (const octet of octets) bytes[offset++] = octet
  } else {
    const [host] = address.host.split('%')
    const words = parseIpv6(host ?? '')
    if (words === undefined) throw hostError(address.host)
    bytes[offset++] = TYPE_IPV6
    for (const word of words) offset = writeUint16(bytes, offset, word)
  }
  return writeUint16(bytes, offset, address.port)
}

/** Reads what `writeAddress` wrote, never beyond `end`; undefined where it is cut off or of an unknown type. Its length is `addressBytes` of the type that stands at `at`. */
export function readAddress(bytes: Uint8Array, at: number, end: number): Address | undefined {
  const length = storedAddressBytes(bytes, at, end)
  if (length === 0) return undefined
  const port = readUint16(bytes, at + length - 2)
  if (bytes[at] === TYPE_IPV4) return { host: bytes.subarray(at + 1, at + 5).join('.'), port, family: 'ipv4' }
  const words = Array.from({ length: 8 }, (_, i) => readUint16(bytes, at + 1 + i * 2))
  return createAddress(formatIpv6(words), port)
}

/** Bytes of the address stored at `at`: 7 or 19, or 0 where it is cut off at `end` or of an unknown type. */
export function storedAddressBytes(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0
  const type = bytes[at]
  const length = type === TYPE_IPV4 ? 7 : type === TYPE_IPV6 ? MAX_ADDRESS_BYTES : 0
  return at + length <= end ? length : 0
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const octets = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256))
  return octets.every((octet) => octet <= 255) ? octets : undefined
}

/** Eight words of an IPv6 address without a zone, in any spelling of RFC 4291, section 2.2. */
function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseWords(halves[0]!, halves.length === 1)
  if (halves.length === 1) return head?.length === 8 ? head : undefined
  const tail = parseWords(halves[1]!, true)
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/** Words between colons; the last may be dotted IPv4 where `mayEndInIpv4`. */
function parseWords(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const words: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      words.push(Number.parseInt(part, 16))
      continue
    }
    const octets = mayEndInIpv4 && i === parts.length - 1 ? parseIpv4(part) : undefined
    if (octets === undefined) return undefined
    words.push(octets[0]! * 256 + octets[1]!, octets[2]! * 256 + octets[3]!)
  }
  return words
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero words as "::". */
function formatIpv6(words: readonly number[]): string {
  let bestStart = 0
  let bestLength = 1
  for (let start = 0; start < 8; start++) {
    let end = start
    while (end < 8 && words[end] === 0) end++
    if (end - start > bestLength) {
      bestStart = start
      bestLength = end - start
    }
  }
  const texts = words.map((word) => word.toString(16))
  if (bestLength < 2) return texts.join(':')
  return `${texts.slice(0, bestStart).join(':')}::${texts.slice(bestStart + bestLength).join(':')}`
}

function wordsToIpv4(high: number, low: number): string {
  return `${high >>> 8}.${high & 255}.${low >>> 8}.${low & 255}`
}

function hostError(host: string): TypeError {
  return new TypeError(`"host" expected a numeric IPv4 or IPv6 address, got ${JSON.stringify(host)}`)
}
