// The bugs of legume, from which this library grew, by their numbers in its list: none of them is here. Each was reproduced there.
import t from 'tap'
import { Client, MessageFactory, NetworkError, type Server, string, uint16 } from '../../lib/index.js'
import { delay, loss, type Stage } from '../../lib/simulator/index.js'
import { Chat, Loose, messages, Num, Save } from './messages.js'
import { journalOfClient, journalOfServer, PORT, World } from './world.js'

const range = (length: number): number[] => Array.from({ length }, (_, n) => n)

/** Loses all that `host` sends. */
function silence(world: World, host: string): void {
  const wall: Stage = { kind: 'wall', link: () => (_length, _now, onward) => onward.drop('lost') }
  world.network.stagesFor = (from) => (from.host === host ? [wall] : undefined)
}

t.test('1: five ordered messages are five deliveries, in order, and the reorder queue is empty', async (t) => {
  const world = new World({ seed: 2, network: [delay(20, 15), loss(0.1)] })
  const { server, clients } = await world.pair(1)
  const got: number[] = []
  server.onMessage(Num, ({ n }) => got.push(n))
  for (const n of range(5)) clients[0]!.send(Num, { n })
  await world.step(2000)
  t.strictSame(got, range(5))
  t.equal(server.reorderQueue, 0)
  t.equal(clients[0]!.pendingAcks, 0)
})

t.test('2: a duplicate is acknowledged again and delivered once, even after a thousand others', async (t) => {
  const world = new World({ network: [delay(10)] })
  const { server, clients } = await world.pair(1)
  const got: number[] = []
  server.onMessage(Save, ({ n }) => got.push(n))
  silence(world, server.address!.host)
  for (const n of range(1500)) {
    clients[0]!.send(Save, { n })
    if (n % 50 === 0) await world.step(10)
  }
  await world.step(1500)
  world.network.stagesFor = undefined
  await world.until(() => clients[0]!.pendingAcks === 0, 5000)
  t.strictSame(
    got.toSorted((a, b) => a - b),
    range(1500),
  )
})

t.test('3: milliseconds stay milliseconds: at 150 ms RTT a resend takes less than a second, not 150 s', async (t) => {
  const world = new World({ network: [delay(75)] })
  const { server, clients } = await world.pair(1)
  await world.step(3000)
  let at = 0
  server.onMessage(Num, () => {
    at = world.clock.now()
  })
  silence(world, [...server.peers][0]!.address.host)
  const start = world.clock.now()
  clients[0]!.send(Num, { n: 1 })
  await world.step(50)
  world.network.stagesFor = undefined
  await world.until(() => at > 0, 1000)
  t.ok(at - start < 700, `${at - start} ms`)
})

t.test('4: a datagram belongs to the peer whose session it is', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  const got: string[] = []
  server.onMessage(Chat, ({ text }, peer) => got.push(`${peer.name} ${text}`))
  for (const n of range(20)) for (const i of [0, 1]) clients[i]!.send(Chat, { text: `client ${i} ${n}` })
  await world.step(200)
  t.equal(got.length, 40)
  t.ok(got.every((line) => line.startsWith(line.slice(9, 17))))
})

t.test('5 and 6: what strangers send changes nothing: no peer, no slot, no answer', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  const stranger = world.network.transport()
  await stranger.open({ maxInboxDatagrams: 10, socketBufferBytes: 0 })
  await world.step(3000)
  for (const length of range(300)) {
    stranger.buffer().fill(length)
    stranger.send(length, host, PORT)
  }
  await world.step(500)
  t.equal(server.peerCount, 1)
  t.equal(clients[0]!.connected, true)
  t.equal(stranger.receive(), undefined)
})

t.test('7: a malformed or unknown message kills no loop', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  const [bad] = [...server.peers]
  const { link } = bad!.connection
  t.doesNotThrow(() => link.handleMessage(0, 12_345, new Uint8Array(3), 0, 3, false))
  t.doesNotThrow(() => link.handleMessage(0, Chat.id, Uint8Array.of(255, 255, 255), 0, 3, false))
  let got = 0
  server.onMessage(Num, () => got++)
  for (const client of clients) client.send(Num, { n: 1 })
  await world.step(100)
  t.equal(got, 2)
  t.equal(server.drops.unknownMessage + server.drops.malformedMessage, 2)
})

t.test('8: nothing ends at message 65,536, of any delivery', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { maxMessagesPerSecond: 0 } })
  const counts = { ordered: 0, reliable: 0, unreliable: 0 }
  let isInOrder = true
  server.onMessage(Num, ({ n }) => {
    if (n !== counts.ordered++) isInOrder = false
  })
  server.onMessage(Save, () => counts.reliable++)
  server.onMessage(Loose, () => counts.unreliable++)
  const total = 70_000
  for (let n = 0; n < total; ) {
    for (let i = 0; i < 700; i++, n++) {
      clients[0]!.send(Num, { n })
      clients[0]!.send(Save, { n })
      clients[0]!.send(Loose, { n })
    }
    await world.step(17)
  }
  await world.until(() => counts.ordered === total && counts.reliable === total, 20_000)
  t.ok(isInOrder)
  t.ok(counts.unreliable > 0.9 * total, `${counts.unreliable} unreliable`)
})

t.test('9: who says goodbye is gone at once: no second event ten seconds later', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const lines = journalOfServer(server)
  await world.settle(clients[0]!.disconnect('bye'))
  t.equal(server.peerCount, 0)
  await world.step(15_000)
  t.strictSame(lines, ['client 0: end closed "bye" undefined'])
})

t.test('10: a rejected client leaves nothing, and broadcasts reach the accepted only', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  server.on('OnConnectRequest', ({ reject }) => reject('no'))
  const refused = world.makeClient()
  const heard: string[] = []
  refused.on('OnMessage', () => heard.push('refused'))
  clients[0]!.on('OnMessage', () => heard.push('accepted'))
  const failure = world.failure(refused.connect({ host, port: PORT }))
  for (let i = 0; i < 30; i++) {
    server.sendToAll(Loose, { n: i })
    await world.step(10)
  }
  t.equal((await failure).code, 'REJECTED')
  await world.step(20)
  t.equal(heard.includes('refused'), false)
  t.equal(heard.length, 30)
  await world.step(2000)
  t.equal([...server.peers].length, 1)
})

t.test('11: strings count bytes of UTF-8, and none is cut', async (t) => {
  const own = new MessageFactory()
  const Name = own.define('Name', { text: string(6) })
  const world = new World()
  const server = world.makeServer({ messages: own })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ messages: own })
  await world.settle(client.connect({ host, port: PORT }))
  const got: string[] = []
  server.onMessage(Name, ({ text }) => got.push(text))
  client.send(Name, { text: 'héllo' })
  t.throws(() => client.send(Name, { text: 'hélloo' }), { code: 'BAD_VALUE', message: /6/ })
  await world.step(100)
  t.strictSame(got, ['héllo'])
})

t.test('12: above the limit it is refused with our own error, its size and the limit; 200 KB go in fragments', async (t) => {
  const own = new MessageFactory()
  const Text = own.define('Text', { text: string(2_000_000) })
  const world = new World()
  const server = world.makeServer({ messages: own })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ messages: own })
  await world.settle(client.connect({ host, port: PORT }))
  let length = 0
  server.onMessage(Text, ({ text }) => {
    length = text.length
  })
  t.throws(() => client.send(Text, { text: 'x'.repeat(300_000) }), {
    name: 'NetworkError',
    code: 'MESSAGE_TOO_LARGE',
    message: /300003 bytes.*262144/,
  })
  client.send(Text, { text: 'x'.repeat(200_000) })
  await world.until(() => length > 0)
  t.equal(length, 200_000)
})

t.test('13: a game may use the ids 1 to 10, and any name', async (t) => {
  const own = new MessageFactory()
  const types = range(11).map((id) => own.define(`M${id}`, { n: uint16 }, { id }))
  const world = new World()
  const server = world.makeServer({ messages: own })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ messages: own })
  await world.settle(client.connect({ host, port: PORT }))
  const got: number[] = []
  for (const type of types) server.onMessage(type, ({ n }) => got.push(n))
  for (const [n, type] of types.entries()) client.send(type, { n })
  await world.step(100)
  t.strictSame(got, range(11))
})

t.test('14: a lost farewell is sent again, and nothing of a disconnect survives into the next connection', async (t) => {
  const world = new World({ network: [delay(10)] })
  const { server, clients, host } = await world.pair(1)
  const lines = journalOfServer(server)
  silence(world, [...server.peers][0]!.address.host)
  const left = clients[0]!.disconnect('bye')
  await world.step(100)
  world.network.stagesFor = undefined
  const start = world.clock.now()
  await world.settle(left)
  await world.until(() => lines.length > 0, 1000)
  t.ok(world.clock.now() - start < 1000)
  t.strictSame(lines, ['client 0: end closed "bye" undefined'])
  await world.settle(clients[0]!.connect({ host, port: PORT }))
  await world.step(12_000)
  t.equal(clients[0]!.connected, true)
})

t.test('15: a peer may die in every way at the same time; it is removed once', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(3)
  const lines = journalOfServer(server)
  const [first] = [...server.peers]
  silence(world, [...server.peers][0]!.address.host)
  await world.step(9990)
  void first!.disconnect('kick')
  void clients[0]!.disconnect('leave')
  void first!.disconnect('again')
  await world.step(20_000)
  t.equal(lines.filter((line) => line.startsWith('client 0: end')).length, 1)
  t.equal(server.peerCount, 2)
})

t.test('16: a thousand messages queued at once cost no quadratic time', async (t) => {
  const world = new World()
  const { clients } = await world.pair(1, { server: { maxMessagesPerSecond: 0 } })
  const time = async (count: number): Promise<number> => {
    const start = process.cpuUsage() // other programs may have the processor meanwhile
    for (let n = 0; n < count; n++) clients[0]!.send(Num, { n })
    await world.until(() => clients[0]!.pendingAcks === 0, 20_000)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
  await time(4000)
  // Both take many packets and several updates: 2000 fit into a few packets, which would be no measure.
  const few = Math.min(await time(8000), await time(8000))
  const many = Math.min(await time(64_000), await time(64_000))
  t.ok(many < few * 8 * 4 + 20, `8000 took ${few.toFixed(1)} ms, 64000 took ${many.toFixed(1)} ms`)
})

t.test('17: the order of fields is that of the definition, on both sides', async (t) => {
  const one = new MessageFactory()
  one.define('Pair', { b: uint16, a: uint16 })
  const other = new MessageFactory()
  other.define('Pair', { a: uint16, b: uint16 })
  t.not(one.fingerprint, other.fingerprint)
  const world = new World()
  const server = world.makeServer({ messages: one })
  const { host } = await world.settle(server.listen({ port: PORT }))
  t.match(await world.failure(world.makeClient({ messages: other }).connect({ host, port: PORT })), {
    reason: 'definitions',
    detail: /Pair/,
  })
})

t.test('18: what the system will not send is counted and reported, not swallowed', async (t) => {
  const world = new World()
  const transport = world.network.transport()
  const server = world.makeServer({ transport })
  const errors: unknown[] = []
  server.on('OnError', ({ error }) => errors.push([error.code, (error.cause as Error).message]))
  await world.settle(server.listen({ port: PORT }))
  transport.onError?.(Object.assign(new Error('no buffer space'), { code: 'ENOBUFS' }))
  transport.onError?.(Object.assign(new Error('port unreachable'), { code: 'ECONNREFUSED' }))
  await world.step(50)
  t.strictSame(errors, [['SOCKET', 'no buffer space']])
  t.equal((server as Server).state, 102)
})

t.test('19: a full server says so, and errors of the library are of one class with codes', async (t) => {
  const world = new World()
  const { host } = await world.pair(1, { server: { maxPeers: 1 } })
  const client = world.makeClient()
  const lines = journalOfClient(client)
  const error = await world.failure(client.connect({ host, port: PORT }))
  t.type(error, NetworkError)
  t.match(lines, [/^rejected full/])
  t.equal(client.state, Client.ERRORED)
  t.equal(messages.definitions.length, 7)
})
