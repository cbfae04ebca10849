// How a client comes in, or does not.
import t from 'tap'
import { Client, MessageFactory, type NetworkError, type Peer, RejectedError, Server, string, uint32 } from '../../lib/index.js'
import { loss } from '../../lib/simulator/index.js'
import { Chat, messages, Num } from './messages.js'
import { journalOfClient, journalOfServer, PORT, World } from './world.js'

t.test('a client is in after connect(), on both sides, and both know the same id and name', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const client = clients[0]!
  const [peer] = [...server.peers]
  t.equal(peer?.name, 'client 0')
  t.equal(peer?.id, client.peerId)
  t.equal(client.connected, true)
  t.equal(peer?.connected, true)
  t.ok(server.getPeer(client.peerId) === peer)
  t.ok(server.getPeerByAddress(peer!.address) === peer)
  t.equal(server.getPeer(99), undefined)
  t.equal(server.getPeerByAddress({ host: '10.9.9.9', port: 1 }), undefined)
})

t.test('a peer is found by its address in any spelling', async (t) => {
  const world = new World()
  const { server } = await world.pair(1)
  const [peer] = [...server.peers]
  t.ok(server.getPeerByAddress({ host: `::ffff:${peer!.address.host}`, port: peer!.address.port }) === peer)
  t.equal(server.getPeerByAddress({ host: 'no address', port: 1 }), undefined)
})

t.test('connect() while connecting or connected throws ALREADY_ACTIVE at the call', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient()
  const connected = client.connect({ host, port: PORT })
  t.throws(() => client.connect({ host, port: PORT }), { code: 'ALREADY_ACTIVE' })
  await world.settle(connected)
  t.throws(() => client.connect({ host, port: PORT }), { code: 'ALREADY_ACTIVE' })
})

t.test('listen() while listening throws ALREADY_ACTIVE at the call', async (t) => {
  const world = new World()
  const { server } = await world.pair(0)
  t.throws(() => server.listen({ port: 1 }), { code: 'ALREADY_ACTIVE' })
})

t.test('misuse of connect() throws at the call, with a code and what was expected', async (t) => {
  const client = new World().makeClient()
  const connect = (options: unknown) => () => client.connect(options as Parameters<Client['connect']>[0])
  t.throws(connect(undefined), { code: 'BAD_ADDRESS', message: /expected \{ host, port \} or \{ token \}, got undefined/ })
  t.throws(connect({ host: 5, port: 1 }), { code: 'BAD_ADDRESS', message: '"host" expected an address or a name, got 5' })
  t.throws(connect({ host: '', port: 1 }), { code: 'BAD_ADDRESS' })
  t.throws(connect({ host: 'a', port: 70_000 }), { code: 'BAD_PORT', message: '"port" expected integer 1–65535, got 70000' })
  t.throws(connect({ host: 'a', port: 0 }), RangeError)
  t.throws(connect({ host: 'a', port: '9000' }), { code: 'BAD_PORT', message: '"port" expected integer 1–65535, got "9000"' })
  t.throws(connect({ host: 'a', port: 1.5 }), { code: 'BAD_PORT' })
  t.throws(connect({ host: 'a' }), { code: 'BAD_PORT' })
  t.throws(connect({ token: 'abc' }), { code: 'BAD_TOKEN' })
  t.throws(connect({ host: 'a', port: 1, name: 'ü'.repeat(65) }), {
    code: 'BAD_OPTION',
    message: '"name" expected at most 128 bytes of UTF-8, got 130',
  })
  t.throws(connect({ host: 'a', port: 1, data: 'x'.repeat(20_000) }), { code: 'BAD_OPTION' })
  t.throws(connect({ host: 'a', port: 1, data: { f: () => {} } }), { message: /data/ })
  t.equal(client.state, Client.DISCONNECTED, 'and nothing has begun')
})

t.test('misuse of listen() and of options throws at the call, with a code and what was expected', async (t) => {
  const server = new World().makeServer()
  t.throws(() => server.listen({ port: -1 }), { code: 'BAD_PORT', message: '"port" expected integer 0–65535, got -1' })
  t.throws(() => server.listen({ host: 7 as unknown as string }), { code: 'BAD_ADDRESS' })
  t.throws(() => new Server({ messages, maxPeers: 0 }), { code: 'BAD_OPTION', message: '"maxPeers" expected integer 1–65536, got 0' })
  t.throws(() => new Server({ messages, privateKey: new Uint8Array(31) }), { code: 'BAD_OPTION' })
  t.throws(() => new Server({ messages, publicAddresses: ['here'] }), { code: 'BAD_OPTION' })
  t.throws(() => new Client({ messages: {} as MessageFactory }), { code: 'BAD_OPTION' })
  t.throws(() => new Client({ messages, timeoutMs: -1 }), { code: 'BAD_OPTION', message: '"timeoutMs" expected 0 to 2147483648, got -1' })
  t.throws(() => new Client({ messages, timeoutMs: '1' as unknown as number }), TypeError)
  t.throws(() => new Client({ messages, transport: 'tcp' as 'auto' }), { code: 'BAD_OPTION' })
  t.throws(() => new Client(undefined as never), { code: 'BAD_OPTION' })
})

t.test('a host that cannot be resolved rejects with BAD_ADDRESS', async (t) => {
  const world = new World()
  const client = world.makeClient()
  let error: NetworkError | undefined
  client.connect({ host: 'not a host', port: 1 }).catch((e: NetworkError) => {
    error = e
  })
  while (error === undefined) {
    await new Promise(setImmediate) // names are resolved in real time
    await world.step(1)
  }
  t.match(error, { code: 'BAD_ADDRESS', message: /expected an address or a name that can be resolved, got "not a host"/ })
  t.equal(client.errored, true)
})

t.test('update() and flush() are safe in every state', async (t) => {
  const world = new World()
  const client = world.makeClient()
  const server = world.makeServer()
  const pump = () => {
    for (const endpoint of [client, server]) {
      endpoint.update()
      endpoint.flush()
    }
  }
  pump()
  const listening = server.listen({ port: PORT })
  pump()
  const { host } = await world.settle(listening)
  pump()
  const connecting = client.connect({ host, port: PORT })
  pump()
  await world.settle(connecting)
  pump()
  const disconnecting = client.disconnect()
  pump()
  await world.settle(disconnecting)
  pump()
  const closing = server.close()
  pump()
  await world.settle(closing)
  pump()
  t.equal(server.state, Server.DISCONNECTED)
  t.equal(client.state, Client.DISCONNECTED)
})

t.test('states are the constants 100–104, on the way in and out', async (t) => {
  t.strictSame(
    [Client.DISCONNECTED, Client.ERRORED, Client.LISTENING, Client.CONNECTING, Client.CONNECTED, Client.MTU],
    [100, 101, 102, 103, 104, 1200],
  )
  const world = new World()
  const server = world.makeServer()
  const client = world.makeClient()
  t.equal(client.state, 100)
  t.equal(server.state, 100)
  const { host } = await world.settle(server.listen({ port: PORT }))
  t.equal(server.state, 102)
  const connected = client.connect({ host, port: PORT })
  t.equal(client.state, 103)
  await world.settle(connected)
  t.equal(client.state, 104)
  const [peer] = [...server.peers]
  t.equal(peer?.state, 104)
  void client.disconnect()
  t.equal(client.state, 100)
  await world.step(100)
  t.equal(peer?.state, 100)
  t.equal(peer?.disconnected, true)
  server.on('OnConnectRequest', (request) => request.reject('no'))
  await world.failure(client.connect({ host, port: PORT }))
  t.equal(client.state, 101)
  t.equal(client.errored, true)
})

t.test('a rejected client hears reason, detail and data, from connect() and the event, and leaves nothing on the server', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const seen = journalOfServer(server)
  server.on('OnConnectRequest', (request) => request.reject('you are banned', { until: 2030 }))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient()
  const lines = journalOfClient(client)
  const error = await world.failure(client.connect({ host, port: PORT, name: 'eve' }))
  t.type(error, RejectedError)
  t.match(error, { code: 'REJECTED', reason: 'rejected', detail: 'you are banned', data: { until: 2030 } })
  await world.step(2000)
  t.strictSame(lines, ['rejected rejected "you are banned" {"until":2030}'], 'no OnDisconnect, no OnError')
  t.strictSame(seen, [])
  t.equal(server.peerCount, 0)
  const sent = world.network.counters.sent
  await world.step(3000)
  t.equal(world.network.counters.sent, sent, 'nothing is sent to it any more: its slot is free')
})

t.test('a rejected client that nobody updates any more ends by itself, and keeps no socket', async (t) => {
  const world = new World()
  const server = world.makeServer()
  server.on('OnConnectRequest', (request) => request.reject('no'))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const transport = world.network.transport()
  let isClosed = false
  const close = transport.close.bind(transport)
  transport.close = () => {
    isClosed = true
    return close()
  }
  const client = world.makeClient({ transport })
  world.remove(client)
  t.match(await world.failure(client.connect({ host, port: PORT })), { code: 'REJECTED' })
  isClosed = false
  await world.step(1500)
  t.ok(isClosed)
})

t.test('a rejection arrives although a third of all datagrams are lost', async (t) => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World({ seed, network: [loss(0.33)] })
    const server = world.makeServer()
    server.on('OnConnectRequest', (request) => request.reject('no', 'data'))
    const { host } = await world.settle(server.listen({ port: PORT }))
    const error = await world.failure(world.makeClient().connect({ host, port: PORT }))
    t.match(error, { code: 'REJECTED', detail: 'no', data: 'data' }, `seed ${seed}`)
  }
})

t.test('a server at maxPeers says full; when one has gone the next is let in', async (t) => {
  const world = new World()
  const { clients, host } = await world.pair(2, { server: { maxPeers: 2 } })
  const third = world.makeClient()
  t.match(await world.failure(third.connect({ host, port: PORT })), { code: 'REJECTED', reason: 'full', detail: /2 of 2 places are taken/ })
  await world.settle(clients[0]!.disconnect())
  await world.settle(third.connect({ host, port: PORT }))
  t.equal(third.connected, true)
})

t.test('clients that wait for a decision count towards maxPeers', async (t) => {
  const world = new World()
  const server = world.makeServer({ maxPeers: 1 })
  const accepts: (() => void)[] = []
  server.on('OnConnectRequest', (request) => new Promise<void>((resolve) => accepts.push(resolve)).then(() => request.accept()))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const first = world.makeClient()
  const connected = first.connect({ host, port: PORT })
  await world.step(200)
  t.match(await world.failure(world.makeClient().connect({ host, port: PORT })), { reason: 'full' })
  accepts[0]!()
  await world.settle(connected)
  t.equal(server.peerCount, 1)
})

t.test('acceptNewConnections = false refuses the new and keeps the old; true takes them again', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  server.acceptNewConnections = false
  const second = world.makeClient()
  t.match(await world.failure(second.connect({ host, port: PORT })), { reason: 'not-accepting' })
  t.equal(clients[0]!.connected, true)
  server.acceptNewConnections = true
  await world.settle(second.connect({ host, port: PORT }))
  t.equal(server.peerCount, 2)
})

t.test('a client with other definitions hears which one differs', async (t) => {
  const world = new World()
  const { host } = await world.pair(0)
  const other = new MessageFactory()
  for (const type of messages.definitions) {
    if (type.name === 'Num') other.define('Num', { n: string(4) })
    else if (type.name === 'Chat') other.define('Chat', { text: string(2000) })
    else other.define(type.name, { n: uint32 })
  }
  t.match(await world.failure(world.makeClient({ messages: other }).connect({ host, port: PORT })), {
    code: 'REJECTED',
    reason: 'definitions',
    detail: /first message that differs is Blob/,
  })
  const fewer = new MessageFactory()
  fewer.define('Blob', { n: uint32 })
  t.match(await world.failure(world.makeClient({ messages: fewer }).connect({ host, port: PORT })), {
    reason: 'definitions',
    detail: /Blob.*the server defines 7 messages, the client 1/,
  })
})

t.test('one definition more on the client is told too', async (t) => {
  const world = new World()
  const mine = new MessageFactory()
  mine.define('A', { n: uint32 })
  const server = world.makeServer({ messages: mine })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const theirs = new MessageFactory()
  theirs.define('A', { n: uint32 })
  theirs.define('B', { n: uint32 })
  t.match(await world.failure(world.makeClient({ messages: theirs }).connect({ host, port: PORT })), {
    reason: 'definitions',
    detail: /the client defines a message that the server does not; the server defines 1 messages, the client 2/,
  })
})

t.test('a handler that leaves a request undecided accepts it; one that throws or rejects refuses it', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const seen = journalOfServer(server)
  server.on('OnConnectRequest', async ({ name }) => {
    if (name === 'throws later') {
      await undefined
      throw new Error('database down')
    }
  })
  server.on('OnConnectRequest', ({ name }) => {
    if (name === 'throws') throw new Error('a bug')
  })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient()
  await world.settle(client.connect({ host, port: PORT, name: 'undecided' }))
  await world.settle(client.disconnect())
  t.match(await world.failure(client.connect({ host, port: PORT, name: 'throws' })), { reason: 'rejected', detail: /failed to decide/ })
  t.match(await world.failure(client.connect({ host, port: PORT, name: 'throws later' })), { reason: 'rejected' })
  t.strictSame(
    seen.filter((line) => line.includes('error')),
    ['error HANDLER', 'error HANDLER'],
  )
})

t.test('a handler that is undecided for ten seconds refuses', async (t) => {
  const world = new World()
  const server = world.makeServer()
  server.on('OnConnectRequest', () => new Promise(() => {}))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const start = world.clock.now()
  t.match(await world.failure(world.makeClient().connect({ host, port: PORT })), { code: 'REJECTED', reason: 'undecided' })
  const took = world.clock.now() - start
  t.ok(took >= 10_000 && took < 10_300, `took ${took} ms`)
})

t.test('an asynchronous accept gives the peer its user object', async (t) => {
  const world = new World()
  const server = world.makeServer<{ hp: number }>()
  const started: Peer<{ hp: number }>[] = []
  server.on('OnConnectRequest', async (request) => {
    await new Promise<void>((resolve) => world.clock.setTimer(300, resolve))
    request.accept({ hp: (request.data as { level: number }).level * 10 })
    request.reject('too late')
  })
  server.on('OnConnect', ({ peer }) => started.push(peer))
  const { host } = await world.settle(server.listen({ port: PORT }))
  await world.settle(world.makeClient().connect({ host, port: PORT, data: { level: 3 } }))
  t.strictSame(
    started.map((peer) => peer.user),
    [{ hp: 30 }],
  )
})

t.test('OnConnect comes once, after the client can receive, and before any message of it', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World({ seed, network: [loss(0.2)] })
    const server = world.makeServer()
    const order: string[] = []
    server.on('OnConnect', ({ peer }) => {
      order.push('connect')
      peer.send(Chat, { text: 'welcome' })
    })
    server.onMessage(Num, ({ n }) => order.push(`num ${n}`))
    const { host } = await world.settle(server.listen({ port: PORT }))
    const client = world.makeClient()
    const heard: string[] = []
    client.on('OnConnectRequestAccepted', () => heard.push('accepted'))
    client.onMessage(Chat, ({ text }) => heard.push(text))
    const connected = client.connect({ host, port: PORT })
    for (let n = 0; n < 3; n++) t.ok(client.send(Num, { n }) > 0, 'what is sent while connecting waits for Welcome')
    await world.settle(connected)
    await world.until(() => order.length === 4 && heard.length === 2)
    await world.step(500)
    t.strictSame(order, ['connect', 'num 0', 'num 1', 'num 2'], `seed ${seed}`)
    t.strictSame(heard, ['accepted', 'welcome'], `seed ${seed}`)
  }
})

t.test('whoever awaits connect() may add handlers before the first message', async (t) => {
  const world = new World()
  const server = world.makeServer()
  server.on('OnConnect', ({ peer }) => peer.send(Chat, { text: 'at once' }))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient()
  const heard: string[] = []
  const game = (async () => {
    await client.connect({ host, port: PORT })
    client.onMessage(Chat, ({ text }) => heard.push(text))
  })()
  await world.settle(game)
  await world.step(200)
  t.strictSame(heard, ['at once'])
})

t.test('messages sent while connecting that the server cannot take are reported, and the rest goes', async (t) => {
  const world = new World()
  const server = world.makeServer({ maxMessageBytes: 1024 })
  const got: string[] = []
  server.onMessage(Chat, ({ text }) => got.push(text.slice(0, 5)))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient()
  const lines = journalOfClient(client)
  const connected = client.connect({ host, port: PORT })
  client.send(Chat, { text: 'first' })
  client.send(Chat, { text: 'x'.repeat(1500) })
  client.send(Chat, { text: 'third' })
  await world.settle(connected)
  await world.step(300)
  t.strictSame(got, ['first', 'third'])
  t.strictSame(lines, ['accepted', 'error MESSAGE_TOO_LARGE'])
  t.equal(client.connected, true)
})

t.test('reliable messages beyond the send queue while connecting end the attempt with OVERFLOW', async (t) => {
  const world = new World()
  const server = world.makeServer()
  server.on('OnConnectRequest', () => new Promise(() => {}))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ maxSendQueueBytes: 65_536 })
  const connected = client.connect({ host, port: PORT })
  for (let i = 0; i < 40; i++) client.send(Chat, { text: 'x'.repeat(1900) })
  t.equal((await world.failure(connected)).code, 'OVERFLOW')
})

t.test('a connection attempt to a dead port of a simulated network is refused at once', async (t) => {
  const world = new World()
  const { host } = await world.pair(0)
  const client = world.makeClient()
  t.match(await world.failure(client.connect({ host, port: 9999 }), 500), {
    code: 'REFUSED',
    message: /nobody listens at 10\.0\.0\.1:9999/,
  })
  t.equal(client.errored, true)
})

t.test('an attempt that nobody answers times out, and the error names the likely causes', async (t) => {
  const world = new World({ network: [loss(1)] })
  const { host } = await world.pair(0)
  const start = world.clock.now()
  const error = await world.failure(world.makeClient({ timeoutMs: 3000 }).connect({ host, port: PORT }))
  t.equal(error.code, 'TIMEOUT')
  t.match(error.message, /within 3000 ms/)
  for (const cause of [/server running/, /same option game/, /token mode/]) t.match(error.message, cause)
  const took = world.clock.now() - start
  t.ok(took >= 3000 && took < 3100, `took ${took} ms`)
})

t.test('another game name is not answered', async (t) => {
  const world = new World()
  const { server, host } = await world.pair(0, { server: { game: 'chess' } })
  t.equal((await world.failure(world.makeClient({ game: 'go', timeoutMs: 1000 }).connect({ host, port: PORT }))).code, 'TIMEOUT')
  t.ok(server.netcodeCounters!.wrongProtocol! > 0)
  t.equal(server.peerCount, 0)
})

t.test('disconnect() while connecting rejects connect() with ABORTED, at every stage', async (t) => {
  const world = new World()
  const server = world.makeServer()
  server.on('OnConnectRequest', () => new Promise(() => {}))
  const { host } = await world.settle(server.listen({ port: PORT }))
  for (let waited = 0; waited < 120; waited += 8) {
    const client = world.makeClient()
    const lines = journalOfClient(client)
    const connected = client.connect({ host, port: PORT })
    await world.step(waited)
    const disconnected = client.disconnect()
    t.equal((await world.failure(connected)).code, 'ABORTED', `after ${waited} ms`)
    await world.settle(disconnected)
    t.equal(client.state, Client.DISCONNECTED)
    t.strictSame(lines, [])
    world.remove(client)
  }
  await world.step(1500)
  t.equal(server.peerCount, 0)
  t.equal(server.metrics().outBufferBytes, 0)
})

t.test('reconnecting works at once and whenever, with nothing left over from before', async (t) => {
  for (let waited = 0; waited < 60; waited += 4) {
    const world = new World({ seed: waited + 1 })
    const { server, clients, host } = await world.pair(1)
    const client = clients[0]!
    const seen = journalOfServer(server)
    const got: number[] = []
    server.onMessage(Num, ({ n }) => got.push(n))
    const lines = journalOfClient(client)
    client.send(Num, { n: 1 })
    void client.disconnect('bye', 7)
    await world.step(waited)
    const connected = client.connect({ host, port: PORT, name: 'again' })
    client.send(Num, { n: 2 })
    await world.settle(connected)
    await world.step(200)
    t.strictSame(got, [1, 2], `reconnected after ${waited} ms`)
    t.strictSame(seen, ['client 0: end closed "bye" 7', 'again: connect'], `reconnected after ${waited} ms`)
    t.strictSame(lines, ['end closed "bye" 7', 'accepted'])
    t.equal(client.inMessages, 0)
    t.equal(client.outMessages, 1, 'counters begin anew')
    t.equal(server.peerCount, 1)
    t.equal(client.peerId, 2, 'ids of peers are never used again')
  }
})

t.test('connect, disconnect and connect again without waiting for anything', async (t) => {
  const world = new World()
  const { server, host } = await world.pair(0)
  const client = world.makeClient()
  const first = client.connect({ host, port: PORT, name: 'first' })
  const gone = client.disconnect()
  const second = client.connect({ host, port: PORT, name: 'second' })
  t.equal((await world.failure(first)).code, 'ABORTED')
  await world.settle(second)
  await world.settle(gone)
  t.strictSame(
    Array.from(server.peers, (peer) => peer.name),
    ['second'],
  )
})

t.test('reconnecting works after a rejection, a refusal and a time-out', async (t) => {
  const world = new World()
  const { server, host } = await world.pair(0)
  const client = world.makeClient({ timeoutMs: 1000 })
  const off = server.on('OnConnectRequest', (request) => request.reject('not yet'))
  await world.failure(client.connect({ host, port: PORT }))
  off()
  await world.failure(client.connect({ host, port: 9999 }))
  world.network.stages = [loss(1)]
  await world.failure(client.connect({ host, port: PORT }))
  world.network.stages = []
  await world.settle(client.connect({ host, port: PORT }))
  t.equal(client.connected, true)
  t.equal(client.errored, false)
})

t.test('messages of the last connection that still wait are not delivered in the next', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  const client = clients[0]!
  const got: number[] = []
  let connected: Promise<void> | undefined
  client.onMessage(Num, ({ n }) => {
    got.push(n)
    if (n !== 1) return
    void client.disconnect()
    connected = client.connect({ host, port: PORT })
  })
  for (let n = 1; n <= 5; n++) server.sendToAll(Num, { n })
  await world.until(() => connected !== undefined)
  await world.settle(connected!)
  await world.step(200)
  t.strictSame(got, [1])
})

// npm run soak, seed 142 of an earlier set of operations
t.test('connect() on a client that is in throws, and takes no message from it', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const { host } = await world.settle(server.listen({ port: PORT }))
  server.on('OnConnect', ({ peer }) => {
    for (let n = 1; n <= 3; n++) peer.send(Num, { n })
  })
  const client = world.makeClient()
  const got: number[] = []
  client.onMessage(Num, ({ n }) => got.push(n))
  client.on('OnConnectRequestAccepted', () => {
    // The messages that came with Welcome wait behind this step.
    t.throws(() => client.connect({ host, port: PORT }), { code: 'ALREADY_ACTIVE' })
  })
  await world.settle(client.connect({ host, port: PORT }))
  await world.step(200)
  t.strictSame(got, [1, 2, 3])
})

// npm run soak, seed 133 of an earlier set of operations
t.test('a stall between connect() and the first update does not end the attempt', async (t) => {
  const world = new World()
  const { server, host } = await world.pair(0)
  const STALL_MS = 5000 // a level is loaded: no update, and no timer
  let isStalled = true
  const clock = {
    now: () => world.clock.now(),
    unixSeconds: () => world.clock.unixSeconds(),
    setTimer: (delayMs: number, callback: () => void) => world.clock.setTimer(isStalled ? STALL_MS : delayMs, callback),
  }
  const client = world.makeClient({ clock, timeoutMs: 1000 })
  world.drive(client).isPaused = true
  world.drive(server).isPaused = true // an answer would wake the client
  const connecting = client.connect({ host, port: PORT })
  await world.step(STALL_MS - 1)
  isStalled = false
  world.drive(client).isPaused = false
  world.drive(server).isPaused = false
  await world.settle(connecting)
  t.equal(client.connected, true)
})

t.test('a slot without a Hello is freed after five seconds', async (t) => {
  const world = new World()
  const { server, host } = await world.pair(0)
  // A client whose Hello never arrives: only its netcode packets, of other sizes, pass.
  const dropped: number[] = []
  world.network.onDatagram = (outcome, { to, bytes }) => {
    if (outcome !== 'sent' || to.port !== PORT || bytes[0]! % 16 !== 5) return
    dropped.push(bytes.length)
    bytes.fill(0)
  }
  const client = world.makeClient()
  const connecting = client.connect({ host, port: PORT })
  connecting.catch(() => {})
  await world.step(1000)
  t.ok(dropped.length > 0)
  const aliveAt5 = world.network.counters.sent
  await world.step(3900)
  t.ok(world.network.counters.sent > aliveAt5, 'it is kept alive until then')
  t.equal(client.state, Client.CONNECTING)
  await world.step(400)
  t.equal((await world.failure(connecting)).code, 'ABORTED')
  t.equal(server.peerCount, 0)
})

t.test('a client of another version of the protocol is told so', async (t) => {
  const world = new World()
  const { host } = await world.pair(0)
  const { Hello } = await import('../../lib/endpoint/control-messages.js')
  // The version is the first field of Hello: a codec that writes another one stands for another version of the library.
  const codec = Hello.codec as { encode: typeof Hello.codec.encode }
  const { encode } = codec
  codec.encode = (values, bytes, view, at) => encode.call(codec, { ...(values as object), version: 2 }, bytes, view, at)
  t.teardown(() => {
    codec.encode = encode
  })
  t.match(await world.failure(world.makeClient().connect({ host, port: PORT })), {
    reason: 'version',
    detail: /the server speaks version 1 of the protocol, the client 2/,
  })
})
