// Finds a game on the LAN and joins it, or becomes its host. Where several do so at the same moment, all but one give way.

import { isWildcardHost } from '../io/public-hosts.js'
import type { Transport } from '../io/transport.js'
import type { MessageFactory } from '../messages/index.js'
import { MAX_DISCOVERY_INFO_BYTES, MAX_DISCOVERY_NAME_BYTES } from '../wire/limits.js'
import { type Advertisement, checkShown } from './advertisement.js'
import { Client } from './client.js'
import { checkText, encodeData, MAX_HELLO_DATA_BYTES, MAX_NAME_BYTES } from './control-messages.js'
import { type DiscoverOptions, discover, discoverSettling } from './discover.js'
import type { FoundServer } from './found-server.js'
import { FixedStepLoop } from './loop.js'
import { NetworkError } from './network-error.js'
import { checkInteger, MAX_TIMER_MS, readNumber, readOptions } from './options.js'
import { Server } from './server.js'

/** What `hostOrJoin` takes. */
export interface HostOrJoinOptions<User> extends Pick<DiscoverOptions, 'signal' | 'interfaces' | 'addresses' | 'clock' | 'entropy'> {
  /** The definitions that all players share. Servers with others are passed over. */
  readonly messages: MessageFactory
  /** Servers of this game are looked for; the host's server has it too. */
  readonly game: string
  /** The player's name, as the server sees it. */
  readonly name: string
  /** As `data` of `connect`. */
  readonly data?: unknown
  /** How long to look for a game before hosting one, 1 ms or more. Default 1000. */
  readonly timeoutMs?: number | undefined
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
  /** What others see in a list of games, as `name` of `advertise`. Default: "NAME’s game". */
  readonly serverName?: string | undefined
  /** What else is told of the game, as `info` of `advertise`. */
  readonly info?: unknown
  /** Makes what moves datagrams, one for each socket that is needed. Default: UDP sockets. With it only `addresses` are asked, as `discover` does. */
  readonly transport?: (() => Transport) | undefined
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

/** How long a new host looks for others that began at the same moment: four rounds of queries. */
const SETTLE_MS = 400

/** … and for so many of its ticks, as others answer from theirs. */
const SETTLE_TICKS = 6

/** How long whoever gave way looks for the one that stays: until that has settled, and longer. */
const SEARCH_AGAIN_MS = 1000

/** Each but the last ends where a server that was found is gone again, or another host came first. */
const ATTEMPTS = 5

/** A port that is taken may be that of a host which settles. After so many attempts it is not. */
const ATTEMPTS_AT_PORT = 3

/**
 * Joins a game on the LAN, or becomes its host where none is found within `timeoutMs`. Resolves when the client is in.
 *
 * Of several that become hosts at once, the one with the smallest id stays and the others join it. Servers that are full, in token mode or have other message definitions are passed over, and so is one
 * that does not let this client in. As nothing is left behind where it rejects, it can be called again.
 *
 * Rejects with a TypeError or RangeError `BAD_OPTION` or `BAD_PORT`; with what `listen`, `advertise` and `discover` reject with; with a NetworkError `TIMEOUT` after five attempts; and with the signal's reason.
 *
 * @example
 * const { client, server } = await hostOrJoin({ messages, game: 'arena', name: 'ada', setUp: arena })
 */
export async function hostOrJoin<User = undefined>(options: HostOrJoinOptions<User>): Promise<HostedOrJoined<User>> {
  checkOptions(options)
  const { timeoutMs = 1000 } = options
  const passedOver = new Set<string>()
  let failure: unknown
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const searchMs = attempt === 1 ? timeoutMs : Math.max(timeoutMs, SEARCH_AGAIN_MS)
    for await (const found of discover({ ...searchOf(options), timeoutMs: searchMs })) {
      if (passedOver.has(found.id) || !isJoinable(options, found)) continue
      try {
        return { client: await join(options, found), server: undefined, isHost: false }
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error
        failure = error // it is full by now, or gone, or has refused this player
        passedOver.add(found.id)
      }
    }
    try {
      const hosted = await host(options, passedOver)
      if (hosted !== undefined) return hosted
    } catch (error) {
      if (!isPortTaken(error) || attempt >= ATTEMPTS_AT_PORT) throw error
      failure = error
    }
  }
  throw new NetworkError('TIMEOUT', `no game was joined and none could be hosted in ${ATTEMPTS} attempts`, { cause: failure })
}

/** What only a host or only who joins would notice is told to both. */
function checkOptions<User>(options: HostOrJoinOptions<User>): void {
  const { messages, game, name, data, timeoutMs, hz = 60, port = 0, maxPeers = 1, serverName = '', info } = options
  readOptions({ messages, game })
  checkText('name', name, MAX_NAME_BYTES)
  encodeData(data, MAX_HELLO_DATA_BYTES)
  readNumber('timeoutMs', timeoutMs, 1000, 1, MAX_TIMER_MS)
  FixedStepLoop.check({ hz })
  checkInteger('port', port, 0, 65_535, 'BAD_PORT')
  checkInteger('maxPeers', maxPeers, 1, 65_536, 'BAD_OPTION')
  checkShown('game', game)
  checkShown('serverName', serverName)
  encodeData(info, MAX_DISCOVERY_INFO_BYTES, 'info')
}

function searchOf<User>({ game, signal, interfaces, addresses, clock, entropy, transport }: HostOrJoinOptions<User>): DiscoverOptions {
  return { game, signal, interfaces, addresses, clock, entropy, transport: transport?.() }
}

function isJoinable<User>({ messages }: HostOrJoinOptions<User>, found: FoundServer): boolean {
  return !found.needsToken && found.fingerprint === messages.fingerprint && found.players < found.maxPlayers
}

/** Where it rejects, the client is closed. */
async function join<User>(options: HostOrJoinOptions<User>, where: { readonly host: string; readonly port: number }): Promise<Client> {
  const { messages, game, name, data, signal, clock, entropy, transport } = options
  signal?.throwIfAborted()
  const client = new Client({ messages, game, clock, entropy, transport: transport?.() })
  const abort = (): void => void client.close()
  signal?.addEventListener('abort', abort)
  try {
    await client.connect({ host: where.host, port: where.port, name, data })
    signal?.throwIfAborted()
    return client
  } catch (error) {
    await client.close()
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Becomes the host; undefined where another is. Where it rejects, the server is closed. */
async function host<User>(options: HostOrJoinOptions<User>, passedOver: ReadonlySet<string>): Promise<HostedOrJoined<User> | undefined> {
  const { messages, game, name, maxPeers, port, setUp, onTick, hz = 60, info, clock, entropy, transport, signal } = options
  const server = new Server<User>({ messages, game, maxPeers, clock, entropy, transport: transport?.() })
  setUp?.(server)
  try {
    const { host: local, port: bound } = await server.listen({ ...(options.interfaces === 'loopback' ? { host: '127.0.0.1' } : {}), port })
    server.run({ hz, ...(onTick === undefined ? {} : { onTick: (tick, dtMs) => onTick(server, tick, dtMs) }) })
    signal?.throwIfAborted()
    const serverName = options.serverName ?? nameOfGame(name)
    const advertisement = await server.advertise({ name: serverName, info, isSettling: true, transport: transport?.() })
    if (await givesWay(options, advertisement, passedOver)) {
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
async function givesWay<User>(options: HostOrJoinOptions<User>, own: Advertisement, passedOver: ReadonlySet<string>): Promise<boolean> {
  const timeoutMs = Math.max(SETTLE_MS, (SETTLE_TICKS * 1000) / (options.hz ?? 60))
  for await (const other of discoverSettling({ ...searchOf(options), timeoutMs })) {
    if (other.id === own.id || passedOver.has(other.id) || !isJoinable(options, other)) continue
    if (!other.isSettling || other.id < own.id) return true
  }
  return false
}

function isPortTaken(error: unknown): boolean {
  return error instanceof NetworkError && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'EADDRINUSE'
}

/** A player's name may be longer than a server's, and hold what others should not print. */
function nameOfGame(player: string): string {
  const letters = [...player.replace(/\p{Cc}/gu, '')]
  const named = (): string => `${letters.join('')}’s game`
  while (new TextEncoder().encode(named()).length > MAX_DISCOVERY_NAME_BYTES) letters.pop()
  return letters.length === 0 ? 'A game' : named()
}
