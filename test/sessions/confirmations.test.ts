// sendConfirmed: resolves only when the other side's handlers have ended.
import t from 'tap'
import type { Client, Peer, Server } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { Loose, messages, Note, openShop, Shout, Upload } from './shop.js'

const firstPeer = (server: Server): Peer => [...server.peers][0]!

t.test('resolves when the handlers have ended, both ways, asynchronous ones too', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(20)] })
  const client = clients[0]!
  const journal: string[] = []
  server.onMessage(Note, ({ n }, peer) => {
    journal.push(`${peer.name} ${n}`)
  })
  server.onMessage(Note, () => new Promise<void>((resolve) => world.clock.setTimer(300, resolve)).then(() => journal.push('slow')))
  client.onMessage(Shout, ({ text }) => journal.push(text))
  await world.settle(client.sendConfirmed(Note, { n: 7 }))
  t.strictSame(journal.splice(0), ['client 0 7', 'slow'])
  const at = world.clock.now()
  t.equal(await world.settle(firstPeer(server).sendConfirmed(Shout, { text: 'hi' })), undefined)
  t.strictSame(journal, ['hi'])
  t.ok(world.clock.now() - at < 100, 'a round trip, and a turn of each loop')
})

t.test('what was sent before is heard before, and what a handler sends is heard before its confirmation', async (t) => {
  const { world, server, clients } = await openShop({ seed: 3, network: [delay(30, 20), loss(0.2)] })
  const client = clients[0]!
  const heard: number[] = []
  server.onMessage(Note, ({ n }, peer) => {
    heard.push(n)
    peer.send(Note, { n: -n + 100 })
  })
  const back: number[] = []
  client.onMessage(Note, ({ n }) => back.push(n))
  const confirmed: [number, boolean][] = []
  for (let n = 0; n < 40; n++) {
    if (n % 2 === 0) client.send(Note, { n })
    else void client.sendConfirmed(Note, { n }).then(() => confirmed.push([n, back.includes(100 - n)]))
    await world.step(10)
  }
  await world.until(() => confirmed.length === 20)
  t.strictSame(
    heard,
    Array.from({ length: 40 }, (_, n) => n),
  )
  t.strictSame(
    confirmed,
    Array.from({ length: 20 }, (_, i) => [2 * i + 1, true]),
  )
})

t.test('an unreliable message arrives all the same, in order, and counts as the message that it is', async (t) => {
  const { world, server, clients } = await openShop({ seed: 5, network: [delay(20), loss(0.3)] })
  const heard: number[] = []
  server.on('OnMessage', (event) => {
    if (Loose.is(event)) heard.push(event.message.n)
  })
  const all = Array.from({ length: 30 }, (_, n) => clients[0]!.sendConfirmed(Loose, { n }))
  await world.settle(Promise.all(all))
  t.strictSame(
    heard,
    Array.from({ length: 30 }, (_, n) => n),
  )
  t.equal(firstPeer(server).inMessages, 30)
  t.equal(clients[0]!.outMessages, 30)
  t.equal(clients[0]!.inMessages, 0, 'confirmations are none of the game')
})

t.test('a handler that fails, and one that is not there, are told from each other', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  const causes: unknown[] = []
  server.on('OnError', ({ error, peer }) => causes.push([error.code, peer?.name, (error.cause as Error).message]))
  const send = (): Promise<unknown> => world.failure(client.sendConfirmed(Note, { n: 1 }))
  t.match(await send(), { code: 'NO_HANDLER', message: 'the other side has no handler for Note' })
  let removes = [
    server.onMessage(Note, () => {
      throw new Error('a secret')
    }),
  ]
  const failure = await send()
  t.match(failure, { code: 'HANDLER', message: 'a handler of Note failed at the other side' })
  t.equal((failure as Error).cause, undefined)
  for (const remove of removes) remove()
  removes = [
    server.onMessage(Note, async () => {
      await Promise.resolve()
      throw new Error('later')
    }),
    server.onMessage(Note, () => {}),
  ]
  t.match(await send(), { code: 'HANDLER' })
  for (const remove of removes) remove()
  const removeListener = server.on('OnMessage', async () => {
    throw new Error('listening')
  })
  t.match(await send(), { code: 'HANDLER' }, 'a listener of OnMessage is a handler too')
  removeListener()
  t.strictSame(
    causes.map((cause) => (cause as string[])[2]),
    ['a secret', 'later', 'listening'],
  )
  t.match(await send(), { code: 'NO_HANDLER' })
})

t.test('large messages travel in fragments, up to maxMessageBytes with 6 bytes of their own', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(20), loss(0.02)], server: { maxMessageBytes: 100_000 } })
  const client = clients[0]!
  let bytes = 0
  server.onMessage(Upload, ({ data }) => {
    bytes = data.length
  })
  const largest = 100_000 - 3 - 5 // the length of the data, and type and number of the message
  await world.settle(client.sendConfirmed(Upload, { data: new Uint8Array(largest) }))
  t.equal(bytes, largest)
  t.match(await world.failure(client.sendConfirmed(Upload, { data: new Uint8Array(largest + 1) })), { code: 'MESSAGE_TOO_LARGE' })
  t.throws(() => client.sendConfirmed(Upload, { data: new Uint8Array(263_000) }), { code: 'MESSAGE_TOO_LARGE' })
  await world.settle(client.sendConfirmed(Upload, { data: new Uint8Array(1) }))
  t.equal(bytes, 1, 'and the connection goes on')
})

t.test('gives up at its time-out or by its signal, and the late confirmation is counted; the message arrives all the same', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(100)] })
  const client = clients[0]!
  const heard: number[] = []
  server.onMessage(Note, ({ n }) => heard.push(n))
  t.match(await world.failure(client.sendConfirmed(Note, { n: 1 }, { timeoutMs: 50 })), { code: 'CONFIRM_TIMEOUT' })
  const abort = new AbortController()
  const promise = client.sendConfirmed(Note, { n: 2 }, { signal: abort.signal })
  await world.step(20)
  abort.abort(new Error('enough'))
  await t.rejects(promise, { message: 'enough' })
  await world.step(400)
  t.strictSame(heard, [1, 2])
  t.equal(client.drops.lateReply, 2)
  await t.rejects(client.sendConfirmed(Note, { n: 3 }, { signal: abort.signal }), { message: 'enough' })
  await world.step(400)
  t.strictSame(heard, [1, 2], 'an aborted signal sends nothing')
})

t.test('the end of the connection rejects what is not confirmed', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  const peer = firstPeer(server)
  server.onMessage(Note, () => new Promise<void>(() => {}))
  client.onMessage(Note, () => new Promise<void>(() => {}))
  const waiting = [client.sendConfirmed(Note, { n: 1 }), peer.sendConfirmed(Note, { n: 1 })]
  await world.step(100)
  void client.disconnect()
  for (const promise of waiting) t.match(await world.failure(promise), { code: 'DISCONNECTED' })
  t.match(await world.failure(client.sendConfirmed(Note, { n: 1 })), { code: 'DISCONNECTED' })
  t.match(await world.failure(peer.sendConfirmed(Note, { n: 1 })), { code: 'DISCONNECTED' })
})

t.test('1024 messages wait to be confirmed on a connection, and one more is refused on either side', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  const ends: (() => void)[] = []
  server.onMessage(Note, () => new Promise<void>((resolve) => ends.push(resolve)))
  const all = Array.from({ length: 1024 }, (_, n) => client.sendConfirmed(Note, { n }, { timeoutMs: 500 }))
  t.match(await world.failure(client.sendConfirmed(Note, { n: 1 })), { code: 'BUSY', message: /1024 messages wait/ })
  await world.step(600)
  t.ok((await Promise.allSettled(all)).every((result) => result.status === 'rejected' && result.reason.code === 'CONFIRM_TIMEOUT'))
  t.match(await world.failure(client.sendConfirmed(Note, { n: 1 })), { code: 'BUSY', message: /the other side handles 1024/ })
  for (const end of ends) end()
  await world.step(50)
  const next = client.sendConfirmed(Note, { n: 1 })
  await world.step(50)
  ends.at(-1)!()
  await t.resolves(world.settle(next))
})

t.test('what is confirmed before Welcome was read waits for its turn', async (t) => {
  // The server greets in OnConnect: on a lane of its own, so that it may overtake the Welcome.
  for (let seed = 1; seed <= 8; seed++) {
    const { world, server } = await openShop({ seed, clients: 0, network: [delay(30, 30), loss(0.3)] })
    const greeted: Promise<void>[] = []
    server.on('OnConnect', ({ peer }) => greeted.push(peer.sendConfirmed(Shout, { text: 'hi' })))
    const client = world.makeClient({ messages })
    const journal: string[] = []
    client.on('OnConnectRequestAccepted', () => journal.push('in'))
    client.onMessage(Shout, ({ text }) => journal.push(text))
    await world.settle(client.connect({ host: '10.0.0.1', port: 9000 }))
    await world.settle(Promise.all(greeted))
    t.strictSame(journal, ['in', 'hi'], `seed ${seed}`)
  }
})

t.test('misuse throws at the call, with a code', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]! as Client
  t.throws(() => client.sendConfirmed(Note, { n: -1 }), { code: 'BAD_VALUE' })
  t.throws(() => client.sendConfirmed(Shout as never, { text: 'x' } as never), { code: 'WRONG_DIRECTION' })
  t.throws(() => client.sendConfirmed('Note' as never, {} as never), { code: 'UNKNOWN_MESSAGE' })
  t.throws(() => client.sendConfirmed(Note, { n: 1 }, { timeoutMs: -5 }), { code: 'BAD_OPTION' })
  t.throws(() => firstPeer(server).sendConfirmed(Upload as never, { data: new Uint8Array(1) } as never), { code: 'WRONG_DIRECTION' })
  t.throws(() => world.makeClient({ messages }).sendConfirmed(Note, { n: 1 }), { code: 'NOT_CONNECTED' })
})
