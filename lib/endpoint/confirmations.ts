// sendConfirmed, both ways: a message that travels in a Confirmable, is handed to its handlers in its place, and is confirmed when these have ended.
import type { AnyMessageType } from '../messages/index.js'
import type { Exchange, Pending } from '../sessions/exchange.js'
import { MAX_OPEN_CONFIRMABLES } from '../sessions/limits.js'
import { CONFIRMATION, type ConfirmOutcome, encodeConfirmation } from '../sessions/system-messages.js'
import type { WaitOptions } from '../sessions/wait-options.js'
import type { ExchangeOwner } from './exchanges.js'
import { NetworkError } from './network-error.js'
import { droppedByMiddleware, noRoomFor, readWaitOptions, rejected, Waiting } from './waiting.js'

export class Confirmations<Source> {
  readonly #owner: ExchangeOwner<Source>
  readonly #exchangeOf: (source: Source) => Exchange<Source>

  constructor(owner: ExchangeOwner<Source>, exchangeOf: (source: Source) => Exchange<Source>) {
    this.#owner = owner
    this.#exchangeOf = exchangeOf
  }

  /** Throws for misuse; all that goes wrong later rejects the promise. */
  send(source: Source, type: AnyMessageType, values: unknown, options: WaitOptions | undefined): Promise<void> {
    const { timeoutMs, signal } = readWaitOptions(options, Number.POSITIVE_INFINITY)
    const passed = this.#owner.outgoing(type, values, source)
    if (passed === undefined) return rejected(droppedByMiddleware(type))
    this.#owner.encoder.encode(type, passed)
    const link = this.#owner.connectionOf(source)
    if (link === undefined) return this.#unsent(new NetworkError('DISCONNECTED', `${type.name} cannot be sent: the connection has ended`))
    if (signal?.aborted) return this.#unsent(signal.reason)
    const { unconfirmed } = this.#exchangeOf(source)
    if (unconfirmed.isFull)
      return this.#unsent(
        new NetworkError(
          'BUSY',
          `${MAX_OPEN_CONFIRMABLES} messages wait to be confirmed on this connection: await some before ${type.name}`,
        ),
      )
    const id = unconfirmed.nextId()
    const now = this.#owner.now()
    try {
      if (!link.sendConfirmable(id, type, now)) return rejected(noRoomFor(type, link))
    } catch (error) {
      return rejected(error)
    }
    const waiting = new Waiting<void>(id, type.name, signal, () => unconfirmed.delete(id))
    unconfirmed.add(id, waiting, now + timeoutMs)
    this.#owner.tellSent(type, passed, source)
    return waiting.promise
  }

  handleConfirmable(source: Source, id: number, type: AnyMessageType, message: object): void {
    const exchange = this.#exchangeOf(source)
    const confirm = (outcome: ConfirmOutcome): void => {
      if (!exchange.isOver)
        this.#owner.connectionOf(source)?.sendSystem(CONFIRMATION, encodeConfirmation(id, outcome), type, this.#owner.now())
    }
    if (!exchange.admitsConfirmable) {
      confirm('busy')
      return
    }
    exchange.confirming++
    this.#owner.confirmable(type, message, source, (outcome) => {
      exchange.confirming--
      confirm(outcome)
    })
  }

  handleConfirmation(source: Source, id: number, outcome: ConfirmOutcome): void {
    const { unconfirmed } = this.#exchangeOf(source)
    const waiting = unconfirmed.get(id)
    if (waiting === undefined) {
      this.#owner.drops.lateReply++
      return
    }
    unconfirmed.delete(id)
    if (outcome === 'handled') waiting.resolve(undefined)
    else waiting.reject(errorOf(waiting, outcome))
  }

  expire({ unconfirmed }: Exchange<Source>, now: number): void {
    unconfirmed.expire(now, (waiting) => waiting.reject(new NetworkError('CONFIRM_TIMEOUT', `${waiting.name} was not confirmed in time`)))
  }

  /** The encoder holds a message that goes nowhere. */
  #unsent(error: unknown): Promise<never> {
    this.#owner.encoder.giveBack()
    return rejected(error)
  }
}

function errorOf({ name }: Pending, outcome: Exclude<ConfirmOutcome, 'handled'>): NetworkError {
  switch (outcome) {
    case 'handler':
      return new NetworkError('HANDLER', `a handler of ${name} failed at the other side`)
    case 'no-handler':
      return new NetworkError('NO_HANDLER', `the other side has no handler for ${name}, or its middleware dropped it`)
    case 'busy':
      return new NetworkError(
        'BUSY',
        `the other side handles ${MAX_OPEN_CONFIRMABLES} messages to be confirmed already, so it dropped ${name}`,
      )
  }
}
