// Advertising and searching in simulated time, on a simulated network with broadcast. Real sockets: discovery-udp.test.ts; two machines: test/network.
import t from 'tap'
import { decodeQuery, encodeQuery } from '../../lib/endpoint/discovery-messages.js'
import { type Advertisement, type DiscoverOptions, discover, FoundServer, type NetworkError, Server } from '../../lib/index.js'
import type { Transport } from '../../lib/io/transport.js'
import { delay, loss, seededEntropy } from '../../lib/simulator/index.js'
import { DISCOVERY_PORT, DISCOVERY_PORTS, DISCOVERY_QUERY_BYTES, MAX_FOUND_SERVERS, REPLY_BURST } from '../../lib/wire/limits.js'
import { Chat, messages } from './messages.js'
import { PORT, World } from './world.js'

const EVERYONE = '255.255.255.255'

/** A search in simulated time. It runs on while time passes. */
function search(world: World, options: DiscoverOptions = {}, limit = Number.POSITIVE_INFINITY) {
  const found: FoundServer[] = []
  const transport = options.transport ?? world.network.transport()
  const { clock } = world
  const done = (async () => {
    for await (const server of discover({ transport, clock, addresses: [EVERYONE], entropy: seededEntropy(5), ...options })) {
      found.push(server)
      if (found.length >= limit) break
    }
  })()
  done.catch(() => {})
  return { found, done, transport }
}

async function find(world: World, options: DiscoverOptions = {}, limit?: number): Promise<FoundServer[]> {
  const { found, done } = search(world, options, limit)
  await world.settle(done)
  return found
}

/** A server that listens and is advertised, on a host of its own unless that is given. */
async function advertised(
  world: World,
  name: string,
  options: {
    readonly game?: string
    readonly host?: string
    readonly hz?: number
    readonly info?: unknown
    readonly maxPeers?: number
  } = {},
): Promise<{ server: Server; advertisement: Advertisement }> {
  const { host, hz, info, ...rest } = options
  const server = world.makeServer({ game: 'arena', ...rest, transport: world.network.transport(host) }, hz)
  const address = await world.settle(server.listen({ port: host === undefined ? PORT : 0 }))
  const advertisement = await world.settle(server.advertise({ name, info, transport: world.network.transport(address.host) }))
  return { server, advertisement }
}

/** Whether nothing of a transport is open: it can be opened anew. */
async function isClosed(transport: Transport): Promise<boolean> {
  try {
    await transport.open({ maxInboxDatagrams: 1, socketBufferBytes: 1 })
    await transport.close()
    return true
  } catch {
    return false
  }
}

const isQueryPort = (port: number): boolean => port >= DISCOVERY_PORT && port < DISCOVERY_PORT + DISCOVERY_PORTS

t.test('a server is found with its name, players, info and latency, and what is found goes straight into connect()', async (t) => {
  const world = new World({ network: [delay(20)] })
  const { server, advertisement } = await advertised(world, 'Ada’s game', { info: { map: 'forest', round: 3 }, maxPeers: 8 })
  const early = world.makeClient({ game: 'arena' })
  await world.settle(early.connect({ host: server.address!.host, port: PORT, name: 'bob' }))

  const [found, ...more] = await find(world, { game: 'arena', timeoutMs: 500 })
  t.strictSame(more, [], 'once, although it has answered several queries')
  t.type(found, FoundServer)
  t.match(found, {
    name: 'Ada’s game',
    game: 'arena',
    host: server.address!.host,
    port: PORT,
    players: 1,
    maxPlayers: 8,
    info: { map: 'forest', round: 3 },
    needsToken: false,
    fingerprint: messages.fingerprint,
    id: advertisement.id,
  })
  t.ok(found!.latency >= 39 && found!.latency <= 41, `${found!.latency} ms: two ways of 20 ms, without the wait for update()`)

  const client = world.makeClient({ game: 'arena' })
  await world.settle(client.connect(found!))
  t.equal([...server.peers].at(-1)!.name, '', 'the server’s name is not the player’s')
  await world.settle(client.disconnect())
  await world.settle(client.connect({ ...found!, name: 'ada' }))
  t.equal([...server.peers].at(-1)!.name, 'ada')
  t.match((await find(world))[0], { players: 2 }, 'the next search counts anew')
})

t.test('a slow loop adds nothing to the latency', async (t) => {
  const world = new World({ network: [delay(20)] })
  await advertised(world, 'slow', { hz: 5 })
  const [found] = await find(world)
  t.ok(found!.latency >= 39 && found!.latency <= 41, `${found!.latency} ms`)
})

t.test('several servers of one host and of others are all found, and each once', async (t) => {
  const world = new World({ network: [delay(5)] })
  const made: Advertisement[] = []
  for (const host of ['10.7.0.1', '10.7.0.1', '10.7.0.1', '10.7.0.2'])
    made.push((await advertised(world, `at ${host}`, { host })).advertisement)
  t.strictSame(
    made.map(({ port }) => port),
    [DISCOVERY_PORT, DISCOVERY_PORT + 1, DISCOVERY_PORT + 2, DISCOVERY_PORT],
  )
  const found = await find(world)
  t.strictSame(found.map(({ id }) => id).sort(), made.map(({ id }) => id).sort())
  t.equal(new Set(found.map(({ host, port }) => `${host}:${port}`)).size, 4)
})

t.test('only servers of the game answer; without one, all do', async (t) => {
  const world = new World()
  await advertised(world, 'one', { game: 'arena' })
  await advertised(world, 'two', { game: 'chess' })
  t.strictSame(
    (await find(world, { game: 'chess' })).map(({ name, game }) => [name, game]),
    [['two', 'chess']],
  )
  t.strictSame((await find(world, { game: 'go' })).length, 0)
  t.strictSame((await find(world)).map(({ name }) => name).sort(), ['one', 'two'])
})

t.test('lost queries and replies are made up for', async (t) => {
  for (let seed = 1; seed <= 8; seed++) {
    const world = new World({ seed, network: [delay(10, 5), loss(0.3)] })
    await advertised(world, 'far', { hz: 30 })
    t.equal((await find(world, { timeoutMs: 3000 })).length, 1, `seed ${seed}`)
  }
})

t.test('no reply is larger than its query, on the wire', async (t) => {
  const world = new World()
  const replies: number[] = []
  world.network.onDatagram = (outcome, { from, to, bytes }) => {
    if (outcome !== 'sent') return
    if (isQueryPort(to.port)) t.equal(bytes.length, DISCOVERY_QUERY_BYTES)
    else if (isQueryPort(from.port)) replies.push(bytes.length)
  }
  await advertised(world, 'n'.repeat(64), { game: 'g'.repeat(64), info: 'i'.repeat(253), maxPeers: 65_536 })
  await advertised(world, '')
  t.equal((await find(world)).length, 2)
  t.ok(replies.length >= 2 && Math.max(...replies) <= DISCOVERY_QUERY_BYTES, `${replies.join(', ')} bytes`)
})

t.test('name and info can be changed while it is advertised; what does not fit is refused', async (t) => {
  const world = new World()
  const { advertisement } = await advertised(world, 'before')
  advertisement.name = 'after'
  advertisement.info = [1, 2]
  t.match(await find(world), [{ name: 'after', info: [1, 2] }])
  advertisement.info = undefined
  t.equal((await find(world))[0]!.info, undefined)
  const refused = { code: 'BAD_OPTION' }
  t.throws(() => Object.assign(advertisement, { name: 'x'.repeat(65) }), { ...refused, message: /"name" expected at most 64 bytes/ })
  t.throws(() => Object.assign(advertisement, { name: 'two\nlines' }), { ...refused, message: /control characters, got "two\\nlines"/ })
  t.throws(() => Object.assign(advertisement, { name: 7 }), refused)
  t.throws(() => Object.assign(advertisement, { info: 'x'.repeat(300) }), { ...refused, message: /"info" expected at most 256 bytes/ })
  t.throws(() => Object.assign(advertisement, { info: () => {} }), refused)
  t.match(await find(world), [{ name: 'after' }], 'what was refused changed nothing')
})

t.test('a full server is found and says so; one that takes nobody is not found', async (t) => {
  const world = new World()
  const { server } = await advertised(world, 'small', { maxPeers: 1 })
  await world.settle(world.makeClient({ game: 'arena' }).connect({ host: server.address!.host, port: PORT }))
  t.match(await find(world), [{ players: 1, maxPlayers: 1 }])
  server.acceptNewConnections = false
  t.strictSame(await find(world), [])
  server.acceptNewConnections = true
  t.equal((await find(world)).length, 1)
})

t.test('a server in token mode is found as such, and connect() says what it needs instead', async (t) => {
  const world = new World()
  const server = world.makeServer({ game: 'arena', privateKey: new Uint8Array(32).fill(7) })
  const { host } = await world.settle(server.listen({ host: '10.0.0.1', port: PORT }))
  await world.settle(server.advertise({ name: 'ranked', transport: world.network.transport(host) }))
  const [found] = await find(world)
  t.match(found, { needsToken: true, host, port: PORT })
  t.throws(() => world.makeClient({ game: 'arena' }).connect(found!), { code: 'BAD_TOKEN', message: /ask its backend/ })
})

t.test('a stopped advertisement, and one of a closed server, are found no more; the port is free again', async (t) => {
  const world = new World()
  const { server, advertisement } = await advertised(world, 'first')
  t.equal(advertisement.port, DISCOVERY_PORT)
  await world.settle(advertisement.stop())
  t.equal(advertisement.port, 0)
  await t.resolves(world.settle(advertisement.stop()), 'harmless when stopped')
  t.strictSame(await find(world), [])
  const again = await world.settle(server.advertise({ name: 'second', transport: world.network.transport(server.address!.host) }))
  t.equal(again.port, DISCOVERY_PORT)
  t.not(again.id, advertisement.id)
  t.match(await find(world), [{ name: 'second' }])
  await world.settle(server.close())
  t.equal(again.port, 0)
  t.strictSame(await find(world), [])
})

t.test('advertise: not before listen, not twice, not while closing or after; without its options', async (t) => {
  const world = new World()
  const server = world.makeServer()
  t.throws(() => server.advertise({ name: 'x' }), { code: 'NOT_LISTENING', message: /await listen\(\) first/ })
  const { host } = await world.settle(server.listen({ port: PORT }))
  const transport = world.network.transport(host)
  t.throws(() => (server as { advertise(options?: unknown): unknown }).advertise(), { code: 'BAD_OPTION', message: /expected \{ name \}/ })
  t.throws(() => server.advertise({} as { name: string }), { code: 'BAD_OPTION' })
  t.throws(() => server.advertise({ name: 'x', transport: 7 as unknown as Transport }), { code: 'BAD_OPTION' })
  const first = server.advertise({ name: 'x', transport })
  t.throws(() => server.advertise({ name: 'y', transport }), { code: 'ALREADY_ACTIVE' }, 'while the first opens')
  await world.settle(first)
  t.throws(() => server.advertise({ name: 'y', transport }), { code: 'ALREADY_ACTIVE' })
  await world.settle(world.makeClient().connect({ host, port: PORT })) // so that close() has to wait for somebody
  const closed = server.close()
  t.throws(() => server.advertise({ name: 'y', transport }), { code: 'NOT_LISTENING' }, 'while it closes')
  await world.settle(closed)
  t.throws(() => server.advertise({ name: 'y', transport }), { code: 'NOT_LISTENING' })
  const long = world.makeServer({ game: 'g'.repeat(65) })
  await world.settle(long.listen({ port: PORT }))
  t.throws(() => long.advertise({ name: 'x' }), { code: 'BAD_OPTION', message: /"game" expected at most 64 bytes/ })
})

t.test('close() in the middle of advertise() rejects it as aborted, and leaves no socket', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const errors: string[] = []
  server.on('OnError', ({ error }) => errors.push(error.code))
  const { host } = await world.settle(server.listen({ port: PORT }))
  const transport = world.network.transport(host)
  const opening = server.advertise({ name: 'x', transport })
  const failed = world.failure(opening)
  await world.settle(server.close())
  t.match(await failed, { code: 'ABORTED' })
  t.ok(await isClosed(transport))
  t.strictSame(errors, [], 'what the game asked for is no error')
})

t.test('where all discovery ports are taken, advertise() rejects and OnError hears it; one that gets free can be had', async (t) => {
  const world = new World()
  const made: Advertisement[] = []
  for (let i = 0; i < DISCOVERY_PORTS; i++) made.push((await advertised(world, `${i}`, { host: '10.7.0.1' })).advertisement)
  t.equal((await find(world)).length, DISCOVERY_PORTS, 'sixteen of one host are all found')

  const server = world.makeServer({ transport: world.network.transport('10.7.0.1') })
  const errors: NetworkError[] = []
  server.on('OnError', ({ error }) => errors.push(error))
  await world.settle(server.listen())
  const transport = world.network.transport('10.7.0.1')
  const error = await world.failure(server.advertise({ name: 'one too many', transport }))
  t.match(error, { code: 'SOCKET', message: /23600 to 23615 are all taken/ })
  t.strictSame(errors, [error])
  await world.settle(made[3]!.stop())
  const last = await world.settle(server.advertise({ name: 'now', transport }))
  t.equal(last.port, DISCOVERY_PORT + 3)
})

t.test('another error than a taken port is told with its cause', async (t) => {
  const world = new World()
  const server = world.makeServer()
  server.on('OnError', () => {})
  await world.settle(server.listen())
  const transport = world.network.transport()
  await transport.open({ maxInboxDatagrams: 1, socketBufferBytes: 1 }) // in use elsewhere: it cannot open
  const error = await world.failure(server.advertise({ name: 'x', transport }))
  t.match(error, { code: 'SOCKET', message: /cannot advertise at port 23600: open\(\) expected a closed transport/ })
  t.match(error.cause, { message: /expected a closed transport/ })
})

t.test('junk at the discovery port, and replies there, cost nothing and are not answered', async (t) => {
  const world = new World()
  const { server } = await advertised(world, 'calm')
  const { host } = server.address!
  const attacker = world.network.transport()
  await attacker.open({ maxInboxDatagrams: 64, socketBufferBytes: 1 })
  const send = (bytes: Uint8Array): void => {
    attacker.buffer().set(bytes)
    attacker.send(bytes.length, host, DISCOVERY_PORT)
  }
  for (let i = 0; i < 50; i++) {
    send(new Uint8Array(i * 20).fill(i))
    send(new Uint8Array(DISCOVERY_QUERY_BYTES).fill(i))
    await world.step(20)
  }
  t.equal(attacker.receive(), undefined)
  t.equal((await find(world)).length, 1, 'and it still answers others')
})

t.test('one host that asks without end gets its burst and its rate, and so do forged senders together', async (t) => {
  const world = new World()
  const { server } = await advertised(world, 'popular')
  const { host } = server.address!
  const attacker = world.network.transport()
  await attacker.open({ maxInboxDatagrams: 10_000, socketBufferBytes: 1 })
  const [gameLow, gameHigh] = [0, 0]
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 20; i++)
      attacker.send(encodeQuery({ nonceLow: i, nonceHigh: round, gameLow, gameHigh }, attacker.buffer()), host, DISCOVERY_PORT)
    await world.step(10)
  }
  let answers = 0
  while (attacker.receive() !== undefined) answers++
  t.ok(answers >= REPLY_BURST && answers <= REPLY_BURST + 25, `${answers} of 2000 queries in a second`)
  t.equal((await find(world)).length, 1, 'another host is answered')

  // Forged: many hosts, a query each. The simulated network has room for them all.
  let forged = 0
  world.network.onDatagram = (outcome, { from }) => {
    if (outcome === 'sent' && isQueryPort(from.port)) forged++
  }
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 20; i++) {
      const sender = world.network.transport()
      await sender.open({ maxInboxDatagrams: 1, socketBufferBytes: 1 })
      sender.send(encodeQuery({ nonceLow: i, nonceHigh: round, gameLow, gameHigh }, sender.buffer()), host, DISCOVERY_PORT)
      await sender.close()
    }
    await world.step(10)
  }
  t.ok(forged > 150 && forged <= 450, `${forged} replies to 2000 hosts in a second: a burst of 200 and 200 a second`)
})

t.test('timeoutMs ends the search; 0 looks on, and finds who comes later', async (t) => {
  const world = new World()
  const start = world.clock.now()
  t.strictSame(await find(world, { timeoutMs: 300 }), [])
  t.ok(world.clock.now() - start >= 300 && world.clock.now() - start < 310, `${world.clock.now() - start} ms`)
  await find(world)
  t.ok(world.clock.now() - start >= 1300 && world.clock.now() - start < 1320, 'one second by default')

  const { found, done } = search(world, { timeoutMs: 0 }, 2)
  await world.step(20_000)
  t.strictSame(found, [])
  await advertised(world, 'late')
  await world.until(() => found.length === 1, 2000)
  t.ok(found[0]!.latency < 2, `its latency is that of the round it answers: ${found[0]!.latency} ms`)
  await world.step(2000)
  await advertised(world, 'later')
  await world.settle(done, 2000)
  t.strictSame(
    found.map(({ name }) => name),
    ['late', 'later'],
  )
})

t.test('queries leave in rounds that grow apart to a second', async (t) => {
  const world = new World()
  const times: number[] = []
  world.network.onDatagram = (outcome, { to, sentAt }) => {
    if (outcome === 'sent' && to.port === DISCOVERY_PORT) times.push(sentAt)
  }
  const start = world.clock.now()
  await find(world, { timeoutMs: 4000, addresses: ['10.200.0.1'] })
  t.strictSame(
    times.map((time) => Math.round(time - start)),
    [0, 50, 150, 350, 650, 1150, 2150, 3150].map((time) => time + Math.round(times[0]! - start)),
  )
})

t.test('a signal ends a search: before it begins, while it looks, and between two servers; its socket is closed', async (t) => {
  const world = new World()
  const reason = new Error('enough')
  const unused = world.network.transport()
  await t.rejects(search(world, { signal: AbortSignal.abort(reason), transport: unused }).done, reason)
  t.ok(await isClosed(unused), 'aborted before')

  const controller = new AbortController()
  const looking = search(world, { signal: controller.signal, timeoutMs: 0 })
  await world.step(100)
  controller.abort(reason)
  await t.rejects(world.settle(looking.done), reason)
  t.ok(await isClosed(looking.transport), 'aborted while looking')

  await advertised(world, 'one')
  await advertised(world, 'two')
  const between = new AbortController()
  const transport = world.network.transport()
  const iterator = discover({ transport, clock: world.clock, addresses: [EVERYONE], signal: between.signal })
  await world.settle(iterator.next())
  between.abort(reason)
  await t.rejects(world.settle(iterator.next()), reason)
  t.ok(await isClosed(transport), 'aborted between two')
  t.match(await iterator.next(), { done: true })
})

t.test('leaving the loop closes the socket and ends the queries', async (t) => {
  const world = new World()
  await advertised(world, 'one')
  await advertised(world, 'two')
  const { found, done, transport } = search(world, { timeoutMs: 0 }, 1)
  await world.settle(done)
  t.equal(found.length, 1)
  await world.step(30) // what was asked before is answered
  const { sent } = world.network.counters
  await world.step(2000)
  t.equal(world.network.counters.sent, sent, 'nothing is sent any more')
  t.ok(await isClosed(transport))
})

t.test('an iteration that was never begun opens nothing', async (t) => {
  const world = new World()
  const transport = world.network.transport()
  const iterator = discover({ transport, clock: world.clock, addresses: [EVERYONE] })
  await world.step(100)
  t.equal(world.network.counters.sent, 0)
  t.ok(await isClosed(transport))
  await iterator.return()
})

t.test('a server that closes while it is searched for is no trouble', async (t) => {
  const world = new World({ network: [delay(30)] })
  const { server } = await advertised(world, 'brief')
  const { found, done } = search(world, { timeoutMs: 500 })
  await world.step(20)
  await world.settle(server.close())
  await world.settle(done)
  t.ok(found.length <= 1)
})

t.test('replies to other searches, junk and repeats are ignored; no more servers are taken than the limit', async (t) => {
  const world = new World()
  const liar = world.network.transport()
  await liar.open({ port: DISCOVERY_PORT, maxInboxDatagrams: 1000, socketBufferBytes: 1 })
  const other = await advertised(world, 'true')
  const { found, done } = search(world, { timeoutMs: 0 })
  await world.step(10)
  const datagram = liar.receive()!
  const { encodeReply } = await import('../../lib/endpoint/discovery-messages.js')
  const query = decodeQuery(datagram.bytes)!
  const reply = (changes: object): void => {
    const values = {
      nonceLow: query.nonceLow,
      nonceHigh: query.nonceHigh,
      idLow: 1,
      idHigh: 1,
      fingerprintLow: 0,
      fingerprintHigh: 0,
      modes: 0,
      host: '',
      port: 9,
      players: 0,
      maxPlayers: 1,
      waitedMs: 0,
      game: 'arena',
      name: 'forged',
      info: new Uint8Array(0),
      ...changes,
    }
    liar.send(encodeReply(values, liar.buffer()), datagram.host, datagram.port)
  }
  reply({ nonceHigh: query.nonceHigh ^ 1 })
  reply({ nonceLow: (query.nonceLow + 1000) >>> 0 })
  reply({ nonceLow: (query.nonceLow - 1) >>> 0 })
  reply({ host: 'evil.example' })
  liar.send(600, datagram.host, datagram.port)
  await world.step(20)
  t.strictSame(
    found.map(({ id }) => id),
    [other.advertisement.id],
  )
  reply({ waitedMs: 1e9, info: Uint8Array.of(0xc1) })
  await world.step(5)
  t.match(found[1], { name: 'forged', latency: 0, info: undefined })
  for (let i = 0; i < 2 * MAX_FOUND_SERVERS; i++) {
    reply({ idLow: i, idHigh: 7 })
    if (i % 100 === 0) await world.step(2)
  }
  await world.settle(done)
  t.equal(found.length, MAX_FOUND_SERVERS)
})

t.test('options of the wrong kind throw at the call, and hosts that cannot be reached reject', async (t) => {
  const wrong: readonly [object, RegExp][] = [
    [{ game: '' }, /"game" expected a name/],
    [{ game: 7 }, /"game" expected a name/],
    [{ timeoutMs: -1 }, /"timeoutMs" expected 0 to 2147483647/],
    [{ timeoutMs: Number.NaN }, /"timeoutMs" expected a number/],
    [{ timeoutMs: 2 ** 31 }, /"timeoutMs"/],
    [{ interfaces: 'eth0' }, /"interfaces" expected 'all', 'loopback' or names/],
    [{ interfaces: [7] }, /"interfaces"/],
    [{ addresses: '10.0.0.1' }, /"addresses" expected hosts such as/],
    [{ addresses: [''] }, /"addresses"/],
  ]
  for (const [options, message] of wrong) t.throws(() => discover(options as DiscoverOptions), { code: 'BAD_OPTION', message })

  const world = new World()
  for (const address of ['10.0.0.1:0', '10.0.0.1:65536', '[::1]:99999'])
    t.match(await world.failure(find(world, { addresses: [address] })), { code: 'BAD_ADDRESS', message: /ports 1–65535/ }, address)
  // No name has a label of more than 63 letters, so that nobody is asked for it. Names are resolved in real time.
  const unknown = 'x'.repeat(70)
  await t.rejects(search(world, { addresses: [unknown] }).done, { code: 'BAD_ADDRESS', message: /hosts that can be resolved/ })
  const many = Array.from({ length: 65 }, (_, i) => `10.3.0.${i}`)
  t.match(await world.failure(find(world, { addresses: many })), { code: 'BAD_OPTION', message: /at most 64 hosts and networks, got 65/ })
})

t.test('one discovery port of a host can be asked alone', async (t) => {
  const world = new World()
  const names: string[] = []
  for (const name of ['first', 'second']) await advertised(world, name, { host: '10.7.0.1' })
  for (const port of [DISCOVERY_PORT, DISCOVERY_PORT + 1])
    for (const { name } of await find(world, { addresses: [`10.7.0.1:${port}`] })) names.push(name)
  t.strictSame(names, ['first', 'second'])
  t.equal((await find(world, { addresses: ['10.7.0.1', '10.7.0.1', `10.7.0.1:${DISCOVERY_PORT}`] })).length, 2, 'named twice, asked once')
})

t.test('console.log and JSON show everything, the name too', async (t) => {
  const world = new World()
  await advertised(world, 'Ada’s \u00a0game', { info: { map: 'forest' } })
  const [found] = await find(world)
  const { inspect } = await import('node:util')
  t.match(
    inspect(found),
    /^FoundServer \{\s+name: 'Ada’s \u00a0game',\s+host: '10\.0\.0\.1',[\s\S]*players: 0,[\s\S]*info: \{ map: 'forest' \}/,
  )
  t.match(inspect({ found }), /found: FoundServer \{/)
  t.match(JSON.parse(JSON.stringify(found)), { name: 'Ada’s \u00a0game', port: PORT, info: { map: 'forest' } })
  t.notOk(Object.keys(found!).includes('name'), 'a spread leaves it out')
})

t.test('what is found plays on', async (t) => {
  const world = new World()
  const { server } = await advertised(world, 'talk')
  const heard: string[] = []
  server.onMessage(Chat, (_, peer) => peer.send(Chat, { text: 'welcome' }))
  const [found] = await find(world)
  const client = world.makeClient({ game: 'arena' })
  client.onMessage(Chat, ({ text }) => heard.push(text))
  await world.settle(client.connect(found!))
  client.send(Chat, { text: 'hi' })
  await world.until(() => heard.length === 1)
  t.strictSame(heard, ['welcome'])
  t.equal(server.state, Server.LISTENING)
})
