// What the two ends of one connection ask of each other and have not heard the end of. It belongs to the connection, whatever link that is bound to, and ends with it.
import type { AnyRequestDefinition } from '../messages/request-definition.js'
import { MAX_OPEN_CONFIRMABLES, MAX_OPEN_REQUESTS } from './limits.js'
import type { OpenCall } from './open-call.js'
import { WaitTable } from './wait-table.js'

/** What waits for the other side's word: settled once. */
export interface Pending {
  readonly id: number
  /** The message or request, for texts. */
  readonly name: string
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** A request that waits for its reply. */
export interface Asked extends Pending {
  readonly definition: AnyRequestDefinition
}

export class Exchange<Peer> {
  /** Requests of this side. */
  readonly asked = new WaitTable<Asked>(MAX_OPEN_REQUESTS)
  /** Requests of the other side, by their numbers, until their responders have ended: also those that nobody waits for any more, so that their number is bounded too. */
  readonly answering = new Map<number, OpenCall<Peer>>()
  /** Messages of this side that wait for their confirmations. */
  readonly unconfirmed = new WaitTable<Pending>(MAX_OPEN_CONFIRMABLES)
  /** Messages of the other side whose handlers have not ended. */
  confirming = 0
  /** The connection has ended: nothing is answered any more. */
  isOver = false

  /** Whether one more request of the other side can be answered. */
  get admitsRequest(): boolean {
    return this.answering.size < MAX_OPEN_REQUESTS
  }

  get admitsConfirmable(): boolean {
    return this.confirming < MAX_OPEN_CONFIRMABLES
  }

  /** The connection has ended for good: `errorFor` says what each that waits is rejected with, and `reason` is that of the signals. */
  end(reason: unknown, errorFor: (pending: Pending) => unknown): void {
    this.isOver = true
    const giveUp = (pending: Pending): void => pending.reject(errorFor(pending))
    this.asked.clear(giveUp)
    this.unconfirmed.clear(giveUp)
    for (const call of [...this.answering.values()]) call.abort(reason)
  }
}
