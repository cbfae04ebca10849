// A server that can be found: a socket of its own at one of the discovery ports, which the server's update() polls, and a reply to each query for its game.
import type { Address } from '../io/address.js'
import type { Entropy } from '../io/entropy.js'
import { isLoopbackHost, isWildcardHost } from '../io/public-hosts.js'
import type { Transport } from '../io/transport.js'
import { protocolIdOf } from '../netcode/create-connect-token.js'
import { canonicalHost } from '../wire/address.js'
import {
  DISCOVERY_PORT,
  DISCOVERY_PORTS,
  MAX_DISCOVERY_INFO_BYTES,
  MAX_DISCOVERY_NAME_BYTES,
  MAX_QUERIES,
  REPLIES_PER_SECOND,
  REPLIES_PER_SECOND_AND_HOST,
  REPLY_BURST,
} from '../wire/limits.js'
import { ReplyLimiter } from '../wire/reply-limiter.js'
import { checkText, encodeData } from './control-messages.js'
import {
  decodeQuery,
  encodeReply,
  halves,
  hasControlCharacters,
  MODE_IS_SETTLING,
  MODE_NEEDS_TOKEN,
  type Query,
  toHex,
} from './discovery-messages.js'
import { NetworkError, withCode } from './network-error.js'

/** What `advertise` takes. */
export interface AdvertiseOptions {
  /** What players see in a list of games: at most 64 bytes of UTF-8, without line feeds and other control characters. */
  readonly name: string
  /** Anything that MessagePack carries in at most 256 bytes: the map, the mode. Default: nothing. */
  readonly info?: unknown
  /** What moves the queries and replies. Default: a UDP socket. */
  readonly transport?: Transport | undefined
  /** This server may yet give way to another that was started at the same moment (`hostOrJoin`). @internal */
  readonly isSettling?: boolean | undefined
}

/** What an advertisement tells of its server. */
export interface AdvertisedServer {
  readonly game: string
  /** 16 hex digits. */
  readonly fingerprint: string
  readonly address: Address
  readonly needsToken: boolean
  readonly maxPlayers: number
  readonly playerCount: number
  /** A server that lets nobody in is not found. */
  readonly acceptNewConnections: boolean
}

/** The receive buffer that is asked for: the queries of a busy LAN party. */
const SOCKET_BUFFER_BYTES = 65_536

const RATES = {
  perSecond: REPLIES_PER_SECOND,
  burst: REPLIES_PER_SECOND,
  perSecondAndNetwork: REPLIES_PER_SECOND_AND_HOST,
  burstOfNetwork: REPLY_BURST,
}

/**
 * How a server is found on the LAN. Made by `server.advertise()`; ends with `stop()` or with the server.
 */
export class Advertisement {
  readonly #server: AdvertisedServer
  readonly #transport: Transport
  readonly #limiter = new ReplyLimiter(RATES)
  readonly #id: readonly [low: number, high: number]
  readonly #gameId: readonly [low: number, high: number]
  readonly #fingerprint: readonly [low: number, high: number]
  readonly #host: string
  readonly #onStop: () => void
  #name = ''
  #info: unknown
  #packedInfo = new Uint8Array(0)
  #port = 0
  #hasStopped = false
  /** As the option says; ends when the server stays. @internal */
  isSettling: boolean

  /** @internal */
  constructor(server: AdvertisedServer, options: AdvertiseOptions, transport: Transport, entropy: Entropy, onStop: () => void) {
    checkShown('game', server.game)
    this.isSettling = options.isSettling ?? false
    this.#server = server
    this.#transport = transport
    this.#onStop = onStop
    const id = new Uint8Array(8)
    entropy.fill(id)
    this.#id = halves(new DataView(id.buffer).getBigUint64(0))
    this.#gameId = halves(protocolIdOf(server.game))
    this.#fingerprint = halves(BigInt(`0x${server.fingerprint}`))
    // Who listens everywhere is where the query went; who listens at one address is there. The zone of one is this host's own affair.
    const [host] = canonicalHost(server.address.host).split('%')
    this.#host = isWildcardHost(host!) ? '' : host!
    this.name = options.name
    this.info = options.info
  }

  /** What players see. May be set at any time, to what `advertise` takes. */
  get name(): string {
    return this.#name
  }

  /** @throws TypeError or RangeError `BAD_OPTION` */
  set name(name: string) {
    checkShown('name', name)
    this.#name = name
  }

  /** What else is told of the game. May be set at any time, to what `advertise` takes. It is packed when it is set. */
  get info(): unknown {
    return this.#info
  }

  /** @throws RangeError `BAD_OPTION`; TypeError for what MessagePack cannot carry */
  set info(info: unknown) {
    this.#packedInfo = encodeData(info, MAX_DISCOVERY_INFO_BYTES, 'info')
    this.#info = info
  }

  /** The discovery port that it was given; 0 when stopped. */
  get port(): number {
    return this.#port
  }

  /** Tells this server from others, among them those of the same name: 16 hex digits. */
  get id(): string {
    return toHex(this.#id[0], this.#id[1])
  }

  /** The server is found no more. Harmless when stopped. */
  async stop(): Promise<void> {
    this.#hasStopped = true
    this.#port = 0
    this.#onStop()
    await this.#transport.close()
  }

  /** Takes the first discovery port that is free. Where it rejects, it has stopped. @internal */
  async open(): Promise<void> {
    this.#transport.onError = undefined // a searcher that has gone is no error of the server's
    try {
      for (let port = DISCOVERY_PORT; port < DISCOVERY_PORT + DISCOVERY_PORTS; port++) if (await this.#take(port)) return
      const last = DISCOVERY_PORT + DISCOVERY_PORTS - 1
      throw new NetworkError(
        'SOCKET',
        `cannot advertise: the UDP ports ${DISCOVERY_PORT} to ${last} are all taken, by ${DISCOVERY_PORTS} games of this host that can be found already, or by other programs`,
      )
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Answers what has been asked. @internal */
  poll(now: number): void {
    for (let left = MAX_QUERIES; left > 0; left--) {
      const datagram = this.#transport.receive()
      if (datagram === undefined) return
      const query = decodeQuery(datagram.bytes.subarray(0, datagram.length))
      if (query === undefined || !this.#isFor(query) || !this.#server.acceptNewConnections) continue
      if (!this.#limiter.allows(datagram.host, now)) continue
      this.#transport.send(this.#encode(query, Math.max(0, now - datagram.at)), datagram.host, datagram.port)
      this.#transport.flush?.()
    }
  }

  /** Opens the socket at a port; false where that is taken. */
  async #take(port: number): Promise<boolean> {
    try {
      const host = bindingOf(this.#server.address.host)
      await this.#transport.open({ host, port, maxInboxDatagrams: MAX_QUERIES, socketBufferBytes: SOCKET_BUFFER_BYTES })
    } catch (cause) {
      if (this.#hasStopped) throw stopped(cause)
      if (isInUse(cause)) return false
      throw new NetworkError('SOCKET', `cannot advertise at port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      })
    }
    if (this.#hasStopped) throw stopped()
    this.#transport.unref()
    this.#port = port
    return true
  }

  #isFor({ gameLow, gameHigh }: Query): boolean {
    return (gameLow === 0 && gameHigh === 0) || (gameLow === this.#gameId[0] && gameHigh === this.#gameId[1])
  }

  #encode({ nonceLow, nonceHigh }: Query, waitedMs: number): number {
    const { game, address, needsToken, maxPlayers, playerCount } = this.#server
    const reply = {
      nonceLow,
      nonceHigh,
      idLow: this.#id[0],
      idHigh: this.#id[1],
      fingerprintLow: this.#fingerprint[0],
      fingerprintHigh: this.#fingerprint[1],
      modes: (needsToken ? MODE_NEEDS_TOKEN : 0) | (this.isSettling ? MODE_IS_SETTLING : 0),
      host: this.#host,
      port: address.port,
      players: playerCount,
      maxPlayers,
      waitedMs,
      game,
      name: this.#name,
      info: this.#packedInfo,
    }
    return encodeReply(reply, this.#transport.buffer())
  }
}

/**
 * Where the socket for queries stands, for a server at `host`. A server on loopback is asked on loopback only. One at another address of its own is asked anywhere,
 * as a socket that is bound to one address gets no broadcasts.
 */
function bindingOf(host: string): string {
  if (isLoopbackHost(host)) return '127.0.0.1'
  return host.includes(':') ? '::' : '0.0.0.0'
}

/** The check of a text that others will print. */
export function checkShown(name: string, text: unknown): asserts text is string {
  checkText(name, text, MAX_DISCOVERY_NAME_BYTES)
  if (hasControlCharacters(text))
    throw withCode(new TypeError(`"${name}" expected text without control characters, got ${JSON.stringify(text)}`), 'BAD_OPTION')
}

function stopped(cause?: unknown): NetworkError {
  return new NetworkError('ABORTED', 'stop() or close() came before the server could be found', { cause })
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}
