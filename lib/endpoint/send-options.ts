import type { AnyMessageType, Delivery } from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import { withCode } from './network-error.js'

/** What `send` takes beside the values. */
export interface SendOptions {
  /** Another delivery than the definition's, for this message. */
  readonly delivery?: Delivery | undefined
}

const DELIVERIES: readonly Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']

/** The delivery that the options ask for, else that of the definition. */
export function deliveryOf(type: AnyMessageType, options: SendOptions | undefined): Delivery {
  const delivery = options?.delivery
  if (delivery === undefined) return type?.delivery ?? 'ordered' // where no message type was given, the encoder says so
  if (DELIVERIES.includes(delivery)) return delivery
  throw withCode(new TypeError(`"delivery" expected ${DELIVERIES.join(', ')}, got ${describe(delivery)}`), 'BAD_OPTION')
}
