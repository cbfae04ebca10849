// The server's option `watchdogs`, checked, and what a watchdog does when it barks.
import { describe } from '../messages/refusal.js'
import type { WatchdogKind, WatchdogLimits } from '../sessions/watchdogs.js'
import { withCode } from './network-error.js'
import { readNumber } from './options.js'
import type { Peer } from './peer.js'

/** A condition that a peer has been in for longer than it may. */
export interface WatchdogEvent<User> {
  /** Whom it is about. */
  readonly peer: Peer<User>
  /** What the peer does: nothing came from it (`silence`), it answers slowly (`slowReplies`), or it does not take what is sent (`cannotKeepUp`). */
  readonly kind: WatchdogKind
  /** For how long, in ms: at most 100 ms more than was allowed. */
  readonly forMs: number
  /** The same in words: what a kicked client is told. */
  readonly detail: string
}

/** What is done: OnWatchdog only (`warn`), or the peer is disconnected too (`kick`), or a function of the game is called, whose errors OnError hears. */
export type WatchdogAction<User> = 'warn' | 'kick' | ((event: WatchdogEvent<User>) => unknown)

/** Each member turns one watchdog on. OnWatchdog tells of each that barks, once until the condition is over. They look every 100 ms. */
export interface WatchdogOptions<User> {
  /** No message of the game came from a peer for `forMs`; keep-alives and acks do not count. For players who are gone, though their client is not. */
  readonly silence?: { readonly forMs: number; readonly action?: WatchdogAction<User> | undefined } | undefined
  /** A peer's `latency` is above `latencyMs` for `forMs`. */
  readonly slowReplies?:
    | { readonly latencyMs: number; readonly forMs: number; readonly action?: WatchdogAction<User> | undefined }
    | undefined
  /** A peer's send queue is above `highWaterBytes`, and has not fallen below half of it, for `forMs`. */
  readonly cannotKeepUp?: { readonly forMs: number; readonly action?: WatchdogAction<User> | undefined } | undefined
}

/** The option, checked. */
export interface WatchdogSettings<User> extends WatchdogLimits {
  readonly actions: Readonly<Record<WatchdogKind, WatchdogAction<User>>>
}

/** Conditions last for at most a day, in ms. */
const MAX_FOR_MS = 86_400_000

/** Throws a TypeError or RangeError with code BAD_OPTION. Undefined where no watchdog is on. */
export function readWatchdogs<User>(options: WatchdogOptions<User> | undefined): WatchdogSettings<User> | undefined {
  if (options === undefined) return undefined
  checkObject('watchdogs', options)
  const { silence, slowReplies, cannotKeepUp, ...rest } = options
  for (const name of Object.keys(rest))
    throw withCode(new TypeError(`"watchdogs" expected silence, slowReplies or cannotKeepUp, got ${name}`), 'BAD_OPTION')
  if (silence === undefined && slowReplies === undefined && cannotKeepUp === undefined) return undefined
  const slow =
    slowReplies === undefined ? undefined : readNumber('watchdogs.slowReplies.latencyMs', needed(slowReplies.latencyMs), 0, 1, 60_000)
  return {
    silence: readForMs('silence', silence),
    slowReplies: readForMs('slowReplies', slowReplies),
    cannotKeepUp: readForMs('cannotKeepUp', cannotKeepUp),
    slowLatencyMs: slow ?? Number.POSITIVE_INFINITY,
    actions: {
      silence: readAction('silence', silence?.action),
      slowReplies: readAction('slowReplies', slowReplies?.action),
      cannotKeepUp: readAction('cannotKeepUp', cannotKeepUp?.action),
    },
  }
}

/** In words: what a kicked client is told. */
export function describeWatchdog(kind: WatchdogKind, forMs: number, latencyMs: number, queuedBytes: number): string {
  const time = `${Math.round(forMs)} ms`
  switch (kind) {
    case 'silence':
      return `no message came for ${time}`
    case 'slowReplies':
      return `replies took too long for ${time}, ${Math.round(latencyMs)} ms at last`
    case 'cannotKeepUp':
      return `what was sent was not taken for ${time}: ${queuedBytes} bytes wait`
  }
}

function readForMs(kind: WatchdogKind, options: { readonly forMs: number } | undefined): number {
  if (options === undefined) return Number.POSITIVE_INFINITY
  checkObject(`watchdogs.${kind}`, options)
  return readNumber(`watchdogs.${kind}.forMs`, needed(options.forMs), 0, 100, MAX_FOR_MS)
}

function readAction<User>(kind: WatchdogKind, action: WatchdogAction<User> = 'warn'): WatchdogAction<User> {
  if (action === 'warn' || action === 'kick' || typeof action === 'function') return action
  throw withCode(new TypeError(`"watchdogs.${kind}.action" expected 'warn', 'kick' or a function, got ${describe(action)}`), 'BAD_OPTION')
}

function checkObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null)
    throw withCode(new TypeError(`"${name}" expected an object, got ${describe(value)}`), 'BAD_OPTION')
}

/** For `readNumber`, to which undefined is what has a default. */
function needed(value: unknown): unknown {
  return value ?? null
}
