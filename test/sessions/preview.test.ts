// preview(): what a message would be on the wire.
import t from 'tap'
import { Blob, Chat, Move, Num, State } from '../endpoint/messages.js'
import { World } from '../endpoint/world.js'

t.test('bytes and sizes of a message, without sending it', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const texts: string[] = []
  server.onMessage(Chat, ({ text }) => texts.push(text))
  const { bytes, size, wireBytes } = clients[0]!.preview(Chat, { text: 'hi' })
  t.equal(Buffer.from(bytes).toString('hex'), '026869')
  t.equal(size, 3)
  t.equal(wireBytes, 5)
  const queued = clients[0]!.send(Chat, { text: 'hi' })
  t.equal(queued, wireBytes)
  const other = server.preview(State, { n: 1 })
  await world.step(50)
  t.strictSame(texts, ['hi'], 'only what was sent')
  bytes.fill(0)
  t.equal(other.size, 4)
  t.equal(clients[0]!.outMessages, 1)
})

t.test('a preview changes nothing of what is queued around it, however large', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const sizes: number[] = []
  server.onMessage(Blob, ({ data }) => sizes.push(data.every((byte) => byte === data.length % 251) ? data.length : -1))
  const client = clients[0]!
  const lengths = [10, 60_000, 1, 200_000, 300, 64_000, 5]
  for (const length of lengths) {
    client.preview(Blob, { data: new Uint8Array(length).fill(255) })
    client.send(Blob, { data: new Uint8Array(length).fill(length % 251) })
    client.preview(Blob, { data: new Uint8Array(90_000).fill(255) })
  }
  await world.until(() => sizes.length === lengths.length)
  t.strictSame(sizes, lengths)
})

t.test('it throws what send would throw', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1, { server: { maxMessageBytes: 2000 } })
  const client = clients[0]!
  t.throws(() => client.preview(Num, { n: -1 }), { code: 'BAD_VALUE' })
  t.throws(() => client.preview(State as never, { n: 1 } as never), { code: 'WRONG_DIRECTION' })
  t.throws(() => server.preview(Move as never, { n: 1 } as never), { code: 'WRONG_DIRECTION' })
  t.throws(() => client.preview({} as never, {} as never), { code: 'UNKNOWN_MESSAGE' })
  t.throws(() => client.preview(Blob, { data: new Uint8Array(3000) }), { code: 'MESSAGE_TOO_LARGE' }, 'above the bound of the server')
  t.doesNotThrow(() => world.makeClient().preview(Num, { n: 1 }), 'it needs no connection')
  t.doesNotThrow(() => client.send(Num, { n: 1 }))
})
