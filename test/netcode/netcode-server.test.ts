// What the server refuses, and what it remembers.
import t from 'tap'
import { readConnectToken } from '../../lib/netcode/connect-token.js'
import { MIN_PENDING_CLIENTS, PACKET_PAYLOAD } from '../../lib/netcode/constants.js'
import { type NetcodeServer, requestRatesFor } from '../../lib/netcode/netcode-server.js'
import { PacketCodec } from '../../lib/netcode/packet.js'
import { parseAddress } from '../../lib/wire/address.js'
import { type ClientHost, createRandom, crypto, PRIVATE_KEY, PROTOCOL_ID, SERVER_ADDRESS, START_UNIX_SECONDS, World } from './world.js'

/** The first datagram of a client with this token: its request. */
function requestOf(world: World, token: Uint8Array): Uint8Array {
  const host = world.addClient()
  host.client.connect(token, world.now)
  const out = new Uint8Array(1200)
  return out.slice(0, host.client.pollDatagram(out))
}

function handle(world: World, server: NetcodeServer, bytes: Uint8Array, port = 9): void {
  server.handleDatagram(bytes.slice(), bytes.length, '10.7.7.7', port, world.now, world.unixSeconds)
}

function connect(world: World, id: bigint): ClientHost {
  const host = world.connect(id)
  if (!world.until(() => host.client.state === 3, 10_000)) throw new Error(`expected a connected client, got ${host.client.stateName}`)
  world.run(50)
  return host
}

t.test('counts each cause for which a request is ignored, and remembers nothing of it', async (t) => {
  const world = new World(1)
  const other = parseAddress('10.0.0.2:40000')
  const cases: [string, (server: NetcodeServer) => Uint8Array][] = [
    ['malformed', () => requestOf(world, world.token(1n)).slice(0, -1)],
    ['malformed', () => Uint8Array.of(...requestOf(world, world.token(1n)), 0)],
    ['wrongVersion', () => requestOf(world, world.token(1n)).fill(0x33, 12, 13)],
    ['wrongProtocol', () => requestOf(world, world.token(1n, { protocolId: 5n }))],
    ['expired', () => requestOf(world, world.token(1n, { createUnixSeconds: START_UNIX_SECONDS - 30 }))],
    ['beforeRestart', () => requestOf(world, world.token(1n, { createUnixSeconds: START_UNIX_SECONDS - 1 }))],
    ['badToken', () => requestOf(world, world.token(1n, { privateKey: new Uint8Array(32) }))],
    ['badToken', () => flip(requestOf(world, world.token(1n)), 200)],
    ['badToken', () => flip(requestOf(world, world.token(1n)), 30)],
    ['badToken', () => flip(requestOf(world, world.token(1n)), 1077)],
    ['wrongAddress', () => requestOf(world, world.token(1n, { serverAddresses: [other] }))],
  ]
  for (const [cause, make] of cases) {
    const server = world.createServer()
    handle(world, server, make(server))
    t.same(nonZero(server), { [cause]: 1 })
    t.equal(server.pendingCount + server.tokenCount + server.clientCount, 0)
    t.equal(server.pollDatagram(new Uint8Array(1200)), 0, 'and nothing is answered')
  }
  const server = world.createServer()
  handle(world, server, requestOf(world, world.token(1n, { serverAddresses: [other, SERVER_ADDRESS] })))
  t.equal(server.pendingCount, 1, 'while a good one is challenged')
})

t.test('answers a request with fewer bytes than it took', async (t) => {
  const world = new World(2)
  const server = world.createServer()
  handle(world, server, requestOf(world, world.token(1n)))
  const out = new Uint8Array(1200)
  t.equal(server.pollDatagram(out), 333)
  t.equal(server.pollDatagram(out), 0)
  t.equal(server.targetHost, '10.7.7.7')
  t.equal(server.targetPort, 9)
})

t.test('packets from strangers are counted and leave nothing behind', async (t) => {
  const world = new World(3)
  const server = world.createServer()
  const random = createRandom(4)
  for (let i = 0; i < 2000; i++) {
    const bytes = Uint8Array.from({ length: 30 }, () => 1 + Math.floor(random() * 255))
    handle(world, server, bytes, i)
  }
  t.same(nonZero(server), { stranger: 2000 })
  t.equal(server.pendingCount + server.tokenCount + server.clientCount, 0)
  t.equal(server.nextDeadline(), Number.POSITIVE_INFINITY)
})

t.test('a token opens one session: not a second from the same address, nor from another', async (t) => {
  const world = new World(5)
  const server = world.addServer()
  const host = world.addClient()
  const token = world.token(1n)
  host.client.connect(token, world.now)
  world.until(() => host.client.state === 3)
  world.run(100)
  host.client.disconnect()
  world.until(() => server.server.clientCount === 0)

  for (const address of [host.address, parseAddress('10.1.0.1:77')]) {
    const again = world.addClient({ timeoutMs: 1000 }, address)
    world.clients.splice(0, world.clients.length, again)
    again.client.connect(token, world.now)
    world.run(2000)
    t.equal(again.client.stateName, 'connection request timed out')
  }
  t.ok(server.server.counters.consumedToken >= 20)
  t.equal(server.events.length, 2, 'one session began and ended')
})

t.test('a token that one address has begun to use is refused to another', async (t) => {
  const world = new World(6)
  const server = world.createServer()
  const request = requestOf(world, world.token(1n))
  handle(world, server, request, 1)
  handle(world, server, request, 2)
  handle(world, server, request, 1)
  t.same(nonZero(server), { sharedToken: 1 })
  t.equal(server.pendingCount, 1)
})

t.test('a restarted server refuses tokens from before, and takes new ones', async (t) => {
  const world = new World(7)
  const host = world.addServer()
  world.run(5000)
  const token = world.token(1n)
  const before = world.addClient()
  before.client.connect(token, world.now)
  world.until(() => before.client.state === 3)
  world.run(10_000)

  host.server = world.createServer()
  const again = world.addClient({ timeoutMs: 1000 })
  again.client.connect(token, world.now)
  world.run(1500)
  t.equal(again.client.stateName, 'connection request timed out')
  t.ok(host.server.counters.beforeRestart >= 10)
  t.ok(connect(world, 2n))
})

t.test('an expired token is refused, also when the clock is set back', async (t) => {
  const world = new World(8)
  const server = world.createServer()
  const request = requestOf(world, world.token(1n))
  server.handleTimeout(world.now, START_UNIX_SECONDS + 30)
  server.handleDatagram(request, request.length, '10.7.7.7', 1, world.now, START_UNIX_SECONDS)
  t.same(nonZero(server), { expired: 1 })
})

t.test('remembers tokens until they expire, then forgets them', async (t) => {
  const world = new World(9)
  const server = world.createServer({ maxTokenHistory: 3 })
  for (let id = 1; id <= 4; id++) handle(world, server, requestOf(world, world.token(BigInt(id))), id)
  t.equal(server.tokenCount, 3)
  t.same(nonZero(server), { historyFull: 1 })
  world.now += 30_000
  handle(world, server, requestOf(world, world.token(5n)), 5)
  t.equal(server.tokenCount, 1)
})

t.test('a fresh token for a connected client takes over, once its response proves the new address', async (t) => {
  const world = new World(10)
  const server = world.addServer({ maxClients: 1 })
  const first = connect(world, 1n)
  const request = requestOf(world, world.token(1n))
  handle(world, server.server, request)
  world.run(500)
  t.equal(first.client.state, 3, 'a request alone ends nothing')

  const second = connect(world, 1n)
  t.equal(first.client.state, 0)
  t.equal(second.client.state, 3)
  t.same(server.events, ['connected 1', 'disconnected 1 replaced', 'connected 1'])
  t.equal(server.server.clientCount, 1)
})

t.test('with takeOver off, a connected client id is refused', async (t) => {
  const world = new World(11)
  const server = world.addServer({ takeOver: false })
  const first = connect(world, 1n)
  const second = world.connect(1n, { timeoutSeconds: 1 })
  world.run(2000)
  t.equal(first.client.state, 3)
  t.equal(second.client.stateName, 'connection request timed out')
  t.ok(server.server.counters.clientIdConnected >= 9)
})

t.test('two clients of one id that answer together: with takeOver off, one is connected', async (t) => {
  const world = new World(12)
  const server = world.addServer({ takeOver: false })
  const hosts = [world.connect(1n), world.connect(1n)]
  world.run(1000)
  t.same(hosts.map(({ client }) => client.state).sort(), [2, 3])
  t.ok(server.server.counters.clientIdConnected >= 1)
})

t.test('a negative time-out is refused where there is a cap, and longer ones are cut', async (t) => {
  const world = new World(13)
  const server = world.addServer({ maxTimeoutSeconds: 4 })
  const never = world.connect(1n, { timeoutSeconds: -1 })
  const long = world.connect(2n, { timeoutSeconds: 100 })
  const short = world.connect(3n, { timeoutSeconds: 2 })
  const zero = world.connect(4n, { timeoutSeconds: 0 })
  world.run(1000)
  t.equal(never.client.state, 1)
  t.ok(server.server.counters.negativeTimeout >= 9)
  t.equal(server.server.getClient(2n)?.timeoutSeconds, 4)
  t.equal(server.server.getClient(3n)?.timeoutSeconds, 2)
  t.equal(server.server.getClient(4n)?.timeoutSeconds, 4)
  for (const host of [long, short, zero]) host.isOnline = false
  world.clients.length = 0
  world.run(1950)
  t.same(server.events.slice(3), ['disconnected 3 timeout'])
  world.run(2100)
  t.equal(server.server.clientCount, 0)
})

t.test('an open server checks neither address nor expiry nor restart', async (t) => {
  const world = new World(14)
  const server = world.addServer({ isOpen: true, maxTokenHistory: 2 })
  for (let id = 1; id <= 3; id++) {
    const host = world.addClient()
    host.client.connect(world.token(BigInt(id), { createUnixSeconds: 5, serverAddresses: [SERVER_ADDRESS, '1.1.1.1:1'] }), world.now)
    t.ok(world.until(() => host.client.state === 3, 1000))
  }
  t.equal(server.server.tokenCount, 2, 'and forgets its oldest token')
})

t.test('a challenge answers for the token that it was made for, not for another of the same client', async (t) => {
  // Client 1 is challenged at its own address, and with a second token at a spoofed one, whose challenge it does not see.
  const world = new World(15)
  const server = world.createServer()
  const out = new Uint8Array(1200)
  const own = world.addClient()
  const ownToken = world.token(1n)
  own.client.connect(ownToken, world.now)
  const spoofedToken = world.token(1n)
  handle(world, server, out.slice(0, own.client.pollDatagram(out)), 1)
  own.client.handleDatagram(out, server.pollDatagram(out), SERVER_ADDRESS.host, SERVER_ADDRESS.port, world.now)
  handle(world, server, requestOf(world, spoofedToken), 2)
  server.pollDatagram(out)

  const response = out.slice(0, own.client.pollDatagram(out))
  const packets = new PacketCodec(crypto, PROTOCOL_ID)
  t.ok(packets.readHeader(response, response.length) && packets.open(readConnectToken(ownToken)!.clientToServerKey, response))
  const spoofed = new Uint8Array(1200)
  spoofed.set(response.subarray(packets.bodyStart, packets.bodyEnd), 2)
  const length = packets.seal(readConnectToken(spoofedToken)!.clientToServerKey, 3, 0, 0, spoofed, 308)
  handle(world, server, spoofed.slice(0, length), 2)
  t.same(nonZero(server), { badChallenge: 1 })
  t.equal(server.clientCount, 0)
})

t.test('the number of challenged clients is bounded, and the one heard of longest ago gives way', async (t) => {
  const world = new World(16)
  const server = world.createServer({ maxClients: 1, requestRates: requestRatesFor(Number.MAX_SAFE_INTEGER) })
  const first = requestOf(world, world.token(100_000n))
  handle(world, server, first, 10_000)
  for (let id = 1; id < MIN_PENDING_CLIENTS; id++) handle(world, server, requestOf(world, world.token(BigInt(id))), id)
  handle(world, server, first, 10_000)
  t.equal(server.pendingCount, MIN_PENDING_CLIENTS)
  handle(world, server, requestOf(world, world.token(200_000n)), 20_000)
  t.equal(server.pendingCount, MIN_PENDING_CLIENTS)
  t.same(nonZero(server), { pendingEvicted: 1 })
  const out = new Uint8Array(1200)
  const challenged = new Set<number>()
  while (server.pollDatagram(out) > 0) challenged.add(server.targetPort)
  t.ok(challenged.has(10_000), 'which asked again')
  t.notOk(challenged.has(1), 'which did not')
})

t.test('a challenged client that does not answer is forgotten after its time-out', async (t) => {
  const world = new World(17)
  const server = world.createServer()
  handle(world, server, requestOf(world, world.token(1n, { timeoutSeconds: 3 })), 1)
  t.equal(server.nextDeadline(), world.now + 3000)
  server.handleTimeout(world.now + 2999, world.unixSeconds)
  t.equal(server.pendingCount, 1)
  server.handleTimeout(world.now + 3000, world.unixSeconds)
  t.equal(server.pendingCount, 0)
  t.equal(server.nextDeadline(), Number.POSITIVE_INFINITY)
})

t.test('packets to clients without a slot begin at 2^63 and a random number, at every start', async (t) => {
  const world = new World(18)
  const sequences = [1, 2].map(() => {
    const server = world.createServer()
    handle(world, server, requestOf(world, world.token(1n)))
    const out = new Uint8Array(1200)
    t.equal(server.pollDatagram(out), 333)
    return Buffer.from(out).readBigUInt64LE(1)
  })
  for (const sequence of sequences) t.ok(sequence >= 2n ** 63n && sequence < 2n ** 63n + 2n ** 62n)
  t.not(sequences[0], sequences[1])
})

t.test('drops packets of a connected client that are repeated, forged, or numbered 2^53 and above', async (t) => {
  const world = new World(19)
  const { server } = world.addServer()
  const token = world.token(1n)
  const host = world.addClient()
  host.client.connect(token, world.now)
  world.until(() => host.client.state === 3)
  world.run(50)
  const before = { ...server.counters }
  const out = new Uint8Array(1200)
  out.fill(7, host.client.payloadOffset, host.client.payloadOffset + 10)
  const datagram = out.slice(0, host.client.sealPayload(out, 10, world.now))
  const { host: ip, port } = host.address
  const receive = (bytes: Uint8Array) => server.handleDatagram(bytes, bytes.length, ip, port, world.now, world.unixSeconds)

  t.equal(receive(flip(datagram.slice(), 12)), undefined)
  t.match(receive(datagram.slice()), { isPayload: true }, 'a forged copy that came first did not use up its number')
  t.equal(receive(datagram.slice()), undefined)

  const packets = new PacketCodec(crypto, PROTOCOL_ID)
  const key = readConnectToken(token)!.clientToServerKey
  const large = new Uint8Array(1200)
  t.equal(receive(large.slice(0, packets.seal(key, PACKET_PAYLOAD, 0, 2 ** 21, large, 5))), undefined)
  t.match(receive(large.slice(0, packets.seal(key, PACKET_PAYLOAD, 0xffffffff, 2 ** 21 - 1, large, 5))), { sequence: 2 ** 53 - 1 })
  const after = server.counters
  t.same([after.forged - before.forged, after.replayed - before.replayed, after.sequenceTooLarge - before.sequenceTooLarge], [1, 1, 1])
})

t.test('never throws on random or changed datagrams, and stays of use', async (t) => {
  const world = new World(20)
  const { server } = world.addServer()
  const host = connect(world, 1n)
  const random = createRandom(21)
  const samples: Uint8Array[] = [requestOf(world, world.token(5n))]
  const out = new Uint8Array(1200)
  for (let i = 0; i < 10; i++) samples.push(out.slice(0, host.client.sealPayload(out, 1 + i * 20, world.now)))
  const pendingRequest = requestOf(world, world.token(6n))
  handle(world, server, pendingRequest, 6)

  for (let i = 0; i < 8000; i++) {
    const bytes = random() < 0.3 ? new Uint8Array(Math.floor(random() * 1300)) : samples[Math.floor(random() * samples.length)]!.slice()
    for (let j = 0; j < 1 + random() * 3; j++)
      if (bytes.length > 0) bytes[Math.floor(random() * Math.min(bytes.length, random() < 0.5 ? 60 : 2000))] = Math.floor(random() * 256)
    const length = Math.min(bytes.length, Math.floor(random() * 1.3 * bytes.length))
    const [ip, port] = random() < 0.5 ? [host.address.host, host.address.port] : ['10.7.7.7', Math.floor(random() * 10)]
    server.handleDatagram(bytes, length, ip, port, world.now, world.unixSeconds)
  }
  t.ok(server.pendingCount <= 1 + 8, `${server.pendingCount} are challenged`)
  world.sendToServer(host, Uint8Array.of(1, 2, 3))
  world.run(100)
  t.same(world.servers[0]?.received.at(-1)?.bytes, [1, 2, 3])
})

t.test('tells which client a datagram of its own is for: none while it is challenged, itself once it holds a slot', async (t) => {
  const world = new World(23)
  const { server } = world.addServer()
  const targets: (bigint | undefined)[] = []
  world.onSend = (_bytes, source) => {
    if (source === SERVER_ADDRESS) targets.push(server.targetClient?.clientId)
  }
  const host = world.connect(7n)
  world.until(() => host.client.state === 3)
  t.strictSame(new Set(targets), new Set([undefined, 7n]))
  t.equal(targets[0], undefined)
})

t.test('says what it expected of an option', async (t) => {
  const world = new World(22)
  t.throws(() => world.createServer({ maxClients: 0 }), { name: 'RangeError', message: /"maxClients" expected integer 1–/ })
  t.throws(() => world.createServer({ privateKey: PRIVATE_KEY.slice(1) }), {
    name: 'RangeError',
    message: '"privateKey" expected 32 bytes, got 31',
  })
  t.throws(() => world.createServer({ protocolId: 2n ** 64n }), { name: 'RangeError' })
  t.throws(() => world.createServer({ keepAliveMs: 0 }), { name: 'RangeError' })
  t.throws(() => world.createServer({ maxTimeoutSeconds: -1 }), { name: 'RangeError' })
  const server = world.createServer()
  t.throws(() => server.pollDatagram(new Uint8Array(1000)), { name: 'RangeError', message: /at least 1200 bytes, got 1000/ })
  t.throws(() => server.disconnectClient({} as never), { name: 'TypeError' })
})

function flip(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at]! ^= 1
  return bytes
}

function nonZero(server: NetcodeServer): Record<string, number> {
  return Object.fromEntries(Object.entries(server.counters).filter(([, count]) => count > 0))
}
