// Requests of an endpoint's connections, both ways: what this side asks, and who answers what it is asked. On the wire a request and its reply are two ordinary messages of the game (lib/messages/request-definition.ts); only that one is
// not wanted any more is said by a message of the library (lib/sessions/system-messages.ts).

import type { AnyMessageType, AnyRequestType, ReplyInputOf, RequestErrorOf, RequestOf } from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import {
  type AnyRequestDefinition,
  type ReplyMessage,
  RequestDefinition,
  type RequestMessage,
  type RequestOutcome,
} from '../messages/request-definition.js'
import type { Asked, Exchange } from '../sessions/exchange.js'
import { MAX_OPEN_REQUESTS } from '../sessions/limits.js'
import { OpenCall, Refusal } from '../sessions/open-call.js'
import { CANCELLATION, encodeCancellation } from '../sessions/system-messages.js'
import type { WaitOptions } from '../sessions/wait-options.js'
import type { ExchangeOwner } from './exchanges.js'
import { NetworkError, RequestError, withCode } from './network-error.js'
import { droppedByMiddleware, noRoomFor, readWaitOptions, rejected, Waiting } from './waiting.js'

/** What a responder gets beside the values. */
export interface RequestContext<E extends string> {
  /** Aborted when the asker has given up (its time-out, its signal), or its connection has ended for good: what is still to do need not be done. */
  readonly signal: AbortSignal
  /**
   * Refuses the request: throws, and the asker's promise rejects with a RequestError of this code, and of a text of at most 512 bytes that the asker gets.
   * @throws TypeError for a code that the definition does not have
   */
  fail(code: E, detail?: string): never
}

/** What a client answers requests of a type with. As one conditional type, so that literals in what it returns keep their types. */
export type RequestResponder<T> = T extends AnyRequestType
  ? (values: RequestOf<T>, context: RequestContext<RequestErrorOf<T>>) => ReplyInputOf<T> | Promise<ReplyInputOf<T>>
  : never

/** What answers requests of one type. */
export type Responder<Source> = (values: any, context: RequestContext<any> & { readonly peer: Source }) => unknown

class AskedRequest extends Waiting<unknown> implements Asked {
  readonly definition: AnyRequestDefinition

  constructor(id: number, definition: AnyRequestDefinition, signal: AbortSignal | undefined, giveUp: () => void) {
    super(id, definition.name, signal, giveUp)
    this.definition = definition
  }
}

export class Requests<Source> {
  readonly #owner: ExchangeOwner<Source>
  readonly #exchangeOf: (source: Source) => Exchange<Source>
  readonly #responders = new Map<AnyRequestDefinition, Responder<Source>>()

  constructor(owner: ExchangeOwner<Source>, exchangeOf: (source: Source) => Exchange<Source>) {
    this.#owner = owner
    this.#exchangeOf = exchangeOf
  }

  // ── Asking ──

  /** Throws for misuse; all that goes wrong later rejects the promise. */
  request(source: Source, type: unknown, values: unknown, options: WaitOptions | undefined): Promise<unknown> {
    const definition = this.#definitionOf('request', type)
    const { timeoutMs, signal } = readWaitOptions(options, definition.timeoutMs)
    const { message } = definition
    const asking = { id: 0, values }
    const passed = this.#owner.outgoing(message, asking, source) as RequestMessage | undefined
    if (passed === undefined) return rejected(droppedByMiddleware(definition))
    const link = this.#owner.connectionOf(source)
    if (link === undefined)
      return rejected(new NetworkError('DISCONNECTED', `${definition.name} cannot be asked: the connection has ended`))
    if (signal?.aborted) return rejected(signal.reason)
    const { asked } = this.#exchangeOf(source)
    if (asked.isFull)
      return rejected(
        new NetworkError(
          'BUSY',
          `${MAX_OPEN_REQUESTS} requests wait for their replies on this connection: await some before ${definition.name}`,
        ),
      )
    const id = asked.nextId()
    asking.id = id
    asking.values = passed.values
    this.#owner.encoder.encode(message, asking)
    const now = this.#owner.now()
    try {
      if (link.sendEncoded(message, message.delivery, now) === 0) return rejected(noRoomFor(definition, link))
    } catch (error) {
      return rejected(error)
    }
    const request = new AskedRequest(id, definition, signal, () => {
      asked.delete(id)
      this.#cancel(source, request)
    })
    asked.add(id, request, now + timeoutMs)
    this.#owner.tellSent(message, asking, source)
    return request.promise
  }

  handleReply(source: Source, definition: AnyRequestDefinition, { id, status, detail, values }: ReplyMessage): void {
    const { drops } = this.#owner
    const { asked } = this.#exchangeOf(source)
    const request = asked.get(id)
    if (request === undefined) {
      drops.lateReply++
      return
    }
    if (request.definition !== definition || (status === 'done') !== (values !== undefined)) {
      drops.malformedMessage++
      return
    }
    asked.delete(id)
    if (values === undefined) request.reject(errorOf(definition, status, detail ?? ''))
    else request.resolve(values)
  }

  expire(source: Source, { asked }: Exchange<Source>, now: number): void {
    asked.expire(now, (request) => {
      this.#cancel(source, request)
      request.reject(new NetworkError('REQUEST_TIMEOUT', `${request.name} was not answered in time`))
    })
  }

  /** Tells the responder that nobody waits any more. In the next emit, as the game may have aborted its signal anywhere, in the middle of an encoding too. */
  #cancel(source: Source, { id, definition }: Asked): void {
    this.#owner.soon(() =>
      this.#owner.connectionOf(source)?.sendSystem(CANCELLATION, encodeCancellation(id), definition.message, this.#owner.now()),
    )
  }

  // ── Answering ──

  /** Returns what removes the responder. */
  respond(type: unknown, responder: Responder<Source>): () => void {
    const definition = this.#definitionOf('respond', type)
    if (typeof responder !== 'function')
      throw withCode(new TypeError(`"handler" expected a function, got ${describe(responder)}`), 'BAD_OPTION')
    if (definition.from === (this.#owner.isServer ? 'server' : 'client'))
      throw new NetworkError(
        'WRONG_DIRECTION',
        `${definition.name} is defined with from: '${definition.from}', so this side is never asked`,
      )
    if (this.#responders.has(definition))
      throw new NetworkError(
        'ALREADY_ACTIVE',
        `respond() expected a request without a responder, got ${definition.name}: remove the first one before`,
      )
    this.#responders.set(definition, responder)
    let isRemoved = false
    return () => {
      if (!isRemoved) this.#responders.delete(definition)
      isRemoved = true
    }
  }

  handleRequest(source: Source, definition: AnyRequestDefinition, { id, values }: RequestMessage): void {
    const exchange = this.#exchangeOf(source)
    const responder = this.#responders.get(definition)
    if (exchange.answering.has(id)) this.#owner.drops.repeatedRequest++
    else if (responder === undefined) {
      this.#owner.warnOnce(
        `no responder ${definition.name}`,
        `${definition.name} was asked, and no responder answers it: use respond(${definition.name}, …)`,
      )
      this.#replyOutcome(source, definition, id, 'no-responder')
    } else if (!exchange.admitsRequest) this.#replyOutcome(source, definition, id, 'busy')
    else this.#answer(source, exchange, responder, new OpenCall(definition, source), id, values)
  }

  /** Middleware has dropped a message: where it is a request, whoever asks hears that nobody answers. */
  handleDropped(source: Source, type: AnyMessageType, message: unknown): void {
    const definition = this.#owner.factory.requests.find(({ message: asked }) => asked === type)
    if (definition !== undefined) this.#replyOutcome(source, definition, (message as RequestMessage).id, 'no-responder') // what its codec decoded
  }

  handleCancellation(source: Source, id: number): void {
    const call = this.#exchangeOf(source).answering.get(id)
    if (call === undefined) this.#owner.drops.lateReply++
    else call.abort(new NetworkError('ABORTED', `${call.definition.name} is not waited for any more`))
  }

  #answer(
    source: Source,
    exchange: Exchange<Source>,
    responder: Responder<Source>,
    call: OpenCall<Source>,
    id: number,
    values: unknown,
  ): void {
    exchange.answering.set(id, call)
    const answered = (result: unknown): void => {
      if (result === undefined) {
        failed(new TypeError(`the responder of ${call.definition.name} expected to return a reply, got undefined`))
        return
      }
      exchange.answering.delete(id)
      if (!call.isAborted) this.#replyWith(source, call.definition, { id, status: 'done', detail: undefined, values: result })
    }
    const failed = (error: unknown): void => {
      exchange.answering.delete(id)
      if (call.isAborted) return // that it stops by an error is what its signal is for
      if (error instanceof Refusal && error.call === call)
        this.#replyWith(source, call.definition, {
          id,
          status: error.status,
          detail: error.detail === '' ? undefined : error.detail,
          values: undefined,
        })
      else this.#replyFailure(source, call.definition, id, error)
    }
    try {
      const result = responder(values, call)
      if (isPromiseLike(result)) result.then(answered, failed)
      else answered(result)
    } catch (error) {
      failed(error)
    }
  }

  /** The game's words: where they cannot be sent, its responder has failed. */
  #replyWith(source: Source, definition: AnyRequestDefinition, reply: ReplyMessage): void {
    try {
      this.#reply(source, definition, reply)
    } catch (error) {
      this.#replyFailure(source, definition, reply.id, error)
    }
  }

  /** What went wrong is told here; the asker hears only that something did. */
  #replyFailure(source: Source, definition: AnyRequestDefinition, id: number, error: unknown): void {
    this.#owner.reportHandlerError(error, source)
    this.#replyOutcome(source, definition, id, 'handler')
  }

  #replyOutcome(source: Source, definition: AnyRequestDefinition, id: number, outcome: RequestOutcome): void {
    try {
      this.#reply(source, definition, { id, status: outcome, detail: undefined, values: undefined })
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error // a peer that says it takes no message of six bytes gets none
    }
  }

  #reply(source: Source, { reply }: AnyRequestDefinition, message: ReplyMessage): void {
    const passed = this.#owner.outgoing(reply, message, source) as ReplyMessage | undefined
    const link = this.#owner.connectionOf(source)
    if (passed === undefined || link === undefined) return
    const sent: ReplyMessage = passed.id === message.id ? passed : { ...passed, id: message.id }
    this.#owner.encoder.encode(reply, sent)
    if (link.sendEncoded(reply, reply.delivery, this.#owner.now()) > 0) this.#owner.tellSent(reply, sent, source)
  }

  #definitionOf(call: string, type: unknown): AnyRequestDefinition {
    if (type instanceof RequestDefinition && this.#owner.factory.requests.includes(type)) return type
    throw new NetworkError('UNKNOWN_MESSAGE', `${call}() expected a request of this endpoint's MessageFactory, got ${describe(type)}`)
  }
}

/** Of any library's making. A reply is an object of fields, and none of these is a function. */
function isPromiseLike(result: unknown): result is PromiseLike<unknown> {
  return typeof (result as { then?: unknown } | undefined | null)?.then === 'function'
}

/** What the asker's promise rejects with. */
function errorOf(definition: AnyRequestDefinition, status: string, detail: string): NetworkError {
  const code = definition.errorOf(status)
  if (code !== undefined) return new RequestError(definition, code, detail)
  if (status === 'no-responder')
    return new NetworkError('NO_RESPONDER', `the other side has no responder for ${definition.name}, or its middleware dropped it`)
  if (status === 'busy')
    return new NetworkError(
      'BUSY',
      `the other side answers ${MAX_OPEN_REQUESTS} requests of this connection already, so not ${definition.name}`,
    )
  return new NetworkError('HANDLER', `the responder of ${definition.name} failed at the other side`)
}
