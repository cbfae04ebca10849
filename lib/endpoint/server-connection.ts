// One client of a server, from its netcode slot to its end:
//
//   hello ──Hello──▸ deciding ──accept──▸ accepted ──Goodbye, kick, error──▸ closing ──▸ ended
//     └───────────────────┴───────reject──────────────────────────────────▸ closing
//
// and from every stage straight to `ended` when netcode ends the session.
import type { AnyMessageType, Delivery } from '../messages/index.js'
import type { NetcodeServerClient } from '../netcode/server-client.js'
import type { PeerBudget } from '../sessions/peer-budget.js'
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
  Hello,
  MAX_DETAIL_BYTES,
  MAX_END_DATA_BYTES,
  PROTOCOL_VERSION,
  Reject,
  rejectReasonNumber,
  versionOf,
  Welcome,
} from './control-messages.js'
import { Deferred } from './deferred.js'
import type { Metrics } from './metrics.js'
import { NetworkEndpoint } from './network-endpoint.js'
import { NetworkError, type NetworkErrorCode, type RejectReason } from './network-error.js'
import type { Peer } from './peer.js'
import { PeerConnection, type PeerConnectionOptions, type PeerConnectionOwner } from './peer-connection.js'
import { deliveryOf, type SendOptions } from './send-options.js'

/** A slot without a Hello is freed after this. */
const HELLO_TIMEOUT_MS = 5000

/** OnConnectRequest handlers decide within this. */
const DECISION_TIMEOUT_MS = 10_000

/** See the drawing above. */
export type ServerConnectionStage = 'hello' | 'deciding' | 'accepted' | 'closing' | 'ended'

export const SERVER_CONNECTION_TRANSITIONS: Transitions<ServerConnectionStage> = {
  hello: ['deciding', 'closing', 'ended'],
  deciding: ['accepted', 'closing', 'ended'],
  accepted: ['closing', 'ended'],
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
  /** Has the handlers of OnConnectRequest decide: they call `accept` or `reject`. */
  decide(connection: ServerConnection<User>, name: string, data: unknown): void
  /** Makes the peer, and announces it. */
  admit(connection: ServerConnection<User>, name: string, user: User): Peer<User>
  /** The server's words for Welcome. */
  welcomeOf(peer: Peer<User>): Pick<Welcome, 'serverNow' | 'tick' | 'tickMs'>
  handleMessage(peer: Peer<User>, type: AnyMessageType, message: object): void
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
  readonly client: NetcodeServerClient
  readonly link: PeerConnection
  /** What the client may send. */
  readonly budget: PeerBudget
  readonly #owner: ServerConnectionOwner<User>
  readonly #options: PeerConnectionOptions
  readonly #closed = new Deferred()
  readonly #machine = new StateMachine<ServerConnectionStage>("server's connection", SERVER_CONNECTION_TRANSITIONS, 'hello')
  #stageEndsAt: number
  #name = ''
  #peer: Peer<User> | undefined
  #endReason: EndReason | undefined
  /** The server itself ended it: what arrived before is not handed to the game any more. */
  #isSilenced = false

  constructor(
    client: NetcodeServerClient,
    options: PeerConnectionOptions,
    budget: PeerBudget,
    owner: ServerConnectionOwner<User>,
    now: number,
  ) {
    this.client = client
    this.budget = budget
    this.#owner = owner
    this.#options = options
    this.link = new PeerConnection(options, this, now)
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

  /** Waiting for its handlers: it may become a peer. */
  get isDeciding(): boolean {
    return this.#stage === 'deciding'
  }

  /** Settles when the slot is free. */
  get closed(): Promise<void> {
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
    if (this.#stage === 'hello' || this.#stage === 'deciding') return NetworkEndpoint.CONNECTING
    return this.isErrored ? NetworkEndpoint.ERRORED : NetworkEndpoint.DISCONNECTED
  }

  metrics(): Metrics {
    return metricsOf(this.link, this.state, this.#owner.now())
  }

  send(type: AnyMessageType, values: unknown, options: SendOptions | undefined): number {
    const delivery = deliveryOf(type, options)
    if (!this.isAccepted) return 0
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
      if (passed === undefined || !this.isAccepted) return 0
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
    const now = this.#owner.now()
    this.#machine.move('accepted')
    this.#peer = this.#owner.admit(this, this.#name, user)
    const { settings, maxAckDelayMs } = this.#options
    const welcome = encodeControl(Welcome, {
      version: PROTOCOL_VERSION,
      maxAckDelayMs,
      windowMessages: settings.window.messages,
      windowBytes: settings.window.bytes,
      maxMessageBytes: settings.maxMessageBytes,
      peerId: this.#peer.id,
      timeoutMs: Math.ceil(this.#peer.timeout),
      ...this.#owner.welcomeOf(this.#peer),
      resumeToken: new Uint8Array(0),
      extensions: [],
    })
    this.link.sendControl(Welcome.id, welcome, now)
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
    if (!this.isAccepted) return this.#stage === 'closing' ? this.#owner.settled(this.#closed.promise) : Promise.resolve()
    this.#isSilenced = true
    this.end('kicked', detail, packed)
    return this.#owner.settled(this.#closed.promise)
  }

  /** This side ends an accepted connection, and tells the client. */
  end(reason: EndReason, detail: string, data: Uint8Array = new Uint8Array(0)): void {
    if (!this.isAccepted) return
    this.#finishPeer(reason, detail, decodeData(data))
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

  handlePong(): void {}

  handlePressure(queuedBytes: number, isHigh: boolean): void {
    if (this.isAccepted) this.#owner.handlePressure(this.#peer!, queuedBytes, isHigh)
  }

  /** Time-outs of the stages, overflow, and the end of a farewell. */
  expire(now: number): void {
    if (this.link.needsTransmit || now >= this.link.transmitAt) this.link.protocol.handleTimeout(now)
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

  /** Netcode has ended the session. */
  handleLinkEnded(reason: EndReason, detail: string): void {
    if (this.#stage === 'ended') return
    if (this.isAccepted) this.#finishPeer(reason, detail, undefined)
    this.#machine.move('ended')
    this.link.release()
    this.#closed.resolve()
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
    this.#name = hello.name
    this.link.open({ messages: hello.windowMessages, bytes: hello.windowBytes }, hello.maxAckDelayMs, hello.maxMessageBytes, now)
    this.#owner.decide(this, hello.name, decodeData(hello.data))
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

/** A client cannot say that the server has kicked it, closed, or replaced it. */
function reasonOfClient(number: number): EndReason {
  const reason = endReasonOf(number)
  return reason === 'timeout' || reason === 'overflow' || reason === 'protocol-error' ? reason : 'closed'
}
