// waitFor, stream, whenConnected: messages as promises and iterators.
import t from 'tap'
import { MAX_MESSAGE_WAITS } from '../../lib/wire/limits.js'
import { Chat, Num, Save } from '../endpoint/messages.js'
import { PORT, World } from '../endpoint/world.js'

t.test('waitFor resolves with the first message that the predicate takes', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  const [first, second] = server.peers
  const found = server.waitFor(Num, ({ n }, peer) => n > 1 && peer === second)
  const any = clients[0]!.waitFor(Chat)
  for (const client of clients) for (const n of [1, 2, 3]) client.send(Num, { n })
  first!.send(Chat, { text: 'hi' })
  const { peer, message } = await world.settle(found)
  t.equal(peer, second)
  t.strictSame(message, { n: 2 })
  t.strictSame(await world.settle(any), { text: 'hi' })
})

t.test('messages that come together are awaited one after the other, and none is missed', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const client = clients[0]!
  const story = (async () => {
    const told: unknown[] = []
    for (let i = 0; i < 20; i++) {
      told.push((await client.waitFor(Num)).n)
      told.push((await client.waitFor(Chat)).text)
    }
    return told
  })()
  const [peer] = server.peers
  for (let n = 0; n < 20; n++) {
    peer!.send(Num, { n })
    peer!.send(Chat, { text: `${n}` })
  }
  t.strictSame(await world.settle(story), Array.from({ length: 20 }, (_, n) => [n, `${n}`]).flat())
})

t.test('a wait times out in update(), without a timer, and leaves no handler behind', async (t) => {
  const world = new World()
  const { clients } = await world.pair(1)
  const since = world.clock.now()
  const error = await world.failure(clients[0]!.waitFor(Chat, undefined, { timeoutMs: 500 }))
  t.equal(error.code, 'TIMEOUT')
  t.match(error.message, /Chat .* 500 ms/)
  const waited = world.clock.now() - since
  t.ok(waited >= 500 && waited < 540, `${waited} ms`)
  world.drive(clients[0]!).isPaused = true
  let isSettled = false
  clients[0]!.waitFor(Chat, undefined, { timeoutMs: 100 }).catch(() => {
    isSettled = true
  })
  await world.step(1000)
  t.notOk(isSettled, 'nobody called update()')
})

t.test('a message that has come in time is taken, although update() is late', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const wait = clients[0]!.waitFor(Num, undefined, { timeoutMs: 100 })
  world.drive(clients[0]!).isPaused = true
  for (const peer of server.peers) peer.send(Num, { n: 7 })
  await world.step(200)
  world.drive(clients[0]!).isPaused = false
  t.strictSame(await world.settle(wait), { n: 7 })
})

t.test('a wait rejects with DISCONNECTED when the connection ends, and when the attempt fails', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  const waits = [clients[0]!.waitFor(Chat), server.waitFor(Chat)]
  await world.settle(clients[0]!.disconnect())
  t.equal((await world.failure(waits[0]!)).code, 'DISCONNECTED')
  await world.settle(server.close())
  t.equal((await world.failure(waits[1]!)).code, 'DISCONNECTED')

  const hopeful = clients[0]!.waitFor(Chat)
  await world.failure(clients[0]!.connect({ host, port: PORT + 1 }))
  t.equal((await world.failure(hopeful)).code, 'DISCONNECTED')
  const idle = [clients[0]!.waitFor(Chat), server.waitFor(Chat)]
  await clients[0]!.close()
  await server.close()
  for (const wait of idle) t.equal((await world.failure(wait)).code, 'DISCONNECTED', 'closing what is closed ends them too')
})

t.test('a wait that began before connect gets a message of the connection', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const { host } = await server.listen({ port: PORT })
  server.on('OnConnect', ({ peer }) => peer.send(Chat, { text: 'welcome' }))
  const client = world.makeClient()
  const greeting = client.waitFor(Chat)
  await world.settle(client.connect({ host, port: PORT }))
  t.strictSame(await world.settle(greeting), { text: 'welcome' })
})

t.test('a wait rejects with what aborts it, and with what its predicate throws', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const stop = new AbortController()
  const aborted = clients[0]!.waitFor(Chat, undefined, { signal: stop.signal })
  const reason = new Error('enough')
  stop.abort(reason)
  t.equal(await world.failure(aborted), reason)
  t.equal(await world.failure(clients[0]!.waitFor(Chat, undefined, { signal: stop.signal })), reason, 'as one that was aborted before')
  const failing = clients[0]!.waitFor(Num, () => {
    throw new Error('cannot decide')
  })
  let errors = 0
  clients[0]!.on('OnError', () => errors++)
  for (const peer of server.peers) peer.send(Num, { n: 1 })
  t.match(await world.failure(failing), { message: 'cannot decide' })
  t.equal(errors, 0)
})

t.test('what is misused is refused at the call', async (t) => {
  const world = new World()
  const client = world.makeClient()
  t.throws(() => client.waitFor(Chat, 5 as never), { code: 'BAD_OPTION' })
  t.throws(() => client.waitFor(Chat, undefined, { timeoutMs: 0 }), { code: 'BAD_OPTION' })
  t.throws(() => client.stream(Chat, { limit: 0 }), { code: 'BAD_OPTION' })
  t.throws(() => client.stream(Chat, { limit: 1.5 }), { code: 'BAD_OPTION' })
})

t.test('a message of another factory is refused', async (t) => {
  const world = new World()
  const client = world.makeClient()
  await t.rejects(async () => client.waitFor({ id: 1 } as never), { code: 'UNKNOWN_MESSAGE' })
  t.throws(() => client.stream({ id: 1 } as never), { code: 'UNKNOWN_MESSAGE' })
})

t.test('so many waits and streams are open at once, and no more', async (t) => {
  const world = new World()
  const client = world.makeClient()
  const waits = Array.from({ length: MAX_MESSAGE_WAITS - 1 }, () => client.waitFor(Chat))
  const stream = client.stream(Chat)
  t.throws(() => client.waitFor(Chat), { code: 'OVERFLOW' })
  t.throws(() => client.stream(Chat), { code: 'OVERFLOW' })
  await stream.return()
  t.doesNotThrow(() => client.stream(Chat))
  await client.close()
  await Promise.allSettled(waits)
  t.doesNotThrow(() => client.stream(Chat))
})

t.test('a stream gives every message in order, however late it is asked, and ends with the connection', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(2)
  const stream = server.stream(Num)
  for (let n = 0; n < 100; n++) clients[n % 2]!.send(Num, { n })
  await world.step(100)
  t.equal(stream.waiting, 100)
  const told: string[] = []
  const reading = (async () => {
    for await (const { peer, message } of stream) told.push(`${peer.name} ${message.n}`)
  })()
  for (let n = 100; n < 110; n++) {
    clients[0]!.send(Num, { n })
    await world.step(20)
  }
  await world.settle(server.close())
  await world.settle(reading)
  t.equal(told.length, 110)
  t.strictSame(
    told.filter((line) => line.startsWith('client 1')),
    Array.from({ length: 50 }, (_, i) => `client 1 ${2 * i + 1}`),
  )
  t.equal(stream.dropped, 0)
})

t.test('what is waiting when the connection ends can still be read', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const stream = clients[0]!.stream(Num)
  for (const peer of server.peers) for (const n of [1, 2, 3]) peer.send(Num, { n })
  await world.step(50)
  await world.settle(clients[0]!.disconnect())
  const told: number[] = []
  for await (const { message } of stream) told.push(message.n)
  t.strictSame(told, [1, 2, 3])
})

t.test('break takes the handler away', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const stream = clients[0]!.stream(Num)
  const [peer] = server.peers
  for (const n of [1, 2, 3]) peer!.send(Num, { n })
  await world.step(50)
  for await (const { message } of stream) if (message.n === 2) break
  peer!.send(Num, { n: 4 })
  await world.step(50)
  t.equal(stream.waiting, 0)
  t.strictSame(await stream.next(), { done: true, value: undefined })
})

t.test('abort ends a loop with the reason, whether it waits or not', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const stop = new AbortController()
  const [waiting, behind] = [clients[0]!.stream(Num, { signal: stop.signal }), clients[0]!.stream(Chat, { signal: stop.signal })]
  const loop = (async () => {
    for await (const _ of waiting);
  })()
  for (const peer of server.peers) peer.send(Chat, { text: 'unread' })
  await world.step(50)
  const reason = new Error('enough')
  stop.abort(reason)
  t.equal(await world.failure(loop), reason)
  t.equal(await world.failure(behind.next()), reason, 'ahead of what waits')
  t.strictSame(await behind.next(), { done: true, value: undefined })
  t.equal(await world.failure(clients[0]!.stream(Num, { signal: stop.signal }).next()), reason)
})

t.test('no one can fill a server’s memory by a stream that nobody reads: the oldest gives way', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const stream = server.stream(Save, { limit: 100 })
  for (let n = 0; n < 1000; n++) clients[0]!.send(Save, { n }, { delivery: 'ordered' })
  await world.step(500)
  t.equal(stream.waiting, 100)
  t.equal(stream.dropped, 900)
  t.strictSame((await stream.next()).value?.message, { n: 900 })
})

t.test('whenConnected follows the connection', async (t) => {
  const world = new World()
  const { server, clients, host } = await world.pair(1)
  await world.settle(clients[0]!.whenConnected())
  const late = world.makeClient()
  t.equal((await world.failure(late.whenConnected())).code, 'NOT_CONNECTED')
  const connecting = late.connect({ host, port: PORT })
  await world.settle(late.whenConnected())
  await connecting
  await world.settle(late.disconnect())
  t.equal((await world.failure(late.whenConnected())).code, 'NOT_CONNECTED')
  server.acceptNewConnections = false
  const refused = late.connect({ host, port: PORT })
  const waiting = late.whenConnected()
  t.equal((await world.failure(refused)).code, 'REJECTED')
  t.equal((await world.failure(waiting)).code, 'REJECTED')
})
