// What a peer that does not keep to the rules can do with requests and confirmations: nothing to others, and nothing without bounds.
import t from 'tap'
import type { PeerConnection } from '../../lib/endpoint/peer-connection.js'
import { Client, type InputOf, type MessageType, type Peer } from '../../lib/index.js'
import {
  CANCELLATION,
  CONFIRMABLE,
  CONFIRMATION,
  encodeCancellation,
  encodeConfirmable,
  encodeConfirmation,
} from '../../lib/sessions/system-messages.js'
import { seededEntropy } from '../../lib/simulator/index.js'
import { FIRST_SYSTEM_ID, SYSTEM_IDS } from '../../lib/wire/limits.js'
import { Buy, Choose, Fetch, messages, Note, openShop, type Shop, Shout } from './shop.js'

/** A client that says on the library's own messages, and on those of requests, what it likes. */
class Liar extends Client {
  get link(): PeerConnection {
    return this.connectionOf()!
  }
}

type Raw = MessageType<string, any, any, 'both'>
const rawChooseReply = messages.getByName('Choose.reply') as Raw
const rawFetch = messages.getByName('Fetch') as Raw
const rawFetchReply = messages.getByName('Fetch.reply') as Raw
const rawBuy = messages.getByName('Buy') as Raw

async function openWithLiar(): Promise<Shop & { readonly liar: Liar; readonly peer: Peer; readonly liarsPeer: Peer }> {
  const shop = await openShop()
  const { world, server } = shop
  const transport = world.network.transport()
  const liar = world.add(new Liar({ messages, clock: world.clock, transport, entropy: seededEntropy(99) }))
  await world.settle(liar.connect({ host: '10.0.0.1', port: 9000, name: 'liar' }))
  const [peer, liarsPeer] = [...server.peers]
  return { ...shop, liar, peer: peer!, liarsPeer: liarsPeer! }
}

const reply = (id: number, values: InputOf<Raw>): object => ({ id, status: 'done', detail: undefined, values })

t.test('no peer can answer for another: replies count only on the connection that was asked', async (t) => {
  const { world, server, clients, liar, peer } = await openWithLiar()
  let asked = 0
  clients[0]!.respond(Choose, () => {
    asked++
    return new Promise(() => {})
  })
  let hasReply = false
  const promise = peer.request(Choose, { cards: 3 }, { timeoutMs: 500 }).finally(() => {
    hasReply = true
  })
  await world.step(100)
  t.equal(asked, 1)
  for (let id = 0; id < 10; id++) liar.send(rawChooseReply, reply(id, { card: 1 }))
  await world.step(100)
  t.notOk(hasReply)
  t.equal(server.drops.lateReply, 10)
  t.match(await world.failure(promise), { code: 'REQUEST_TIMEOUT' })
})

t.test('no peer can confirm what it was not sent, nor cancel what another asks', async (t) => {
  const { world, server, clients, liar, peer } = await openWithLiar()
  let hasEnded = false
  let answer: (reply: { gold: number }) => void = () => {}
  let isAborted = false
  clients[0]!.onMessage(Note, () => new Promise<void>(() => {}))
  server.respond(Buy, (_, { signal }) => {
    signal.addEventListener('abort', () => {
      isAborted = true
    })
    return new Promise((resolve) => {
      answer = resolve
    })
  })
  const confirmed = peer.sendConfirmed(Note, { n: 1 }, { timeoutMs: 500 }).finally(() => {
    hasEnded = true
  })
  const bought = clients[0]!.request(Buy, { item: 1 })
  await world.step(100)
  for (let id = 0; id < 10; id++) {
    liar.link.sendSystem(CONFIRMATION, encodeConfirmation(id, 'handled'), Note, 0)
    liar.link.sendSystem(CANCELLATION, encodeCancellation(id), Note, 0)
  }
  await world.step(100)
  t.notOk(hasEnded)
  t.notOk(isAborted)
  t.equal(server.drops.lateReply, 20)
  answer({ gold: 5 })
  t.match(await world.settle(bought), { gold: 5 })
  t.match(await world.failure(confirmed), { code: 'CONFIRM_TIMEOUT' })
})

t.test('a reply to another request, or one that contradicts itself, is no reply', async (t) => {
  const { world, server, liar, liarsPeer } = await openWithLiar()
  let ends = 0
  const count = (): void => {
    ends++
  }
  const first = liarsPeer.request(Choose, { cards: 3 }, { timeoutMs: 500 })
  first.then(count, count)
  liar.respond(Choose, () => new Promise(() => {}))
  await world.step(50)
  liar.send(rawFetchReply, reply(1, { data: new Uint8Array(3) })) // of the asked number, and another type
  liar.send(rawChooseReply, { id: 1, status: 'done', detail: undefined, values: undefined })
  liar.send(rawChooseReply, { id: 1, status: 'busy', detail: undefined, values: { card: 1 } })
  await world.step(100)
  t.equal(ends, 0)
  t.equal(server.drops.malformedMessage, 3)
  liar.send(rawChooseReply, reply(1, { card: 9 }))
  t.match(await world.settle(first), { card: 9 })
  liar.send(rawChooseReply, reply(1, { card: 8 }))
  await world.step(100)
  t.equal(server.drops.lateReply, 1, 'the second one')
})

t.test('malformed and unknown messages of the library are dropped and counted, on every lane, and end nothing', async (t) => {
  const { world, server, liar } = await openWithLiar()
  server.onMessage(Note, () => {})
  const note = Uint8Array.of(1, 0, 0, 0)
  const bad: [typeId: number, payload: Uint8Array, counter: 'malformedMessage' | 'unknownMessage' | 'wrongDirection'][] = [
    [CONFIRMABLE, new Uint8Array(0), 'malformedMessage'],
    [CONFIRMABLE, new Uint8Array(4), 'malformedMessage'],
    [CONFIRMABLE, Uint8Array.of(0, 0, 0, 0, 0xff), 'malformedMessage'],
    [CONFIRMABLE, encodeConfirmable(1, Note.id, note, 0, 3), 'malformedMessage'],
    [CONFIRMABLE, encodeConfirmable(1, 12_000, note, 0, 4), 'unknownMessage'],
    [CONFIRMABLE, encodeConfirmable(1, 2 ** 40, note, 0, 4), 'unknownMessage'],
    [CONFIRMABLE, encodeConfirmable(1, CONFIRMABLE, note, 0, 4), 'unknownMessage'],
    [CONFIRMABLE, encodeConfirmable(1, Shout.id, Uint8Array.of(1, 65), 0, 2), 'wrongDirection'],
    [CONFIRMATION, new Uint8Array(4), 'malformedMessage'],
    [CONFIRMATION, Uint8Array.of(1, 0, 0, 0, 4), 'malformedMessage'],
    [CONFIRMATION, new Uint8Array(6), 'malformedMessage'],
    [CANCELLATION, new Uint8Array(3), 'malformedMessage'],
    [CANCELLATION, new Uint8Array(5), 'malformedMessage'],
    [CANCELLATION + 1, new Uint8Array(4), 'unknownMessage'],
    [FIRST_SYSTEM_ID + SYSTEM_IDS - 1, new Uint8Array(0), 'unknownMessage'],
  ]
  for (const [typeId, payload, counter] of bad) {
    const before = { ...server.drops }
    liar.link.sendSystem(typeId, payload, Note, 0)
    await world.step(50)
    t.strictSame({ ...server.drops }, { ...before, [counter]: before[counter] + 1 }, `${typeId}: ${Buffer.from(payload).toString('hex')}`)
  }
  t.ok(liar.connected)
  await t.resolves(world.settle(liar.sendConfirmed(Note, { n: 1 })))
})

t.test('messages of the library count only on ordered lanes, where each arrives once', async (t) => {
  const { world, server, liar } = await openWithLiar()
  let handled = 0
  server.onMessage(Note, () => handled++)
  const payload = encodeConfirmable(1, Note.id, Uint8Array.of(1, 0, 0, 0), 0, 4)
  for (const lane of [-1, -2, 32]) {
    // As sendSystem does, on a lane of another kind.
    const { pool } = liar as unknown as { pool: { frame(typeId: number, payload: Uint8Array): { lane: number; priority: number } } }
    const message = pool.frame(CONFIRMABLE, payload)
    message.lane = lane
    liar.link.protocol.send(message as never, Number.POSITIVE_INFINITY, 0)
    liar.link.wake()
    await world.step(50)
  }
  t.equal(handled, 0)
  t.equal(server.drops.unknownMessage, 3)
})

t.test('a request under a number that is being answered is dropped and counted', async (t) => {
  const { world, server, liar } = await openWithLiar()
  let runs = 0
  server.respond(Fetch, () => {
    runs++
    return new Promise(() => {})
  })
  for (let i = 0; i < 5; i++) liar.send(rawFetch, { id: 9, values: { bytes: 1 } })
  await world.step(100)
  t.equal(runs, 1)
  t.equal(server.drops.repeatedRequest, 4)
})

t.test('a flood of requests, of cancellations and of messages to be confirmed makes a server keep 1024 of each', async (t) => {
  const { world, server, liar } = await openWithLiar()
  let running = 0
  let mostRunning = 0
  let handling = 0
  server.respond(Buy, () => {
    mostRunning = Math.max(mostRunning, ++running)
    return new Promise(() => {})
  })
  server.onMessage(Note, () => {
    handling++
    return new Promise<void>(() => {})
  })
  for (let id = 1; id <= 3000; id++) {
    liar.send(rawBuy, { id, values: { item: 1 } })
    liar.link.sendSystem(CANCELLATION, encodeCancellation(id), Note, 0)
    liar.link.sendSystem(CONFIRMABLE, encodeConfirmable(id, Note.id, Uint8Array.of(1, 0, 0, 0), 0, 4), Note, 0)
  }
  await world.step(400)
  t.equal(mostRunning, 1024)
  t.equal(handling, 1024)
  t.ok(liar.connected, 'it is answered that it is too much')
  t.equal(liar.drops.lateReply, 2 * (3000 - 1024))
})

t.test('a client that takes no message at all costs the server nothing but its own answers', async (t) => {
  const { world, server } = await openShop({ clients: 0 })
  const errors: string[] = []
  server.on('OnError', ({ error }) => errors.push(error.code))
  server.respond(Buy, () => ({ gold: 1 }))
  const liar = world.add(new Liar({ messages, clock: world.clock, transport: world.network.transport(), entropy: seededEntropy(99) }))
  let peer: Peer | undefined
  server.on('OnConnect', (event) => {
    peer = event.peer
    peer.connection.link.maxMessageBytes = 0 // as its Hello may say
  })
  await world.settle(liar.connect({ host: '10.0.0.1', port: 9000 }))
  liar.send(rawBuy, { id: 1, values: { item: 1 } })
  await world.step(100)
  t.strictSame(errors, ['HANDLER'])
  t.match(await world.failure(peer!.request(Choose, { cards: 1 })), { code: 'MESSAGE_TOO_LARGE' })
  t.match(await world.failure(peer!.sendConfirmed(Note, { n: 1 })), { code: 'MESSAGE_TOO_LARGE' })
  t.ok(peer!.connected)
})

t.test('a server that lies to a client gets no further', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  const [peer] = [...server.peers]
  let hasEnded = false
  server.respond(Buy, () => new Promise(() => {}))
  client.request(Buy, { item: 1 }, { timeoutMs: 1000 }).then(
    () => {
      hasEnded = true
    },
    () => {},
  )
  await world.step(50)
  const { link } = peer!.connection
  for (let id = 0; id < 5; id++) {
    link.sendSystem(CONFIRMATION, encodeConfirmation(id, 'handled'), Note, 0)
    link.sendSystem(CANCELLATION, encodeCancellation(id), Note, 0)
  }
  peer!.send(messages.getByName('Buy.reply') as Raw, reply(77, { gold: 1, left: undefined }))
  await world.step(100)
  t.notOk(hasEnded)
  t.equal(client.drops.lateReply, 11)
})
