// Servers and clients of netcode on a simulated network, in simulated time: seeded, without sockets or sleeps.
import type { Address } from '../../lib/io/address.js'
import type { Entropy } from '../../lib/io/entropy.js'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { type ConnectTokenOptions, generateConnectToken } from '../../lib/netcode/connect-token.js'
import { NetcodeClient, type NetcodeClientOptions } from '../../lib/netcode/netcode-client.js'
import { NetcodeServer } from '../../lib/netcode/netcode-server.js'
import type { NetcodeServerClient } from '../../lib/netcode/server-client.js'
import type { NetcodeServerOptions } from '../../lib/netcode/server-options.js'
import { parseAddress } from '../../lib/wire/address.js'

export const crypto = selectCrypto()
export const PROTOCOL_ID = 0x1122334455667788n
export const PRIVATE_KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1)
export const SERVER_ADDRESS = parseAddress('10.0.0.1:40000')
/** When every simulated server starts. */
export const START_UNIX_SECONDS = 1_800_000_000

/** What the network does to datagrams: a share lost, a share delivered twice, a delay in milliseconds with jitter, which reorders. */
export interface NetworkOptions {
  readonly loss?: number
  readonly duplicate?: number
  readonly delayMs?: number
  readonly jitterMs?: number
}

export interface ServerHost {
  readonly address: Address
  server: NetcodeServer
  isOnline: boolean
  readonly received: { client: NetcodeServerClient; sequence: number; bytes: Uint8Array }[]
  /** Events as text, such as "connected 1" and "disconnected 1 timeout". */
  readonly events: string[]
}

export interface ClientHost {
  readonly address: Address
  readonly client: NetcodeClient
  isOnline: boolean
  readonly received: { sequence: number; bytes: Uint8Array }[]
}

interface InFlight {
  readonly at: number
  readonly bytes: Uint8Array
  readonly source: Address
  readonly target: Address
}

/** A random number generator with a seed (mulberry32), 0 ≤ x < 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function createEntropy(random: () => number): Entropy {
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256)
    },
  }
}

export class World {
  now = 1000
  readonly random: () => number
  readonly entropy: Entropy
  network: NetworkOptions
  readonly servers: ServerHost[] = []
  readonly clients: ClientHost[] = []
  /** Every datagram that was sent, also those that were lost. */
  onSend: ((bytes: Uint8Array, source: Address, target: Address) => void) | undefined
  #inFlight: InFlight[] = []
  readonly #out = new Uint8Array(1280)
  #nextClientPort = 50_000

  constructor(seed: number, network: NetworkOptions = {}) {
    this.random = createRandom(seed)
    this.entropy = createEntropy(this.random)
    this.network = network
  }

  get unixSeconds(): number {
    return START_UNIX_SECONDS + Math.floor((this.now - 1000) / 1000)
  }

  addServer(options: Partial<NetcodeServerOptions> = {}, address = SERVER_ADDRESS): ServerHost {
    const host: ServerHost = { address, server: this.createServer(options, address), isOnline: true, received: [], events: [] }
    this.servers.push(host)
    return host
  }

  createServer(options: Partial<NetcodeServerOptions> = {}, address = SERVER_ADDRESS): NetcodeServer {
    return new NetcodeServer({
      protocolId: PROTOCOL_ID,
      privateKey: PRIVATE_KEY,
      addresses: [address],
      maxClients: 8,
      crypto,
      entropy: this.entropy,
      startUnixSeconds: this.unixSeconds,
      ...options,
    })
  }

  addClient(options: Partial<NetcodeClientOptions> = {}, address?: Address): ClientHost {
    const own = address ?? parseAddress(`10.1.0.1:${this.#nextClientPort++}`)
    const host: ClientHost = { address: own, client: new NetcodeClient({ crypto, ...options }), isOnline: true, received: [] }
    this.clients.push(host)
    return host
  }

  token(clientId: bigint, options: Partial<ConnectTokenOptions> = {}): Uint8Array {
    return generateConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey: PRIVATE_KEY,
      serverAddresses: [SERVER_ADDRESS],
      clientId,
      timeoutSeconds: 5,
      createUnixSeconds: this.unixSeconds,
      entropy: this.entropy,
      crypto,
      ...options,
    })
  }

  /** A client that begins to connect. */
  connect(clientId: bigint, options: Partial<ConnectTokenOptions> = {}): ClientHost {
    const host = this.addClient()
    host.client.connect(this.token(clientId, options), this.now)
    return host
  }

  sendToServer(host: ClientHost, payload: Uint8Array): void {
    this.#out.set(payload, host.client.payloadOffset)
    const length = host.client.sealPayload(this.#out, payload.length, this.now)
    this.#send(length, host.address, host.client.targetAddress)
  }

  sendToClient(host: ServerHost, client: NetcodeServerClient, payload: Uint8Array): void {
    if (!client.confirmed) this.#send(host.server.sealKeepAlive(client, this.#out, this.now), host.address, client.address)
    this.#out.set(payload, client.payloadOffset)
    this.#send(host.server.sealPayload(client, this.#out, payload.length, this.now), host.address, client.address)
  }

  /** Puts raw bytes on the network, which neither loses nor delays them. */
  inject(bytes: Uint8Array, source: Address, target: Address): void {
    this.#inFlight.push({ at: this.now, bytes: bytes.slice(), source, target })
  }

  /** Runs for this long. */
  run(ms: number): void {
    this.until(() => false, ms)
  }

  /** Runs from deadline to deadline until the condition holds; false where it did not in `limitMs`. */
  until(condition: () => boolean, limitMs = 60_000): boolean {
    const end = this.now + limitMs
    this.#flush()
    while (!condition()) {
      const next = this.#nextTime()
      if (next > end) {
        this.now = end
        return condition()
      }
      this.now = Math.max(this.now, next)
      this.#deliver()
      this.#expire()
      this.#flush()
    }
    return true
  }

  #nextTime(): number {
    let next = Number.POSITIVE_INFINITY
    for (const datagram of this.#inFlight) next = Math.min(next, datagram.at)
    for (const host of this.servers) if (host.isOnline) next = Math.min(next, host.server.nextDeadline())
    for (const host of this.clients) next = Math.min(next, host.client.nextDeadline())
    return next
  }

  #deliver(): void {
    const due = this.#inFlight.filter((datagram) => datagram.at <= this.now).sort((a, b) => a.at - b.at)
    this.#inFlight = this.#inFlight.filter((datagram) => datagram.at > this.now)
    for (const { bytes, source, target } of due) {
      const server = this.servers.find(({ address, isOnline }) => isOnline && isSame(address, target))
      if (server !== undefined) this.#deliverToServer(server, bytes, source)
      const client = this.clients.find(({ address, isOnline }) => isOnline && isSame(address, target))
      if (client !== undefined) this.#deliverToClient(client, bytes, source)
    }
  }

  #deliverToServer(host: ServerHost, bytes: Uint8Array, source: Address): void {
    const packet = host.server.handleDatagram(bytes, bytes.length, source.host, source.port, this.now, this.unixSeconds)
    if (packet?.isPayload)
      host.received.push({ client: packet.client, sequence: packet.sequence, bytes: bytes.slice(packet.start, packet.end) })
  }

  #deliverToClient(host: ClientHost, bytes: Uint8Array, source: Address): void {
    const packet = host.client.handleDatagram(bytes, bytes.length, source.host, source.port, this.now)
    if (packet?.isPayload) host.received.push({ sequence: packet.sequence, bytes: bytes.slice(packet.start, packet.end) })
  }

  #expire(): void {
    for (const host of this.servers) host.server.handleTimeout(this.now, this.unixSeconds)
    for (const host of this.clients) host.client.handleTimeout(this.now)
  }

  #flush(): void {
    for (const { address, server, events } of this.servers) {
      for (let event = server.pollEvent(); event !== undefined; event = server.pollEvent()) {
        events.push(`${event.type} ${event.client.clientId}${event.type === 'disconnected' ? ` ${event.reason}` : ''}`)
      }
      for (let length = server.pollDatagram(this.#out); length > 0; length = server.pollDatagram(this.#out)) {
        this.#send(length, address, { host: server.targetHost, port: server.targetPort, family: address.family })
      }
    }
    for (const { address, client } of this.clients) {
      for (let length = client.pollDatagram(this.#out); length > 0; length = client.pollDatagram(this.#out)) {
        this.#send(length, address, client.targetAddress)
      }
    }
  }

  #send(length: number, source: Address, target: Address): void {
    const bytes = this.#out.slice(0, length)
    this.onSend?.(bytes, source, target)
    const { loss = 0, duplicate = 0, delayMs = 10, jitterMs = 0 } = this.network
    const copies = this.random() < duplicate ? 2 : 1
    for (let i = 0; i < copies; i++) {
      if (this.random() < loss) continue
      this.#inFlight.push({ at: this.now + delayMs + this.random() * jitterMs, bytes: bytes.slice(), source, target })
    }
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host
}
