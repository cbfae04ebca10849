// Addresses as the system writes them (sockaddr_in, sockaddr_in6), and as everybody else does. Both directions are remembered, so that a datagram makes no string.
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { networkInterfaces } from 'node:os'
import { MAX_MAPPED_HOSTS } from './limits.js'
import { AF_INET, AF_INET6 } from './linux-sockets.js'

export const SOCKADDR_IN_BYTES = 16
export const SOCKADDR_IN6_BYTES = 28

/** The third word of a v4-mapped address, `00 00 ff ff` (RFC 4291, section 2.5.5.2), read little-endian. */
const MAPPED_WORD = 0xffff0000

/** An IPv6 host by its four words and its scope. */
interface KnownHost {
  readonly words: readonly [number, number, number, number, number]
  readonly host: string
}

/** A host to send to, as a sockaddr_in6 without a port. */
interface Target {
  readonly bytes: Uint8Array
  readonly isNumeric: boolean
  readonly isIpv4: boolean
}

/** Reads and writes socket addresses. Spoofed sources can fill a table; it then starts anew, at the price of one string per peer. */
export class SocketAddresses {
  readonly #ipv4 = new Map<number, string>()
  /** By a hash of the words; of two hosts with one hash, the later is remembered. */
  readonly #ipv6 = new Map<number, KnownHost>()
  readonly #targets = new Map<string, Target>()

  /** Hosts that are remembered, both directions counted. */
  get size(): number {
    return this.#ipv4.size + this.#ipv6.size + this.#targets.size
  }

  /** The host of the address at `at`; a v4-mapped one as IPv4. */
  readHost(view: DataView, at: number): string {
    if (view.getUint16(at, true) === AF_INET) return this.#ipv4Host(view.getUint32(at + 4))
    const a = view.getUint32(at + 8, true)
    const b = view.getUint32(at + 12, true)
    const c = view.getUint32(at + 16, true)
    if (a === 0 && b === 0 && c === MAPPED_WORD) return this.#ipv4Host(view.getUint32(at + 20))
    const d = view.getUint32(at + 20, true)
    const scope = view.getUint32(at + 24, true)
    const hash = Math.imul(Math.imul(Math.imul(Math.imul(a, 31) ^ b, 31) ^ c, 31) ^ d, 31) ^ scope
    const known = this.#ipv6.get(hash)
    if (known !== undefined) {
      const { words } = known
      if (words[0] === a && words[1] === b && words[2] === c && words[3] === d && words[4] === scope) return known.host
    }
    const host = ipv6Host(view, at + 8, scope)
    remember(this.#ipv6, hash, { words: [a, b, c, d, scope], host })
    return host
  }

  readPort(view: DataView, at: number): number {
    return view.getUint16(at + 2)
  }

  /** Writes a host and port for a socket of `family`. Returns the length; 0 where such a socket reaches no such host. */
  write(bytes: Uint8Array, at: number, family: number, host: string, port: number): number {
    let target = this.#targets.get(host)
    if (target === undefined) {
      target = toTarget(host)
      remember(this.#targets, host, target)
    }
    if (!target.isNumeric || (family === AF_INET && !target.isIpv4)) return 0
    bytes[at] = family
    bytes[at + 1] = 0
    bytes[at + 2] = port >>> 8
    bytes[at + 3] = port
    if (family === AF_INET6) {
      for (let i = 4; i < SOCKADDR_IN6_BYTES; i++) bytes[at + i] = target.bytes[i]!
      return SOCKADDR_IN6_BYTES
    }
    for (let i = 0; i < 4; i++) bytes[at + 4 + i] = target.bytes[20 + i]!
    for (let i = 8; i < SOCKADDR_IN_BYTES; i++) bytes[at + i] = 0
    return SOCKADDR_IN_BYTES
  }

  #ipv4Host(word: number): string {
    const known = this.#ipv4.get(word)
    if (known !== undefined) return known
    const host = `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
    remember(this.#ipv4, word, host)
    return host
  }
}

function remember<Key, Value>(table: Map<Key, Value>, key: Key, value: Value): void {
  if (table.size >= MAX_MAPPED_HOSTS) table.clear()
  table.set(key, value)
}

function ipv6Host(view: DataView, at: number, scope: number): string {
  const words = Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i).toString(16))
  const { address } = new SocketAddress({ address: words.join(':'), family: 'ipv6' })
  return scope === 0 ? address : `${address}%${zoneOf(scope)}`
}

function toTarget(host: string): Target {
  const bytes = new Uint8Array(SOCKADDR_IN6_BYTES)
  const view = new DataView(bytes.buffer)
  const [address = '', zone] = host.split('%')
  if (isIPv4(address)) {
    view.setUint32(16, MAPPED_WORD, true)
    for (const [i, octet] of address.split('.').entries()) bytes[20 + i] = Number(octet)
    return { bytes, isNumeric: true, isIpv4: true }
  }
  if (!isIPv6(address)) return { bytes, isNumeric: false, isIpv4: false }
  // An IPv4 tail as two words, and the one run of zeros that may be left out.
  const text = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter((word) => word !== ''))
  const words = [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  for (const [i, word] of words.entries()) view.setUint16(8 + 2 * i, Number.parseInt(word, 16))
  if (zone !== undefined) view.setUint32(24, scopeOf(zone), true)
  return { bytes, isNumeric: true, isIpv4: view.getUint32(8) === 0 && view.getUint32(12) === 0 && view.getUint32(16, true) === MAPPED_WORD }
}

/** The name of an interface by its number; the number itself where there is none. */
function zoneOf(scope: number): string {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ family, scopeid }) => family === 'IPv6' && scopeid === scope),
  )
  return found?.[0] ?? String(scope)
}

function scopeOf(zone: string): number {
  const address = networkInterfaces()[zone]?.find(({ family, scopeid }) => family === 'IPv6' && scopeid !== undefined && scopeid > 0)
  return address?.scopeid ?? (/^\d+$/.test(zone) ? Number(zone) : 0)
}
