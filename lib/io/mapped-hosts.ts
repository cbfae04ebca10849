// IPv4 hosts as a dual-stack socket writes them, '::ffff:192.0.2.1' (RFC 4291, section 2.5.5.2), and as everybody else does.
import { MAX_MAPPED_HOSTS } from './limits.js'

const PREFIX = '::ffff:'

/**
 * Turns either form into the other, for each datagram of a dual-stack socket, and remembers it: a look-up makes no string, and all
 * datagrams of a peer give one and the same. Spoofed sources can fill a table; it then starts anew, at the price of one string per peer.
 */
export class MappedHosts {
  readonly #dotted = new Map<string, string>()
  readonly #mapped = new Map<string, string>()

  /** Hosts that are remembered, both forms counted. */
  get size(): number {
    return this.#dotted.size + this.#mapped.size
  }

  /** '::ffff:192.0.2.1' → '192.0.2.1'; any other host as it is. */
  toDotted(host: string): string {
    return this.#dotted.get(host) ?? remember(this.#dotted, host, host.startsWith(PREFIX) ? host.slice(PREFIX.length) : host)
  }

  /** '192.0.2.1' → '::ffff:192.0.2.1'; an IPv6 host as it is. */
  toMapped(host: string): string {
    return this.#mapped.get(host) ?? remember(this.#mapped, host, host.includes(':') ? host : PREFIX + host)
  }
}

function remember(table: Map<string, string>, host: string, form: string): string {
  if (table.size >= MAX_MAPPED_HOSTS) table.clear()
  table.set(host, form)
  return form
}
