// What the tests of log-ins share: a server that asks who comes, and clients that say it.
import type { Auth, Client, Server, ServerOptions } from '../../lib/index.js'
import { PORT, type World } from '../endpoint/world.js'

/** Listens on PORT. */
export async function openServer(world: World, options: Partial<ServerOptions>): Promise<{ server: Server; host: string }> {
  const server = world.makeServer(options)
  const { host } = await world.settle(server.listen({ host: '10.0.0.1', port: PORT }))
  return { server, host }
}

export interface LogIn {
  readonly auth?: Auth | (() => Promise<Auth>)
  readonly name?: string
  readonly token?: Uint8Array
}

/** A client and its attempt, which goes on while time passes. */
export function begin(world: World, { token, ...given }: LogIn): { client: Client; connected: Promise<void> } {
  const client = world.makeClient()
  const connected = client.connect(token === undefined ? { host: '10.0.0.1', port: PORT, ...given } : { token, ...given })
  connected.catch(() => {})
  return { client, connected }
}

/** A client that is in. */
export async function logIn(world: World, given: LogIn): Promise<Client> {
  const { client, connected } = begin(world, given)
  await world.settle(connected)
  return client
}

/** How a log-in fails: the reason of the refusal, or the error's code. */
export async function refusalOf(world: World, given: LogIn): Promise<string> {
  const { client, connected } = begin(world, given)
  const error = await world.failure(connected)
  world.remove(client)
  return 'reason' in error ? String(error.reason) : error.code
}

/** Resolves after so many ms of the world's time. */
export function later(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => world.clock.setTimer(ms, () => resolve()))
}
