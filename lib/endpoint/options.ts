// What endpoints are made with: options, their checks and defaults.
import type { Clock } from '../io/clock.js'
import type { Conditioner } from '../io/conditioner.js'
import type { Entropy } from '../io/entropy.js'
import type { TransportKind } from '../io/select-transport.js'
import type { Transport } from '../io/transport.js'
import type { MessageFactory } from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import type { CongestionControl } from '../protocol/connection.js'
import type { LaneWindow } from '../protocol/lanes.js'
import {
  BYTE_WINDOW,
  MAX_MAX_ACK_DELAY_MS,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_BYTES_LIMIT,
  MAX_OUTBOX_BYTES,
  MAX_OUTBOX_MESSAGES,
  MAX_SEND_QUEUE_BYTES,
  MESSAGE_WINDOW,
  MIN_RATE_BYTES_PER_SECOND,
} from '../wire/limits.js'
import { type NetworkErrorCode, withCode } from './network-error.js'
import type { OutboxLimits, WhenFull } from './outbox.js'

/** Options that `Client` and `Server` share. */
export interface EndpointOptions {
  /** The definitions that both sides share. They are final from here on. */
  readonly messages: MessageFactory
  /** The name of the game: clients and servers of different games ignore each other. Default `'tickwire'`. */
  readonly game?: string | undefined
  /** A connection on which nothing arrives for this long has ended, in ms. 0: never. The smaller one of both sides holds. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /** An idle connection says that it lives this often, in ms; at most a fifth of `timeoutMs`. Default 1000. */
  readonly keepAliveMs?: number | undefined
  /** The largest message, encoded, in bytes: 1024 to 16 MiB. The smaller one of both sides holds. Default 256 KiB. */
  readonly maxMessageBytes?: number | undefined
  /** What may wait on one connection to be sent or acknowledged, in bytes, from 64 KiB. Default 8 MiB. Above it unreliable messages are dropped, and a reliable one ends the connection (`overflow`). */
  readonly maxSendQueueBytes?: number | undefined
  /**
   * OnPressure tells when more than this waits on one connection to be sent or acknowledged, in bytes, from 1024 to `maxSendQueueBytes`, and when it has fallen below half of it. Default: half of `maxSendQueueBytes`.
   */
  readonly highWaterBytes?: number | undefined
  /** Congestion control never sends slower than this, in bytes a second: what a game needs to go on at heavy loss. Default 16 KiB/s. */
  readonly minRateBytesPerSecond?: number | undefined
  /**
   * How fast to send: by a model of the path (`bbr`), so that random losses cost nothing and no queue delays what is small; or by losses alone (`cubic`, RFC 9438), as most of TCP does. Default `bbr`. Each side decides for what it sends.
   */
  readonly congestionControl?: 'bbr' | 'cubic' | undefined
  /** The longest that an acknowledgement waits for something to ride on, in ms, 1 to 2000. Default: one and a half intervals of the loop, at least 20. */
  readonly maxAckDelayMs?: number | undefined
  /**
   * What moves datagrams: `batched`, Linux's batched system calls by the optional package koffi; `dgram`, node:dgram, which works everywhere; `auto`, the first
   * of them that works (`capabilities()` says which, and why); or one of your own. Default `auto`. `batched` throws a NetworkError `BAD_OPTION` where it does not work.
   */
  readonly transport?: TransportKind | Transport | undefined
  /**
   * Makes the link worse, to try a game at 150 ms and 5 % loss: stages of `tickwire/simulator` such as `[delay(75), loss(0.05)]` for each direction, or `{ send, receive }`.
   * With `[]` the endpoint's property `conditioner` can do so later. Default: datagrams go untouched.
   */
  readonly conditioner?: Conditioner | undefined
  /**
   * What may wait on a connection whose link is dead, until it goes on: messages (default 4096), their bytes (1 MiB), and what happens to one more. `reject`, the default: `send` returns 0, and OnError hears of it once (`OUTBOX_FULL`);
   * `drop-oldest`: what waits longest makes room; `drop-newest`: it is let go. Unreliable messages do not wait, and of sequenced ones the newest of each definition does.
   */
  readonly outbox?:
    | { readonly maxMessages?: number | undefined; readonly maxBytes?: number | undefined; readonly whenFull?: WhenFull | undefined }
    | undefined
  /** Where time comes from. Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined
  /** Where randomness comes from. Only a test gives one of its own: keys are made of it. Default: the system's secure source. */
  readonly entropy?: Entropy | undefined
}

/** Options with their defaults filled in. */
export interface Settings {
  readonly game: string
  readonly timeoutMs: number
  readonly keepAliveMs: number
  readonly maxMessageBytes: number
  readonly maxSendQueueBytes: number
  readonly highWaterBytes: number
  readonly minRateBytesPerSecond: number
  readonly congestionControl: CongestionControl
  readonly maxAckDelayMs: number | undefined
  readonly window: LaneWindow
  readonly outbox: OutboxLimits
}

/** Checks options and fills in the defaults. Throws TypeError or RangeError, with code BAD_OPTION. */
export function readOptions(options: EndpointOptions): Settings {
  if (typeof options !== 'object' || options === null)
    throw withCode(new TypeError(`"options" expected an object, got ${describe(options)}`), 'BAD_OPTION')
  if (typeof options.messages?.freeze !== 'function') {
    throw withCode(new TypeError(`"messages" expected a MessageFactory, got ${describe(options.messages)}`), 'BAD_OPTION')
  }
  const game = options.game ?? 'tickwire'
  if (typeof game !== 'string' || game === '') throw withCode(new TypeError(`"game" expected a name, got ${describe(game)}`), 'BAD_OPTION')
  const timeoutMs = readNumber('timeoutMs', options.timeoutMs, 10_000, 0, 2 ** 31)
  const keepAliveMs = readNumber('keepAliveMs', options.keepAliveMs, 1000, 10, 60_000)
  const congestionControl = options.congestionControl ?? 'bbr'
  if (congestionControl !== 'bbr' && congestionControl !== 'cubic')
    throw withCode(new TypeError(`"congestionControl" expected 'bbr' or 'cubic', got ${describe(congestionControl)}`), 'BAD_OPTION')
  const maxMessageBytes = readNumber('maxMessageBytes', options.maxMessageBytes, MAX_MESSAGE_BYTES, 1024, MAX_MESSAGE_BYTES_LIMIT)
  const maxSendQueueBytes = readNumber(
    'maxSendQueueBytes',
    options.maxSendQueueBytes,
    Math.max(MAX_SEND_QUEUE_BYTES, 2 * maxMessageBytes),
    65_536,
    2 ** 31,
  )
  return {
    game,
    timeoutMs,
    keepAliveMs: timeoutMs === 0 ? keepAliveMs : Math.min(keepAliveMs, timeoutMs / 5),
    maxMessageBytes,
    maxSendQueueBytes,
    highWaterBytes: readNumber('highWaterBytes', options.highWaterBytes, maxSendQueueBytes / 2, 1024, maxSendQueueBytes),
    minRateBytesPerSecond: readNumber('minRateBytesPerSecond', options.minRateBytesPerSecond, MIN_RATE_BYTES_PER_SECOND, 0, 2 ** 30),
    congestionControl,
    maxAckDelayMs:
      options.maxAckDelayMs === undefined ? undefined : readNumber('maxAckDelayMs', options.maxAckDelayMs, 0, 1, MAX_MAX_ACK_DELAY_MS),
    window: { messages: MESSAGE_WINDOW, bytes: Math.max(BYTE_WINDOW, 2 * maxMessageBytes) },
    outbox: readOutbox(options.outbox),
  }
}

const WHEN_FULL: readonly unknown[] = ['reject', 'drop-oldest', 'drop-newest'] satisfies WhenFull[]

function readOutbox(outbox: EndpointOptions['outbox'] = {}): OutboxLimits {
  if (typeof outbox !== 'object' || outbox === null)
    throw withCode(new TypeError(`"outbox" expected { maxMessages, maxBytes, whenFull }, got ${describe(outbox)}`), 'BAD_OPTION')
  const { maxMessages, maxBytes, whenFull = 'reject' } = outbox
  if (!WHEN_FULL.includes(whenFull))
    throw withCode(
      new TypeError(`"outbox.whenFull" expected 'reject', 'drop-oldest' or 'drop-newest', got ${describe(whenFull)}`),
      'BAD_OPTION',
    )
  return {
    maxMessages: readNumber('outbox.maxMessages', maxMessages, MAX_OUTBOX_MESSAGES, 0, 65_536),
    maxBytes: readNumber('outbox.maxBytes', maxBytes, MAX_OUTBOX_BYTES, 0, 2 ** 30),
    whenFull,
  }
}

/** Throws a TypeError with code BAD_OPTION for what is no conditioner. */
export function checkConditioner(conditioner: unknown): asserts conditioner is Conditioner {
  if (isStages(conditioner)) return
  if (typeof conditioner === 'object' && conditioner !== null && !Array.isArray(conditioner)) {
    const { send = [], receive = [], ...rest } = conditioner as Readonly<Record<string, unknown>>
    if (isStages(send) && isStages(receive) && Object.keys(rest).length === 0) return
  }
  throw withCode(
    new TypeError(
      `"conditioner" expected stages such as [delay(75), loss(0.05)], or { send, receive } of them, got ${describe(conditioner)}`,
    ),
    'BAD_OPTION',
  )
}

function isStages(value: unknown): boolean {
  return Array.isArray(value) && value.every((stage) => typeof stage?.link === 'function')
}

/** A number in a range, or the default. */
export function readNumber(name: string, value: unknown, defaultValue: number, min: number, max: number): number {
  if (value === undefined) return defaultValue
  if (typeof value !== 'number' || Number.isNaN(value))
    throw withCode(new TypeError(`"${name}" expected a number, got ${describe(value)}`), 'BAD_OPTION')
  if (value < min || value > max) throw withCode(new RangeError(`"${name}" expected ${min} to ${max}, got ${value}`), 'BAD_OPTION')
  return value
}

/** The longest that a timer of Node waits, in ms; a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** A whole number in a range. */
export function checkInteger(name: string, value: unknown, min: number, max: number, code: NetworkErrorCode): asserts value is number {
  if (typeof value !== 'number') throw withCode(new TypeError(`"${name}" expected integer ${min}–${max}, got ${describe(value)}`), code)
  if (!Number.isInteger(value) || value < min || value > max)
    throw withCode(new RangeError(`"${name}" expected integer ${min}–${max}, got ${value}`), code)
}
