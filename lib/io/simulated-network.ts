// A network in memory, in simulated time: the same seed and the same calls give the same deliveries, datagram for datagram.
// How datagrams move through stages is in flights.ts.
import type { Address } from './address.js'
import type { CompleteClock } from './clock.js'
import { type Flight, Flights } from './flights.js'
import { Random } from './random.js'
import { SimulatedLink } from './simulated-link.js'
import { SimulatedTransport, toAddress } from './simulated-transport.js'
import type { Stage, StagePass } from './stages.js'
import type { Transport } from './transport.js'

/** The first port that a transport gets which asks for any. */
const FIRST_AUTOMATIC_PORT = 40_000

/** What stages see as the length of the answer of a host without a listener: IP header 20 + ICMP 8 + the start of the datagram 28. */
const REFUSAL_BYTES = 56

/** What became of datagrams. `sent + duplicated` = the sum of all others but `corrupted` + those still under way. */
export interface SimulatedNetworkCounters {
  /** Given to the network. */
  sent: number
  /** Given to a transport; one whose inbox was full counts them too, as `inboxDropped`. */
  delivered: number
  /** Dropped by `loss` or `burstLoss`. */
  lost: number
  /** Copies made. */
  duplicated: number
  /** Dropped by `mtu`. */
  tooLarge: number
  /** Dropped at a full queue of `bandwidth`. */
  queueDropped: number
  /** Between hosts that a partition keeps apart. */
  partitioned: number
  /** Went on with other bytes. One that two stages change counts twice. */
  corrupted: number
  /** Arrived where nobody listens, or at a connected transport that is connected to another. */
  unreachable: number
}

/** What can become of a datagram; also the name of its counter. */
export type SimulatedOutcome = keyof SimulatedNetworkCounters

/** A datagram under way. */
export interface SimulatedDatagram {
  /** Who sent it. */
  readonly from: Address
  /** Where it goes. */
  readonly to: Address
  /** Not a copy: what a tap writes here arrives. */
  readonly bytes: Uint8Array
  /** By the network's clock, in ms. */
  readonly sentAt: number
}

/** Options of {@link SimulatedNetwork}. */
export interface SimulatedNetworkOptions {
  /** Any safe integer. */
  readonly seed: number
  /** Mostly a `ManualClock`: its `advance` is all that moves datagrams. */
  readonly clock: CompleteClock
  /** The stages of every link, in the order in which datagrams pass them. Default: none, so that datagrams arrive at once and complete. */
  readonly stages?: readonly Stage[]
  /** The stages from one host to another, where they differ; undefined for `stages`. Asked once for each pair of hosts and direction, and again after a change of either. */
  readonly stagesFor?: StagesFor
  /** Whether a connected sender hears ECONNREFUSED, a round trip later, when nobody listens at a port of a host that exists. Default true. */
  readonly refusesDeadPorts?: boolean
  /** Called at each event of a datagram, with the name of the counter that it raised: for traces, captures, and tests that change bytes. */
  readonly onDatagram?: (outcome: SimulatedOutcome, datagram: SimulatedDatagram, now: number) => void
}

type StagesFor = (from: Address, to: Address) => readonly Stage[] | undefined

interface Host {
  readonly name: string
  readonly ports: Map<number, SimulatedTransport>
  /** By the name of the other host. */
  readonly links: Map<string, SimulatedLink>
  nextPort: number
}

interface NetworkFlight extends Omit<SimulatedDatagram, 'bytes'>, Flight {
  /** Not a datagram but the answer that nobody listens. It passes the stages and is not counted. */
  readonly isRefusal: boolean
}

/**
 * A network of hosts with UDP ports. Bytes are copied on send. Datagrams move by timers of the clock only, and so arrive in the clock's next
 * `advance` at the earliest, even without a delay: never inside `send`. `at` of a received datagram is its exact time of arrival.
 */
export class SimulatedNetwork {
  /** What became of all datagrams so far. */
  readonly counters: SimulatedNetworkCounters = {
    sent: 0,
    delivered: 0,
    lost: 0,
    duplicated: 0,
    tooLarge: 0,
    queueDropped: 0,
    partitioned: 0,
    corrupted: 0,
    unreachable: 0,
  }
  /** As the option; may be set at any time. */
  onDatagram: SimulatedNetworkOptions['onDatagram']

  readonly #clock: CompleteClock
  readonly #random: Random
  readonly #refusesDeadPorts: boolean
  readonly #hosts = new Map<string, Host>()
  readonly #flights: Flights<NetworkFlight>
  #stages: readonly Stage[]
  #stagesFor: StagesFor | undefined
  /** Hosts by the group that the partition puts them in; undefined without one. */
  #groups: ReadonlyMap<string, number> | undefined
  /** Rises with each change of the stages, so that links notice it at their next datagram. */
  #edition = 0
  #hostsNamed = 0

  /** A network without hosts; each transport brings one. */
  constructor(options: SimulatedNetworkOptions) {
    this.#clock = options.clock
    this.#random = new Random(options.seed)
    this.#stages = options.stages ?? []
    this.#stagesFor = options.stagesFor
    this.#refusesDeadPorts = options.refusesDeadPorts ?? true
    this.onDatagram = options.onDatagram
    this.#flights = new Flights(options.clock, {
      handleArrival: (flight, now) => this.#arrive(flight, now),
      handleDrop: (cause, flight, now) => this.#count(cause, flight, now),
      handleChange: (flight, now) => this.#count('corrupted', flight, now),
      handleCopy: (copy, now) => this.#count('duplicated', copy, now),
    })
  }

  /** The stages of every link. Set them, and datagrams sent from then on pass the new ones. */
  get stages(): readonly Stage[] {
    return this.#stages
  }

  /** Holds for what is sent from now on. A stage object that was there before keeps its state, such as the queue of `bandwidth`. */
  set stages(stages: readonly Stage[]) {
    this.#stages = stages
    this.#edition++
  }

  /** The stages of some links, where they differ. May be set at any time too. */
  get stagesFor(): StagesFor | undefined {
    return this.#stagesFor
  }

  /** Holds for datagrams that are sent from then on. */
  set stagesFor(stagesFor: StagesFor | undefined) {
    this.#stagesFor = stagesFor
    this.#edition++
  }

  /** A transport on `host`, numeric; by default on a new host: 10.0.0.1, 10.0.0.2 and so on. Several may share a host, each with its own port. */
  transport(host: string = this.#newHost()): Transport {
    this.#host(host)
    return new SimulatedTransport({ network: this, clock: this.#clock, host })
  }

  /**
   * Splits the network: hosts of different groups hear nothing of each other until `heal()`, and what is under way between them is lost where it would arrive. Hosts that no group names form one more.
   * A second partition takes the place of the first.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#groups = new Map(groups.flatMap((hosts, group) => hosts.map((host) => [host, group] as const)))
  }

  /** Ends the partition. */
  heal(): void {
    this.#groups = undefined
  }

  /**
   * Gives the transport at `address` another address, unseen by it, as a NAT does that has forgotten it or a telephone that leaves its Wi-Fi: from now on what it sends comes from there, and what is sent to the old
   * address reaches nobody. Returns the new address: the next free port of `host`, by default of the same host. Throws an Error where no transport is at `address`.
   */
  rebind(address: { readonly host: string; readonly port: number }, host: string = address.host): Address {
    const transport = this.#hosts.get(address.host)?.ports.get(address.port)
    if (transport === undefined) throw new Error(`rebind() expected the address of an open transport, got ${address.host}:${address.port}`)
    const rebound = this.bind(transport, host, 0)
    if (rebound === undefined) throw new Error(`rebind() expected a free port on ${host}, found none`)
    this.unbind(address)
    transport.handleRebind(rebound)
    return rebound
  }

  /** When the next datagram moves, in the clock's milliseconds; Infinity where none is under way. */
  nextDelivery(): number {
    return this.#flights.nextTime()
  }

  /**
   * Gives a transport its port: `port`, or the next free one for 0. Returns undefined where it is taken. For `SimulatedTransport`.
   * @internal
   */
  bind(transport: SimulatedTransport, name: string, port: number): Address | undefined {
    const host = this.#host(name)
    const chosen = port === 0 ? freePort(host) : port
    if (chosen === undefined || host.ports.has(chosen)) return undefined
    host.ports.set(chosen, transport)
    return toAddress(name, chosen)
  }

  /** @internal */
  unbind(local: { readonly host: string; readonly port: number }): void {
    this.#host(local.host).ports.delete(local.port)
  }

  /**
   * Sends a copy of the first `length` bytes on its way. For `SimulatedTransport`.
   * @internal
   */
  send(from: Address, to: Address, buffer: Uint8Array, length: number): void {
    this.#launch(from, to, buffer.slice(0, length), false)
  }

  /**
   * Sends a copy to that port of every host which has it open, the sender's too, as a broadcast does. For `SimulatedTransport`.
   * @internal
   */
  broadcast(from: Address, port: number, buffer: Uint8Array, length: number): void {
    for (const { name, ports } of this.#hosts.values())
      if (ports.has(port)) this.#launch(from, toAddress(name, port), buffer.slice(0, length), false)
  }

  #launch(from: Address, to: Address, bytes: Uint8Array, isRefusal: boolean): void {
    const now = this.#clock.now()
    const flight: NetworkFlight = { from, to, bytes, sentAt: now, passes: this.#passes(from, to), nextPass: 0, isRefusal }
    this.#count('sent', flight, now)
    this.#flights.schedule(now, flight)
  }

  #arrive(flight: NetworkFlight, now: number): void {
    const { from, to } = flight
    if (this.#groups !== undefined && this.#groups.get(from.host) !== this.#groups.get(to.host)) {
      this.#count('partitioned', flight, now)
      return
    }
    const host = this.#hosts.get(to.host)
    const target = host?.ports.get(to.port)
    if (target?.accepts(from)) {
      if (flight.isRefusal) {
        target.handleRefusal()
        return
      }
      this.#count('delivered', flight, now)
      target.handleDatagram(flight.bytes, from, now)
      return
    }
    this.#count('unreachable', flight, now)
    if (host !== undefined && this.#refusesDeadPorts && !flight.isRefusal) this.#launch(to, from, new Uint8Array(REFUSAL_BYTES), true)
  }

  #count(outcome: SimulatedOutcome, flight: NetworkFlight, now: number): void {
    if (flight.isRefusal) return
    this.counters[outcome]++
    this.onDatagram?.(outcome, flight, now)
  }

  #passes(from: Address, to: Address): readonly StagePass[] {
    const { links } = this.#host(from.host)
    let link = links.get(to.host)
    if (link === undefined) {
      link = new SimulatedLink(this.#random.fork(`${from.host}>${to.host}`))
      links.set(to.host, link)
    }
    if (!link.isOf(this.#edition)) link.rebuild(this.#edition, this.#stagesFor?.(from, to) ?? this.#stages)
    return link.passes
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      host = { name, ports: new Map(), links: new Map(), nextPort: FIRST_AUTOMATIC_PORT }
      this.#hosts.set(name, host)
    }
    return host
  }

  #newHost(): string {
    for (;;) {
      const number = ++this.#hostsNamed
      const name = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
      if (!this.#hosts.has(name)) return name
    }
  }
}

/** The next port in turn that is free: a port just closed is not given again at once. */
function freePort(host: Host): number | undefined {
  for (let tries = FIRST_AUTOMATIC_PORT; tries <= 65_535; tries++) {
    const port = host.nextPort
    host.nextPort = port === 65_535 ? FIRST_AUTOMATIC_PORT : port + 1
    if (!host.ports.has(port)) return port
  }
  return undefined
}
