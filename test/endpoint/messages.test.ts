// What is sent arrives, as its delivery says.
import t from 'tap'
import { type AnyMessageType, MessageFactory, NetworkError, uint32 } from '../../lib/index.js'
import { delay, duplicate, loss, reorder } from '../../lib/simulator/index.js'
import { Blob, Chat, Loose, Move, messages, Num, Save, State } from './messages.js'
import { journalOfClient, journalOfServer, PORT, World } from './world.js'

t.test('misuse of send throws at the call, with a code and what was expected', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const client = clients[0]!
  const [peer] = [...server.peers]
  const stranger = new MessageFactory().define('Num', { n: uint32 })
  // Callers without types can give anything.
  const untyped = (end: { send: unknown }): { send(type: unknown, values: unknown, options?: unknown): number } => end as never
  for (const end of [untyped(client), untyped(peer!)]) {
    t.throws(() => end.send(stranger, { n: 1 }), { code: 'UNKNOWN_MESSAGE', message: /got Num/ })
    t.throws(() => end.send(undefined, { n: 1 }), { code: 'UNKNOWN_MESSAGE' })
    t.throws(() => end.send(Num, { n: -1 }), { code: 'BAD_VALUE', message: 'Num.n expected an integer from 0 to 4294967295, got -1' })
    t.throws(() => end.send(Num, {}), { code: 'BAD_VALUE' })
    t.throws(() => end.send(Num, undefined), { code: 'BAD_VALUE' })
    t.throws(() => end.send(Num, { n: 1 }, { delivery: 'fast' }), {
      code: 'BAD_OPTION',
      message: /unreliable, sequenced, reliable, ordered/,
    })
  }
  t.throws(() => client.send(State as unknown as typeof Num, { n: 1 }), { code: 'WRONG_DIRECTION' })
  t.throws(() => peer!.send(Move as unknown as typeof Num, { n: 1 }), { code: 'WRONG_DIRECTION' })
  t.throws(() => client.onMessage(stranger, () => {}), { code: 'UNKNOWN_MESSAGE' })
  t.throws(() => client.onMessage(Num, 5 as unknown as () => void), { code: 'BAD_OPTION' })
  t.throws(() => client.on('OnMessage', undefined as unknown as () => void), TypeError)
})

t.test('send before any connection throws NOT_CONNECTED', async (t) => {
  const client = new World().makeClient()
  t.throws(() => client.send(Num, { n: 1 }), { code: 'NOT_CONNECTED' })
})

t.test('send returns the bytes queued: type, length and payload', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  t.equal(clients[0]!.send(Num, { n: 1 }), 6)
  t.equal([...server.peers][0]!.send(Chat, { text: 'x'.repeat(200) }), 200 + 2 + 1 + 2)
})

t.test('a message above maxMessageBytes is refused at send, with its size and the limit', async (t) => {
  const world = new World()
  const { clients } = await world.pair(1, { client: { maxMessageBytes: 1024 } })
  t.throws(() => clients[0]!.send(Chat, { text: 'x'.repeat(1100) }), {
    code: 'MESSAGE_TOO_LARGE',
    message: 'Chat takes 1102 bytes, and maxMessageBytes allows 1024',
  })
  t.equal(clients[0]!.send(Chat, { text: 'x'.repeat(1022) }), 1027, 'up to the limit it goes')
})

t.test('the smaller maxMessageBytes of both sides holds', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { client: { maxMessageBytes: 2048 } })
  const errors: [number | undefined, string][] = []
  server.on('OnError', ({ peer, error }) => errors.push([peer?.id, error.code]))
  const [peer] = server.peers
  t.equal(peer!.send(Blob, { data: new Uint8Array(5000) }), 0, 'it does not throw: what a client says must not end a tick of the game')
  await world.step(20)
  t.strictSame(errors, [[peer!.id, 'MESSAGE_TOO_LARGE']])
  t.equal(clients[0]!.connected, true)
})

t.test('strings are measured in bytes of UTF-8, and arrive whole', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const got: string[] = []
  server.onMessage(Chat, ({ text }) => got.push(text))
  const text = 'héllo wörld 🎮'.repeat(10)
  clients[0]!.send(Chat, { text })
  t.throws(() => clients[0]!.send(Chat, { text: 'é'.repeat(1001) }), { code: 'BAD_VALUE', message: /2000/ })
  await world.step(100)
  t.strictSame(got, [text])
})

t.test('ordered messages arrive in order, all, once, through loss, duplication and reordering', async (t) => {
  for (let seed = 1; seed <= 8; seed++) {
    const world = new World({ seed, network: [delay(30, 20), loss(0.1), duplicate(0.1, 15), reorder(0.1, 30)] })
    const { server, clients } = await world.pair(1)
    const [peer] = [...server.peers]
    const up: number[] = []
    const down: number[] = []
    server.onMessage(Num, ({ n }) => up.push(n))
    clients[0]!.onMessage(Num, ({ n }) => down.push(n))
    for (let n = 0; n < 200; n++) {
      clients[0]!.send(Num, { n })
      peer!.send(Num, { n })
      if (n % 4 === 0) await world.step(10)
    }
    await world.until(() => up.length >= 200 && down.length >= 200, 20_000)
    await world.step(2000)
    const all = Array.from({ length: 200 }, (_, n) => n)
    t.strictSame(up, all, `up, seed ${seed}`)
    t.strictSame(down, all, `down, seed ${seed}`)
    t.equal(clients[0]!.pendingAcks, 0)
    t.equal(peer!.pendingAcks, 0)
  }
})

t.test('reliable messages arrive all, once; sequenced never go back; unreliable never twice', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = new World({ seed, network: [delay(30, 25), loss(0.1), duplicate(0.2, 15)] })
    const { server, clients } = await world.pair(1)
    const [peer] = [...server.peers]
    const saves: number[] = []
    const states: number[] = []
    const loose: number[] = []
    clients[0]!.onMessage(Save, ({ n }) => saves.push(n))
    clients[0]!.onMessage(State, ({ n }) => states.push(n))
    clients[0]!.onMessage(Loose, ({ n }) => loose.push(n))
    for (let n = 0; n < 200; n++) {
      peer!.send(Save, { n })
      peer!.send(State, { n })
      peer!.send(Loose, { n })
      await world.step(17)
    }
    await world.step(3000)
    t.strictSame(
      saves.toSorted((a, b) => a - b),
      Array.from({ length: 200 }, (_, n) => n),
    )
    t.strictSame(
      states,
      states.toSorted((a, b) => a - b),
    )
    t.ok(states.length > 100 && new Set(states).size === states.length, `${states.length} states`)
    t.ok(loose.length > 140 && new Set(loose).size === loose.length, `${loose.length} unreliable`)
  }
})

t.test('at a round trip of 150 ms a lost message is there again well under a second', async (t) => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World({ seed, network: [delay(75)] })
    const { server, clients } = await world.pair(1)
    await world.step(2500)
    let arrivedAt = 0
    server.onMessage(Num, () => {
      arrivedAt = world.clock.now()
    })
    world.network.stages = [loss(1)]
    const sentAt = world.clock.now()
    clients[0]!.send(Num, { n: seed })
    await world.step(20 + seed * 5)
    world.network.stages = [delay(75)]
    await world.until(() => arrivedAt > 0, 2000)
    t.ok(arrivedAt - sentAt < 700, `there after ${arrivedAt - sentAt} ms`)
  }
})

t.test('a lost ack stops mattering at the next one: nothing is sent again for ever', async (t) => {
  const world = new World({ network: [delay(20)] })
  const { server, clients } = await world.pair(1)
  const got: number[] = []
  server.onMessage(Num, ({ n }) => got.push(n))
  const serverHost = server.address!.host
  world.network.stagesFor = (from) => (from.host === serverHost ? [loss(1)] : undefined)
  for (let n = 0; n < 10; n++) clients[0]!.send(Num, { n })
  await world.step(500)
  t.equal(clients[0]!.pendingAcks, 10, 'no ack has come')
  world.network.stagesFor = undefined
  await world.until(() => clients[0]!.pendingAcks === 0, 1500)
  await world.step(3000)
  const before = clients[0]!.outPackets
  await world.step(5000)
  t.ok(clients[0]!.outPackets - before < 20, 'it is quiet again')
  t.strictSame(got, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

t.test('fragmented messages and small ones share a connection', async (t) => {
  const world = new World({ seed: 9, network: [delay(20, 5), loss(0.05)] })
  const { server, clients } = await world.pair(1)
  const [peer] = [...server.peers]
  const data = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) & 255)
  let blob: Uint8Array | undefined
  const nums: number[] = []
  let longestGap = 0
  let lastAt = world.clock.now()
  clients[0]!.onMessage(Blob, (message) => {
    blob = message.data
  })
  clients[0]!.onMessage(Num, ({ n }) => {
    nums.push(n)
    longestGap = Math.max(longestGap, world.clock.now() - lastAt)
    lastAt = world.clock.now()
  })
  peer!.send(Blob, { data })
  for (let n = 0; n < 100; n++) {
    peer!.send(Num, { n })
    await world.step(17)
  }
  await world.until(() => blob !== undefined && nums.length === 100, 20_000)
  t.same(blob, data)
  t.ok(longestGap < 600, `messages of another channel never waited longer than ${longestGap} ms`)
})

t.test('OnMessage sees every message with its type, and Type.is narrows it', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const seen: [AnyMessageType, unknown][] = []
  let texts = ''
  server.on('OnMessage', (event) => {
    seen.push([event.type, event.message])
    if (Chat.is(event)) texts += event.message.text
  })
  clients[0]!.send(Num, { n: 1 })
  clients[0]!.send(Chat, { text: 'hi' })
  await world.step(100)
  t.strictSame(seen, [
    [Num, { n: 1 }],
    [Chat, { text: 'hi' }],
  ])
  t.equal(texts, 'hi')
})

t.test('handlers are removed one by one, by their function or a signal', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  let calls = 0
  const handler = (): void => {
    calls++
  }
  const off = server.onMessage(Num, handler)
  server.onMessage(Num, handler)
  const stop = new AbortController()
  server.on('OnMessage', handler, { signal: stop.signal })
  const send = async (): Promise<number> => {
    calls = 0
    clients[0]!.send(Num, { n: 1 })
    await world.step(50)
    return calls
  }
  t.equal(await send(), 3)
  off()
  off()
  t.equal(await send(), 2, 'the same function added twice is removed once')
  stop.abort()
  t.equal(await send(), 1)
})

t.test('an echo from a handler leaves in the update that received the message', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  server.onMessage(Num, ({ n }, peer) => peer.send(Num, { n: n + 1 }))
  const got: number[] = []
  clients[0]!.onMessage(Num, ({ n }) => got.push(n))
  await world.step(2500)
  world.drive(server).isPaused = true
  world.drive(clients[0]!).isPaused = true
  clients[0]!.send(Num, { n: 1 })
  clients[0]!.flush()
  world.clock.advance(1)
  server.update()
  world.clock.advance(1)
  clients[0]!.update()
  t.strictSame(got, [2])
})

t.test('update() inside a handler does nothing', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const order: string[] = []
  server.onMessage(Num, ({ n }) => {
    order.push(`begin ${n}`)
    server.update()
    order.push(`end ${n}`)
  })
  clients[0]!.send(Num, { n: 1 })
  clients[0]!.send(Num, { n: 2 })
  await world.step(100)
  t.strictSame(order, ['begin 1', 'end 1', 'begin 2', 'end 2'])
})

t.test('nothing is sent outside update(): send only queues', async (t) => {
  const world = new World()
  const { clients } = await world.pair(1)
  await world.step(3000)
  world.drive(clients[0]!).isPaused = true
  await world.step(10)
  const before = clients[0]!.outPackets
  clients[0]!.send(Num, { n: 1 })
  await world.step(100)
  t.equal(clients[0]!.outPackets, before)
  clients[0]!.flush()
  t.equal(clients[0]!.outPackets, before + 1, 'until flush()')
})

t.test('a slow loop beside a fast one resends nothing without loss, and latency is right within 2 ms', async (t) => {
  for (const [serverHz, clientHz] of [
    [10, 144],
    [144, 10],
    [10, 10],
    [60, 144],
  ]) {
    const world = new World({ network: [delay(40)] })
    const server = world.makeServer({}, serverHz)
    const { host } = await world.settle(server.listen({ port: PORT }))
    const client = world.makeClient({}, clientHz)
    await world.settle(client.connect({ host, port: PORT }))
    await world.step(3000)
    const [peer] = [...server.peers]
    // A message of 1000 bytes fills a datagram: a resent one would show as one more large datagram.
    let large = 0
    world.network.onDatagram = (outcome, { bytes }) => {
      if (outcome === 'sent' && bytes.length > 1000) large++
    }
    let got = 0
    server.onMessage(Chat, () => got++)
    client.onMessage(Chat, () => got++)
    for (let i = 0; i < 100; i++) {
      client.send(Chat, { text: 'x'.repeat(1000) })
      peer!.send(Chat, { text: 'y'.repeat(1000) })
      await world.step(97)
    }
    await world.step(1000)
    const name = `server at ${serverHz} Hz, client at ${clientHz} Hz`
    t.equal(got, 200, name)
    t.equal(large, 200, `${name}: nothing was sent twice`)
    t.equal(client.packetLoss, 0)
    t.equal(peer!.packetLoss, 0)
    t.ok(Math.abs(client.latency - 80) <= 2, `${name}: the client's latency is ${client.latency}`)
    t.ok(Math.abs(peer!.latency - 80) <= 2, `${name}: the server's latency is ${peer!.latency}`)
  }
})

t.test('two clients are never confused, nor when one server datagram after another is theirs in turn', async (t) => {
  const world = new World({ seed: 4, network: [delay(10, 10), loss(0.05), duplicate(0.1, 5)] })
  const { server, clients } = await world.pair(5)
  const wrong: string[] = []
  let right = 0
  server.onMessage(Num, ({ n }, peer) => {
    if (peer.name === `client ${n % 5}`) right++
    else wrong.push(`${n} from ${peer.name}`)
    peer.send(Num, { n })
  })
  clients.forEach((client, i) => {
    client.onMessage(Num, ({ n }) => {
      if (n % 5 === i) right++
      else wrong.push(`${n} to ${i}`)
    })
  })
  for (let n = 0; n < 500; n++) {
    clients[n % 5]!.send(Num, { n })
    if (n % 10 === 0) await world.step(5)
  }
  await world.until(() => right + wrong.length >= 1000)
  t.strictSame(wrong, [])
  t.equal(right, 1000)
})

t.test('a stall of three seconds on either side ends no connection and loses nothing', async (t) => {
  for (const side of ['server', 'client'] as const) {
    const world = new World({ network: [delay(20)] })
    const { server, clients } = await world.pair(1)
    const client = clients[0]!
    const ends = [journalOfServer(server), journalOfClient(client)]
    const got: number[] = []
    server.onMessage(Num, ({ n }) => got.push(n))
    let n = 0
    const play = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 50) {
        client.send(Num, { n: n++ })
        await world.step(50)
      }
    }
    await play(1000)
    world.drive(side === 'server' ? server : client).isPaused = true
    await play(3000)
    world.drive(side === 'server' ? server : client).isPaused = false
    await play(1000)
    await world.step(1000)
    t.strictSame(
      got,
      Array.from({ length: n }, (_, i) => i),
      side,
    )
    t.strictSame(ends, [[], []])
    t.equal(client.connected, true)
    t.ok(client.latency < 60, `latency ${client.latency}`)
  }
})

t.test('a breakpoint of a minute with timeoutMs 0 ends no connection, on either side', async (t) => {
  for (const side of ['server', 'client'] as const) {
    const world = new World({ network: [delay(20)] })
    const { server, clients } = await world.pair(1, { server: { timeoutMs: 0 }, client: { timeoutMs: 0 } })
    const client = clients[0]!
    world.drive(side === 'server' ? server : client).isPaused = true
    await world.step(60_000)
    world.drive(side === 'server' ? server : client).isPaused = false
    let got = 0
    server.onMessage(Num, () => got++)
    client.onMessage(Num, () => got++)
    client.send(Num, { n: 1 })
    server.sendToAll(Num, { n: 1 })
    await world.step(1000)
    t.equal(got, 2, side)
    t.equal(client.connected, true)
    t.equal(server.peerCount, 1)
  }
})

t.test('a breakpoint of a minute on one side ends no connection where only the other side has no time-out to fear', async (t) => {
  // The stalled side has the default time-out: its own deadlines move by the stall, whatever waited in its inbox.
  const world = new World({ network: [delay(20)] })
  const server = world.makeServer({ timeoutMs: 2000 })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ timeoutMs: 2000 })
  await world.settle(client.connect({ host, port: PORT }))
  world.drive(server).isPaused = true
  world.drive(client).isPaused = true
  await world.step(60_000)
  world.drive(server).isPaused = false
  world.drive(client).isPaused = false
  await world.step(3000)
  t.equal(client.connected, true)
  t.equal(server.peerCount, 1)
})

t.test('user definitions cannot collide with those of the system: ids from 0 and names such as Hello are free', async (t) => {
  const own = new MessageFactory()
  const types = ['Hello', 'Welcome', 'Goodbye', 'Reject', 'Ack', 'Ping'].map((name, id) => own.define(name, { n: uint32 }, { id }))
  const world = new World()
  const server = world.makeServer({ messages: own })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ messages: own })
  await world.settle(client.connect({ host, port: PORT }))
  const got: number[] = []
  for (const type of types) server.onMessage(type, ({ n }) => got.push(n))
  for (const [n, type] of types.entries()) client.send(type, { n })
  await world.step(100)
  t.strictSame(got, [0, 1, 2, 3, 4, 5])
})

t.test('a frozen factory takes no more definitions', async (t) => {
  t.throws(() => messages.define('Late', { n: uint32 }), Error)
  t.type(new NetworkError('HANDLER', 'x'), Error)
})

t.test('a message in the wrong direction is dropped and counted, not decoded', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const [peer] = [...server.peers]
  // Only a dishonest client can: the connection is handed the message as if it had come in a packet.
  const got: unknown[] = []
  server.on('OnMessage', (event) => got.push(event.message))
  const { link } = peer!.connection
  link.handleMessage(0, State.id, Uint8Array.of(1, 0, 0, 0), 0, 4, false)
  link.handleMessage(0, 9999, Uint8Array.of(1, 0, 0, 0), 0, 4, false)
  link.handleMessage(0, Num.id, Uint8Array.of(1, 0), 0, 2, false)
  await world.step(100)
  t.strictSame(got, [])
  t.match(server.drops, { wrongDirection: 1, unknownMessage: 1, malformedMessage: 1, earlyMessage: 0 })
  t.equal(clients[0]!.connected, true)
})

// npm run soak -- --seed 8
t.test('a lifetime counts from send(), while connecting too', async (t) => {
  const own = new MessageFactory()
  const Brief = own.define('Brief', { n: uint32 }, { ttlMs: 100 })
  const Long = own.define('Long', { n: uint32 }, { ttlMs: 60_000 })
  const world = new World({ network: [delay(100)] }) // it takes 600 ms to get in
  const server = world.makeServer({ messages: own })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient({ messages: own })
  const got: string[] = []
  server.onMessage(Brief, ({ n }) => got.push(`brief ${n}`))
  server.onMessage(Long, ({ n }) => got.push(`long ${n}`))
  const connected = client.connect({ host, port: PORT })
  client.send(Brief, { n: 1 })
  client.send(Long, { n: 1 })
  await world.settle(connected)
  client.send(Brief, { n: 2 })
  await world.step(1000)
  t.strictSame(got, ['long 1', 'brief 2'])
  t.equal(client.unsentMessages, 1)
})
