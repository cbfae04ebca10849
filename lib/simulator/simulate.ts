// A server and clients in simulated time: a game's test, and ours. Everything that happens follows from the seed.
import { type Auth, Client, type ClientOptions } from '../endpoint/client.js'
import { Server, type ServerOptions } from '../endpoint/server.js'
import { ManualClock } from '../io/manual-clock.js'
import { seededEntropy } from '../io/random.js'
import { SimulatedNetwork, type SimulatedNetworkOptions } from '../io/simulated-network.js'
import type { Stage } from '../io/stages.js'
import type { MessageFactory } from '../messages/index.js'

/** What `simulate` takes. */
export interface SimulateOptions<User> {
  /** Any safe integer: the same seed gives the same losses, delays and keys. */
  readonly seed: number
  /** The definitions that server and clients share. */
  readonly messages: MessageFactory
  /** How many clients join. They are named `client 0`, `client 1` and so on. */
  readonly clients: number
  /** What datagrams go through, in this order: the same in each direction, or `{ toServer, toClient }`. Default: nothing, they arrive at once. */
  readonly network?: readonly Stage[] | { readonly toServer?: readonly Stage[]; readonly toClient?: readonly Stage[] }
  /** Sets the server up, before it listens: handlers, `run`. */
  readonly server?: (server: Server<User>) => void
  /** Sets a client up, before it connects. */
  readonly client?: (client: Client, index: number) => void
  /** What a client gives to `connect` beside the address. Its name is `client 0`, `client 1` and so on unless this says otherwise. */
  readonly connect?: (index: number) => { readonly name?: string; readonly data?: unknown; readonly auth?: Auth }
  /** Further options of the server. */
  readonly serverOptions?: Partial<Omit<ServerOptions, 'messages' | 'transport' | 'clock' | 'entropy'>>
  /** Further options of every client. */
  readonly clientOptions?: Partial<Omit<ClientOptions, 'messages' | 'transport' | 'clock' | 'entropy'>>
  /** Endpoints that do not `run()` themselves are updated so often a second. Default 60. */
  readonly hz?: number
}

/** A running simulation. */
export interface Simulation<User> {
  /** Listens, on the simulated network. */
  readonly server: Server<User>
  /** Connected, in the order of their names. */
  readonly clients: readonly Client[]
  /** The time of all of them. `step` and `until` advance it. */
  readonly clock: ManualClock
  /** Its `stages` may be changed, and it can be parted. */
  readonly network: SimulatedNetwork
  /** One more client, which comes while the others play; it stands in `clients` too. Time passes until it is in. Rejects where it is not within 30 s of simulated time. */
  join(): Promise<Client>
  /** Lets so many milliseconds pass. */
  step(ms: number): Promise<void>
  /** Lets time pass until the condition holds. Rejects with an Error after `timeoutMs` of simulated time, by default 10,000. */
  until(condition: () => boolean, options?: { readonly timeoutMs?: number }): Promise<void>
}

/** Time passes in steps of this many ms. */
const STEP_MS = 1

/** Turns of the microtask queue after something ran: more than the longest chain of awaits inside the library. */
const TURNS = 12

const PORT = 9000

/** The server is the first host. */
const SERVER_HOST = '10.0.0.1'

/**
 * Boots a server and clients on a simulated network and resolves when all clients are in. Rejects where one is not within 30 s of simulated time.
 *
 * @example
 * const { clients, until } = await simulate({ seed: 7, messages, clients: 2, network: [delay(75, 10), loss(0.05)], server: arena })
 * clients[0].send(Chat, { text: 'hi' })
 * await until(() => heard === 1, { timeoutMs: 2000 })
 */
export async function simulate<User = undefined>(options: SimulateOptions<User>): Promise<Simulation<User>> {
  const { seed, messages, hz = 60 } = options
  const clock = new ManualClock()
  const network = new SimulatedNetwork({ seed, clock, ...stagesOf(options.network ?? []) })
  const common = { messages, clock }
  const server = new Server<User>({
    ...options.serverOptions,
    ...common,
    transport: network.transport(SERVER_HOST),
    entropy: seededEntropy(seed),
  })
  const clients: Client[] = []
  const endpoints: Driven[] = [server]
  const pass = createPass(clock, endpoints, hz)
  const step: Simulation<User>['step'] = async (ms) => {
    await pass(() => false, clock.now() + ms)
  }
  const until: Simulation<User>['until'] = async (condition, { timeoutMs = 10_000 } = {}) => {
    const isOver = await pass(condition, clock.now() + timeoutMs)
    if (!isOver) throw new Error(`the condition did not come true within ${timeoutMs} ms of simulated time`)
  }
  options.server?.(server)
  const { host } = await server.listen({ port: PORT })

  const newClient = (): (() => Promise<void>) => {
    const index = clients.length
    const entropy = seededEntropy(seed + index + 1)
    const client = new Client({ ...options.clientOptions, ...common, transport: network.transport(), entropy })
    clients.push(client)
    endpoints.push(client)
    return () => {
      options.client?.(client, index)
      return client.connect({ host, port: PORT, name: `client ${index}`, ...options.connect?.(index) })
    }
  }
  /** Lets time pass until all of these are in, or one has failed. */
  const settle = async (connects: readonly Promise<void>[]): Promise<void> => {
    let isSettled = false
    const all = Promise.all(connects)
    const settled = (): void => {
      isSettled = true
    }
    all.then(settled, settled)
    await until(() => isSettled, { timeoutMs: 30_000 })
    await all
  }
  const join = async (): Promise<Client> => {
    await settle([newClient()()])
    return clients.at(-1)!
  }
  // All are there before the first connects, so that the handlers of one can know the others.
  const connects = Array.from({ length: options.clients }, newClient)
  await settle(connects.map((connect) => connect()))
  return { server, clients, clock, network, join, step, until }
}

function stagesOf(network: NonNullable<SimulateOptions<unknown>['network']>): Pick<SimulatedNetworkOptions, 'stages' | 'stagesFor'> {
  if (isList(network)) return { stages: network }
  const { toServer = [], toClient = [] } = network
  return { stagesFor: (_from, to) => (to.host === SERVER_HOST ? toServer : toClient) }
}

function isList(network: NonNullable<SimulateOptions<unknown>['network']>): network is readonly Stage[] {
  return Array.isArray(network)
}

interface Driven {
  readonly isRunning: boolean
  update(): void
}

/** Lets time pass until `isOver`, asked once a step, or until `end`: resolves with which it was. */
type Pass = (isOver: () => boolean, end: number) => Promise<boolean>

/**
 * Promises settle behind the first step, as whoever lets time pass may have begun something, and behind each in which something ran. Behind the others they go on by one turn, which is much of what such a step costs.
 * `endpoints` may grow.
 */
function createPass(clock: ManualClock, endpoints: readonly Driven[], hz: number): Pass {
  let nextUpdateAt = clock.now()
  return async (isOver, end) => {
    for (let isFirst = true; !isOver(); isFirst = false) {
      if (clock.now() >= end) return false
      const next = Math.min(clock.now() + STEP_MS, end)
      const isIdle = clock.nextTimer() > next && nextUpdateAt > next
      clock.set(next)
      if (next >= nextUpdateAt) {
        nextUpdateAt += 1000 / hz
        for (const endpoint of endpoints) if (!endpoint.isRunning) endpoint.update()
      }
      for (let turn = isIdle && !isFirst ? TURNS - 1 : 0; turn < TURNS; turn++) await undefined
    }
    return true
  }
}
