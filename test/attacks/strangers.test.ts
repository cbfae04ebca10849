// Floods from thousands of forged addresses, in simulated time: what is answered, what is remembered, and that players play on and newcomers come in.
import t from 'tap'
import { messages } from '../../attacks/messages.js'
import { requestWith, type StrangerContext, strangerAttacks } from '../../attacks/strangers.js'
import { heapBytes } from '../../fuzz/heap.js'
import { createConnectToken } from '../../lib/index.js'
import { MIN_PENDING_CLIENTS, MIN_TOKEN_HISTORY } from '../../lib/netcode/constants.js'
import { Random } from '../../lib/simulator/index.js'
import { createAddress } from '../../lib/wire/address.js'
import { MAX_COUNTED_NETWORKS } from '../../lib/wire/limits.js'
import { PORT, World } from '../endpoint/world.js'
import { Arena } from './arena.js'
import { Forged, forgedHost, isForgedHost } from './forged.js'

/** The least of a netcode request that is answered: 333 bytes of challenge for 1078. */
const MAX_REPLY_RATIO = 0.31
const KEY = new Uint8Array(32).map((_, i) => i + 1)
const SERVER = createAddress('10.0.0.1', PORT)

function contextOf(world: World): StrangerContext {
  return { random: new Random(3), server: SERVER, game: 'tickwire', unixSeconds: world.clock.unixSeconds(), privateKey: KEY }
}

for (const attack of strangerAttacks.filter(({ target }) => target !== 'discovery')) {
  t.test(`${attack.name}: answered with at most 0.31 bytes a byte, counted, and forgotten`, async (t) => {
    const world = new World({ seed: 3 })
    const forged = new Forged(world.network.transport('10.0.0.1'), isForgedHost)
    const mode = attack.target === 'token' ? { privateKey: KEY } : {}
    const server = world.makeServer({ messages, transport: forged.transport, ...mode })
    await world.settle(server.listen({ port: PORT, host: '10.0.0.1' }))
    await world.step(2000)
    const context = contextOf(world)
    const before = heapBytes()
    const total = 3000
    for (let n = 0; n < total; n++) {
      const bytes = attack.make(n, context)
      for (let repeat = 0; repeat < 3; repeat++) forged.push(bytes, forgedHost(n), 1000 + n, world.clock.now())
      if (n % 100 === 99) await world.step(20)
    }
    await world.until(() => forged.queue.length === 0)
    const counters = server.netcodeCounters!
    const ratio = forged.bytesOut / forged.bytesIn
    t.ok(ratio <= MAX_REPLY_RATIO, `${ratio.toFixed(3)} bytes of replies a byte`)
    t.equal(forged.datagramsOut > 0, attack.isAnswered)
    if (!attack.isAnswered)
      t.equal(
        attack.causes.reduce((sum, cause) => sum + counters[cause]!, 0),
        3 * total,
        'every one is counted by its cause',
      )
    t.equal(server.peerCount, 0)
    for (let waited = 0; waited < 31_000; waited += 200) {
      world.clock.advance(200)
      server.update()
    }
    const grown = heapBytes() - before
    // 16,384 tokens of 200 bytes and 4096 challenged clients of 1 kB are remembered; the rest is what a garbage collection leaves.
    t.ok(grown < 8_000_000, `memory ${(grown / 1e6).toFixed(2)} MB, half a minute after`)
  })
}

t.test('a flood of good requests from everywhere fills its tables to their bounds and no further', async (t) => {
  const world = new World({ seed: 4 })
  const forged = new Forged(world.network.transport('10.0.0.1'), isForgedHost)
  const server = world.makeServer({ messages, transport: forged.transport, maxConnectsPerSecond: 0 })
  await world.settle(server.listen({ port: PORT, host: '10.0.0.1' }))
  const context = contextOf(world)
  const made = Array.from({ length: MIN_PENDING_CLIENTS + 500 }, (_, n) => requestWith(n, context))
  const before = heapBytes()
  for (const [n, bytes] of made.entries()) forged.push(bytes, forgedHost(n), 5000, world.clock.now())
  await world.until(() => forged.queue.length === 0)
  t.equal(server.netcodeCounters!.pendingEvicted, 500, `${MIN_PENDING_CLIENTS} are remembered at once`)
  const grown = heapBytes() - before
  t.ok(grown < 12_000_000, `memory ${(grown / 1e6).toFixed(1)} MB with all of them`)
  t.ok(MIN_TOKEN_HISTORY * 250 < 5_000_000 && MAX_COUNTED_NETWORKS <= 1024)
})

t.test('a newcomer with 150 ms of delay each way comes in during a flood of good requests, and players notice nothing', async (t) => {
  const arena = new Arena({}, undefined)
  const { world } = arena
  await arena.open()
  const context = { ...contextOf(world), server: createAddress(arena.host, PORT) }
  const flood = world.network.transport('127.16.0.1')
  await flood.open({ maxInboxDatagrams: 16, socketBufferBytes: 0 })
  // 12,000 a second, from as many networks as the server counts: twice what it answers.
  const made = Array.from({ length: 2000 }, (_, n) => requestWith(50_000 + n, context))
  const floods = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const transport = world.network.transport(forgedHost(500 + i))
      await transport.open({ maxInboxDatagrams: 16, socketBufferBytes: 0 })
      return transport
    }),
  )
  let n = 0
  const pour = (): void => {
    for (let i = 0; i < 200; i++, n++) {
      const transport = floods[n % floods.length]!
      transport.buffer().set(made[n % made.length]!)
      transport.send(made[n % made.length]!.length, arena.host, PORT)
      transport.receive()
    }
  }
  await arena.play(60, pour)
  const newcomer = world.makeClient({ messages, conditioner: [(await import('../../lib/simulator/index.js')).delay(150)] })
  let isIn = false
  void newcomer.connect({ host: arena.host, port: PORT, name: 'newcomer' }).then(() => {
    isIn = true
  })
  for (let i = 0; i < 300 && !isIn; i++) await arena.play(1, pour)
  t.ok(isIn, 'within five seconds')
  t.ok(arena.server.netcodeCounters!.rateLimited! > 0)
  await arena.holds(t)
})

t.test('a request with the address of a player who is in changes nothing for that player', async (t) => {
  const world = new World({ seed: 6 })
  const forged = new Forged(world.network.transport('10.0.0.1'), () => false)
  const server = world.makeServer({ messages, transport: forged.transport })
  await world.settle(server.listen({ port: PORT, host: '10.0.0.1' }))
  const player = world.makeClient({ messages })
  await world.settle(player.connect({ host: '10.0.0.1', port: PORT }))
  const { address } = [...server.peers][0]!
  const context = contextOf(world)
  for (let n = 0; n < 200; n++) forged.push(requestWith(n, context), address.host, address.port, world.clock.now())
  await world.step(500)
  t.equal(server.netcodeCounters!.addressConnected, 200)
  t.ok(player.connected)
})

t.test('in open mode nobody throws a player out by naming its client id', async (t) => {
  const world = new World({ seed: 7 })
  const { server, clients, host } = await world.pair(1, { server: { messages }, client: { messages } })
  const [victim] = server.peers
  const token = createConnectToken({
    game: 'tickwire',
    privateKey: new Uint8Array(32),
    addresses: [`${host}:${PORT}`],
    clientId: victim!.clientId,
  })
  const thief = world.makeClient({ messages })
  void thief.connect({ token }).catch(() => {})
  await world.step(2000)
  t.ok(clients[0]!.connected)
  t.ok(server.netcodeCounters!.clientIdConnected! > 0)
})
