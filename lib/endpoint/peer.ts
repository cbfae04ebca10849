import type { Address } from '../io/address.js'
import type { InputOf, MessageType, ReplyOf, RequestInputOf, RequestType } from '../messages/index.js'
import type { Identity, Role } from '../sessions/identity.js'
import type { WaitOptions } from '../sessions/wait-options.js'
import type { Exchanges } from './exchanges.js'
import { Measured, type Metrics } from './metrics.js'
import { NEVER_SECONDS } from './open-mode.js'
import type { SendOptions } from './send-options.js'
import type { ServerConnection } from './server-connection.js'

/** A message that a server may send. */
export type FromServer = MessageType<string, any, any, 'server' | 'both'>

/** A request that a server may ask. */
export type RequestFromServer = RequestType<string, any, any, any, any, any, 'server' | 'both'>

/** A client that a server has accepted. `User` is what the game keeps with it. */
export class Peer<User = undefined> extends Measured {
  /** Unique while the server lives, 1 to 2^32 − 1. */
  readonly id: number
  /** As the client gave it to `connect`; not checked for being unique. */
  readonly name: string
  /** From the connect token; in open mode random. */
  readonly clientId: bigint
  /** 256 bytes that the backend put into the token; zeros in open mode. */
  readonly tokenData: Uint8Array
  /** Who it has proven to be; undefined where the server has no option `auth`. */
  readonly identity: Identity | undefined
  /** The role of its identity; `player` without one. */
  readonly role: Role
  /** The game's own object, as `accept` gave it. */
  user: User
  readonly #connection: ServerConnection<User>
  readonly #exchanges: Exchanges<Peer<User>>

  /** @internal */
  constructor(id: number, name: string, user: User, connection: ServerConnection<User>, exchanges: Exchanges<Peer<User>>) {
    super()
    this.id = id
    this.name = name
    this.user = user
    this.#connection = connection
    this.#exchanges = exchanges
    this.clientId = connection.client.clientId
    this.tokenData = connection.client.userData
    this.identity = connection.login?.identity
    this.role = this.identity?.role ?? 'player'
  }

  /** @internal */
  get connection(): ServerConnection<User> {
    return this.#connection
  }

  /** Where its datagrams come from; another one after it came back over another link. */
  get address(): Address {
    return this.#connection.client.address
  }

  /** Whether its link is dead and it may come back: what is sent to it waits in its outbox. */
  get isAway(): boolean {
    return this.#connection.isAway
  }

  /** Whether it is in. */
  get connected(): boolean {
    return this.#connection.isAccepted
  }

  /** Whether its connection has ended. */
  get disconnected(): boolean {
    return !this.#connection.isLive
  }

  /** Whether the connection ended by a time-out, an overflow or a broken protocol. */
  get errored(): boolean {
    return this.#connection.isErrored
  }

  /** True: a peer is the server's end of a connection. */
  get isServer(): boolean {
    return true
  }

  /** How long nothing may arrive before this connection has ended, in ms; 0: for ever. */
  get timeout(): number {
    const { timeoutSeconds } = this.#connection.client
    return timeoutSeconds >= NEVER_SECONDS ? 0 : timeoutSeconds * 1000
  }

  /**
   * Queues a message for this peer; it leaves with the next update. Returns the bytes queued: 0 where the connection has ended, or the queue was full.
   * @throws TypeError, RangeError or NetworkError (`code`) for misuse: an unknown message, values that do not fit, a message above `maxMessageBytes`. One above that of the client alone throws nothing: OnError hears of it, and 0 is returned
   */
  send<M extends FromServer>(type: M, values: InputOf<M>, options?: SendOptions): number {
    return this.#connection.send(type, values, options)
  }

  /**
   * Asks this client, and resolves to its reply. Whoever drives the server's loop drives this too. Rejects with a RequestError where the responder refused (`Type.isError(error)` knows its codes), with a NetworkError `REQUEST_TIMEOUT`, `NO_RESPONDER`,
   * `HANDLER`, `BUSY`, `DISCONNECTED`, `OVERFLOW`, `OUTBOX_FULL`, `NOT_SENT` or `MESSAGE_TOO_LARGE`, or with the reason of the signal. After a time-out or an abort the responder's signal is aborted.
   *
   * @example
   * const { card } = await peer.request(Choose, { cards }, { timeoutMs: 30_000 })
   * @throws TypeError, RangeError or NetworkError (`code`) for misuse, as `send`
   */
  request<T extends RequestFromServer>(type: T, values: RequestInputOf<T>, options?: WaitOptions): Promise<ReplyOf<T>> {
    // The reply's codec was made of the fields that give the type.
    return this.#exchanges.requests.request(this, type, values, options) as Promise<ReplyOf<T>>
  }

  /**
   * As `send`, ordered whatever the definition says, and resolves when the handlers of this message at the client have ended, asynchronous ones too. Rejects with a NetworkError `HANDLER` (one failed), `NO_HANDLER`, `BUSY`, `DISCONNECTED`, `CONFIRM_TIMEOUT`, `OVERFLOW`,
   * `OUTBOX_FULL`, `NOT_SENT` or `MESSAGE_TOO_LARGE` (it takes 6 bytes more than by itself), or with the reason of the signal; whoever gives up does not take the message back.
   * @throws as `send`
   */
  sendConfirmed<M extends FromServer>(type: M, values: InputOf<M>, options?: WaitOptions): Promise<void> {
    return this.#exchanges.confirmations.send(this, type, values, options)
  }

  /** Ends the connection: the client is told `kicked`, with detail (at most 512 bytes) and data (512 when packed). Resolves when that is done, within a second. */
  disconnect(detail = '', data?: unknown): Promise<void> {
    return this.#connection.disconnect(detail, data)
  }

  override metrics(): Metrics {
    return this.#connection.metrics()
  }
}
