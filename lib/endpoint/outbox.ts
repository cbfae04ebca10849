// Messages that wait because nobody takes them yet: for Welcome at first, and later while a link is dead. Ordered and bounded.
import type { AnyMessageType } from '../messages/index.js'
import { SEQUENCED_LANE, UNRELIABLE_LANE } from '../protocol/lanes.js'
import type { OutMessage, PayloadPool } from '../protocol/payload-pool.js'
import { NetworkError } from './network-error.js'

/** What happens to a message for which the outbox has no room: it is not taken, and OnError hears of it once (`reject`); the oldest that wait make room (`drop-oldest`); or it is let go in silence (`drop-newest`). */
export type WhenFull = 'reject' | 'drop-oldest' | 'drop-newest'

/** What may wait while a link is dead. */
export interface OutboxLimits {
  readonly maxMessages: number
  readonly maxBytes: number
  readonly whenFull: WhenFull
}

export interface WaitingMessage {
  readonly type: AnyMessageType
  readonly message: OutMessage
  readonly expiresAt: number
}

export class Outbox {
  readonly #pool: PayloadPool
  readonly #limits: OutboxLimits
  /** Counts what is let go for want of room, or because a newer one took its place. */
  readonly #counter: { droppedMessages: number }
  /** Before the first Welcome what is unreliable waits too; while a link is dead it would be stale, and of what is sequenced the newest is kept. */
  readonly #isAway: boolean
  #waiting: WaitingMessage[] = []
  #bytes = 0
  /** What is reliable found no room. */
  isOverflowing = false

  constructor(pool: PayloadPool, limits: OutboxLimits, counter: { droppedMessages: number }, isAway: boolean) {
    this.#pool = pool
    this.#limits = limits
    this.#counter = counter
    this.#isAway = isAway
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#waiting.length
  }

  /** Takes a message. False where it was let go. */
  push(type: AnyMessageType, message: OutMessage, expiresAt: number): boolean {
    const bytes = message.end - message.start
    if (this.#isAway && message.lane === UNRELIABLE_LANE) return this.#refuse(message)
    if (this.#isAway && message.lane === SEQUENCED_LANE) this.#dropOlder(message.typeId)
    if (this.#limits.whenFull === 'drop-oldest' && bytes <= this.#limits.maxBytes) {
      while (!this.#hasRoom(bytes)) this.#drop(this.#waiting.shift()!)
    }
    if (!this.#hasRoom(bytes)) {
      if (message.lane >= 0 && this.#limits.whenFull === 'reject') this.isOverflowing = true
      return this.#refuse(message)
    }
    this.#waiting.push({ type, message, expiresAt })
    this.#bytes += bytes
    return true
  }

  /** Takes all out, in order. */
  drain(): readonly WaitingMessage[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    return waiting
  }

  clear(): void {
    for (const { message } of this.drain()) this.#pool.releaseMessage(message)
  }

  #hasRoom(bytes: number): boolean {
    return this.#waiting.length < this.#limits.maxMessages && this.#bytes + bytes <= this.#limits.maxBytes
  }

  #refuse(message: OutMessage): false {
    this.#counter.droppedMessages++
    this.#pool.releaseMessage(message)
    return false
  }

  #dropOlder(typeId: number): void {
    const at = this.#waiting.findIndex(({ message }) => message.lane === SEQUENCED_LANE && message.typeId === typeId)
    if (at >= 0) this.#drop(this.#waiting.splice(at, 1)[0]!)
  }

  #drop({ message }: WaitingMessage): void {
    this.#bytes -= message.end - message.start
    this.#refuse(message)
  }
}

/** What OnError hears once while a connection is away. */
export function outboxError(limits: OutboxLimits): NetworkError {
  return new NetworkError(
    'OUTBOX_FULL',
    `the link is dead, and more than ${limits.maxMessages} messages or ${limits.maxBytes} bytes wait for the next: send less meanwhile, or give the option outbox`,
  )
}
