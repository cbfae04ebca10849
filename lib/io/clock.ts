// Time, as the library takes it. The core never reads a clock: `now` is passed down from here.

/**
 * The time that an endpoint runs on. Give your own to drive a game in simulated time (see `tickwire/simulator`).
 */
export interface Clock {
  /** Monotonic milliseconds; never decreases. The origin does not matter. */
  now(): number
  /** Seconds since 1970, for the expiry of connect tokens. Default: the system's clock. */
  unixSeconds?(): number
  /**
   * Calls `callback` once after `delayMs`; returns what cancels it. Default: `setTimeout`. Used by `run()` and by the promises of `connect`, `disconnect` and `close`.
   * A timer in the background must not keep the process alive.
   */
  setTimer?(delayMs: number, callback: () => void, isBackground?: boolean): () => void
}

/** A clock with every member present. */
export type CompleteClock = Required<Clock>

/** The system's monotonic clock, wall clock and timers. */
export const systemClock: CompleteClock = {
  now: () => performance.now(),
  unixSeconds: () => Math.floor(Date.now() / 1000),
  setTimer(delayMs, callback, isBackground) {
    const timer = setTimeout(callback, delayMs)
    if (isBackground) timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Fills in what a user's clock leaves out. */
export function completeClock(clock: Clock | undefined): CompleteClock {
  if (clock === undefined) return systemClock
  return {
    now: () => clock.now(),
    unixSeconds: () => clock.unixSeconds?.() ?? systemClock.unixSeconds(),
    setTimer: (delayMs, callback, isBackground) =>
      clock.setTimer?.(delayMs, callback, isBackground) ?? systemClock.setTimer(delayMs, callback, isBackground),
  }
}
