// Over real sockets, on 127.0.0.1 and ::1 only.
import { createSocket } from 'node:dgram'
import t from 'tap'
import { Client, createConnectToken, NetworkError, Server } from '../../lib/index.js'
import { Chat, messages, Num } from './messages.js'

const privateKey = new Uint8Array(32).fill(7)

async function hasIpv6(): Promise<boolean> {
  const socket = createSocket('udp6')
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind(0, '::1', () => socket.close(() => resolve(true)))
  })
}

for (const host of ['127.0.0.1', '::1', 'localhost']) {
  t.test(`connect, echo and disconnect over ${host}`, async (t) => {
    if (host === '::1' && !(await hasIpv6())) return t.pass('no IPv6 here')
    await using server = new Server({ messages })
    const { port } = await server.listen(host === 'localhost' ? {} : { host })
    server.onMessage(Num, ({ n }, peer) => peer.send(Num, { n: n + 1 }))
    server.run({ hz: 200 })
    const ended = new Promise<string>((resolve) => {
      server.on('OnDisconnect', ({ reason, detail, data }) => resolve(`${reason} ${detail} ${JSON.stringify(data)}`))
    })
    await using client = new Client({ messages })
    await client.connect({ host, port, name: 'ada' })
    client.run({ hz: 200 })
    const answer = new Promise<number>((resolve) => {
      client.onMessage(Num, ({ n }) => resolve(n))
    })
    client.send(Num, { n: 41 })
    t.equal(await answer, 42)
    t.ok(client.latency > 0, `latency ${client.latency} ms`)
    await client.disconnect('bye', { ok: true })
    t.equal(await ended, 'closed bye {"ok":true}')
    t.equal(server.peerCount, 0)
    return undefined
  })
}

t.test('a dead port refuses within half a second', async (t) => {
  const probe = createSocket('udp4')
  const port = await new Promise<number>((resolve) => {
    probe.bind(0, '127.0.0.1', () => resolve(probe.address().port))
  })
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  const client = new Client({ messages })
  const start = performance.now()
  const error = await client.connect({ host: '127.0.0.1', port }).catch((e: NetworkError) => e)
  t.match(error, { code: 'REFUSED' })
  t.ok(performance.now() - start < 500, `took ${performance.now() - start} ms`)
  t.equal(client.errored, true)
})

t.test('a port that is taken rejects listen() with SOCKET and the system’s error', async (t) => {
  await using first = new Server({ messages })
  const { port } = await first.listen({ host: '127.0.0.1' })
  const second = new Server({ messages })
  const error = await second.listen({ host: '127.0.0.1', port }).catch((e: NetworkError) => e)
  t.type(error, NetworkError)
  t.match(error, { code: 'SOCKET', message: /EADDRINUSE/ })
  t.match((error as NetworkError).cause, { code: 'EADDRINUSE' })
  await first.close()
  await second.listen({ host: '127.0.0.1', port })
  await second.close()
})

t.test('a client connects again at once, and in the middle of its farewell', async (t) => {
  await using server = new Server({ messages })
  const { port } = await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 200 })
  const reasons: string[] = []
  server.on('OnDisconnect', ({ peer, detail }) => reasons.push(`${peer.name} ${detail}`))
  await using client = new Client({ messages })
  for (let i = 0; i < 5; i++) {
    await client.connect({ host: '127.0.0.1', port, name: `${i}` })
    const left = client.disconnect('see you')
    if (i % 2 === 0) await left
  }
  await client.connect({ host: '127.0.0.1', port, name: 'last' })
  t.equal(client.connected, true)
  const aborted = client.disconnect()
  const again = client.connect({ host: '127.0.0.1', port })
  await t.resolves(Promise.all([aborted, again]))
  await new Promise<void>((resolve) => {
    server.run({
      hz: 200,
      onTick: () => {
        if (reasons.length === 6) resolve()
      },
    })
  })
  t.strictSame(reasons, ['0 see you', '1 see you', '2 see you', '3 see you', '4 see you', 'last '])
})

t.test('token mode', async (t) => {
  await using server = new Server({ messages, game: 'arena', privateKey })
  const { host, port } = await server.listen({ host: '127.0.0.1' })
  const ends: string[] = []
  server.on('OnDisconnect', ({ peer, reason }) => ends.push(`${peer.name} ${reason}`))
  server.run({ hz: 100 })
  const token = (clientId: bigint): Uint8Array =>
    createConnectToken({ game: 'arena', privateKey, addresses: [`${host}:${port}`], clientId })
  await using ada = new Client({ messages, game: 'arena' })
  await ada.connect({ token: token(1n), name: 'ada' })
  ada.run({ hz: 100 })
  await using bob = new Client({ messages, game: 'arena' })
  await bob.connect({ token: async () => token(2n), name: 'bob' })
  t.strictSame(
    Array.from(server.peers, (peer) => [peer.name, peer.clientId]),
    [
      ['ada', 1n],
      ['bob', 2n],
    ],
  )
  const replaced = new Promise<string>((resolve) => {
    ada.on('OnDisconnect', ({ reason }) => resolve(reason))
  })
  await using next = new Client({ messages, game: 'arena' })
  await next.connect({ token: token(1n), name: 'ada again' })
  t.equal(await replaced, 'replaced')
  t.strictSame(ends, ['ada replaced'])
})

t.test('junk from a plain socket disturbs nobody', async (t) => {
  await using server = new Server({ messages })
  const { port } = await server.listen({ host: '127.0.0.1' })
  server.onMessage(Chat, ({ text }, peer) => peer.send(Chat, { text }))
  server.run({ hz: 200 })
  await using client = new Client({ messages })
  await client.connect({ host: '127.0.0.1', port })
  client.run({ hz: 200 })
  const socket = createSocket('udp4')
  for (let length = 0; length <= 1500; length += 10) {
    const junk = Buffer.alloc(length, length)
    socket.send(junk, port, '127.0.0.1')
  }
  const echo = new Promise<string>((resolve) => {
    client.onMessage(Chat, ({ text }) => resolve(text))
  })
  client.send(Chat, { text: 'still here' })
  t.equal(await echo, 'still here')
  socket.close()
})

t.test('a listening server keeps the process alive until close(), unless unref()', async (t) => {
  const server = new Server({ messages })
  server.unref()
  await server.listen({ host: '127.0.0.1' })
  server.ref()
  await server.close()
  t.equal(server.state, Server.DISCONNECTED)
})

t.test('disconnect() while a connection is being made rejects it with ABORTED', async (t) => {
  const client = new Client({ messages })
  const connecting = client.connect({ host: '127.0.0.1', port: 9 })
  await client.disconnect()
  const error = await connecting.catch((e: NetworkError) => e)
  t.match(error, { code: 'ABORTED' })
})
