// What handleDatagram hands up: one object per client or server, overwritten by the next datagram.
import type { NetcodeServerClient } from './server-client.js'

/** A payload or keep-alive that arrived. Read it before the next `handleDatagram`, which overwrites the object. */
export interface OpenedPacket {
  /** False for a keep-alive. */
  readonly isPayload: boolean
  /** The packet's number, a whole number below 2^53; no two packets of a session are handed up with the same one. */
  readonly sequence: number
  /** The payload is `bytes[start, end)` of the datagram that was given. Empty for a keep-alive. */
  readonly start: number
  /** Where the payload ends: behind its last byte. */
  readonly end: number
}

/** An `OpenedPacket` and the client that sent it. */
export interface ReceivedPacket extends OpenedPacket {
  /** Who sent it. */
  readonly client: NetcodeServerClient
}
