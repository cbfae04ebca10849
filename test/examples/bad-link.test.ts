import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import { BadLink, type BadLinkOptions } from '../../examples/arena/bad-link.js'

type Cleaner = { teardown(callback: () => void): void }

async function openSocket(t: Cleaner): Promise<Socket> {
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** A server that sends everything back, and a link to it. */
async function openLink(t: Cleaner, options: Partial<BadLinkOptions>): Promise<{ link: BadLink; server: Socket; ports: Set<number> }> {
  const server = await openSocket(t)
  const ports = new Set<number>()
  server.on('message', (datagram, source) => {
    ports.add(source.port)
    server.send(datagram, source.port, source.address)
  })
  const link = await BadLink.open({ serverPort: server.address().port, latencyMs: 0, loss: 0, maxClients: 8, ...options })
  t.teardown(() => link.close())
  return { link, server, ports }
}

async function echoOf(player: Socket, text: string, port: number): Promise<string> {
  const received = once(player, 'message')
  player.send(text, port, '127.0.0.1')
  const [datagram] = await received
  return String(datagram)
}

t.test('carries datagrams both ways, each player over a port of its own', async (t) => {
  const { link, ports } = await openLink(t, {})
  const [ada, ben] = [await openSocket(t), await openSocket(t)]
  t.equal(await echoOf(ada, 'from ada', link.port), 'from ada')
  t.equal(await echoOf(ben, 'from ben', link.port), 'from ben')
  t.equal(await echoOf(ada, 'from ada again', link.port), 'from ada again')
  t.equal(ports.size, 2)
})

t.test('delays each way, and lets nothing overtake', async (t) => {
  const { link } = await openLink(t, { latencyMs: 40 })
  const player = await openSocket(t)
  const texts: string[] = []
  const startedAt = performance.now()
  const all = new Promise<void>((resolve) => {
    player.on('message', (datagram) => {
      texts.push(String(datagram))
      if (texts.length === 20) resolve()
    })
  })
  const sent = Array.from({ length: 20 }, (_, number) => `${number}`)
  for (const text of sent) player.send(text, link.port, '127.0.0.1')
  await all
  t.ok(performance.now() - startedAt >= 78, 'twice 40 ms, less what timers round')
  t.strictSame(texts, sent)
})

t.test('loses all at a loss of 1, and takes no more players than it was told', async (t) => {
  const { link, server } = await openLink(t, { loss: 1 })
  const player = await openSocket(t)
  server.on('message', () => t.fail('nothing arrives'))
  player.send('lost', link.port, '127.0.0.1')
  const full = await openLink(t, { maxClients: 1 })
  t.equal(await echoOf(player, 'first', full.link.port), 'first')
  const second = await openSocket(t)
  second.on('message', () => t.fail('a second player is not carried'))
  second.send('second', full.link.port, '127.0.0.1')
  t.equal(await echoOf(player, 'later', full.link.port), 'later')
  t.equal(full.ports.size, 1)
})
