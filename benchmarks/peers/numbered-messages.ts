// Messages that carry their number at both ends over a body of their own, and the check that they arrive so.
import type { BenchmarkDelivery } from './peer.js'

/** The number takes 4 bytes at the start, and its complement 4 bytes at the end. */
const MIN_BYTES = 8

/**
 * A ring of buffers, so that a library which sends later still finds what it was given. A buffer comes round after `slots` messages:
 * give at least as many slots as messages may be under way. The bodies differ from slot to slot.
 */
export class NumberedMessages {
  readonly #buffers: readonly Buffer[]

  constructor(bytes: number, slots: number) {
    if (bytes < MIN_BYTES) throw new RangeError(`"bytes" expected ${MIN_BYTES} or more, got ${bytes}`)
    this.#buffers = Array.from({ length: slots }, (_, slot) => Buffer.alloc(bytes, (slot * 37 + 11) & 255))
  }

  message(number: number): Buffer {
    const buffer = this.#buffers[number % this.#buffers.length]!
    buffer.writeUInt32LE(number, 0)
    buffer.writeUInt32LE(~number >>> 0, buffer.length - 4)
    return buffer
  }
}

/** Counts what arrives, and throws at the first message that is not what was sent. */
export class MessageCheck {
  received = 0
  readonly #bytes: number
  readonly #count: number
  readonly #delivery: BenchmarkDelivery
  #next = 0

  constructor(bytes: number, count: number, delivery: BenchmarkDelivery) {
    this.#bytes = bytes
    this.#count = count
    this.#delivery = delivery
  }

  /** Checks one message, which is `bytes` long and starts at `offset`. */
  receive(buffer: Buffer, offset = 0, length = buffer.length): void {
    if (length !== this.#bytes) throw new Error(`message of ${length} bytes, expected ${this.#bytes}`)
    const number = buffer.readUInt32LE(offset)
    const complement = buffer.readUInt32LE(offset + length - 4)
    if (complement !== ~number >>> 0 || number >= this.#count) throw new Error(`message ${number} arrived changed`)
    this.#checkOrder(number)
    this.received++
  }

  #checkOrder(number: number): void {
    const isRight = this.#delivery === 'ordered' ? number === this.#next : this.#delivery !== 'sequenced' || number >= this.#next
    if (!isRight) throw new Error(`message ${number} arrived, expected ${this.#next}`)
    this.#next = number + 1
  }
}
