// One message from one side of a session: what `send` says of it is checked, and what was queued is noted.
import { type Delivery, NetworkError } from '../lib/index.js'
import type { Flow } from './flow.js'
import type { Journal } from './journal.js'
import { bodyBytesFor, bodyOf, type Content, framedBytes, isEmptyType, isReliable, payloadBytes, type SoakType } from './messages.js'
import type { Reaction } from './operations.js'
import type { Side } from './session.js'

export interface Order {
  readonly type: SoakType
  readonly delivery: Delivery | undefined
  /** As in the operation `send`. */
  readonly bytes: number
  readonly reaction: Reaction
}

export interface Sender {
  readonly flow: Flow
  readonly side: Side
  readonly tag: number
  /** Whether the connection takes messages. */
  readonly isOpen: boolean
  readonly maxMessageBytes: number
  readonly now: number
  send(type: SoakType, values: object, options: { readonly delivery?: Delivery }): number
}

export function sendOne(sender: Sender, order: Order, journal: Journal): void {
  const { flow, side, tag, isOpen, maxMessageBytes, now } = sender
  const { type, reaction } = order
  const delivery = order.delivery ?? type.delivery
  const serial = flow.nextSerial
  const isTooLarge = order.bytes === -2
  const bytes = order.bytes >= 0 ? order.bytes : bodyBytesFor(serial, maxMessageBytes + (isTooLarge ? 1 : 0))
  const payload = isEmptyType(type) ? 0 : payloadBytes(serial, bytes)
  if (payload > maxMessageBytes !== isTooLarge) return // no body gives exactly that size
  const values: Content | object = isEmptyType(type) ? {} : { tag, serial, body: bodyOf(tag, serial, bytes) }
  let queued: number
  try {
    queued = sender.send(type, values, { delivery })
  } catch (error) {
    const code = error instanceof NetworkError ? error.code : ''
    if (isTooLarge && code === 'MESSAGE_TOO_LARGE') journal.count('refused as too large')
    else journal.violate('send', `${type.name} of ${bytes} bytes: send() threw ${error}`)
    return
  }
  if (isTooLarge && isOpen) journal.violate('send', `${type.name} of ${payload} bytes was taken, and ${maxMessageBytes} are allowed`)
  if (queued === 0) {
    if (!isOpen) return
    if (isReliable(delivery)) side.hasOverflowed = true
    journal.count('sends to a full queue')
    return
  }
  if (!isOpen) journal.violate('send', `send() returned ${queued} where the connection has ended`)
  const framed = framedBytes(type, payload)
  if (queued !== framed) journal.violate('send', `send() returned ${queued} for ${type.name}, which takes ${framed} bytes`)
  if (!isEmptyType(type)) flow.nextSerial++
  flow.add({ type, delivery, tag, serial, bytes, sentAt: now, reaction })
  journal.count(`sent ${delivery}`)
}
