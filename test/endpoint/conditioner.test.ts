import t from 'tap'
import { Client, type Conditioner, MessageFactory, Server, string } from '../../lib/index.js'
import { delay, loss, simulate } from '../../lib/simulator/index.js'

const messages = new MessageFactory()
const Chat = messages.define('Chat', { text: string(64) })

t.test('a client plays through its conditioner, and it can be changed while it does', async (t) => {
  const heard: string[] = []
  const { clients, step, until } = await simulate({
    seed: 1,
    messages,
    clients: 1,
    clientOptions: { conditioner: [delay(75), loss(0.2)] },
    server: (server) => server.onMessage(Chat, (chat, peer) => peer.send(Chat, chat)),
  })
  const client = clients[0]!
  client.onMessage(Chat, ({ text }) => heard.push(text))
  const texts = Array.from({ length: 50 }, (_, i) => `line ${i}`)
  for (const text of texts) {
    client.send(Chat, { text })
    await step(20)
  }
  await until(() => heard.length === texts.length)
  t.strictSame(heard, texts)
  t.ok(client.latency >= 150 && client.latency < 250, `latency ${client.latency} ms`)
  t.ok(client.packetLoss > 0.05, `loss ${client.packetLoss}`)

  client.conditioner = []
  await step(6000)
  t.ok(client.latency < 60, `latency ${client.latency} ms`)
  t.equal(client.packetLoss, 0)
})

t.test('a server has one too', async (t) => {
  const { clients, step } = await simulate({ seed: 1, messages, clients: 1, serverOptions: { conditioner: { send: [delay(100)] } } })
  await step(3000)
  t.ok(clients[0]!.latency >= 100 && clients[0]!.latency < 160, `latency ${clients[0]!.latency} ms`)
})

t.test('over real UDP', async (t) => {
  const server = new Server({ messages, game: 'conditioner' })
  const { port } = await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 60 })
  server.onMessage(Chat, (chat, peer) => peer.send(Chat, chat))
  const client = new Client({ messages, game: 'conditioner', conditioner: [delay(50)] })
  await client.connect({ host: '127.0.0.1', port })
  client.run({ hz: 60 })
  const sentAt = performance.now()
  await new Promise<void>((resolve) => {
    client.onMessage(Chat, () => resolve())
    client.send(Chat, { text: 'hi' })
  })
  t.ok(performance.now() - sentAt >= 99, 'no sooner than the stages allow')
  await client.close('goodbye')
  await server.close()
})

t.test('misuse is told at the call', async (t) => {
  const create = (conditioner: unknown) => new Client({ messages, conditioner: conditioner as Conditioner })
  const isBadOption = { code: 'BAD_OPTION', message: /"conditioner" expected/ }
  for (const wrong of [5, null, 'delay', [5], [delay], { send: delay(5) }, { sent: [] }]) t.throws(() => create(wrong), isBadOption)
  t.throws(() => {
    create([]).conditioner = [null] as unknown as Conditioner
  }, isBadOption)
  const plain = new Client({ messages })
  t.equal(plain.conditioner, undefined)
  t.throws(() => {
    plain.conditioner = []
  }, isBadOption)
})
