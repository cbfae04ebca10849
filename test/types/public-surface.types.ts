// What must and must not compile against the public surface: a game's two sides and its test, as a user would write them. tsc is the test.
import * as v from 'valibot'
import {
  array,
  Client,
  createConnectToken,
  enumOf,
  flags,
  float32,
  type InputOf,
  MessageFactory,
  type MessageOf,
  type NetworkError,
  optional,
  type Peer,
  packed,
  quantized,
  type ReplyOf,
  type RequestOf,
  Server,
  string,
  struct,
  uint16,
  uint32,
} from '../../lib/index.js'
import { delay, loss, simulate } from '../../lib/simulator/index.js'

export const messages = new MessageFactory()
export const Move = messages.define(
  'Move',
  { tick: uint32, x: float32, y: float32, buttons: flags('jump', 'fire') },
  { delivery: 'sequenced', redundancy: 3, from: 'client' },
)
export const Chat = messages.define('Chat', { text: string(256), to: optional(enumOf('all', 'team')) })
export const Snapshot = messages.define(
  'Snapshot',
  { tick: uint32, entities: array(struct({ id: uint16, x: quantized(0, 100, 0.1), y: float32, skin: optional(string(8)) }), 64) },
  { delivery: 'sequenced', from: 'server' },
)
const ItemSchema = v.object({
  kind: v.string(),
  at: v.pipe(
    v.string(),
    v.transform((s) => new Date(s)),
  ),
})
export const Save = messages.define('Save', { state: packed(ItemSchema) })
export const Guarded = messages.define('Guarded', { state: packed((_: unknown): _ is { a: number } => true) })
export const Anything = messages.define('Anything', { state: packed() })
export const Buy = messages.defineRequest('Buy', {
  request: { item: uint16 },
  reply: { gold: uint32, left: optional(uint16) },
  errors: ['no-money', 'sold-out'],
})
export const Choose = messages.defineRequest('Choose', { request: { cards: array(uint16, 8) }, reply: { card: uint16 }, from: 'server' })
export const Pick = messages.defineRequest('Pick', { request: { of: uint16 }, reply: { taken: enumOf('left', 'right') } })
export type Move = MessageOf<typeof Move>
export type Chat = MessageOf<typeof Chat>
export type Snapshot = MessageOf<typeof Snapshot>

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type IsAny<T> = 0 extends 1 & T ? true : false
const holds = <_ extends true>(): void => {}
holds<Equal<Move, { tick: number; x: number; y: number; buttons: { jump: boolean; fire: boolean } }>>()
holds<Equal<Chat, { text: string; to: 'all' | 'team' | undefined }>>()
holds<Equal<InputOf<typeof Chat>, { readonly text: string; readonly to?: 'all' | 'team' | undefined }>>()
holds<Equal<Snapshot, { tick: number; entities: { id: number; x: number; y: number; skin: string | undefined }[] }>>()
holds<Equal<MessageOf<typeof Save>, { state: { kind: string; at: Date } }>>()
holds<Equal<InputOf<typeof Save>, { readonly state: { kind: string; at: string } }>>()
holds<Equal<MessageOf<typeof Guarded>, { state: { a: number } }>>()
holds<Equal<MessageOf<typeof Anything>, { state: unknown }>>()
holds<Equal<RequestOf<typeof Buy>, { item: number }>>()
holds<Equal<ReplyOf<typeof Buy>, { gold: number; left: number | undefined }>>()
holds<Equal<(typeof Buy)['name'], 'Buy'>>()
holds<Equal<(typeof Buy)['from'], 'both'>>()
holds<Equal<(typeof Choose)['from'], 'server'>>()
holds<Equal<(typeof Buy)['errors'], readonly ('no-money' | 'sold-out')[]>>()

class Player {
  x = 0
  y = 0
  gold = 10
  lastTick = 0
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

function arena(server: Server<Player>): (tick: number, dtMs: number) => void {
  server.on('OnConnectRequest', async (request) => {
    await Promise.resolve()
    if (request.name === '') request.reject('a name, please', { min: 1 })
    else request.accept(new Player(request.name))
    // @ts-expect-error a Player is needed
    request.accept()
    // @ts-expect-error and nothing else will do
    request.accept({ name: request.name })
  })
  server.on('OnConnect', ({ peer }) => {
    holds<Equal<typeof peer, Peer<Player>>>()
    server.sendToAll(Chat, { text: `${peer.user.name} joined` }, { except: peer })
  })
  server.on('OnDisconnect', ({ peer, reason, data }) => {
    holds<Equal<IsAny<typeof data>, false>>()
    if (reason === 'timeout') server.sendToAll(Chat, { text: `${peer.user.name} lost` })
    // @ts-expect-error no such reason: the union is closed
    if (reason === 'bored') return
  })
  server.on('OnError', ({ peer, error }) => {
    holds<Equal<typeof error, NetworkError>>()
    peer?.user.name.toUpperCase()
    // @ts-expect-error no such code
    if (error.code === 'WHATEVER') return
  })
  // @ts-expect-error no such event
  server.on('OnTypo', () => {})
  // @ts-expect-error an event of clients
  server.on('OnConnectRequestAccepted', () => {})
  server.onMessage(Move, (move, peer) => {
    if (move.tick <= peer.user.lastTick) return
    peer.user.lastTick = move.tick
    peer.user.x += move.x
    if (move.buttons.fire) peer.send(Chat, { text: 'bang' }, { delivery: 'unreliable' })
    // @ts-expect-error no such field
    move.z
    // @ts-expect-error a server may not send a Move
    peer.send(Move, move)
    // @ts-expect-error no such delivery
    peer.send(Chat, { text: 'bang' }, { delivery: 'express' })
  })
  server.onMessage(Chat, (chat, peer) => {
    server.sendTo(team(server, peer), Chat, { text: `${peer.name}: ${chat.text}` })
  })
  server.respond(Buy, ({ item }, { peer, fail, signal }) => {
    holds<Equal<typeof peer, Peer<Player>>>()
    holds<Equal<typeof item, number>>()
    if (peer.user.gold < item || signal.aborted) fail('no-money')
    peer.user.gold -= item
    return { gold: peer.user.gold }
  })
  server.on('OnMessage', (event) => {
    if (Move.is(event)) event.message.x.toFixed()
    else if (Chat.is(event)) event.message.text.length
    // @ts-expect-error not before it was narrowed
    event.message.text
  })
  return (tick) => {
    server.sendToAll(Snapshot, { tick, entities: Array.from(server.peers, (p) => ({ id: p.id, x: p.user.x, y: p.user.y })) })
  }
}

/** What arena() does not say, for it would fail when it runs. */
export function misuse(server: Server<Player>): void {
  // @ts-expect-error the server may not listen to its own Snapshot
  server.onMessage(Snapshot, () => {})
  // @ts-expect-error a reply needs its fields
  server.respond(Buy, () => ({}))
  // @ts-expect-error and of their types
  server.respond(Buy, async () => ({ gold: 'much' }))
  // @ts-expect-error no such error code
  server.respond(Buy, (_, { fail }) => fail('bored'))
  // @ts-expect-error a request without errors cannot be refused
  server.respond(messages.defineRequest('Plain', { request: {}, reply: {} }), (_, { fail }) => fail('no'))
  // @ts-expect-error a server is not asked what only a server asks
  server.respond(Choose, () => ({ card: 1 }))
  // @ts-expect-error a request is no message
  server.onMessage(Buy, () => {})
  // @ts-expect-error a server may not send what only clients send
  server.sendToAll(Move, { tick: 1, x: 0, y: 0, buttons: {} })
}

function* team(server: Server<Player>, of: Peer<Player>): Generator<Peer<Player>> {
  for (const peer of server.peers) if (peer.user.name[0] === of.user.name[0]) yield peer
}

export async function main(): Promise<void> {
  const stop = new AbortController()
  const server = new Server<Player>({ messages, game: 'arena', maxPeers: 64 })
  await server.listen({ port: 9000 })
  server.run({ hz: 60, onTick: arena(server), signal: stop.signal })
  const client = new Client({ messages, game: 'arena' })
  const history: Snapshot[] = []
  client.onMessage(Snapshot, (snapshot) => {
    history.push(snapshot)
    for (const entity of snapshot.entities) entity.skin?.length
  })
  // @ts-expect-error a client may not listen to what only clients send
  client.onMessage(Move, () => {})
  client.on('OnConnectRequestRejected', ({ reason, data }) => {
    holds<Equal<IsAny<typeof data>, false>>()
    // @ts-expect-error no such reason: the union is closed
    if (reason === 'bored') return
  })
  // @ts-expect-error an event of servers
  client.on('OnConnectRequest', () => {})
  await client.connect({ host: '127.0.0.1', port: 9000, name: 'ada' })
  // @ts-expect-error a host needs a port
  await client.connect({ host: '127.0.0.1' })
  // @ts-expect-error either a token or a host
  await client.connect({ host: '127.0.0.1', port: 9000, token: new Uint8Array(2048) })
  client.send(Move, { tick: client.serverTick(), x: 0, y: 0, buttons: { jump: true } })
  // @ts-expect-error a client may not send a Snapshot
  client.send(Snapshot, { tick: 1, entities: [] })
  // @ts-expect-error wrong field
  client.send(Chat, { txt: 'x' })
  // @ts-expect-error wrong enum
  client.send(Chat, { text: 'x', to: 'nobody' })
  // @ts-expect-error missing fields
  client.send(Move, { tick: 1 })
  const reply = await client.request(Buy, { item: 3 })
  holds<Equal<typeof reply, { gold: number; left: number | undefined }>>()
  // @ts-expect-error wrong field
  await client.request(Buy, { thing: 3 })
  // @ts-expect-error missing fields
  await client.request(Buy, {})
  // @ts-expect-error only the server asks that
  await client.request(Choose, { cards: [] })
  // @ts-expect-error a message is no request
  await client.request(Chat, { text: 'x' })
  try {
    await client.request(Buy, { item: 3 }, { timeoutMs: 500, signal: stop.signal })
  } catch (error) {
    if (Buy.isError(error)) {
      holds<Equal<typeof error.requestCode, 'no-money' | 'sold-out'>>()
      holds<Equal<typeof error.detail, string>>()
    }
  }
  client.respond(Choose, ({ cards }, context) => {
    // @ts-expect-error on a client there is no peer: only the server can ask
    context.peer
    return { card: cards[0] ?? 0 }
  })
  client.respond(Pick, async ({ of }) => ({ taken: (await of) > 1 ? 'left' : 'right' }))
  // @ts-expect-error a client may not send a Snapshot
  await client.sendConfirmed(Snapshot, { tick: 1, entities: [] })
  const confirmed = await client.sendConfirmed(Chat, { text: 'x' })
  holds<Equal<typeof confirmed, void>>()
  client.send(Save, { state: { kind: 'a', at: '2020' } })
  const frozen = { text: 'x', to: undefined } as const
  client.send(Chat, frozen)
  createConnectToken({ game: 'arena', privateKey: new Uint8Array(32), addresses: ['203.0.113.7:9000'], clientId: 7n })
  await client.close()
  stop.abort()
  await server.close('restarting')
  await using _closedAtTheEnd = new Server({ messages })
}

/** Without a user object, `accept()` takes none. */
export function anonymous(): void {
  const server = new Server({ messages })
  server.on('OnConnectRequest', (request) => request.accept())
  server.on('OnConnect', ({ peer }) => holds<Equal<typeof peer.user, undefined>>())
}

export async function gameTest(): Promise<void> {
  const net = await simulate<Player>({
    seed: 7,
    messages,
    clients: 2,
    network: [delay(75, 10), loss(0.05)],
    server: (server) => {
      server.run({ hz: 60, onTick: arena(server) })
    },
  })
  const [asker] = net.clients
  const bought = asker!.request(Buy, { item: 4 })
  const refused = bought.then(() => asker!.request(Buy, { item: 7 }))
  let heard = 0
  net.clients[1]!.onMessage(Chat, () => {
    heard++
  })
  net.clients[0]!.send(Chat, { text: 'hi' })
  await net.until(() => heard === 1, { timeoutMs: 2000 })
  let ends = 0
  bought.then(({ gold, left }) => {
    if (gold === 6 && left === undefined) ends++
  }, String)
  refused.then(String, (error: unknown) => {
    if (Buy.isError(error) && error.requestCode === 'no-money') ends++
  })
  await net.until(() => ends === 2, { timeoutMs: 2000 })
}
