import type { SentPacket } from './sent-packets.js'

/** How much may be on its way. One controller a path; the path tells it what becomes of packets. Times in ms, sizes in bytes of payload. */
export interface CongestionController {
  /** Bytes that may be in flight. */
  readonly window: number
  /** Bytes that may be in flight when what is sent next is small: a little more, so that a game goes on beside its own bulk. */
  readonly smallWindow: number
  /** Bytes per millisecond at which an update releases packets. */
  pacingRate(smoothedRttMs: number): number
  /** An update begins to transmit, so long after the one before. */
  handleUpdate(elapsedMs: number): void
  /** A packet leaves; `bytesInFlight` does not count it. */
  handleSent(packet: SentPacket, bytesInFlight: number, now: number): void
  /** A transmit has ended, and there was less to send than might have been. */
  handleAppLimited(bytesInFlight: number): void
  /** A packet was acknowledged. `isAppLimited`: the last transmit left the window unfilled, so the arrival proves nothing about it (RFC 9002 section 7.8). */
  handleAcked(packet: SentPacket, isAppLimited: boolean, smoothedRttMs: number, now: number): void
  /** All that an ack says was told. `rttMs`: its sample without the delay at the peer, -1 for none. `ackDelayMs`: that delay. */
  handleAckEnd(rttMs: number, ackDelayMs: number, now: number): void
  /** A packet was declared lost. Returns the number of the congestion event that it belongs to. */
  handleLost(packet: SentPacket, now: number): number
  /** A packet declared lost in `event` has arrived after all. */
  handleSpurious(event: number): void
  /** All packets over several probe timeouts were lost (RFC 9002 section 7.6). */
  handlePersistentCongestion(): void
  /** Moves all times by a stall of this side. */
  shift(ms: number): void
}
