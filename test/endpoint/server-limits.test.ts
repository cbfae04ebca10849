// What a server takes of one client and of one address, so that nobody's flood is another's trouble.
import t from 'tap'
import { OPEN_PRIVATE_KEY } from '../../lib/endpoint/open-mode.js'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { generateConnectToken } from '../../lib/netcode/connect-token.js'
import { protocolIdOf } from '../../lib/netcode/create-connect-token.js'
import { NetcodeClient } from '../../lib/netcode/netcode-client.js'
import { delay, seededEntropy } from '../../lib/simulator/index.js'
import { createAddress } from '../../lib/wire/address.js'
import { Num } from './messages.js'
import { PORT, World } from './world.js'

t.test('a client that floods is held to its rate; what is reliable comes late, and the others notice nothing', async (t) => {
  const world = new World({ network: [delay(20)] })
  const { server, clients } = await world.pair(2, { server: { maxMessagesPerSecond: 600 } })
  const [honest, flooder] = clients
  const heard = new Map<string, number[]>()
  server.onMessage(Num, ({ n }, { name }) => heard.set(name, [...(heard.get(name) ?? []), n]))
  for (let n = 0; n < 5000; n++) flooder!.send(Num, { n })
  for (let n = 0; n < 60; n++) {
    honest!.send(Num, { n })
    await world.step(1000 / 60)
  }
  const ofFlooder = heard.get('client 1')!.length
  t.ok(ofFlooder > 600 && ofFlooder < 2000, `${ofFlooder} of the flood within a second: the burst and the rate, and what one packet held`)
  t.ok(server.drops.rateLimited > 0, `${server.drops.rateLimited} packets dropped`)
  await world.until(() => heard.get('client 0')!.length === 60, 200)
  t.ok(honest!.packetLoss === 0 && honest!.latency < 80, `latency ${honest!.latency} ms`)
  await world.until(() => heard.get('client 1')!.length === 5000, 60_000)
  t.strictSame(
    heard.get('client 1'),
    Array.from({ length: 5000 }, (_, n) => n),
    'all of it arrived, once and in order',
  )
  t.ok(clients.every((client) => client.connected))
})

t.test('messages that are dropped count too', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { maxMessagesPerSecond: 100 } })
  for (let n = 0; n < 1000; n++) clients[0]!.send(Num, { n }, { delivery: 'unreliable' })
  await world.step(100)
  clients[0]!.send(Num, { n: 1 }, { delivery: 'unreliable' })
  await world.step(100)
  t.ok(server.drops.rateLimited > 0)
  await world.step(20_000)
  t.ok(clients[0]!.connected, 'whoever is above the limit is still there')
})

t.test('0 is no limit', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { maxMessagesPerSecond: 0, maxConnectsPerSecond: 0 } })
  let heard = 0
  server.onMessage(Num, () => heard++)
  for (let n = 0; n < 50_000; n++) clients[0]!.send(Num, { n })
  await world.until(() => heard === 50_000)
  t.equal(server.drops.rateLimited, 0)
})

t.test('options out of range are refused', async (t) => {
  const world = new World()
  t.throws(() => world.makeServer({ maxMessagesPerSecond: -1 }), { code: 'BAD_OPTION' })
  t.throws(() => world.makeServer({ maxConnectsPerSecond: Number.NaN }), { code: 'BAD_OPTION' })
})

t.test('clients of one address come in at its rate, all of them, and others meanwhile', async (t) => {
  const world = new World()
  const server = world.makeServer({ maxPeers: 200, maxConnectsPerSecond: 20 })
  const { host } = await server.listen({ port: PORT })
  const crowd = Array.from({ length: 60 }, () => world.makeClient({ transport: world.network.transport('10.5.5.5') }))
  let joined = 0
  for (const client of crowd) {
    void client.connect({ host, port: PORT }).then(() => joined++)
  }
  const other = world.makeClient()
  await world.settle(other.connect({ host, port: PORT }), 500)
  await world.step(500)
  t.ok(joined >= 20 && joined <= 40, `${joined} of 60 within the first second`)
  t.ok(server.netcodeCounters!.rateLimited! > 0)
  await world.until(() => joined === 60, 9000)
})

/** A client that has a netcode session and never says Hello. */
async function openMute(world: World, host: string, from: string): Promise<() => void> {
  const crypto = selectCrypto()
  const transport = world.network.transport(from)
  await transport.open({ maxInboxDatagrams: 100, socketBufferBytes: 0 })
  const client = new NetcodeClient({ crypto })
  const seconds = world.clock.unixSeconds()
  const token = generateConnectToken({
    protocolId: protocolIdOf('tickwire'),
    privateKey: OPEN_PRIVATE_KEY,
    serverAddresses: [createAddress(host, PORT)],
    clientId: BigInt(Math.floor(world.clock.now() * 1000)) * 1000n + BigInt(made++),
    createUnixSeconds: seconds,
    timeoutSeconds: 10,
    entropy: seededEntropy(made),
    crypto,
  })
  client.connect(token, world.clock.now())
  return () => {
    for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive())
      client.handleDatagram(datagram.bytes, datagram.bytes.length, datagram.host, datagram.port, datagram.at)
    client.handleTimeout(world.clock.now())
    for (let length = client.pollDatagram(transport.buffer()); length > 0; length = client.pollDatagram(transport.buffer()))
      transport.send(length, host, PORT)
  }
}

let made = 0

t.test('one address without a Hello cannot take all slots', async (t) => {
  const world = new World()
  const server = world.makeServer({ maxPeers: 8 })
  const { host } = await server.listen({ port: PORT })
  const mutes = await Promise.all(Array.from({ length: 100 }, () => openMute(world, host, '10.6.6.6')))
  for (let ms = 0; ms < 2000; ms += 10) {
    for (const update of mutes) update()
    await world.step(10)
  }
  t.ok(server.netcodeCounters!.notAdmitted! > 0)
  const honest = world.makeClient()
  await world.settle(honest.connect({ host, port: PORT }), 500)
  t.ok(honest.connected)
  // The slots of the mute ones are free again after 5 s, and go to who comes from there.
  for (let ms = 0; ms < 6000; ms += 10) await world.step(10)
  const neighbour = world.makeClient({ transport: world.network.transport('10.6.6.6') })
  await world.settle(neighbour.connect({ host, port: PORT }), 1000)
  t.ok(neighbour.connected)
})
