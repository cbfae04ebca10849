// Looks for advertised servers: asks at every discovery port of every broadcast address and given host, several times, as datagrams get lost, and hands out each server once.
import { type Clock, type CompleteClock, completeClock } from '../io/clock.js'
import { type Entropy, systemEntropy } from '../io/entropy.js'
import { isLoopbackHost } from '../io/public-hosts.js'
import type { Datagram, Transport } from '../io/transport.js'
import { UdpTransport } from '../io/udp-transport.js'
import { describe } from '../messages/refusal.js'
import { protocolIdOf } from '../netcode/create-connect-token.js'
import { MAX_FOUND_SERVERS, MAX_INBOX_DATAGRAMS, MAX_TIMED_ROUNDS, SOCKET_BUFFER_BYTES } from '../wire/limits.js'
import { decodeReply, encodeQuery, halves } from './discovery-messages.js'
import { FoundServer } from './found-server.js'
import { NetworkError, withCode } from './network-error.js'
import { MAX_TIMER_MS, readNumber } from './options.js'
import { findTargets, resolveAddresses, type Target, type TargetHost, targetsOf, type Where } from './search-targets.js'

/** What `discover` takes. */
export interface DiscoverOptions {
  /** Only servers of this game: their option `game`. Default: of every game. */
  readonly game?: string | undefined
  /** How long to look, in ms; 0: until the loop is left or `signal` aborts. Default 1000. */
  readonly timeoutMs?: number | undefined
  /** Ends the search: the iteration then throws its reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * Which networks are asked, beside this host itself: `'all'`, those of interfaces by name or address (`['eth0', '192.168.1.5']`), or `'loopback'` for none.
   * Networks that come up while the search goes on are asked too. Default `'all'`.
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

/** When the rounds of queries leave, in ms from the start: four of them in the first third of a second. After the last, one goes every second. */
const ROUNDS_MS = [0, 50, 150, 350, 650, 1150]

const LATER_ROUNDS_MS = 1000

/**
 * Looks for servers that called `advertise`, on this host and its networks, and yields each once, as it answers. Leaving the loop ends the search and closes its sockets.
 *
 * Nothing of it is secret or proven: whoever is on the network can ask, and anyone can answer.
 *
 * @throws TypeError or RangeError with code BAD_OPTION; the iteration rejects with a NetworkError `SOCKET` where no socket can be opened, `BAD_ADDRESS` for a host that cannot be resolved,
 * RangeError `BAD_OPTION` for an interface that is not there, and the signal's reason
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
  const timeoutMs = readNumber('timeoutMs', options.timeoutMs, 1000, 0, MAX_TIMER_MS)
  return findEach(new Search(options, { interfaces, addresses }, isOfSettling), timeoutMs, options.signal)
}

async function* findEach(search: Search, timeoutMs: number, signal: AbortSignal | undefined): AsyncGenerator<FoundServer, void, undefined> {
  signal?.throwIfAborted()
  const abort = (): void => search.end()
  signal?.addEventListener('abort', abort)
  try {
    search.start(timeoutMs)
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

/** A socket of a search and whom it asks. */
interface Line {
  readonly transport: Transport
  targets: readonly Target[]
  readonly opened: Promise<unknown>
}

class Search {
  readonly #options: DiscoverOptions
  readonly #where: Where
  readonly #isOfSettling: boolean
  readonly #clock: CompleteClock
  readonly #gameId: readonly [low: number, high: number]
  readonly #nonceLow: number
  readonly #nonceHigh: number
  /** What `addresses` has come to. */
  #given: readonly TargetHost[] = []
  /** One for IPv4, and one for IPv6 where that is asked for. */
  readonly #lines: Line[] = []
  /** When the last rounds left, oldest first: the reply's nonce says which one it answers. */
  readonly #askedAt: number[] = []
  #rounds = 0
  readonly #seen = new Set<string>()
  readonly #found: FoundServer[] = []
  #failure: { readonly error: unknown } | undefined
  #hasEnded = false
  #wake: (() => void) | undefined
  #cancelRound: (() => void) | undefined
  #cancelEnd: (() => void) | undefined

  constructor(options: DiscoverOptions, where: Where, isOfSettling: boolean) {
    this.#options = options
    this.#where = where
    this.#isOfSettling = isOfSettling
    this.#clock = completeClock(options.clock)
    this.#gameId = halves(options.game === undefined ? 0n : protocolIdOf(options.game))
    const nonce = new Uint32Array(2)
    ;(options.entropy ?? systemEntropy).fill(new Uint8Array(nonce.buffer))
    this.#nonceLow = nonce[0]!
    this.#nonceHigh = nonce[1]!
  }

  /** What fails is told by `next`. Nobody waits for this, so that a name that takes long to resolve holds up no abort. */
  start(timeoutMs: number): void {
    this.#open(timeoutMs).catch((error: unknown) => {
      this.#failure = { error }
      this.end()
    })
  }

  /** The next server; undefined when the search is over. */
  async next(): Promise<FoundServer | undefined> {
    while (this.#found.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const found = this.#found.shift()
    if (found === undefined && this.#failure !== undefined) throw this.#failure.error
    return found
  }

  end(): void {
    this.#hasEnded = true
    this.#cancelRound?.()
    this.#cancelEnd?.()
    this.#wake?.()
  }

  async close(): Promise<void> {
    this.end()
    await Promise.all(
      this.#lines.map(async ({ transport, opened }) => {
        await transport.close()
        await opened.catch(() => {}) // what was about to open is closed too
        await transport.close()
      }),
    )
  }

  async #open(timeoutMs: number): Promise<void> {
    const { transport } = this.#options
    this.#given = await resolveAddresses(this.#where.addresses)
    if (this.#hasEnded) return
    if (transport !== undefined) this.#addLine(transport, targetsOf(this.#given), undefined)
    else {
      const targets = findTargets(this.#where.interfaces, this.#given)
      const v4 = targets.filter((target) => !isV6(target))
      const v6 = targets.filter(isV6)
      const isLocal = this.#where.interfaces === 'loopback' && v4.every(({ host }) => isLoopbackHost(host))
      this.#addLine(new UdpTransport({ clock: this.#clock }), v4, isLocal ? '127.0.0.1' : '0.0.0.0')
      // Where the system has no IPv6, there is nothing to find by it.
      if (v6.length > 0) this.#addLine(new UdpTransport({ clock: this.#clock }), v6, '::').opened.catch(() => {})
    }
    await this.#lines[0]!.opened
    if (this.#hasEnded) return
    // One turn of the event loop later, so that what has arrived already is read first, however busy the process was.
    if (timeoutMs > 0)
      this.#cancelEnd = this.#clock.setTimer(timeoutMs, () => {
        this.#cancelEnd = this.#clock.setTimer(0, () => this.end())
      })
    this.#ask()
  }

  #addLine(transport: Transport, targets: readonly Target[], host: string | undefined): Line {
    transport.onError = undefined // a network that is down, a host that does not listen: there is nothing to find there
    transport.onReadable = () => {
      for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive()) this.#take(datagram)
    }
    const opening = transport.open({
      ...(host === undefined ? {} : { host }),
      broadcast: true,
      maxInboxDatagrams: MAX_INBOX_DATAGRAMS,
      socketBufferBytes: SOCKET_BUFFER_BYTES,
    })
    const opened = opening.catch((cause: unknown) => {
      const text = cause instanceof Error ? cause.message : String(cause)
      throw new NetworkError('SOCKET', `cannot open a socket to search with: ${text}`, { cause })
    })
    transport.watch?.(true)
    const line = { transport, targets, opened }
    this.#lines.push(line)
    return line
  }

  /** A network may come up while the search goes on. */
  #lookForNetworks(): void {
    if (this.#options.transport !== undefined) return
    try {
      const targets = findTargets(this.#where.interfaces, this.#given)
      this.#lines[0]!.targets = targets.filter((target) => !isV6(target))
    } catch {} // an interface has gone, or there are too many: those of before are asked
  }

  #ask(): void {
    if (this.#rounds > 0) this.#lookForNetworks()
    const [gameLow, gameHigh] = this.#gameId
    const round = this.#rounds++
    this.#askedAt.push(this.#clock.now())
    if (this.#askedAt.length > MAX_TIMED_ROUNDS) this.#askedAt.shift()
    const query = { nonceLow: (this.#nonceLow + round) >>> 0, nonceHigh: this.#nonceHigh, gameLow, gameHigh }
    for (const { transport, targets } of this.#lines) {
      for (const { host, port } of targets) transport.send(encodeQuery(query, transport.buffer()), host, port)
      transport.flush?.()
    }
    const [before, after] = [ROUNDS_MS[round], ROUNDS_MS[round + 1]]
    this.#cancelRound = this.#clock.setTimer(after === undefined ? LATER_ROUNDS_MS : after - before!, () => this.#ask())
  }

  /** What does not answer one of our queries is not for us. */
  #take({ bytes, length, host, at }: Datagram): void {
    const reply = decodeReply(bytes.subarray(0, length))
    if (reply === undefined || reply.nonceHigh !== this.#nonceHigh || this.#hasEnded) return
    const round = (reply.nonceLow - this.#nonceLow) >>> 0
    const askedAt = this.#askedAt[round - (this.#rounds - this.#askedAt.length)]
    if (askedAt === undefined) return
    const found = new FoundServer(reply, host, Math.max(0, at - askedAt - reply.waitedMs))
    if (found.isSettling && !this.#isOfSettling) return
    const key = found.isSettling ? `${found.id} settling` : found.id
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#found.push(found)
    this.#wake?.()
    if (this.#seen.size >= MAX_FOUND_SERVERS) this.end()
  }
}

function isV6({ host }: Target): boolean {
  return host.includes(':')
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '')
}

function misuse(name: string, expected: string, got: unknown): TypeError {
  return withCode(new TypeError(`"${name}" expected ${expected}, got ${describe(got)}`), 'BAD_OPTION')
}
