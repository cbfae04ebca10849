// Where the parts of sessions meet: absences and what watches and waits, requests and what looks on.
import { channel } from 'node:diagnostics_channel'
import t from 'tap'
import type { AnyMessageType, Client, ClientOptions, Peer, ServerOptions } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { Buy, Choose, Note, openShop, type Shop, Shout } from './shop.js'

interface Scene extends Shop {
  readonly client: Client
  readonly peer: Peer
  /** The link dies, and both sides notice. */
  cut(): Promise<void>
  mend(): Promise<void>
}

async function openScene(options: { server?: Partial<ServerOptions>; client?: Partial<ClientOptions> } = {}): Promise<Scene> {
  const shop = await openShop({
    network: [delay(20)],
    server: { timeoutMs: 2000, ...options.server },
    client: { reconnect: { maxDelayMs: 500 }, ...options.client },
  })
  const { world, server } = shop
  await world.step(500)
  const [client] = shop.clients as [Client]
  const [peer] = [...server.peers] as [Peer]
  return {
    ...shop,
    client,
    peer,
    cut: async () => {
      world.network.stages = [loss(1)]
      await world.until(() => client.isAway && peer.isAway)
    },
    mend: async () => {
      world.network.stages = [delay(20)]
      await world.until(() => client.connected && peer.connected, 20_000)
    },
  }
}

// ── Requests and confirmed messages: taps and middleware ──

t.test('a tap sees requests and replies under their names, and of what is confirmed the message inside', async (t) => {
  const { world, server, client, peer } = await openScene()
  const seen: string[] = []
  const look = (side: string) => (direction: string, from: Peer | undefined, type: AnyMessageType) =>
    seen.push(`${side} ${direction} ${from?.name ?? '-'} ${type.name}`)
  server.tap({ message: look('server') })
  client.tap({ message: look('client') })
  server.respond(Buy, () => ({ gold: 1 }))
  client.onMessage(Note, () => {})
  await world.settle(client.request(Buy, { item: 1 }))
  t.strictSame(seen.splice(0), ['client out - Buy', 'server in client 0 Buy', 'server out client 0 Buy.reply', 'client in - Buy.reply'])
  await world.settle(peer.sendConfirmed(Note, { n: 1 }))
  await world.step(100)
  t.strictSame(seen, ['server out client 0 Note', 'client in - Note'])
})

t.test('middleware changes what is asked, answered and confirmed', async (t) => {
  const { world, server, client, peer } = await openScene()
  server.use({
    receive: (type, message) => (type.name === 'Buy' ? { ...(message as object), values: { item: 7 } } : message),
    send: (type, values) => {
      if (type.name === 'Buy.reply') return { ...(values as object), id: 999, values: { gold: 70 } } // the id stays
      return type === Note ? { n: 10 } : values
    },
  })
  client.use({ send: (type, values) => (type.name === 'Buy' ? { id: 12_345, values: { item: 6 } } : values) })
  const asked: number[] = []
  const noted: number[] = []
  server.respond(Buy, ({ item }) => {
    asked.push(item)
    return { gold: 1 }
  })
  client.onMessage(Note, ({ n }) => noted.push(n))
  t.match(await world.settle(client.request(Buy, { item: 1 })), { gold: 70 })
  await world.settle(peer.sendConfirmed(Note, { n: 1 }))
  t.strictSame([asked, noted], [[7], [10]])
})

t.test('whoever asks, or waits to be confirmed, hears that middleware dropped it', async (t) => {
  const { world, server, client } = await openScene()
  server.respond(Buy, () => ({ gold: 1 }))
  server.onMessage(Note, () => t.fail('dropped'))
  const off = client.use({ send: () => undefined })
  t.equal((await world.failure(client.request(Buy, { item: 1 }))).code, 'NOT_SENT')
  t.equal((await world.failure(client.sendConfirmed(Note, { n: 1 }))).code, 'NOT_SENT')
  off()
  const offServer = server.use({ receive: () => undefined })
  t.equal((await world.failure(client.request(Buy, { item: 1 }))).code, 'NO_RESPONDER')
  t.equal((await world.failure(client.sendConfirmed(Note, { n: 1 }))).code, 'NO_HANDLER')
  offServer()
  server.use({ send: () => undefined })
  t.equal((await world.failure(client.request(Buy, { item: 1 }, { timeoutMs: 500 }))).code, 'REQUEST_TIMEOUT', 'only the reply was dropped')
  t.strictSame([client.drops.middleware, server.drops.middleware], [2, 3])
})

t.test('middleware that ends the connection of what it looks at: the promise is rejected', async (t) => {
  const { world, client } = await openScene()
  client.use({
    send: (_, values) => {
      void client.disconnect()
      return values
    },
  })
  t.equal((await world.failure(client.request(Buy, { item: 1 }))).code, 'DISCONNECTED')
})

t.test('a confirmed message settles waitFor, and what comes right behind it waits for who awaits', async (t) => {
  const { world, server, client } = await openScene()
  const first = client.sendConfirmed(Note, { n: 1 })
  client.send(Note, { n: 2 })
  const both = (async () => [(await server.waitFor(Note)).message.n, (await server.waitFor(Note)).message.n])()
  t.strictSame(await world.settle(both), [1, 2])
  await world.settle(first)
})

t.test('a reply that has come in time is taken, although update() is late', async (t) => {
  const { world, server, client } = await openScene()
  server.respond(Buy, () => ({ gold: 3 }))
  const reply = client.request(Buy, { item: 1 }, { timeoutMs: 150 })
  await world.step(20)
  world.drive(client).isPaused = true
  await world.step(200) // no stall: that is from 250 ms on
  world.drive(client).isPaused = false
  t.match(await world.settle(reply), { gold: 3 })
})

// ── Away ──

t.test('watchdogs say nothing of who is away, and begin anew when it is back', async (t) => {
  const forMs = 4000
  const { world, server, client, peer, cut, mend } = await openScene({
    server: { watchdogs: { silence: { forMs }, cannotKeepUp: { forMs: 1000, action: 'kick' } }, highWaterBytes: 10_000 },
  })
  const barks: string[] = []
  server.on('OnWatchdog', ({ kind }) => barks.push(kind))
  server.onMessage(Note, () => {})
  client.onMessage(Shout, () => {})
  client.send(Note, { n: 1 })
  await world.step(500)
  await cut()
  peer.send(Shout, { text: 'x'.repeat(20_000) })
  await world.step(10_000)
  t.strictSame([barks, peer.isAway], [[], true])
  await mend()
  await world.step(forMs - 1000)
  t.strictSame(barks, [])
  await world.step(1500)
  t.strictSame(barks, ['silence'])
})

t.test('pressure is told while away, with what waits in the outbox, and its end when that has been sent', async (t) => {
  const { world, server, client, peer, cut, mend } = await openScene({
    server: { highWaterBytes: 10_000 },
    client: { highWaterBytes: 1024 },
  })
  const told: string[] = []
  server.on('OnPressure', (event) => told.push(`server ${event.isHigh} ${event.peer.isAway}`))
  client.on('OnPressure', (event) => told.push(`client ${event.isHigh} ${client.isAway}`))
  client.onMessage(Shout, () => {})
  server.onMessage(Note, () => {})
  await cut()
  peer.send(Shout, { text: 'x'.repeat(20_000) })
  for (let n = 0; n < 500; n++) client.send(Note, { n })
  await world.step(100)
  t.strictSame(told.splice(0).sort(), ['client true true', 'server true true'])
  t.match(server.health(), { isHealthy: true, peers: 1, away: 1, highPeers: 0 })
  t.ok(server.health().queuedBytes >= 20_000)
  await mend()
  await world.step(1000)
  t.strictSame(told.sort(), ['client false false', 'server false false'])
  t.match(server.health(), { peers: 1, away: 0, highPeers: 0, queuedBytes: 0 })
})

t.test('waits and streams outlive an absence, and end with the connection', async (t) => {
  const { world, server, client, peer, cut, mend } = await openScene({ server: { resumeGraceMs: 4000 } })
  const wait = client.waitFor(Note, ({ n }) => n === 2)
  const stream = client.stream(Note)
  const ended = client.waitFor(Note, ({ n }) => n === 99)
  await cut()
  peer.send(Note, { n: 1 })
  server.sendToAll(Note, { n: 2 })
  await mend()
  t.strictSame(await world.settle(wait), { n: 2 })
  t.strictSame((await stream.next()).value, { message: { n: 1 } })
  t.strictSame((await stream.next()).value, { message: { n: 2 } })
  await cut()
  t.equal((await world.failure(ended, 30_000)).code, 'DISCONNECTED')
  t.strictSame(await stream.next(), { done: true, value: undefined })
})

t.test('whenConnected of a client that is away: when it is back, or that it does not come back', async (t) => {
  const { world, client, cut, mend } = await openScene({ server: { resumeGraceMs: 4000 } })
  await cut()
  let isBack = false
  const back = client.whenConnected().then(() => {
    isBack = true
  })
  await world.step(500)
  t.notOk(isBack)
  await mend()
  await world.settle(back)
  await cut()
  t.equal((await world.failure(client.whenConnected(), 30_000)).code, 'DISCONNECTED')
})

t.test('what is sent to who is away passes middleware and taps, and waits', async (t) => {
  const { world, client, server, peer, cut, mend } = await openScene()
  const heard: number[] = []
  const seen: unknown[] = []
  client.onMessage(Note, ({ n }) => heard.push(n))
  server.use({ send: (_, values) => ({ n: (values as { n: number }).n * 10 }) })
  server.tap({ message: (_, __, ___, message) => seen.push(message) })
  await cut()
  t.ok(peer.send(Note, { n: 1 }) > 0)
  t.ok(server.sendToAll(Note, { n: 2 }) > 0)
  t.strictSame(seen, [{ n: 10 }, { n: 20 }])
  await mend()
  await world.step(200)
  t.strictSame(heard, [10, 20])
})

t.test('no one gets a new budget by coming back', async (t) => {
  const { peer, cut, mend } = await openScene({ server: { maxBytesPerSecond: 50_000 } })
  const { budget } = peer.connection
  await cut()
  await mend()
  t.equal(peer.connection.budget, budget)
})

t.test('the channels tickwire:away and tickwire:resume tell of absences, on both sides', async (t) => {
  const { server, client, cut, mend } = await openScene()
  const told: string[] = []
  const listen = (name: string): (() => void) => {
    const handle = (event: any): void => {
      if (event.endpoint === server || event.endpoint === client) told.push(`${name} ${event.peer?.name ?? 'client'}`)
    }
    channel(`tickwire:${name}`).subscribe(handle)
    return () => channel(`tickwire:${name}`).unsubscribe(handle)
  }
  const offs = ['connect', 'disconnect', 'away', 'resume'].map(listen)
  t.teardown(() => {
    for (const off of offs) off()
  })
  await cut()
  await mend()
  t.strictSame(told.sort(), ['away client', 'away client 0', 'resume client', 'resume client 0'])
})

t.test('a request of the server waits for who is away, past middleware', async (t) => {
  const { world, server, client, peer, cut, mend } = await openScene()
  server.use({ send: (_, values) => values })
  client.respond(Choose, ({ cards }) => ({ card: cards }))
  await cut()
  const reply = peer.request(Choose, { cards: 5 }, { timeoutMs: 60_000 })
  await mend()
  t.match(await world.settle(reply), { card: 5 })
})
