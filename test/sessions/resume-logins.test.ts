// Players who log in and come back: they prove who they are once more, keep their identity while they are away, and give it up to a newer log-in.
import t from 'tap'
import { type Auth, type Authenticator, anyone, createConnectToken, type Server, tokenData } from '../../lib/index.js'
import { loss } from '../../lib/simulator/index.js'
import { PORT, World } from '../endpoint/world.js'
import { later, logIn, openServer, refusalOf } from './log-in.js'

const privateKey = Uint8Array.from({ length: 32 }, (_, i) => i + 1)

/** What the server said of drops, returns and ends, in order. */
function journal(server: Server): string[] {
  const lines: string[] = []
  server.on('OnConnect', ({ peer }) => lines.push(`${peer.name}: connect`))
  server.on('OnDrop', ({ peer }) => lines.push(`${peer.name}: drop`))
  server.on('OnResume', ({ peer }) => lines.push(`${peer.name}: resume`))
  server.on('OnDisconnect', ({ peer, reason }) => lines.push(`${peer.name}: ${reason}`))
  return lines
}

async function openPlayer(world: World, auth: () => Promise<Auth>, authenticators: readonly Authenticator[]) {
  const { server } = await openServer(world, { auth: authenticators, timeoutMs: 2000 })
  const lines = journal(server)
  const client = world.makeClient({ reconnect: { silenceMs: 500 } })
  await world.settle(client.connect({ host: '10.0.0.1', port: PORT, name: 'ada', auth }))
  return { server, lines, client }
}

/** The network is dead for so long. */
async function cut(world: World, ms: number): Promise<void> {
  world.network.stages = [loss(1)]
  await world.step(ms)
  world.network.stages = []
}

t.test('who comes back logs in anew, with a claim that is fetched anew, and is the same peer all the while', async (t) => {
  const world = new World()
  let fetched = 0
  const asked: unknown[] = []
  const authenticator: Authenticator = {
    scheme: 'account',
    authenticate: async (claim, { name, sessionId }) => {
      await later(world, 50)
      asked.push([claim, name, sessionId])
      return { id: 'ada' }
    },
  }
  const { server, lines, client } = await openPlayer(world, async () => ({ scheme: 'account', claim: ++fetched }), [authenticator])
  const [peer] = server.peers
  await cut(world, 4000)
  t.equal(peer!.isAway, true)
  t.ok(server.getPeerByIdentity('ada') === peer, 'it keeps its identity while it is away')
  await world.until(() => client.connected)
  await world.step(200)
  t.strictSame(lines, ['ada: connect', 'ada: drop', 'ada: resume'])
  t.ok(server.getPeerByIdentity('ada') === peer)
  t.ok(fetched > 1)
  t.match(asked[0], [1, 'ada', /^[0-9a-f]{32}$/])
  t.strictSame(asked.at(-1), [fetched, 'ada', (asked[0] as unknown[])[2]])
})

t.test('whoever has no account comes back as whom it was', async (t) => {
  const world = new World()
  const { server, client } = await openPlayer(world, async () => ({ scheme: 'none' }), [anyone()])
  const [peer] = server.peers
  await cut(world, 3000)
  await world.until(() => client.connected)
  t.ok(server.getPeerByIdentity(peer!.identity!.id) === peer)
  t.equal(server.peerCount, 1)
})

t.test('a resume token alone, or with another’s claim, brings nobody back', async (t) => {
  for (const second of ['bob', 'nobody']) {
    const world = new World()
    const claims = ['ada']
    const authenticator: Authenticator = {
      scheme: 'account',
      authenticate: (claim) => (claim === 'nobody' ? undefined : { id: String(claim) }),
    }
    const auth = async (): Promise<Auth> => ({ scheme: 'account', claim: claims.shift() ?? second })
    const { server, lines, client } = await openPlayer(world, auth, [authenticator])
    let detail = ''
    client.on('OnError', () => {})
    client.on('OnDisconnect', (event) => {
      detail = event.detail
    })
    await cut(world, 3000)
    await world.until(() => client.disconnected || client.errored)
    t.equal(detail, 'the log-in failed')
    t.strictSame(lines, ['ada: connect', 'ada: drop'])
    t.equal(server.getPeerByIdentity('ada')?.isAway, true)
    t.equal(server.getPeerByIdentity('bob'), undefined)
  }
})

t.test('a new log-in replaces who is away, and who was replaced does not come back', async (t) => {
  const world = new World()
  const authenticator: Authenticator = { scheme: 'account', authenticate: () => ({ id: 'ada' }) }
  const { server, lines, client } = await openPlayer(world, async () => ({ scheme: 'account' }), [authenticator])
  const reasons: string[] = []
  client.on('OnDisconnect', ({ reason, detail }) => reasons.push(`${reason}: ${detail}`))
  world.drive(client).isPaused = true
  await world.step(3000)
  t.equal(server.getPeerByIdentity('ada')?.isAway, true)
  await logIn(world, { name: 'again', auth: { scheme: 'account' } })
  t.strictSame(lines, ['ada: connect', 'ada: drop', 'ada: replaced', 'again: connect'])
  world.drive(client).isPaused = false
  await world.step(6000)
  t.strictSame(reasons, ['replaced: the same identity logged in again'])
  t.equal(server.peerCount, 1)
  t.equal(server.getPeerByIdentity('ada')?.name, 'again')
})

t.test('with reject the place of who is away is kept', async (t) => {
  const world = new World()
  const authenticator: Authenticator = { scheme: 'account', authenticate: () => ({ id: 'ada' }) }
  const { server } = await openServer(world, { auth: [authenticator], timeoutMs: 2000, duplicateLogin: 'reject' })
  const client = world.makeClient({ reconnect: true })
  await world.settle(client.connect({ host: '10.0.0.1', port: PORT, auth: { scheme: 'account' } }))
  await cut(world, 3000)
  t.equal(server.getPeerByIdentity('ada')?.isAway, true)
  t.equal(await refusalOf(world, { auth: { scheme: 'account' } }), 'already-connected')
  await world.until(() => client.connected)
})

t.test('in token mode who comes back is asked for by what the first token said', async (t) => {
  const world = new World({ unixSeconds: Math.floor(Date.now() / 1000) })
  const asked: string[] = []
  const auth = [
    tokenData((bytes, { clientId }) => {
      asked.push(`${clientId} ${bytes[0]}`)
      return bytes[0] === 9 ? { id: `account ${clientId}` } : undefined
    }),
  ]
  const { server } = await openServer(world, { privateKey, auth, timeoutMs: 2000 })
  const lines = journal(server)
  const client = world.makeClient({ reconnect: { silenceMs: 500 } })
  const token = createConnectToken({
    game: 'tickwire',
    privateKey,
    addresses: [`10.0.0.1:${PORT}`],
    clientId: 7n,
    tokenData: Uint8Array.of(9),
    timeoutSeconds: 2,
  })
  await world.settle(client.connect({ token, name: 'ada' }))
  await cut(world, 4000)
  await world.until(() => client.connected)
  await world.step(100)
  t.strictSame(lines, ['ada: connect', 'ada: drop', 'ada: resume'])
  t.ok(asked.length >= 2)
  t.strictSame(new Set(asked), new Set(['7 9']))
})
