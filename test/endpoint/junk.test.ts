// Junk: random bytes, and real datagrams changed a little, at every moment, to either side. It is dropped and counted, and the loop goes on.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Client, type Datagram, Server, type Transport } from '../../lib/index.js'
import { Random } from '../../lib/simulator/index.js'
import { Chat, messages, Num } from './messages.js'
import { PORT, World } from './world.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const JUNK = 1_000_000
const MAX_JUNK_BYTES = 1500
const CLIENTS = 10

/** A transport with a second way in: what `next` gives comes before what the network brought, up to `perUpdate` between two empty answers. */
class Injected {
  next: () => Datagram | undefined = () => undefined
  readonly transport: Transport

  constructor(inner: Transport) {
    this.transport = inner
    const { receive } = inner
    inner.receive = () => this.next() ?? receive.call(inner)
  }
}

interface Captured {
  readonly bytes: Uint8Array
  readonly host: string
  readonly port: number
}

/** Makes junk: by turns random bytes and changed captures, from strangers and from the addresses of clients. */
class JunkSource {
  readonly #random: Random
  readonly #block = new Uint8Array(64 * 1024)
  readonly #captured: readonly Captured[]
  made = 0

  constructor(seed: number, captured: readonly Captured[]) {
    this.#random = new Random(seed)
    this.#captured = captured
    for (let i = 0; i < this.#block.length; i++) this.#block[i] = this.#random.integer(256)
  }

  make(at: number): Datagram {
    const kind = this.made % 4
    const length = this.made++ % (MAX_JUNK_BYTES + 1)
    const source = this.#captured.length === 0 ? undefined : this.#captured[this.#random.integer(this.#captured.length)]
    const stranger = { host: `198.51.100.${this.#random.integer(256)}`, port: 1 + this.#random.integer(65_535) }
    if (source === undefined || kind === 0) return toDatagram(this.#randomBytes(length), stranger, at)
    if (kind === 1) return toDatagram(this.#likePacket(length), source, at)
    // A request that is whole would be let in, from any address; what is changed in one bit is not.
    return toDatagram(this.#change(source.bytes, length), kind === 2 ? source : stranger, at)
  }

  #randomBytes(length: number): Uint8Array {
    const from = this.#random.integer(this.#block.length - length)
    return this.#block.slice(from, from + length)
  }

  /** Random bytes behind a plausible first byte: a packet type and a sequence length. */
  #likePacket(length: number): Uint8Array {
    const bytes = this.#randomBytes(length)
    if (length > 0) bytes[0] = this.#random.integer(7) | ((1 + this.#random.integer(8)) << 4)
    return bytes
  }

  #change(captured: Uint8Array, length: number): Uint8Array {
    const way = this.#random.integer(4)
    if (way === 0) return captured.slice(0, Math.min(length, captured.length - 1)) // cut off
    if (way === 1) {
      const longer = new Uint8Array(captured.length + 1 + this.#random.integer(20))
      longer.set(captured)
      return longer
    }
    const bytes = captured.slice()
    const sequenceBytes = bytes[0]! >> 4
    if (way === 2 && sequenceBytes > 0) {
      // Another sequence than any that was sent: not a repeat, so its seal is what gives it away.
      bytes[0] = (bytes[0]! & 15) | (6 << 4)
      for (let i = 1; i <= 6; i++) bytes[i] = this.#random.integer(256)
      return bytes
    }
    const flips = 1 + this.#random.integer(4)
    for (let i = 0; i < flips; i++) {
      // Different bytes, so that no flip undoes another.
      const index = Math.floor(((i + this.#random.next()) * bytes.length) / flips)
      bytes[Math.min(index, bytes.length - 1)]! ^= 1 << this.#random.integer(8)
    }
    return bytes
  }
}

function sum(counters: Readonly<Record<string, number>>): number {
  // An evicted pending client is no datagram.
  return Object.entries(counters).reduce((total, [cause, count]) => (cause === 'pendingEvicted' ? total : total + count), 0)
}

t.test(`${JUNK} junk datagrams of 0–${MAX_JUNK_BYTES} bytes end no connection, take no memory, and are all counted`, async (t) => {
  const world = new World({ seed: 11 })
  const injected = new Injected(world.network.transport())
  const server = world.makeServer({ transport: injected.transport })
  const captured: Captured[] = []
  world.network.onDatagram = (outcome, { from, to, bytes }) => {
    if (outcome === 'delivered' && to.port === PORT) captured.push({ bytes: bytes.slice(), host: from.host, port: from.port })
  }
  const { host } = await world.settle(server.listen({ port: PORT }))
  server.onMessage(Num, ({ n }, peer) => peer.send(Num, { n }))
  let echoes = 0
  const clients: Client[] = []
  for (let i = 0; i < CLIENTS; i++) {
    const client = world.makeClient()
    client.onMessage(Num, () => echoes++)
    await world.settle(client.connect({ host, port: PORT }))
    client.send(Num, { n: i })
    clients.push(client)
  }
  await world.step(1500)
  world.network.onDatagram = undefined
  t.ok(captured.length > 50, `${captured.length} datagrams were captured`)
  const junk = new JunkSource(1, captured)
  const errors: unknown[] = []
  server.on('OnError', ({ error }) => errors.push(error))
  server.on('OnDisconnect', (event) => errors.push(event.reason))

  const ignoredBefore = sum(server.netcodeCounters!)
  const inBefore = server.inPackets
  const peersBefore = [...server.peers].reduce((total, peer) => total + peer.inPackets, 0)
  collectGarbage()
  const heapBefore = process.memoryUsage().heapUsed
  const echoesBefore = echoes
  const start = performance.now()
  let left = 0
  injected.next = () => (left-- > 0 && junk.made < JUNK ? junk.make(world.clock.now()) : undefined)
  while (junk.made < JUNK) {
    left = 4000
    if (junk.made % 100_000 < 4000) for (const client of clients) client.send(Num, { n: 1 })
    await world.step(17)
  }
  const took = performance.now() - start
  injected.next = () => undefined
  await world.step(1000)
  collectGarbage()
  const grown = process.memoryUsage().heapUsed - heapBefore
  t.comment(
    `${(took / 1000).toFixed(1)} s with making them, ${((took * 1000) / JUNK).toFixed(2)} µs each; heap ${(grown / 1e6).toFixed(2)} MB`,
  )
  t.comment(JSON.stringify(server.netcodeCounters))
  t.strictSame(errors, [])
  t.equal(server.peerCount, CLIENTS)
  t.ok(echoes - echoesBefore >= CLIENTS * 9, `the game went on: ${echoes - echoesBefore} echoes`)
  t.ok(grown < 10_000_000, `the heap grew by ${grown} bytes`)
  const ignored = sum(server.netcodeCounters!) - ignoredBefore
  const delivered = [...server.peers].reduce((total, peer) => total + peer.inPackets, 0) - peersBefore
  t.equal(ignored, JUNK, 'every one was ignored, and counted')
  t.equal(ignored + delivered, server.inPackets - inBefore, 'and what was delivered makes up the rest')
})

t.test('junk before, during and after the handshake, to both sides, keeps nobody out', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = new World({ seed })
    const captured: Captured[] = []
    world.network.onDatagram = (outcome, { from, bytes }) => {
      if (outcome === 'delivered') captured.push({ bytes: bytes.slice(), host: from.host, port: from.port })
    }
    const junk = new JunkSource(seed, captured)
    const junkPerUpdate = 30
    const inject = (endpointTransport: Transport): Transport => {
      const injected = new Injected(endpointTransport)
      let left = junkPerUpdate
      injected.next = () => {
        if (left-- > 0) return junk.make(world.clock.now())
        left = junkPerUpdate
        return undefined
      }
      return injected.transport
    }
    const server = world.makeServer({ transport: inject(world.network.transport()) })
    const client = world.makeClient({ transport: inject(world.network.transport()) })
    for (let i = 0; i < 10; i++) {
      server.update()
      client.update()
    }
    const { host } = await world.settle(server.listen({ port: PORT }))
    await world.step(50)
    await world.settle(client.connect({ host, port: PORT }))
    const got: number[] = []
    server.onMessage(Num, ({ n }) => got.push(n))
    for (let n = 0; n < 20; n++) {
      client.send(Num, { n })
      await world.step(20)
    }
    t.equal(client.connected, true, `seed ${seed}`)
    t.equal(got.length, 20)
    t.ok(sum(client.netcodeCounters!) > 500, 'the client counts what it ignored')
    await world.settle(client.disconnect())
    await world.step(100)
    t.equal(server.peerCount, 0)
    t.equal(client.state, Client.DISCONNECTED)
  }
})

t.test('strangers change nothing and allocate nothing: no peer, no pending client, no answer', async (t) => {
  const world = new World()
  const injected = new Injected(world.network.transport())
  const server = world.makeServer({ transport: injected.transport })
  await world.settle(server.listen({ port: PORT }))
  const junk = new JunkSource(3, [])
  let left = 20_000
  injected.next = () => (left-- > 0 ? junk.make(world.clock.now()) : undefined)
  const before = world.network.counters.sent
  await world.step(500)
  t.equal(server.peerCount, 0)
  t.equal(world.network.counters.sent, before, 'nothing was answered')
  const { stranger, malformed, ...others } = server.netcodeCounters as Record<string, number>
  t.equal(stranger! + malformed! + sum(others), 20_000)
})

t.test('one update takes a limited number of datagrams, so that a flood holds the loop no longer', async (t) => {
  const world = new World()
  const injected = new Injected(world.network.transport())
  const server = world.makeServer({ transport: injected.transport })
  await world.settle(server.listen({ port: PORT }))
  world.drive(server).isPaused = true
  const junk = new JunkSource(3, [])
  injected.next = () => junk.make(world.clock.now())
  const before = server.inPackets
  server.update()
  t.equal(server.inPackets - before, 4096)
})

t.test('a packet that was received before is ignored, not delivered twice', async (t) => {
  const world = new World()
  const injected = new Injected(world.network.transport())
  const server = new Server({ messages, clock: world.clock, transport: injected.transport })
  world.add(server)
  const captured: Captured[] = []
  world.network.onDatagram = (outcome, { from, to, bytes }) => {
    if (outcome === 'delivered' && to.port === PORT) captured.push({ bytes: bytes.slice(), host: from.host, port: from.port })
  }
  const { host } = await world.settle(server.listen({ port: PORT }))
  const client = world.makeClient()
  await world.settle(client.connect({ host, port: PORT }))
  let got = 0
  server.onMessage(Chat, () => got++)
  client.send(Chat, { text: 'once' }, { delivery: 'unreliable' })
  await world.step(100)
  const replay = captured.filter(({ bytes }) => (bytes[0]! & 15) === 5)
  t.ok(replay.length > 1)
  injected.next = () => {
    const next = replay.pop()
    return next === undefined ? undefined : toDatagram(next.bytes, next, world.clock.now())
  }
  await world.step(100)
  t.equal(got, 1)
  t.ok(server.netcodeCounters!.replayed! > 1)
  t.equal(client.connected, true)
})

function toDatagram(bytes: Uint8Array, { host, port }: { readonly host: string; readonly port: number }, at: number): Datagram {
  return { bytes, length: bytes.length, host, port, at }
}
