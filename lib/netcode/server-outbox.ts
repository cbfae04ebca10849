// What the server itself has to send: challenges, denials, keep-alives, disconnects. They wait as intents and are sealed when polled, so that sequences follow the order of leaving.
import type { Entropy } from '../io/entropy.js'
import { readUint32, writeUint32 } from '../wire/bytes.js'
import { RingQueue } from '../wire/ring-queue.js'
import type { ChallengeTokenCodec } from './challenge-token.js'
import {
  CHALLENGE_BODY_BYTES,
  DISCONNECT_PACKETS,
  KEEP_ALIVE_BODY_BYTES,
  MAX_QUEUED_DENIALS,
  MAX_SENT_DATAGRAM_BYTES,
  PACKET_CHALLENGE,
  PACKET_DENIED,
  PACKET_DISCONNECT,
  PACKET_KEEP_ALIVE,
} from './constants.js'
import { type PacketCodec, packetBodyOffset } from './packet.js'
import type { PendingClient } from './pending-clients.js'
import type { ServerClient } from './server-client.js'

const TWO_TO_32 = 2 ** 32
/** Where the body of a packet with a global sequence begins: from 2^63 on, a sequence always takes 8 bytes. */
const GLOBAL_BODY_OFFSET = 9

interface Denial {
  readonly host: string
  readonly port: number
  readonly key: Uint8Array
}

interface Farewell {
  readonly client: ServerClient
  remaining: number
}

/** Queues and seals the packets of a server. A client or pending client waits at most once in each queue. */
export class ServerOutbox {
  /** Where the datagram that `poll` gave last must go. */
  targetHost = ''
  targetPort = 0
  /** Whose slot that datagram is for; undefined for a challenge or a denial. */
  targetClient: ServerClient | undefined

  readonly #packets: PacketCodec
  readonly #challengeTokens: ChallengeTokenCodec
  readonly #maxClients: number
  #challengeSequence = 0
  /** The sequence of packets to clients without a slot, as two u32: from 2^63 on, where no slot's sequence comes (GHSA-3x95-24j9-7448). */
  #globalLow: number
  #globalHigh: number

  readonly #farewells = new RingQueue<Farewell>()
  readonly #denials = new RingQueue<Denial>()
  readonly #challenges = new RingQueue<PendingClient>()
  readonly #keepAlives = new RingQueue<ServerClient>()

  constructor(packets: PacketCodec, challengeTokens: ChallengeTokenCodec, maxClients: number, entropy: Entropy) {
    this.#packets = packets
    this.#challengeTokens = challengeTokens
    this.#maxClients = maxClients
    const start = new Uint8Array(8)
    entropy.fill(start)
    // 2^63 and 62 random bits: a token that was challenged before a restart and is challenged again sees other sequences under the same key.
    this.#globalLow = readUint32(start, 0)
    this.#globalHigh = ((readUint32(start, 4) & 0x3fffffff) | 0x80000000) >>> 0
  }

  queueDenial(host: string, port: number, key: Uint8Array): void {
    if (this.#denials.length < MAX_QUEUED_DENIALS) this.#denials.push({ host, port, key })
  }

  queueChallenge(pending: PendingClient): void {
    if (pending.isChallengeQueued) return
    pending.isChallengeQueued = true
    this.#challenges.push(pending)
  }

  queueKeepAlive(client: ServerClient): void {
    if (client.isKeepAliveQueued) return
    client.isKeepAliveQueued = true
    this.#keepAlives.push(client)
  }

  /** The disconnect packets of a client that has ended. */
  queueFarewell(client: ServerClient): void {
    this.#farewells.push({ client, remaining: DISCONNECT_PACKETS })
  }

  /** Seals the next packet and returns its length; 0 when there is none. Throws a RangeError where `out` is shorter than 1200 bytes. */
  poll(out: Uint8Array): number {
    if (out.length < MAX_SENT_DATAGRAM_BYTES)
      throw new RangeError(`"out" expected at least ${MAX_SENT_DATAGRAM_BYTES} bytes, got ${out.length}`)
    return this.#pollFarewell(out) || this.#pollDenial(out) || this.#pollChallenge(out) || this.#pollKeepAlive(out)
  }

  /** Seals a packet under the client's next sequence. Its body was written at `out[client.payloadOffset …]`. */
  seal(client: ServerClient, type: number, out: Uint8Array, bodyBytes: number): number {
    const sequence = client.nextSequence
    const length = this.#packets.seal(client.serverToClientKey, type, sequence >>> 0, Math.floor(sequence / TWO_TO_32), out, bodyBytes)
    client.nextSequence = sequence + 1
    return length
  }

  /** Seals a keep-alive under the client's next sequence. */
  sealKeepAlive(client: ServerClient, out: Uint8Array): number {
    const at = writeUint32(out, packetBodyOffset(client.nextSequence), client.index)
    writeUint32(out, at, this.#maxClients)
    return this.seal(client, PACKET_KEEP_ALIVE, out, KEEP_ALIVE_BODY_BYTES)
  }

  #pollFarewell(out: Uint8Array): number {
    const farewell = this.#farewells.peek()
    if (farewell === undefined) return 0
    if (--farewell.remaining === 0) this.#farewells.shift()
    this.#setTarget(farewell.client.address.host, farewell.client.address.port, farewell.client)
    return this.seal(farewell.client, PACKET_DISCONNECT, out, 0)
  }

  #pollDenial(out: Uint8Array): number {
    const denial = this.#denials.shift()
    if (denial === undefined) return 0
    this.#setTarget(denial.host, denial.port)
    return this.#sealGlobal(denial.key, PACKET_DENIED, out, 0)
  }

  #pollChallenge(out: Uint8Array): number {
    for (let pending = this.#challenges.shift(); pending !== undefined; pending = this.#challenges.shift()) {
      pending.isChallengeQueued = false
      if (pending.isForgotten) continue
      const { token, tokenMac, address } = pending
      const sequence = this.#challengeSequence++
      let at = writeUint32(out, GLOBAL_BODY_OFFSET, sequence)
      at = writeUint32(out, at, Math.floor(sequence / TWO_TO_32))
      this.#challengeTokens.seal(out, at, sequence, token.clientId, token.userData, tokenMac)
      this.#setTarget(address.host, address.port)
      return this.#sealGlobal(token.serverToClientKey, PACKET_CHALLENGE, out, CHALLENGE_BODY_BYTES)
    }
    return 0
  }

  #pollKeepAlive(out: Uint8Array): number {
    for (let client = this.#keepAlives.shift(); client !== undefined; client = this.#keepAlives.shift()) {
      client.isKeepAliveQueued = false
      if (!client.isConnected) continue
      this.#setTarget(client.address.host, client.address.port, client)
      return this.sealKeepAlive(client, out)
    }
    return 0
  }

  #sealGlobal(key: Uint8Array, type: number, out: Uint8Array, bodyBytes: number): number {
    const length = this.#packets.seal(key, type, this.#globalLow, this.#globalHigh, out, bodyBytes)
    this.#globalLow = (this.#globalLow + 1) >>> 0
    if (this.#globalLow === 0) this.#globalHigh++
    return length
  }

  #setTarget(host: string, port: number, client?: ServerClient): void {
    this.targetHost = host
    this.targetPort = port
    this.targetClient = client
  }
}
