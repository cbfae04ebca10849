// One UDP socket of a simulated network. Behaves as UdpTransport does, save that its time is simulated.
import type { Address } from './address.js'
import type { CompleteClock } from './clock.js'
import { Inbox } from './inbox.js'
import { SEND_BUFFER_BYTES } from './limits.js'
import { isPort, portError, requirePort } from './port.js'
import type { SimulatedNetwork } from './simulated-network.js'
import type { Datagram, Transport, TransportCounters, TransportOptions } from './transport.js'

/** Local hosts that mean: this one. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Every host of the network, for a transport that was opened with `broadcast`. */
const BROADCAST_HOST = '255.255.255.255'

/** Where a transport stands. */
export interface SimulatedTransportOptions {
  readonly network: SimulatedNetwork
  readonly clock: CompleteClock
  readonly host: string
}

/**
 * What `SimulatedNetwork.transport()` makes. `open` rejects with EADDRINUSE for a port that is taken, with EADDRNOTAVAIL for a `host` that is
 * neither its own nor a wildcard, and with a RangeError for a port out of range. It gives the real address of the host, never a wildcard.
 */
export class SimulatedTransport implements Transport {
  readonly kind = 'simulated'
  readonly counters: TransportCounters = { inboxDropped: 0, sendErrors: 0 }
  onError: Transport['onError']
  onReadable: Transport['onReadable']

  readonly #network: SimulatedNetwork
  readonly #clock: CompleteClock
  readonly #host: string
  readonly #buffer = new Uint8Array(SEND_BUFFER_BYTES)
  #inbox = new Inbox(1)
  #local: Address | undefined
  #remote: Address | undefined
  #mayBroadcast = false
  /** Where the last datagram went, so that many to one peer share one address. */
  #target: Address | undefined

  constructor(options: SimulatedTransportOptions) {
    this.#network = options.network
    this.#clock = options.clock
    this.#host = options.host
  }

  async open(options: TransportOptions): Promise<Address> {
    if (this.#local !== undefined) throw new Error('open() expected a closed transport, got an open one')
    const { host = this.#host, port = 0, remote } = options
    requirePort('port', port, 0)
    if (remote !== undefined) requirePort('remote.port', remote.port, 1)
    if (host !== this.#host && !WILDCARDS.has(host)) throw systemError('EADDRNOTAVAIL', `bind EADDRNOTAVAIL ${host}`)
    const inbox = new Inbox(options.maxInboxDatagrams)
    const local = this.#network.bind(this, this.#host, port)
    if (local === undefined) throw systemError('EADDRINUSE', `bind EADDRINUSE ${this.#host}:${port}`)
    this.#inbox = inbox
    this.#local = local
    this.#remote = remote
    this.#mayBroadcast = options.broadcast ?? false
    this.counters.inboxDropped = 0
    this.counters.sendErrors = 0
    return local
  }

  receive(): Datagram | undefined {
    return this.#inbox.shift()
  }

  buffer(): Uint8Array {
    return this.#buffer
  }

  send(length: number, host: string, port: number): void {
    if (this.#local === undefined) return
    const target = this.#remote ?? this.#targetAt(host, port)
    if (target === undefined) this.#failSend(portError('port', 1, port))
    else if (length > SEND_BUFFER_BYTES) this.#failSend(systemError('EMSGSIZE', `send EMSGSIZE, ${length} bytes`))
    else if (target.host !== BROADCAST_HOST) this.#network.send(this.#local, target, this.#buffer, length)
    else if (this.#mayBroadcast) this.#network.broadcast(this.#local, target.port, this.#buffer, length)
    else this.#failSend(systemError('EACCES', `send EACCES ${BROADCAST_HOST}:${target.port}`))
  }

  /** A simulation keeps no process alive. */
  ref(): void {}

  unref(): void {}

  async close(): Promise<void> {
    if (this.#local === undefined) return
    this.#network.unbind(this.#local)
    this.#local = undefined
    this.#inbox = new Inbox(1)
  }

  /** Whether a datagram of this source is for this socket: a connected one takes only its remote's. */
  accepts(from: Address): boolean {
    const remote = this.#remote
    return remote === undefined || (remote.host === from.host && remote.port === from.port)
  }

  handleDatagram(bytes: Uint8Array, from: Address, now: number): void {
    const wasEmpty = this.#inbox.length === 0
    if (!this.#inbox.push({ bytes, length: bytes.length, host: from.host, port: from.port, at: now })) this.counters.inboxDropped++
    else if (wasEmpty) this.onReadable?.()
  }

  /** Datagrams come from and go to another address from now on. It does not know, and goes on telling its old one. */
  handleRebind(local: Address): void {
    this.#local = local
  }

  /** Only a connected socket hears of it, as the system's do. */
  handleRefusal(): void {
    if (this.#remote !== undefined) this.onError?.(systemError('ECONNREFUSED', 'recvmsg ECONNREFUSED'))
  }

  #targetAt(host: string, port: number): Address | undefined {
    const last = this.#target
    if (last !== undefined && last.port === port && last.host === host) return last
    if (!isPort(port, 1)) return undefined
    this.#target = toAddress(host, port)
    return this.#target
  }

  /** Told by a timer and not at once, for `send` never calls back. */
  #failSend(error: Error & { code: string }): void {
    const local = this.#local
    this.#clock.setTimer(0, () => {
      if (this.#local !== local) return
      this.counters.sendErrors++
      this.onError?.(error)
    })
  }
}

/** The address of a numeric host and a port. */
export function toAddress(host: string, port: number): Address {
  return { host, port, family: host.includes(':') ? 'ipv6' : 'ipv4' }
}

function systemError(code: string, message: string): Error & { code: string } {
  return Object.assign(new Error(message), { code })
}
