// Whom a search asks: this host, its networks by broadcast, and the hosts that were given, each at every discovery port or at the one that was named.
import { broadcastHosts } from '../io/broadcast-hosts.js'
import { resolveHost } from '../io/resolve-host.js'
import { describe } from '../messages/refusal.js'
import { DISCOVERY_PORT, DISCOVERY_PORTS, MAX_DISCOVERY_TARGETS } from '../wire/limits.js'
import { NetworkError, withCode } from './network-error.js'

/** Where one query of each round goes. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** The options of a search that say whom to ask. */
export interface Where {
  readonly interfaces: 'all' | 'loopback' | readonly string[]
  readonly addresses: readonly string[]
}

/** A numeric host, and the port that is asked there; undefined for every discovery port. */
export interface TargetHost {
  readonly host: string
  readonly port: number | undefined
}

/** The hosts behind `addresses`. Rejects as `discover` says. */
export async function resolveAddresses(addresses: Where['addresses']): Promise<TargetHost[]> {
  return (await Promise.all(addresses.map(resolveAddress))).flat()
}

/** This host, the networks that it is in now, and the hosts that were given. Throws as `discover` says. */
export function findTargets(interfaces: Where['interfaces'], given: readonly TargetHost[]): Target[] {
  const own = ['127.0.0.1', ...chosenBroadcastHosts(interfaces)]
  return targetsOf([...own.map((host) => ({ host, port: undefined })), ...given])
}

/** Where hosts are asked, each place once. Throws where there are too many. */
export function targetsOf(hosts: readonly TargetHost[]): Target[] {
  if (hosts.length > MAX_DISCOVERY_TARGETS) {
    throw withCode(
      new RangeError(`"addresses" and the interfaces expected at most ${MAX_DISCOVERY_TARGETS} hosts and networks, got ${hosts.length}`),
      'BAD_OPTION',
    )
  }
  return withoutRepeats(hosts.flatMap(targetsAt))
}

function chosenBroadcastHosts(interfaces: Where['interfaces']): readonly string[] {
  if (interfaces === 'loopback') return []
  try {
    return broadcastHosts(interfaces === 'all' ? undefined : interfaces)
  } catch (error) {
    throw error instanceof Error ? withCode(error, 'BAD_OPTION') : error
  }
}

/** `host` or `host:port`, where an IPv6 host with a port is in brackets. A name may have several addresses, and a server listens at any of them. */
async function resolveAddress(text: string): Promise<TargetHost[]> {
  const [, hostOfPort, digits] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text) ?? []
  const host = (hostOfPort ?? text).replace(/^\[(.*)\]$/, '$1')
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65_535))
    throw new NetworkError('BAD_ADDRESS', `"addresses" expected ports 1–65535, got ${describe(text)}`)
  try {
    return (await resolveHost(host, port ?? DISCOVERY_PORT)).map((address) => ({ host: address.host, port }))
  } catch (cause) {
    throw new NetworkError(
      'BAD_ADDRESS',
      `"addresses" expected hosts that can be resolved, with or without a port, got ${describe(text)}`,
      { cause },
    )
  }
}

function targetsAt({ host, port }: TargetHost): Target[] {
  if (port !== undefined) return [{ host, port }]
  return Array.from({ length: DISCOVERY_PORTS }, (_, i) => ({ host, port: DISCOVERY_PORT + i }))
}

function withoutRepeats(targets: readonly Target[]): Target[] {
  return [...new Map(targets.map((target) => [`${target.host} ${target.port}`, target])).values()]
}
