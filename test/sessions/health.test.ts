// health() and node's diagnostics channels.
import { channel } from 'node:diagnostics_channel'
import t from 'tap'
import { UpdateTimes } from '../../lib/sessions/update-times.js'
import { delay } from '../../lib/simulator/index.js'
import { Blob, Chat, Num } from '../endpoint/messages.js'
import { PORT, World } from '../endpoint/world.js'

t.test('a server that runs is well, and says so in plain data', async (t) => {
  const world = new World()
  const { server } = await world.pair(2)
  await world.step(3000)
  const health = server.health()
  t.strictSame(health, JSON.parse(JSON.stringify(health)))
  t.match(health, { isHealthy: true, reasons: [], isListening: true, isOpen: true, peers: 2, away: 0, highPeers: 0, queuedBytes: 0 })
  t.ok(Math.abs(health.updates.perSecond - 60) < 2, `${health.updates.perSecond} updates a second`)
  t.equal(health.drops.rateLimited, 0)
})

t.test('why a server is not well', async (t) => {
  const world = new World({ network: [delay(50)] })
  const server = world.makeServer({ maxPeers: 1, highWaterBytes: 10_000 })
  t.match(server.health(), { isHealthy: false, reasons: ['it does not listen'], isListening: false, isOpen: false })
  const { host } = await server.listen({ port: PORT })
  await world.step(500)
  t.match(server.health(), { isHealthy: true, isOpen: true })

  const client = world.makeClient()
  await world.settle(client.connect({ host, port: PORT }))
  t.match(server.health(), { isHealthy: true, isOpen: false }, 'full is not ill')
  for (const peer of server.peers) peer.send(Blob, { data: new Uint8Array(200_000) })
  await world.step(50)
  const strained = server.health()
  t.match(strained, { isHealthy: false, reasons: ['1 of 1 peers cannot keep up'], highPeers: 1 })
  t.ok(strained.queuedBytes > 100_000)
  await world.step(3000)
  t.ok(server.health().isHealthy)

  world.drive(server).isPaused = true
  await world.step(1500)
  t.match(server.health().reasons, [/^update\(\) was not called for 15\d\d ms$/])
  world.drive(server).isPaused = false
  await world.step(50)
  await world.settle(server.close())
  t.match(server.health(), { isHealthy: false, reasons: ['it does not listen'] })
})

t.test('a loop that does not reach its rate is said', async (t) => {
  const world = new World()
  const server = world.makeServer()
  await server.listen({ port: PORT })
  server.run({ hz: 100, onTick: () => world.clock.set(world.clock.now() + 40) })
  await world.step(4000)
  const { reasons, updates } = server.health()
  t.match(reasons, [/^it runs \d+\.\d of 100 updates a second$/])
  t.ok(updates.p50Ms >= 40 && updates.p99Ms <= updates.maxMs)
})

t.test('update times: the last 512 of the last ten seconds', async (t) => {
  const times = new UpdateTimes()
  t.strictSame(times.statistics(0), { perSecond: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 })
  for (let i = 0; i < 1000; i++) times.add(i * 10, i < 500 ? 1000 : (i % 100) + 1)
  t.match(times.statistics(9990), { perSecond: 100, p99Ms: 1000, maxMs: 1000 }, 'twelve of the slow ones are still among them')
  for (let i = 1000; i < 1100; i++) times.add(i * 10, (i % 100) + 1)
  t.match(times.statistics(10_990), { perSecond: 100, maxMs: 100 })
  t.ok(Math.abs(times.statistics(10_990).p50Ms - 50) < 4)
  t.match(times.statistics(10_990 + 9995), { perSecond: 0, maxMs: 100 }, 'only the last is young enough')
  t.match(times.statistics(30_000), { perSecond: 0, maxMs: 0 })
})

t.test('packets above their rate are told, although requests above theirs have the same name', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { maxMessagesPerSecond: 50 } })
  let told = 0
  const handle = (event: unknown): void => {
    const { endpoint, cause, count } = event as { endpoint: object; cause: string; count: number }
    if (endpoint === server && cause === 'rateLimited') told += count
  }
  channel('tickwire:drop').subscribe(handle)
  t.teardown(() => channel('tickwire:drop').unsubscribe(handle))
  server.onMessage(Num, () => {})
  await world.step(20)
  for (let n = 0; n < 500; n++) clients[0]!.send(Num, { n })
  await world.step(200)
  clients[0]!.send(Num, { n: 1 })
  await world.step(3000)
  t.ok(told > 0)
  t.ok(server.drops.rateLimited - told <= 40, `${told} of ${server.drops.rateLimited}: all but those of the last second`)
})

t.test('diagnostics channels tell whoever subscribes, and nobody else', async (t) => {
  const world = new World()
  const told: string[] = []
  const endpoints = new Set<object>()
  const listen = (name: string, describe: (event: any) => string): (() => void) => {
    const handle = (event: any): void => {
      if (!endpoints.has(event.endpoint)) return // another test's
      told.push(`${event.endpoint.isServer ? 'server' : 'client'} ${name} ${describe(event)}`)
    }
    channel(`tickwire:${name}`).subscribe(handle)
    return () => channel(`tickwire:${name}`).unsubscribe(handle)
  }
  const offs = [
    listen('connect', ({ peer }) => `${peer?.name}`),
    listen('disconnect', ({ peer, reason }) => `${peer?.name} ${reason}`),
    listen('message', ({ peer, direction, type, message }) => `${peer?.name} ${direction} ${type.name} ${message.n}`),
    listen('drop', ({ cause, count }) => `${cause} ${count}`),
    listen('error', ({ error }) => error.code),
  ]
  const server = world.makeServer()
  const client = world.makeClient()
  endpoints.add(server).add(client)
  const { host } = await server.listen({ port: PORT })
  await world.settle(client.connect({ host, port: PORT, name: 'ada' }))
  await world.step(100)
  server.onMessage(Num, ({ n }) => {
    if (n === 2) throw new Error('two')
  })
  server.on('OnError', () => {})
  server.use({ receive: (_, message) => ((message as { n: number }).n === 3 ? undefined : message) })
  for (const n of [1, 2, 3]) client.send(Num, { n })
  await world.step(1500)
  await world.settle(client.disconnect())
  await world.step(50)
  t.strictSame(told, [
    'server connect ada',
    'client connect undefined',
    'client message undefined out Num 1',
    'client message undefined out Num 2',
    'client message undefined out Num 3',
    'server message ada in Num 1',
    'server message ada in Num 2',
    'server error HANDLER',
    'server message ada in Num 3',
    'server drop middleware 1',
    'client disconnect undefined closed',
    'server disconnect ada closed',
  ])
  for (const off of offs) off()
  const before = told.length
  await world.settle(client.connect({ host, port: PORT }))
  client.send(Chat, { text: 'unheard' })
  await world.settle(client.disconnect())
  t.equal(told.length, before)
})
