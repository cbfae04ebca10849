// Requests and confirmed messages across links that die: they wait, and are settled once.
import t from 'tap'
import type { Client, Peer } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import type { World } from '../endpoint/world.js'
import { Buy, Choose, Note, openShop, type Shop } from './shop.js'

async function openScene(options: Parameters<typeof openShop>[0] = {}): Promise<Shop & { readonly client: Client; readonly peer: Peer }> {
  const shop = await openShop({ network: [delay(20)], ...options, client: { reconnect: true, ...options.client } })
  await shop.world.step(500)
  return { ...shop, client: shop.clients[0]!, peer: [...shop.server.peers][0]! }
}

/** The link dies, and the client notices. */
async function cut(world: World, client: Client): Promise<void> {
  world.network.stages = [loss(1)]
  await world.until(() => client.isAway)
}

async function mend(world: World, client: Client): Promise<void> {
  world.network.stages = [delay(20)]
  await world.until(() => client.connected)
}

t.test('what was asked before and during an absence is answered after it, once, both ways', async (t) => {
  const { world, server, client, peer } = await openScene()
  const answers: (() => void)[] = []
  const asked: number[] = []
  server.respond(Buy, ({ item }) => {
    asked.push(item)
    return new Promise((resolve) => answers.push(() => resolve({ gold: item })))
  })
  client.respond(Choose, ({ cards }) => ({ card: cards }))
  const handled: number[] = []
  server.onMessage(Note, ({ n }) => handled.push(n))
  client.onMessage(Note, ({ n }) => handled.push(n))
  const before = client.request(Buy, { item: 1 }, { timeoutMs: 60_000 })
  await world.step(100)
  await cut(world, client)
  answers[0]!() // while nobody can hear it
  const during = [
    client.request(Buy, { item: 2 }, { timeoutMs: 60_000 }),
    peer.request(Choose, { cards: 3 }, { timeoutMs: 60_000 }),
    client.sendConfirmed(Note, { n: 4 }),
    peer.sendConfirmed(Note, { n: 5 }),
  ]
  await world.step(3000)
  await mend(world, client)
  t.match(await world.settle(before), { gold: 1 })
  await world.until(() => answers.length === 2)
  answers[1]!()
  t.strictSame(await world.settle(Promise.all(during)), [{ gold: 2, left: undefined }, { card: 3 }, undefined, undefined])
  t.strictSame(asked, [1, 2])
  t.strictSame(handled.sort(), [4, 5])
  t.strictSame([client.drops.lateReply, server.drops.lateReply], [0, 0])
})

t.test('what is sent confirmed while away keeps its place among the other messages', async (t) => {
  const { world, server, client } = await openScene()
  const heard: number[] = []
  server.onMessage(Note, ({ n }) => heard.push(n))
  client.send(Note, { n: 0 })
  await cut(world, client)
  const confirmed: Promise<void>[] = []
  for (let n = 1; n < 20; n++) {
    if (n % 3 === 0) confirmed.push(client.sendConfirmed(Note, { n }))
    else client.send(Note, { n })
  }
  await mend(world, client)
  await world.settle(Promise.all(confirmed))
  await world.step(100)
  t.strictSame(
    heard,
    Array.from({ length: 20 }, (_, n) => n),
  )
})

t.test('time-outs and signals hold while away, and the responder hears of it when the client is back', async (t) => {
  const { world, server, client } = await openScene()
  const aborted: number[] = []
  server.respond(Buy, ({ item }, { signal }) => {
    signal.addEventListener('abort', () => aborted.push(item))
    return new Promise(() => {})
  })
  const abort = new AbortController()
  const waiting = [client.request(Buy, { item: 1 }, { timeoutMs: 2500 }), client.request(Buy, { item: 2 }, { signal: abort.signal })]
  await world.step(100)
  await cut(world, client)
  t.match(await world.failure(waiting[0]!), { code: 'REQUEST_TIMEOUT' })
  abort.abort(new Error('enough'))
  await t.rejects(waiting[1]!, { message: 'enough' })
  t.match(await world.failure(client.request(Buy, { item: 3 }, { timeoutMs: 100 })), { code: 'REQUEST_TIMEOUT' })
  t.strictSame(aborted, [])
  await mend(world, client)
  await world.step(200)
  t.strictSame(aborted, [1, 2, 3], 'the third was asked and cancelled in one')
})

t.test('who does not come back ends all that waits on both sides', async (t) => {
  const { world, server, client, peer } = await openScene({ server: { timeoutMs: 2000, resumeGraceMs: 1000 } })
  server.on('OnError', () => {})
  client.on('OnError', () => {})
  const ends: string[] = []
  const wait = (side: string, signal: AbortSignal): Promise<never> => {
    signal.addEventListener('abort', () => ends.push(side))
    return new Promise(() => {})
  }
  server.respond(Buy, (_, { signal }) => wait('server', signal))
  client.respond(Choose, (_, { signal }) => wait('client', signal))
  const waiting: Promise<unknown>[] = [
    client.request(Buy, { item: 1 }, { timeoutMs: 60_000 }),
    peer.request(Choose, { cards: 1 }, { timeoutMs: 60_000 }),
  ]
  await world.step(100)
  await cut(world, client)
  waiting.push(client.sendConfirmed(Note, { n: 1 }), peer.sendConfirmed(Note, { n: 1 }))
  await world.until(() => peer.isAway)
  waiting.push(peer.request(Choose, { cards: 2 }, { timeoutMs: 60_000 }))
  for (const promise of waiting) t.match(await world.failure(promise), { code: 'DISCONNECTED' })
  await world.step(100)
  t.strictSame(ends.sort(), ['client', 'server'])
})

t.test('what the outbox does not take is refused at once', async (t) => {
  const { world, client } = await openScene({ client: { outbox: { maxMessages: 2 } } })
  client.on('OnError', () => {})
  await cut(world, client)
  client.send(Note, { n: 1 })
  client.send(Note, { n: 2 })
  t.match(await world.failure(client.request(Buy, { item: 1 })), {
    code: 'OUTBOX_FULL',
    message: 'Buy was not sent: the outbox of the connection is full',
  })
  t.match(await world.failure(client.sendConfirmed(Note, { n: 1 })), { code: 'OUTBOX_FULL' })
})
