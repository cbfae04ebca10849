// The types of message definitions. No code.
import type { Codec } from './compile-codec.js'

/**
 * How a message travels. `unreliable`: may be lost and may arrive late. `sequenced`: may be lost, and what is older than the last that arrived is dropped.
 * `reliable`: arrives once, in any order. `ordered`: arrives once, in the order of sending within its channel.
 */
export type Delivery = 'unreliable' | 'sequenced' | 'reliable' | 'ordered'

/** Who may send a message. The wrong direction does not compile, and is dropped before decoding where it arrives. */
export type Sender = 'client' | 'server' | 'both'

/** What `MessageFactory.define` takes beside name and fields. */
export interface DefineOptions<From extends Sender = Sender> {
  /** Number on the wire, 0–16383; below 128 it costs one byte, else two. Default: the lowest free one, in the order of sorted names. */
  readonly id?: number | undefined
  /** Default `ordered`. */
  readonly delivery?: Delivery | undefined
  /** Ordering lane of `ordered` messages, 0–31, default 0. A lost message holds up only what is behind it in its own lane. */
  readonly channel?: number | undefined
  /** 0–7, default 3; of what waits for room in packets, the higher goes first. */
  readonly priority?: number | undefined
  /** A message that could not leave within this many milliseconds, above 0, is dropped unsent. Default: it waits for ever. */
  readonly ttlMs?: number | undefined
  /** Further packets, 0–16, that repeat a message of at most 128 bytes until it is acknowledged, so that a loss costs no round trip. Default 0. */
  readonly redundancy?: number | undefined
  /** Default `both`. */
  readonly from?: From | undefined
}

export declare const outBrand: unique symbol
export declare const inBrand: unique symbol

/** A defined message: its name, its rules of delivery, and the types of its values. Made by `MessageFactory.define`. */
export interface MessageType<Name extends string, Out, In = Out, From extends Sender = 'both'> {
  /** As given to `define`. */
  readonly name: Name
  /** Number on the wire. Until an endpoint has taken the factory, a further definition without an id may change it. */
  readonly id: number
  /** Who may send it. */
  readonly from: From
  /** How it travels unless `send` says otherwise. */
  readonly delivery: Delivery
  /** 0–31. */
  readonly channel: number
  /** 0–7, the higher goes first. */
  readonly priority: number
  /** Milliseconds after which it is dropped unsent; undefined: never. */
  readonly ttlMs: number | undefined
  /** 0–16. */
  readonly redundancy: number
  /** What turns values into bytes and back. Endpoints call it; games need not. @internal */
  readonly codec: Codec
  /** For types only: what arrives. @internal */
  readonly [outBrand]: Out
  /** For types only: what `send` takes. @internal */
  readonly [inBrand]: In
  /** Whether an OnMessage event holds this message; narrows the event's `message`. */
  is<E extends { type: AnyMessageType; message: unknown }>(event: E): event is E & { type: MessageType<Name, Out, In, From>; message: Out }
}

/** A message of any name, values and direction. */
export type AnyMessageType = MessageType<string, any, any, any>

/** What arrives: `type Move = MessageOf<typeof Move>`. */
export type MessageOf<T> = T extends { readonly [outBrand]: infer O } ? O : never

/** What `send` takes. */
export type InputOf<T> = T extends { readonly [inBrand]: infer I } ? I : never
