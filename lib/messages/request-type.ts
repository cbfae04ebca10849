// The types of requests. No code.
import type { Fields, InputValuesOf, ValuesOf } from './field.js'
import type { Sender } from './message-type.js'

/** What `MessageFactory.defineRequest` takes beside the name. */
export interface DefineRequestOptions<
  Q extends Fields = Fields,
  R extends Fields = Fields,
  E extends string = string,
  From extends Sender = Sender,
> {
  /** What is asked. */
  readonly request: Q
  /** What is answered. */
  readonly reply: R
  /** Why a responder may refuse, by names of the game's own, such as `['no-money', 'sold-out']`. Default: none. */
  readonly errors?: readonly E[] | undefined
  /** Who may ask. Default `both`. */
  readonly from?: From | undefined
  /** Default `ordered`: requests and replies come in the order of sending, also among the other messages of their channel. `reliable`: none waits for another. */
  readonly delivery?: 'reliable' | 'ordered' | undefined
  /** Ordering lane of both, 0–31, default 0. */
  readonly channel?: number | undefined
  /** 0–7, default 3, of both. */
  readonly priority?: number | undefined
  /** How long a reply is waited for unless `request` says otherwise, in ms, 1 to 2^31 − 1. Default 10,000. Each side's own affair. */
  readonly timeoutMs?: number | undefined
}

export declare const requestBrand: unique symbol

/** A responder's refusal by one of the definition's error codes, as the asker's promise rejects with it: a `RequestError`. */
export interface RequestFailure<E extends string> extends Error {
  /** As of every NetworkError. */
  readonly code: 'REQUEST_FAILED'
  /** The request's name. */
  readonly requestName: string
  /** Which of the definition's `errors` it is. */
  readonly requestCode: E
  /** What the responder's `fail` gave along; empty where nothing. */
  readonly detail: string
}

/**
 * A defined request: its name, who may ask, and the types of what is asked and answered. `QIn` and `RIn` are what one gives to `request` and returns from a responder, `QOut` and `ROut` what the other side gets,
 * `E` the error codes. Made by `MessageFactory.defineRequest`.
 */
export interface RequestType<Name extends string, QIn, QOut, RIn, ROut, E extends string, From extends Sender = 'both'> {
  /** As given to `defineRequest`; its messages have this name, and this with `.reply` behind it. */
  readonly name: Name
  /** Who may ask. */
  readonly from: From
  /** `reliable` or `ordered`. */
  readonly delivery: 'reliable' | 'ordered'
  /** 0–31. */
  readonly channel: number
  /** 0–7, the higher goes first. */
  readonly priority: number
  /** The error codes, in the order in which they were given. */
  readonly errors: readonly E[]
  /** How long a reply is waited for by default, in ms. */
  readonly timeoutMs: number
  /** Whether this is what a responder of this request refused with; narrows the error, so that `error.requestCode` is one of the definition's. */
  isError(error: unknown): error is RequestFailure<E>
  /** For types only. @internal */
  readonly [requestBrand]: { readonly qi: QIn; readonly qo: QOut; readonly ri: RIn; readonly ro: ROut; readonly e: E }
}

/** A request of any name, values and direction. */
export type AnyRequestType = RequestType<string, any, any, any, any, any, any>

/** The request that `defineRequest` makes of a name and options. */
export type RequestTypeOf<Name extends string, Q extends Fields, R extends Fields, E extends string, From extends Sender> = RequestType<
  Name,
  InputValuesOf<Q>,
  ValuesOf<Q>,
  InputValuesOf<R>,
  ValuesOf<R>,
  E,
  From
>

/** What a responder gets: `type Buy = RequestOf<typeof Buy>`. */
export type RequestOf<T> = T extends { readonly [requestBrand]: { readonly qo: infer O } } ? O : never

/** What the asker gets: `type Bought = ReplyOf<typeof Buy>`. */
export type ReplyOf<T> = T extends { readonly [requestBrand]: { readonly ro: infer O } } ? O : never

/** What `request` takes. */
export type RequestInputOf<T> = T extends { readonly [requestBrand]: { readonly qi: infer I } } ? I : never

/** What a responder returns. */
export type ReplyInputOf<T> = T extends { readonly [requestBrand]: { readonly ri: infer I } } ? I : never

/** The error codes: `type BuyError = RequestErrorOf<typeof Buy>`. */
export type RequestErrorOf<T> = T extends { readonly [requestBrand]: { readonly e: infer E extends string } } ? E : never
