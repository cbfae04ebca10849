// How connections end: once on each side, with reason, detail and data.
import t from 'tap'
import { encodeControl, Goodbye } from '../../lib/endpoint/control-messages.js'
import { Client, Server } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { Blob, Chat, messages, Num } from './messages.js'
import { journalOfClient, journalOfServer, PORT, World } from './world.js'

t.test('client.disconnect: both sides see OnDisconnect once, at once, with closed, detail and data', async (t) => {
  const world = new World({ network: [delay(20)] })
  const { server, clients } = await world.pair(2)
  const [client, other] = clients
  const onServer = journalOfServer(server)
  const onClient = journalOfClient(client!)
  const onOther = journalOfClient(other!)
  const start = world.clock.now()
  const done = client!.disconnect('bye', { score: 7 })
  await world.until(() => onServer.length > 0)
  t.ok(world.clock.now() - start < 70, `the server knows after ${world.clock.now() - start} ms`)
  await world.settle(done)
  t.ok(world.clock.now() - start < 200, `resolved after ${world.clock.now() - start} ms`)
  await world.step(15_000)
  t.strictSame(onServer, ['client 0: end closed "bye" {"score":7}'])
  t.strictSame(onClient, ['end closed "bye" {"score":7}'])
  t.strictSame(onOther, [])
  t.equal(server.peerCount, 1)
})

t.test('peer.disconnect: kicked on both sides, with detail and data', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const onServer = journalOfServer(server)
  const onClient = journalOfClient(clients[0]!)
  const [peer] = [...server.peers]
  await world.settle(peer!.disconnect('cheating', [1, 2]))
  await world.step(3000)
  t.strictSame(onServer, ['client 0: end kicked "cheating" [1,2]'])
  t.strictSame(onClient, ['end kicked "cheating" [1,2]'])
  t.equal(clients[0]!.state, Client.DISCONNECTED)
  t.equal(peer!.errored, false)
  t.equal(peer!.send(Num, { n: 1 }), 0, 'nothing is sent after the end')
  t.equal(clients[0]!.send(Num, { n: 1 }), 0)
})

t.test('server.close: server-closed, for every peer; close() resolves within a second and the port is free', async (t) => {
  const world = new World({ network: [delay(30)] })
  const { server, clients } = await world.pair(3)
  const journals = clients.map(journalOfClient)
  const onServer = journalOfServer(server)
  const start = world.clock.now()
  await world.settle(server.close('restarting'))
  t.ok(world.clock.now() - start <= 1050, `took ${world.clock.now() - start} ms`)
  t.equal(server.state, Server.DISCONNECTED)
  t.equal(server.address, undefined)
  await world.step(1000)
  for (const lines of journals) t.strictSame(lines, ['end server-closed "restarting" undefined'])
  t.equal(onServer.length, 3)
  const again = world.makeServer()
  await t.resolves(world.settle(server.listen({ port: PORT })), 'the same server may listen again')
  t.equal(again.peerCount, 0)
  await world.settle(server.close())
  await t.resolves(world.settle(server.close()), 'a second close is harmless')
})

t.test('close() resolves within a second although nobody answers any more', async (t) => {
  const world = new World()
  const { server } = await world.pair(2)
  world.network.stages = [loss(1)]
  const start = world.clock.now()
  await world.settle(server.close())
  t.ok(world.clock.now() - start <= 1100, `took ${world.clock.now() - start} ms`)
})

t.test('a server that closes while a client comes in leaves nothing behind for the next listen()', async (t) => {
  for (let waited = 0; waited < 100; waited += 10) {
    const world = new World({ seed: 3, network: [delay(15)] })
    const { server, host } = await world.pair(1)
    const late = world.makeClient({ timeoutMs: 2000 })
    const connecting = late.connect({ host, port: PORT })
    connecting.catch(() => {})
    await world.step(waited)
    await world.settle(server.close())
    t.equal(server.peerCount, 0)
    await world.settle(server.listen({ port: PORT }))
    t.equal(server.metrics().congestionWindow, 0)
    await world.settle(connecting).catch(() => {})
    await world.settle(late.disconnect())
    await world.settle(late.connect({ host, port: PORT }))
    t.equal(server.peerCount, 1, `${waited} ms`)
  }
})

t.test('a vanished client times out on the server, once: OnError, then OnDisconnect', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  const onServer = journalOfServer(server)
  const [gone] = [...server.peers]
  world.drive(clients[0]!).isPaused = true
  const start = world.clock.now()
  await world.until(() => onServer.length > 0, 12_000)
  const took = world.clock.now() - start
  t.ok(took > 8900 && took < 10_100, `took ${took} ms`)
  await world.step(5000)
  t.strictSame(onServer, ['client 0: error TIMEOUT', 'client 0: end timeout "nothing arrived for 10000 ms" undefined'])
  t.equal(gone!.errored, true)
  t.equal(gone!.state, Server.ERRORED)
  t.equal(clients[1]!.connected, true)
})

t.test('a vanished server times out on the client, once: OnError, then OnDisconnect', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1, { client: { timeoutMs: 4000 } })
  const client = clients[0]!
  const onClient = journalOfClient(client)
  world.drive(server).isPaused = true
  await world.until(() => onClient.length > 1, 5000)
  await world.step(5000)
  t.strictSame(onClient, ['error TIMEOUT', `end timeout "nothing arrived from ${host}:${PORT} for 4000 ms" undefined`])
  t.equal(client.state, Client.ERRORED)
})

t.test('a server whose port has closed is reported at once as REFUSED, and the connection ends by time-out, each once', async (t) => {
  const world = new World()
  const transport = world.network.transport()
  const server = world.makeServer({ transport })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ timeoutMs: 3000 })
  await world.settle(client.connect({ host, port: PORT }))
  const lines = journalOfClient(client)
  world.remove(server) // the process has crashed
  await transport.close()
  await world.step(1100)
  t.strictSame(lines, ['error REFUSED'])
  t.equal(client.connected, true, 'the server may come back to its port')
  await world.step(5000)
  t.match(lines, ['error REFUSED', 'error TIMEOUT', /^end timeout/])
})

t.test('no message comes after OnDisconnect, however late it is', async (t) => {
  const world = new World({ seed: 3, network: [delay(20)] })
  const { server, clients } = await world.pair(1)
  const order: string[] = []
  clients[0]!.onMessage(Num, ({ n }) => order.push(`num ${n}`))
  clients[0]!.on('OnDisconnect', () => order.push('end'))
  const [peer] = [...server.peers]
  // The messages are lost, the farewell is not, and then they come again.
  world.network.stages = [loss(1)]
  for (let n = 0; n < 5; n++) peer!.send(Num, { n })
  void peer!.disconnect()
  await world.step(495)
  world.network.stages = [delay(20)]
  await world.step(2000)
  t.equal(order.at(-1), 'end')
  t.equal(order.filter((event) => event === 'end').length, 1)
})

t.test('handlers may end connections, close the server and connect again, inside any event', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const lines = journalOfServer(server)
  server.on('OnConnect', ({ peer }) => {
    if (peer.name === 'unwanted') void peer.disconnect('at once')
  })
  server.onMessage(Num, () => void server.close('by a handler'))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient()
  const onClient = journalOfClient(client)
  let isAgain = false
  client.on('OnDisconnect', () => {
    if (isAgain) return
    isAgain = true
    void client.connect({ host, port: PORT, name: 'wanted' })
  })
  await world.settle(client.connect({ host, port: PORT, name: 'unwanted' }))
  await world.until(() => isAgain && client.connected)
  client.send(Num, { n: 1 })
  await world.step(1500)
  t.strictSame(onClient, ['accepted', 'end kicked "at once" undefined', 'accepted', 'end server-closed "by a handler" undefined'])
  t.strictSame(lines, [
    'unwanted: connect',
    'unwanted: end kicked "at once" undefined',
    'wanted: connect',
    'wanted: end server-closed "by a handler" undefined',
  ])
  t.equal(server.state, Server.DISCONNECTED)
})

t.test('the smaller time-out of both sides holds on the server', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { timeoutMs: 20_000 }, client: { timeoutMs: 3000 } })
  const [peer] = [...server.peers]
  t.equal(peer!.timeout, 3000)
  t.equal(clients[0]!.timeout, 3000)
  t.equal(server.timeout, 20_000)
})

t.test('an idle connection lives on, twice as long as any time-out and more', async (t) => {
  for (const [ofServer, ofClient] of [
    [10_000, 10_000],
    [2000, 2000],
    [0, 0],
    [10_000, 0],
    [0, 10_000],
    [500, 500],
  ]) {
    const world = new World({ network: [delay(40, 10)] })
    const { server, clients } = await world.pair(1, { server: { timeoutMs: ofServer }, client: { timeoutMs: ofClient } })
    await world.step(21_000)
    t.equal(clients[0]!.connected, true, `time-outs ${ofServer} and ${ofClient}`)
    t.equal(server.peerCount, 1)
  }
})

t.test('a server with a shorter time-out than the clients keeps idle clients all the same', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { timeoutMs: 800 }, client: { timeoutMs: 60_000 } })
  const lines = journalOfClient(clients[0]!)
  await world.step(10_000)
  t.equal(server.peerCount, 1)
  t.strictSame(lines, [])
})

// npm run soak -- --seed 27
t.test('a client with a shorter time-out than the server is kept alive while it idles', async (t) => {
  const world = new World()
  const { clients } = await world.pair(1, { client: { timeoutMs: 1000 } }) // the server's own keep-alives come every 1000 ms
  await world.step(10_000)
  t.equal(clients[0]!.connected, true)
})

t.test('without time-outs a peer says 0', async (t) => {
  const world = new World()
  const { server } = await world.pair(1, { server: { timeoutMs: 0 }, client: { timeoutMs: 0 } })
  t.equal([...server.peers][0]!.timeout, 0)
})

t.test('the farewell arrives although datagrams are lost, and messages sent before it arrive first', async (t) => {
  for (let seed = 1; seed <= 15; seed++) {
    const world = new World({ seed, network: [delay(10), loss(0.15)] })
    const { server, clients } = await world.pair(1)
    const onServer = journalOfServer(server)
    const got: number[] = []
    server.onMessage(Num, ({ n }) => got.push(n))
    for (let n = 0; n < 5; n++) clients[0]!.send(Num, { n })
    await world.settle(clients[0]!.disconnect('done', seed))
    await world.step(500)
    t.strictSame(got, [0, 1, 2, 3, 4], `seed ${seed}`)
    t.strictSame(onServer, [`client 0: end closed "done" ${seed}`], `seed ${seed}`)
  }
})

t.test('both sides end at the same moment: once on each', async (t) => {
  const world = new World({ network: [delay(50)] })
  const { server, clients } = await world.pair(1)
  const onServer = journalOfServer(server)
  const onClient = journalOfClient(clients[0]!)
  const [peer] = [...server.peers]
  const both = [clients[0]!.disconnect('mine'), peer!.disconnect('yours')]
  for (const promise of both) await world.settle(promise)
  await world.step(3000)
  t.strictSame(onServer, ['client 0: end kicked "yours" undefined'])
  t.strictSame(onClient, ['end closed "mine" undefined'])
})

t.test('a reliable message above the send queue ends that connection with overflow, on both sides, and no other', async (t) => {
  const world = new World({ network: [delay(50)] })
  const { server, clients } = await world.pair(2, { server: { maxSendQueueBytes: 65_536 } })
  const onServer = journalOfServer(server)
  const onClient = journalOfClient(clients[0]!)
  const [peer, other] = [...server.peers]
  let isFull = false
  for (let i = 0; i < 100 && !isFull; i++) isFull = peer!.send(Chat, { text: 'x'.repeat(1900) }) === 0
  t.ok(isFull)
  await world.step(1000)
  t.strictSame(onServer, ['client 0: error OVERFLOW', 'client 0: end overflow "more than 65536 bytes waited to be sent" undefined'])
  t.strictSame(onClient, ['error OVERFLOW', 'end overflow "more than 65536 bytes waited to be sent" undefined'])
  t.equal(peer!.errored, true)
  t.equal(other!.connected, true)
})

t.test('an overflow of the client ends its connection on both sides too', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { client: { maxSendQueueBytes: 65_536 } })
  const onServer = journalOfServer(server)
  const onClient = journalOfClient(clients[0]!)
  for (let i = 0; i < 40; i++) clients[0]!.send(Chat, { text: 'x'.repeat(1900) })
  await world.step(2000)
  t.strictSame(onServer.slice(-2)[0], 'client 0: error OVERFLOW')
  t.match(onServer.at(-1), /^client 0: end overflow/)
  t.match(onClient, ['error OVERFLOW', /^end overflow/])
})

t.test('an unreliable message above the send queue is dropped, and send says 0', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { client: { maxSendQueueBytes: 65_536 } })
  const client = clients[0]!
  for (let i = 0; i < 32; i++) t.ok(client.send(Chat, { text: 'x'.repeat(1900) }) > 0)
  let refused = 0
  for (let i = 0; i < 10; i++) if (client.send(Chat, { text: 'x'.repeat(1900) }, { delivery: 'unreliable' }) === 0) refused++
  t.ok(refused >= 7)
  await world.step(1000)
  t.equal(client.connected, true)
  t.equal(server.peerCount, 1)
})

t.test('whoever breaks the protocol is told protocol-error, and the other side says it too', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const onServer = journalOfServer(server)
  const onClient = journalOfClient(clients[0]!)
  // Only a peer with the keys can: the server's connection is handed a packet with a frame of no known type.
  const { connection } = [...server.peers][0]!
  connection.handlePacket(Uint8Array.of(0x3f), 0, 1, true, 1_000_000, world.clock.now())
  await world.step(3000)
  t.match(onServer, ['client 0: error PROTOCOL', /^client 0: end protocol-error "a frame of type 0x3f/])
  t.match(onClient, ['error PROTOCOL', /^end protocol-error "a frame of type 0x3f/])
  t.equal(server.peerCount, 0)
})

t.test('a client cannot say that it was kicked, replaced, or that the server has closed', async (t) => {
  for (const [number, reason] of [
    [0, 'closed'],
    [1, 'closed'],
    [3, 'overflow'],
    [4, 'closed'],
    [6, 'closed'],
    [200, 'closed'],
  ] as const) {
    const world = new World()
    const { server } = await world.pair(1)
    const onServer = journalOfServer(server)
    const goodbye = encodeControl(Goodbye, { reason: number, detail: 'mine', data: new Uint8Array(0) })
    ;[...server.peers][0]!.connection.handleControl(Goodbye.id, goodbye)
    await world.step(50)
    t.equal(onServer.at(-1), `client 0: end ${reason} "mine" undefined`)
  }
})

t.test('a message is not handed to the game after its own disconnect()', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const got: number[] = []
  server.onMessage(Num, ({ n }, peer) => {
    got.push(n)
    if (n === 2) void peer.disconnect('enough')
  })
  for (let n = 1; n <= 5; n++) clients[0]!.send(Num, { n })
  await world.step(2000)
  t.strictSame(got, [1, 2])
  t.equal(clients[0]!.state, Client.DISCONNECTED)
})

t.test('messages that arrived before the peer left are handed to the game before OnDisconnect', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const order: string[] = []
  server.onMessage(Num, ({ n }) => order.push(`num ${n}`))
  server.on('OnDisconnect', () => order.push('gone'))
  clients[0]!.send(Num, { n: 1 })
  void clients[0]!.disconnect()
  await world.step(200)
  t.strictSame(order, ['num 1', 'gone'])
})

t.test('disconnect() and close() before any connection do nothing', async (t) => {
  const world = new World()
  const client = world.makeClient()
  await client.disconnect()
  await client.close()
  await world.makeServer().close()
  t.equal(client.state, Client.DISCONNECTED)
})

t.test('await using closes', async (t) => {
  const world = new World()
  const { clients } = await world.pair(1)
  const [client] = clients
  const scope = (async () => {
    await using using = client!
    t.equal(using.connected, true)
  })()
  await world.settle(scope)
  t.equal(client!.connected, false)
})

t.test('close() straight after listen() leaves no open server', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const listening = server.listen({ port: PORT })
  listening.catch(() => {})
  await world.settle(server.close())
  await world.step(10)
  t.equal(server.state, Server.DISCONNECTED)
})

t.test('detail and data of an end are limited at the call', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const [peer] = [...server.peers]
  t.throws(() => clients[0]!.disconnect('x'.repeat(513)), { code: 'BAD_OPTION' })
  t.throws(() => clients[0]!.close(5 as unknown as string), { code: 'BAD_OPTION' })
  t.throws(() => peer!.disconnect('', 'x'.repeat(600)), { code: 'BAD_OPTION' })
  t.throws(() => server.disconnectAll(5 as unknown as string), { code: 'BAD_OPTION' })
  t.throws(() => server.close('x'.repeat(513)), { code: 'BAD_OPTION' })
  t.equal(clients[0]!.connected, true)
})

t.test('disconnectAll kicks everyone; the server goes on listening', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(3)
  const journals = clients.map(journalOfClient)
  await world.settle(server.disconnectAll('round over'))
  await world.step(100)
  for (const lines of journals) t.strictSame(lines, ['end kicked "round over" undefined'])
  t.equal(server.peerCount, 0)
  await world.settle(clients[0]!.connect({ host, port: PORT }))
  t.equal(server.peerCount, 1)
})

t.test('no promise of connect, disconnect or close becomes an unhandled rejection', async (t) => {
  const unhandled: unknown[] = []
  const listener = (error: unknown): unknown => unhandled.push(error)
  process.on('unhandledRejection', listener)
  t.teardown(() => process.off('unhandledRejection', listener))
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  server.on('OnConnectRequest', (request) => request.reject('no'))
  const client = world.makeClient({ timeoutMs: 500 })
  void client.connect({ host, port: PORT })
  await world.step(2000)
  void client.connect({ host, port: 9999 })
  await world.step(1000)
  void client.connect({ token: async () => Promise.reject(new Error('no backend')) })
  await world.step(100)
  void client.connect({ host, port: PORT })
  void client.disconnect()
  void clients[0]!.close()
  void world.makeServer().listen({ host: '10.66.66.66' })
  void server.close()
  await world.step(2000)
  await new Promise(setImmediate)
  t.strictSame(unhandled, [])
})

t.test('memory of a connection is given back at its end', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const [peer] = [...server.peers]
  world.network.stages = [loss(1)]
  for (let n = 0; n < 20; n++) {
    peer!.send(Num, { n })
    clients[0]!.send(Blob, { data: new Uint8Array(5000) })
  }
  await world.step(100)
  t.equal(peer!.pendingAcks, 20)
  t.ok(clients[0]!.outBufferBytes > 90_000)
  await world.step(12_000)
  t.equal(peer!.pendingAcks, 0)
  t.equal(peer!.outBufferBytes, 0)
  t.equal(clients[0]!.outBufferBytes, 0)
  t.equal(messages.definitions.length, 7)
})

// npm run soak, seed 4072 of an earlier set of operations
t.test('what arrived just before a stall counts as heard when the stall is over', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { client: { timeoutMs: 1000 } })
  const client = clients[0]!
  const [peer] = [...server.peers]
  await world.step(3000)
  const silence = [loss(1)]
  world.network.stagesFor = (_from, to) => (to.port === PORT ? undefined : silence)
  await world.step(700) // and up to 200, the time between two keep-alives, before that
  // One packet gets through, and waits in the inbox when the stall begins. During it nothing arrives.
  world.network.stagesFor = undefined
  world.drive(client).isPaused = true
  peer!.send(Num, { n: 1 })
  server.flush()
  world.network.stagesFor = (_from, to) => (to.port === PORT ? undefined : silence)
  await world.step(5000)
  const got: number[] = []
  client.onMessage(Num, ({ n }) => got.push(n))
  world.drive(client).isPaused = false
  await world.step(100)
  t.strictSame(got, [1])
  t.equal(client.connected, true, 'the silence before that packet does not count')
  await world.step(1000)
  t.equal(client.connected, false, 'and no more than that second is left')
})

// The same: Welcome waits in the inbox while the client stalls, and says that the server has less patience than the client.
t.test('a Welcome that waited through a stall does not end the connection that it begins', async (t) => {
  const world = new World()
  const server = world.makeServer({ timeoutMs: 1000 })
  const { host } = await world.settle(server.listen({ port: PORT }))
  let client: ReturnType<World['makeClient']> | undefined
  let isStalled = false
  const clock = {
    now: () => world.clock.now(),
    unixSeconds: () => world.clock.unixSeconds(),
    setTimer: (delayMs: number, callback: () => void): (() => void) =>
      world.clock.setTimer(delayMs, () => {
        if (!isStalled) callback()
      }),
  }
  const transport = world.network.transport()
  client = world.makeClient({ clock, transport, timeoutMs: 10_000 })
  const { onReadable } = transport
  transport.onReadable = () => {
    if (!isStalled) onReadable?.()
  }
  server.on('OnConnect', () => {
    isStalled = true
    world.drive(client!).isPaused = true
  })
  client.connect({ host, port: PORT }).catch(() => {})
  await world.until(() => isStalled)
  const [peer] = [...server.peers]
  t.ok(peer)
  await world.step(900) // the server has not lost patience yet; the rest of the stall is one jump of everyone's time
  world.clock.advance(4000)
  isStalled = false
  world.drive(client).isPaused = false
  client.update()
  t.equal(client.state, Client.CONNECTED)
})
