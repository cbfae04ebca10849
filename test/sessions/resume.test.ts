// Links that die, and players who come back over another one.
import t from 'tap'
import { type Client, createConnectToken, type Peer, type Server } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { Blob, Chat, Loose, messages, Num, Save, State } from '../endpoint/messages.js'
import { PORT, World } from '../endpoint/world.js'

const DEAD = [loss(1)]

/** What a server and a client said of drops, returns and ends, each in order. */
function journals(server: Server, client: Client): { readonly onServer: string[]; readonly onClient: string[] } {
  const onServer: string[] = []
  const onClient: string[] = []
  server.on('OnDrop', () => onServer.push('drop'))
  server.on('OnResume', () => onServer.push('resume'))
  server.on('OnDisconnect', ({ reason, detail }) => onServer.push(`end ${reason} ${detail}`))
  server.on('OnError', ({ error }) => onServer.push(`error ${error.code}`))
  client.on('OnDrop', () => onClient.push('drop'))
  client.on('OnResume', ({ attempts }) => onClient.push(`resume ${attempts}`))
  client.on('OnDisconnect', ({ reason, detail }) => onClient.push(`end ${reason} ${detail}`))
  client.on('OnError', ({ error }) => onClient.push(`error ${error.code}`))
  return { onServer, onClient }
}

interface Scene {
  readonly world: World
  readonly server: Server
  readonly client: Client
  readonly peer: Peer
  readonly onServer: string[]
  readonly onClient: string[]
}

async function scene(options: Parameters<World['pair']>[1] = {}, hz = 60, rttMs = 100): Promise<Scene> {
  const world = new World({ network: [delay(rttMs / 2)] })
  const { server, clients } = await world.pair(1, { server: { ...options.server }, client: { reconnect: true, ...options.client } })
  const client = clients[0]!
  for (const endpoint of [server, client]) world.drive(endpoint).hz = hz
  const [peer] = server.peers
  await world.step(500)
  return { world, server, client, peer: peer!, ...journals(server, client) }
}

function live(world: World, rttMs = 100): void {
  world.network.stages = [delay(rttMs / 2)]
}

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

for (const mode of ['open', 'token'] as const) {
  t.test(`${mode} mode: a link that is dead for five seconds costs no message, on any channel`, async (t) => {
    const world = new World({ network: [delay(50)], unixSeconds: Math.floor(Date.now() / 1000) })
    const privateKey = new Uint8Array(32).fill(7)
    const server = world.makeServer(mode === 'open' ? {} : { privateKey, publicAddresses: ['10.0.0.1:9000'] })
    const { host } = await world.settle(server.listen({ port: PORT }))
    const client = world.makeClient({ reconnect: true })
    const token = (): Uint8Array =>
      createConnectToken({ game: 'tickwire', privateKey, addresses: [`${host}:${PORT}`], clientId: 5n, tokenData: new Uint8Array([1, 2]) })
    await world.settle(client.connect(mode === 'open' ? { host, port: PORT, name: 'ada' } : { token: token(), name: 'ada' }))
    const [peer] = server.peers
    const { onServer, onClient } = journals(server, client)
    const got = { up: [] as number[], down: [] as number[], saves: [] as number[], blobs: 0 }
    server.onMessage(Num, ({ n }) => got.up.push(n))
    server.onMessage(Save, ({ n }) => got.saves.push(n))
    client.onMessage(Num, ({ n }) => got.down.push(n))
    client.onMessage(Blob, ({ data }) => {
      if (data.length === 50_000 && data.every((byte) => byte === 9)) got.blobs++
    })
    let n = 0
    const speak = async (ms: number): Promise<void> => {
      for (const end = n + ms / 20; n < end; n++) {
        client.send(Num, { n })
        client.send(Save, { n })
        peer!.send(Num, { n })
        if (n % 50 === 0) peer!.send(Blob, { data: new Uint8Array(50_000).fill(9) })
        await world.step(20)
      }
    }
    await speak(1000)
    world.network.stages = DEAD
    await speak(5000)
    t.equal(client.isAway, true)
    t.equal(client.connected, false)
    t.equal(client.disconnected, false)
    t.equal(peer!.isAway, false, 'the server has not noticed yet: its time-out is 10 s')
    world.network.stages = [delay(50)]
    await speak(7000)
    await world.step(2000)
    t.strictSame(got.up, count(n), 'to the server')
    t.strictSame(got.down, count(n), 'to the client')
    t.strictSame(
      got.saves.sort((a, b) => a - b),
      count(n),
      'reliable ones',
    )
    t.equal(got.blobs, Math.ceil(n / 50), 'large ones')
    t.strictSame(onServer, ['drop', 'resume'])
    t.match(onClient, ['drop', /^resume \d$/])
    t.equal(client.connected, true)
    t.equal(server.getPeer(peer!.id), peer, 'it is the same peer')
    t.equal(server.peerCount, 1)
    t.equal(client.peerId, peer!.id)
    if (mode === 'token') t.strictSame([...peer!.tokenData.subarray(0, 3)], [1, 2, 0], "the token's data stay the backend's")
    await world.settle(client.disconnect('bye'))
    await world.step(100)
    t.match([onServer.at(-1), onClient.at(-1)], ['end closed bye', 'end closed bye'])
  })
}

t.test('silence is noticed within a second, and coming back takes three round trips', async (t) => {
  const RTT = 100
  const { world, client, onClient } = await scene({}, 1000, RTT)
  const at: Record<string, number> = {}
  client.on('OnDrop', () => {
    at.drop = world.clock.now()
  })
  client.on('OnResume', () => {
    at.resume = world.clock.now()
  })
  const changedAt = world.clock.now()
  world.network.rebind({ host: '10.0.0.2', port: 40000 }) // what is sent to the old address reaches nobody
  await world.until(() => at.resume !== undefined)
  t.ok(
    at.drop! - changedAt <= 1000 + RTT,
    `noticed ${at.drop! - changedAt} ms after the address has changed, a packet of before it was under way for ${RTT / 2}`,
  )
  const trips = (at.resume! - at.drop!) / RTT
  t.ok(trips <= 3.1, `${trips} round trips of ${RTT} ms, with loops of 1 ms on both sides`)
  t.comment(`noticed after ${at.drop! - changedAt} ms; back after ${trips} round trips`)
  t.strictSame(onClient, ['drop', 'resume 1'])
})

t.test('what was acknowledged is not sent again', async (t) => {
  const { world, server, client, onClient } = await scene()
  let arrived = 0
  server.onMessage(Chat, () => arrived++)
  for (let i = 0; i < 200; i++) client.send(Chat, { text: 'x'.repeat(1000) })
  await world.until(() => client.pendingAcks === 0)
  world.network.stages = DEAD
  await world.until(() => client.isAway)
  const before = client.outBytes
  live(world)
  await world.until(() => onClient.length === 2)
  await world.step(1000)
  t.equal(arrived, 200)
  t.ok(
    client.outBytes - before < 10_000,
    `${client.outBytes - before} bytes for coming back, with all that the handshake repeats: none of the 200,000 again`,
  )
})

t.test('who does not come back in time has gone: OnDrop, OnError, OnDisconnect, once on each side', async (t) => {
  const { world, server, onServer, onClient } = await scene({
    server: { resumeGraceMs: 5000, timeoutMs: 3000 },
    client: { timeoutMs: 3000 },
  })
  world.network.stages = DEAD
  await world.step(3500)
  t.strictSame(onServer, ['drop'])
  t.equal(server.peerCount, 1, 'it holds its place')
  await world.step(20_000)
  t.strictSame(onServer, ['drop', 'error TIMEOUT', 'end timeout did not come back within 5000 ms'])
  t.match(onClient, ['drop', 'error TIMEOUT', /^end timeout could not come back in time, in \d attempts$/])
  t.equal(server.peerCount, 0)
  live(world)
  await world.step(20_000)
  t.equal(onServer.length, 3)
  t.equal(onClient.length, 3)
})

t.test('without reconnect, or with a server that keeps nobody, a dead link is the end', async (t) => {
  for (const options of [{ client: { reconnect: false } }, { server: { resumeGraceMs: 0 } }]) {
    const { world, onServer, onClient } = await scene(options)
    world.network.stages = DEAD
    await world.step(12_000)
    t.match(onServer, ['error TIMEOUT', /^end timeout/])
    t.match(onClient, ['error TIMEOUT', /^end timeout/])
  }
})

t.test('the outbox: unreliable messages do not wait, of sequenced ones the newest does, reliable ones do in order', async (t) => {
  const { world, client, peer, onClient } = await scene()
  const got: string[] = []
  client.onMessage(Loose, ({ n }) => got.push(`loose ${n}`))
  client.onMessage(State, ({ n }) => got.push(`state ${n}`))
  client.onMessage(Num, ({ n }) => got.push(`num ${n}`))
  world.network.stages = DEAD
  await world.step(11_500)
  t.equal(peer.isAway, true)
  for (let n = 0; n < 5; n++) {
    t.equal(peer.send(Loose, { n }), 0)
    t.ok(peer.send(State, { n }) > 0)
    t.ok(peer.send(Num, { n }) > 0)
  }
  live(world)
  await world.until(() => onClient.length === 2)
  await world.step(500)
  t.strictSame(got.sort(), ['num 0', 'num 1', 'num 2', 'num 3', 'num 4', 'state 4'])
})

for (const [whenFull, expected] of [
  ['reject', [0, 1, 2]],
  ['drop-newest', [0, 1, 2]],
  ['drop-oldest', [7, 8, 9]],
] as const) {
  t.test(`an outbox that is full: ${whenFull}`, async (t) => {
    const { world, server, client, onClient } = await scene({ client: { reconnect: true, outbox: { maxMessages: 3, whenFull } } })
    const got: number[] = []
    server.onMessage(Num, ({ n }) => got.push(n))
    world.network.stages = DEAD
    await world.until(() => client.isAway)
    const accepted = count(10).filter((n) => client.send(Num, { n }) > 0)
    await world.step(500)
    live(world)
    await world.until(() => client.connected, 20_000)
    await world.step(500)
    t.strictSame(got, expected)
    t.strictSame(accepted, whenFull === 'drop-oldest' ? count(10) : expected)
    t.equal(onClient.filter((line) => line === 'error OUTBOX_FULL').length, whenFull === 'reject' ? 1 : 0)
  })
}

t.test('an outbox is bounded in bytes too', async (t) => {
  const { world, client } = await scene({ client: { reconnect: true, outbox: { maxBytes: 10_000 } } })
  world.network.stages = DEAD
  await world.until(() => client.isAway)
  let accepted = 0
  for (let i = 0; i < 100; i++) if (client.send(Chat, { text: 'x'.repeat(1000) }) > 0) accepted++
  t.equal(accepted, 9)
  t.ok(client.outBufferBytes <= 10_000)
})

t.test('a game that kicks a player who is away: it hears so when it comes back', async (t) => {
  const { world, peer, server, onServer, onClient } = await scene()
  world.network.stages = DEAD
  await world.step(11_500)
  await world.settle(peer.disconnect('idle'))
  await world.step(100)
  t.strictSame(onServer, ['drop', 'end kicked idle'])
  t.equal(server.peerCount, 0)
  t.equal(peer.send(Num, { n: 1 }), 0)
  live(world)
  await world.until(() => onClient.length === 2, 20_000)
  t.strictSame(onClient, ['drop', 'end kicked idle'])
})

t.test('a client that disconnects while it is away has ended at once; the server hears of it when the grace is over', async (t) => {
  const { world, client, onServer, onClient } = await scene({ server: { resumeGraceMs: 2000 } })
  world.network.stages = DEAD
  await world.until(() => client.isAway)
  await world.settle(client.disconnect('enough'))
  await world.step(20)
  t.strictSame(onClient, ['drop', 'end closed enough'])
  await world.step(13_000)
  t.strictSame(onServer, ['drop', 'error TIMEOUT', 'end timeout did not come back within 2000 ms'])
  live(world)
  await world.settle(client.connect({ host: '10.0.0.1', port: PORT }))
  t.equal(client.connected, true, 'and it can connect anew')
})

t.test('server.close ends those who are away', async (t) => {
  const { world, server, onServer } = await scene()
  world.network.stages = DEAD
  await world.step(11_500)
  await world.settle(server.close('over'))
  t.strictSame(onServer, ['drop', 'end server-closed over'])
})

t.test('a server that was started anew does not know who comes back', async (t) => {
  const { world, server, client, onClient } = await scene()
  world.remove(server) // its process is gone: nothing is said, and the port is free
  const { host } = server.address!
  world.network.unbind({ host, port: PORT })
  await world.until(() => client.isAway)
  const next = world.makeServer({ transport: world.network.transport(host) })
  await world.settle(next.listen({ port: PORT }))
  await world.until(() => onClient.some((line) => line.startsWith('end')), 30_000)
  t.match(onClient.at(-1), /^end timeout the server does not know who wants to come back/)
  t.equal(next.peerCount, 0)
})

t.test('maxAttempts and signal end the attempts', async (t) => {
  const few = await scene({ client: { reconnect: { maxAttempts: 2, attemptTimeoutMs: 500 } } })
  few.world.network.stages = DEAD
  await few.world.step(5000)
  t.match(few.onClient.at(-1), /^end timeout could not come back in 2 attempts; the last one: no answer in time/)
  const stop = new AbortController()
  const stopped = await scene({ client: { reconnect: { signal: stop.signal } } })
  stopped.world.network.stages = DEAD
  await stopped.world.until(() => stopped.client.isAway)
  stop.abort()
  await stopped.world.step(100)
  t.match(stopped.onClient.at(-1), /reconnect.signal was aborted/)
})

t.test('a server that is full keeps a place for those who are away, and lets them in again', async (t) => {
  const { world, client, onClient } = await scene({ server: { maxPeers: 1 } })
  world.network.stages = DEAD
  await world.step(11_500)
  live(world)
  const other = world.makeClient()
  const error = await world.failure(other.connect({ host: '10.0.0.1', port: PORT }))
  t.match(error, { code: 'REJECTED', reason: 'full' })
  await world.until(() => onClient.length === 2, 20_000)
  t.equal(client.connected, true)
})

t.test('the server’s clock goes on and never runs backwards', async (t) => {
  const { world, server, client, onClient } = await scene()
  let last = client.serverNow()
  const watch = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 10) {
      await world.step(10)
      const now = client.serverNow()
      if (now < last) t.fail(`${now} after ${last}`)
      last = now
    }
  }
  world.network.stages = DEAD
  await watch(5000)
  live(world)
  await watch(8000)
  t.equal(onClient.length, 2)
  t.ok(Math.abs(client.serverNow() - server.now()) < 20, `${client.serverNow() - server.now()} ms off`)
})

t.test('misuse is said at the call', async (t) => {
  const world = new World()
  for (const [options, text] of [
    [{ reconnect: 5 }, /"reconnect" expected true or its options, got 5/],
    [{ reconnect: { silenceMs: 10 } }, /"reconnect.silenceMs" expected 200 to/],
    [{ reconnect: { jitter: 2 } }, /"reconnect.jitter" expected 0 to 1, got 2/],
    [{ outbox: { whenFull: 'never' } }, /"outbox.whenFull" expected 'reject', 'drop-oldest' or 'drop-newest', got "never"/],
    [{ outbox: 3 }, /"outbox" expected \{ maxMessages, maxBytes, whenFull \}, got 3/],
  ] as const)
    t.throws(() => world.makeClient(options as never), { code: 'BAD_OPTION', message: text })
  t.throws(() => world.makeServer({ resumeGraceMs: -1 }), { code: 'BAD_OPTION' })
  t.ok(messages)
})
