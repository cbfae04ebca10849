// A simulated network in simulated time with servers and clients on it, each updated at its own rate, and paused at will.
import { setImmediate } from 'node:timers/promises'
import { Client, type ClientOptions, type EndReason, type NetworkError, Server, type ServerOptions } from '../../lib/index.js'
import { ManualClock, SimulatedNetwork, type Stage, seededEntropy } from '../../lib/simulator/index.js'
import { messages } from './messages.js'

interface Driven {
  readonly isRunning: boolean
  update(): void
}

/** How an endpoint is updated. */
export interface Drive {
  hz: number
  isPaused: boolean
  nextAt: number
}

export interface WorldOptions {
  readonly seed?: number
  readonly network?: readonly Stage[]
  /** What the clock takes for the time of day at first. */
  readonly unixSeconds?: number
}

export const PORT = 9000

export class World {
  readonly clock: ManualClock
  readonly network: SimulatedNetwork
  readonly #seed: number
  #made = 0
  readonly #drives = new Map<Driven, Drive>()

  constructor(options: WorldOptions = {}) {
    this.#seed = options.seed ?? 1
    this.clock = new ManualClock(options.unixSeconds === undefined ? {} : { unixSeconds: options.unixSeconds })
    this.network = new SimulatedNetwork({ seed: this.#seed, clock: this.clock, stages: options.network ?? [] })
  }

  add<E extends Driven>(endpoint: E, hz = 60): E {
    this.#drives.set(endpoint, { hz, isPaused: false, nextAt: this.clock.now() })
    return endpoint
  }

  remove(endpoint: Driven): void {
    this.#drives.delete(endpoint)
  }

  drive(endpoint: Driven): Drive {
    return this.#drives.get(endpoint)!
  }

  makeServer<User = undefined>(options: Partial<ServerOptions> = {}, hz = 60): Server<User> {
    return this.add(new Server<User>({ ...this.#common(), ...options }), hz)
  }

  makeClient(options: Partial<ClientOptions> = {}, hz = 60): Client {
    return this.add(new Client({ ...this.#common(), ...options }), hz)
  }

  #common() {
    const { clock, network } = this
    return { messages, clock, transport: network.transport(), entropy: seededEntropy(this.#seed * 1000 + this.#made++) }
  }

  /** Lets time pass, in steps of a millisecond. */
  async step(ms: number): Promise<void> {
    const end = this.clock.now() + ms
    await this.#pass(() => false, end)
  }

  async until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
    const isOver = await this.#pass(condition, this.clock.now() + timeoutMs)
    if (!isOver) throw new Error(`the condition did not come true within ${timeoutMs} ms`)
  }

  /** Promises settle behind the first step, as whoever called this may have begun something, and behind each in which something ran. */
  async #pass(isOver: () => boolean, end: number): Promise<boolean> {
    for (let isFirst = true; !isOver(); isFirst = false) {
      if (this.clock.now() >= end) return false
      const hasRun = this.#stepTo(Math.min(this.clock.now() + 1, end))
      if (hasRun || isFirst) await setImmediate()
    }
    return true
  }

  /** Whether anything ran. */
  #stepTo(next: number): boolean {
    let hasRun = this.clock.nextTimer() <= next
    this.clock.set(next)
    for (const [endpoint, drive] of this.#drives) {
      if (drive.isPaused || endpoint.isRunning || this.clock.now() < drive.nextAt) continue
      drive.nextAt = Math.max(drive.nextAt + 1000 / drive.hz, this.clock.now())
      hasRun = true
      endpoint.update()
    }
    return hasRun
  }

  /** Lets time pass until the promise settles. Resolves or rejects with it. */
  async settle<T>(promise: Promise<T>, timeoutMs = 30_000): Promise<T> {
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.until(() => isSettled, timeoutMs)
    return promise
  }

  /** As `settle`, for a promise that should reject; returns its error. */
  async failure(promise: Promise<unknown>, timeoutMs = 60_000): Promise<NetworkError> {
    try {
      await this.settle(promise, timeoutMs)
    } catch (error) {
      return error as NetworkError
    }
    throw new Error('expected a rejection, the promise resolved')
  }

  /** A server on PORT and clients that are in. */
  async pair(
    clients: number,
    options: { readonly server?: Partial<ServerOptions>; readonly client?: Partial<ClientOptions> } = {},
  ): Promise<{ server: Server; clients: Client[]; host: string }> {
    const server = this.makeServer(options.server)
    const { host } = await this.settle(server.listen({ port: PORT }))
    const all: Client[] = []
    for (let i = 0; i < clients; i++) {
      const client = this.makeClient(options.client)
      await this.settle(client.connect({ host, port: PORT, name: `client ${i}` }))
      all.push(client)
    }
    return { server, clients: all, host }
  }
}

/** What happened to a server, in order, as short texts. */
export function journalOfServer<User>(server: Server<User>): string[] {
  const lines: string[] = []
  server.on('OnConnect', ({ peer }) => lines.push(`${peer.name}: connect`))
  server.on('OnError', ({ peer, error }) => lines.push(`${peer === undefined ? '' : `${peer.name}: `}error ${error.code}`))
  server.on('OnDisconnect', ({ peer, ...event }) => lines.push(`${peer.name}: ${ended(event)}`))
  return lines
}

/** What happened to a client, in order, as short texts. */
export function journalOfClient(client: Client): string[] {
  const lines: string[] = []
  client.on('OnConnectRequestAccepted', () => lines.push('accepted'))
  client.on('OnConnectRequestRejected', ({ reason, detail, data }) => lines.push(`rejected ${reason} "${detail}" ${JSON.stringify(data)}`))
  client.on('OnError', ({ error }) => lines.push(`error ${error.code}`))
  client.on('OnDisconnect', (event) => lines.push(ended(event)))
  return lines
}

function ended(event: { readonly reason: EndReason; readonly detail: string; readonly data: unknown }): string {
  return `end ${event.reason} "${event.detail}" ${JSON.stringify(event.data)}`
}
