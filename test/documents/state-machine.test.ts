// Holds docs/STATE-MACHINE.md to the tables of transitions, and both to what happens: every move is seen.
import t from 'tap'
import { CLIENT_TRANSITIONS } from '../../lib/endpoint/client.js'
import { SERVER_CONNECTION_TRANSITIONS } from '../../lib/endpoint/server-connection.js'
import { NETCODE_CLIENT_TRANSITIONS, STATE_NAMES } from '../../lib/netcode/client-state.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { parseAddress } from '../../lib/wire/address.js'
import { observeMoves, StateMachine } from '../../lib/wire/state-machine.js'
import { World } from '../endpoint/world.js'
import { World as NetcodeWorld, SERVER_ADDRESS } from '../netcode/world.js'
import { codeBlock, readDocument, tableRows } from './document.js'

const page = readDocument('docs/STATE-MACHINE.md')

const MACHINES: Readonly<Record<string, Readonly<Record<string, readonly (string | number)[]>>>> = {
  'netcode client': NETCODE_CLIENT_TRANSITIONS,
  client: CLIENT_TRANSITIONS,
  "server's connection": SERVER_CONNECTION_TRANSITIONS,
}

/** The moves of a table, as "from to", sorted. */
function movesOf(name: string): string[] {
  return Object.entries(MACHINES[name]!)
    .flatMap(([from, all]) => all.map((to) => `${from} ${to}`))
    .sort()
}

function sectionOf(name: string): string {
  const at = page.indexOf(`<!-- machine: ${name} -->`)
  return page.slice(at, page.indexOf('\n## ', at))
}

for (const name of Object.keys(MACHINES)) {
  t.test(`the page has the moves of the ${name}`, async (t) => {
    const rows = tableRows(sectionOf(name), 'From', 'To', 'When')
    const moves = rows.flatMap(([from, to]) => from!.split(', ').map((stage) => `${stage} ${to}`))
    t.strictSame(moves.sort(), movesOf(name), 'in its table')
    t.ok(rows.every(([, , when]) => when !== ''))
    const drawing = codeBlock(page, `machine: ${name}`)
    const drawn = [...drawing.matchAll(/^ {2}(\S+) --> (\S+)$/gm)].map(([, from, to]) => `${from} ${to}`)
    t.strictSame(drawn.filter((move) => !move.includes('[*]')).sort(), movesOf(name), 'in its drawing')
  })
}

t.test('the drawing of the netcode client names its states as the standard does', async (t) => {
  const names = Object.fromEntries(
    [...codeBlock(page, 'machine: netcode client').matchAll(/state "(-?\d) ([^"]+)" as (-?\d)$/gm)].map(([, number, name, alias]) => {
      t.equal(number, alias)
      return [number, name]
    }),
  )
  t.strictSame(names, Object.fromEntries(Object.entries(STATE_NAMES)))
})

t.test('a move that the table does not have throws', async (t) => {
  const machine = new StateMachine('lamp', { on: ['off'], off: [] } as const, 'on')
  machine.move('off')
  t.throws(() => machine.move('off'), new Error('a lamp cannot go from off to off'))
  t.equal(machine.state, 'off')
})

// ── What happens ──

const seen = new Set<string>()
let lastMove = ''

t.before(() =>
  observeMoves((name, from, to) => {
    lastMove = `${name}: ${from} ${to}`
    seen.add(lastMove)
  }),
)
t.teardown(() => observeMoves(undefined))

function unseen(name: string): string[] {
  return movesOf(name).filter((move) => !seen.has(`${name}: ${move}`))
}

const SECOND = parseAddress('10.0.0.2:40000')
const TWO = [SERVER_ADDRESS, SECOND]

t.test('every move of the netcode client is seen', async (t) => {
  const world = new NetcodeWorld(1)
  const reach = (state: number, host: ReturnType<NetcodeWorld['connect']>): void => {
    t.ok(
      world.until(() => host.client.state === state, 40_000),
      `reaches ${state}`,
    )
  }
  let id = 10n
  // Nobody is there.
  const lonely = world.connect(id++, { timeoutSeconds: 1 })
  reach(-2, lonely)
  lonely.client.connect(world.token(id++), world.now)
  lonely.client.disconnect()
  const patient = world.connect(id++, { expireSeconds: 3, timeoutSeconds: 60 })
  reach(-6, patient)
  const wanderer = world.connect(id++, { serverAddresses: TWO, timeoutSeconds: 1 })
  reach(-2, wanderer)

  // A server that goes silent, gets full, or says goodbye.
  const server = world.addServer({ maxClients: 1, maxTokenLifetimeSeconds: 3 })
  const answered = (options: Parameters<NetcodeWorld['connect']>[1]) => {
    server.isOnline = true
    const host = world.connect(id++, options)
    reach(2, host)
    server.isOnline = false
    world.run(50) // its answer is lost
    return host
  }
  const silenced = answered({ timeoutSeconds: 1 })
  reach(-3, silenced)
  const moved = answered({ timeoutSeconds: 1, serverAddresses: TWO })
  reach(1, moved)
  moved.client.disconnect()
  const expired = answered({ timeoutSeconds: 60, expireSeconds: 3 })
  reach(-6, expired)
  answered({}).client.disconnect()
  const late = answered({ timeoutSeconds: 60 })
  world.clients.splice(world.clients.indexOf(late), 1) // it says nothing for a while, and another takes the only slot
  server.isOnline = true
  const first = world.connect(1n)
  reach(3, first)
  world.clients.push(late)
  reach(-1, late)
  reach(-1, world.connect(id++))
  first.client.disconnect()
  world.run(100)
  const timed = world.connect(id++, { timeoutSeconds: 1 })
  reach(3, timed)
  server.isOnline = false
  reach(-4, timed)

  // From each end, on with a token and without.
  for (const { client } of [lonely, wanderer, patient, silenced, late, timed, world.addClient()]) {
    t.throws(() => client.connect(new Uint8Array(5), world.now), TypeError)
    t.throws(() => client.connect(new Uint8Array(5), world.now), TypeError)
    client.connect(world.token(id++), world.now)
    client.disconnect()
  }
  const again = async (state: number, make: () => ReturnType<NetcodeWorld['connect']>): Promise<void> => {
    const host = make()
    reach(state, host)
    host.client.connect(world.token(id++), world.now)
    host.client.disconnect()
  }
  await again(-2, () => world.connect(id++, { timeoutSeconds: 1 }))
  await again(-6, () => world.connect(id++, { expireSeconds: 3, timeoutSeconds: 60 }))
  await again(-3, () => answered({ timeoutSeconds: 1 }))
  server.isOnline = true
  const holder = world.connect(id++, { timeoutSeconds: 60 })
  reach(3, holder)
  await again(-1, () => world.connect(id++))
  holder.client.disconnect()
  world.run(100)
  await again(-4, () => {
    const host = world.connect(id++, { timeoutSeconds: 1 })
    reach(3, host)
    server.isOnline = false
    return host
  })
  t.strictSame(unseen('netcode client'), [])
})

t.test('every move of clients and of a server’s connections is seen', async (t) => {
  const world = new World()
  const server = world.makeServer({ timeoutMs: 2000 })
  let verdict: 'accept' | 'reject' | 'wait' = 'accept'
  server.on('OnConnectRequest', (request) => {
    if (verdict === 'reject') request.reject('no')
    return verdict === 'wait' ? new Promise(() => {}) : undefined
  })
  server.on('OnError', () => {})
  const { host, port } = await server.listen({ port: 9000 })
  const newClient = () => {
    const client = world.makeClient({ timeoutMs: 2000 })
    client.on('OnError', () => {})
    return client
  }
  const connect = async () => {
    const client = newClient()
    await world.settle(client.connect({ host, port }))
    return client
  }
  const fail = async (client: ReturnType<typeof newClient>, where = { host, port }) => world.failure(client.connect(where))

  // Ends of clients that were accepted: theirs, the server's, and none's.
  await world.settle((await connect()).disconnect())
  const kicked = await connect()
  await Promise.all(Array.from(server.peers, (peer) => world.settle(peer.disconnect('out'))))
  await world.until(() => !kicked.connected)
  await connect()
  world.network.partition([host])
  await world.step(5000)
  world.network.heal()

  // Those that were not.
  const hasty = newClient()
  const aborted = world.failure(hasty.connect({ host, port }))
  await hasty.disconnect() // before the socket is open
  t.equal((await aborted).code, 'ABORTED')
  t.equal((await fail(newClient(), { host: '10.99.99.99', port })).code, 'TIMEOUT')
  verdict = 'reject'
  t.equal((await fail(newClient())).code, 'REJECTED')
  server.acceptNewConnections = false
  t.equal((await fail(newClient())).code, 'REJECTED')
  server.acceptNewConnections = true
  verdict = 'wait'
  for (const isHealed of [false, true]) {
    const waiting = newClient()
    const failure = fail(waiting)
    await world.step(500) // Hello has been said, and nobody decides
    if (isHealed) await world.settle(waiting.disconnect())
    else world.network.partition([host])
    t.equal((await failure).code, isHealed ? 'ABORTED' : 'TIMEOUT')
    await world.step(3000)
    world.network.heal()
  }
  // A netcode session without a Hello.
  const mute = newClient()
  const failure = fail(mute)
  let lastPartition = -1
  world.network.onDatagram = (outcome, { to }) => {
    // The server's first keep-alive has reached the client: from here on nothing does.
    if (outcome === 'delivered' && to.host !== host && ++lastPartition === 1) world.network.partition([host])
  }
  t.equal((await failure).code, 'TIMEOUT')
  world.network.onDatagram = undefined
  await world.step(8000)
  world.network.heal()
  await world.settle(server.close())
  await seePlayersComeBack()
  t.strictSame([unseen('client'), unseen("server's connection")], [[], []])
})

/** Links that die, and attempts that fail at every stage. */
async function seePlayersComeBack(): Promise<void> {
  const world = new World({ network: [delay(10)] })
  const server = world.makeServer({ timeoutMs: 2000, resumeGraceMs: 8000 })
  server.on('OnError', () => {})
  const { host, port } = await server.listen({ port: 9000 })
  const transport = world.network.transport()
  const client = world.makeClient({ transport, timeoutMs: 2000, reconnect: { attemptTimeoutMs: 500 } })
  client.on('OnError', () => {})
  const until = (move: string): Promise<void> => world.until(() => lastMove === move, 20_000)
  await world.settle(client.connect({ host, port }))
  world.network.stages = [loss(1)]
  await until('client: linking away')
  world.network.stages = [delay(10)]
  await until('client: linking hello')
  world.network.stages = [loss(1)] // its Welcome is lost
  await until('client: hello away')
  const { open } = transport
  transport.open = () => Promise.reject(new Error('no network'))
  await until('client: opening away')
  transport.open = open
  world.network.stages = [delay(10)]
  await world.until(() => client.connected, 20_000)
  world.network.stages = [loss(1)]
  await world.until(() => !client.isAway && server.peerCount === 0, 60_000) // both have given up
}
