// Looks for advertised servers: asks at every discovery port of every broadcast address and given host, several times, as datagrams get lost, and hands out each server once.
import { broadcastHosts } from '../io/broadcast-hosts.js'
import { type Clock, type CompleteClock, completeClock } from '../io/clock.js'
import { type Entropy, systemEntropy } from '../io/entropy.js'
import { resolveHost } from '../io/resolve-host.js'
import type { Datagram, Transport } from '../io/transport.js'
import { UdpTransport } from '../io/udp-transport.js'
import { describe } from '../messages/refusal.js'
import { protocolIdOf } from '../netcode/create-connect-token.js'
import { parseAddress } from '../wire/address.js'
import {
  DISCOVERY_PORT,
  DISCOVERY_PORTS,
  MAX_DISCOVERY_TARGETS,
  MAX_FOUND_SERVERS,
  MAX_INBOX_DATAGRAMS,
  SOCKET_BUFFER_BYTES,
} from '../wire/limits.js'
import { decodeReply, encodeQuery, halves } from './discovery-messages.js'
import { FoundServer } from './found-server.js'
import { NetworkError, withCode } from './network-error.js'
import { readNumber } from './options.js'

/** What `discover` takes. */
export interface DiscoverOptions {
  /** Only servers of this game. Default: of every game. */
  readonly game?: string | undefined
  /** How long to look, in ms; 0: until the loop is left or `signal` aborts. Default 1000. */
  readonly timeoutMs?: number | undefined
  /** Ends the search: the iteration then throws its reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * Which networks are asked, beside this host itself: `'all'`, those of interfaces by name or address (`['eth0', '192.168.1.5']`), or `'loopback'` for none. Default `'all'`.
   */
  readonly interfaces?: 'all' | 'loopback' | readonly string[] | undefined
  /** Further hosts to ask, where no broadcast goes: `203.0.113.7`, `vpn.example`, or with the discovery port of one server, `203.0.113.7:23600`. */
  readonly addresses?: readonly string[] | undefined
  /** What moves queries and replies. Default: UDP sockets. With one of your own, only `addresses` are asked. */
  readonly transport?: Transport | undefined
  /** Where time comes from. Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined
  /** Where randomness comes from. Default: the system's secure source. */
  readonly entropy?: Entropy | undefined
}

interface Target {
  readonly host: string
  readonly port: number
}

/** When the rounds of queries leave, in ms from the start: half of them in the first third of a second. After the last, one goes each time that its distance to the one before has passed. */
const ROUNDS_MS = [0, 50, 150, 350, 650, 1150, 2150]

/**
 * Looks for servers that called `advertise`, on this host and its networks, and yields each once, as it answers.
 *
 * @throws TypeError or RangeError with code BAD_OPTION; the iteration rejects with a NetworkError `SOCKET` where no socket can be opened, `BAD_ADDRESS` for a host that cannot be resolved
 *
 * @example
 * for await (const found of discover({ game: 'arena', timeoutMs: 500 })) console.log(found.name, found.players, found.latency)
 */
export function discover(options: DiscoverOptions = {}): AsyncGenerator<FoundServer, void, undefined> {
  return iterate(options, false)
}

/** As `discover`, and also servers that may yet give way, once more when they have settled. For `hostOrJoin`. */
export function discoverSettling(options: DiscoverOptions): AsyncGenerator<FoundServer, void, undefined> {
  return iterate(options, true)
}

/** Misuse throws at the call, and so not in the generator, which runs when it is asked for its first value. */
function iterate(options: DiscoverOptions, isOfSettling: boolean): AsyncGenerator<FoundServer, void, undefined> {
  const { game, interfaces = 'all', addresses = [] } = options
  if (game !== undefined && (typeof game !== 'string' || game === '')) throw misuse('game', 'a name', game)
  if (interfaces !== 'all' && interfaces !== 'loopback' && !isTexts(interfaces))
    throw misuse('interfaces', "'all', 'loopback' or names", interfaces)
  if (!isTexts(addresses)) throw misuse('addresses', "hosts such as '192.168.1.5'", addresses)
  const timeoutMs = readNumber('timeoutMs', options.timeoutMs, 1000, 0, 2 ** 31)
  return findEach(new Search(options, { interfaces, addresses, isOfSettling }), timeoutMs, options.signal)
}

async function* findEach(search: Search, timeoutMs: number, signal: AbortSignal | undefined): AsyncGenerator<FoundServer, void, undefined> {
  signal?.throwIfAborted()
  const abort = (): void => search.end()
  signal?.addEventListener('abort', abort)
  try {
    await search.open(timeoutMs)
    for (;;) {
      const found = await search.next()
      signal?.throwIfAborted()
      if (found === undefined) return
      yield found
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    await search.close()
  }
}

interface Where {
  readonly interfaces: 'all' | 'loopback' | readonly string[]
  readonly addresses: readonly string[]
  readonly isOfSettling: boolean
}

class Search {
  readonly #options: DiscoverOptions
  readonly #where: Where
  readonly #clock: CompleteClock
  readonly #gameId: readonly [low: number, high: number]
  readonly #nonceLow: number
  readonly #nonceHigh: number
  /** One for IPv4, and one for IPv6 where that is asked for. */
  readonly #transports: { readonly transport: Transport; readonly targets: readonly Target[] }[] = []
  /** When each round left: the reply's nonce says which one it answers. */
  readonly #askedAt: number[] = []
  readonly #seen = new Set<string>()
  readonly #found: FoundServer[] = []
  #hasEnded = false
  #wake: (() => void) | undefined
  #cancelRound: (() => void) | undefined
  #cancelEnd: (() => void) | undefined

  constructor(options: DiscoverOptions, where: Where) {
    this.#options = options
    this.#where = where
    this.#clock = completeClock(options.clock)
    this.#gameId = halves(options.game === undefined ? 0n : protocolIdOf(options.game))
    const nonce = new Uint32Array(2)
    ;(options.entropy ?? systemEntropy).fill(new Uint8Array(nonce.buffer))
    this.#nonceLow = nonce[0]!
    this.#nonceHigh = nonce[1]!
  }

  async open(timeoutMs: number): Promise<void> {
    const targets = await this.#findTargets()
    if (this.#options.transport !== undefined) await this.#openTransport(this.#options.transport, targets, undefined)
    else {
      const isV6 = ({ host }: Target): boolean => host.includes(':')
      const local = this.#where.interfaces === 'loopback' && this.#where.addresses.length === 0 ? '127.0.0.1' : '0.0.0.0'
      await this.#openTransport(
        new UdpTransport({ clock: this.#clock }),
        targets.filter((target) => !isV6(target)),
        local,
      )
      if (targets.some(isV6)) await this.#openTransport(new UdpTransport({ clock: this.#clock }), targets.filter(isV6), '::')
    }
    if (this.#hasEnded) return
    if (timeoutMs > 0) this.#cancelEnd = this.#clock.setTimer(timeoutMs, () => this.end())
    this.#ask()
  }

  /** The next server; undefined when the search is over. */
  async next(): Promise<FoundServer | undefined> {
    while (this.#found.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#found.shift()
  }

  end(): void {
    this.#hasEnded = true
    this.#cancelRound?.()
    this.#cancelEnd?.()
    this.#wake?.()
  }

  async close(): Promise<void> {
    this.end()
    await Promise.all(this.#transports.map(({ transport }) => transport.close()))
  }

  async #findTargets(): Promise<Target[]> {
    const { transport } = this.#options
    const everyPort = (host: string): Target[] => Array.from({ length: DISCOVERY_PORTS }, (_, i) => ({ host, port: DISCOVERY_PORT + i }))
    const own = transport === undefined ? ['127.0.0.1', ...this.#broadcastHosts()] : []
    const given = await Promise.all(this.#where.addresses.map((address) => resolveTargets(address, everyPort)))
    const hosts = [...own.map(everyPort), ...given]
    if (hosts.length > MAX_DISCOVERY_TARGETS) {
      throw withCode(
        new RangeError(`"addresses" and the interfaces expected at most ${MAX_DISCOVERY_TARGETS} hosts and networks, got ${hosts.length}`),
        'BAD_OPTION',
      )
    }
    return hosts.flat()
  }

  #broadcastHosts(): string[] {
    if (this.#where.interfaces === 'loopback') return []
    try {
      return broadcastHosts(this.#where.interfaces === 'all' ? undefined : this.#where.interfaces)
    } catch (error) {
      throw error instanceof Error ? withCode(error, 'BAD_OPTION') : error
    }
  }

  async #openTransport(transport: Transport, targets: readonly Target[], host: string | undefined): Promise<void> {
    transport.onError = undefined // a network that is down, a host that does not listen: there is nothing to find there
    transport.onReadable = () => this.#receive(transport)
    try {
      await transport.open({
        ...(host === undefined ? {} : { host }),
        broadcast: true,
        maxInboxDatagrams: MAX_INBOX_DATAGRAMS,
        socketBufferBytes: SOCKET_BUFFER_BYTES,
      })
    } catch (cause) {
      throw new NetworkError('SOCKET', `cannot open a socket to search with: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      })
    }
    this.#transports.push({ transport, targets })
  }

  #ask(): void {
    const [gameLow, gameHigh] = this.#gameId
    const round = this.#askedAt.length
    this.#askedAt.push(this.#clock.now())
    const nonceLow = (this.#nonceLow + round) >>> 0
    for (const { transport, targets } of this.#transports) {
      for (const { host, port } of targets)
        transport.send(encodeQuery({ nonceLow, nonceHigh: this.#nonceHigh, gameLow, gameHigh }, transport.buffer()), host, port)
    }
    const last = ROUNDS_MS.length - 1
    const pause = round < last ? ROUNDS_MS[round + 1]! - ROUNDS_MS[round]! : ROUNDS_MS[last]! - ROUNDS_MS[last - 1]!
    this.#cancelRound = this.#clock.setTimer(pause, () => this.#ask())
  }

  #receive(transport: Transport): void {
    for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive()) this.#take(datagram)
  }

  /** What does not answer one of our queries is not for us. */
  #take({ bytes, host, at }: Datagram): void {
    const reply = decodeReply(bytes)
    if (reply === undefined || reply.nonceHigh !== this.#nonceHigh || this.#hasEnded) return
    const askedAt = this.#askedAt[(reply.nonceLow - this.#nonceLow) >>> 0]
    if (askedAt === undefined || reply.port === 0) return
    const found = new FoundServer(reply, host, Math.max(0, at - askedAt - Math.max(0, reply.waitedMs)))
    if (found.isSettling && !this.#where.isOfSettling) return
    const key = found.isSettling ? `${found.id} settling` : found.id
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#found.push(found)
    this.#wake?.()
    if (this.#seen.size >= MAX_FOUND_SERVERS) this.end()
  }
}

/** `host` at every discovery port, or `host:port`. IPv6 with a port is written in brackets. */
async function resolveTargets(text: string, everyPort: (host: string) => Target[]): Promise<Target[]> {
  const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text)
  try {
    if (withPort === null) {
      const [address] = await resolveHost(text.replace(/^\[(.*)\]$/, '$1'), DISCOVERY_PORT)
      return everyPort(address!.host)
    }
    const port = parseAddress(`0.0.0.0:${withPort[2]}`).port
    const [address] = await resolveHost(withPort[1]!.replace(/^\[(.*)\]$/, '$1'), port)
    return [{ host: address!.host, port }]
  } catch (cause) {
    throw new NetworkError(
      'BAD_ADDRESS',
      `"addresses" expected hosts that can be resolved, with or without a port, got ${describe(text)}`,
      { cause },
    )
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '')
}

function misuse(name: string, expected: string, got: unknown): TypeError {
  return withCode(new TypeError(`"${name}" expected ${expected}, got ${describe(got)}`), 'BAD_OPTION')
}
