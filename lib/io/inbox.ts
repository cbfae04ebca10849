// The bounded queue between a socket and the endpoint that polls it: a ring that starts small and doubles.
import type { Datagram } from './transport.js'

/** 64 slots of a pointer each: an idle client's inbox is half a kilobyte. */
const FIRST_CAPACITY = 64

/**
 * Datagrams that wait for `receive()`, oldest first. When it is full the newest is refused, as a socket's own buffer does:
 * what waits already may be acknowledged sooner than what a sender will send again.
 */
export class Inbox {
  readonly #maxDatagrams: number
  #slots: (Datagram | undefined)[]
  #head: number
  #length: number

  constructor(maxDatagrams: number) {
    if (!Number.isInteger(maxDatagrams) || maxDatagrams < 1) {
      throw new RangeError(`"maxInboxDatagrams" expected integer 1 or more, got ${maxDatagrams}`)
    }
    this.#maxDatagrams = maxDatagrams
    this.#slots = new Array(FIRST_CAPACITY).fill(undefined)
    this.#head = 0
    this.#length = 0
  }

  get length(): number {
    return this.#length
  }

  /** Returns false, and keeps nothing, where the inbox is full. */
  push(datagram: Datagram): boolean {
    if (this.#length === this.#maxDatagrams) return false
    if (this.#length === this.#slots.length) this.#double()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = datagram
    this.#length++
    return true
  }

  shift(): Datagram | undefined {
    if (this.#length === 0) return undefined
    const datagram = this.#slots[this.#head]
    this.#slots[this.#head] = undefined // so that the ring does not keep the bytes alive
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    return datagram
  }

  /** The ring is full here, so its two halves in order are the old queue: [head, end) and [0, head). */
  #double(): void {
    const old = this.#slots
    this.#slots = [...old.slice(this.#head), ...old.slice(0, this.#head), ...new Array(old.length).fill(undefined)]
    this.#head = 0
  }
}
