// What the connections of one endpoint ask of each other: an exchange for each that has ever asked or been asked, from its first question to the end of the connection. Keyed by the peer (on a client: by the client itself),
// so that it stays while a link is away.
import type { AnyMessageType, MessageFactory } from '../messages/index.js'
import { Exchange, type Pending } from '../sessions/exchange.js'
import type { ConfirmOutcome } from '../sessions/system-messages.js'
import { Confirmations } from './confirmations.js'
import type { MessageEncoder } from './message-encoder.js'
import type { DropCounters } from './metrics.js'
import { NetworkError } from './network-error.js'
import type { PeerConnection, SystemMessage } from './peer-connection.js'
import { Requests } from './requests.js'

/** What exchanges need of their endpoint. */
export interface ExchangeOwner<Source> {
  readonly factory: MessageFactory
  readonly encoder: MessageEncoder
  readonly drops: DropCounters
  readonly isServer: boolean
  now(): number
  /** The connection that messages to this peer go over; undefined where it has ended. */
  connectionOf(source: Source): PeerConnection | undefined
  /** Past the middleware of this side: the values to be sent in place of these; undefined: none. */
  outgoing(type: AnyMessageType, values: unknown, source: Source): unknown
  /** A message has been queued: taps hear of it. */
  tellSent(type: AnyMessageType, values: unknown, source: Source): void
  /** Runs a step in the next emit. */
  soon(step: () => void): void
  /** Gives a message to its handlers. `settle` hears what became of it, once all of them have ended. */
  confirmable(type: AnyMessageType, message: unknown, source: Source, settle: (outcome: ConfirmOutcome) => void): void
  reportHandlerError(cause: unknown, source: Source): void
  warnOnce(key: string, text: string): void
}

export class Exchanges<Source> {
  readonly requests: Requests<Source>
  readonly confirmations: Confirmations<Source>
  readonly #exchanges = new Map<Source, Exchange<Source>>()

  constructor(owner: ExchangeOwner<Source>) {
    const exchangeOf = (source: Source): Exchange<Source> => this.#of(source)
    this.requests = new Requests(owner, exchangeOf)
    this.confirmations = new Confirmations(owner, exchangeOf)
  }

  /** Time-outs. A comparison where nothing waits. */
  expire(now: number): void {
    if (this.#exchanges.size === 0) return
    for (const [source, exchange] of this.#exchanges) {
      this.requests.expire(source, exchange, now)
      this.confirmations.expire(exchange, now)
    }
  }

  /** This side stalled: deadlines move. */
  shift(ms: number): void {
    for (const exchange of this.#exchanges.values()) {
      exchange.asked.shift(ms)
      exchange.unconfirmed.shift(ms)
    }
  }

  /** The connection of this peer has ended for good, for a reason in a few words: all that waits is rejected, and the signals of responders are aborted. */
  endAll(source: Source, reason: string): void {
    const exchange = this.#exchanges.get(source)
    if (exchange === undefined) return
    this.#exchanges.delete(source)
    const errorFor = ({ name }: Pick<Pending, 'name'>): NetworkError =>
      new NetworkError('DISCONNECTED', `the connection ended (${reason}) before ${name} was answered`)
    exchange.end(new NetworkError('DISCONNECTED', `the connection of who asked has ended (${reason})`), errorFor)
  }

  handleSystem(source: Source, message: SystemMessage): void {
    switch (message.kind) {
      case 'confirmable':
        this.confirmations.handleConfirmable(source, message.id, message.type, message.message)
        return
      case 'confirmation':
        this.confirmations.handleConfirmation(source, message.id, message.outcome)
        return
      case 'cancellation':
        this.requests.handleCancellation(source, message.id)
    }
  }

  #of(source: Source): Exchange<Source> {
    let exchange = this.#exchanges.get(source)
    if (exchange === undefined) {
      exchange = new Exchange()
      this.#exchanges.set(source, exchange)
    }
    return exchange
  }
}
