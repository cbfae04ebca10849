// The client of netcode 1.02 (STANDARD.md, "Client State Machine"), sans-IO: datagrams and `now` in; payloads and datagrams out.
// It needs no wall clock: how long a token may be used is its expiry less its creation, counted from `connect`.
import type { Address } from '../io/address.js'
import type { Crypto } from '../io/crypto.js'
import { readUint32 } from '../wire/bytes.js'
import { StateMachine } from '../wire/state-machine.js'
import {
  CONNECTED,
  CONNECTION_DENIED,
  CONNECTION_TIMED_OUT,
  DISCONNECTED,
  INVALID_TOKEN,
  NETCODE_CLIENT_TRANSITIONS,
  type NetcodeClientState,
  type NetcodeClientStateName,
  REQUEST_TIMED_OUT,
  RESPONSE_TIMED_OUT,
  SENDING_REQUEST,
  SENDING_RESPONSE,
  STATE_NAMES,
  TOKEN_EXPIRED,
} from './client-state.js'
import { type ConnectToken, readConnectToken } from './connect-token.js'
import { writeConnectionRequest } from './connection-request.js'
import {
  CHALLENGE_BODY_BYTES,
  CONFIRM_PERIOD_MS,
  CONNECT_TOKEN_BYTES,
  DISCONNECT_PACKETS,
  HANDSHAKE_INTERVAL_MS,
  KEEP_ALIVE_BODY_BYTES,
  MAX_SENT_DATAGRAM_BYTES,
  PACKET_CHALLENGE,
  PACKET_DENIED,
  PACKET_DISCONNECT,
  PACKET_KEEP_ALIVE,
  PACKET_PAYLOAD,
  PACKET_RESPONSE,
  SEQUENCE_HIGH_LIMIT,
} from './constants.js'
import type { OpenedPacket } from './opened-packet.js'
import { assertPayloadBytes, maxPayloadBytesAt, PacketCodec, packetBodyOffset } from './packet.js'
import { ReplayWindow } from './replay-window.js'
import { Stall } from './stall.js'

/** How a `NetcodeClient` works. */
export interface NetcodeClientOptions {
  /** What seals and opens packets. */
  readonly crypto: Crypto
  /** A keep-alive leaves after this many milliseconds without a payload. In the first second it is 100, so that the server hears of a new client. Default: 100. */
  readonly keepAliveMs?: number
  /** Milliseconds without a packet after which a stage or the session ends, in place of the token's time-out; 0 = never. Default: the token's. */
  readonly timeoutMs?: number
}

/** Datagrams that a `NetcodeClient` ignored, by cause, since it was made. */
export interface NetcodeClientCounters {
  /** Not the size or form of any packet. */
  malformed: number
  /** From another address than the server's. */
  stranger: number
  /** A packet type that has no meaning in this state. */
  unexpected: number
  /** A packet that was received before, or is too old to tell. */
  replayed: number
  /** A sequence of 2^53 or more where a slot's was due. */
  sequenceTooLarge: number
  /** A packet that does not open with the token's key. */
  forged: number
}

/**
 * A netcode client. After each call that takes `now`: look at `state`, and call `pollDatagram` until 0.
 *
 * @example
 * client.connect(token, now)
 * for (let length = client.pollDatagram(out); length > 0; length = client.pollDatagram(out)) send(out, length, client.targetAddress)
 */
export class NetcodeClient {
  /** What was ignored, by cause. */
  readonly counters: NetcodeClientCounters = { malformed: 0, stranger: 0, unexpected: 0, replayed: 0, sequenceTooLarge: 0, forged: 0 }

  readonly #crypto: Crypto
  #keepAliveMs: number
  readonly #timeoutOverrideMs: number | undefined

  readonly #machine = new StateMachine<NetcodeClientState>('netcode client', NETCODE_CLIENT_TRANSITIONS, DISCONNECTED)
  #token: ConnectToken | undefined
  #packets: PacketCodec
  #replayWindow = new ReplayWindow()
  #nextSequence = 0
  #addressIndex = 0
  #clientIndex = 0
  #maxClients = 0
  readonly #challenge = new Uint8Array(CHALLENGE_BODY_BYTES)

  #timeoutMs = Number.POSITIVE_INFINITY
  #connectedAt = 0
  #lastReceivedAt = 0
  #timesOutAt = Number.POSITIVE_INFINITY
  readonly #stall = new Stall()
  #tokenExpiresAt = Number.POSITIVE_INFINITY
  #nextSendAt = Number.POSITIVE_INFINITY
  #isSendDue = false
  #disconnectsLeft = 0
  readonly #opened = { isPayload: false, sequence: 0, start: 0, end: 0 }

  /** Throws a RangeError where an option is not as described. */
  constructor(options: NetcodeClientOptions) {
    this.#crypto = options.crypto
    this.#keepAliveMs = options.keepAliveMs ?? HANDSHAKE_INTERVAL_MS
    this.#timeoutOverrideMs = options.timeoutMs
    this.#packets = new PacketCodec(options.crypto, 0n)
    if (!(this.#keepAliveMs > 0)) throw new RangeError(`"keepAliveMs" expected a number above 0, got ${options.keepAliveMs}`)
    if (options.timeoutMs !== undefined && !(options.timeoutMs >= 0))
      throw new RangeError(`"timeoutMs" expected a number from 0, got ${options.timeoutMs}`)
  }

  /** Negative = failed, 0 = disconnected, 1–2 = connecting, 3 = connected. */
  get state(): NetcodeClientState {
    return this.#machine.state
  }

  /** The state in words. */
  get stateName(): NetcodeClientStateName {
    return STATE_NAMES[this.state]
  }

  /** The slot that the server gave it; 0 before it was connected. */
  get clientIndex(): number {
    return this.#clientIndex
  }

  /** The server's slots; 0 before it was connected. */
  get maxClients(): number {
    return this.#maxClients
  }

  /** The server that it speaks to now, where its datagrams must go. Changes when it moves on to the token's next address. Throws before the first `connect`. */
  get targetAddress(): Address {
    return this.#connectToken().serverAddresses[this.#addressIndex]!
  }

  /** The sequence that the next packet will have, a whole number below 2^53. */
  get nextSequence(): number {
    return this.#nextSequence
  }

  /** Where the next payload is to be written: 1 + bytes of `nextSequence`. */
  get payloadOffset(): number {
    return packetBodyOffset(this.#nextSequence)
  }

  /** The payload that fills the next datagram to 1200 bytes. */
  get maxPayloadBytes(): number {
    return maxPayloadBytesAt(this.#nextSequence)
  }

  /** `now` when the last packet of the server arrived, or of `connect`. */
  get lastReceivedAt(): number {
    return this.#lastReceivedAt
  }

  /**
   * Begins to connect to the first server of a token, 2048 bytes. Throws a TypeError where the token cannot be read, and an Error while connecting or connected.
   * A token opens one session on each of its servers: to connect again, a client needs a new one.
   *
   * @param zone The zone of its link-local addresses (`eth0` of `fe80::1%eth0`), for which a token has no place.
   */
  connect(token: Uint8Array, now: number, zone?: string): void {
    if (this.state > DISCONNECTED)
      throw new Error(`connect() expected a client that is disconnected, got one that is in state "${this.stateName}"`)
    const read = readConnectToken(token)
    if (read === undefined) {
      this.#machine.move(INVALID_TOKEN)
      throw new TypeError(
        `"token" expected the ${CONNECT_TOKEN_BYTES} bytes of a netcode 1.02 connect token, got ${token.length} bytes that cannot be read as one`,
      )
    }
    // Under the same keys the sequence goes on, and what was received stays received: a nonce is never used twice.
    if (!hasSameKeys(this.#token, read)) {
      this.#nextSequence = 0
      this.#replayWindow = new ReplayWindow()
    }
    this.#token = zone === undefined ? read : { ...read, serverAddresses: read.serverAddresses.map((address) => withZone(address, zone)) }
    this.#packets = new PacketCodec(this.#crypto, read.protocolId)
    this.#disconnectsLeft = 0
    this.#clientIndex = 0
    this.#maxClients = 0
    const timeoutMs = this.#timeoutOverrideMs ?? read.timeoutSeconds * 1000
    this.#timeoutMs = timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY
    this.#tokenExpiresAt = now + Number(read.expireUnixSeconds - read.createUnixSeconds) * 1000
    this.#startRequest(0, now)
  }

  /**
   * Takes one datagram, and opens it in place. Never throws, whatever the bytes; what is ignored is counted.
   *
   * @param host The sender's numeric host, in canonical form (see `canonicalHost`).
   * @param now Monotonic milliseconds.
   * @returns A payload, or a keep-alive, of the server while connected, in one object that the next call overwrites; else undefined.
   */
  handleDatagram(bytes: Uint8Array, length: number, host: string, port: number, now: number): OpenedPacket | undefined {
    const ignored = this.#openPacket(bytes, length, host, port)
    if (ignored !== undefined) {
      this.counters[ignored]++
      return undefined
    }
    this.#lastReceivedAt = now
    // Never earlier than before: after a stall deadlines have moved, and what waited in the inbox arrived long ago.
    this.#timesOutAt = Math.max(this.#timesOutAt, now + this.#timeoutMs + this.#stall.creditAt(now))
    switch (this.#packets.type) {
      case PACKET_DENIED:
        this.#failAddress(CONNECTION_DENIED, now)
        return undefined
      case PACKET_CHALLENGE:
        this.#handleChallenge(bytes, now)
        return undefined
      case PACKET_DISCONNECT:
        this.#end(DISCONNECTED)
        return undefined
      case PACKET_KEEP_ALIVE:
        if (this.state === SENDING_RESPONSE) this.#handleFirstKeepAlive(bytes, now)
        return this.#describe(false)
      default:
        return this.#describe(true)
    }
  }

  /** Ends stages and sessions that have timed out, and makes what falls due: requests, responses, keep-alives. */
  handleTimeout(now: number): void {
    if (this.state <= DISCONNECTED) return
    if (this.state !== CONNECTED && this.#tokenExpiresAt <= now) {
      this.#end(TOKEN_EXPIRED)
      return
    }
    if (this.#timesOutAt <= now) this.#handleSilence(now)
    if (this.state <= DISCONNECTED || this.#nextSendAt > now) return
    this.#isSendDue = true
    this.#nextSendAt = now + this.#sendInterval(now)
  }

  /** The current server cannot be reached, as a closed port said: goes on as after a time-out, but at once. Does nothing unless connecting. */
  handleUnreachable(now: number): void {
    if (this.state === SENDING_REQUEST || this.state === SENDING_RESPONSE) this.#handleSilence(now)
  }

  /** The server has said that it waits for at most `timeoutMs` without a packet: this side waits no longer, and says at least five times in it that it lives. */
  limitTimeout(timeoutMs: number): void {
    this.#keepAliveMs = Math.min(this.#keepAliveMs, timeoutMs / 5)
    if (timeoutMs >= this.#timeoutMs) return
    // From the deadline as it is, which a stall may have moved.
    if (this.#timesOutAt < Number.POSITIVE_INFINITY) this.#timesOutAt -= this.#timeoutMs - timeoutMs
    else this.#timesOutAt = this.#lastReceivedAt + timeoutMs + this.#stall.creditAt(this.#lastReceivedAt)
    this.#timeoutMs = timeoutMs
  }

  /** Milliseconds without a packet after which this side ends the session; 0 = never. */
  get timeoutMs(): number {
    return this.#timeoutMs === Number.POSITIVE_INFINITY ? 0 : this.#timeoutMs
  }

  /** When `handleTimeout` has work, in milliseconds of `now`; Infinity where nothing is waited for. */
  nextDeadline(): number {
    if (this.state <= DISCONNECTED) return Number.POSITIVE_INFINITY
    const deadline = Math.min(this.#timesOutAt, this.#nextSendAt)
    return this.state === CONNECTED ? deadline : Math.min(deadline, this.#tokenExpiresAt)
  }

  /** Moves the time-out by the excess of a stall that ends `now`, so that a process that stood still does not lose its session. What arrived before its end and is handled only after it counts as moved too. */
  shiftDeadlines(excessMs: number, now = Number.NEGATIVE_INFINITY): void {
    this.#timesOutAt += excessMs
    this.#stall.note(excessMs, now)
  }

  /**
   * Writes the next datagram that the client itself has to send (request, response, keep-alive, disconnect), for `targetAddress`.
   * Throws a RangeError where `out` is shorter than 1200 bytes.
   *
   * @returns Its length; 0 when there is none.
   */
  pollDatagram(out: Uint8Array): number {
    if (out.length < MAX_SENT_DATAGRAM_BYTES)
      throw new RangeError(`"out" expected at least ${MAX_SENT_DATAGRAM_BYTES} bytes, got ${out.length}`)
    if (this.#disconnectsLeft > 0) {
      this.#disconnectsLeft--
      return this.#seal(PACKET_DISCONNECT, out, 0)
    }
    if (!this.#isSendDue) return 0
    this.#isSendDue = false
    switch (this.state) {
      case SENDING_REQUEST:
        return writeConnectionRequest(out, this.#connectToken())
      case SENDING_RESPONSE:
        out.set(this.#challenge, this.payloadOffset)
        return this.#seal(PACKET_RESPONSE, out, CHALLENGE_BODY_BYTES)
      default:
        // Connected: an end takes back what was due. Only the server's keep-alives say something; the client's are zeros, as upstream's are.
        out.fill(0, this.payloadOffset, this.payloadOffset + KEEP_ALIVE_BODY_BYTES)
        return this.#seal(PACKET_KEEP_ALIVE, out, KEEP_ALIVE_BODY_BYTES)
    }
  }

  /**
   * Seals a payload that was written to `out[payloadOffset …]` and returns the datagram's length. It must be sent to `targetAddress`.
   * Throws an Error unless connected, a RangeError where the payload is not 1–1200 bytes or `out` is too short.
   */
  sealPayload(out: Uint8Array, payloadBytes: number, now: number): number {
    if (this.state !== CONNECTED)
      throw new Error(`sealPayload() expected a client that is connected, got one that is in state "${this.stateName}"`)
    assertPayloadBytes(payloadBytes)
    const length = this.#seal(PACKET_PAYLOAD, out, payloadBytes)
    this.#nextSendAt = now + this.#sendInterval(now)
    this.#isSendDue = false // a keep-alive would say no more
    return length
  }

  /** Ends the session or the attempt. Where the server may know of it, ten disconnect packets are made for `pollDatagram`. Does nothing when disconnected or failed. */
  disconnect(): void {
    if (this.state <= DISCONNECTED) return
    if (this.state !== SENDING_REQUEST) this.#disconnectsLeft = DISCONNECT_PACKETS
    this.#end(DISCONNECTED)
  }

  /** Checks and opens a packet. Undefined where it may act on the state. */
  #openPacket(bytes: Uint8Array, length: number, host: string, port: number): keyof NetcodeClientCounters | undefined {
    const token = this.#token
    if (token === undefined || this.state <= DISCONNECTED) return 'unexpected'
    const source = token.serverAddresses[this.#addressIndex]!
    if (port !== source.port || host !== source.host) return 'stranger'
    const packets = this.#packets
    if (!packets.readHeader(bytes, length)) return 'malformed'
    if (!isExpected(this.state, packets.type)) return 'unexpected'
    const { sequenceLow, sequenceHigh } = packets
    const isNumbered = packets.type >= PACKET_KEEP_ALIVE
    if (isNumbered && sequenceHigh >= SEQUENCE_HIGH_LIMIT) return 'sequenceTooLarge'
    if (isNumbered && this.#replayWindow.isReceived(sequenceLow, sequenceHigh)) return 'replayed'
    if (!packets.open(token.serverToClientKey, bytes)) return 'forged'
    if (isNumbered) this.#replayWindow.advance(sequenceLow, sequenceHigh)
    return undefined
  }

  #handleChallenge(bytes: Uint8Array, now: number): void {
    for (let i = 0; i < CHALLENGE_BODY_BYTES; i++) this.#challenge[i] = bytes[this.#packets.bodyStart + i]!
    this.#machine.move(SENDING_RESPONSE)
    this.#sendAtOnce(now)
  }

  #handleFirstKeepAlive(bytes: Uint8Array, now: number): void {
    this.#clientIndex = readUint32(bytes, this.#packets.bodyStart)
    this.#maxClients = readUint32(bytes, this.#packets.bodyStart + 4)
    this.#machine.move(CONNECTED)
    this.#connectedAt = now
    this.#sendAtOnce(now)
  }

  #handleSilence(now: number): void {
    switch (this.state) {
      case SENDING_REQUEST:
        this.#failAddress(REQUEST_TIMED_OUT, now)
        return
      case SENDING_RESPONSE:
        this.#failAddress(RESPONSE_TIMED_OUT, now)
        return
      default:
        this.#end(CONNECTION_TIMED_OUT)
    }
  }

  #failAddress(failure: NetcodeClientState, now: number): void {
    const next = this.#addressIndex + 1
    if (next < this.#connectToken().serverAddresses.length) this.#startRequest(next, now)
    else this.#end(failure)
  }

  #startRequest(addressIndex: number, now: number): void {
    this.#machine.move(SENDING_REQUEST)
    this.#addressIndex = addressIndex
    this.#lastReceivedAt = now
    this.#timesOutAt = now + this.#timeoutMs
    this.#sendAtOnce(now)
  }

  #end(state: NetcodeClientState): void {
    this.#machine.move(state)
    this.#isSendDue = false
  }

  #sendAtOnce(now: number): void {
    this.#isSendDue = true
    this.#nextSendAt = now + this.#sendInterval(now)
  }

  #sendInterval(now: number): number {
    const isEstablished = this.state === CONNECTED && now - this.#connectedAt >= CONFIRM_PERIOD_MS
    return isEstablished ? this.#keepAliveMs : HANDSHAKE_INTERVAL_MS
  }

  #seal(type: number, out: Uint8Array, bodyBytes: number): number {
    const sequence = this.#nextSequence
    const key = this.#connectToken().clientToServerKey
    const length = this.#packets.seal(key, type, sequence >>> 0, Math.floor(sequence / 2 ** 32), out, bodyBytes)
    this.#nextSequence = sequence + 1
    return length
  }

  #describe(isPayload: boolean): OpenedPacket {
    const opened = this.#opened
    opened.isPayload = isPayload
    opened.sequence = this.#packets.sequence
    opened.start = this.#packets.bodyStart
    opened.end = isPayload ? this.#packets.bodyEnd : opened.start
    return opened
  }

  #connectToken(): ConnectToken {
    if (this.#token === undefined) throw new Error('expected connect() to be called first')
    return this.#token
  }
}

/** Which packets mean something while connecting and connected; payloads before the first keep-alive are discarded, as the standard has it. */
function isExpected(state: NetcodeClientState, type: number): boolean {
  if (state === CONNECTED) return type >= PACKET_KEEP_ALIVE
  return type === PACKET_DENIED || type === (state === SENDING_REQUEST ? PACKET_CHALLENGE : PACKET_KEEP_ALIVE)
}

function withZone(address: Address, zone: string): Address {
  return /^fe[89ab]/.test(address.host) ? { ...address, host: `${address.host}%${zone}` } : address
}

function hasSameKeys(previous: ConnectToken | undefined, next: ConnectToken): boolean {
  return previous?.clientToServerKey.every((byte, i) => byte === next.clientToServerKey[i]) ?? false
}
