// The client's states, and what it does when servers fail.
import t from 'tap'
import { NETCODE_CLIENT_TRANSITIONS, STATE_NAMES } from '../../lib/netcode/client-state.js'
import { NetcodeClient } from '../../lib/netcode/netcode-client.js'
import { parseAddress } from '../../lib/wire/address.js'
import { createRandom, crypto, SERVER_ADDRESS, World } from './world.js'

t.test('tries the next address when one is silent, denies, or cannot be reached', async (t) => {
  const world = new World(1)
  const full = parseAddress('10.0.0.2:40000')
  const silent = parseAddress('10.0.0.3:40000')
  world.addServer()
  const fullServer = world.addServer({ maxClients: 1 }, full)
  const only = world.connect(1n, { serverAddresses: [full] })
  world.until(() => only.client.state === 3)

  const host = world.connect(2n, { serverAddresses: [silent, full, SERVER_ADDRESS], timeoutSeconds: 2 })
  t.same(host.client.targetAddress, silent)
  const start = world.now
  t.ok(world.until(() => host.client.state === 3, 10_000))
  t.same(host.client.targetAddress, SERVER_ADDRESS)
  t.ok(world.now - start >= 2000 && world.now - start < 2200, 'the time-out of the first, and no more')
  t.ok(fullServer.server.counters.full >= 1)

  const hasty = world.connect(3n, { serverAddresses: [silent, SERVER_ADDRESS] })
  hasty.client.handleUnreachable(world.now)
  t.same(hasty.client.targetAddress, SERVER_ADDRESS, 'at once')
  t.ok(world.until(() => hasty.client.state === 3, 1000))
})

t.test('reaches the last of 32 addresses', async (t) => {
  const world = new World(2)
  world.addServer()
  const serverAddresses = [...Array.from({ length: 31 }, (_, i) => `10.0.1.${i}:1`), SERVER_ADDRESS]
  const host = world.connect(1n, { serverAddresses, expireSeconds: 60, timeoutSeconds: 1 })
  t.ok(world.until(() => host.client.state === 3, 40_000))
  t.ok(world.now >= 31_000)
})

t.test('a dead server: the request times out; one that goes silent after the challenge: the response', async (t) => {
  const world = new World(3)
  const alone = world.connect(1n, { timeoutSeconds: 2 })
  t.ok(world.until(() => alone.client.state < 0, 5000))
  t.equal(alone.client.state, -2)
  t.equal(alone.client.stateName, 'connection request timed out')
  t.equal(world.now, 3000)
  t.equal(alone.client.nextDeadline(), Number.POSITIVE_INFINITY)

  const server = world.addServer()
  const host = world.connect(2n, { timeoutSeconds: 2 })
  world.until(() => host.client.state === 2)
  server.isOnline = false
  t.ok(world.until(() => host.client.state < 0, 5000))
  t.equal(host.client.stateName, 'connection response timed out')
})

t.test('gives up when the token expires, whatever addresses are left', async (t) => {
  const world = new World(4)
  const serverAddresses = Array.from({ length: 10 }, (_, i) => `10.0.1.${i}:1`)
  const host = world.connect(1n, { serverAddresses, expireSeconds: 5, timeoutSeconds: 2 })
  t.ok(world.until(() => host.client.state < 0, 60_000))
  t.equal(host.client.stateName, 'connect token expired')
  t.equal(world.now, 6000)
})

t.test('a session goes on after its token has expired', async (t) => {
  const world = new World(5)
  world.addServer()
  const host = world.connect(1n)
  world.until(() => host.client.state === 3)
  world.run(100_000)
  t.equal(host.client.state, 3)
})

t.test('its own time-out goes before the token’s', async (t) => {
  const world = new World(6)
  for (const [timeoutMs, expected] of [
    [700, 1700],
    [0, 31_000],
  ] as const) {
    const host = world.addClient({ timeoutMs })
    world.now = 1000
    host.client.connect(world.token(1n, { timeoutSeconds: 3 }), world.now)
    world.until(() => host.client.state < 0)
    t.equal(world.now, expected, timeoutMs === 0 ? 'only the token’s expiry is left' : '700 ms')
  }
})

t.test('refuses what is not a token, and calls out of turn', async (t) => {
  const world = new World(7)
  world.addServer()
  const { client } = world.addClient()
  t.throws(() => client.targetAddress, { message: /connect\(\)/ })
  t.throws(() => client.connect(new Uint8Array(2048), 0), { name: 'TypeError', message: /2048 bytes of a netcode 1.02 connect token/ })
  t.equal(client.stateName, 'invalid connect token')
  t.throws(() => client.sealPayload(new Uint8Array(1200), 1, 0), { message: /expected a client that is connected/ })
  client.connect(world.token(1n), world.now)
  t.throws(() => client.connect(world.token(1n), world.now), { message: /expected a client that is disconnected/ })
  t.throws(() => client.pollDatagram(new Uint8Array(1199)), { name: 'RangeError' })
  t.throws(() => new NetcodeClient({ crypto, keepAliveMs: 0 }), { name: 'RangeError' })
  t.throws(() => new NetcodeClient({ crypto, timeoutMs: -1 }), { name: 'RangeError' })
})

t.test('waits no longer than the server says, keeps alive five times in that, and tells its time-out', async (t) => {
  const world = new World(9)
  world.addServer()
  const host = world.connect(1n)
  t.equal(host.client.timeoutMs, 5000, 'that of the token')
  world.until(() => host.client.state === 3)
  host.client.limitTimeout(8000)
  t.equal(host.client.timeoutMs, 5000, 'a longer one changes nothing')
  host.client.limitTimeout(1500)
  t.equal(host.client.timeoutMs, 1500)
  world.servers[0]!.isOnline = false
  const sent: number[] = []
  world.onSend = (_bytes, source) => {
    if (source === host.address) sent.push(world.now)
  }
  world.until(() => host.client.state < 0)
  t.equal(world.now, host.client.lastReceivedAt + 1500)
  t.ok(sent.length >= 5, `${sent.length} keep-alives`)
  const forever = world.addClient({ timeoutMs: 0 })
  forever.client.connect(world.token(2n), world.now)
  t.equal(forever.client.timeoutMs, 0, 'never')
})

t.test('one that would wait for ever waits as long as the server says', async (t) => {
  const world = new World(9)
  world.addServer()
  const { client } = world.addClient({ timeoutMs: 0 })
  client.connect(world.token(1n), world.now)
  world.until(() => client.state === 3)
  client.limitTimeout(1500)
  world.servers[0]!.isOnline = false
  world.until(() => client.state < 0)
  t.equal(world.now, client.lastReceivedAt + 1500)
})

t.test('what was due is not sent once the client has given up', async (t) => {
  const world = new World(10)
  const { client } = world.addClient()
  client.connect(world.token(1n, { timeoutSeconds: 2 }), world.now)
  client.handleTimeout(world.now + 5000)
  t.ok(client.state < 0)
  t.equal(client.pollDatagram(new Uint8Array(1200)), 0)
})

t.test('a zone goes to the link-local addresses of a token, and to no other', async (t) => {
  const world = new World(11)
  const { client } = world.addClient()
  const token = (host: string): Uint8Array => world.token(1n, { serverAddresses: [parseAddress(`[${host}]:40000`)] })
  client.connect(token('fe80::1'), world.now, 'eth0')
  t.equal(client.targetAddress.host, 'fe80::1%eth0')
  client.disconnect()
  client.connect(token('2001:db8::1'), world.now, 'eth0')
  t.equal(client.targetAddress.host, '2001:db8::1')
})

t.test('a payload fills a datagram to 1200 bytes on both sides, whatever its number takes', async (t) => {
  const world = new World(12)
  const { server } = world.addServer()
  const host = world.connect(1n)
  world.until(() => host.client.state === 3 && server.getClient(1n)?.confirmed === true)
  const peer = server.getClient(1n)!
  const out = new Uint8Array(1280)
  for (let i = 0; i < 300; i++) {
    const { maxPayloadBytes, nextSequence } = host.client
    t.equal(host.client.sealPayload(out, maxPayloadBytes, world.now), 1200, `client, ${nextSequence}`)
    t.equal(server.sealPayload(peer, out, peer.maxPayloadBytes, world.now), 1200, `server, ${peer.nextSequence}`)
  }
})

t.test('never numbers two packets alike while its token lives', async (t) => {
  const world = new World(8)
  const sent = new Set<string>()
  const host = world.addClient()
  world.onSend = (bytes, source) => {
    if (source !== host.address || bytes[0] === 0) return
    const number = Buffer.from(bytes.subarray(1, 1 + (bytes[0]! >> 4))).toString('hex')
    if (sent.has(number)) t.fail(`number ${number} was used twice`)
    sent.add(number)
  }
  world.addServer()
  const token = world.token(1n, { expireSeconds: 300 })
  host.client.connect(token, world.now)
  world.until(() => host.client.state === 3)
  for (let i = 0; i < 50; i++) world.sendToServer(host, Uint8Array.of(i))
  host.client.disconnect()
  world.run(100)
  const before = host.client.nextSequence
  t.ok(before >= 60)
  host.client.connect(token, world.now)
  t.equal(host.client.nextSequence, before, 'the same token goes on')
  host.client.disconnect()
  host.client.connect(world.token(1n), world.now)
  t.equal(host.client.nextSequence, 0, 'another begins anew')
})

t.test('ignores datagrams from elsewhere, repeated, forged or out of place', async (t) => {
  const world = new World(9)
  const server = world.addServer()
  const host = world.connect(1n)
  world.until(() => host.client.state === 3)
  world.run(50)
  const peer = server.server.getClient(1n)!
  const out = new Uint8Array(1200)
  const datagram = out.slice(0, server.server.sealPayload(peer, out, 20, world.now))
  const receive = (bytes: Uint8Array, port = SERVER_ADDRESS.port) =>
    host.client.handleDatagram(bytes, bytes.length, SERVER_ADDRESS.host, port, world.now)
  const forged = datagram.slice()
  forged[10]! ^= 1
  t.equal(receive(datagram.slice(), 1), undefined)
  t.equal(receive(forged), undefined)
  t.match(receive(datagram.slice()), { isPayload: true, start: peer.payloadOffset, end: peer.payloadOffset + 20 })
  t.equal(receive(datagram.slice()), undefined)
  t.equal(receive(datagram.slice(0, 10)), undefined)
  t.same(host.client.counters, { malformed: 1, stranger: 1, unexpected: 0, replayed: 1, sequenceTooLarge: 0, forged: 1 })
})

t.test('never throws on random or changed datagrams, in any state', async (t) => {
  const world = new World(10)
  const server = world.addServer()
  const random = createRandom(77)
  const seen: Uint8Array[] = []
  world.onSend = (bytes) => seen.push(bytes.slice())
  for (const state of [1, 2, 3]) {
    const host = world.connect(BigInt(state))
    world.until(() => host.client.state === state)
    for (let i = 0; i < 3000; i++) {
      const bytes = random() < 0.3 ? new Uint8Array(Math.floor(random() * 1300)) : seen[Math.floor(random() * seen.length)]!.slice()
      for (let j = 0; j < 1 + random() * 3; j++)
        if (bytes.length > 0) bytes[Math.floor(random() * Math.min(bytes.length, 40))] = Math.floor(random() * 256)
      host.client.handleDatagram(bytes, Math.floor(random() * 1.2 * bytes.length), SERVER_ADDRESS.host, SERVER_ADDRESS.port, world.now)
    }
    t.equal(host.client.state, state)
    t.ok(
      world.until(() => host.client.state === 3, 1000),
      'and connects in spite of it',
    )
  }
  t.equal(server.server.clientCount, 3)
})

t.test('every state has a name and a way on', async (t) => {
  const states = Object.keys(STATE_NAMES).map(Number)
  t.same(
    states.sort((a, b) => a - b),
    [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3],
  )
  for (const [from, next] of Object.entries(NETCODE_CLIENT_TRANSITIONS)) t.ok(next.length > 0, `from ${from}`)
  const reached = new Set(Object.values(NETCODE_CLIENT_TRANSITIONS).flat())
  t.same(
    states.filter((state) => !reached.has(state as never)),
    [],
    'each can be reached',
  )
})
