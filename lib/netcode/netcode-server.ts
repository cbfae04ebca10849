// The server of netcode 1.02 (STANDARD.md, "Server-Side Connection Process"), sans-IO: datagrams, `now` and Unix time in; payloads, events and datagrams out.
// What a payload means, and why a client was refused in words, is for the layers above.
import type { Address } from '../io/address.js'
import { createAddress } from '../wire/address.js'
import { readUint32 } from '../wire/bytes.js'
import { ReplyLimiter, type ReplyRates } from '../wire/reply-limiter.js'
import { RingQueue } from '../wire/ring-queue.js'
import { AddressMap } from './address-map.js'
import { ChallengeTokenCodec } from './challenge-token.js'
import { assertInteger, assertKey, assertU64 } from './connect-token.js'
import { REQUEST_MAC_OFFSET, REQUEST_TOKEN_OFFSET, RequestReader } from './connection-request.js'
import {
  CONNECTION_REQUEST_BYTES,
  DEADLINE_SCAN_MS,
  DEFAULT_TOKEN_LIFETIME_SECONDS,
  HANDSHAKE_INTERVAL_MS,
  KEY_BYTES,
  MAX_CLIENTS_LIMIT,
  MIN_PENDING_CLIENTS,
  MIN_TOKEN_HISTORY,
  PACKET_DISCONNECT,
  PACKET_KEEP_ALIVE,
  PACKET_PAYLOAD,
  PACKET_REQUEST,
  PACKET_RESPONSE,
  PENDING_CLIENTS_PER_SLOT,
  PENDING_TIMEOUT_MS,
  REQUESTS_PER_SECOND,
  REQUESTS_PER_SECOND_AND_NETWORK,
  SEQUENCE_HIGH_LIMIT,
  TOKEN_HISTORY_PER_SLOT,
} from './constants.js'
import type { ReceivedPacket } from './opened-packet.js'
import { assertPayloadBytes, PacketCodec } from './packet.js'
import { PendingClient, PendingClients } from './pending-clients.js'
import { type PrivateToken, readPrivateToken } from './private-token.js'
import { type NetcodeServerClient, ServerClient } from './server-client.js'
import { createServerCounters, type IgnoredCause, type NetcodeServerCounters } from './server-counters.js'
import type { NetcodeEndReason, NetcodeServerEvent, NetcodeServerOptions } from './server-options.js'
import { ServerOutbox } from './server-outbox.js'
import { Stall } from './stall.js'
import { TokenHistory } from './token-history.js'

/**
 * A netcode server. After each `handleDatagram` and `handleTimeout`: `pollEvent` until undefined, `pollDatagram` until 0.
 *
 * @example
 * const packet = server.handleDatagram(bytes, length, host, port, now, unixSeconds)
 * if (packet?.isPayload) receive(packet.client, bytes.subarray(packet.start, packet.end))
 * for (let length = server.pollDatagram(out); length > 0; length = server.pollDatagram(out)) send(out, length, server.targetHost, server.targetPort)
 */
export class NetcodeServer {
  /** False: requests and responses are ignored and counted; clients that are connected stay. */
  acceptNewClients = true
  /** What was ignored, by cause. */
  readonly counters: NetcodeServerCounters = createServerCounters()

  readonly #maxClients: number
  readonly #keepAliveMs: number
  readonly #maxTimeoutSeconds: number | undefined
  readonly #maxTokenLifetimeSeconds: number
  readonly #startUnixSeconds: number
  readonly #takeOver: boolean
  readonly #isOpen: boolean
  readonly #ownAddresses: AddressMap<true> | undefined
  readonly #admits: (host: string) => boolean
  readonly #isPortable: (userData: Uint8Array) => boolean
  readonly #limiter: ReplyLimiter

  readonly #packets: PacketCodec
  readonly #requests: RequestReader
  readonly #challenges: ChallengeTokenCodec
  readonly #outbox: ServerOutbox
  readonly #stall = new Stall()
  readonly #tokens: TokenHistory
  readonly #pending: PendingClients
  readonly #byAddress = new AddressMap<ServerClient>()
  readonly #byId = new Map<bigint, ServerClient>()
  /** Slots that were used and are free again; those from `#unusedIndex` on were never used. */
  readonly #freeIndexes: number[] = []
  #unusedIndex = 0

  /** The latest Unix time that was seen: a clock that is set back must not make expired tokens valid again. */
  #unixSeconds: number
  /** No deadline is due before this; the clients are not looked through until then. */
  #scanAt = Number.POSITIVE_INFINITY

  readonly #events = new RingQueue<NetcodeServerEvent>()
  #received: { client: ServerClient; isPayload: boolean; sequence: number; start: number; end: number } | undefined

  /** Throws a TypeError or RangeError where an option is not as described. */
  constructor(options: NetcodeServerOptions) {
    assertU64('protocolId', options.protocolId)
    assertKey('privateKey', options.privateKey)
    assertInteger('maxClients', options.maxClients, 1, MAX_CLIENTS_LIMIT)
    this.#maxClients = options.maxClients
    this.#keepAliveMs = options.keepAliveMs ?? HANDSHAKE_INTERVAL_MS
    this.#maxTimeoutSeconds = options.maxTimeoutSeconds
    this.#maxTokenLifetimeSeconds = options.maxTokenLifetimeSeconds ?? DEFAULT_TOKEN_LIFETIME_SECONDS
    this.#startUnixSeconds = options.startUnixSeconds
    this.#unixSeconds = options.startUnixSeconds
    this.#takeOver = options.takeOver ?? true
    this.#isOpen = options.isOpen ?? false
    this.#ownAddresses = this.#isOpen ? undefined : toAddressMap(options.addresses)
    this.#admits = options.admits ?? (() => true)
    this.#isPortable = options.isPortable ?? (() => false)
    this.#limiter = new ReplyLimiter(options.requestRates ?? requestRatesFor(REQUESTS_PER_SECOND_AND_NETWORK))
    assertPositive('keepAliveMs', this.#keepAliveMs)
    if (options.maxTimeoutSeconds !== undefined) assertPositive('maxTimeoutSeconds', options.maxTimeoutSeconds)

    const challengeKey = new Uint8Array(KEY_BYTES)
    options.entropy.fill(challengeKey)

    this.#packets = new PacketCodec(options.crypto, options.protocolId)
    this.#requests = new RequestReader(options.crypto, options.protocolId, options.privateKey)
    this.#challenges = new ChallengeTokenCodec(options.crypto, challengeKey)
    this.#outbox = new ServerOutbox(this.#packets, this.#challenges, options.maxClients, options.entropy)
    const history = options.maxTokenHistory ?? Math.max(MIN_TOKEN_HISTORY, TOKEN_HISTORY_PER_SLOT * options.maxClients)
    assertInteger('maxTokenHistory', history, 1, Number.MAX_SAFE_INTEGER)
    this.#tokens = new TokenHistory(history, this.#isOpen)
    this.#pending = new PendingClients(Math.max(MIN_PENDING_CLIENTS, PENDING_CLIENTS_PER_SLOT * options.maxClients))
  }

  /** Connected clients, in the order in which they connected. Clients may leave while this is iterated. */
  get clients(): Iterable<NetcodeServerClient> {
    return { [Symbol.iterator]: () => this.#byId.values() }
  }

  /** Connected clients. */
  get clientCount(): number {
    return this.#byId.size
  }

  /** Where the datagram that `pollDatagram` gave last must go. */
  get targetHost(): string {
    return this.#outbox.targetHost
  }

  /** Where the datagram of the last `pollDatagram` goes: its port. */
  get targetPort(): number {
    return this.#outbox.targetPort
  }

  /** The client that this datagram is for; undefined where its target holds no slot. */
  get targetClient(): NetcodeServerClient | undefined {
    return this.#outbox.targetClient
  }

  /** Clients that were challenged and have not answered. */
  get pendingCount(): number {
    return this.#pending.size
  }

  /** Connect tokens that are remembered. */
  get tokenCount(): number {
    return this.#tokens.size
  }

  /** The connected client with this id. */
  getClient(clientId: bigint): NetcodeServerClient | undefined {
    return this.#byId.get(clientId)
  }

  /**
   * Takes one datagram, and opens it in place. Never throws, whatever the bytes; what is ignored is counted.
   *
   * @param host The sender's numeric host, always in the same spelling (see `canonicalHost`).
   * @param now Monotonic milliseconds.
   * @param unixSeconds Seconds since 1970.
   * @returns The payload or keep-alive of a connected client, in one object that the next call overwrites; else undefined.
   */
  handleDatagram(
    bytes: Uint8Array,
    length: number,
    host: string,
    port: number,
    now: number,
    unixSeconds: number,
  ): ReceivedPacket | undefined {
    if (length < 1 || length > bytes.length) {
      this.counters.malformed++
      return undefined
    }
    let ignored: IgnoredCause | undefined
    if (bytes[0] === PACKET_REQUEST) {
      this.#observeTime(unixSeconds)
      ignored = this.#handleRequest(bytes, length, host, port, now)
    } else {
      const client = this.#byAddress.get(host, port)
      if (client !== undefined) return this.#handlePacket(client, bytes, length, now)
      const pending = this.#pending.get(host, port)
      ignored = pending === undefined ? 'stranger' : this.#handleResponse(pending, bytes, length, now)
    }
    if (ignored !== undefined) this.counters[ignored]++
    return undefined
  }

  /** Ends sessions that have timed out and makes keep-alives that fall due. Calls before `nextDeadline()` cost next to nothing. */
  handleTimeout(now: number, unixSeconds: number): void {
    this.#observeTime(unixSeconds)
    if (now < this.#scanAt) return
    let next = this.#pending.expire(now)
    for (const client of this.#byId.values()) {
      if (client.timesOutAt <= now) {
        this.#end(client, 'timeout')
        continue
      }
      if (client.keepAliveAt <= now) this.#queueKeepAlive(client, now)
      next = Math.min(next, client.timesOutAt, client.keepAliveAt)
    }
    this.#scanAt = Math.max(next, now + DEADLINE_SCAN_MS)
  }

  /** When `handleTimeout` has work, in milliseconds of `now`; Infinity where nothing is waited for. */
  nextDeadline(): number {
    return this.#scanAt
  }

  /** Moves the time-outs of all clients by the excess of a stall that ends `now`, so that a process that stood still ends nobody's session. What arrived before its end and is handled only after it counts as moved too. */
  shiftDeadlines(excessMs: number, now = Number.NEGATIVE_INFINITY): void {
    this.#stall.note(excessMs, now)
    for (const client of this.#byId.values()) client.timesOutAt += excessMs
  }

  /** The next event, oldest first; undefined when there is none. */
  pollEvent(): NetcodeServerEvent | undefined {
    return this.#events.shift()
  }

  /**
   * Writes the next datagram that the server itself has to send (challenge, denial, keep-alive, disconnect), for `targetHost` and `targetPort`.
   * Throws a RangeError where `out` is shorter than 1200 bytes.
   *
   * @returns Its length; 0 when there is none.
   */
  pollDatagram(out: Uint8Array): number {
    return this.#outbox.poll(out)
  }

  /**
   * Ends a session: ten disconnect packets are made, the slot is free at once, and an event says `dropped`. Does nothing to a client that has ended.
   */
  disconnectClient(client: NetcodeServerClient): void {
    const ended = toServerClient(client)
    if (ended.isConnected) this.#endWithFarewell(ended, 'dropped')
  }

  /** `disconnectClient` for every client. */
  disconnectAll(): void {
    for (const client of this.#byId.values()) this.#endWithFarewell(client, 'dropped')
  }

  /**
   * Seals a payload that was written to `out[client.payloadOffset …]`, under `client.nextSequence`, and returns the datagram's length. It must be sent to `client.address`.
   * Until `client.confirmed`, call `sealKeepAlive` and send that datagram first, before the payload is written: it takes a sequence, so `payloadOffset` may move.
   * Works for a client that has ended too, for a last word. Throws a RangeError where the payload is not 1–1200 bytes or `out` is too short.
   */
  sealPayload(client: NetcodeServerClient, out: Uint8Array, payloadBytes: number, now: number): number {
    assertPayloadBytes(payloadBytes)
    const target = toServerClient(client)
    target.keepAliveAt = now + this.#keepAliveInterval(target)
    return this.#outbox.seal(target, PACKET_PAYLOAD, out, payloadBytes)
  }

  /** Seals a keep-alive for a client, which tells it its slot, and returns the datagram's length. */
  sealKeepAlive(client: NetcodeServerClient, out: Uint8Array, now: number): number {
    const target = toServerClient(client)
    target.keepAliveAt = now + this.#keepAliveInterval(target)
    return this.#outbox.sealKeepAlive(target, out)
  }

  // ── Requests ──

  /** The checks stand in the standard's order, the cheap ones first; nothing is remembered before the token has opened. */
  #handleRequest(bytes: Uint8Array, length: number, host: string, port: number, now: number): IgnoredCause | undefined {
    if (length !== CONNECTION_REQUEST_BYTES) return 'malformed'
    if (!this.#requests.hasVersion(bytes)) return 'wrongVersion'
    if (!this.#requests.hasProtocolId(bytes)) return 'wrongProtocol'
    const expireSeconds = this.#requests.expireSeconds(bytes)
    if (!this.#isOpen && expireSeconds <= this.#unixSeconds) return 'expired'
    if (!this.#isOpen && expireSeconds - this.#maxTokenLifetimeSeconds < this.#startUnixSeconds) return 'beforeRestart'
    if (!this.acceptNewClients) return 'notAccepting'
    if (!this.#requests.open(bytes)) return 'badToken'

    const token = readPrivateToken(bytes, REQUEST_TOKEN_OFFSET)
    if (token === undefined) return 'badToken'
    if (token.timeoutSeconds < 0 && this.#maxTimeoutSeconds !== undefined) return 'negativeTimeout'
    if (!this.#isNamedIn(token)) return 'wrongAddress'
    if (this.#byAddress.get(host, port) !== undefined) return 'addressConnected'
    if (!this.#takeOver && this.#byId.has(token.clientId)) return 'clientIdConnected'

    if (!this.#limiter.allows(host, now)) return 'rateLimited'
    const tokenMac = bytes.slice(REQUEST_MAC_OFFSET, CONNECTION_REQUEST_BYTES)
    switch (this.#tokens.admit(tokenMac, expireSeconds, host, port)) {
      case 'consumed':
        return 'consumedToken'
      case 'other-address':
        if (this.#isPortable(token.userData)) break
        return 'sharedToken'
      case 'full':
        return 'historyFull'
      case 'accepted':
        break
    }
    if (!this.#hasRoomFor(token.clientId)) return this.#deny(host, port, token)
    this.#challenge(token, tokenMac, expireSeconds, host, port, now)
    return undefined
  }

  #isNamedIn(token: PrivateToken): boolean {
    const own = this.#ownAddresses
    return own === undefined || token.serverAddresses.some((address) => own.get(address.host, address.port) === true)
  }

  /** A client that takes over its own session needs no further slot. */
  #hasRoomFor(clientId: bigint): boolean {
    return this.#byId.size < this.#maxClients || this.#byId.has(clientId)
  }

  #deny(host: string, port: number, token: PrivateToken): IgnoredCause {
    this.#outbox.queueDenial(host, port, token.serverToClientKey)
    return 'full'
  }

  #challenge(token: PrivateToken, tokenMac: Uint8Array, expireSeconds: number, host: string, port: number, now: number): void {
    let pending = this.#pending.get(host, port)
    if (pending?.hasToken(tokenMac)) {
      this.#pending.touch(pending)
    } else {
      const timeoutMs = this.#timeoutMs(token)
      const forgottenAt = now + Math.min(timeoutMs, PENDING_TIMEOUT_MS)
      pending = new PendingClient({ host, port, family: familyOf(host) }, token, tokenMac, expireSeconds, timeoutMs, forgottenAt)
      if (this.#pending.add(pending)) this.counters.pendingEvicted++
      this.#scanAt = Math.min(this.#scanAt, forgottenAt)
    }
    this.#outbox.queueChallenge(pending)
  }

  /** Milliseconds; Infinity = never. */
  #timeoutMs(token: PrivateToken): number {
    const ofToken = token.timeoutSeconds > 0 ? token.timeoutSeconds : Number.POSITIVE_INFINITY
    return Math.min(ofToken, this.#maxTimeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000
  }

  // ── Responses ──

  #handleResponse(pending: PendingClient, bytes: Uint8Array, length: number, now: number): IgnoredCause | undefined {
    const packets = this.#packets
    if (!packets.readHeader(bytes, length)) return 'malformed'
    if (packets.type !== PACKET_RESPONSE) return 'unexpected'
    if (!packets.open(pending.token.clientToServerKey, bytes)) return 'forged'
    const at = packets.bodyStart
    if (!this.#challenges.open(bytes, at + 8, readUint32(bytes, at), readUint32(bytes, at + 4), pending.tokenMac)) return 'badChallenge'
    if (!this.acceptNewClients) return 'notAccepting'
    const previous = this.#byId.get(pending.token.clientId)
    if (previous !== undefined && !this.#takeOver) return 'clientIdConnected'
    if (!this.#hasRoomFor(pending.token.clientId)) return this.#deny(pending.address.host, pending.address.port, pending.token)

    if (!this.#admits(pending.address.host)) return 'notAdmitted'
    if (previous !== undefined) this.#endWithFarewell(previous, 'replaced')
    this.#connect(pending, now)
    return undefined
  }

  #connect(pending: PendingClient, now: number): void {
    const { host, port } = pending.address
    this.#pending.delete(pending)
    this.#tokens.consume(pending.tokenMac, pending.expireSeconds, host, port)
    const client = new ServerClient(this.#freeIndexes.pop() ?? this.#unusedIndex++, pending, now)
    this.#byAddress.set(host, port, client)
    this.#byId.set(client.clientId, client)
    this.#queueKeepAlive(client, now)
    this.#scanAt = Math.min(this.#scanAt, client.keepAliveAt, client.timesOutAt)
    this.#events.push({ type: 'connected', client })
  }

  // ── Connected clients ──

  #handlePacket(client: ServerClient, bytes: Uint8Array, length: number, now: number): ReceivedPacket | undefined {
    const ignored = this.#openPacket(client, bytes, length)
    if (ignored !== undefined) {
      this.counters[ignored]++
      return undefined
    }
    const packets = this.#packets
    if (packets.type === PACKET_DISCONNECT) {
      this.#end(client, 'closed')
      return undefined
    }
    client.lastReceivedAt = now
    // Never earlier than before: after a stall deadlines have moved, and what waited in the inbox arrived long ago.
    client.timesOutAt = Math.max(client.timesOutAt, now + client.timeoutMs + this.#stall.creditAt(now))
    client.confirmed = true

    const isPayload = packets.type === PACKET_PAYLOAD
    const start = packets.bodyStart
    const end = isPayload ? packets.bodyEnd : start
    const received = this.#received
    if (received === undefined) {
      this.#received = { client, isPayload, sequence: packets.sequence, start, end }
      return this.#received
    }
    received.client = client
    received.isPayload = isPayload
    received.sequence = packets.sequence
    received.start = start
    received.end = end
    return received
  }

  /** Checks and opens a packet of types 4–6, and advances the client's replay window. */
  #openPacket(client: ServerClient, bytes: Uint8Array, length: number): IgnoredCause | undefined {
    const packets = this.#packets
    if (!packets.readHeader(bytes, length)) return 'malformed'
    if (packets.type < PACKET_KEEP_ALIVE) return 'unexpected'
    const { sequenceLow, sequenceHigh } = packets
    if (sequenceHigh >= SEQUENCE_HIGH_LIMIT) return 'sequenceTooLarge'
    if (client.replayWindow.isReceived(sequenceLow, sequenceHigh)) return 'replayed'
    if (!packets.open(client.clientToServerKey, bytes)) return 'forged'
    client.replayWindow.advance(sequenceLow, sequenceHigh)
    return undefined
  }

  #keepAliveInterval(client: ServerClient): number {
    // At least five times in the client's own time-out, which may be shorter than ours.
    return client.confirmed ? Math.min(this.#keepAliveMs, client.timeoutMs / 5) : HANDSHAKE_INTERVAL_MS
  }

  #queueKeepAlive(client: ServerClient, now: number): void {
    client.keepAliveAt = now + this.#keepAliveInterval(client)
    this.#outbox.queueKeepAlive(client)
  }

  #endWithFarewell(client: ServerClient, reason: NetcodeEndReason): void {
    this.#end(client, reason)
    this.#outbox.queueFarewell(client)
  }

  #end(client: ServerClient, reason: NetcodeEndReason): void {
    client.isConnected = false
    this.#byId.delete(client.clientId)
    this.#byAddress.delete(client.address.host, client.address.port)
    this.#freeIndexes.push(client.index)
    this.#events.push({ type: 'disconnected', client, reason })
  }

  #observeTime(unixSeconds: number): void {
    if (unixSeconds > this.#unixSeconds) this.#unixSeconds = unixSeconds
    this.#tokens.expire(this.#unixSeconds)
  }
}

/** Rates where one network may have so many requests a second answered, and all together ten times as many. */
export function requestRatesFor(perSecondAndNetwork: number): ReplyRates {
  const perSecond = (perSecondAndNetwork * REQUESTS_PER_SECOND) / REQUESTS_PER_SECOND_AND_NETWORK
  return { perSecond, burst: perSecond, perSecondAndNetwork, burstOfNetwork: perSecondAndNetwork }
}

function toServerClient(client: NetcodeServerClient): ServerClient {
  if (client instanceof ServerClient) return client
  throw new TypeError('"client" expected a client of this server')
}

function toAddressMap(addresses: readonly Address[] | undefined): AddressMap<true> | undefined {
  if (addresses === undefined) return undefined
  const map = new AddressMap<true>()
  for (const { host, port } of addresses) {
    const address = createAddress(host, port)
    map.set(address.host, address.port, true)
  }
  return map
}

function familyOf(host: string): Address['family'] {
  return host.includes(':') ? 'ipv6' : 'ipv4'
}

function assertPositive(name: string, value: number): void {
  if (!(value > 0)) throw new RangeError(`"${name}" expected a number above 0, got ${value}`)
}
