// The machine under one endpoint: a clock of its own that may show another time and jump, a transport that stamps datagrams by that clock, and a process that can vanish.
import type { Datagram, Transport, TransportOptions } from '../lib/index.js'
import type { ManualClock } from '../lib/simulator/index.js'

type Address = Awaited<ReturnType<Transport['open']>>

export class HostClock {
  readonly #world: ManualClock
  /** By time of the world: what this clock shows more, from then on. */
  readonly #offsets: { readonly from: number; readonly offset: number }[]
  #isStopped = false

  constructor(world: ManualClock, offset: number) {
    this.#world = world
    this.#offsets = [{ from: Number.NEGATIVE_INFINITY, offset }]
  }

  now(): number {
    return this.toHost(this.#world.now())
  }

  unixSeconds(): number {
    return this.#world.unixSeconds()
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    return this.#world.setTimer(delayMs, () => {
      if (!this.#isStopped) callback()
    })
  }

  /** What this clock showed when the world's showed `time`. */
  toHost(time: number): number {
    let at = this.#offsets.length - 1
    while (this.#offsets[at]!.from > time) at--
    return time + this.#offsets[at]!.offset
  }

  jump(ms: number): void {
    this.#offsets.push({ from: this.#world.now(), offset: this.#offsets.at(-1)!.offset + ms })
  }

  /** No timer fires any more. */
  stop(): void {
    this.#isStopped = true
  }
}

export class HostTransport implements Transport {
  readonly kind = 'simulated'
  readonly #inner: Transport
  readonly #clock: HostClock
  /** Where it is open, as it believes; undefined while closed. */
  address: Address | undefined
  /** Where it is in truth, which a NAT may have changed. */
  #outside: Address | undefined
  #isStopped = false

  constructor(inner: Transport, clock: HostClock) {
    this.#inner = inner
    this.#clock = clock
  }

  get counters() {
    return this.#inner.counters
  }

  get onError(): Transport['onError'] {
    return this.#inner.onError
  }

  set onError(listener: Transport['onError']) {
    this.#inner.onError = (error) => {
      if (!this.#isStopped) listener?.(error)
    }
  }

  get onReadable(): Transport['onReadable'] {
    return this.#inner.onReadable
  }

  set onReadable(listener: Transport['onReadable']) {
    this.#inner.onReadable = () => {
      if (!this.#isStopped) listener?.()
    }
  }

  async open(options: TransportOptions): Promise<Address> {
    this.address = await this.#inner.open(options)
    this.#outside = this.address
    return this.address
  }

  receive(): Datagram | undefined {
    const datagram = this.#inner.receive()
    return datagram === undefined ? undefined : { ...datagram, at: this.#clock.toHost(datagram.at) }
  }

  buffer(): Uint8Array {
    return this.#inner.buffer()
  }

  send(length: number, host: string, port: number): void {
    if (!this.#isStopped) this.#inner.send(length, host, port)
  }

  ref(): void {}

  unref(): void {}

  async close(): Promise<void> {
    if (this.#isStopped) return
    this.address = undefined
    this.#outside = undefined
    await this.#inner.close()
  }

  get outside(): Address | undefined {
    return this.#outside
  }

  noteRebind(address: Address): void {
    this.#outside = address
  }

  /** The process vanishes: nothing is sent or heard any more. Where its port stays open, datagrams are still taken, and nobody answers. */
  stop(closesPort: boolean): void {
    this.#isStopped = true
    if (closesPort) this.release()
  }

  /** Closes the port after all. */
  release(): void {
    this.address = undefined
    this.#outside = undefined
    void this.#inner.close()
  }
}

/** An endpoint that is updated at its own pace, as long as its process lives. */
export interface Driven {
  update(): void
  flush(): void
}

export class Host<E extends Driven> {
  readonly name: string
  readonly clock: HostClock
  readonly transport: HostTransport
  readonly endpoint: E
  hz: number
  nextAt: number
  isAlive = true
  /** Since then it has been updated without a pause. */
  busySince: number
  /** Errors that handlers threw or rejected with, and how many of them OnError reported. */
  faults = 0
  reportedFaults = 0
  /** Its clock has gone forward so often, and so far. */
  jumps = 0
  jumpedMs = 0

  constructor(name: string, clock: HostClock, transport: HostTransport, endpoint: E, hz: number, now: number) {
    this.name = name
    this.clock = clock
    this.transport = transport
    this.endpoint = endpoint
    this.hz = hz
    this.nextAt = now
    this.busySince = now
  }

  get intervalMs(): number {
    return 1000 / this.hz
  }

  pause(until: number): void {
    this.nextAt = Math.max(this.nextAt, until)
    this.busySince = Math.max(this.busySince, until)
  }

  jump(ms: number, now: number): void {
    this.clock.jump(ms)
    this.jumps++
    this.jumpedMs += ms
    this.busySince = now
  }

  kill(closesPort: boolean): void {
    this.isAlive = false
    this.clock.stop()
    this.transport.stop(closesPort)
    this.nextAt = Number.POSITIVE_INFINITY
  }
}
