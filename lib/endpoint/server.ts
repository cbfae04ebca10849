/// <reference lib="esnext.disposable" preserve="true" />
// The server: one socket, a netcode server on it, a connection for each of its slots, and a peer for each that was accepted.
import type { Address } from '../io/address.js'
import { isLoopbackHost, isWildcardHost, publicHostOf } from '../io/public-hosts.js'
import { selectCrypto } from '../io/select-crypto.js'
import type { Datagram } from '../io/transport.js'
import type { AnyMessageType, AnyRequestType, InputOf, MessageType, ReplyInputOf, RequestErrorOf, RequestOf } from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import { generateConnectToken } from '../netcode/connect-token.js'
import { DEFAULT_TOKEN_LIFETIME_SECONDS, REQUESTS_PER_SECOND_AND_NETWORK } from '../netcode/constants.js'
import { protocolIdOf } from '../netcode/create-connect-token.js'
import { NetcodeServer, requestRatesFor } from '../netcode/netcode-server.js'
import type { NetcodeServerClient } from '../netcode/server-client.js'
import { type Health, judge } from '../sessions/health.js'
import type { DuplicateLogin } from '../sessions/identities.js'
import type { Authenticator } from '../sessions/identity.js'
import type { MessageStream } from '../sessions/message-stream.js'
import type { StreamOptions } from '../sessions/message-waits.js'
import { PeerBudget } from '../sessions/peer-budget.js'
import { ResumeTokens } from '../sessions/resume-tokens.js'
import type { WaitOptions } from '../sessions/wait-options.js'
import { Watchdogs } from '../sessions/watchdogs.js'
import { canonicalHost, formatAddress, networkOf, parseAddress } from '../wire/address.js'
import {
  MAX_INBOX_DATAGRAMS,
  MAX_MESSAGES_PER_SECOND,
  MAX_REMEMBERED_ENDS,
  MIN_JOINING_OF_NETWORK,
  RESUME_GRACE_MS,
  RESUME_TOKEN_SECONDS,
  RESUME_TOKENS,
  SOCKET_BUFFER_BYTES,
} from '../wire/limits.js'
import { type AdvertisedServer, Advertisement, type AdvertiseOptions } from './advertisement.js'
import type { RequestFromClient } from './client.js'
import { type ConnectRequest, createConnectRequest } from './connect-request.js'
import { sumMetrics } from './connection-metrics.js'
import type { EndReason, Hello, Welcome } from './control-messages.js'
import { checkText, encodeData, MAX_DETAIL_BYTES, MAX_END_DATA_BYTES, PROBE_EXTENSION } from './control-messages.js'
import type { Preview } from './message-encoder.js'
import type { Metrics } from './metrics.js'
import { NetworkEndpoint, transportOf } from './network-endpoint.js'
import { NetworkError, withCode } from './network-error.js'
import { NEVER_SECONDS, OPEN_PRIVATE_KEY } from './open-mode.js'
import { checkInteger, type EndpointOptions, readNumber } from './options.js'
import { type FromServer, Peer } from './peer.js'
import type { PeerConnection } from './peer-connection.js'
import type { RequestContext } from './requests.js'
import { deliveryOf, type SendOptions } from './send-options.js'
import { type Refusal, ServerConnection, type ServerConnectionOwner } from './server-connection.js'
import { ServerLogins } from './server-logins.js'
import { ServerWarnings } from './server-warnings.js'
import { describeWatchdog, readWatchdogs, type WatchdogEvent, type WatchdogOptions, type WatchdogSettings } from './watchdog-options.js'

/** A message that a client may send. */
type FromClient<O> = MessageType<string, O, any, 'client' | 'both'>

/** What a `Server` is made with. */
export interface ServerOptions<User = any> extends EndpointOptions {
  /** Peers at once, 1 to 65,536. One more is refused as `full`. Default 64. */
  readonly maxPeers?: number | undefined
  /** 32 bytes that only the backend and its servers know: clients need a connect token (token mode). Default: open mode, for LAN and development. */
  readonly privateKey?: Uint8Array | undefined
  /** The addresses under which clients reach this server, as `host:port`: what a token must name. Needed in token mode where the server listens on all interfaces. */
  readonly publicAddresses?: readonly string[] | undefined
  /**
   * The longest that connect tokens live, in seconds: what the backend gives as `expiresInSeconds`. A token that may have been used before this server started is refused, so for that long after a start only newer
   * ones are taken; one that lives longer could be used once more after a restart. Default 30.
   */
  readonly maxTokenLifetimeSeconds?: number | undefined
  /**
   * What one client may send in a second, and in one burst: messages, one more for each packet, and one for 16 elements of arrays or values of packed data. What comes above it is dropped as if the network had lost it, so that a flood of one player costs the others nothing,
   * and what is reliable comes late. 0: no limit. Default 20,000: a 60 Hz game with ten messages a tick needs 660, and an upload in full packets gets 24 MB/s.
   */
  readonly maxMessagesPerSecond?: number | undefined
  /**
  /**
   * Bytes that one client may send in a second, and in one burst, as UDP payload with acks and resends. What comes above it is dropped as if the network had lost it, so that the client's congestion control slows down to it. 0: no limit, the default, as `maxMessagesPerSecond`
   * bounds it to 24 MB/s. Below some 4000 a game hardly moves.
   */
  readonly maxBytesPerSecond?: number | undefined
  /** What is told, or done, of peers that say nothing, answer slowly or do not take what is sent to them for too long. Default: nothing. */
  readonly watchdogs?: WatchdogOptions<User> | undefined
  /**
   * How long a player whose link has died is kept, in ms, up to a day: it is *away* (OnDrop), holds its place, and what is sent to it waits in its outbox, until it goes on over another link (OnResume) or the time is over (OnDisconnect).
   * Only for clients with the option `reconnect`. 0: none is kept. Default 30,000.
   */
  readonly resumeGraceMs?: number | undefined
  /** Connection requests answered of one address (an IPv6 /64), in a second and in one burst; ten times as many of all. Further ones wait: clients ask again every 100 ms. 0: no limit. Default 500. */
  readonly maxConnectsPerSecond?: number | undefined
  /**
   * Who says who a client is, before OnConnectRequest: `sharedSecret`, `jwt`, `tokenData`, `anyone` or your own, one for each scheme. A client whose scheme is none of them, or that does not prove what it claims, is refused as `auth-failed`.
   * Default: nobody is asked, `peer.identity` is undefined and every `peer.role` is `player`.
   */
  readonly auth?: readonly Authenticator[] | undefined
  /** What becomes of a second log-in under one identity: `replace`, `reject` or `allow`. Only with `auth`. Default `replace`: the newest wins, and the old one ends as `replaced`. */
  readonly duplicateLogin?: DuplicateLogin | undefined
}

/** What `listen` takes. */
export interface ListenOptions {
  /** Local host. Default: all interfaces, IPv6 and IPv4. */
  readonly host?: string | undefined
  /** Local port, 0–65535; 0, the default, lets the system choose. */
  readonly port?: number | undefined
  /**
   * Lets several servers of this machine, one in each worker thread or process, listen on one port: the system spreads clients over them by their addresses (SO_REUSEPORT).
   * Each has its own peers, and in token mode its own memory of tokens. Default false. With node:dgram it needs Node 23.1, else `listen` rejects.
   */
  readonly reusePort?: boolean | undefined
}

/** What the handlers of a server get. */
export interface ServerEvents<User> {
  /** A client asks to be let in. Handlers may be asynchronous; without any, everyone is accepted. */
  OnConnectRequest: ConnectRequest<User>
  /** A peer is in: once, before any of its messages. */
  OnConnect: { readonly peer: Peer<User> }
  /** Every message, whatever its type; `Type.is(event)` narrows it. */
  OnMessage: { readonly peer: Peer<User>; readonly type: AnyMessageType; readonly message: unknown }
  /** A peer's link has died, and it may come back: it is away. What is sent to it waits. */
  OnDrop: { readonly peer: Peer<User>; readonly detail: string }
  /** A peer that was away goes on, perhaps from another address: nothing reliable was lost or repeated. */
  OnResume: { readonly peer: Peer<User> }
  /** A peer's send queue rose above `highWaterBytes`, or fell below half of it. */
  OnPressure: { readonly peer: Peer<User>; readonly queuedBytes: number; readonly isHigh: boolean }
  /** One of the option `watchdogs` barks; before the peer is kicked where it is. */
  OnWatchdog: WatchdogEvent<User>
  /** A peer that was in has gone: once. */
  OnDisconnect: { readonly peer: Peer<User>; readonly reason: EndReason; readonly detail: string; readonly data: unknown }
  /** Something failed; `peer` where it concerns one. */
  OnError: { readonly peer?: Peer<User>; readonly error: NetworkError }
}

/** What a server's responder gets beside the values. */
export interface PeerRequestContext<User, E extends string> extends RequestContext<E> {
  /** Who asks. */
  readonly peer: Peer<User>
}

/** What a server answers requests of a type with. As one conditional type, so that literals in what it returns keep their types. */
export type PeerRequestResponder<User, T> = T extends AnyRequestType
  ? (values: RequestOf<T>, context: PeerRequestContext<User, RequestErrorOf<T>>) => ReplyInputOf<T> | Promise<ReplyInputOf<T>>
  : never

/** Slots beyond maxPeers, so that whoever finds the server full is told so in words. */
const SPARE_SLOTS = 16

/**
 * A game server on a UDP port.
 *
 * @example
 * const server = new Server({ messages, game: 'arena' })
 * server.onMessage(Chat, (chat, peer) => server.sendToAll(Chat, { text: `${peer.name}: ${chat.text}` }))
 * await server.listen({ port: 9000 })
 * server.run({ hz: 60 })
 */
export class Server<User = undefined> extends NetworkEndpoint<Peer<User>, ServerEvents<User>, Peer<User>> {
  /** False: whoever asks to be let in is refused as `not-accepting`; peers that are in stay. */
  acceptNewConnections = true
  readonly #maxPeers: number
  readonly #privateKey: Uint8Array | undefined
  readonly #publicAddresses: readonly Address[] | undefined
  readonly #maxTokenLifetimeSeconds: number
  readonly #maxMessagesPerSecond: number
  readonly #maxBytesPerSecond: number
  readonly #maxConnectsPerSecond: number
  readonly #watchdogSettings: WatchdogSettings<User> | undefined
  readonly #watchdogs: Watchdogs<Peer<User>> | undefined
  /** Connections that hold a slot and are not accepted yet, by network. */
  readonly #joining = new Map<string, number>()
  readonly #peers = new Map<number, Peer<User>>()
  readonly #resumeGraceMs: number
  /** Those whose link has died. They have no slot. */
  readonly #away = new Set<ServerConnection<User>>()
  #resumes: ResumeTokens | undefined
  /** Why the last peers that could have come back have ended, by id. */
  readonly #endings = new Map<number, { readonly reason: EndReason; readonly detail: string }>()
  readonly #connections = new Set<ServerConnection<User>>()
  /** The same by the slot of their netcode client, as `deadlines` counts them. */
  readonly #bySlot: (ServerConnection<User> | undefined)[] = []
  /** Those that wait, or have waited, for the game's decision since places were last counted. */
  readonly #deciding = new Set<ServerConnection<User>>()
  readonly #owner: ServerConnectionOwner<User>
  /** Undefined without the option `auth`. */
  readonly #logins: ServerLogins<User> | undefined
  #netcode: NetcodeServer | undefined
  #warnings: ServerWarnings | undefined
  #state: number = NetworkEndpoint.DISCONNECTED
  #opening: Promise<Address> | undefined
  #lastPeerId = 0
  /** As of the last update: tokens live for many seconds, and to ask for each datagram would cost more than to look its sender up. */
  #unixSeconds = 0
  #address: Address | undefined
  #listensSince = 0
  #closing: Promise<void> | undefined
  #advertisement: Advertisement | undefined

  /** @throws TypeError or RangeError with code BAD_OPTION */
  constructor(options: ServerOptions<User>) {
    super(options, true)
    const { maxPeers = 64, privateKey, publicAddresses } = options
    checkInteger('maxPeers', maxPeers, 1, 65_536, 'BAD_OPTION')
    if (privateKey !== undefined && (!(privateKey instanceof Uint8Array) || privateKey.length !== 32)) {
      throw withCode(new TypeError(`"privateKey" expected 32 bytes, got ${describe(privateKey)}`), 'BAD_OPTION')
    }
    this.#maxPeers = maxPeers
    this.#privateKey = privateKey
    this.#publicAddresses = publicAddresses?.map((address) => parsePublicAddress(address))
    this.#maxTokenLifetimeSeconds = readNumber(
      'maxTokenLifetimeSeconds',
      options.maxTokenLifetimeSeconds,
      DEFAULT_TOKEN_LIFETIME_SECONDS,
      1,
      2 ** 31,
    )
    this.#maxMessagesPerSecond = orNoLimit(
      readNumber('maxMessagesPerSecond', options.maxMessagesPerSecond, MAX_MESSAGES_PER_SECOND, 0, Number.MAX_VALUE),
    )
    this.#maxBytesPerSecond = orNoLimit(readNumber('maxBytesPerSecond', options.maxBytesPerSecond, 0, 0, Number.MAX_VALUE))
    this.#watchdogSettings = readWatchdogs(options.watchdogs)
    if (this.#watchdogSettings !== undefined) this.#watchdogs = this.#createWatchdogs(this.#watchdogSettings)
    this.#maxConnectsPerSecond = orNoLimit(
      readNumber('maxConnectsPerSecond', options.maxConnectsPerSecond, REQUESTS_PER_SECOND_AND_NETWORK, 0, Number.MAX_VALUE),
    )
    this.#resumeGraceMs = readNumber('resumeGraceMs', options.resumeGraceMs, RESUME_GRACE_MS, 0, 24 * 3_600_000)
    this.#owner = this.#createOwner()
    this.#logins = this.#createLogins(options)
  }

  /**
   * Binds the port and takes connections from then on. Resolves to the local address.
   * @throws NetworkError `ALREADY_ACTIVE`, RangeError `BAD_PORT`, and rejects with a NetworkError `SOCKET` whose cause is the system's error (EADDRINUSE …), or `BAD_OPTION` where an authenticator cannot work
   */
  listen(options: ListenOptions = {}): Promise<Address> {
    const { host, port = 0, reusePort = false } = options
    if (host !== undefined && typeof host !== 'string')
      throw withCode(new TypeError(`"host" expected a string, got ${describe(host)}`), 'BAD_ADDRESS')
    checkInteger('port', port, 0, 65_535, 'BAD_PORT')
    if (typeof reusePort !== 'boolean')
      throw withCode(new TypeError(`"reusePort" expected a boolean, got ${describe(reusePort)}`), 'BAD_OPTION')
    if (this.#opening !== undefined || this.isActive)
      throw new NetworkError('ALREADY_ACTIVE', 'listen() expected a server that is not listening; close() it first')
    if (this.#privateKey !== undefined && this.#publicAddresses === undefined && (host === undefined || isWildcardHost(host))) {
      throw new NetworkError(
        'BAD_OPTION',
        "a server in token mode checks that a token was made for it: give the option publicAddresses, such as ['203.0.113.7:9000'], or listen on one address",
      )
    }
    const opened = this.#open(host, port, reusePort)
    const settled = (): void => {
      this.#opening = undefined
    }
    this.#opening = opened
    opened.then(settled, settled)
    return opened
  }

  /**
   * Lets `discover` find this server: on its networks, or on this host only where it listens on loopback. It takes the first UDP port from 23600 to 23615 that is free, and answers from `update()`,
   * at most 200 times a second, and not while `acceptNewConnections` is false. Resolves when it can be found; ends with `stop()` or with the server.
   * @throws TypeError or RangeError `BAD_OPTION`, NetworkError `NOT_LISTENING`, `ALREADY_ACTIVE`; rejects with a NetworkError `SOCKET` where none of the ports is free, which OnError hears too
   */
  advertise(options: AdvertiseOptions): Promise<Advertisement> {
    if (!this.isActive || this.#closing !== undefined)
      throw new NetworkError('NOT_LISTENING', 'advertise() expected a server that listens; await listen() first')
    if (typeof options !== 'object' || options === null)
      throw withCode(new TypeError(`advertise() expected { name }, got ${describe(options)}`), 'BAD_OPTION')
    if (this.#advertisement !== undefined)
      throw new NetworkError('ALREADY_ACTIVE', 'the server is advertised: set name or info of its Advertisement, or stop() that first')
    const transport = transportOf(options.transport ?? 'dgram', this.clock)
    const advertisement = new Advertisement(this.#advertised(), options, transport, this.entropy, () => {
      if (this.#advertisement === advertisement) this.#advertisement = undefined
    })
    this.#advertisement = advertisement
    const opened = advertisement.open().then(() => advertisement)
    opened.catch((error: NetworkError) => {
      if (error.code !== 'ABORTED') this.report(error) // whether or not somebody awaits it
    })
    return opened
  }

  /** Where the server listens; undefined while it does not. */
  get address(): Address | undefined {
    return this.#address
  }

  /** Peers that are in, oldest first. Peers may leave and come while this is iterated. */
  get peers(): Iterable<Peer<User>> {
    return { [Symbol.iterator]: () => this.#peers.values() }
  }

  /** How many are in. */
  get peerCount(): number {
    return this.#peers.size
  }

  /** The peer of this id; undefined where it has left or never was. */
  getPeer(id: number): Peer<User> | undefined {
    return this.#peers.get(id)
  }

  /** Who is in under this `peer.identity.id`; of several (`duplicateLogin: 'allow'`) the newest. Undefined where nobody is. */
  getPeerByIdentity(id: string): Peer<User> | undefined {
    return this.#logins?.get(id)
  }

  /** The peer at a numeric host, in any spelling, and port. Looks through all peers. */
  getPeerByAddress(address: { readonly host: string; readonly port: number }): Peer<User> | undefined {
    const host = toCanonicalHost(address.host)
    for (const peer of this.#peers.values()) if (peer.address.port === address.port && peer.address.host === host) return peer
    return undefined
  }

  /**
   * Handles messages of one type: the hot path. Returns what removes the handler.
   * @throws NetworkError `UNKNOWN_MESSAGE`
   */
  onMessage<O>(type: FromClient<O>, handler: (message: O, peer: Peer<User>) => unknown): () => void {
    return this.addMessageHandler(type, handler)
  }

  /**
   * Answers requests of one type: with what the responder returns or resolves to, or by `fail` of its context. One that throws anything else is reported by OnError, and the asker hears only that it failed. Returns what removes the responder.
   *
   * @example
   * server.respond(Buy, ({ item }, { peer, fail }) => {
   *   if (peer.user.gold < PRICES[item]) fail('no-money')
   *   peer.user.gold -= PRICES[item]
   *   return { gold: peer.user.gold }
   * })
   * @throws NetworkError `UNKNOWN_MESSAGE`, `WRONG_DIRECTION`, and `ALREADY_ACTIVE` where the request has a responder
   */
  respond<T extends RequestFromClient>(type: T, responder: PeerRequestResponder<User, T>): () => void {
    return this.exchanges.requests.respond(type, responder)
  }

  /**
   * The next message of a type, of whichever peer, or the next that `predicate` is true for. What comes right behind it waits until whoever awaits this has run. Rejects with a NetworkError `TIMEOUT` or, where the server closes, `DISCONNECTED`; with the signal's reason; or with what the predicate throws.
   * @throws NetworkError `UNKNOWN_MESSAGE`, `OVERFLOW` (1024 waits and streams are open); TypeError or RangeError `BAD_OPTION`
   *
   * @example
   * const { message } = await server.waitFor(Ready, (_, from) => from === peer, { timeoutMs: 10_000 })
   */
  waitFor<O>(
    type: FromClient<O>,
    predicate?: (message: O, peer: Peer<User>) => boolean,
    options: WaitOptions = {},
  ): Promise<{ readonly peer: Peer<User>; readonly message: O }> {
    return this.waitForMessage(type, predicate, options, (message: O, peer) => ({ peer, message }))
  }

  /**
   * The messages of a type from now on, of all peers, for `for await`: they wait in a queue of `limit` until they are asked for. Ends when the server closes; `break` ends it too.
   * @throws NetworkError `UNKNOWN_MESSAGE`, `OVERFLOW` (1024 waits and streams are open); TypeError or RangeError `BAD_OPTION`
   *
   * @example
   * for await (const { peer, message } of server.stream(Chat)) console.log(peer.name, message.text)
   */
  stream<O>(type: FromClient<O>, options: StreamOptions = {}): MessageStream<{ readonly peer: Peer<User>; readonly message: O }> {
    return this.streamMessages(type, options, (message: O, peer) => ({ peer, message }))
  }

  /**
   * What a message would be on the wire, without sending it: its bytes and their number. Middleware does not see it.
   * @throws what `peer.send` throws for the message
   */
  preview<M extends FromServer>(type: M, values: InputOf<M>): Preview {
    return this.previewMessage(type, values, this.settings.maxMessageBytes)
  }

  /** As `peer.send` for each of some peers; encoded once. Returns the bytes queued in all. */
  sendTo<M extends FromServer>(peers: Iterable<Peer<User>>, type: M, values: InputOf<M>, options?: SendOptions): number {
    // Taken out before anything is encoded: an iterable of the game may run its code, and that may send.
    return this.#sendTo(Array.isArray(peers) ? peers : Array.from(peers), undefined, type, values, options)
  }

  /** As `peer.send` for every peer, or all except one; encoded once. One peer's trouble is no other's: it is reported by OnError, and the rest gets the message. */
  sendToAll<M extends FromServer>(
    type: M,
    values: InputOf<M>,
    options?: SendOptions & { readonly except?: Peer<User> | undefined },
  ): number {
    return this.#sendTo(this.#peers.values(), options?.except, type, values, options)
  }

  /** Ends the connection of every peer, as `peer.disconnect` does. The server goes on listening. */
  disconnectAll(detail = ''): Promise<void> {
    checkText('detail', detail, MAX_DETAIL_BYTES)
    return Promise.all(Array.from(this.#peers.values(), (peer) => peer.disconnect(detail))).then(() => undefined)
  }

  /** Tells every peer (`server-closed`), waits up to a second for that, and frees the port. The loop of `run()` ends. Harmless when closed. */
  close(detail = ''): Promise<void> {
    checkText('detail', detail, MAX_DETAIL_BYTES)
    if (this.#opening !== undefined) {
      const close = (): Promise<void> => this.close(detail)
      return this.#opening.then(close, close)
    }
    if (!this.isActive) {
      this.waits.end()
      return this.#closing ?? Promise.resolve()
    }
    this.#closing ??= this.drive(this.#close(detail))
    return this.#closing
  }

  /** For `await using`: as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Lets the process end although the server listens. */
  unref(): void {
    this.transport.unref()
  }

  /** Takes `unref()` back. */
  ref(): void {
    this.transport.ref()
  }

  override metrics(): Metrics {
    const all = Array.from(this.#peers.values(), (peer) => peer.metrics())
    return sumMetrics(all, this.#state, this.totals)
  }

  /**
   * How the server is, in plain data for a health endpoint: whether it is well and if not, why; its peers, its last updates, what waits and what was dropped.
   *
   * @example
   * createServer((_, response) => response.writeHead(server.health().isHealthy ? 200 : 503).end(JSON.stringify(server.health())))
   */
  health(): Health {
    const now = this.clock.now()
    const peers = [...this.#peers.values()]
    const isListening = this.isActive
    return judge({
      hz: this.isRunning ? Math.round(1000 / this.timing.tickMs) : 0,
      sinceUpdateMs: now - Math.max(this.updateTimes!.lastAt, this.#listensSince),
      isListening,
      isOpen: isListening && this.#refusalOfAnyone() === undefined,
      peers: peers.length,
      away: this.#away.size,
      highPeers: peers.filter(({ connection }) => !connection.isAway && connection.link.pressure.isHigh).length,
      updates: this.updateTimes!.statistics(now),
      queuedBytes: peers.reduce((sum, { connection }) => sum + connection.link.queuedBytes, 0),
      drops: { ...this.drops },
    })
  }

  /** What the netcode layer ignored, by cause; undefined before `listen`. */
  override get netcodeCounters(): Readonly<Record<string, number>> | undefined {
    return this.#netcode === undefined ? undefined : { ...this.#netcode.counters }
  }

  // ── The loop's steps ──

  /** @internal */
  protected override get isActive(): boolean {
    return this.#netcode !== undefined && this.#state === NetworkEndpoint.LISTENING
  }

  /** @internal */
  protected override handleDatagram({ bytes, length, host, port, at }: Datagram): void {
    const netcode = this.#netcode!
    const packet = netcode.handleDatagram(bytes, length, host, port, at, this.#unixSeconds)
    if (packet === undefined) {
      this.#pollEvents(at)
      return
    }
    // Set when netcode reported the client.
    const connection = packet.client.attachment as ServerConnection<User>
    connection.link.countReceived(length)
    if (!connection.budget.admits(length, at)) {
      this.drops.rateLimited++
      return
    }
    connection.handlePacket(bytes, packet.start, packet.end, packet.isPayload, packet.sequence, at)
  }

  /** @internal */
  protected override expire(now: number): void {
    this.#unixSeconds = this.clock.unixSeconds()
    this.#netcode!.handleTimeout(now, this.#unixSeconds)
    this.#pollEvents(now)
    const { deadlines } = this
    for (let slot = deadlines.next(0, now); slot >= 0; slot = deadlines.next(slot + 1, now)) this.#bySlot[slot]?.expire(now)
    for (const connection of this.#away) connection.expire(now)
    this.#pollEvents(now)
    this.#logins?.poll()
    this.#warnings!.check(now)
    this.#advertisement?.poll(now)
    this.#watchdogs?.check(now)
  }

  /** @internal */
  protected override transmit(now: number): void {
    const netcode = this.#netcode!
    const { transport, deadlines } = this
    for (let slot = deadlines.next(0, now); slot >= 0; slot = deadlines.next(slot + 1, now)) {
      const connection = this.#bySlot[slot]
      if (connection !== undefined) this.#transmitTo(connection, netcode, now)
    }
    for (;;) {
      const length = netcode.pollDatagram(transport.buffer())
      if (length === 0) return
      transport.send(length, netcode.targetHost, netcode.targetPort)
      const client = netcode.targetClient
      if (client !== undefined) (client.attachment as ServerConnection<User>).link.countSent(length)
      else this.#countSentToStranger(length)
    }
  }

  /** @internal */
  protected override isHeard(peer: Peer<User>): boolean {
    return peer.connection.isHeard
  }

  /** @internal */
  protected override messageEvent(type: AnyMessageType, message: unknown, peer: Peer<User>): ServerEvents<User>['OnMessage'] {
    return { peer, type, message }
  }

  /** @internal */
  protected override connectionOf({ connection }: Peer<User>): PeerConnection | undefined {
    return connection.isLive ? connection.link : undefined
  }

  /** @internal */
  protected override remoteOf(peer: Peer<User>): Peer<User> {
    return peer
  }

  /** @internal */
  protected override sourceOf(peer: Peer<User> | undefined): Peer<User> | undefined {
    return peer
  }

  /** @internal */
  protected override errorEvent(error: NetworkError, peer: Peer<User> | undefined): ServerEvents<User>['OnError'] {
    return peer === undefined ? { error } : { peer, error }
  }

  /** @internal */
  protected override shift(ms: number, now: number): void {
    this.#netcode!.shiftDeadlines(ms, now)
    for (const connection of this.#connections) connection.shift(ms, now)
    for (const connection of this.#away) connection.shift(ms, now)
    this.#watchdogs?.shift(ms)
  }

  /** @internal */
  protected override handleSocketError(error: Error & { code?: string }): void {
    // A peer's closed port: its connection times out, or was ending anyway.
    if (error.code === 'ECONNREFUSED') return
    this.events.pushStep(() => {
      this.report(new NetworkError('SOCKET', `the socket failed: ${error.message}`, { cause: error }))
      return undefined
    })
  }

  // ── Opening and closing ──

  async #open(host: string | undefined, port: number, reusePort: boolean): Promise<Address> {
    if (this.#logins !== undefined) await this.#logins.prepare()
    try {
      const address = await this.transport.open({
        ...(host === undefined ? {} : { host }),
        port,
        ...(reusePort ? { reusePort } : {}),
        maxInboxDatagrams: MAX_INBOX_DATAGRAMS,
        socketBufferBytes: SOCKET_BUFFER_BYTES,
      })
      this.#start(address)
      return address
    } catch (cause) {
      throw new NetworkError(
        'SOCKET',
        `cannot listen on ${host ?? 'all interfaces'}, port ${port}: ${cause instanceof Error ? cause.message : String(cause)}${adviceFor(cause)}`,
        { cause },
      )
    }
  }

  #start(address: Address): void {
    const isOpen = this.#privateKey === undefined
    const { timeoutMs, keepAliveMs, game } = this.settings
    this.#netcode = new NetcodeServer({
      protocolId: protocolIdOf(game),
      privateKey: this.#privateKey ?? OPEN_PRIVATE_KEY,
      ...(isOpen ? {} : { addresses: this.#publicAddresses ?? [address] }),
      maxClients: this.#maxPeers + SPARE_SLOTS,
      crypto: selectCrypto(),
      entropy: this.entropy,
      startUnixSeconds: this.clock.unixSeconds(),
      maxTokenLifetimeSeconds: this.#maxTokenLifetimeSeconds,
      keepAliveMs,
      maxTimeoutSeconds: timeoutMs === 0 ? Number.MAX_SAFE_INTEGER : timeoutMs / 1000,
      isOpen,
      // Whoever makes its own token can name any client id, so that here it proves nothing, and throws nobody out.
      takeOver: !isOpen,
      isPortable: (userData) => this.#resumes!.open(userData) !== undefined,
      requestRates: requestRatesFor(this.#maxConnectsPerSecond),
      admits: (host) => this.#joiningOf(host) < Math.max(MIN_JOINING_OF_NETWORK, this.#maxPeers / 4),
    })
    this.#joining.clear()
    this.#endings.clear()
    this.#resumes = new ResumeTokens(selectCrypto(), this.entropy, this.#privateKey)
    this.#unixSeconds = this.clock.unixSeconds()
    this.#warnings = new ServerWarnings(this.#netcode.counters, (key, text) => this.warnOnce(key, text))
    this.#address = address
    this.#closing = undefined
    this.#state = NetworkEndpoint.LISTENING
    this.#listensSince = this.clock.now()
    this.updateTimes!.clear()
    this.begin(this.#listensSince)
    this.debug(`listens on ${formatAddress(address)} in ${isOpen ? 'open' : 'token'} mode`)
    const publicHost = isOpen && this.transport.kind !== 'simulated' ? publicHostOf(address.host) : undefined
    if (publicHost !== undefined) {
      this.warnOnce(
        'open',
        `the server listens openly where ${publicHost} can be reached from the internet: anyone can join and read along; give it a privateKey (token mode)`,
      )
    }
    if (isOpen && this.transport.kind !== 'simulated' && !isLoopbackHost(address.host)) this.#logins?.warnOfOpenMode()
  }

  async #close(detail: string): Promise<void> {
    this.acceptNewConnections = false
    const unadvertised = this.#advertisement?.stop()
    for (const peer of this.#peers.values()) peer.connection.end('server-closed', detail)
    for (const connection of this.#connections) connection.reject('not-accepting', detail)
    await Promise.all(Array.from(this.#connections, (connection) => connection.closed))
    this.#netcode!.acceptNewClients = false
    this.#netcode!.disconnectAll() // who came meanwhile
    this.update() // the last disconnect packets, and OnDisconnect of the last peers
    this.stopLoop()
    this.#state = NetworkEndpoint.DISCONNECTED
    this.#address = undefined
    this.acceptNewConnections = true
    this.end()
    await this.transport.close()
    await unadvertised
    this.waits.end()
    this.update()
  }

  #advertised(): AdvertisedServer {
    const server = this
    return {
      game: this.settings.game,
      fingerprint: this.factory.fingerprint,
      address: this.#address!,
      needsToken: this.#privateKey !== undefined,
      maxPlayers: this.#maxPeers,
      get playerCount() {
        return server.peerCount
      },
      get acceptNewConnections() {
        return server.acceptNewConnections
      },
    }
  }

  // ── Connections ──

  #pollEvents(now: number): void {
    const netcode = this.#netcode!
    for (let event = netcode.pollEvent(); event !== undefined; event = netcode.pollEvent()) {
      if (event.type === 'connected') {
        const budget = new PeerBudget(this.#maxMessagesPerSecond, this.#maxBytesPerSecond)
        const connection = new ServerConnection<User>(event.client, this.connectionOptions(), budget, this.#owner, now)
        event.client.attachment = connection
        this.#connections.add(connection)
        this.#bySlot[event.client.index] = connection
        this.#countJoining(event.client.address.host, 1)
        this.debug(`${formatAddress(event.client.address)} has a netcode session`)
        continue
      }
      const connection = event.client.attachment as ServerConnection<User>
      if (connection.client !== event.client) continue // it has gone on over another slot
      if (connection.peer === undefined) this.#countJoining(event.client.address.host, -1)
      this.debug(`the netcode session of ${formatAddress(event.client.address)} has ended: ${event.reason}`)
      switch (event.reason) {
        case 'timeout':
          connection.handleLinkEnded('timeout', `nothing arrived for ${event.client.timeoutSeconds * 1000} ms`)
          break
        case 'replaced': {
          const detail = SAME_CLIENT_ID
          // The one that comes may be the same player, who shows its resume token with Hello.
          if (!connection.canResume && connection.sayLastWord('replaced', detail)) this.#transmitTo(connection, netcode, now)
          connection.handleLinkEnded('replaced', detail)
          break
        }
        default:
          connection.handleLinkEnded('closed', '')
      }
      this.#connections.delete(connection)
      this.#freeSlot(event.client.index) // after its last word
    }
  }

  #freeSlot(index: number): void {
    this.#bySlot[index] = undefined
    this.deadlines.set(index, Number.POSITIVE_INFINITY)
  }

  #joiningOf(host: string): number {
    return this.#joining.get(networkOf(host)) ?? 0
  }

  #countJoining(host: string, change: number): void {
    const count = this.#joiningOf(host) + change
    if (count === 0) this.#joining.delete(networkOf(host))
    else this.#joining.set(networkOf(host), count)
  }

  #transmitTo(connection: ServerConnection<User>, netcode: NetcodeServer, now: number): void {
    const { client, link } = connection
    const { transport } = this
    const { host, port } = client.address
    link.protocol.beginTransmit(now)
    for (;;) {
      // A payload before the client has confirmed is preceded by a keep-alive, which takes a sequence; so it is sealed first, but only where a payload follows.
      if (!client.confirmed && link.protocol.hasUnsent(now)) {
        const length = netcode.sealKeepAlive(client, transport.buffer(), now)
        transport.send(length, host, port)
        link.countSent(length)
      }
      const buffer = transport.buffer()
      const payloadBytes = link.pollPayload(buffer, client.payloadOffset, client.maxPayloadBytes, client.nextSequence, now)
      if (payloadBytes === 0) break
      const length = netcode.sealPayload(client, buffer, payloadBytes, now)
      transport.send(length, host, port)
      link.countSent(length)
    }
    connection.endTransmit(now)
  }

  #countSentToStranger(datagramBytes: number): void {
    this.totals.outPackets++
    this.totals.outBytes += datagramBytes
  }

  #createOwner(): ServerConnectionOwner<User> {
    return {
      refusalOf: (hello) => this.#refusalOf(hello),
      decide: (connection, name, data, extensions) => this.#decide(connection, name, data, extensions),
      makeWay: (connection) => this.#logins?.makeWay(connection),
      admit: (connection, name, user) => this.#admit(connection, name, user),
      welcomeOf: () => this.#welcome(),
      handleMessage: (peer, type, message) => this.events.pushMessage(peer, type, message),
      handleSystem: (peer, message) => this.events.pushStep(this.systemStep(peer, message)),
      handleEnd: (peer, reason, detail, data, error) => this.#handleEnd(peer, reason, detail, data, error),
      resumeGraceMs: this.#resumeGraceMs,
      resume: (connection, hello) => this.#resume(connection, hello),
      resumeTokensOf: (peer, serial) => this.#resumeTokensOf(peer, serial),
      handleDrop: (peer, detail) => this.#handleDrop(peer, detail),
      handleResume: (peer, fresh, left) => this.#handleResume(peer, fresh, left),
      reportSoon: (peer, error) => this.#reportSoon(peer, error),
      handlePressure: (peer, queuedBytes, isHigh) => this.#addStep(() => this.emitter.emit('OnPressure', { peer, queuedBytes, isHigh })),
      handleClosed: (connection) => this.#netcode?.disconnectClient(connection.client),
      now: () => this.clock.now(),
      settled: (promise) => this.drive(promise),
    }
  }

  /** To a player, definitions that differ are said first: waiting for room would not help. A probe may have none, and asks how the server is. */
  #refusalOf(hello: Hello): Refusal | undefined {
    const difference = this.#differenceOf(hello.definitions)
    const mismatch: Refusal | undefined = difference === undefined ? undefined : { reason: 'definitions', detail: difference }
    if (hello.resumeToken.length > 0) return mismatch // its place is kept
    const isProbe = hello.extensions.some(({ type }) => type === PROBE_EXTENSION)
    return isProbe ? (this.#refusalOfAnyone() ?? mismatch) : (mismatch ?? this.#refusalOfAnyone())
  }

  #refusalOfAnyone(): Refusal | undefined {
    if (!this.acceptNewConnections) return { reason: 'not-accepting', detail: 'the server takes no new connections' }
    let taken = this.#peers.size
    for (const connection of this.#deciding) {
      if (connection.isDeciding) taken++
      else this.#deciding.delete(connection)
    }
    if (taken >= this.#maxPeers) return { reason: 'full', detail: `${taken} of ${this.#maxPeers} places are taken` }
    return undefined
  }

  /** The first definition in which the client differs, in words. */
  #differenceOf(theirs: readonly number[]): string | undefined {
    const ours = this.factory.definitionHashes
    const at = ours.findIndex((hash, i) => hash !== theirs[i])
    if (at < 0 && ours.length === theirs.length) return undefined
    const counts = ours.length === theirs.length ? '' : `; the server defines ${ours.length} messages, the client ${theirs.length}`
    if (at < 0) return `the client defines a message that the server does not${counts}`
    const { name, id } = this.factory.definitions[at]!
    return `the first message that differs is ${name} (id ${id} on the server)${counts}`
  }

  #decide(connection: ServerConnection<User>, name: string, data: unknown, extensions: Hello['extensions']): void {
    if (this.#privateKey !== undefined && this.#resumes!.open(connection.client.userData) !== undefined) {
      connection.reject('resume-refused', 'this token was made for coming back, and opens no new session')
      return
    }
    this.#deciding.add(connection)
    if (this.#logins === undefined) this.#ask(connection, name, data)
    else this.#logins.begin(connection, name, data, extensions)
  }

  /** Has the handlers of OnConnectRequest decide. */
  #ask(connection: ServerConnection<User>, name: string, data: unknown): void {
    const { address, clientId, userData: tokenData } = connection.client
    const identity = connection.login?.identity
    const request = createConnectRequest<User>(
      { name, data, address, clientId, tokenData, identity, role: identity?.role ?? 'player' },
      { accept: (user) => connection.accept(user), reject: (detail, packed) => connection.reject('rejected', detail, packed) },
    )
    this.events.pushStep(() => {
      this.emitter.ask('OnConnectRequest', request, (hasFailed) => {
        if (hasFailed) connection.reject('rejected', 'the server failed to decide')
        else connection.accept(undefined as User) // a handler that needs a user object has decided
      })
      return undefined
    })
  }

  #createLogins({ auth, duplicateLogin }: ServerOptions): ServerLogins<User> | undefined {
    if (auth === undefined) {
      if (duplicateLogin === undefined) return undefined
      throw withCode(
        new TypeError('"duplicateLogin" expected the option "auth" beside it: without identities no log-in is the second'),
        'BAD_OPTION',
      )
    }
    return new ServerLogins<User>(auth, duplicateLogin ?? 'replace', {
      isTokenMode: this.#privateKey !== undefined,
      now: () => this.clock.now(),
      unixSeconds: () => this.clock.unixSeconds(),
      fillRandom: (bytes) => this.entropy.fill(bytes),
      ask: (connection, name, data) => this.#ask(connection, name, data),
      reportSoon: (error) => this.#reportSoon(undefined, error),
      warnOnce: (key, text) => this.warnOnce(key, text),
      debug: (text) => this.debug(text),
    })
  }

  #admit(connection: ServerConnection<User>, name: string, user: User): Peer<User> {
    if (this.#privateKey !== undefined) this.#replaceAway(connection.client.clientId)
    const peer = new Peer<User>(++this.#lastPeerId, name, user, connection, this.exchanges)
    this.#peers.set(peer.id, peer)
    this.#logins?.add(peer)
    this.#countJoining(peer.address.host, -1)
    this.#watchdogs?.add(peer, this.clock.now())
    this.debug(`peer ${peer.id} (${name}) is in`)
    this.events.pushStep(() => {
      this.diagnostics.tellConnect(peer)
      this.emitter.emit('OnConnect', { peer })
      return undefined
    })
    return peer
  }

  #welcome(): Pick<Welcome, 'serverNow' | 'tick' | 'tickMs'> {
    return { serverNow: this.clock.now(), tick: this.timing.tick, tickMs: this.timing.tickMs }
  }

  // ── Coming back ──

  /** Later, in emit: the packet of this Hello is still being read. */
  #resume(connection: ServerConnection<User>, hello: Hello): void {
    this.events.pushStep(() => {
      if (!connection.isDeciding) return undefined // its link has died meanwhile
      const claim = this.#resumes!.open(this.#privateKey === undefined ? hello.resumeToken : connection.client.userData)
      const target = claim?.isOfThisRun ? this.#peers.get(claim.peerId)?.connection : undefined
      const goOn = (): boolean => {
        if (claim === undefined || !target?.admitsSerial(claim.serial)) return false
        target.resume(connection, hello)
        return true
      }
      if (claim !== undefined && this.#logins !== undefined && target?.admitsSerial(claim.serial))
        this.#logins.beginAgain(connection, target.peer!, hello.extensions, goOn)
      else if (!goOn()) {
        const ending = claim?.isOfThisRun ? this.#endings.get(claim.peerId) : undefined
        const detail =
          ending?.detail ?? 'the server does not know who wants to come back: it was started anew, or the token was used before'
        connection.reject('resume-refused', detail, encodeData({ reason: ending?.reason ?? 'timeout' }, MAX_END_DATA_BYTES))
      }
      return undefined
    })
  }

  /** In token mode each opens a link too, once: with the keys in it no second session may begin. */
  #resumeTokensOf(peer: Peer<User>, serial: number): [Uint8Array, ...Uint8Array[]] {
    const privateKey = this.#privateKey
    if (privateKey === undefined) return [this.#resumes!.seal(peer.id, serial)]
    const mint = (): Uint8Array => this.#mintToken(privateKey, peer, this.#resumes!.seal(peer.id, serial))
    return [mint(), ...Array.from({ length: RESUME_TOKENS - 1 }, mint)]
  }

  #mintToken(privateKey: Uint8Array, peer: Peer<User>, userData: Uint8Array): Uint8Array {
    const { timeoutSeconds } = peer.connection.client
    return generateConnectToken({
      protocolId: protocolIdOf(this.settings.game),
      privateKey,
      serverAddresses: this.#publicAddresses ?? [this.#address!],
      clientId: peer.clientId,
      userData,
      expireSeconds: RESUME_TOKEN_SECONDS,
      timeoutSeconds: Number.isFinite(timeoutSeconds) ? Math.ceil(timeoutSeconds) : NEVER_SECONDS,
      createUnixSeconds: this.clock.unixSeconds(),
      entropy: this.entropy,
      crypto: selectCrypto(),
    })
  }

  #handleDrop(peer: Peer<User>, detail: string): void {
    this.#connections.delete(peer.connection)
    this.#away.add(peer.connection)
    this.debug(`peer ${peer.id} is away: ${detail}`)
    this.events.pushStep(() => {
      this.diagnostics.tellAway(peer, detail)
      this.emitter.emit('OnDrop', { peer, detail })
      return undefined
    })
  }

  #handleResume(peer: Peer<User>, fresh: ServerConnection<User>, left: NetcodeServerClient): void {
    this.#netcode!.disconnectClient(left)
    this.#away.delete(peer.connection)
    this.#connections.delete(fresh)
    this.#connections.add(peer.connection)
    if (this.#bySlot[left.index] === peer.connection) this.#freeSlot(left.index)
    this.#bySlot[peer.connection.client.index] = peer.connection
    this.#countJoining(peer.address.host, -1)
    this.debug(`peer ${peer.id} goes on at ${formatAddress(peer.address)}`)
    this.events.pushStep(() => {
      this.diagnostics.tellResume(peer)
      this.emitter.emit('OnResume', { peer })
      return undefined
    })
  }

  /** Whoever logs in anew with the client id of one who is away does not come back as that one. */
  #replaceAway(clientId: bigint): void {
    for (const connection of this.#away) if (connection.peer!.clientId === clientId) connection.end('replaced', SAME_CLIENT_ID)
  }

  #rememberEnding(peerId: number, reason: EndReason, detail: string): void {
    if (this.#endings.size >= MAX_REMEMBERED_ENDS) this.#endings.delete(this.#endings.keys().next().value!)
    this.#endings.set(peerId, { reason, detail })
  }

  #handleEnd(peer: Peer<User>, reason: EndReason, detail: string, data: unknown, error: NetworkError | undefined): void {
    this.#peers.delete(peer.id)
    if (this.#away.delete(peer.connection) || peer.connection.canResume) this.#rememberEnding(peer.id, reason, detail)
    this.#logins?.remove(peer)
    this.#watchdogs?.delete(peer)
    this.debug(`peer ${peer.id} has ended: ${reason} ${detail}`)
    this.events.pushStep(() => {
      if (error !== undefined) this.report(error, peer)
      this.exchanges.endAll(peer, reason)
      this.diagnostics.tellDisconnect(peer, reason, detail)
      this.emitter.emit('OnDisconnect', { peer, reason, detail, data })
      return undefined
    })
  }

  #sendTo(
    peers: Iterable<Peer<User>>,
    except: Peer<User> | undefined,
    type: AnyMessageType,
    values: unknown,
    options: SendOptions | undefined,
  ): number {
    const delivery = deliveryOf(type, options)
    const now = this.clock.now()
    let passed = values
    if (this.middleware.sends) {
      passed = this.middleware.send(type, values, undefined)
      if (passed === undefined) return 0
    }
    this.encoder.encode(type, passed)
    let bytes = 0
    for (const peer of peers) {
      if (peer === except || !peer.connection.isLive) continue
      try {
        bytes += peer.connection.link.sendEncoded(type, delivery, now)
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error
        this.#reportSoon(peer, error)
      }
    }
    if (this.taps.seesMessages && bytes > 0) this.taps.message('out', undefined, type, passed)
    return bytes
  }

  #createWatchdogs(settings: WatchdogSettings<User>): Watchdogs<Peer<User>> {
    return new Watchdogs<Peer<User>>(
      settings,
      ({ connection: { isAway, link }, latency }) =>
        isAway ? undefined : { inMessages: link.counters.inMessages, latencyMs: latency, isHigh: link.pressure.isHigh },
      (peer, kind, forMs) => {
        const detail = describeWatchdog(kind, forMs, peer.latency, peer.outBufferBytes)
        this.#addStep(() => this.#bark({ peer, kind, forMs, detail }, settings))
      },
    )
  }

  #bark(event: WatchdogEvent<User>, { actions }: WatchdogSettings<User>): void {
    const { peer } = event
    if (!peer.connected) return
    this.emitter.emit('OnWatchdog', event)
    const action = actions[event.kind]
    if (action === 'kick') void peer.disconnect(event.detail)
    else if (typeof action === 'function') this.callHandler(() => action(event), peer)
  }

  /** Later, as a handler may send, and the encoder still holds the message that failed. */
  #reportSoon(peer: Peer<User> | undefined, error: NetworkError): void {
    this.reportLater(error, peer)
  }

  #addStep(step: () => void): void {
    this.events.pushStep(() => {
      step()
      return undefined
    })
  }
}

const SAME_CLIENT_ID = 'the same client id connected again'

/** What to do about the system's commonest refusals to bind. */
function adviceFor(cause: unknown): string {
  switch (cause instanceof Error && 'code' in cause ? cause.code : undefined) {
    case 'EADDRINUSE':
      return '. Another program has this UDP port, perhaps an older run of this one: end it, or listen on another port (0 lets the system choose)'
    case 'EADDRNOTAVAIL':
      return '. This machine has no such address: leave host away for all interfaces'
    case 'EACCES':
      return '. Ports below 1024 need privileges: take a higher one'
    default:
      return ''
  }
}

/** The option's 0. */
function orNoLimit(perSecond: number): number {
  return perSecond === 0 ? Number.POSITIVE_INFINITY : perSecond
}

/** Undefined for what is no numeric host, and so no peer's. */
function toCanonicalHost(host: string): string | undefined {
  try {
    return canonicalHost(host)
  } catch {
    return undefined
  }
}

function parsePublicAddress(text: string): Address {
  try {
    return parseAddress(text)
  } catch (error) {
    throw error instanceof Error ? withCode(error, 'BAD_OPTION') : error
  }
}
