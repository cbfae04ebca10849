// The stages of a simulated network around a real transport, so that a finished game can be played as over a bad link. Costs a copy and a timer for each datagram; who gives no stages has none of this.
import type { Address } from './address.js'
import type { CompleteClock } from './clock.js'
import type { Entropy } from './entropy.js'
import { type Flight, Flights } from './flights.js'
import { Inbox } from './inbox.js'
import { MAX_CONDITIONED_DATAGRAMS, SEND_BUFFER_BYTES } from './limits.js'
import { Random } from './random.js'
import { SimulatedLink } from './simulated-link.js'
import type { Stage } from './stages.js'
import type { Datagram, Transport, TransportCounters, TransportOptions } from './transport.js'

/** What an endpoint's datagrams go through: the same stages in each direction, or those of each. A direction that is left out changes nothing. */
export type Conditioner =
  | readonly Stage[]
  | { readonly send?: readonly Stage[] | undefined; readonly receive?: readonly Stage[] | undefined }

interface ConditionedFlight extends Flight {
  readonly isOutgoing: boolean
  /** The other end. */
  readonly host: string
  readonly port: number
}

/** What a close waits for at most, in ms, so that the last datagrams still leave. */
const MAX_LINGER_MS = 1000

/** Options of {@link ConditionedTransport}. */
export interface ConditionedTransportOptions {
  readonly transport: Transport
  readonly conditioner: Conditioner
  readonly clock: CompleteClock
  /** Where the seed of its losses and delays comes from. */
  readonly entropy: Entropy
}

/** A transport whose datagrams pass stages on their way out and on their way in. */
export class ConditionedTransport implements Transport {
  onReadable: Transport['onReadable']
  readonly #inner: Transport
  readonly #clock: CompleteClock
  readonly #flights: Flights<ConditionedFlight>
  readonly #sending: SimulatedLink
  readonly #receiving: SimulatedLink
  readonly #buffer = new Uint8Array(SEND_BUFFER_BYTES)
  #conditioner: Conditioner
  #edition = 0
  #inbox = new Inbox(1)
  #inboxDropped = 0
  #sendsDropped = 0
  /** What was sent and has not left. */
  #outgoing = 0
  #isOpen = false
  #hasDrained: (() => void) | undefined

  constructor({ transport, conditioner, clock, entropy }: ConditionedTransportOptions) {
    this.#inner = transport
    this.#clock = clock
    const seed = new Uint32Array(1)
    entropy.fill(new Uint8Array(seed.buffer))
    const random = new Random(seed[0]!)
    this.#sending = new SimulatedLink(random.fork('send'))
    this.#receiving = new SimulatedLink(random.fork('receive'))
    this.#conditioner = conditioner
    this.#flights = new Flights(clock, {
      handleArrival: (flight, now) => (flight.isOutgoing ? this.#leave(flight) : this.#arrive(flight, now)),
      handleDrop: (_cause, flight) => {
        if (flight.isOutgoing) this.#countLeft()
      },
      handleChange: () => {},
      handleCopy: (copy) => {
        if (copy.isOutgoing) this.#outgoing++
      },
    })
    this.conditioner = conditioner
    transport.onReadable = () => this.#pull()
  }

  get kind(): string {
    return this.#inner.kind
  }

  get counters(): Readonly<TransportCounters> {
    const { inboxDropped, sendErrors } = this.#inner.counters
    return { inboxDropped: inboxDropped + this.#inboxDropped, sendErrors: sendErrors + this.#sendsDropped }
  }

  get onError(): Transport['onError'] {
    return this.#inner.onError
  }

  set onError(onError: Transport['onError']) {
    this.#inner.onError = onError
  }

  get conditioner(): Conditioner {
    return this.#conditioner
  }

  /** Holds for what is sent and received from now on. A stage object that was there before keeps its state. */
  set conditioner(conditioner: Conditioner) {
    const { send = [], receive = [] } = isList(conditioner) ? { send: conditioner, receive: conditioner } : conditioner
    this.#edition++
    this.#sending.rebuild(this.#edition, send)
    this.#receiving.rebuild(this.#edition, receive)
    this.#conditioner = conditioner
  }

  async open(options: TransportOptions): Promise<Address> {
    const local = await this.#inner.open(options)
    this.#inbox = new Inbox(options.maxInboxDatagrams)
    this.#inboxDropped = 0
    this.#sendsDropped = 0
    this.#isOpen = true
    return local
  }

  receive(): Datagram | undefined {
    if (this.#inbox.length === 0)
      this.#pull() // where the transport has to be asked, which costs a system call
    else this.#flights.advance(this.#clock.now()) // a timer may be late
    return this.#inbox.shift()
  }

  buffer(): Uint8Array {
    return this.#buffer
  }

  send(length: number, host: string, port: number): void {
    if (!this.#isOpen) return
    if (this.#flights.length >= MAX_CONDITIONED_DATAGRAMS) {
      this.#sendsDropped++
      return
    }
    this.#outgoing++
    const now = this.#clock.now()
    this.#flights.schedule(now, {
      bytes: this.#buffer.slice(0, length),
      passes: this.#sending.passes,
      nextPass: 0,
      isOutgoing: true,
      host,
      port,
    })
    this.#flights.advance(now)
  }

  flush(): void {
    this.#inner.flush?.()
  }

  watch(isWatched: boolean): void {
    this.#inner.watch?.(isWatched)
  }

  ref(): void {
    this.#inner.ref()
  }

  unref(): void {
    this.#inner.unref()
  }

  /** What was sent still leaves, as from a real link; it may take a second. */
  async close(): Promise<void> {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    this.#inbox = new Inbox(1)
    if (wasOpen && this.#outgoing > 0) await this.#drain()
    await this.#inner.close()
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(MAX_LINGER_MS, () => this.#hasDrained?.())
      this.#hasDrained = () => {
        this.#hasDrained = undefined
        cancel()
        resolve()
      }
    })
  }

  #pull(): void {
    for (let datagram = this.#inner.receive(); datagram !== undefined; datagram = this.#inner.receive()) {
      if (!this.#isOpen) continue
      if (this.#flights.length >= MAX_CONDITIONED_DATAGRAMS) {
        this.#inboxDropped++
        continue
      }
      const { bytes, length, host, port, at } = datagram
      this.#flights.schedule(at, {
        bytes: bytes.slice(0, length),
        passes: this.#receiving.passes,
        nextPass: 0,
        isOutgoing: false,
        host,
        port,
      })
    }
    this.#flights.advance(this.#clock.now())
  }

  #leave({ bytes, host, port }: ConditionedFlight): void {
    this.#inner.buffer().set(bytes)
    this.#inner.send(bytes.length, host, port)
    this.#inner.flush?.()
    this.#countLeft()
  }

  #countLeft(): void {
    this.#outgoing--
    if (this.#outgoing === 0) this.#hasDrained?.()
  }

  #arrive({ bytes, host, port }: ConditionedFlight, at: number): void {
    if (!this.#isOpen) return
    const wasEmpty = this.#inbox.length === 0
    if (!this.#inbox.push({ bytes, length: bytes.length, host, port, at })) this.#inboxDropped++
    else if (wasEmpty) this.onReadable?.()
  }
}

function isList(conditioner: Conditioner): conditioner is readonly Stage[] {
  return Array.isArray(conditioner)
}
