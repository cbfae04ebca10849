// Finds a game on the LAN and joins it, or becomes its host. Where several do so at the same moment, all but one give way.

import { isWildcardHost } from '../io/public-hosts.js'
import type { MessageFactory } from '../messages/index.js'
import type { Advertisement } from './advertisement.js'
import { Client } from './client.js'
import { type DiscoverOptions, discover, discoverSettling } from './discover.js'
import type { FoundServer } from './found-server.js'
import { NetworkError } from './network-error.js'
import { Server } from './server.js'

/** What `hostOrJoin` takes. */
export interface HostOrJoinOptions<User> extends Pick<DiscoverOptions, 'timeoutMs' | 'signal' | 'interfaces' | 'addresses'> {
  /** The definitions that all players share. Servers with others are passed over. */
  readonly messages: MessageFactory
  /** Servers of this game are looked for; the host's server has it too. */
  readonly game: string
  /** The player's name, as the server sees it. */
  readonly name: string
  /** As `data` of `connect`. */
  readonly data?: unknown
  /** Sets a server up, before it listens: handlers and the like. Called for each server that is tried as host; only one stays. */
  readonly setUp?: ((server: Server<User>) => void) | undefined
  /** Called at each tick of the host's loop, as `onTick` of `run`. */
  readonly onTick?: ((server: Server<User>, tick: number, dtMs: number) => void) | undefined
  /** How often the host's loop runs a second. Default 60. */
  readonly hz?: number | undefined
  /** The host's port. Default: the system chooses. */
  readonly port?: number | undefined
  /** Players at once, the host among them. Default 64. */
  readonly maxPeers?: number | undefined
  /** What others see in a list of games. Default: "NAME’s game". */
  readonly serverName?: string | undefined
  /** What else is told of the game, as `info` of `advertise`. */
  readonly info?: unknown
}

/** What came of it. */
export interface HostedOrJoined<User> {
  /** Connected. Your loop updates it, or `client.run`. */
  readonly client: Client
  /** Running, where this process is the host. Close it after the client. */
  readonly server: Server<User> | undefined
  /** Whether this process runs the server. */
  readonly isHost: boolean
}

/** How long a new host looks for others that began at the same moment. */
const SETTLE_MS = 400

/** Each attempt fails only where a server that was found is gone again. */
const ATTEMPTS = 5

/**
 * Joins a game on the LAN, or becomes its host where none is found within `timeoutMs` (default 1000). Resolves when the client is in.
 *
 * Of several that become hosts at once, the one with the smallest id stays and the others join it. Servers that are full, in token mode or have other message definitions are passed over.
 *
 * @throws what `Server` and `Client` throw for their options; rejects with what `listen`, `advertise` and `connect` reject with, and with the signal's reason
 *
 * @example
 * const { client, server } = await hostOrJoin({ messages, game: 'arena', name: 'ada', setUp: arena })
 */
export async function hostOrJoin<User = undefined>(options: HostOrJoinOptions<User>): Promise<HostedOrJoined<User>> {
  let lastError: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    for await (const found of discover(searchFor(options))) {
      if (!isJoinable(options, found)) continue
      try {
        return { client: await join(options, found), server: undefined, isHost: false }
      } catch (error) {
        lastError = error
      }
    }
    const hosted = await host(options)
    if (hosted !== undefined) return hosted
  }
  throw new NetworkError('TIMEOUT', `no game was joined and none could be hosted in ${ATTEMPTS} attempts`, { cause: lastError })
}

function searchFor<User>({ game, signal, interfaces, addresses, timeoutMs }: HostOrJoinOptions<User>): DiscoverOptions {
  return { game, signal, interfaces, addresses, timeoutMs }
}

function isJoinable<User>({ messages }: HostOrJoinOptions<User>, found: FoundServer): boolean {
  return !found.needsToken && found.fingerprint === messages.fingerprint && found.players < found.maxPlayers
}

async function join<User>(options: HostOrJoinOptions<User>, where: { readonly host: string; readonly port: number }): Promise<Client> {
  const { messages, game, name, data } = options
  const client = new Client({ messages, game })
  await client.connect({ host: where.host, port: where.port, name, data })
  return client
}

/** Becomes the host; undefined where another is. */
async function host<User>(options: HostOrJoinOptions<User>): Promise<HostedOrJoined<User> | undefined> {
  const { messages, game, name, maxPeers, port, setUp, onTick, hz = 60, info, serverName = `${name}’s game` } = options
  const server = new Server<User>({ messages, game, maxPeers })
  setUp?.(server)
  try {
    const { host: local, port: bound } = await server.listen({ ...(options.interfaces === 'loopback' ? { host: '127.0.0.1' } : {}), port })
    server.run({ hz, ...(onTick === undefined ? {} : { onTick: (tick, dtMs) => onTick(server, tick, dtMs) }) })
    const advertisement = await server.advertise({ name: serverName, info })
    advertisement.isSettling = true
    if (await givesWay(options, advertisement)) {
      await server.close('another host was first')
      return undefined
    }
    advertisement.isSettling = false
    return { client: await join(options, { host: isWildcardHost(local) ? '127.0.0.1' : local, port: bound }), server, isHost: true }
  } catch (error) {
    await server.close()
    throw error
  }
}

/**
 * Whether there is another host that stays: one that has settled, or the one of several with the smallest id. Two that settle hear of each other, or the later one hears that the earlier has settled.
 */
async function givesWay<User>(options: HostOrJoinOptions<User>, own: Advertisement): Promise<boolean> {
  for await (const other of discoverSettling({ ...searchFor(options), timeoutMs: SETTLE_MS })) {
    if (other.id === own.id || !isJoinable(options, other)) continue
    if (!other.isSettling || other.id < own.id) return true
  }
  return false
}
