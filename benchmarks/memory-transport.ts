// A network that is an array: two ends in one thread, for what the library does beside any transport. Datagrams arrive when they are asked for, in order, and none is lost.
import type { Address, Datagram, Transport } from 'tickwire'

const SLOTS = 8192
const SLOT_BYTES = 1280

export class MemoryTransport implements Transport {
  readonly kind = 'memory'
  readonly counters = { inboxDropped: 0, sendErrors: 0 }
  onError: Transport['onError']
  onReadable: Transport['onReadable']
  readonly #address: Address
  readonly #buffer = new Uint8Array(SLOT_BYTES)
  /** What arrives lies here; a slot is used again after all the others. */
  readonly #memory = new Uint8Array(SLOTS * SLOT_BYTES)
  readonly #inbox: (Datagram | undefined)[] = new Array(SLOTS).fill(undefined)
  #head = 0
  #tail = 0
  #other: MemoryTransport | undefined

  private constructor(port: number) {
    this.#address = { host: '127.0.0.1', port, family: 'ipv4' }
  }

  /** Two ends of one link, at ports 1 and 2. */
  static pair(): [MemoryTransport, MemoryTransport] {
    const pair: [MemoryTransport, MemoryTransport] = [new MemoryTransport(1), new MemoryTransport(2)]
    pair[0].#other = pair[1]
    pair[1].#other = pair[0]
    return pair
  }

  async open(): Promise<Address> {
    return this.#address
  }

  /** Datagrams that wait. */
  get waiting(): number {
    return this.#tail - this.#head
  }

  receive(): Datagram | undefined {
    if (this.#head === this.#tail) return undefined
    return this.#inbox[this.#head++ % SLOTS]
  }

  buffer(): Uint8Array {
    return this.#buffer
  }

  /** Everything that is allocated for a datagram is allocated here, by its sender. */
  send(length: number): void {
    const other = this.#other!
    if (other.waiting === SLOTS) {
      this.counters.sendErrors++
      return
    }
    const slot = other.#tail++ % SLOTS
    const bytes = other.#memory.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + length)
    bytes.set(this.#buffer.subarray(0, length))
    const datagram = { bytes, length, host: this.#address.host, port: this.#address.port, at: performance.now() }
    other.#inbox[slot] = datagram
    if (other.waiting === 1) other.onReadable?.()
  }

  ref(): void {}
  unref(): void {}
  async close(): Promise<void> {}
}
