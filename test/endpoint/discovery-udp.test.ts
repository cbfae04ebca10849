// Discovery over real sockets, on loopback only. Other programs of this machine may be advertised too, so each test has a game of its own.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import { decodeQuery, encodeReply, halves } from '../../lib/endpoint/discovery-messages.js'
import { Client, type DiscoverOptions, discover, type FoundServer, Server } from '../../lib/index.js'
import { createConnectToken, protocolIdOf } from '../../lib/netcode/create-connect-token.js'
import { nextTurn } from '../io/until.js'
import { messages } from './messages.js'
import { countSockets } from './sockets.js'

let games = 0
const newGame = (): string => `discovery-udp ${process.pid} ${++games}`

/** Longer than a busy machine takes; a search that is left ends at once. */
const LONG_MS = 20_000

async function serve(game: string, name: string, host = '127.0.0.1', transport: 'auto' | 'dgram' = 'auto'): Promise<Server> {
  const server = new Server({ messages, game, transport })
  await server.listen({ host })
  server.run({ hz: 100 })
  await server.advertise({ name })
  return server
}

async function find(options: DiscoverOptions, limit = Number.POSITIVE_INFINITY): Promise<FoundServer[]> {
  const found: FoundServer[] = []
  for await (const server of discover({ interfaces: 'loopback', ...options })) {
    found.push(server)
    if (found.length >= limit) break
  }
  return found
}

t.test('three servers of this host are found and can be joined; when they are closed, they are not', async (t) => {
  const game = newGame()
  const servers = await Promise.all(['one', 'two', 'three'].map((name) => serve(game, name)))
  const found = await find({ game, timeoutMs: LONG_MS }, 3)
  t.strictSame(found.map(({ name }) => name).sort(), ['one', 'three', 'two'])
  t.strictSame(found.map(({ port }) => port).sort(), servers.map((server) => server.address!.port).sort())
  for (const server of found) {
    await using client = new Client({ messages, game })
    await client.connect(server)
    t.equal(client.connected, true)
  }
  await Promise.all(servers.map((server) => server.close()))
  t.strictSame(await find({ game, timeoutMs: 300 }), [])
})

t.test('a server at ::1, or another address of loopback, says where it is', async (t) => {
  for (const host of ['::1', '127.0.0.2']) {
    const game = newGame()
    const server = await serve(game, 'here', host).catch(() => undefined)
    if (server === undefined) {
      t.pass(`no ${host} here`)
      continue
    }
    const [found] = await find({ game, timeoutMs: LONG_MS }, 1)
    t.equal(found!.host, host)
    await using client = new Client({ messages, game })
    await t.resolves(client.connect(found!))
    await server.close()
  }
})

t.test('addresses: a name, IPv6 of this host, and one discovery port', async (t) => {
  const game = newGame()
  await using server = new Server({ messages, game })
  await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 100 })
  const { port } = await server.advertise({ name: 'here' })
  for (const addresses of [['localhost'], ['::1'], [`127.0.0.1:${port}`], [`[::1]:${port}`, `localhost:${port}`]])
    t.equal((await find({ game, timeoutMs: LONG_MS, addresses }, 1)).length, 1, addresses.join())
})

t.test('a search that ends, by its time, a break or a signal, leaves no socket', async (t) => {
  const game = newGame()
  const server = await serve(game, 'here')
  const before = await countSockets()
  await find({ game, timeoutMs: 50 })
  t.equal(await countSockets(), before, 'its time')
  await find({ game, timeoutMs: 0, addresses: ['::1'] }, 1)
  t.equal(await countSockets(), before, 'a break, with a socket of each family')
  const controller = new AbortController()
  const aborted = find({ game: newGame(), timeoutMs: 0, signal: controller.signal })
  while ((await countSockets()) === before) await nextTurn()
  controller.abort(new Error('enough'))
  await t.rejects(aborted, { message: 'enough' })
  t.equal(await countSockets(), before, 'a signal')
  const opening = discover({ game, interfaces: 'loopback', signal: AbortSignal.timeout(1) })
  await t.rejects(
    opening.next().then(() => opening.next()),
    { name: 'TimeoutError' },
  )
  t.equal(await countSockets(), before, 'a signal while it opens')
  await server.close()
})

t.test('an advertisement keeps no process alive; the server does, until it is told not to', async (t) => {
  const before = await countSockets()
  const server = await serve(newGame(), 'here', '127.0.0.1', 'dgram') // whose sockets node counts
  t.equal(await countSockets(), before + 1)
  server.unref()
  t.equal(await countSockets(), before)
  await server.close()
})

t.test('what has arrived by the end counts, however busy the process was', async (t) => {
  const game = newGame()
  const responder = createSocket('udp4')
  responder.bind(0, '127.0.0.1')
  await once(responder, 'listening')
  const [gameLow] = halves(protocolIdOf(game))
  responder.on('message', (bytes, { address, port }) => {
    const { nonceLow, nonceHigh, ...query } = decodeQuery(new Uint8Array(bytes))!
    t.equal(query.gameLow, gameLow)
    const out = new Uint8Array(600)
    const ids = { idLow: 1, idHigh: 2, fingerprintLow: 3, fingerprintHigh: 4 }
    const counts = { players: 0, maxPlayers: 1, waitedMs: 0, modes: 0 }
    const reply = { nonceLow, nonceHigh, ...ids, ...counts, host: '', port: 9, game, name: 'quick', info: new Uint8Array(0) }
    responder.send(out.subarray(0, encodeReply(reply, out)), port, address)
    const end = performance.now() + 400
    while (performance.now() < end); // the search’s time passes, and its timer is due before its socket is read
  })
  const found = await find({ game, timeoutMs: 200, addresses: [`127.0.0.1:${responder.address().port}`] })
  t.match(found, [{ name: 'quick', host: '127.0.0.1' }])
  responder.close()
})

t.test('in token mode, a found server is joined with its backend’s token', async (t) => {
  const game = newGame()
  const privateKey = new Uint8Array(32).fill(7)
  await using server = new Server({ messages, game, privateKey })
  await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 100 })
  await server.advertise({ name: 'ranked' })
  const [found] = await find({ game, timeoutMs: LONG_MS }, 1)
  t.equal(found!.needsToken, true)
  await using client = new Client({ messages, game })
  t.throws(() => client.connect(found!), { code: 'BAD_TOKEN' })
  await client.connect({ token: createConnectToken({ game, privateKey, addresses: [`${found!.host}:${found!.port}`], clientId: 1n }) })
  t.equal(client.connected, true)
})
