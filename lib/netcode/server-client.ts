// A connected client, as the server keeps it.
import type { Address } from '../io/address.js'
import { maxPayloadBytesAt, packetBodyOffset } from './packet.js'
import type { PendingClient } from './pending-clients.js'
import { ReplayWindow } from './replay-window.js'

/** A client that holds a slot of a `NetcodeServer`, or held it. */
export interface NetcodeServerClient {
  /** The slot, 0 to maxClients − 1. Used again after the client has left. */
  readonly index: number
  /** Where it is. */
  readonly address: Address
  /** From its connect token. */
  readonly clientId: bigint
  /** 256 bytes, as the backend put them into the token. */
  readonly userData: Uint8Array
  /** Seconds without a packet after which the session ends; Infinity = never. */
  readonly timeoutSeconds: number
  /** Whether a packet with its keys arrived since it took the slot. Until then, `sealKeepAlive` goes before each payload. */
  readonly confirmed: boolean
  /** False once its end was reported. */
  readonly isConnected: boolean
  /** The sequence that its next packet will have, a whole number below 2^53. */
  readonly nextSequence: number
  /** Where the next payload is to be written: 1 + bytes of `nextSequence`. */
  readonly payloadOffset: number
  /** The payload that fills the next datagram to 1200 bytes. */
  readonly maxPayloadBytes: number
  /** `now` when it took its slot. */
  readonly connectedAt: number
  /** `now` when its last packet arrived. */
  readonly lastReceivedAt: number
  /** Free for the layer above, which finds its own object here without a look-up. */
  attachment: unknown
}

/** All that the server knows of a client. */
export class ServerClient implements NetcodeServerClient {
  readonly index: number
  readonly address: Address
  readonly clientId: bigint
  readonly userData: Uint8Array
  readonly timeoutSeconds: number
  readonly connectedAt: number
  confirmed = false
  isConnected = true
  isKeepAliveQueued = false
  nextSequence = 0
  lastReceivedAt: number
  timesOutAt: number
  keepAliveAt: number
  attachment: unknown = undefined

  readonly timeoutMs: number
  readonly clientToServerKey: Uint8Array
  readonly serverToClientKey: Uint8Array
  readonly replayWindow = new ReplayWindow()

  constructor(index: number, pending: PendingClient, now: number) {
    this.index = index
    this.address = pending.address
    this.clientId = pending.token.clientId
    this.userData = pending.token.userData
    this.timeoutSeconds = pending.timeoutMs / 1000
    this.connectedAt = now
    this.lastReceivedAt = now
    this.timesOutAt = now + pending.timeoutMs
    this.keepAliveAt = now
    this.timeoutMs = pending.timeoutMs
    this.clientToServerKey = pending.token.clientToServerKey
    this.serverToClientKey = pending.token.serverToClientKey
  }

  get payloadOffset(): number {
    return packetBodyOffset(this.nextSequence)
  }

  get maxPayloadBytes(): number {
    return maxPayloadBytesAt(this.nextSequence)
  }
}
