// Messages to several peers at once.
import t from 'tap'
import type { Peer } from '../../lib/index.js'
import { Blob, Chat, Num } from './messages.js'
import { journalOfServer, PORT, World } from './world.js'

t.test('sendToAll reaches accepted peers only: nobody undecided, nobody rejected', async (t) => {
  const world = new World()
  const server = world.makeServer()
  server.on('OnConnectRequest', ({ name, reject }) => {
    if (name === 'undecided') return new Promise(() => {})
    if (name === 'rejected') reject('no')
    return undefined
  })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const got: string[] = []
  const names = ['in', 'undecided', 'rejected']
  for (const name of names) {
    const client = world.makeClient()
    client.onMessage(Num, ({ n }) => got.push(`${name} ${n}`))
    client.connect({ host, port: PORT, name }).catch(() => {})
  }
  await world.step(100)
  t.equal(server.sendToAll(Num, { n: 1 }), 6, 'one peer’s bytes')
  await world.step(500)
  t.strictSame(got, ['in 1'])
})

t.test('sendToAll leaves out `except`; sendTo takes any iterable', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(4)
  const got: string[] = []
  clients.forEach((client, i) => {
    client.onMessage(Num, ({ n }) => got.push(`${n}>${i}`))
  })
  const peers = [...server.peers]
  t.equal(server.sendToAll(Num, { n: 1 }, { except: peers[1] }), 18)
  server.sendTo([peers[0]!, peers[3]!], Num, { n: 2 })
  server.sendTo(new Set([peers[2]!]), Num, { n: 3 })
  t.equal(server.sendTo([], Num, { n: 4 }), 0)
  await world.step(100)
  t.strictSame(got.sort(), ['1>0', '1>2', '1>3', '2>0', '2>3', '3>2'])
})

t.test('an iterable that sends messages of its own does not mix them up', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  const got: string[] = []
  clients.forEach((client, i) => {
    client.onMessage(Chat, ({ text }) => got.push(`${text}>${i}`))
    client.onMessage(Num, ({ n }) => got.push(`${n}>${i}`))
  })
  function* chatty(): Generator<Peer> {
    for (const peer of server.peers) {
      peer.send(Num, { n: 7 })
      yield peer
    }
  }
  server.sendTo(chatty(), Chat, { text: 'all' })
  await world.step(100)
  t.strictSame(got.sort(), ['7>0', '7>1', 'all>0', 'all>1'])
})

t.test('one peer that cannot take a message is reported, and the rest gets it', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  const small = world.makeClient({ maxMessageBytes: 1024 })
  await world.settle(small.connect({ host, port: PORT, name: 'small' }))
  const last = world.makeClient()
  await world.settle(last.connect({ host, port: PORT, name: 'last' }))
  const lines = journalOfServer(server)
  server.on('OnError', ({ peer }) => {
    peer?.send(Num, { n: 404 }) // a handler of OnError that sends must not disturb the broadcast
  })
  const got: string[] = []
  for (const [name, client] of [
    ['first', clients[0]!],
    ['small', small],
    ['last', last],
  ] as const) {
    client.onMessage(Chat, ({ text }) => got.push(`${name} ${text.length}`))
    client.onMessage(Num, ({ n }) => got.push(`${name} ${n}`))
  }
  t.doesNotThrow(() => server.sendToAll(Chat, { text: 'x'.repeat(1500) }))
  await world.step(200)
  t.strictSame(lines, ['small: error MESSAGE_TOO_LARGE'])
  t.strictSame(got.sort(), ['first 1500', 'last 1500', 'small 404'])
})

t.test('sendToAll with a peer whose queue overflows does not throw; the others get every message', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(3, { server: { maxSendQueueBytes: 65_536 } })
  const lines = journalOfServer(server)
  const stuck = [...server.peers][1]!
  const serverHost = server.address!.host
  world.network.stagesFor = (from, to) => {
    if (from.host !== serverHost || to.host !== stuck.address.host) return undefined
    return [{ kind: 'wall', link: () => (_length, _now, onward) => onward.drop('lost') }]
  }
  let got = 0
  for (const client of [clients[0]!, clients[2]!]) client.onMessage(Chat, () => got++)
  for (let i = 0; i < 100; i++) {
    server.sendToAll(Chat, { text: 'x'.repeat(1500) })
    await world.step(50)
  }
  await world.step(1000)
  t.equal(got, 200)
  t.match(lines, ['client 1: error OVERFLOW', /^client 1: end overflow/])
  t.equal(server.peerCount, 2)
})

t.test('misuse of sendToAll throws as send does, and nobody gets anything', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  let got = 0
  for (const client of clients) client.on('OnMessage', () => got++)
  t.throws(() => server.sendToAll(Num, { n: -1 }), { code: 'BAD_VALUE' })
  t.throws(() => server.sendToAll(Blob, { data: new Uint8Array(300_000) }), { code: 'MESSAGE_TOO_LARGE' })
  await world.step(100)
  t.equal(got, 0)
})

t.test('server.peers may be iterated while peers leave', async (t) => {
  const world = new World()
  const { server } = await world.pair(5)
  const visited: string[] = []
  for (const peer of server.peers) {
    visited.push(peer.name)
    void peer.disconnect()
    if (peer.name === 'client 1') void server.getPeer(peer.id + 1)?.disconnect()
  }
  t.strictSame(visited, ['client 0', 'client 1', 'client 3', 'client 4'])
  t.equal(server.peerCount, 0)
})

t.test('a broadcast to forty peers is encoded once', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(40)
  let reads = 0
  const values = {
    get text() {
      reads++
      return 'hello'
    },
  }
  let got = 0
  for (const client of clients) client.onMessage(Chat, () => got++)
  server.sendToAll(Chat, values)
  const once = reads
  await world.step(100)
  t.equal(got, 40)
  t.ok(once <= 3, `the value was read ${once} times`)
})

t.test('ids of peers rise and are never used again', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(2)
  const seen = new Set(Array.from(server.peers, (peer) => peer.id))
  for (let i = 0; i < 5; i++) {
    await world.settle(clients[0]!.disconnect())
    await world.settle(clients[0]!.connect({ host, port: PORT }))
    t.notOk(seen.has(clients[0]!.peerId))
    seen.add(clients[0]!.peerId)
  }
  await world.settle(server.close())
  await world.settle(server.listen({ port: PORT }))
  await world.settle(clients[0]!.connect({ host, port: PORT }))
  t.notOk(seen.has(clients[0]!.peerId), 'not even after close() and listen()')
})
