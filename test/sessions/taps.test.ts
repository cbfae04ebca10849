// Taps look on, middleware stands between: what they see, what they may do, and what becomes of those that fail.
import t from 'tap'
import type { AnyMessageType, Client } from '../../lib/index.js'
import { delay } from '../../lib/simulator/index.js'
import { Chat, Num, Save } from '../endpoint/messages.js'
import { PORT, World } from '../endpoint/world.js'

t.test('a tap sees messages in both directions, on both sides, and what is sent to several once', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  const seen: string[] = []
  server.tap({
    message: (direction, peer, type, message) =>
      seen.push(`server ${direction} ${peer?.name} ${type.name} ${(message as { text: string }).text}`),
  })
  clients[0]!.tap({ message: (direction, peer, type) => seen.push(`client ${direction} ${peer} ${type.name}`) })
  server.onMessage(Chat, ({ text }, peer) => peer.send(Chat, { text: `${text}!` }))
  for (const client of clients) client.onMessage(Chat, () => {})
  clients[0]!.send(Chat, { text: 'hi' })
  await world.step(50)
  server.sendToAll(Chat, { text: 'all' })
  server.sendTo([...server.peers], Chat, { text: 'some' })
  t.strictSame(seen, [
    'client out undefined Chat',
    'server in client 0 Chat hi',
    'server out client 0 Chat hi!',
    'client in undefined Chat',
    'server out undefined Chat all',
    'server out undefined Chat some',
  ])
})

t.test('a tap sees opened packets: what one side sends is what the other receives', async (t) => {
  const world = new World({ network: [delay(10)] })
  const { server, clients } = await world.pair(1)
  const sent: string[] = []
  const received: string[] = []
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const untapClient = clients[0]!.tap({ packet: (direction, _, bytes) => direction === 'out' && sent.push(hex(bytes)) })
  const untapServer = server.tap({
    packet: (direction, peer, bytes, at) => {
      if (direction !== 'in') return
      t.equal(peer?.name, 'client 0')
      t.ok(at <= world.clock.now())
      received.push(hex(bytes))
    },
  })
  server.onMessage(Chat, () => {})
  clients[0]!.send(Chat, { text: 'look at me' })
  await world.step(200)
  const common = received.slice(received.indexOf(sent[0]!)) // some were under way when it began, and some are now
  t.ok(common.length >= 2)
  t.strictSame(common, sent.slice(0, common.length))
  t.ok(received.some((bytes) => bytes.includes(hex(new TextEncoder().encode('look at me')))))
  untapClient()
  untapServer()
  const before = received.length
  clients[0]!.send(Chat, { text: 'again' })
  await world.step(200)
  t.equal(received.length, before, 'nothing after it was taken away')
})

t.test('a tap that throws is heard by OnError, and stops neither messages nor other taps', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const failures: string[] = []
  let seen = 0
  let heard = 0
  server.on('OnError', ({ error }) => failures.push(error.code))
  const fail = (): never => {
    throw new Error('blind')
  }
  server.tap({ packet: fail, message: fail })
  server.tap({ message: () => seen++ })
  server.onMessage(Num, () => heard++)
  clients[0]!.send(Num, { n: 1 })
  await world.step(100)
  t.equal(heard, 1)
  t.equal(seen, 1)
  t.ok(failures.length >= 2 && failures.every((code) => code === 'HANDLER'))
})

t.test('the same tap added twice sees twice, and each goes by itself', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  let seen = 0
  const tap = { message: () => seen++ }
  const [first, second] = [clients[0]!.tap(tap), clients[0]!.tap(tap)]
  clients[0]!.send(Num, { n: 1 })
  t.equal(seen, 2)
  first()
  first()
  clients[0]!.send(Num, { n: 2 })
  t.equal(seen, 3)
  second()
  clients[0]!.send(Num, { n: 3 })
  t.equal(seen, 3)
  t.ok(server)
})

t.test('whatever a packet tap calls, packets stay whole', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  const client = clients[0]!
  const texts: string[] = []
  const codes: unknown[] = []
  server.onMessage(Chat, ({ text }) => texts.push(text))
  client.tap({
    packet: () => {
      client.flush()
      client.update()
      try {
        void client.connect({ host, port: PORT })
      } catch (error) {
        codes.push((error as { code: string }).code)
      }
    },
  })
  for (let i = 0; i < 50; i++) client.send(Chat, { text: `line ${i}` })
  client.flush()
  await world.step(200)
  t.strictSame(
    texts,
    Array.from({ length: 50 }, (_, i) => `line ${i}`),
  )
  t.ok(codes.length > 0 && codes.every((code) => code === 'ALREADY_ACTIVE'))
  server.tap({ packet: (_, peer) => void peer?.disconnect('tapped out') })
  let reason = ''
  client.on('OnDisconnect', (event) => {
    reason = event.detail
  })
  client.send(Chat, { text: 'last' })
  await world.step(2000)
  t.equal(reason, 'tapped out')
})

t.test('middleware changes and drops what is sent and received, in order of adding', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const client = clients[0] as Client
  const texts: string[] = []
  server.onMessage(Chat, ({ text }) => texts.push(text))
  const mark =
    (suffix: string) =>
    (type: AnyMessageType, message: unknown): unknown => {
      const event = { type, message }
      return Chat.is(event) ? { text: `${event.message.text}${suffix}` } : message
    }
  client.use({ send: mark(' s1') })
  const remove = client.use({ send: mark(' s2') })
  server.use({ receive: mark(' r1') })
  server.use({ receive: mark(' r2') })
  server.use({
    receive: (type, message) =>
      Chat.is({ type, message }) && String((message as { text: string }).text).startsWith('spam') ? undefined : message,
  })
  t.ok(client.send(Chat, { text: 'hi' }) > 0)
  await world.step(50)
  remove()
  client.send(Chat, { text: 'ho' })
  client.send(Chat, { text: 'spam' })
  await world.step(50)
  t.strictSame(texts, ['hi s1 s2 r1 r2', 'ho s1 r1 r2'])
  t.equal(server.drops.middleware, 1)
  client.use({ send: () => undefined })
  t.equal(client.send(Chat, { text: 'never' }), 0)
  t.equal(client.drops.middleware, 1)
  await world.step(50)
  t.equal(texts.length, 2)
})

t.test('what is sent to several passes once without a peer, to one with it', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(3)
  const passed: (string | undefined)[] = []
  const texts: string[] = []
  for (const client of clients) client.onMessage(Chat, ({ text }) => texts.push(text))
  server.use({
    send: (_, values, peer) => {
      passed.push(peer?.name)
      return values
    },
  })
  server.sendToAll(Chat, { text: 'a' })
  ;[...server.peers][1]!.send(Chat, { text: 'b' })
  await world.step(50)
  t.strictSame(passed, [undefined, 'client 1'])
  t.equal(texts.length, 4)
  server.use({ send: () => undefined })
  t.equal(server.sendToAll(Chat, { text: 'c' }), 0)
  t.equal(server.drops.middleware, 1, 'and is dropped once')
})

t.test('middleware that throws, or returns a promise, drops the message and OnError hears of it', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const failures: string[] = []
  let heard = 0
  server.onMessage(Num, () => heard++)
  server.on('OnError', ({ error, peer }) => failures.push(`${error.code} ${peer?.name}`))
  const [peer] = server.peers
  const fail = (): never => {
    throw new Error('in the middle')
  }
  const removeFirst = server.use({ receive: fail, send: fail })
  clients[0]!.send(Num, { n: 1 })
  await world.step(50)
  t.equal(peer!.send(Chat, { text: 'x' }), 0, 'send itself does not throw')
  t.equal(heard, 0)
  t.strictSame(failures, ['HANDLER client 0', 'HANDLER client 0'])
  removeFirst()
  const removeSecond = server.use({ receive: async (_, message) => message })
  clients[0]!.send(Num, { n: 2 })
  await world.step(50)
  t.equal(heard, 0)
  t.equal(failures.length, 3)
  t.equal(server.drops.middleware, 3)
  removeSecond()
  clients[0]!.send(Num, { n: 3 })
  await world.step(50)
  t.equal(heard, 1)
})

t.test('what middleware makes of a message is checked like any other', async (t) => {
  const world = new World()
  const { clients } = await world.pair(1)
  clients[0]!.use({ send: () => ({ n: 'many' }) })
  t.throws(() => clients[0]!.send(Num, { n: 1 }), { code: 'BAD_VALUE' })
})

t.test('middleware may end the connection of what it looks at', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  let heard = 0
  server.onMessage(Save, () => heard++)
  server.use({
    receive: (_, message, peer) => {
      void peer?.disconnect('not that')
      return message
    },
  })
  clients[0]!.use({
    send: (type, values) => {
      if (type === Num) void clients[0]!.disconnect()
      return values
    },
  })
  clients[0]!.send(Save, { n: 1 })
  await world.step(100)
  t.equal(heard, 0)
  t.equal(server.peerCount, 0)
  const again = world.makeClient()
  again.use({
    send: (_, values) => {
      void again.disconnect()
      return values
    },
  })
  void again.connect({ host: server.address!.host, port: PORT }).catch(() => {})
  t.equal(again.send(Num, { n: 1 }), 0, 'send after that sends nothing')
  await world.step(100)
})

t.test('what is neither a tap nor middleware is refused', async (t) => {
  const world = new World()
  const client = world.makeClient()
  for (const value of [undefined, null, {}, { packet: 1 }, { message: 'x' }] as never[])
    t.throws(() => client.tap(value), { code: 'BAD_OPTION' })
  for (const value of [undefined, 5, {}, { send: 1 }, { receive: {} }] as never[]) t.throws(() => client.use(value), { code: 'BAD_OPTION' })
})
