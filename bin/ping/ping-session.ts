// One netcode session that measures: the handshake, pings of the protocol (docs/PROTOCOL.md, "Ping and pong"), and at its end a Hello with the mark of a probe,
// so that the server says whether it would let this client in. It needs none of the game's messages. A server gives a slot without a Hello 5 s.

import type { RejectReason } from 'tickwire'
import { type Address, NetcodeClient, selectCrypto } from 'tickwire/netcode'
import {
  decodeControl,
  encodeControl,
  Goodbye,
  Hello,
  PROBE_EXTENSION,
  PROTOCOL_VERSION,
  Reject,
  rejectReasonOf,
  Welcome,
} from '../../lib/endpoint/control-messages.js'
import { systemClock } from '../../lib/io/clock.js'
import { UdpTransport } from '../../lib/io/udp-transport.js'
import { CONNECTED, CONNECTION_DENIED, DISCONNECTED, TOKEN_EXPIRED } from '../../lib/netcode/client-state.js'
import { Connection, type ConnectionSink } from '../../lib/protocol/connection.js'
import { CONTROL_LANE } from '../../lib/protocol/lanes.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { BYTE_WINDOW, MAX_MESSAGE_BYTES, MAX_SEND_QUEUE_BYTES, MESSAGE_WINDOW, MIN_RATE_BYTES_PER_SECOND } from '../../lib/wire/limits.js'

/** How a session did not come about, or ended too soon. */
export type SessionFailure = 'refused' | 'unreachable' | 'silent' | 'denied' | 'token-expired' | 'ended' | 'lost' | 'interrupted'

/** What a server answered to Hello. */
export type Answer = { readonly kind: 'welcome' } | { readonly kind: 'reject'; readonly reason: RejectReason; readonly detail: string }

export interface Pong {
  /** The round trip, without the time that the ping waited for the server's update(), in ms. */
  readonly rttMs: number
  readonly waitedMs: number
}

export interface PingSessionOptions {
  readonly address: Address
  readonly token: Uint8Array
  /** How long a server may be silent. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Deadlines are looked at this often, in ms. What arrives is read at once. */
const TURN_MS = 10

/** A farewell is waited for this long. */
const FAREWELL_MS = 300

const MAX_ACK_DELAY_MS = 20
const WINDOW = { messages: MESSAGE_WINDOW, bytes: BYTE_WINDOW }

/** Datagrams of a server that has nothing to say but acks and pongs. */
const INBOX_DATAGRAMS = 256
const SOCKET_BUFFER_BYTES = 65_536

export class PingSession implements ConnectionSink {
  /** From the first request to the first answer, in ms, with the server's wait for its update(); undefined before it. */
  answeredMs: number | undefined
  /** … and to the session. */
  connectedMs: number | undefined
  /** What the system said where the server cannot be reached. */
  errorText = ''
  readonly #options: PingSessionOptions
  readonly #transport = new UdpTransport({ clock: systemClock })
  readonly #netcode: NetcodeClient
  readonly #pool = new PayloadPool()
  readonly #connection: Connection
  #timer: NodeJS.Timeout | undefined
  #beganAt = 0
  #isOpen = false
  #failure: SessionFailure | undefined
  /** When the ping left that is waited for, and its pong. */
  #pingSentAt = Number.NaN
  #pong: Pong | undefined
  #answer: Answer | undefined
  #wake: (() => void) | undefined

  constructor(options: PingSessionOptions) {
    this.#options = options
    this.#netcode = new NetcodeClient({ crypto: selectCrypto(), timeoutMs: options.timeoutMs })
    this.#connection = new Connection(
      {
        sink: this,
        pool: this.#pool,
        timing: { intervalMs: TURN_MS, tick: 0, tickMs: 0 },
        maxMessageBytes: MAX_MESSAGE_BYTES,
        maxSendQueueBytes: MAX_SEND_QUEUE_BYTES,
        minRateBytesPerSecond: MIN_RATE_BYTES_PER_SECOND,
        maxAckDelayMs: MAX_ACK_DELAY_MS,
        window: WINDOW,
        channels: 0,
      },
      systemClock.now(),
    )
  }

  /** How long the session has been up, in ms. */
  get ageMs(): number {
    return this.connectedMs === undefined ? 0 : systemClock.now() - this.#beganAt - this.connectedMs
  }

  /** Connects; resolves to why it did not. */
  async open(): Promise<SessionFailure | undefined> {
    const { address, token, signal } = this.#options
    this.#transport.onError = (error) => this.#handleSocketError(error)
    this.#transport.onReadable = () => this.#turn()
    try {
      await this.#transport.open({ remote: address, maxInboxDatagrams: INBOX_DATAGRAMS, socketBufferBytes: SOCKET_BUFFER_BYTES })
    } catch (error) {
      this.#handleSocketError(error as Error)
      return this.#failure
    }
    this.#isOpen = true
    this.#beganAt = systemClock.now()
    this.#netcode.connect(token, this.#beganAt)
    while (this.#isElsewhere()) this.#netcode.handleUnreachable(this.#beganAt) // a token names several servers, and this one is meant
    this.#timer = setInterval(() => this.#turn(), TURN_MS)
    signal.addEventListener('abort', this.#onAbort)
    this.#turn()
    await this.#until(() => this.connectedMs !== undefined, Number.POSITIVE_INFINITY)
    return this.#failure
  }

  /** Sends one ping; undefined where no pong came within `timeoutMs`, or the session has failed. */
  async ping(timeoutMs: number): Promise<Pong | undefined> {
    const now = systemClock.now()
    this.#pong = undefined
    this.#pingSentAt = now
    this.#connection.startClockPings(0, now)
    this.#transmit(now)
    await this.#until(() => this.#pong !== undefined, timeoutMs)
    this.#pingSentAt = Number.NaN
    return this.#pong
  }

  /** Why the session has ended, where it has. */
  get failure(): SessionFailure | undefined {
    return this.#failure
  }

  /** Asks to be let in with these definitions; undefined where no answer came within `timeoutMs`. Where it is let in, it leaves at once. */
  async ask(definitions: readonly number[], timeoutMs: number): Promise<Answer | undefined> {
    const hello = {
      version: PROTOCOL_VERSION,
      maxAckDelayMs: MAX_ACK_DELAY_MS,
      windowMessages: WINDOW.messages,
      windowBytes: WINDOW.bytes,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      definitions: [...definitions],
      name: 'tickwire ping',
      data: new Uint8Array(0),
      resumeToken: new Uint8Array(0),
      extensions: [{ type: PROBE_EXTENSION, body: new Uint8Array(0) }],
    }
    this.#sendControl(Hello.id, encodeControl(Hello, hello))
    await this.#until(() => this.#answer !== undefined, timeoutMs)
    if (this.#answer?.kind === 'welcome') await this.#leave()
    return this.#answer
  }

  /** Ends the session: the server is told by netcode. Harmless when closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    if (this.#isOpen) {
      this.#connection.path.ackAtOnce()
      this.#transmit(systemClock.now())
      this.#netcode.disconnect()
      this.#transmitNetcode()
      this.#isOpen = false
    }
    this.#connection.close()
    await this.#transport.close()
  }

  // ── What the connection hands up ──

  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number): void {
    if (lane !== CONTROL_LANE || this.#answer !== undefined) return
    if (typeId === Welcome.id) this.#answer = { kind: 'welcome' }
    if (typeId !== Reject.id) return
    const reject = decodeControl(Reject, bytes.slice(start, end))
    this.#answer = { kind: 'reject', reason: rejectReasonOf(reject?.reason ?? 0), detail: reject?.detail ?? '' }
  }

  handlePong(sentAt: number, serverReceivedAt: number, serverSentAt: number, receivedAt: number): void {
    if (sentAt !== this.#pingSentAt || this.#pong !== undefined) return
    const waitedMs = Math.max(0, serverSentAt - serverReceivedAt)
    this.#pong = { rttMs: Math.max(0, receivedAt - sentAt - waitedMs), waitedMs }
  }

  // ── The loop ──

  #turn(): void {
    if (!this.#isOpen) return
    const now = systemClock.now()
    for (let datagram = this.#transport.receive(); datagram !== undefined; datagram = this.#transport.receive()) {
      const { bytes, length, host, port, at } = datagram
      const before = this.#netcode.state
      const packet = this.#netcode.handleDatagram(bytes, length, host, port, at)
      if (this.#netcode.state !== before && this.answeredMs === undefined) this.answeredMs = at - this.#beganAt
      if (this.#netcode.state === CONNECTED && this.connectedMs === undefined) this.#begin(at)
      if (packet?.isPayload)
        this.#connection.handlePayload(bytes, packet.start, packet.end, packet.sequence, this.#netcode.nextSequence, at)
      else if (packet !== undefined) this.#connection.handleKeepAlive(packet.sequence, at)
    }
    this.#netcode.handleTimeout(now)
    this.#connection.handleTimeout(now)
    this.#failure ??= this.#findFailure()
    this.#transmit(now)
    this.#wake?.()
  }

  #begin(at: number): void {
    this.connectedMs = at - this.#beganAt
    this.#connection.bind(at)
  }

  #transmit(now: number): void {
    const netcode = this.#netcode
    if (!this.#isOpen) return
    if (netcode.state === CONNECTED && this.connectedMs !== undefined) {
      this.#connection.beginTransmit(now)
      for (;;) {
        const buffer = this.#transport.buffer()
        const at = netcode.payloadOffset
        const length = this.#connection.pollPayload(buffer, at, at + netcode.maxPayloadBytes, netcode.nextSequence, now)
        if (length === 0) break
        this.#send(netcode.sealPayload(buffer, length, now))
      }
      this.#connection.endTransmit(now)
    }
    this.#transmitNetcode()
  }

  #transmitNetcode(): void {
    for (;;) {
      const length = this.#netcode.pollDatagram(this.#transport.buffer())
      if (length === 0 || this.#isElsewhere()) return
      this.#send(length)
    }
  }

  #send(length: number): void {
    const { host, port } = this.#options.address
    this.#transport.send(length, host, port)
  }

  #findFailure(): SessionFailure | undefined {
    const { state } = this.#netcode
    if (this.connectedMs !== undefined) return state === CONNECTED ? undefined : state === DISCONNECTED ? 'ended' : 'lost'
    if (state === CONNECTION_DENIED) return 'denied'
    if (state === TOKEN_EXPIRED) return 'token-expired'
    if (state === DISCONNECTED) return 'ended'
    // Where the token names further servers, netcode moves on to the next: at once after a denial, else after the time-out.
    if (this.#isElsewhere()) return systemClock.now() - this.#beganAt < this.#options.timeoutMs ? 'denied' : 'silent'
    return state < DISCONNECTED ? 'silent' : undefined
  }

  #isElsewhere(): boolean {
    const { host, port } = this.#netcode.targetAddress
    return host !== this.#options.address.host || port !== this.#options.address.port
  }

  #handleSocketError(error: Error & { code?: string }): void {
    if (this.connectedMs !== undefined && error.code !== 'ECONNREFUSED') return // a datagram lost
    this.errorText = error.message
    this.#failure ??= error.code === 'ECONNREFUSED' ? (this.connectedMs === undefined ? 'refused' : 'ended') : 'unreachable'
    this.#wake?.()
  }

  readonly #onAbort = (): void => {
    this.#failure ??= 'interrupted'
    this.#wake?.()
  }

  /** Waits until something is so, the session has failed, or the time is over. */
  async #until(isSo: () => boolean, timeoutMs: number): Promise<void> {
    const end = systemClock.now() + timeoutMs
    while (!isSo() && this.#failure === undefined && systemClock.now() < end) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#wake = undefined
  }

  #sendControl(typeId: number, payload: Uint8Array): void {
    const now = systemClock.now()
    const message = this.#pool.frame(typeId, payload)
    message.lane = CONTROL_LANE
    this.#connection.send(message, Number.POSITIVE_INFINITY, now)
    this.#transmit(now)
  }

  async #leave(): Promise<void> {
    this.#sendControl(Goodbye.id, encodeControl(Goodbye, { reason: 0, detail: 'tickwire ping', data: new Uint8Array(0) }))
    await this.#until(() => this.#connection.isIdle, FAREWELL_MS)
  }
}
