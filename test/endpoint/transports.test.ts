// Whole endpoints on both transports: what an option asks for, and what only shows from above. test/io/transports.test.ts has what they do by themselves.
import t from 'tap'
import { bytes, Client, MessageFactory, NetworkError, Server, type TransportKind, uint32 } from '../../lib/index.js'
import { BatchedTransport } from '../../lib/io/batched-transport.js'
import { systemClock } from '../../lib/io/clock.js'
import { MTU } from '../../lib/wire/limits.js'
import { FailingSockets } from '../io/failing-sockets.js'
import { KINDS, SKIP_WITHOUT_BATCHED } from '../io/transports.js'
import { until } from '../io/until.js'

const messages = new MessageFactory()
const Bulk = messages.define('Bulk', { number: uint32, data: bytes(16_384) }, { delivery: 'reliable' })

for (const { name, skip } of KINDS) {
  t.test(`${name}: a waiting connect is woken by what arrives, without a timer`, skip, async (t) => {
    await using server = new Server({ messages, transport: name })
    const { port } = await server.listen({ host: '127.0.0.1' })
    server.run({ hz: 200 })
    const clock = { now: systemClock.now, setTimer: () => () => {} }
    const client = new Client({ messages, transport: name, clock })
    await client.connect({ host: '127.0.0.1', port })
    t.equal(client.connected, true)
    await client.disconnect()
    t.equal(client.connected, false)
  })

  t.test(`${name}: large messages both ways arrive whole`, skip, async (t) => {
    await using server = new Server({ messages, transport: name })
    await using client = new Client({ messages, transport: name })
    const { port } = await server.listen({ host: '127.0.0.1' })
    server.run({ hz: 100 })
    await client.connect({ host: '127.0.0.1', port })
    const received = { server: new Set<number>(), client: new Set<number>() }
    for (const [side, endpoint] of Object.entries({ server, client }) as ['server' | 'client', Server | Client][])
      endpoint.onMessage(Bulk, ({ number, data }) => {
        if (data.length !== 16_000 || data.some((byte) => byte !== (number & 255))) t.fail(`message ${number} is harmed`)
        received[side].add(number)
      })
    for (let number = 0; number < 60; number++) {
      const data = new Uint8Array(16_000).fill(number)
      server.sendToAll(Bulk, { number, data })
      client.send(Bulk, { number, data })
    }
    await until(() => {
      server.update()
      client.update()
      return received.server.size === 60 && received.client.size === 60
    }, '120 messages')
  })
}

t.test('on the batched transport bulk leaves in few entries, as its packets are all full', SKIP_WITHOUT_BATCHED, async (t) => {
  const sockets = new FailingSockets()
  await using server = new Server({ messages, transport: new BatchedTransport({ clock: systemClock, sockets }) })
  const lengths: number[] = []
  const receiving = new BatchedTransport({ clock: systemClock })
  const receive = receiving.receive.bind(receiving)
  receiving.receive = () => {
    const datagram = receive()
    if (datagram !== undefined) lengths.push(datagram.length)
    return datagram
  }
  await using client = new Client({ messages, transport: receiving })
  const { port } = await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 100 })
  await client.connect({ host: '127.0.0.1', port })
  let received = 0
  client.onMessage(Bulk, () => received++)
  sockets.sent.length = 0
  const before = { ...server.metrics() }
  for (let number = 0; number < 60; number++) server.sendToAll(Bulk, { number, data: new Uint8Array(16_000) })
  await until(() => {
    server.update()
    client.update()
    return received === 60
  }, '60 messages')
  const packets = server.metrics().outPackets - before.outPackets
  const entries = sockets.sent.reduce((sum, count) => sum + count, 0)
  t.ok(packets > 60 * 13, `${packets} packets`)
  t.ok(entries < packets / 3, `${entries} entries for ${packets} packets`)
  t.ok(lengths.filter((length) => length === MTU).length > 0.8 * packets, 'nearly all are full to the byte')
  t.ok(lengths.every((length) => length <= MTU))
})

t.test('an option that names no transport is refused', async (t) => {
  for (const transport of ['udp', '', 7, null, {}]) {
    t.throws(() => new Server({ messages, transport: transport as TransportKind }), {
      code: 'BAD_OPTION',
      message: /^"transport" expected 'auto', 'dgram', 'batched' or a Transport, got /,
    })
  }
})

t.test('reusePort is a boolean, and where it cannot be had listen says so', async (t) => {
  const server = new Server({ messages, transport: 'dgram' })
  t.throws(() => server.listen({ port: 0, reusePort: 1 as unknown as boolean }), {
    code: 'BAD_OPTION',
    message: /"reusePort" expected a boolean/,
  })
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 23 || (major === 23 && minor >= 1)) return
  const error: unknown = await server.listen({ host: '127.0.0.1', reusePort: true }).catch((e: unknown) => e)
  t.ok(error instanceof NetworkError)
  t.match(error, { code: 'SOCKET', cause: { message: /"reusePort" expected Node 23\.1 or newer/ } })
})

t.test('servers with reusePort share a port, and each has its own players', SKIP_WITHOUT_BATCHED, async (t) => {
  await using first = new Server({ messages, transport: 'batched' })
  await using second = new Server({ messages, transport: 'batched' })
  const { port } = await first.listen({ host: '127.0.0.1', reusePort: true })
  await second.listen({ host: '127.0.0.1', port, reusePort: true })
  first.run({ hz: 100 })
  second.run({ hz: 100 })
  const clients = Array.from({ length: 24 }, () => new Client({ messages }))
  await Promise.all(clients.map((client) => client.connect({ host: '127.0.0.1', port })))
  t.equal(first.peerCount + second.peerCount, 24)
  t.ok(first.peerCount > 0 && second.peerCount > 0, `${first.peerCount} and ${second.peerCount}`) // else once in eight million runs
  await Promise.all(clients.map((client) => client.close()))
})
