// One defined request: the object that `defineRequest` returns. On the wire it is two ordinary messages, so that ids, fingerprint, direction and delivery are those of messages:
//
//     Buy         { id: uint32, values: struct(request) }
//     Buy.reply   { id: uint32, status: enumOf(…), detail: optional(string), values: optional(struct(reply)) }
import { string } from './byte-fields.js'
import { enumOf } from './choice-fields.js'
import { optional, struct } from './composite-fields.js'
import type { Fields } from './field.js'
import { MAX_DETAIL_BYTES, MAX_NAME_LENGTH, MAX_REQUEST_ERRORS, MAX_REQUEST_TIMEOUT_MS } from './limits.js'
import type { AnyMessageType, DefineOptions, Sender } from './message-type.js'
import { uint32 } from './number-fields.js'
import { checkInteger, checkName, describe } from './refusal.js'
import type { DefineRequestOptions, RequestFailure, RequestType, requestBrand } from './request-type.js'

/** What became of a request where no error of the game's own says so. The index is the number on the wire; the game's errors follow. */
export const REQUEST_OUTCOMES = ['done', 'no-responder', 'handler', 'busy'] as const

/** See REQUEST_OUTCOMES. */
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number]

/** What travels to the responder. */
export interface RequestMessage {
  readonly id: number
  readonly values: unknown
}

/** What travels back. `values` where the status is `done`; `detail` where a responder gave one. */
export interface ReplyMessage {
  readonly id: number
  /** A RequestOutcome, or ERROR_PREFIX and one of the errors. */
  readonly status: string
  readonly detail: string | undefined
  readonly values: unknown
}

/** In front of an error of the game's own, so that none can be taken for an outcome. */
const ERROR_PREFIX = 'error '
const REPLY_SUFFIX = '.reply'
const DEFAULT_TIMEOUT_MS = 10_000
const OPTIONS: readonly (keyof DefineRequestOptions)[] = [
  'request',
  'reply',
  'errors',
  'from',
  'delivery',
  'channel',
  'priority',
  'timeoutMs',
]
const REPLIER: Readonly<Record<Sender, Sender>> = { client: 'server', server: 'client', both: 'both' }

/** Makes an ordinary message; throws for what cannot be defined. */
type MakeMessage = (name: string, fields: Fields, options: DefineOptions) => AnyMessageType

export class RequestDefinition<Name extends string, QIn, QOut, RIn, ROut, E extends string, From extends Sender>
  implements RequestType<Name, QIn, QOut, RIn, ROut, E, From>
{
  declare readonly [requestBrand]: { readonly qi: QIn; readonly qo: QOut; readonly ri: RIn; readonly ro: ROut; readonly e: E }
  readonly name: Name
  readonly from: From
  readonly delivery: 'reliable' | 'ordered'
  readonly channel: number
  readonly priority: number
  readonly errors: readonly E[]
  readonly timeoutMs: number
  /** What asks, and what answers. */
  readonly message: AnyMessageType
  readonly reply: AnyMessageType

  constructor(name: Name, options: DefineRequestOptions<Fields, Fields, E, From>, make: MakeMessage) {
    checkName('name', name, MAX_NAME_LENGTH - REPLY_SUFFIX.length)
    checkOptions(options)
    const { from, delivery = 'ordered', channel = 0, priority = 3, errors = [], timeoutMs = DEFAULT_TIMEOUT_MS } = options
    this.name = name
    // The default of the type parameter is 'both' too.
    this.from = from ?? ('both' as From)
    this.delivery = delivery
    this.channel = channel
    this.priority = priority
    this.errors = Object.freeze([...errors])
    this.timeoutMs = timeoutMs
    const common = { delivery, channel, priority }
    this.message = make(name, { id: uint32, values: struct(options.request) }, { ...common, from: this.from })
    const status = enumOf(...REQUEST_OUTCOMES, ...this.errors.map((error) => ERROR_PREFIX + error))
    const reply = { id: uint32, status, detail: optional(string(MAX_DETAIL_BYTES)), values: optional(struct(options.reply)) }
    this.reply = make(name + REPLY_SUFFIX, reply, { ...common, from: REPLIER[this.from] })
  }

  isError(error: unknown): error is RequestFailure<E> {
    return error instanceof Error && (error as { request?: unknown }).request === this
  }

  /** What stands on the wire for an error of the game's own; undefined where the definition has none of that name. */
  statusOf(error: unknown): string | undefined {
    return this.errors.includes(error as E) ? ERROR_PREFIX + (error as E) : undefined
  }

  /** The game's own error that a status is; undefined where it is an outcome. */
  errorOf(status: string): E | undefined {
    // The prefix stands before nothing but one of the errors: the codec has checked it.
    return status.startsWith(ERROR_PREFIX) ? (status.slice(ERROR_PREFIX.length) as E) : undefined
  }
}

/** A request of any name, values and direction. */
export type AnyRequestDefinition = RequestDefinition<string, any, any, any, any, any, any>

/** What `MessageDefinition` checks of each message is not checked again. */
function checkOptions(options: DefineRequestOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`"options" expected an object, got ${describe(options)}`)
  for (const key of Object.keys(options)) {
    if (!(OPTIONS as readonly string[]).includes(key)) throw new TypeError(`"options" expected ${OPTIONS.join(', ')}, got ${describe(key)}`)
  }
  for (const key of ['request', 'reply'] as const) {
    if (typeof options[key] !== 'object' || options[key] === null)
      throw new TypeError(`"${key}" expected an object of fields, got ${describe(options[key])}`)
  }
  const { delivery, errors, timeoutMs } = options
  if (delivery !== undefined && delivery !== 'reliable' && delivery !== 'ordered')
    throw new RangeError(`"delivery" of a request expected reliable, ordered, got ${describe(delivery)}`)
  if (timeoutMs !== undefined) checkInteger('timeoutMs', timeoutMs, 1, MAX_REQUEST_TIMEOUT_MS)
  if (errors === undefined) return
  if (!Array.isArray(errors)) throw new TypeError(`"errors" expected an array of names, got ${describe(errors)}`)
  if (errors.length > MAX_REQUEST_ERRORS)
    throw new RangeError(`"errors" expected at most ${MAX_REQUEST_ERRORS} names, got ${errors.length}`)
  for (const error of errors) checkName('errors', error, MAX_NAME_LENGTH)
  if (new Set(errors).size < errors.length) throw new RangeError(`"errors" expected distinct names, got ${errors.join(', ')}`)
}
