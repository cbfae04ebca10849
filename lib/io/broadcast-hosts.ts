// The broadcast addresses of this machine's networks. IPv6 has no broadcast; a game on a LAN has IPv4.
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** What `networkInterfaces` of node:os gives. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/**
 * The broadcast address of each IPv4 network that this machine is in, loopback left out: of all interfaces, or of those that are named, by name (`eth0`) or IPv4 address (`192.168.1.5`).
 * Throws a RangeError for one that is not there.
 */
export function broadcastHosts(named: readonly string[] | undefined, interfaces: Interfaces = networkInterfaces()): string[] {
  const all = Object.entries(interfaces).flatMap(([name, entries]) => (entries ?? []).map((entry) => ({ name, ...entry })))
  const isNamed = (entry: (typeof all)[number], text: string): boolean =>
    entry.name === text || (entry.family === 'IPv4' && entry.address === text)
  for (const text of named ?? []) {
    if (!all.some((entry) => isNamed(entry, text)))
      throw new RangeError(
        `"interfaces" expected some of ${[...new Set(all.map(({ name }) => name))].join(', ')} or their IPv4 addresses, got ${text}`,
      )
  }
  const chosen = named === undefined ? all : all.filter((entry) => named.some((text) => isNamed(entry, text)))
  const networks = chosen.filter(({ family, internal }) => family === 'IPv4' && !internal)
  return [...new Set(networks.flatMap(({ address, netmask }) => broadcastHostOf(address, netmask) ?? []))]
}

/** The last address of a network; undefined where that is no broadcast: a point-to-point link, /31 (RFC 3021) or /32. */
function broadcastHostOf(address: string, netmask: string): string | undefined {
  const mask = netmask.split('.').map(Number)
  if (mask[3]! >= 254) return undefined
  return address
    .split('.')
    .map((octet, i) => Number(octet) | (~mask[i]! & 255))
    .join('.')
}
