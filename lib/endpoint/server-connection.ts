// One client of a server, from its netcode slot to its end:
//
//   hello ──Hello──▸ deciding ──accept──▸ accepted ──Goodbye, kick, error──▸ closing ──▸ ended
//     └───────────────────┴───────reject──────────────────────────────────▸ closing
//
// and from every stage straight to `ended` when netcode ends the session. An accepted client that can come back is `away` then, until another slot's Hello shows its resume token: that slot's link
// becomes this connection's, and the connection that said Hello is ended.
import type { AnyMessageType, Delivery } from '../messages/index.js'
import type { NetcodeServerClient } from '../netcode/server-client.js'
import type { Login } from '../sessions/authentications.js'
import type { PeerBudget } from '../sessions/peer-budget.js'
import { writeUint32 } from '../wire/bytes.js'
import { StateMachine, type Transitions } from '../wire/state-machine.js'
import { metricsOf } from './connection-metrics.js'
import {
  checkText,
  decodeControl,
  decodeData,
  type EndReason,
  encodeControl,
  encodeData,
  endReasonNumber,
  endReasonOf,
  Goodbye,
  GRACE_EXTENSION,
  Hello,
  MAX_DETAIL_BYTES,
  MAX_END_DATA_BYTES,
  PROTOCOL_VERSION,
  RESUMABLE_EXTENSION,
  Reject,
  rejectReasonNumber,
  Tickets,
  versionOf,
  Welcome,
} from './control-messages.js'
import { Deferred } from './deferred.js'
import type { Metrics } from './metrics.js'
import { NetworkEndpoint } from './network-endpoint.js'
import { NetworkError, type NetworkErrorCode, type RejectReason } from './network-error.js'
import { outboxError } from './outbox.js'
import type { Peer } from './peer.js'
import { PeerConnection, type PeerConnectionOptions, type PeerConnectionOwner, type SystemMessage } from './peer-connection.js'
import { deliveryOf, type SendOptions } from './send-options.js'

/** A slot without a Hello is freed after this. */
const HELLO_TIMEOUT_MS = 5000

/** Authenticator and OnConnectRequest handlers decide within this. */
const DECISION_TIMEOUT_MS = 10_000

/** See the drawing above. */
export type ServerConnectionStage = 'hello' | 'deciding' | 'accepted' | 'away' | 'closing' | 'ended'

export const SERVER_CONNECTION_TRANSITIONS: Transitions<ServerConnectionStage> = {
  hello: ['deciding', 'closing', 'ended'],
  deciding: ['accepted', 'closing', 'ended'],
  accepted: ['away', 'closing', 'ended'],
  away: ['accepted', 'ended'],
  closing: ['ended'],
  ended: [],
}

/** Reasons that are errors: the peer's state is then ERRORED. */
const ERRORS: Partial<Record<EndReason, NetworkErrorCode>> = { timeout: 'TIMEOUT', overflow: 'OVERFLOW', 'protocol-error': 'PROTOCOL' }

/** Why a client is not let in. */
export interface Refusal {
  readonly reason: RejectReason
  readonly detail: string
}

/** What a connection tells its server. */
export interface ServerConnectionOwner<User> {
  /** Why this Hello is refused; undefined where it is not. */
  refusalOf(hello: Hello): Refusal | undefined
  /** Has the authenticator and then the handlers of OnConnectRequest decide: they call `accept` or `reject`. */
  decide(connection: ServerConnection<User>, name: string, data: unknown, extensions: Hello['extensions']): void
  /** Ends whoever is in under the identity of this connection and has to go; or says why it cannot come in itself. */
  makeWay(connection: ServerConnection<User>): Refusal | undefined
  /** Makes the peer, and announces it. */
  admit(connection: ServerConnection<User>, name: string, user: User): Peer<User>
  /** The server's words for Welcome. */
  welcomeOf(peer: Peer<User>): Pick<Welcome, 'serverNow' | 'tick' | 'tickMs'>
  /** How long a peer whose link has died is kept, in ms; 0: not at all. */
  readonly resumeGraceMs: number
  /** Brings this Hello, which wants to go on with a connection, to that connection, or rejects it. */
  resume(connection: ServerConnection<User>, hello: Hello): void
  /** What the client shows to come back, one for each attempt: `serial` says after which Welcome. */
  resumeTokensOf(peer: Peer<User>, serial: number): [Uint8Array, ...Uint8Array[]]
  /** The peer's link is dead, and it is kept. */
  handleDrop(peer: Peer<User>, detail: string): void
  /** The peer goes on over the slot of `fresh`; `left` is the slot that it had. */
  handleResume(peer: Peer<User>, fresh: ServerConnection<User>, left: NetcodeServerClient): void
  handleMessage(peer: Peer<User>, type: AnyMessageType, message: object): void
  handleSystem(peer: Peer<User>, message: SystemMessage): void
  /** An accepted peer has ended; `error` is said first. */
  handleEnd(peer: Peer<User>, reason: EndReason, detail: string, data: unknown, error: NetworkError | undefined): void
  /** Says by OnError that something failed that is this peer's own doing. */
  reportSoon(peer: Peer<User>, error: NetworkError): void
  handlePressure(peer: Peer<User>, queuedBytes: number, isHigh: boolean): void
  /** The slot can be freed. */
  handleClosed(connection: ServerConnection<User>): void
  now(): number
  settled<T>(promise: Promise<T>): Promise<T>
}

export class ServerConnection<User> implements PeerConnectionOwner {
  /** Its slot; while it is away, the last one. */
  client: NetcodeServerClient
  readonly link: PeerConnection
  /** What the client may send. */
  readonly budget: PeerBudget
  /** Set when it has proven who it is, before the handlers are asked. */
  login: Login | undefined
  readonly #owner: ServerConnectionOwner<User>
  readonly #options: PeerConnectionOptions
  /** Made when someone asks for `closed`. */
  #closed: Deferred | undefined
  readonly #machine = new StateMachine<ServerConnectionStage>("server's connection", SERVER_CONNECTION_TRANSITIONS, 'hello')
  #stageEndsAt: number
  #name = ''
  #peer: Peer<User> | undefined
  #endReason: EndReason | undefined
  /** The server itself ended it: what arrived before is not handed to the game any more. */
  #isSilenced = false
  /** The client comes back when its link dies. */
  #isResumable = false
  /** Which of its resume tokens is the last, and whether it has arrived for certain: until then the one before it holds too. */
  #serial = 0
  #isTokenDelivered = false
  #isOutboxReported = false

  constructor(
    client: NetcodeServerClient,
    options: PeerConnectionOptions,
    budget: PeerBudget,
    owner: ServerConnectionOwner<User>,
    now: number,
  ) {
    this.client = client
    this.budget = budget
    this.login = undefined
    this.#owner = owner
    this.#options = options
    this.link = new PeerConnection(options, this, client.index, now)
    this.#stageEndsAt = now + HELLO_TIMEOUT_MS
  }

  get #stage(): ServerConnectionStage {
    return this.#machine.state
  }

  get peer(): Peer<User> | undefined {
    return this.#peer
  }

  get isAccepted(): boolean {
    return this.#stage === 'accepted'
  }

  /** Its link is dead, and it may come back. */
  get isAway(): boolean {
    return this.#stage === 'away'
  }

  /** In, or away: what is sent to it waits or goes. */
  get isLive(): boolean {
    return this.#stage === 'accepted' || this.#stage === 'away'
  }

  /** Waiting for its handlers: it may become a peer. */
  get isDeciding(): boolean {
    return this.#stage === 'deciding'
  }

  /** Settles when the slot is free. */
  get closed(): Promise<void> {
    if (this.#stage === 'ended') return Promise.resolve()
    this.#closed ??= new Deferred()
    return this.#closed.promise
  }

  get isErrored(): boolean {
    return this.#endReason !== undefined && ERRORS[this.#endReason] !== undefined
  }

  get isHeard(): boolean {
    return !this.#isSilenced
  }

  get admitsMessages(): boolean {
    return this.#stage === 'accepted'
  }

  get state(): number {
    if (this.#stage === 'accepted') return NetworkEndpoint.CONNECTED
    if (this.#stage === 'hello' || this.#stage === 'deciding' || this.#stage === 'away') return NetworkEndpoint.CONNECTING
    return this.isErrored ? NetworkEndpoint.ERRORED : NetworkEndpoint.DISCONNECTED
  }

  metrics(): Metrics {
    return metricsOf(this.link, this.state, this.#owner.now())
  }

  send(type: AnyMessageType, values: unknown, options: SendOptions | undefined): number {
    const delivery = deliveryOf(type, options)
    if (!this.isLive) return 0
    const { middleware, taps } = this.#options
    if (middleware.sends || taps.seesMessages) return this.#sendWatched(type, values, delivery)
    return this.#queue(type, values, delivery)
  }

  /** Past middleware and taps. */
  #sendWatched(type: AnyMessageType, values: unknown, delivery: Delivery): number {
    const { middleware, taps } = this.#options
    let passed = values
    if (middleware.sends) {
      passed = middleware.send(type, values, this.#peer)
      if (passed === undefined || !this.isLive) return 0
    }
    const bytes = this.#queue(type, passed, delivery)
    if (bytes > 0) taps.message('out', this.#peer, type, passed)
    return bytes
  }

  #queue(type: AnyMessageType, values: unknown, delivery: Delivery): number {
    this.#options.encoder.encode(type, values) // throws for what no peer could get
    try {
      return this.link.sendEncoded(type, delivery, this.link.needsNow(type) ? this.#owner.now() : 0)
    } catch (error) {
      // What a client says of itself must not throw in the game's loop, where it would cost the others their messages.
      if (!(error instanceof NetworkError)) throw error
      this.#owner.reportSoon(this.#peer!, error)
      return 0
    }
  }

  // ── Decisions ──

  accept(user: User): void {
    if (this.#stage !== 'deciding') return
    const refusal = this.login === undefined ? undefined : this.#owner.makeWay(this)
    if (refusal !== undefined) {
      this.reject(refusal.reason, refusal.detail)
      return
    }
    this.#machine.move('accepted')
    this.#peer = this.#owner.admit(this, this.#name, user)
    this.#welcome(this.#peer)
  }

  #welcome(peer: Peer<User>): void {
    const { settings, maxAckDelayMs } = this.#options
    const { resumeGraceMs } = this.#owner
    this.#isTokenDelivered = false
    const [resumeToken, ...tokens] = this.#isResumable ? this.#owner.resumeTokensOf(peer, ++this.#serial) : [new Uint8Array(0)]
    const welcome = encodeControl(Welcome, {
      version: PROTOCOL_VERSION,
      maxAckDelayMs,
      windowMessages: settings.window.messages,
      windowBytes: settings.window.bytes,
      maxMessageBytes: settings.maxMessageBytes,
      peerId: peer.id,
      timeoutMs: Math.ceil(peer.timeout),
      ...this.#owner.welcomeOf(peer),
      resumeToken,
      extensions: this.#isResumable ? [{ type: GRACE_EXTENSION, body: uint32Bytes(resumeGraceMs) }] : [],
    })
    const now = this.#owner.now()
    this.link.sendControl(Welcome.id, welcome, now)
    if (tokens.length > 0) this.link.sendControl(Tickets.id, encodeControl(Tickets, { tokens }), now)
  }

  reject(reason: RejectReason, detail: string, data: Uint8Array = new Uint8Array(0)): void {
    if (this.#stage !== 'hello' && this.#stage !== 'deciding') return
    this.#machine.move('closing')
    this.link.close(Reject.id, encodeControl(Reject, { reason: rejectReasonNumber(reason), detail, data }), this.#owner.now(), false)
  }

  /** `peer.disconnect`. */
  disconnect(detail: string, data: unknown): Promise<void> {
    checkText('detail', detail, MAX_DETAIL_BYTES)
    const packed = encodeData(data, MAX_END_DATA_BYTES)
    if (!this.isLive) return this.#stage === 'closing' ? this.#owner.settled(this.closed) : Promise.resolve()
    this.#isSilenced = true
    this.end('kicked', detail, packed)
    return this.#owner.settled(this.closed)
  }

  /** This side ends an accepted connection, and tells the client; one that is away hears of it when it comes back. */
  end(reason: EndReason, detail: string, data: Uint8Array = new Uint8Array(0)): void {
    if (!this.isLive) return
    this.#finishPeer(reason, detail, decodeData(data))
    if (this.isAway) {
      this.#finish()
      return
    }
    this.#machine.move('closing')
    this.link.close(
      Goodbye.id,
      encodeControl(Goodbye, { reason: endReasonNumber(reason), detail, data }),
      this.#owner.now(),
      ERRORS[reason] === undefined,
    )
  }

  // ── What arrives ──

  handlePacket(bytes: Uint8Array, start: number, end: number, isPayload: boolean, sequence: number, at: number): void {
    this.budget.spend(1 + this.link.handlePacket(bytes, start, end, isPayload, sequence, this.client.nextSequence, at))
    const { failure } = this.link.protocol
    if (failure === undefined) return
    if (this.isAccepted) this.end('protocol-error', failure)
    else this.reject('malformed', failure)
  }

  handleMessage(type: AnyMessageType, message: object): void {
    this.#owner.handleMessage(this.#peer!, type, message)
  }

  handleControl(typeId: number, payload: Uint8Array): void {
    if (typeId === Hello.id && this.#stage === 'hello') this.#handleHello(payload)
    else if (typeId === Goodbye.id) this.#handleGoodbye(payload)
  }

  handleSystem(message: SystemMessage): void {
    this.#owner.handleSystem(this.#peer!, message)
  }

  handlePong(): void {}

  handlePressure(queuedBytes: number, isHigh: boolean): void {
    if (this.isLive) this.#owner.handlePressure(this.#peer!, queuedBytes, isHigh)
  }

  /** After the last payload of an update. */
  endTransmit(now: number): void {
    this.link.endTransmit(now, this.#stage === 'hello' || this.#stage === 'deciding' ? this.#stageEndsAt : Number.POSITIVE_INFINITY)
  }

  /** Once it is due: time-outs of the protocol and the stages, overflow, and the end of a farewell. */
  expire(now: number): void {
    if (!this.isAway) this.link.protocol.handleTimeout(now)
    switch (this.#stage) {
      case 'hello':
        if (now >= this.#stageEndsAt) this.#close()
        return
      case 'deciding':
        if (now >= this.#stageEndsAt) this.reject('undecided', 'the server did not decide in time')
        return
      case 'accepted':
        if (this.link.isOverflowing) this.end('overflow', `more than ${this.#options.settings.maxSendQueueBytes} bytes waited to be sent`)
        return
      case 'away':
        this.link.checkPressure()
        if (this.link.isOutboxFull && !this.#isOutboxReported) {
          this.#isOutboxReported = true
          this.#owner.reportSoon(this.#peer!, outboxError(this.#options.settings.outbox))
        }
        if (now >= this.#stageEndsAt) this.end('timeout', `did not come back within ${this.#owner.resumeGraceMs} ms`)
        return
      case 'closing':
        if (this.link.handleClosing(now)) this.#close()
        return
      case 'ended':
    }
  }

  /** This side stalled: the stage's deadline moves. */
  shift(ms: number, now: number): void {
    this.#stageEndsAt += ms
    this.link.protocol.shift(ms, now)
  }

  /** Queues a farewell although netcode has ended the session: the server sends it as its last word, ahead of netcode's disconnect packets. False where there is nobody to tell. */
  sayLastWord(reason: EndReason, detail: string): boolean {
    if (!this.isAccepted) return false
    const values = { reason: endReasonNumber(reason), detail, data: new Uint8Array(0) }
    this.link.sendControl(Goodbye.id, encodeControl(Goodbye, values), this.#owner.now())
    return true
  }

  /** Netcode has ended the session: the end, or only of the link. */
  handleLinkEnded(reason: EndReason, detail: string): void {
    if (this.#stage === 'ended' || this.isAway) return
    if (this.canResume) {
      this.#drop(detail)
      return
    }
    if (this.isAccepted) this.#finishPeer(reason, detail, undefined)
    this.#finish()
  }

  // ── Coming back ──

  /** Whether it is kept when its link dies. */
  get canResume(): boolean {
    return this.isAccepted && this.#isResumable
  }

  /** Whether a token with this serial opens it: the last, or the one before it where the last may not have arrived. */
  admitsSerial(serial: number): boolean {
    if (!this.isLive || !this.#isResumable) return false
    const isDelivered = this.#isTokenDelivered || (this.isAccepted && this.link.protocol.isControlIdle)
    return serial === this.#serial || (serial === this.#serial - 1 && !isDelivered)
  }

  /** Goes on over the slot of a connection whose Hello has shown this one's token. */
  resume(fresh: ServerConnection<User>, hello: Hello): void {
    const now = this.#owner.now()
    const left = this.client
    if (this.isAccepted) this.#drop('the client came back over another link')
    this.#machine.move('accepted')
    this.client = fresh.client
    this.client.attachment = this
    this.#isOutboxReported = false
    this.link.bindLink(this.client.index, now, fresh.link)
    this.#openLink(hello, now)
    fresh.#handOver()
    this.#owner.handleResume(this.#peer!, fresh, left)
    this.#welcome(this.#peer!)
  }

  /** Its link is another connection's now. */
  #handOver(): void {
    this.#machine.move('ended')
    this.#closed?.resolve()
  }

  #drop(detail: string): void {
    this.#isTokenDelivered ||= this.link.protocol.isControlIdle
    this.#machine.move('away')
    this.#stageEndsAt = this.#owner.now() + this.#owner.resumeGraceMs
    this.link.leaveLink()
    this.#owner.handleDrop(this.#peer!, detail)
  }

  #openLink(hello: Hello, now: number): void {
    this.link.open({ messages: hello.windowMessages, bytes: hello.windowBytes }, hello.maxAckDelayMs, hello.maxMessageBytes, now)
  }

  #finish(): void {
    this.#machine.move('ended')
    this.link.release()
    this.#closed?.resolve()
  }

  #handleHello(payload: Uint8Array): void {
    const version = versionOf(payload)
    if (version !== PROTOCOL_VERSION) {
      this.reject(
        'version',
        `the server speaks version ${PROTOCOL_VERSION} of the protocol, the client ${version}: use the same version of tickwire on both sides`,
      )
      return
    }
    const hello = decodeControl(Hello, payload)
    if (hello === undefined) {
      this.reject('malformed', 'the Hello could not be read')
      return
    }
    const refusal = this.#owner.refusalOf(hello)
    if (refusal !== undefined) {
      this.reject(refusal.reason, refusal.detail)
      return
    }
    const now = this.#owner.now()
    this.#machine.move('deciding')
    this.#stageEndsAt = now + DECISION_TIMEOUT_MS
    if (hello.resumeToken.length > 0) {
      this.#owner.resume(this, hello)
      return
    }
    this.#name = hello.name
    this.#isResumable = this.#owner.resumeGraceMs > 0 && hello.extensions.some(({ type }) => type === RESUMABLE_EXTENSION)
    this.#openLink(hello, now)
    this.#owner.decide(this, hello.name, decodeData(hello.data), hello.extensions)
  }

  #handleGoodbye(payload: Uint8Array): void {
    const goodbye = decodeControl(Goodbye, payload)
    if (goodbye === undefined || this.#stage === 'closing' || this.#stage === 'ended') return
    if (this.isAccepted) this.#finishPeer(reasonOfClient(goodbye.reason), goodbye.detail, decodeData(goodbye.data))
    this.#machine.move('closing')
    this.link.closeByPeer(this.#owner.now())
  }

  #finishPeer(reason: EndReason, detail: string, data: unknown): void {
    this.#endReason = reason
    const code = ERRORS[reason]
    const error = code === undefined ? undefined : new NetworkError(code, detail)
    this.#owner.handleEnd(this.#peer!, reason, detail, data, error)
  }

  #close(): void {
    this.#owner.handleClosed(this)
  }
}

function uint32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeUint32(bytes, 0, value)
  return bytes
}

/** A client cannot say that the server has kicked it, closed, or replaced it. */
function reasonOfClient(number: number): EndReason {
  const reason = endReasonOf(number)
  return reason === 'timeout' || reason === 'overflow' || reason === 'protocol-error' ? reason : 'closed'
}
