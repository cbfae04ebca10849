// What one side has sent to the other on one connection, and what of it has arrived: the promises about messages, kept by a model that asks the library nothing.
import type { Delivery } from '../lib/index.js'
import { bodyOf, type Content, isEmptyType, isReliable, type SoakType } from './messages.js'
import type { Reaction } from './operations.js'

/** One message that was queued on one connection. */
export interface SentMessage {
  readonly type: SoakType
  readonly delivery: Delivery
  readonly tag: number
  readonly serial: number
  /** Bytes of its body. */
  readonly bytes: number
  /** Its place among all of this flow. */
  readonly place: number
  readonly sentAt: number
  /** What the handler that gets it does. */
  readonly reaction: Reaction
  isDelivered: boolean
}

export interface NewMessage extends Pick<SentMessage, 'type' | 'delivery' | 'tag' | 'serial' | 'bytes' | 'sentAt' | 'reaction'> {}

interface OrderedLane {
  readonly messages: SentMessage[]
  /** The first that may still come. */
  next: number
}

export class Flow {
  /** Serials of this flow's own messages. */
  nextSerial = 0
  sent = 0
  delivered = 0
  /** Reliable ones, those with a lifetime among them. */
  reliableSent = 0
  reliableDelivered = 0
  /** Those that must arrive and have not, and the bytes of their bodies. */
  due = 0
  dueBytes = 0
  readonly #messages = new Map<number, SentMessage>()
  readonly #lanes = new Map<number, OrderedLane>()
  readonly #empties = new Map<SoakType, { sent: number; delivered: number }>()
  readonly #newest = new Map<SoakType, number>()

  /** A message was queued. */
  add(message: NewMessage): void {
    const sent: SentMessage = { ...message, place: this.sent++, isDelivered: false }
    const { type, delivery } = sent
    if (isReliable(delivery)) this.reliableSent++
    if (isReliable(delivery) && type.ttlMs === undefined) {
      this.due++
      this.dueBytes += message.bytes
    }
    if (delivery === 'ordered') this.#lane(type.channel).messages.push(sent)
    if (isEmptyType(type)) this.#emptiesOf(type).sent++
    else this.#messages.set(keyOf(sent.tag, sent.serial), sent)
  }

  /** The message that this content names. */
  find(content: Content): SentMessage | undefined {
    return this.#messages.get(keyOf(content.tag, content.serial))
  }

  /** A message has come to a handler. Returns what is wrong with it. */
  receive(type: SoakType, content: Content | undefined): string | undefined {
    this.delivered++
    if (content === undefined) return this.#receiveEmpty(type)
    const message = this.find(content)
    const name = `${type.name} ${content.serial}`
    if (message === undefined) return `${name} of connection ${content.tag} was not sent on this one`
    if (message.type !== type) return `${name} was sent as ${message.type.name}`
    const body = bodyOf(message.tag, message.serial, message.bytes)
    if (Buffer.compare(body, content.body) !== 0)
      return `${name} was sent with ${body.length} bytes, and its ${content.body.length} bytes are others`
    if (message.isDelivered) return `${name}, ${message.delivery}, came a second time`
    message.isDelivered = true
    if (isReliable(message.delivery)) this.#noteReliable(type, message.bytes)
    if (message.delivery === 'ordered') return this.#receiveOrdered(type.channel, message)
    return message.delivery === 'sequenced' ? this.#receiveSequenced(message) : undefined
  }

  /** A message that must arrive and has not, in words; undefined where there is none. */
  describeDue(): string | undefined {
    if (this.due === 0) return undefined
    for (const message of this.#messages.values()) {
      if (message.isDelivered || !isReliable(message.delivery) || message.type.ttlMs !== undefined) continue
      return `${this.due} of ${this.reliableSent} reliable messages, the first of them ${message.type.name} ${message.serial}, ${message.delivery}, ${message.bytes} bytes, sent at ${message.sentAt.toFixed(1)} ms`
    }
    return `${this.due} reliable messages without a byte`
  }

  #receiveEmpty(type: SoakType): string | undefined {
    const counts = this.#emptiesOf(type)
    if (++counts.delivered > counts.sent) return `${type.name} came ${counts.delivered} times and was sent ${counts.sent} times`
    if (!isReliable(type.delivery)) return undefined
    this.#noteReliable(type, 0)
    if (type.delivery !== 'ordered') return undefined
    const next = this.#nextOf(this.#lane(type.channel))
    if (next?.type !== type)
      return `${type.name} came where ${next === undefined ? 'nothing' : `${next.type.name} ${next.serial}`} was next`
    return this.#receiveOrdered(type.channel, next)
  }

  #noteReliable(type: SoakType, bytes: number): void {
    this.reliableDelivered++
    if (type.ttlMs !== undefined) return
    this.due--
    this.dueBytes -= bytes
  }

  /** Only what has a lifetime may be left out. */
  #receiveOrdered(channel: number, message: SentMessage): string | undefined {
    const lane = this.#lane(channel)
    message.isDelivered = true
    for (let i = lane.next; i < lane.messages.length; i++) {
      const next = lane.messages[i]!
      if (next === message) {
        lane.next = i + 1
        return undefined
      }
      if (next.type.ttlMs === undefined)
        return `${message.type.name} ${message.serial} came before ${next.type.name} ${next.serial} on channel ${channel}`
    }
    return `${message.type.name} ${message.serial} came after later ones on channel ${channel}`
  }

  #receiveSequenced(message: SentMessage): string | undefined {
    const newest = this.#newest.get(message.type) ?? -1
    if (message.place <= newest) return `${message.type.name} ${message.serial} is older than the one before`
    this.#newest.set(message.type, message.place)
    return undefined
  }

  #nextOf(lane: OrderedLane): SentMessage | undefined {
    let place = lane.next
    while (place < lane.messages.length && lane.messages[place]!.type.ttlMs !== undefined) place++
    return lane.messages[place]
  }

  #lane(channel: number): OrderedLane {
    let lane = this.#lanes.get(channel)
    if (lane === undefined) {
      lane = { messages: [], next: 0 }
      this.#lanes.set(channel, lane)
    }
    return lane
  }

  #emptiesOf(type: SoakType): { sent: number; delivered: number } {
    let counts = this.#empties.get(type)
    if (counts === undefined) {
      counts = { sent: 0, delivered: 0 }
      this.#empties.set(type, counts)
    }
    return counts
  }
}

/** Tags are u32, serials far below 2^20. */
function keyOf(tag: number, serial: number): number {
  return tag * 0x10_0000 + serial
}
