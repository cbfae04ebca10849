// Every metric is live and true.
import t from 'tap'
import { delay, loss, simulate } from '../../lib/simulator/index.js'
import { Chat, Loose, messages, Num, Save } from './messages.js'
import { PORT, World } from './world.js'

t.test('before any connection a client’s metrics are zeros', async (t) => {
  const client = new World().makeClient()
  t.strictSame(client.metrics(), {
    state: 100,
    latency: 0,
    jitter: 0,
    packetLoss: 0,
    outBufferBytes: 0,
    pendingAcks: 0,
    reorderQueue: 0,
    inBytes: 0,
    outBytes: 0,
    inPackets: 0,
    outPackets: 0,
    inMessages: 0,
    outMessages: 0,
    unsentMessages: 0,
    keepaliveCount: 0,
    congestionWindow: 0,
  })
})

t.test('unsentMessages counts unreliable messages that a full send queue dropped', async (t) => {
  const { clients } = await simulate({ seed: 1, messages, clients: 1, clientOptions: { maxSendQueueBytes: 65_536 } })
  const client = clients[0]!
  let dropped = 0
  for (let n = 0; n < 20_000; n++) if (client.send(Loose, { n }) === 0) dropped++
  t.ok(dropped > 0)
  t.equal(client.unsentMessages, dropped)
})

t.test('a snapshot and the properties agree', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  for (let n = 0; n < 30; n++) clients[0]!.send(Num, { n })
  await world.step(300)
  const all = { ...clients[0]!.metrics() }
  for (const key of Object.keys(all) as (keyof typeof all)[]) {
    t.equal(clients[0]![key], all[key], key)
    t.type(server[key], 'number')
    t.type([...server.peers][0]![key], 'number')
  }
  t.equal(clients[0]!.isServer, false)
  t.equal(server.isServer, true)
  t.equal([...server.peers][0]!.isServer, true)
})

t.test('messages are the game’s, each counted once, whatever is lost on the way', async (t) => {
  const world = new World({ seed: 5, network: [delay(20), loss(0.2)] })
  const { server, clients } = await world.pair(2)
  for (let n = 0; n < 100; n++) {
    clients[0]!.send(Num, { n })
    clients[1]!.send(Save, { n })
    server.sendToAll(Num, { n })
    await world.step(5)
  }
  await world.step(5000)
  const [first, second] = [...server.peers]
  t.equal(clients[0]!.outMessages, 100)
  t.equal(first!.inMessages, 100)
  t.equal(second!.inMessages, 100)
  t.equal(first!.outMessages, 100)
  t.equal(clients[0]!.inMessages, 100)
  t.equal(server.inMessages, 200)
  t.equal(server.outMessages, 200)
})

t.test('bytes and packets are those of the network, from the first request to the last farewell', async (t) => {
  const world = new World({ seed: 6, network: [delay(15, 10), loss(0.05)] })
  const sent = new Map<string, { bytes: number; packets: number }>()
  const delivered = new Map<string, { bytes: number; packets: number }>()
  world.network.onDatagram = (outcome, { from, to, bytes }) => {
    if (outcome !== 'sent' && outcome !== 'delivered') return
    const [sums, host] = outcome === 'sent' ? [sent, from.host] : [delivered, to.host]
    const sum = sums.get(host) ?? { bytes: 0, packets: 0 }
    sums.set(host, { bytes: sum.bytes + bytes.length, packets: sum.packets + 1 })
  }
  const { server, clients, host } = await world.pair(2)
  const peers = [...server.peers]
  const hosts = peers.map((peer) => peer.address.host)
  const check = (when: string): void => {
    t.strictSame({ bytes: server.outBytes, packets: server.outPackets }, sent.get(host), `server out, ${when}`)
    t.strictSame({ bytes: server.inBytes, packets: server.inPackets }, delivered.get(host), `server in, ${when}`)
    clients.forEach((client, i) => {
      t.strictSame({ bytes: client.outBytes, packets: client.outPackets }, sent.get(hosts[i]!), `client ${i} out, ${when}`)
    })
    t.strictSame({ bytes: clients[0]!.inBytes, packets: clients[0]!.inPackets }, delivered.get(hosts[0]!), `client in, ${when}`)
  }
  for (let n = 0; n < 50; n++) {
    clients[0]!.send(Chat, { text: 'x'.repeat(n * 10) })
    server.sendToAll(Num, { n })
    await world.step(30)
  }
  await world.step(1000)
  server.update()
  clients[0]!.update()
  check('while connected')
  const gap = server.outBytes - peers[0]!.outBytes - peers[1]!.outBytes
  t.ok(gap > 0 && gap < 5000, `only handshakes are nobody’s: ${gap} bytes`)
  await world.step(4000)
  world.network.stages = []
  await world.step(100)
  await world.settle(server.close())
  t.equal(server.outBytes, sent.get(host)!.bytes)
  t.equal(clients[1]!.outBytes, sent.get(hosts[1]!)!.bytes)
})

t.test('keepaliveCount counts the keep-alives received', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { keepAliveMs: 250 }, client: { keepAliveMs: 250 } })
  await world.step(4000)
  const [peer] = [...server.peers]
  const before = { client: clients[0]!.keepaliveCount, peer: peer!.keepaliveCount }
  await world.step(10_000)
  t.ok(clients[0]!.keepaliveCount - before.client > 20, `${clients[0]!.keepaliveCount - before.client}`)
  t.ok(peer!.keepaliveCount - before.peer > 20, `${peer!.keepaliveCount - before.peer}`)
  t.equal(server.keepaliveCount, peer!.keepaliveCount)
})

t.test('pendingAcks and outBufferBytes rise with what is unacknowledged, and fall to 0', async (t) => {
  const world = new World({ network: [delay(50)] })
  const { server, clients } = await world.pair(1)
  await world.step(1000)
  for (let n = 0; n < 10; n++) clients[0]!.send(Num, { n })
  for (let n = 0; n < 5; n++) clients[0]!.send(Loose, { n })
  t.equal(clients[0]!.pendingAcks, 10, 'only reliable ones wait for an ack')
  t.equal(clients[0]!.outBufferBytes, 15 * 6)
  await world.step(50)
  t.equal(clients[0]!.pendingAcks, 10)
  t.equal(clients[0]!.outBufferBytes, 60, 'unreliable ones are gone once sent')
  await world.step(200)
  t.equal(clients[0]!.pendingAcks, 0)
  t.equal(clients[0]!.outBufferBytes, 0)
  t.equal(server.peerCount, 1)
})

t.test('reorderQueue counts messages that wait for an earlier one', async (t) => {
  const world = new World({ network: [delay(50)] })
  const { server, clients } = await world.pair(1)
  await world.step(1000)
  const [peer] = [...server.peers]
  world.network.stages = [loss(1)]
  for (let n = 0; n <= 8; n++) clients[0]!.send(Num, { n }) // more than would be repeated early
  await world.step(20)
  world.network.stages = [delay(50)]
  for (let n = 9; n <= 12; n++) clients[0]!.send(Num, { n })
  await world.until(() => peer!.reorderQueue === 4, 100)
  t.equal(server.reorderQueue, 4)
  await world.step(1000)
  t.equal(peer!.reorderQueue, 0)
})

t.test('latency and jitter follow the network', async (t) => {
  for (const [ms, jitterMs] of [
    [5, 0],
    [60, 0],
    [100, 30],
  ] as const) {
    const world = new World({ seed: 8, network: [delay(ms / 2, jitterMs / 2)] })
    const { server, clients } = await world.pair(1)
    let latency = 0
    let peerLatency = 0
    for (let n = 0; n < 200; n++) {
      clients[0]!.send(Num, { n })
      server.sendToAll(Num, { n })
      await world.step(33)
      if (n >= 100) latency += clients[0]!.latency / 100
      if (n >= 100) peerLatency += [...server.peers][0]!.latency / 100
    }
    const tolerance = jitterMs === 0 ? 2 : 6
    t.ok(Math.abs(latency - ms) <= tolerance, `client: ${latency} of ${ms}`)
    t.ok(Math.abs(peerLatency - ms) <= tolerance, `peer: ${peerLatency} of ${ms}`)
    const { jitter } = clients[0]!
    if (jitterMs === 0) t.ok(jitter < 2, `jitter ${jitter}`)
    else t.ok(jitter > 3 && jitter < 20, `jitter ${jitter}`)
  }
})

t.test('packetLoss is near the true loss', async (t) => {
  for (const share of [0, 0.05, 0.2]) {
    const world = new World({ seed: 12, network: [delay(20), loss(share)] })
    const { server, clients } = await world.pair(1)
    const fates = { sent: 0, lost: 0 }
    world.network.onDatagram = (outcome, { to }) => {
      if (to.port === PORT && (outcome === 'sent' || outcome === 'lost')) fates[outcome]++
    }
    let seen = 0
    let samples = 0
    for (let n = 0; n < 900; n++) {
      clients[0]!.send(Loose, { n })
      server.sendToAll(Loose, { n })
      await world.step(33)
      if (n < 150) continue
      seen += clients[0]!.packetLoss
      samples++
    }
    const truth = fates.lost / fates.sent
    t.ok(Math.abs(seen / samples - truth) <= 0.02, `client: ${seen / samples}, in truth ${truth}`)
    t.ok(Math.abs(server.packetLoss - share) <= share / 2, `server: ${server.packetLoss} of ${share}`)
  }
})

t.test('a server without peers has zeros but its totals; the window is that of congestion control', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  t.ok(clients[0]!.congestionWindow >= 12_000)
  clients[0]!.send(Num, { n: 1 })
  await world.step(100)
  await world.settle(clients[0]!.disconnect())
  await world.step(100)
  t.equal(server.latency, 0)
  t.equal(server.congestionWindow, 0)
  t.equal(server.inMessages, 1, 'totals count those that have left too')
  await world.settle(clients[0]!.connect({ host, port: PORT }))
  t.equal(clients[0]!.outMessages, 0, 'a client’s counters are those of its connection')
})
