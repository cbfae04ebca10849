// What a server takes of one client in bytes, when queues rise, and the watchdogs.
import t from 'tap'
import type { Client, Server } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { Blob, Num } from '../endpoint/messages.js'
import { PORT, World } from '../endpoint/world.js'

t.test('a client that floods bytes is held to its rate, everything arrives, and the others notice nothing', async (t) => {
  const world = new World({ network: [delay(20)] })
  const { server, clients } = await world.pair(2, { server: { maxBytesPerSecond: 100_000 } })
  const [honest, flooder] = clients as [Client, Client]
  let flooded = 0
  let heard = 0
  server.onMessage(Blob, ({ data }) => {
    flooded += data.length
  })
  server.onMessage(Num, () => heard++)
  const before = flooder.inPackets
  for (let i = 0; i < 10; i++) flooder.send(Blob, { data: new Uint8Array(50_000) })
  for (let n = 0; n < 60; n++) {
    honest.send(Num, { n })
    await world.step(1000 / 60)
  }
  t.ok(server.drops.rateLimited > 0, `${server.drops.rateLimited} packets dropped`)
  t.ok(flooded <= 200_000, `${flooded} bytes within a second: the burst and the rate at most`)
  await world.until(() => heard === 60, 200)
  t.equal(honest.packetLoss, 0)
  await world.until(() => flooded === 500_000, 60_000)
  t.ok(world.clock.now() > 4000, 'no sooner than the rate allows')
  t.ok(flooder.connected && flooder.inPackets > before)
})

t.test('no one can send a server more bytes than it lets one client send, even by what is dropped', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { maxBytesPerSecond: 20_000, maxMessagesPerSecond: 0 } })
  let bytes = 0
  server.onMessage(Blob, ({ data }) => {
    bytes += data.length
  })
  for (let i = 0; i < 100; i++) {
    clients[0]!.send(Blob, { data: new Uint8Array(1000) }, { delivery: 'unreliable' })
    await world.step(100)
  }
  t.ok(bytes > 50_000 && bytes <= 20_000 * 11, `${bytes} bytes in ten seconds`)
})

t.test('without the option there is no limit of bytes', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  let bytes = 0
  server.onMessage(Blob, ({ data }) => {
    bytes += data.length
  })
  for (let i = 0; i < 4; i++) clients[0]!.send(Blob, { data: new Uint8Array(250_000) })
  await world.until(() => bytes === 1_000_000)
  t.equal(server.drops.rateLimited, 0)
})

interface Crossing {
  readonly isHigh: boolean
  readonly queuedBytes: number
}

t.test('pressure is told once when a queue rises, and once when it has fallen below half', async (t) => {
  const world = new World({ network: [delay(40)] })
  const { server, clients } = await world.pair(1, { server: { highWaterBytes: 100_000 } })
  const [peer] = server.peers
  const crossings: Crossing[] = []
  server.on('OnPressure', ({ peer: whose, isHigh, queuedBytes }) => {
    t.equal(whose, peer)
    crossings.push({ isHigh, queuedBytes })
  })
  peer!.send(Blob, { data: new Uint8Array(60_000) })
  await world.step(50)
  t.strictSame(crossings, [], 'not below the mark')
  for (let i = 0; i < 4; i++) peer!.send(Blob, { data: new Uint8Array(100_000) })
  await world.step(40)
  t.match(crossings, [{ isHigh: true }])
  t.ok(crossings[0]!.queuedBytes > 100_000)
  await world.until(() => crossings.length === 2)
  t.notOk(crossings[1]!.isHigh)
  t.ok(crossings[1]!.queuedBytes < 50_000)
  await world.step(500)
  t.equal(crossings.length, 2)
  t.ok(clients[0]!.connected)
})

t.test('a client is told of its own queue, by default at half of maxSendQueueBytes', async (t) => {
  const world = new World({ network: [delay(40)] })
  const { clients } = await world.pair(1, { client: { maxSendQueueBytes: 1_000_000, maxMessageBytes: 250_000 } })
  const crossings: boolean[] = []
  clients[0]!.on('OnPressure', ({ isHigh }) => crossings.push(isHigh))
  for (let i = 0; i < 3; i++) clients[0]!.send(Blob, { data: new Uint8Array(150_000) })
  await world.step(20)
  t.strictSame(crossings, [], '450 kB of 500 kB')
  clients[0]!.send(Blob, { data: new Uint8Array(150_000) })
  await world.until(() => crossings.length === 2)
  t.strictSame(crossings, [true, false])
})

t.test('options out of range are refused', async (t) => {
  const world = new World()
  t.throws(() => world.makeServer({ maxBytesPerSecond: -1 }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ highWaterBytes: 100 }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ highWaterBytes: 200_000, maxSendQueueBytes: 100_000 }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ watchdogs: { silence: { forMs: 1 } } }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ watchdogs: { silence: {} as never } }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ watchdogs: { silence: 5 as never } }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ watchdogs: { slowReplies: { forMs: 1000 } as never } }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ watchdogs: { quiet: { forMs: 1000 } } as never }), { code: 'BAD_OPTION', message: /quiet/ })
  t.throws(() => world.makeServer({ watchdogs: { silence: { forMs: 1000, action: 'bark' as never } } }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ watchdogs: [] as never, maxPeers: 0 }), { code: 'BAD_OPTION' })
  t.doesNotThrow(() => world.makeServer({ watchdogs: {} }))
})

/** What watchdogs say, as short texts. */
function barksOf(server: Server): string[] {
  const barks: string[] = []
  server.on('OnWatchdog', ({ peer, kind, forMs }) => barks.push(`${peer.name} ${kind} ${Math.floor(forMs / 1000)} s`))
  return barks
}

t.test('silence is told once; keep-alives do not break it, a message does', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2, { server: { watchdogs: { silence: { forMs: 3000 } } } })
  const [mute, talker] = clients as [Client, Client]
  server.onMessage(Num, () => {})
  const barks = barksOf(server)
  for (let second = 0; second < 8; second++) {
    talker.send(Num, { n: second })
    await world.step(1000)
  }
  t.strictSame(barks, ['client 0 silence 3 s'])
  t.ok([...server.peers][0]!.keepaliveCount > 0)
  mute.send(Num, { n: 1 })
  await world.step(2500)
  t.equal(barks.length, 2, 'and it is the talker who has become silent')
  await world.step(1000)
  t.strictSame(barks.slice(1), ['client 1 silence 3 s', 'client 0 silence 3 s'])
})

t.test('a kick says why, and is told before', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { watchdogs: { silence: { forMs: 2000, action: 'kick' } } } })
  const lines: string[] = []
  server.on('OnWatchdog', ({ kind, detail }) => lines.push(`${kind}: ${detail}`))
  server.on('OnDisconnect', ({ reason, detail }) => lines.push(`${reason}: ${detail}`))
  clients[0]!.on('OnDisconnect', ({ reason, detail }) => lines.push(`client ${reason}: ${detail}`))
  await world.step(3000)
  t.equal(lines.length, 3)
  t.match(lines[0], /^silence: no message came for 2\d\d\d ms$/)
  t.equal(lines[1], lines[0]!.replace('silence', 'kicked'))
  t.equal(lines[2], lines[0]!.replace('silence', 'client kicked'))
  t.equal(server.peerCount, 0)
})

t.test('slow replies are told once the latency has been above its bound for long enough', async (t) => {
  const world = new World({ network: [delay(150)] })
  const watchdogs = { slowReplies: { latencyMs: 250, forMs: 2000 }, silence: undefined }
  const { server } = await world.pair(1, { server: { watchdogs } })
  const barks = barksOf(server)
  await world.step(1000)
  t.strictSame(barks, [])
  await world.step(3000)
  t.strictSame(barks, ['client 0 slowReplies 2 s'])
  await world.step(5000)
  t.equal(barks.length, 1)

  const quick = new World({ network: [delay(50)] })
  const { server: calm } = await quick.pair(1, { server: { watchdogs } })
  const none = barksOf(calm)
  await quick.step(8000)
  t.strictSame(none, [], 'the same options say nothing of a quick link')
})

t.test('who cannot keep up is found by its queue', async (t) => {
  const world = new World({ network: [delay(30), loss(0.5)] })
  const events: string[] = []
  const { server } = await world.pair(1, {
    server: {
      highWaterBytes: 50_000,
      watchdogs: { cannotKeepUp: { forMs: 1000, action: ({ kind, peer }) => events.push(`${kind} ${peer.name}`) } },
    },
  })
  const [peer] = server.peers
  for (let i = 0; i < 8; i++) peer!.send(Blob, { data: new Uint8Array(200_000) })
  await world.step(900)
  t.strictSame(events, [])
  await world.step(500)
  t.strictSame(events, ['cannotKeepUp client 0'])
})

t.test('an action that fails is heard by OnError and stops nothing', async (t) => {
  const world = new World()
  const failures: string[] = []
  const { server } = await world.pair(1, {
    server: {
      watchdogs: {
        silence: {
          forMs: 1000,
          action: async () => {
            throw new Error('no more bones')
          },
        },
      },
    },
  })
  server.on('OnError', ({ error, peer }) => failures.push(`${error.code} ${peer?.name} ${error.message}`))
  await world.step(2000)
  t.match(failures, [/^HANDLER client 0 .*no more bones/])
  t.equal(server.peerCount, 1)
})

t.test('a stall of the server counts for no one’s silence', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { watchdogs: { silence: { forMs: 4000 } } } })
  const barks = barksOf(server)
  await world.step(1000)
  world.drive(server).isPaused = true
  await world.step(4000)
  world.drive(server).isPaused = false
  await world.step(1500)
  t.strictSame(barks, [])
  await world.step(2500)
  t.equal(barks.length, 1)
  t.ok(clients[0]!.connected)
})

t.test('watchdogs forget who has left', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1, { server: { watchdogs: { silence: { forMs: 1000 } } } })
  const barks = barksOf(server)
  await world.settle(clients[0]!.disconnect())
  await world.step(3000)
  t.strictSame(barks, [])
  await world.settle(clients[0]!.connect({ host, port: PORT, name: 'again' }))
  await world.step(1500)
  t.strictSame(barks, ['again silence 1 s'])
})
