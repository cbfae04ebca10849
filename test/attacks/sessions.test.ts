// Who stands on the path: packets repeated, reordered, reflected and given to others, in either direction.
import t from 'tap'
import { messages, Tick } from '../../attacks/messages.js'
import type { Client } from '../../lib/index.js'
import { PORT, World } from '../endpoint/world.js'
import { Forged } from './forged.js'

interface Captured {
  readonly bytes: Uint8Array
  readonly from: string
  readonly fromPort: number
  readonly toServer: boolean
}

async function play(seed: number) {
  const world = new World({ seed })
  const forged = new Forged(world.network.transport('10.0.0.1'), () => false)
  const server = world.makeServer({ messages, transport: forged.transport })
  await world.settle(server.listen({ port: PORT, host: '10.0.0.1' }))
  const captured: Captured[] = []
  world.network.onDatagram = (outcome, { from, to, bytes }) => {
    if (outcome === 'delivered') captured.push({ bytes: bytes.slice(), from: from.host, fromPort: from.port, toServer: to.port === PORT })
  }
  const got: number[] = []
  server.onMessage(Tick, ({ n }, peer) => {
    got.push(n)
    peer.send(Tick, { n, at: 0 })
  })
  const clients: { readonly client: Client; readonly inbox: Forged }[] = []
  for (let i = 0; i < 2; i++) {
    const inbox = new Forged(world.network.transport(`10.0.0.${10 + i}`), () => false)
    const client = world.makeClient({ messages, transport: inbox.transport })
    await world.settle(client.connect({ host: '10.0.0.1', port: PORT }))
    clients.push({ client, inbox })
  }
  const send = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      for (const { client } of clients) client.send(Tick, { n, at: 0 })
      await world.step(17)
    }
  }
  await send(20)
  await world.step(100)
  return { world, server, forged, clients, captured, got, send }
}

t.test('every packet of both players again, in another order: nothing arrives twice, nobody is thrown out', async (t) => {
  const { world, server, forged, clients, captured, got, send } = await play(1)
  const before = got.length
  const copies = captured.filter(({ toServer }) => toServer).reverse()
  t.ok(copies.length > 40)
  for (const { bytes, from, fromPort } of copies) forged.push(bytes, from, fromPort, world.clock.now())
  await world.step(200)
  t.equal(got.length, before)
  const { replayed, addressConnected, unexpected } = server.netcodeCounters!
  t.ok(
    replayed! + addressConnected! + unexpected! >= copies.length - 2,
    `${replayed} repeats, ${addressConnected} requests, ${unexpected} responses`,
  )
  await send(10)
  await world.until(() => got.length === before + 20)
  t.ok(clients.every(({ client }) => client.connected))
})

t.test("the server's own packets sent back to it, and one player's as another's, open nowhere", async (t) => {
  const { world, server, forged, clients, captured, got, send } = await play(2)
  const before = got.length
  const [a, b] = [...server.peers].map(({ address }) => address)
  const ofServer = captured.filter(({ toServer }) => !toServer)
  for (const { bytes } of ofServer) forged.push(bytes, a!.host, a!.port, world.clock.now())
  const ofA = captured.filter(({ toServer, from, bytes }) => toServer && from === a!.host && (bytes[0]! & 15) === 5)
  for (const { bytes } of ofA) {
    const ahead = bytes.slice()
    forged.push(ahead, b!.host, b!.port, world.clock.now())
  }
  // And to the other player, what the server said to the first.
  for (const { bytes } of ofServer) clients[1]!.inbox.push(bytes, '10.0.0.1', PORT, world.clock.now())
  await world.step(200)
  t.equal(got.length, before)
  t.ok(ofServer.length > 20 && ofA.length > 15)
  await send(10)
  await world.until(() => got.length === before + 20)
  t.ok(clients.every(({ client }) => client.connected))
})

t.test('packets changed on the way, at every byte, are dropped as forged', async (t) => {
  const { world, server, forged, captured, got, clients } = await play(3)
  const sample = captured.filter(({ toServer, bytes }) => toServer && (bytes[0]! & 15) === 5).at(-1)!
  const before = got.length
  for (let at = 0; at < sample.bytes.length; at++) {
    const changed = sample.bytes.slice()
    changed[at]! ^= 1 << (at & 7)
    forged.push(changed, sample.from, sample.fromPort, world.clock.now())
  }
  await world.step(100)
  t.equal(got.length, before)
  const { forged: refused, replayed, malformed, unexpected, addressConnected } = server.netcodeCounters!
  t.ok(refused! + replayed! + malformed! + unexpected! + addressConnected! >= sample.bytes.length)
  t.ok(clients.every(({ client }) => client.connected))
})
