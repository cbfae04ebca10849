/// <reference lib="esnext.disposable" preserve="true" />
// The client: one socket, a netcode client on it, and one connection. Its stages:
//
//   idle ──connect──▸ opening ──socket──▸ linking ──netcode──▸ hello ──Welcome──▸ accepted ──Goodbye, disconnect──▸ closing ──▸ idle
//                        └───────────────────┴────────────────────┴──Reject, time-out──▸ (closing ──▸) idle
//
// With the option `reconnect`, a dead link brings an accepted client to `away`, and from there again through opening, linking and hello: an attempt that fails ends in `away`, the last one in `idle`.
import type { Address } from '../io/address.js'
import { resolveHost } from '../io/resolve-host.js'
import { selectCrypto } from '../io/select-crypto.js'
import type { Datagram } from '../io/transport.js'
import type { AnyMessageType, Delivery, InputOf, MessageType, ReplyOf, RequestInputOf, RequestType } from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import { CONNECTED, CONNECTION_DENIED, DISCONNECTED, SENDING_REQUEST, TOKEN_EXPIRED } from '../netcode/client-state.js'
import { generateConnectToken, readConnectToken } from '../netcode/connect-token.js'
import { protocolIdOf } from '../netcode/create-connect-token.js'
import { NetcodeClient } from '../netcode/netcode-client.js'
import { isClockTime, isLoopTick } from '../protocol/frames.js'
import type { MessageStream } from '../sessions/message-stream.js'
import type { StreamOptions } from '../sessions/message-waits.js'
import { type ReconnectOptions, type ReconnectPolicy, reconnectDelay } from '../sessions/reconnect-policy.js'
import type { WaitOptions } from '../sessions/wait-options.js'
import { canonicalHost, formatAddress } from '../wire/address.js'
import { CLOCK_RUN_MS, MAX_INBOX_DATAGRAMS, RESUME_TOKENS, SOCKET_BUFFER_BYTES } from '../wire/limits.js'
import { StateMachine, type Transitions } from '../wire/state-machine.js'
import { type Absence, endReasonIn, graceOf, MAY_PASS, readReconnect, SIGNS_OF_LIFE, SILENT_ROUND_TRIPS, UNUSED } from './absence.js'
import { metricsOf } from './connection-metrics.js'
import {
  AUTH_EXTENSION,
  checkText,
  decodeControl,
  decodeData,
  type EndReason,
  encodeAuth,
  encodeControl,
  encodeData,
  endReasonNumber,
  endReasonOf,
  Goodbye,
  Hello,
  MAX_DETAIL_BYTES,
  MAX_END_DATA_BYTES,
  MAX_HELLO_DATA_BYTES,
  MAX_NAME_BYTES,
  PROTOCOL_VERSION,
  RESUMABLE_EXTENSION,
  Reject,
  rejectReasonOf,
  Tickets,
  TOKEN_IS_LINK,
  Welcome,
} from './control-messages.js'
import { Deferred } from './deferred.js'
import type { LifeStep } from './event-queue.js'
import { FoundServer } from './found-server.js'
import type { Preview } from './message-encoder.js'
import type { Metrics } from './metrics.js'
import { describeFailure, NetworkEndpoint } from './network-endpoint.js'
import { NetworkError, RejectedError, type RejectReason, withCode } from './network-error.js'
import { NEVER_SECONDS, OPEN_PRIVATE_KEY, OPEN_TOKEN_SECONDS } from './open-mode.js'
import { checkInteger, type EndpointOptions } from './options.js'
import { outboxError } from './outbox.js'
import type { RequestFromServer } from './peer.js'
import { PeerConnection, type PeerConnectionOwner, type SystemMessage } from './peer-connection.js'
import type { RequestResponder } from './requests.js'
import { deliveryOf, type SendOptions } from './send-options.js'
import { ServerClock } from './server-clock.js'

/** A message that a client may send. */
export type FromClient = MessageType<string, any, any, 'client' | 'both'>

/** A request that a client may ask. */
export type RequestFromClient = RequestType<string, any, any, any, any, any, 'client' | 'both'>

/** What a `Client` is made with. */
export interface ClientOptions extends EndpointOptions {
  /**
   * Comes back when the link dies: by itself, over a new socket, as the same player, with nothing reliable lost or repeated (OnDrop, OnResume); `true` for the defaults. It needs a server with `resumeGraceMs`.
   * Default: a dead link ends the connection.
   */
  readonly reconnect?: boolean | ReconnectOptions | undefined
}

/** What `connect` takes with a host as with a token. */
interface Introduction {
  /** The server sees it as `peer.name`; at most 128 bytes. Default: empty. */
  readonly name?: string | undefined
  /** Anything that MessagePack carries, at most 16 KiB; the server's OnConnectRequest sees it. */
  readonly data?: unknown
  /**
   * How the player logs in, where the server has the option `auth`; or a function that fetches it, called anew for each connection. In open mode whoever sees the packets can read the claim. Default: no claim.
   */
  readonly auth?: Auth | (() => Promise<Auth>) | undefined
}

/** A log-in: one of the server's schemes, and what it asks for. */
export interface Auth {
  /** Such as `secret` or `jwt`. */
  readonly scheme: string
  /** Text, bytes or plain data; with its scheme at most 4096 bytes when packed. Default: none. */
  readonly claim?: unknown
}

/** Where to connect: a server in open mode by host and port, as `discover` finds it too, or one in token mode with a token from its backend. */
export type ConnectOptions =
  | (Introduction & {
      /** A name or a numeric host; IPv6 without brackets. */
      readonly host: string
      /** 1–65535. */
      readonly port: number
      readonly token?: undefined
    })
  | (Introduction & {
      /** The 2048 bytes that `createConnectToken` made, or a function that fetches them. It names the server, so host and port are left out. */
      readonly token: Uint8Array | (() => Promise<Uint8Array>)
      readonly host?: undefined
      readonly port?: undefined
    })

/** What the handlers of a client get. */
export interface ClientEvents {
  /** The server has let this client in; before any message. */
  OnConnectRequestAccepted: { readonly peerId: number }
  /** The server has refused. `connect()` rejects with the same. */
  OnConnectRequestRejected: { readonly reason: RejectReason; readonly detail: string; readonly data: unknown }
  /** Every message, whatever its type; `Type.is(event)` narrows it. */
  OnMessage: { readonly type: AnyMessageType; readonly message: unknown }
  /** The link has died, and the client tries to come back. What is sent waits. */
  OnDrop: { readonly detail: string }
  /** The connection goes on over another link: nothing reliable was lost or repeated. `attempts`: how many it took. */
  OnResume: { readonly attempts: number }
  /** The send queue rose above `highWaterBytes`, or fell below half of it. */
  OnPressure: { readonly queuedBytes: number; readonly isHigh: boolean }
  /** The connection has ended: once. */
  OnDisconnect: { readonly reason: EndReason; readonly detail: string; readonly data: unknown }
  /** Something failed. Before OnDisconnect where that is why the connection ended. */
  OnError: { readonly error: NetworkError }
}

/** Without an answer to Hello for this long, the attempt fails: the server's handlers have 10 s. */
const WELCOME_TIMEOUT_MS = 15_000

/** A client has one link. */
const LINK_SLOT = 0

/** Errors that come before OnDisconnect. */
const ERROR_CODES = { timeout: 'TIMEOUT', overflow: 'OVERFLOW', 'protocol-error': 'PROTOCOL' } as const

/** See the drawing above. */
export type ClientStage = 'idle' | 'opening' | 'linking' | 'hello' | 'accepted' | 'away' | 'closing'

export const CLIENT_TRANSITIONS: Transitions<ClientStage> = {
  idle: ['opening'],
  opening: ['linking', 'away', 'idle'],
  linking: ['hello', 'away', 'idle'],
  hello: ['accepted', 'away', 'closing', 'idle'],
  accepted: ['away', 'closing', 'idle'],
  away: ['opening', 'idle'],
  closing: ['idle'],
}

/** One attempt to connect and the session that comes of it. Nothing of it is left when the next begins. */
interface Session {
  readonly needsToken: boolean
  /** Shown to come back; none where the server keeps nobody. In token mode one for each attempt: one whose keys have sealed something is not used again, as two sessions may not have the same keys. */
  resumeTokens: Uint8Array[]
  /** That of the attempt under way. */
  resumeToken: Uint8Array
  graceMs: number
  /** When the server was last heard, and how often it was asked for a sign of life since. */
  heardAt: number
  asked: number
  absence: Absence | undefined
  readonly connected: Deferred
  readonly closed: Deferred
  readonly link: PeerConnection
  readonly name: string
  readonly data: Uint8Array
  /** As it was given: a function is asked anew for each Hello. */
  readonly auth: ConnectOptions['auth']
  /** As Hello carries it; undefined where there is none, or none yet. */
  authBody: Uint8Array | undefined
  netcode: NetcodeClient | undefined
  /** The server that the socket is connected to, and whether the socket is open. */
  target: Address | undefined
  isSocketOpen: boolean
  /** Every address that was tried said that nobody listens there. */
  isRefused: boolean
  helloAt: number
  /** Messages that came before Welcome, and steps in their place among them. */
  early: ({ type: AnyMessageType; message: object } | { type: undefined; message: LifeStep })[]
  /** This side ended it: what arrived before is not handed to the game any more. */
  isSilenced: boolean
  isRefusalReported: boolean
}

/**
 * A game client.
 *
 * @example
 * const client = new Client({ messages, game: 'arena' })
 * client.onMessage(Chat, (chat) => console.log(chat.text))
 * await client.connect({ host: '127.0.0.1', port: 9000, name: 'ada' })
 * client.run({ hz: 60 })
 * client.send(Chat, { text: 'hi' })
 */
export class Client extends NetworkEndpoint<Client, ClientEvents> {
  readonly #serverClock = new ServerClock()
  readonly #machine = new StateMachine<ClientStage>('client', CLIENT_TRANSITIONS, 'idle')
  #isErrored = false
  #hasConnected = false
  #session: Session | undefined
  #peerId = 0
  readonly #owner: PeerConnectionOwner
  readonly #reconnect: ReconnectPolicy | undefined

  /** @throws TypeError or RangeError with code BAD_OPTION */
  constructor(options: ClientOptions) {
    super(options, false)
    this.#reconnect = readReconnect(options.reconnect)
    const isOpen = (): boolean => this.#stage === 'hello' || this.#stage === 'accepted'
    this.#owner = {
      peer: undefined,
      get admitsMessages() {
        return isOpen() // after the end nothing comes any more: OnDisconnect is the last event
      },
      handleMessage: (type, message) => this.#handleMessage(type, message),
      handleControl: (typeId, payload) => this.#handleControl(typeId, payload),
      handleSystem: (message) => this.#handleSystem(message),
      handlePong: (sentAt, serverReceivedAt, serverSentAt, receivedAt, tick, tickMs) => {
        this.#serverClock.addSample(sentAt, serverReceivedAt, serverSentAt, receivedAt)
        this.#serverClock.setTick(tick, tickMs, serverSentAt)
      },
      handlePressure: (queuedBytes, isHigh) => this.#addStep(() => this.emitter.emit('OnPressure', { queuedBytes, isHigh })),
    }
  }

  get #stage(): ClientStage {
    return this.#machine.state
  }

  /** Whether the server has let this client in and the connection has not ended. */
  get connected(): boolean {
    return this.#stage === 'accepted'
  }

  /** Whether the link is dead and the client tries to come back: what is sent waits in its outbox. */
  get isAway(): boolean {
    return this.#session?.absence !== undefined
  }

  /** Whether there is no connection, and the last one did not end by an error. */
  get disconnected(): boolean {
    return this.state === NetworkEndpoint.DISCONNECTED
  }

  /** Whether the last connection, or attempt, ended by an error. */
  get errored(): boolean {
    return this.state === NetworkEndpoint.ERRORED
  }

  /** How long nothing may arrive before the connection has ended, in ms; 0: for ever. While connected, the smallest of this side's, the server's and the token's. */
  override get timeout(): number {
    return this.#session?.netcode?.timeoutMs ?? super.timeout
  }

  /** The id that the server knows this client by; 0 before it was let in. */
  get peerId(): number {
    return this.#peerId
  }

  /** The server that this client is connected or connecting to. */
  get serverAddress(): Address | undefined {
    return this.#session?.target
  }

  /**
   * Connects. Resolves when the server has let the client in; rejects with a NetworkError: `REJECTED` (a RejectedError), `TIMEOUT`, `REFUSED`, `TOKEN_EXPIRED`, `BAD_ADDRESS`, `BAD_AUTH`, `SOCKET`, `ABORTED`.
   * The endpoint updates itself while this is awaited. Works again after a disconnect or an error.
   * @throws NetworkError `ALREADY_ACTIVE`, `BAD_AUTH`; TypeError or RangeError `BAD_PORT`, `BAD_ADDRESS`, `BAD_OPTION`
   */
  connect(options: ConnectOptions): Promise<void> {
    checkConnectOptions(options)
    const { data, auth } = options
    const name = options instanceof FoundServer ? '' : (options.name ?? '') // that of a server is not its player's
    checkText('name', name, MAX_NAME_BYTES)
    const packed = encodeData(data, MAX_HELLO_DATA_BYTES)
    const authBody = auth === undefined || typeof auth === 'function' ? undefined : encodeAuth(auth)
    if (this.taps.isInPacket) throw new NetworkError('ALREADY_ACTIVE', 'connect() was called by a tap, amid the packets of a connection')
    if (this.#stage === 'closing') this.#hurryFarewell()
    if (this.#stage !== 'idle')
      throw new NetworkError('ALREADY_ACTIVE', 'connect() expected a client that is not connected or connecting; disconnect() it first')
    this.events.dropMessages() // of the last session: none of them may be taken for one of the new
    const session = this.#createSession(name, packed, options.token !== undefined, auth, authBody)
    this.#session = session
    this.#hasConnected = true
    this.#isErrored = false
    this.#peerId = 0
    this.#machine.move('opening')
    this.#open(options, session).catch((error: unknown) => this.#fail(session, toNetworkError(error)))
    return this.drive(session.connected.promise)
  }

  /** Ends the connection: the server is told `closed`, with detail (at most 512 bytes) and data (512 when packed), after the reliable messages sent before. Resolves within a second. */
  disconnect(detail = '', data?: unknown): Promise<void> {
    checkText('detail', detail, MAX_DETAIL_BYTES)
    const packed = encodeData(data, MAX_END_DATA_BYTES)
    const session = this.#session
    if (session === undefined || this.#stage === 'idle') return Promise.resolve()
    if (this.#stage === 'accepted') {
      session.isSilenced = true
      this.#end(session, 'closed', detail, packed)
    } else if (session.absence !== undefined) this.#giveUp(session, 'closed', detail)
    else if (this.#stage !== 'closing') this.#fail(session, new NetworkError('ABORTED', 'disconnect() came before the connection was made'))
    return this.drive(session.closed.promise)
  }

  /** As `disconnect`, and ends the loop of `run()`. */
  close(detail = ''): Promise<void> {
    return this.disconnect(detail).then(() => {
      this.stopLoop()
      this.waits.end() // those that waited for a connection that never came
    })
  }

  /** For `await using`: as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * Queues a message for the server; it leaves with the next update. While connecting, it waits for Welcome. Returns the bytes queued: 0 where the connection has ended, or the queue was full.
   * @throws NetworkError `NOT_CONNECTED` where there never was a connection; TypeError, RangeError or NetworkError for an unknown message, values that do not fit, a message above `maxMessageBytes`
   */
  send<M extends FromClient>(type: M, values: InputOf<M>, options?: SendOptions): number {
    const session = this.#session
    if (session === undefined || !this.#hasConnected)
      throw new NetworkError('NOT_CONNECTED', 'send() expected a client that was told to connect(); call that first')
    const delivery = deliveryOf(type, options)
    if (!this.#takes(session)) return 0
    if (this.middleware.sends || this.taps.seesMessages) return this.#sendWatched(session, type, values, delivery)
    const { link } = session
    return link.send(type, values, delivery, link.needsNow(type) ? this.clock.now() : 0)
  }

  /**
   * What a message would be on the wire, without sending it: its bytes and their number. Middleware does not see it.
   * @throws what `send` throws for the message
   */
  preview<M extends FromClient>(type: M, values: InputOf<M>): Preview {
    return this.previewMessage(type, values, this.#session?.link.maxMessageBytes ?? this.settings.maxMessageBytes)
  }

  /**
   * Handles messages of one type: the hot path. Returns what removes the handler.
   * @throws NetworkError `UNKNOWN_MESSAGE`
   */
  onMessage<O>(type: MessageType<string, O, any, 'server' | 'both'>, handler: (message: O) => unknown): () => void {
    return this.addMessageHandler(type, handler)
  }

  /**
   * Asks the server, and resolves to its reply. Whoever drives this client's loop drives this too. Rejects with a RequestError where the responder refused (`Type.isError(error)` knows its codes), with a NetworkError `REQUEST_TIMEOUT`, `NO_RESPONDER`,
   * `HANDLER`, `BUSY`, `DISCONNECTED`, `OVERFLOW`, `OUTBOX_FULL`, `NOT_SENT` or `MESSAGE_TOO_LARGE`, or with the reason of the signal. After a time-out or an abort the responder's signal is aborted.
   *
   * @example
   * const { gold } = await client.request(Buy, { item: 3 })
   * @throws NetworkError `NOT_CONNECTED` before the server has let this client in; TypeError, RangeError or NetworkError (`code`) for misuse, as `send`
   */
  request<T extends RequestFromClient>(type: T, values: RequestInputOf<T>, options?: WaitOptions): Promise<ReplyOf<T>> {
    this.#checkLetIn('request')
    // The reply's codec was made of the fields that give the type.
    return this.exchanges.requests.request(this, type, values, options) as Promise<ReplyOf<T>>
  }

  /**
   * Answers requests of one type: with what the responder returns or resolves to, or by `fail` of its context. One that throws anything else is reported by OnError, and the server hears only that it failed. Returns what removes the responder.
   * @throws NetworkError `UNKNOWN_MESSAGE`, `WRONG_DIRECTION`, and `ALREADY_ACTIVE` where the request has a responder
   */
  respond<T extends RequestFromServer>(type: T, responder: RequestResponder<T>): () => void {
    return this.exchanges.requests.respond(type, responder)
  }

  /**
   * As `send`, ordered whatever the definition says, and resolves when the handlers of this message at the server have ended, asynchronous ones too. Rejects with a NetworkError `HANDLER` (one failed), `NO_HANDLER`, `BUSY`, `DISCONNECTED`, `CONFIRM_TIMEOUT`, `OVERFLOW`,
   * `OUTBOX_FULL`, `NOT_SENT` or `MESSAGE_TOO_LARGE` (it takes 6 bytes more than by itself), or with the reason of the signal; whoever gives up does not take the message back.
   * @throws NetworkError `NOT_CONNECTED` before the server has let this client in, else as `send`
   */
  sendConfirmed<M extends FromClient>(type: M, values: InputOf<M>, options?: WaitOptions): Promise<void> {
    this.#checkLetIn('sendConfirmed')
    return this.exchanges.confirmations.send(this, type, values, options)
  }

  /**
   * The next message of a type, or the next that `predicate` is true for. What comes right behind it waits until whoever awaits this has run. Rejects with a NetworkError `TIMEOUT` or, where the connection or the attempt ends, `DISCONNECTED`; with the signal's reason; or with what the predicate throws.
   * It may be called before `connect`.
   * @throws NetworkError `UNKNOWN_MESSAGE`, `OVERFLOW` (1024 waits and streams are open); TypeError or RangeError `BAD_OPTION`
   *
   * @example
   * const { winner } = await client.waitFor(RoundEnd, ({ round }) => round === 3, { timeoutMs: 60_000 })
   */
  waitFor<O>(
    type: MessageType<string, O, any, 'server' | 'both'>,
    predicate?: (message: O) => boolean,
    options: WaitOptions = {},
  ): Promise<O> {
    return this.waitForMessage(type, predicate, options, (message: O) => message)
  }

  /**
   * The messages of a type from now on, for `for await`: they wait in a queue of `limit` until they are asked for. Ends with the connection, or the attempt; `break` ends it too.
   * @throws NetworkError `UNKNOWN_MESSAGE`, `OVERFLOW` (1024 waits and streams are open); TypeError or RangeError `BAD_OPTION`
   *
   * @example
   * for await (const { message } of client.stream(Chat)) console.log(message.text)
   */
  stream<O>(type: MessageType<string, O, any, 'server' | 'both'>, options: StreamOptions = {}): MessageStream<{ readonly message: O }> {
    return this.streamMessages(type, options, (message: O) => ({ message }))
  }

  /**
   * Resolves when the server has let this client in: at once where it is in, and while it is away when it is back. Rejects with what `connect` rejects with, with `DISCONNECTED` where the client does not come back,
   * or with `NOT_CONNECTED` where it neither is in nor connects.
   */
  whenConnected(): Promise<void> {
    const stage = this.#stage
    const session = this.#session
    if (session?.absence !== undefined) return this.drive(session.absence.back.promise)
    if (session !== undefined && stage !== 'idle' && stage !== 'closing') return session.connected.promise
    return Promise.reject(
      new NetworkError('NOT_CONNECTED', 'whenConnected() expected a client that is connected or connecting; call connect() first'),
    )
  }

  /** The server's clock now, in its milliseconds, as near as pings tell. It never runs backwards. Before a connection: this side's own clock. */
  serverNow(): number {
    return this.#serverClock.now(this.clock.now())
  }

  /** The tick that the server's `run()` is in now; 0 where it runs none. */
  serverTick(): number {
    return Math.floor(this.exactServerTick())
  }

  /** As `serverTick`, with the part of the tick that has passed, such as 120.25: what to draw by, between two snapshots. */
  exactServerTick(): number {
    return this.#serverClock.exactTick(this.clock.now())
  }

  override metrics(): Metrics {
    const now = this.clock.now()
    return metricsOf(this.#session?.link, this.#state(), now)
  }

  /** What the netcode layer of this connection, or the last, ignored, by cause; undefined before `connect`. */
  override get netcodeCounters(): Readonly<Record<string, number>> | undefined {
    const netcode = this.#session?.netcode
    return netcode === undefined ? undefined : { ...netcode.counters }
  }

  // ── The loop's steps ──

  /** @internal */
  protected override get isActive(): boolean {
    const session = this.#session
    return session !== undefined && (session.isSocketOpen || session.absence !== undefined)
  }

  /** @internal */
  protected override handleDatagram({ bytes, length, host, port, at }: Datagram): void {
    const session = this.#session
    const netcode = session?.netcode
    if (session === undefined || netcode === undefined) return
    session.link.countReceived(length)
    const packet = netcode.handleDatagram(bytes, length, host, port, at)
    this.#followNetcode(session, netcode, at)
    if (packet === undefined || this.#session !== session || session.netcode !== netcode) return
    session.heardAt = at
    session.asked = 0
    const { protocol } = session.link
    session.link.handlePacket(bytes, packet.start, packet.end, packet.isPayload, packet.sequence, netcode.nextSequence, at)
    if (protocol.failure === undefined) return
    if (this.#stage === 'accepted') this.#end(session, 'protocol-error', protocol.failure)
    else if (this.#stage === 'hello') this.#fail(session, new NetworkError('PROTOCOL', protocol.failure))
  }

  /** @internal */
  protected override expire(now: number): void {
    const session = this.#session
    if (session?.absence !== undefined) this.#expireAbsence(session, session.absence, now)
    const netcode = session?.netcode
    if (session === undefined || netcode === undefined) return
    netcode.handleTimeout(now)
    this.#followNetcode(session, netcode, now)
    if (session.netcode !== netcode) return
    if (this.#stage === 'accepted') this.#noteSilence(session, now)
    session.link.protocol.handleTimeout(now)
    if (this.#stage === 'hello' && now - session.helloAt > WELCOME_TIMEOUT_MS) {
      this.#fail(session, new NetworkError('TIMEOUT', `the server did not answer the Hello within ${WELCOME_TIMEOUT_MS} ms`))
    }
    if (session.link.isOverflowing) {
      const text = `more than ${this.settings.maxSendQueueBytes} bytes waited to be sent`
      if (this.#stage === 'accepted') this.#end(session, 'overflow', text)
      else this.#fail(session, new NetworkError('OVERFLOW', text))
    }
    if (this.#stage === 'closing' && session.link.handleClosing(now)) this.#finish()
  }

  /** @internal */
  protected override transmit(now: number): void {
    const session = this.#session
    const netcode = session?.netcode
    if (session === undefined || netcode === undefined || !session.isSocketOpen) return
    if (netcode.state === CONNECTED) this.#transmitMessages(session.link, netcode, now)
    this.#transmitNetcode(session, netcode)
  }

  /** @internal */
  protected override isHeard(): boolean {
    return this.#session !== undefined && !this.#session.isSilenced
  }

  /** @internal */
  protected override messageEvent(type: AnyMessageType, message: unknown): ClientEvents['OnMessage'] {
    return { type, message }
  }

  /** @internal */
  protected override connectionOf(): PeerConnection | undefined {
    return this.#stage === 'accepted' || this.isAway ? this.#session?.link : undefined
  }

  /** @internal */
  protected override remoteOf(): undefined {
    return undefined
  }

  /** @internal */
  protected override sourceOf(): Client {
    return this
  }

  /** @internal */
  protected override errorEvent(error: NetworkError): ClientEvents['OnError'] {
    return { error }
  }

  /** @internal */
  protected override shift(ms: number, now: number): void {
    const session = this.#session
    if (session === undefined) return
    session.netcode?.shiftDeadlines(ms, now)
    session.link.protocol.shift(ms, now)
    session.helloAt += ms
    session.heardAt += ms
  }

  /** @internal */
  protected override handleSocketError(error: Error & { code?: string }): void {
    const session = this.#session
    if (session === undefined) return
    const isDeadPort = error.code === 'ECONNREFUSED'
    if (isDeadPort && this.#stage === 'linking' && session.netcode !== undefined) {
      session.isRefused = true
      session.netcode.handleUnreachable(this.clock.now())
      this.#followNetcode(session, session.netcode, this.clock.now())
      return
    }
    if (this.#stage === 'accepted' && !isDeadPort && this.#canResume(session)) {
      this.#drop(session, `the socket failed: ${error.message}`)
      return
    }
    if (session.isRefusalReported || this.#stage !== 'accepted') return
    session.isRefusalReported = true
    const text = isDeadPort ? 'nobody listens at the server’s port any more' : `the socket failed: ${error.message}`
    this.#addStep(() => this.report(new NetworkError(isDeadPort ? 'REFUSED' : 'SOCKET', text, { cause: error })))
  }

  // ── Connecting ──

  #createSession(
    name: string,
    data: Uint8Array,
    needsToken: boolean,
    auth: ConnectOptions['auth'],
    authBody: Uint8Array | undefined,
  ): Session {
    return {
      needsToken,
      resumeTokens: [],
      resumeToken: new Uint8Array(0),
      graceMs: 0,
      heardAt: 0,
      asked: 0,
      absence: undefined,
      connected: new Deferred(),
      closed: new Deferred(),
      link: new PeerConnection(this.connectionOptions(), this.#owner, LINK_SLOT, this.clock.now()),
      name,
      data,
      auth,
      authBody,
      netcode: undefined,
      target: undefined,
      isSocketOpen: false,
      isRefused: false,
      helloAt: 0,
      early: [],
      isSilenced: false,
      isRefusalReported: false,
    }
  }

  async #open(options: ConnectOptions, session: Session): Promise<void> {
    const token = await this.#tokenOf(options)
    if (typeof session.auth === 'function') session.authBody = await fetchAuth(session.auth)
    if (this.#session === session && this.#stage === 'opening') await this.#openLink(session, token, options.host?.split('%')[1])
  }

  async #openLink(session: Session, token: Uint8Array, zone: string | undefined): Promise<void> {
    const { timeoutMs, keepAliveMs } = this.settings
    const ownMs = session.absence === undefined ? this.#timeoutWith(token, timeoutMs) : 0 // of an attempt to come back, `attemptEndsAt` says when it has failed
    const netcode = new NetcodeClient({ crypto: selectCrypto(), keepAliveMs, timeoutMs: ownMs })
    session.netcode = netcode
    const startedAt = this.clock.now()
    netcode.connect(token, startedAt, zone)
    await this.#openSocket(session, netcode.targetAddress)
    if (this.#session !== session || session.netcode !== netcode || this.#stage !== 'opening') return
    this.#machine.move('linking')
    if (session.absence === undefined) this.begin(startedAt)
    this.flush()
  }

  async #tokenOf(options: ConnectOptions): Promise<Uint8Array> {
    if (options.token === undefined) return this.#openToken(options.host, options.port)
    const token = typeof options.token === 'function' ? await fetchToken(options.token) : options.token
    const read = token instanceof Uint8Array ? readConnectToken(token) : undefined
    if (read === undefined)
      throw new NetworkError(
        'BAD_TOKEN',
        '"token" expected the 2048 bytes that createConnectToken makes, got something that cannot be read as such',
      )
    if (read.expireUnixSeconds <= BigInt(this.clock.unixSeconds()))
      throw new NetworkError('TOKEN_EXPIRED', 'the connect token has expired: get a new one from the backend')
    return token
  }

  /** In open mode a client makes its own token. */
  async #openToken(host: string, port: number): Promise<Uint8Array> {
    const { timeoutMs, game } = this.settings
    const id = new Uint8Array(8)
    this.entropy.fill(id)
    let serverAddresses: Address[]
    try {
      serverAddresses = await resolveHost(host, port)
    } catch (cause) {
      throw new NetworkError('BAD_ADDRESS', `"host" expected an address or a name that can be resolved, got ${describe(host)}`, { cause })
    }
    return generateConnectToken({
      protocolId: protocolIdOf(game),
      privateKey: OPEN_PRIVATE_KEY,
      serverAddresses: serverAddresses.slice(0, 32).map((address) => ({ ...address, host: canonicalHost(address.host) })),
      clientId: new DataView(id.buffer).getBigUint64(0),
      expireSeconds: OPEN_TOKEN_SECONDS,
      timeoutSeconds: timeoutMs === 0 ? NEVER_SECONDS : Math.ceil(timeoutMs / 1000),
      createUnixSeconds: this.clock.unixSeconds(),
      entropy: this.entropy,
      crypto: selectCrypto(),
    })
  }

  /** The smaller of the token's time-out and our own; 0 = never. */
  #timeoutWith(token: Uint8Array, ownMs: number): number {
    const seconds = readConnectToken(token)?.timeoutSeconds ?? 0
    const tokenMs = seconds <= 0 || seconds === NEVER_SECONDS ? 0 : seconds * 1000
    if (ownMs === 0 || tokenMs === 0) return ownMs + tokenMs
    return Math.min(ownMs, tokenMs)
  }

  async #openSocket(session: Session, target: Address): Promise<void> {
    session.target = target
    session.isSocketOpen = false
    session.isRefused = false // another address, another answer
    await this.transport.close()
    try {
      await this.transport.open({ remote: target, maxInboxDatagrams: MAX_INBOX_DATAGRAMS, socketBufferBytes: SOCKET_BUFFER_BYTES })
    } catch (cause) {
      throw new NetworkError(
        'SOCKET',
        `cannot open a socket to ${formatAddress(target)}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      )
    }
    if (this.#session !== session) return // #finish has closed it, and the socket may be another session's by now
    if (this.#stage !== 'idle') session.isSocketOpen = true
    else await this.transport.close()
  }

  /** Brings the session to where netcode is: connected, at the next address, or at its end. */
  #followNetcode(session: Session, netcode: NetcodeClient, now: number): void {
    if (this.#session !== session) return
    if (netcode.state === CONNECTED) {
      if (this.#stage === 'linking') this.#sayHello(session, now)
      return
    }
    if (netcode.state <= DISCONNECTED) {
      this.#handleLinkEnded(session, netcode)
      return
    }
    if (this.#stage === 'linking' && session.isSocketOpen && netcode.targetAddress !== session.target) {
      this.debug(`tries ${formatAddress(netcode.targetAddress)}`)
      this.#openSocket(session, netcode.targetAddress).catch((error: unknown) => this.#fail(session, toNetworkError(error)))
    }
  }

  #sayHello(session: Session, now: number): void {
    const { link } = session
    const { settings, factory } = this
    this.#machine.move('hello')
    session.helloAt = now
    link.bindLink(LINK_SLOT, now)
    this.debug(`has a netcode session with ${formatAddress(session.target!)}`)
    const hello = encodeControl(Hello, {
      version: PROTOCOL_VERSION,
      maxAckDelayMs: link.maxAckDelayMs,
      windowMessages: settings.window.messages,
      windowBytes: settings.window.bytes,
      maxMessageBytes: settings.maxMessageBytes,
      definitions: factory.definitionHashes,
      name: session.name,
      data: session.data,
      resumeToken: session.absence === undefined ? new Uint8Array(0) : session.needsToken ? TOKEN_IS_LINK : session.resumeToken,
      extensions: [
        ...(session.authBody === undefined ? [] : [{ type: AUTH_EXTENSION, body: session.authBody }]),
        ...(this.#reconnect === undefined ? [] : [{ type: RESUMABLE_EXTENSION, body: new Uint8Array(0) }]),
      ],
    })
    link.sendControl(Hello.id, hello, now)
  }

  #handleMessage(type: AnyMessageType, message: object): void {
    if (this.#stage === 'accepted') this.events.pushMessage(this, type, message)
    else this.#session?.early.push({ type, message })
  }

  #handleSystem(message: SystemMessage): void {
    const session = this.#session
    const take = this.systemStep(this, message)
    const step: LifeStep = () => (this.#session === session ? take() : undefined) // none of the last session may be taken for one of the new
    if (this.#stage === 'accepted') this.events.pushStep(step)
    else session?.early.push({ type: undefined, message: step })
  }

  #handleControl(typeId: number, payload: Uint8Array): void {
    const session = this.#session
    if (session === undefined) return
    if (typeId === Welcome.id && this.#stage === 'hello') this.#handleWelcome(session, payload)
    else if (typeId === Reject.id && this.#stage === 'hello') this.#handleReject(session, payload)
    else if (typeId === Tickets.id && this.#stage === 'accepted') this.#takeTickets(session, payload)
    else if (typeId === Goodbye.id && this.#stage === 'accepted') this.#handleGoodbye(session, payload)
  }

  /** No more than a server has to give, however often it says so. */
  #takeTickets({ resumeTokens }: Session, payload: Uint8Array): void {
    const tokens = decodeControl(Tickets, payload)?.tokens ?? []
    resumeTokens.push(...tokens.slice(0, Math.max(0, RESUME_TOKENS - resumeTokens.length)))
  }

  #handleWelcome(session: Session, payload: Uint8Array): void {
    const welcome = decodeControl(Welcome, payload)
    const { absence } = session
    const isOther = absence !== undefined && welcome?.peerId !== this.#peerId
    if (welcome === undefined || isOther || !isClockTime(welcome.serverNow) || !isLoopTick(welcome.tick, welcome.tickMs)) {
      this.#fail(session, new NetworkError('PROTOCOL', 'the Welcome could not be read'))
      return
    }
    const now = this.clock.now()
    for (const limitMs of [welcome.timeoutMs, this.settings.timeoutMs]) if (limitMs > 0) session.netcode?.limitTimeout(limitMs)
    this.#machine.move('accepted')
    this.#peerId = welcome.peerId
    session.resumeTokens = welcome.resumeToken.length > 0 ? [welcome.resumeToken] : []
    session.graceMs = graceOf(welcome)
    session.heardAt = now
    session.absence = undefined
    const tooLarge = session.link.open(
      { messages: welcome.windowMessages, bytes: welcome.windowBytes },
      welcome.maxAckDelayMs,
      welcome.maxMessageBytes,
      now,
    )
    if (absence === undefined) this.#serverClock.begin(welcome.serverNow, now)
    this.#serverClock.setTick(welcome.tick, welcome.tickMs, welcome.serverNow)
    session.link.protocol.startClockPings(CLOCK_RUN_MS, now)
    this.debug(absence === undefined ? `is in, as peer ${welcome.peerId}` : 'goes on over another link')
    this.events.pushStep(() => {
      if (absence === undefined) {
        this.diagnostics.tellConnect(undefined)
        this.emitter.emit('OnConnectRequestAccepted', { peerId: welcome.peerId })
      } else {
        this.diagnostics.tellResume(undefined)
        this.emitter.emit('OnResume', { attempts: absence.attempts })
        absence.back.resolve()
      }
      session.connected.resolve()
      for (const error of tooLarge) this.report(error)
      return true // whoever awaits connect() adds handlers before the first message
    })
    for (const { type, message } of session.early) {
      if (type === undefined) this.events.pushStep(message)
      else this.events.pushMessage(this, type, message)
    }
    session.early = []
  }

  #handleReject(session: Session, payload: Uint8Array): void {
    const reject = decodeControl(Reject, payload)
    const error = new RejectedError(
      rejectReasonOf(reject?.reason ?? 0),
      reject?.detail ?? '',
      reject === undefined ? undefined : decodeData(reject.data),
    )
    this.#fail(session, error)
  }

  // ── The end ──

  #handleGoodbye(session: Session, payload: Uint8Array): void {
    const goodbye = decodeControl(Goodbye, payload)
    this.#announceEnd(
      endReasonOf(goodbye?.reason ?? 0),
      goodbye?.detail ?? '',
      goodbye === undefined ? undefined : decodeData(goodbye.data),
    )
    this.#machine.move('closing')
    session.link.closeByPeer(this.clock.now())
  }

  /** This side ends an accepted connection, and tells the server. */
  #end(session: Session, reason: EndReason, detail: string, data: Uint8Array = new Uint8Array(0)): void {
    this.#announceEnd(reason, detail, decodeData(data))
    this.#machine.move('closing')
    session.link.close(
      Goodbye.id,
      encodeControl(Goodbye, { reason: endReasonNumber(reason), detail, data }),
      this.clock.now(),
      reason === 'closed',
    )
  }

  /** Netcode has ended the session, or never had one. */
  #handleLinkEnded(session: Session, netcode: NetcodeClient): void {
    switch (this.#stage) {
      case 'idle':
        return
      case 'accepted':
        if (this.#canResume(session)) {
          this.#drop(session, netcode.state === DISCONNECTED ? 'the server ended the session' : silence(session, netcode.timeoutMs))
          return
        }
        if (netcode.state === DISCONNECTED) this.#announceEnd('closed', 'the server ended the session', undefined)
        else this.#announceEnd('timeout', silence(session, netcode.timeoutMs), undefined)
        this.#finish()
        return
      case 'closing':
        this.#finish()
        return
      default:
        this.#fail(session, this.#failureOf(session, netcode))
    }
  }

  /** Why no connection came about. */
  #failureOf(session: Session, netcode: NetcodeClient): NetworkError {
    const server = formatAddress(session.target!)
    switch (netcode.state) {
      case CONNECTION_DENIED:
        return new RejectedError('full', 'the server has no room', undefined)
      case TOKEN_EXPIRED:
        return new NetworkError('TOKEN_EXPIRED', 'the connect token expired before a server took it')
      case DISCONNECTED:
        return new NetworkError('ABORTED', `${server} ended the session before it let this client in`)
      default:
    }
    if (session.isRefused) return new NetworkError('REFUSED', `nobody listens at ${server} (the system says that the UDP port is closed)`)
    return new NetworkError(
      'TIMEOUT',
      `no answer from ${server} within ${netcode.timeoutMs} ms. Is the server running and its UDP port open? Do both sides give the same option game? Is the server in token mode (then connect with a token), or was the token made with another privateKey, for another address, or used before?`,
    )
  }

  /** The attempt has failed: connect() rejects, and nothing is left behind. */
  #fail(session: Session, error: NetworkError): void {
    if (this.#session !== session || this.#stage === 'idle' || this.#stage === 'closing' || this.#stage === 'accepted') return
    if (session.absence !== undefined) {
      this.#endAttempt(session, session.absence, error)
      return
    }
    this.#isErrored = error.code !== 'ABORTED'
    this.debug(`could not connect: ${error.message}`)
    this.#addStep(() => {
      this.waits.end()
      if (error instanceof RejectedError)
        this.emitter.emit('OnConnectRequestRejected', { reason: error.reason, detail: error.detail, data: error.data })
      session.connected.reject(error)
    })
    session.connected.promise.catch(() => {})
    if (this.#stage === 'hello' && session.netcode?.state === CONNECTED) {
      this.#machine.move('closing')
      session.link.closeByPeer(this.clock.now())
      void this.drive(session.closed.promise) // whoever awaited connect() has nothing to update any more
    } else this.#finish()
  }

  // ── Coming back ──

  #canResume(session: Session): boolean {
    return this.#reconnect !== undefined && session.resumeTokens.length > 0 && this.#reconnect.signal?.aborted !== true
  }

  /** Asks a silent server for a sign of life, and takes the link for dead where none comes. */
  #noteSilence(session: Session, now: number): void {
    if (!this.#canResume(session)) return
    const { protocol } = session.link
    const limitMs = Math.max(this.#reconnect!.silenceMs, SILENT_ROUND_TRIPS * protocol.path.rtt.smoothed)
    const silentMs = now - session.heardAt
    if (silentMs >= limitMs) this.#drop(session, silence(session, Math.round(silentMs)))
    else if (silentMs >= (limitMs / SIGNS_OF_LIFE) * (session.asked + 1)) {
      session.asked++
      protocol.pingSoon(now)
      session.link.wake()
    }
  }

  /** The link is dead: tries for another. */
  #drop(session: Session, detail: string): void {
    const now = this.clock.now()
    this.#machine.move('away')
    const givesUpAt = now + session.graceMs + this.settings.timeoutMs // the server may notice as late as that
    session.absence = { givesUpAt, triesAt: now, attemptEndsAt: 0, attempts: 0, isOutboxReported: false, back: new Deferred() }
    session.absence.back.promise.catch(() => {})
    session.link.leaveLink()
    this.#closeLink(session)
    this.debug(`is away: ${detail}`)
    this.#addStep(() => {
      this.diagnostics.tellAway(undefined, detail)
      this.emitter.emit('OnDrop', { detail })
    })
  }

  #expireAbsence(session: Session, absence: Absence, now: number): void {
    session.link.checkPressure()
    if (session.link.isOutboxFull && !absence.isOutboxReported) {
      absence.isOutboxReported = true
      this.#addStep(() => this.report(outboxError(this.settings.outbox)))
    }
    if (this.#reconnect!.signal?.aborted) this.#giveUp(session, 'timeout', 'the link has died, and reconnect.signal was aborted')
    else if (now >= absence.givesUpAt) this.#giveUp(session, 'timeout', `could not come back in time, in ${absence.attempts} attempts`)
    else if (this.#stage !== 'away') {
      if (now >= absence.attemptEndsAt) this.#endAttempt(session, absence, new NetworkError('TIMEOUT', 'no answer in time'))
    } else if (now >= absence.triesAt) this.#tryAgain(session, absence, now)
  }

  #tryAgain(session: Session, absence: Absence, now: number): void {
    const attempt = ++absence.attempts
    session.resumeToken = session.needsToken ? session.resumeTokens.shift()! : session.resumeTokens[0]!
    absence.attemptEndsAt = now + this.#reconnect!.attemptTimeoutMs
    this.#machine.move('opening')
    this.#openAgain(session, absence).catch((error: unknown) => {
      if (session.absence === absence && absence.attempts === attempt) this.#fail(session, toNetworkError(error))
    })
  }

  async #openAgain(session: Session, absence: Absence): Promise<void> {
    const attempt = absence.attempts
    const { host, port } = session.target!
    const token = session.needsToken ? session.resumeToken : await this.#openToken(host, port)
    if (typeof session.auth === 'function') session.authBody = await fetchAuth(session.auth)
    if (this.#session === session && absence.attempts === attempt && this.#stage === 'opening')
      await this.#openLink(session, token, host.split('%')[1])
  }

  #endAttempt(session: Session, absence: Absence, error: NetworkError): void {
    this.debug(`could not come back: ${error.message}`)
    const { maxAttempts } = this.#reconnect!
    // Not used up: at worst the server has seen it come from another address, and refuses it.
    if (session.needsToken && UNUSED.includes(session.netcode?.state ?? SENDING_REQUEST)) session.resumeTokens.push(session.resumeToken)
    if (error instanceof RejectedError && !MAY_PASS.includes(error.reason)) this.#giveUp(session, endReasonIn(error.data), error.detail)
    else if (absence.attempts >= maxAttempts)
      this.#giveUp(session, 'timeout', `could not come back in ${maxAttempts} attempts; the last one: ${error.message}`)
    else if (session.resumeTokens.length === 0)
      this.#giveUp(session, 'timeout', `could not come back with ${RESUME_TOKENS} tokens; the last attempt: ${error.message}`)
    else {
      if (this.#stage !== 'away') this.#machine.move('away')
      absence.triesAt = this.clock.now() + reconnectDelay(this.#reconnect!, absence.attempts, this.entropy)
      this.#closeLink(session)
    }
  }

  #giveUp(session: Session, reason: EndReason, detail: string): void {
    const { back } = session.absence!
    session.absence = undefined
    this.#announceEnd(reason, detail, undefined)
    this.#addStep(() => back.reject(new NetworkError('DISCONNECTED', `the client did not come back (${reason}): ${detail}`)))
    this.#finish()
  }

  #closeLink(session: Session): void {
    session.netcode = undefined
    session.isSocketOpen = false
    session.isRefusalReported = false
    void this.transport.close()
  }

  #announceEnd(reason: EndReason, detail: string, data: unknown): void {
    const code = reason in ERROR_CODES ? ERROR_CODES[reason as keyof typeof ERROR_CODES] : undefined
    this.#isErrored = code !== undefined
    this.debug(`has ended: ${reason} ${detail}`)
    this.#addStep(() => {
      this.waits.end()
      if (code !== undefined) this.report(new NetworkError(code, detail))
      this.exchanges.endAll(this, reason)
      this.diagnostics.tellDisconnect(undefined, reason, detail)
      this.emitter.emit('OnDisconnect', { reason, detail, data })
    })
  }

  /** A new connection begins while the last one still says farewell: what it has to say leaves at once, unacknowledged, and it ends. */
  #hurryFarewell(): void {
    const session = this.#session
    if (session === undefined) return
    this.flush() // messages first: the farewell has priority, and after it none is taken
    session.link.hurryFarewell(this.clock.now())
    this.flush()
    this.#finish()
  }

  /** Ends what is left of the session: the server is told by netcode, the socket closes. */
  #finish(): void {
    const session = this.#session
    if (session === undefined || this.#stage === 'idle') return
    this.#machine.move('idle')
    if (session.netcode !== undefined && session.isSocketOpen) {
      session.netcode.disconnect()
      this.#transmitNetcode(session, session.netcode)
    }
    session.isSocketOpen = false
    session.link.release()
    this.end()
    void this.transport.close().then(() => session.closed.resolve())
  }

  // ── Helpers ──

  #checkLetIn(call: string): void {
    const stage = this.#stage
    if (this.isAway) return
    if (!this.#hasConnected || stage === 'opening' || stage === 'linking' || stage === 'hello')
      throw new NetworkError('NOT_CONNECTED', `${call}() expected a client that the server has let in; await connect() first`)
  }

  /** Past middleware and taps. */
  #sendWatched(session: Session, type: AnyMessageType, values: unknown, delivery: Delivery): number {
    let passed = values
    if (this.middleware.sends) {
      passed = this.middleware.send(type, values, undefined)
      if (passed === undefined || !this.#takes(session)) return 0
    }
    const bytes = session.link.send(type, passed, delivery, this.clock.now())
    if (bytes > 0) this.taps.message('out', undefined, type, passed)
    return bytes
  }

  /** Whether messages can be sent in this session: it has not ended. */
  #takes(session: Session): boolean {
    return this.#session === session && this.#stage !== 'idle' && this.#stage !== 'closing'
  }

  #state(): number {
    switch (this.#stage) {
      case 'accepted':
        return NetworkEndpoint.CONNECTED
      case 'opening':
      case 'linking':
      case 'hello':
      case 'away':
        return NetworkEndpoint.CONNECTING
      default:
        return this.#isErrored ? NetworkEndpoint.ERRORED : NetworkEndpoint.DISCONNECTED
    }
  }

  #transmitMessages(link: PeerConnection, netcode: NetcodeClient, now: number): void {
    if (!link.isDue(now)) return
    link.protocol.beginTransmit(now)
    for (;;) {
      const buffer = this.transport.buffer()
      const payloadBytes = link.pollPayload(buffer, netcode.payloadOffset, netcode.maxPayloadBytes, netcode.nextSequence, now)
      if (payloadBytes === 0) break
      const length = netcode.sealPayload(buffer, payloadBytes, now)
      this.#sendDatagram(length, link, netcode)
    }
    link.endTransmit(now)
  }

  #transmitNetcode({ link }: Session, netcode: NetcodeClient): void {
    for (;;) {
      const length = netcode.pollDatagram(this.transport.buffer())
      if (length === 0) return
      this.#sendDatagram(length, link, netcode)
    }
  }

  #sendDatagram(length: number, link: PeerConnection, netcode: NetcodeClient): void {
    const { host, port } = netcode.targetAddress
    this.transport.send(length, host, port)
    link.countSent(length)
  }

  #addStep(step: () => void): void {
    this.events.pushStep(() => {
      step()
      return undefined
    })
  }
}

function silence(session: Session, ms: number): string {
  return `nothing arrived from ${formatAddress(session.target!)} for ${ms} ms`
}

function checkConnectOptions(options: ConnectOptions): void {
  if (typeof options !== 'object' || options === null)
    throw withCode(new TypeError(`connect() expected { host, port } or { token }, got ${describe(options)}`), 'BAD_ADDRESS')
  if (options instanceof FoundServer && options.needsToken)
    throw withCode(
      new TypeError('connect() expected a token, as this server is in token mode, got where it was found: ask its backend for one'),
      'BAD_TOKEN',
    )
  if (options.token !== undefined) {
    if (options.token instanceof Uint8Array || typeof options.token === 'function') return
    throw withCode(
      new TypeError(`"token" expected the bytes of a connect token, or a function that fetches them, got ${describe(options.token)}`),
      'BAD_TOKEN',
    )
  }
  if (typeof options.host !== 'string' || options.host === '')
    throw withCode(new TypeError(`"host" expected an address or a name, got ${describe(options.host)}`), 'BAD_ADDRESS')
  checkInteger('port', options.port, 1, 65_535, 'BAD_PORT')
}

async function fetchToken(fetch: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await fetch()
  } catch (cause) {
    throw new NetworkError('BAD_TOKEN', `the connect token could not be fetched: ${describeFailure(cause)}`, {
      cause,
    })
  }
}

/** Rejects with a NetworkError BAD_AUTH. */
async function fetchAuth(fetch: () => Promise<Auth>): Promise<Uint8Array> {
  let auth: Auth
  try {
    auth = await fetch()
  } catch (cause) {
    throw new NetworkError('BAD_AUTH', `the claim could not be fetched: ${describeFailure(cause)}`, { cause })
  }
  return encodeAuth(auth)
}

function toNetworkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error
  return new NetworkError('ABORTED', error instanceof Error ? error.message : String(error), { cause: error })
}
