// When a client that has lost its link tries again: at once, then after delays that double and are spread, so that a thousand players whose server was away do not come at one moment.
import type { Entropy } from '../io/entropy.js'

/** How a client comes back after its link has died. */
export interface ReconnectOptions {
  /** Silence that counts as a dead link, in ms, from 200; never below four round trips. While nothing arrives the server is asked for a sign of life three times in it. Default 1000. */
  readonly silenceMs?: number | undefined
  /** The delay before the second attempt, in ms; the first is made at once. It doubles with each. Default 250. */
  readonly minDelayMs?: number | undefined
  /** The longest delay, in ms. Default 5000. */
  readonly maxDelayMs?: number | undefined
  /** How much of a delay is random, 0 to 1: at 0.5, the default, it is between half and all of it. */
  readonly jitter?: number | undefined
  /** Attempts for one loss of the link, from 1. Default: as many as the server's `resumeGraceMs` has room for. */
  readonly maxAttempts?: number | undefined
  /** An attempt without an answer for this long has failed, in ms, from 200. Default 5000. */
  readonly attemptTimeoutMs?: number | undefined
  /** Aborted: the client does not come back any more, and OnDisconnect follows where it is away. */
  readonly signal?: AbortSignal | undefined
}

/** With its defaults filled in. */
export interface ReconnectPolicy {
  readonly silenceMs: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
  readonly jitter: number
  readonly maxAttempts: number
  readonly attemptTimeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** The delay before attempt `attempt` (from 0), in ms. */
export function reconnectDelay(policy: ReconnectPolicy, attempt: number, entropy: Entropy): number {
  if (attempt === 0) return 0
  const delay = Math.min(policy.minDelayMs * 2 ** (attempt - 1), policy.maxDelayMs)
  const random = new Uint8Array(4)
  entropy.fill(random)
  return delay * (1 - (policy.jitter * new DataView(random.buffer).getUint32(0)) / 2 ** 32)
}
