// What a client needs to come back after its link has died: the absence that it keeps, its options, and what the server's words about it mean. When it does what is in client.ts.

import { describe } from '../messages/refusal.js'
import { CONNECTION_DENIED, REQUEST_TIMED_OUT, SENDING_REQUEST } from '../netcode/client-state.js'
import type { ReconnectOptions, ReconnectPolicy } from '../sessions/reconnect-policy.js'
import { readUint32 } from '../wire/bytes.js'
import { END_REASONS, type EndReason, GRACE_EXTENSION, type Welcome } from './control-messages.js'
import type { Deferred } from './deferred.js'
import { type RejectReason, withCode } from './network-error.js'
import { MAX_TIMER_MS, readNumber } from './options.js'

/** A connection whose link has died, until it goes on or is given up. */
export interface Absence {
  /** When to give up, when to try again, and when the attempt under way has failed. */
  readonly givesUpAt: number
  triesAt: number
  attemptEndsAt: number
  attempts: number
  isOutboxReported: boolean
  /** Resolved when it goes on, rejected when it is given up. */
  readonly back: Deferred
}

/** A silent server is asked so often before its link counts as dead; and never before so many round trips. */
export const SIGNS_OF_LIFE = 3
export const SILENT_ROUND_TRIPS = 4

/** States of netcode in which a client has sealed nothing yet. */
export const UNUSED: readonly number[] = [SENDING_REQUEST, REQUEST_TIMED_OUT, CONNECTION_DENIED]

/** Refusals that another attempt may not meet. */
export const MAY_PASS: readonly RejectReason[] = ['full', 'not-accepting', 'undecided']

/** For how long the server keeps a peer whose link has died, in ms. */
export function graceOf({ extensions }: Welcome): number {
  const body = extensions.find(({ type }) => type === GRACE_EXTENSION)?.body
  return body === undefined || body.length < 4 ? 0 : readUint32(body, 0)
}

/** Why a connection has ended that was not resumed, as the refusal says. */
export function endReasonIn(data: unknown): EndReason {
  const reason = typeof data === 'object' && data !== null && 'reason' in data ? data.reason : undefined
  return END_REASONS.find((known) => known === reason) ?? 'timeout'
}

export function readReconnect(reconnect: boolean | ReconnectOptions | undefined): ReconnectPolicy | undefined {
  if (reconnect === undefined || reconnect === false) return undefined
  if (reconnect !== true && (typeof reconnect !== 'object' || reconnect === null))
    throw withCode(new TypeError(`"reconnect" expected true or its options, got ${describe(reconnect)}`), 'BAD_OPTION')
  const options: ReconnectOptions = reconnect === true ? {} : reconnect
  return {
    silenceMs: readNumber('reconnect.silenceMs', options.silenceMs, 1000, 200, MAX_TIMER_MS),
    minDelayMs: readNumber('reconnect.minDelayMs', options.minDelayMs, 250, 1, MAX_TIMER_MS),
    maxDelayMs: readNumber('reconnect.maxDelayMs', options.maxDelayMs, 5000, 1, MAX_TIMER_MS),
    jitter: readNumber('reconnect.jitter', options.jitter, 0.5, 0, 1),
    maxAttempts: readNumber('reconnect.maxAttempts', options.maxAttempts, Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY),
    attemptTimeoutMs: readNumber('reconnect.attemptTimeoutMs', options.attemptTimeoutMs, 5000, 200, MAX_TIMER_MS),
    signal: options.signal,
  }
}
