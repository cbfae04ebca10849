// Encodes a message once, framed (type, length, payload), into the pool of outgoing memory; `sendToAll` queues the same bytes for every peer.
import type { AnyMessageType, MessageFactory } from '../messages/index.js'
import { describe } from '../messages/refusal.js'
import type { PayloadPool, PayloadSlab } from '../protocol/payload-pool.js'
import { MAX_MESSAGE_BYTES_LIMIT, SLAB_BYTES } from '../wire/limits.js'
import { varintBytes, writeVarint } from '../wire/varint.js'
import { NetworkError, type NetworkErrorCode, withCode } from './network-error.js'

/** Beyond this no attempt is made to find out how large a refused message would be. */
const MAX_MEASURED_BYTES = 4 * MAX_MESSAGE_BYTES_LIMIT

/** Two bytes of type and four of length (2^28). Kept free behind each message, so that its header can grow. */
const MAX_HEADER_BYTES = 6

/** What a message would be on the wire. */
export interface Preview {
  /** Its payload, a copy: the values as the definition encodes them. */
  readonly bytes: Uint8Array
  /** How many these are: what `maxMessageBytes` bounds. */
  readonly size: number
  /** With its type and length, as it stands in a packet and counts against `maxSendQueueBytes`. What a packet takes beside its messages, about 25 bytes, they share. */
  readonly wireBytes: number
}

export class MessageEncoder {
  readonly #pool: PayloadPool
  readonly #factory: MessageFactory
  readonly #otherSide: 'client' | 'server'
  readonly #maxMessageBytes: number
  /** Header bytes that the last message of each type took: mostly right for the next one. */
  #headerBytes = new Uint8Array(16).fill(2)
  #isEncoding = false

  // The message that `encode` wrote: slab.bytes[start, end), its payload from `payload` on.
  slab: PayloadSlab
  start = 0
  payload = 0
  end = 0

  constructor(pool: PayloadPool, factory: MessageFactory, isServer: boolean, maxMessageBytes: number) {
    this.#pool = pool
    this.#factory = factory
    this.#otherSide = isServer ? 'client' : 'server'
    this.#maxMessageBytes = maxMessageBytes
    this.slab = pool.current
  }

  /**
   * Throws for a type of another factory, the wrong direction, values that the definition does not allow, and messages that are too large.
   * Validators and getters in `values` may send messages of their own: those are complete before this one begins.
   */
  encode(type: AnyMessageType, values: unknown): void {
    const id = type?.id
    if (typeof id !== 'number' || this.#factory.typeById(id) !== type) throw this.#unknown(type)
    if (type.from === this.#otherSide) {
      throw new NetworkError('WRONG_DIRECTION', `${type.name} is defined with from: '${type.from}', so this side cannot send it`)
    }
    if (this.#isEncoding)
      throw new NetworkError(
        'BAD_VALUE',
        `a validator or getter called send() while a ${type.name} was being encoded: send from a handler instead`,
      )
    if (id >= this.#headerBytes.length) this.#growHeaderBytes(id)
    const header = this.#headerBytes[id]!
    let slab = this.#pool.current
    let end = this.#write(type, values, slab, slab.used + header)
    if (end < 0) {
      slab = this.#pool.renew()
      end = this.#write(type, values, slab, header)
    }
    if (end < 0) {
      slab = this.#encodeLarge(type, values)
      end = slab.used
      slab.used = 0
    }
    this.#frame(slab, id, slab.used, this.#headerBytes[id]!, end)
    const bytes = this.end - this.payload
    if (bytes <= this.#maxMessageBytes) return
    slab.used = this.start
    throw this.tooLarge(type, bytes, this.#maxMessageBytes)
  }

  /** The message that `encode` wrote last is not needed any more: its place is free. */
  giveBack(): void {
    this.slab.used = this.start
  }

  /** As `encode`, and takes it back: the bytes are a copy, and the next message is written where this one was. */
  preview(type: AnyMessageType, values: unknown): Preview {
    this.encode(type, values)
    this.giveBack()
    return {
      bytes: this.slab.bytes.slice(this.payload, this.end),
      size: this.end - this.payload,
      wireBytes: this.end - this.start,
    }
  }

  tooLarge(type: AnyMessageType, bytes: number, limit: number): NetworkError {
    return new NetworkError('MESSAGE_TOO_LARGE', `${type.name} takes ${bytes} bytes, and maxMessageBytes allows ${limit}`)
  }

  #write(type: AnyMessageType, values: unknown, slab: PayloadSlab, at: number): number {
    if (at >= slab.bytes.length) return -1
    this.#isEncoding = true
    try {
      const end = type.codec.encode(values, slab.bytes, slab.view, at)
      return end + MAX_HEADER_BYTES > slab.bytes.length ? -1 : end
    } catch (error) {
      throw error instanceof Error ? withCode(error, 'BAD_VALUE' satisfies NetworkErrorCode) : error
    } finally {
      this.#isEncoding = false
    }
  }

  /** Finds a slab large enough by doubling. Returns it with `used` set behind the payload, which begins at the header's size. */
  #encodeLarge(type: AnyMessageType, values: unknown): PayloadSlab {
    this.#headerBytes[type.id] = MAX_HEADER_BYTES
    for (let bytes = 4 * SLAB_BYTES; ; bytes *= 4) {
      const slab = this.#pool.renew(bytes)
      const end = this.#write(type, values, slab, MAX_HEADER_BYTES)
      if (end >= 0) {
        slab.used = end
        return slab
      }
      if (bytes > MAX_MEASURED_BYTES) throw this.tooLarge(type, bytes, this.#maxMessageBytes)
    }
  }

  /** Writes the header in front of the payload, which lies `guessed` bytes behind `start`; moves it where the guess was wrong. */
  #frame(slab: PayloadSlab, id: number, start: number, guessed: number, payloadEnd: number): void {
    const length = payloadEnd - start - guessed
    const header = varintBytes(id) + varintBytes(length)
    if (header !== guessed) {
      slab.bytes.copyWithin(start + header, start + guessed, payloadEnd)
      this.#headerBytes[id] = header
    }
    this.slab = slab
    this.start = start
    this.payload = writeVarint(slab.bytes, writeVarint(slab.bytes, start, id), length)
    this.end = this.payload + length
    slab.used = this.end
  }

  #growHeaderBytes(id: number): void {
    const grown = new Uint8Array(id + 16).fill(2)
    grown.set(this.#headerBytes)
    this.#headerBytes = grown
  }

  #unknown(type: unknown): NetworkError {
    const name = typeof type === 'object' && type !== null && 'name' in type ? String(type.name) : describe(type)
    return new NetworkError('UNKNOWN_MESSAGE', `expected a message defined by this endpoint's MessageFactory, got ${name}`)
  }
}
