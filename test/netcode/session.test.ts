// Client and server against each other, over simulated links.
import t from 'tap'
import { parseAddress } from '../../lib/wire/address.js'
import { type ClientHost, SERVER_ADDRESS, type ServerHost, World } from './world.js'

/** A payload that says its own number and size, so that the receiver can check it. */
function payloadOf(number: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => number * 31 + i * 7 + bytes)
}

function connected(world: World, client: ClientHost): boolean {
  return world.until(() => client.client.state === 3, 20_000)
}

for (const [family, serverText, clientText] of [
  ['IPv4', '10.0.0.1:40000', '10.9.9.9:1234'],
  ['IPv6', '[2001:db8::1]:40000', '[2001:db8::99]:1234'],
] as const) {
  t.test(
    `${family}: connects, moves 10,000 payloads of 1–1200 bytes and disconnects, on a link that loses, repeats and reorders`,
    async (t) => {
      const world = new World(family.length + 40, { loss: 0.05, duplicate: 0.05, delayMs: 20, jitterMs: 15 })
      const address = parseAddress(serverText)
      const server = world.addServer({}, address)
      const host = world.addClient({}, parseAddress(clientText))
      host.client.connect(world.token(7n, { serverAddresses: [address], userData: Uint8Array.of(9, 8, 7) }), world.now)
      t.ok(connected(world, host), `state is ${host.client.stateName}`)

      const peer = server.server.getClient(7n)!
      t.match(peer, { clientId: 7n, index: 0, timeoutSeconds: 5, address: parseAddress(clientText) })
      t.same(peer.userData.subarray(0, 4), [9, 8, 7, 0])
      const sent = { up: new Map<number, string>(), down: new Map<number, string>() }
      for (let i = 0; i < 5000; i++) {
        const bytes = 1 + Math.floor(world.random() * 1200)
        sent.up.set(host.client.nextSequence, hex(payloadOf(i, bytes)))
        world.sendToServer(host, payloadOf(i, bytes))
        world.sendToClient(server, peer, payloadOf(i, 1201 - bytes))
        sent.down.set(peer.nextSequence - 1, hex(payloadOf(i, 1201 - bytes)))
        if (i % 20 === 0) world.run(5)
      }
      world.run(200)

      for (const [direction, received] of [
        ['up', server.received],
        ['down', host.received],
      ] as const) {
        t.ok(received.length > 4500 && received.length < 5000, `${direction}: about 5 % of 5000 are lost, ${received.length} arrived`)
        t.equal(new Set(received.map(({ sequence }) => sequence)).size, received.length, `${direction}: none twice`)
        t.ok(
          received.every(({ sequence, bytes }) => sent[direction].get(sequence) === hex(bytes)),
          `${direction}: each as it was sent`,
        )
        t.ok(
          received.some(({ sequence }, i) => i > 0 && sequence < received[i - 1]!.sequence),
          `${direction}: reordering was real`,
        )
      }
      t.ok(server.server.counters.replayed > 100, 'repeats were refused')
      t.match(server.server.counters, { forged: 0, malformed: 0 })

      host.client.disconnect()
      t.equal(host.client.stateName, 'disconnected')
      t.ok(world.until(() => server.events.length === 2, 1000))
      t.same(server.events, ['connected 7', 'disconnected 7 closed'])
      t.equal(server.server.clientCount, 0)
    },
  )
}

t.test('a handshake takes two round trips: each step leaves at once', async (t) => {
  const world = new World(1, { delayMs: 50 })
  const server = world.addServer()
  const host = world.connect(1n)
  const start = world.now
  t.ok(connected(world, host))
  t.equal(world.now - start, 200)
  t.ok(world.until(() => server.server.getClient(1n)?.confirmed === true, 1000))
  t.equal(world.now - start, 250, 'the client’s first keep-alive leaves at once too')
})

t.test('connects at 60 % loss, by requests and responses ten times a second', async (t) => {
  for (let seed = 1; seed <= 8; seed++) {
    const world = new World(seed, { loss: 0.6, delayMs: 20 })
    world.addServer()
    t.ok(connected(world, world.connect(1n, { timeoutSeconds: 15 })), `seed ${seed}`)
  }
})

t.test('an idle session stays, by keep-alives from both sides', async (t) => {
  const world = new World(2, { loss: 0.2, delayMs: 20 })
  const server = world.addServer({ keepAliveMs: 1000 })
  const host = world.addClient({ keepAliveMs: 1000 })
  host.client.connect(world.token(1n), world.now)
  connected(world, host)
  let datagrams = 0
  world.run(2000)
  world.onSend = () => datagrams++
  world.run(60_000)
  t.equal(host.client.state, 3)
  t.equal(server.server.clientCount, 1)
  t.ok(datagrams >= 110 && datagrams <= 125, `two keep-alives a second, got ${datagrams} in a minute`)
})

t.test('unconfirmed clients get keep-alives at 10 Hz, whatever keepAliveMs says', async (t) => {
  const world = new World(2)
  const server = world.addServer({ keepAliveMs: 2000 })
  const host = world.connect(1n)
  world.until(() => server.server.clientCount === 1)
  host.isOnline = false
  host.client.disconnect()
  while (host.client.pollDatagram(new Uint8Array(1200)) > 0);
  let keepAlives = 0
  world.onSend = () => keepAlives++
  world.run(1000)
  t.ok(keepAlives >= 9 && keepAlives <= 11, `${keepAlives} keep-alives in a second`)
})

t.test('a payload to an unconfirmed client arrives: a keep-alive goes before it', async (t) => {
  const world = new World(3)
  const server = world.addServer()
  const host = world.connect(1n)
  world.until(() => server.server.clientCount === 1)
  const peer = server.server.getClient(1n)!
  t.notOk(peer.confirmed)
  const first = peer.nextSequence
  for (let i = 0; i < 300; i++) world.sendToClient(server, peer, payloadOf(i, 4))
  t.equal(peer.nextSequence, first + 600, 'two sequences each, over the boundary of 255')
  world.until(() => host.received.length === 300, 100)
  t.equal(host.client.state, 3)
  t.same(
    host.received.map(({ bytes }) => bytes[0]),
    Array.from({ length: 300 }, (_, i) => payloadOf(i, 4)[0]),
  )
})

t.test('the server ends a silent client after the token’s time-out, and the client a silent server', async (t) => {
  const world = new World(4)
  const server = world.addServer()
  const gone = world.connect(1n, { timeoutSeconds: 3 })
  connected(world, gone)
  world.run(500)
  gone.isOnline = false
  server.isOnline = false
  const last = gone.client.lastReceivedAt
  t.ok(world.until(() => gone.client.state < 0, 10_000))
  t.equal(gone.client.stateName, 'connection timed out')
  t.equal(world.now - last, 3000)
  t.same(server.events, ['connected 1', 'disconnected 1 timeout'])
})

t.test('a token without a time-out never ends a session', async (t) => {
  for (const timeoutSeconds of [-1, 0]) {
    const world = new World(5)
    const server = world.addServer()
    const host = world.connect(1n, { timeoutSeconds })
    connected(world, host)
    t.equal(server.server.getClient(1n)?.timeoutSeconds, Number.POSITIVE_INFINITY)
    host.isOnline = false
    server.isOnline = false
    world.run(1000)
    world.now += 1e7
    server.server.handleTimeout(world.now, world.unixSeconds)
    host.client.handleTimeout(world.now)
    t.equal(server.server.clientCount, 1)
    t.equal(host.client.state, 3)
  }
})

t.test('a stall moves the time-outs of both sides', async (t) => {
  const world = new World(6)
  const server = world.addServer()
  const host = world.connect(1n, { timeoutSeconds: 3 })
  connected(world, host)
  world.run(500)
  world.now += 10_000
  server.server.shiftDeadlines(10_000)
  host.client.shiftDeadlines(10_000)
  world.run(2000)
  t.equal(host.client.state, 3)
  t.equal(server.server.clientCount, 1)
})

t.test('a full server denies, and the slot of one who left is free again', async (t) => {
  const world = new World(7, { loss: 0.1, delayMs: 10 })
  const server = world.addServer({ maxClients: 2 })
  const hosts = [1n, 2n].map((id) => world.connect(id))
  for (const host of hosts) connected(world, host)
  const third = world.connect(3n)
  world.until(() => third.client.state < 0, 5000)
  t.equal(third.client.stateName, 'connection denied')
  t.ok(server.server.counters.full >= 1)

  hosts[0]!.client.disconnect()
  world.until(() => server.server.clientCount === 1)
  const fourth = world.connect(4n)
  t.ok(connected(world, fourth))
  t.equal(fourth.client.clientIndex, 0)
  t.equal(fourth.client.maxClients, 2)
})

t.test('a client that waits for a slot is denied when its response finds the server full', async (t) => {
  const world = new World(8)
  const server = world.addServer({ maxClients: 1 })
  const hosts = [world.connect(1n), world.connect(2n)]
  world.run(2000)
  t.same(hosts.map(({ client }) => client.stateName).sort(), ['connected', 'connection denied'])
  t.equal(server.server.clientCount, 1)
})

t.test('the server drops clients: both sides learn of it', async (t) => {
  const world = new World(9, { loss: 0.3, delayMs: 10 })
  const server = world.addServer()
  const hosts = [1n, 2n, 3n].map((id) => world.connect(id))
  for (const host of hosts) connected(world, host)
  server.server.disconnectClient(server.server.getClient(2n)!)
  server.server.disconnectClient(server.server.clients[Symbol.iterator]().next().value!)
  world.run(200)
  t.same(
    hosts.map(({ client }) => client.state),
    [0, 0, 3],
  )
  server.server.disconnectAll()
  world.run(200)
  t.equal(hosts[2]!.client.state, 0)
  t.same(server.events.slice(3), ['disconnected 2 dropped', 'disconnected 1 dropped', 'disconnected 3 dropped'])
})

t.test('a last word can be sealed for a client that has ended', async (t) => {
  const world = new World(10)
  const server = world.addServer()
  const host = world.connect(1n)
  connected(world, host)
  world.run(100)
  const peer = server.server.getClient(1n)!
  server.server.disconnectClient(peer)
  t.notOk(peer.isConnected)
  world.sendToClient(server, peer, Uint8Array.of(42))
  world.run(100)
  t.same(
    host.received.map(({ bytes }) => bytes),
    [Uint8Array.of(42)],
  )
  t.equal(host.client.state, 0)
})

t.test('a server that takes no new clients keeps the ones it has', async (t) => {
  const world = new World(11)
  const server = world.addServer()
  const first = world.connect(1n)
  connected(world, first)
  server.server.acceptNewClients = false
  const second = world.connect(2n, { timeoutSeconds: 1 })
  world.run(3000)
  t.equal(first.client.state, 3)
  t.equal(second.client.stateName, 'connection request timed out')
  t.ok(server.server.counters.notAccepting >= 9)
})

t.test('2000 clients connect, and looking through them costs little', async (t) => {
  const world = new World(12)
  const { server } = world.addServer({ maxClients: 2000, keepAliveMs: 1000 })
  const clients: ClientHost[] = []
  const out = new Uint8Array(1200)
  // Straight from buffer to buffer: the world's network sorts, which 2000 clients at once would make slow.
  for (let i = 0; i < 2000; i++) {
    const host = world.addClient({ keepAliveMs: 1000 }, parseAddress(`10.2.${i >>> 8}.${i & 255}:${1000 + (i % 7)}`))
    host.client.connect(world.token(BigInt(i)), world.now)
    clients.push(host)
    for (let step = 0; step < 3; step++) {
      exchange(host, out, world, server)
    }
  }
  t.equal(server.clientCount, 2000)
  t.ok(clients.every(({ client }) => client.state === 3))
  t.equal(new Set(clients.map(({ client }) => client.clientIndex)).size, 2000)
  t.equal(server.pendingCount, 0)

  let scans = 0
  for (let i = 0; i < 1000; i++) {
    const before = server.nextDeadline()
    server.handleTimeout(world.now + i / 10, world.unixSeconds)
    if (server.nextDeadline() !== before) scans++
  }
  t.ok(scans <= 26, `1000 calls in 100 ms looked through the clients ${scans} times`)
})

function exchange(host: ClientHost, out: Uint8Array, world: World, server: ServerHost['server']): void {
  for (let length = host.client.pollDatagram(out); length > 0; length = host.client.pollDatagram(out)) {
    server.handleDatagram(out, length, host.address.host, host.address.port, world.now, world.unixSeconds)
  }
  for (let length = server.pollDatagram(out); length > 0; length = server.pollDatagram(out)) {
    if (server.targetHost !== host.address.host)
      throw new Error(`expected a datagram for ${host.address.host}, got one for ${server.targetHost}`)
    host.client.handleDatagram(out, length, SERVER_ADDRESS.host, SERVER_ADDRESS.port, world.now)
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
