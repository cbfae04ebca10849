/** How much may be on its way. One controller a path; the path tells it what becomes of packets. Times in ms, sizes in bytes of payload. */
export interface CongestionController {
  /** Bytes that may be in flight. */
  readonly window: number
  /** Bytes that may be in flight when what is sent next is small: a little more, so that a game goes on beside its own bulk. */
  readonly smallWindow: number
  /** Bytes per millisecond at which an update releases packets. */
  pacingRate(smoothedRttMs: number): number
  /** A packet was acknowledged. `isAppLimited`: the last transmit left the window unfilled, so the arrival proves nothing about it (RFC 9002 section 7.8). */
  handleAcked(bytes: number, sentAt: number, isAppLimited: boolean, smoothedRttMs: number, now: number): void
  /** A packet was declared lost. Returns the number of the congestion event that it belongs to. */
  handleLost(sentAt: number, now: number): number
  /** A packet declared lost in `event` has arrived after all. */
  handleSpurious(event: number): void
  /** All packets over several probe timeouts were lost (RFC 9002 section 7.6). */
  handlePersistentCongestion(): void
  /** Moves all times by a stall of this side. */
  shift(ms: number): void
}
