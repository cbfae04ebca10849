// The messages of the tests of requests and confirmations, and a server and clients in simulated time that share them.
import {
  bytes,
  type Client,
  type ClientOptions,
  MessageFactory,
  optional,
  type Server,
  type ServerOptions,
  string,
  uint16,
  uint32,
} from '../../lib/index.js'
import type { Stage } from '../../lib/simulator/index.js'
import { World } from '../endpoint/world.js'

export const messages = new MessageFactory()
export const Buy = messages.defineRequest('Buy', {
  request: { item: uint16 },
  reply: { gold: uint32, left: optional(uint16) },
  errors: ['no-money', 'sold-out'],
  from: 'client',
})
export const Choose = messages.defineRequest('Choose', {
  request: { cards: uint16 },
  reply: { card: uint16 },
  errors: ['pass'],
  from: 'server',
})
/** Either side may ask; what is answered is as large as was asked. */
export const Fetch = messages.defineRequest('Fetch', {
  request: { bytes: uint32 },
  reply: { data: bytes(300_000) },
  delivery: 'reliable',
  channel: 1,
  timeoutMs: 1000,
})
export const Note = messages.define('Note', { n: uint32 })
export const Loose = messages.define('Loose', { n: uint32 }, { delivery: 'unreliable', channel: 2 })
export const Shout = messages.define('Shout', { text: string(300_000) }, { from: 'server' })
export const Upload = messages.define('Upload', { data: bytes(300_000) }, { from: 'client', channel: 3 })

export interface Shop {
  readonly world: World
  readonly server: Server
  readonly clients: Client[]
}

export async function openShop(
  options: {
    readonly seed?: number
    readonly network?: readonly Stage[]
    readonly clients?: number
    readonly server?: Partial<ServerOptions>
    readonly client?: Partial<ClientOptions>
  } = {},
): Promise<Shop> {
  const { clients = 1, server = {}, client = {}, ...rest } = options
  const world = new World(rest)
  const pair = await world.pair(clients, { server: { messages, ...server }, client: { messages, ...client } })
  return { world, server: pair.server, clients: pair.clients }
}
