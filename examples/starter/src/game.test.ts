// The rules by themselves, and the whole game in simulated time: a server and clients on a network that delays and loses, seconds of it in milliseconds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'tickwire'
import { delay, loss, seededEntropy, simulate } from 'tickwire/simulator'
import { chooseHeading } from './autopilot.js'
import { countTiles, createWorld, HEIGHT, type Heading, join, leave, step, tileAt, WIDTH } from './game.js'
import { GameView } from './game-view.js'
import { hostGame, TICK_HZ } from './host-game.js'
import { GAME, messages, Steer } from './messages.js'
import { drawLines, statusLine } from './screen.js'

/** 80 ms more each way, give or take 20, and every fifth datagram is lost. */
const BAD_NETWORK = [delay(80, 20), loss(0.2)]

test('a player walks, paints what is below, and stops at the wall', () => {
  const world = createWorld()
  const ada = join(world, 1, 'ada')
  assert.deepEqual(step(world, 0.1), [{ tile: tileAt(ada.x, ada.y), seat: 1 }])
  assert.deepEqual(step(world, 0.1), [], 'a tile is painted once')
  ada.heading = 'left'
  for (let i = 0; i < 100; i++) step(world, 0.05)
  assert.equal(ada.x, 0.5)
  assert.equal(countTiles(world.tiles, 1), 5)
})

test('a seat and its paint are free again when a player has left', () => {
  const world = createWorld()
  const ada = join(world, 1, 'ada')
  join(world, 2, 'bob')
  step(world, 0.1)
  leave(world, 1)
  assert.equal(countTiles(world.tiles, ada.seat), 0)
  assert.equal(countTiles(world.tiles, 2), 1)
  assert.equal(join(world, 3, 'cy').seat, ada.seat)
})

test('the autopilot heads for the nearest tile that is not its own', () => {
  const tiles = new Uint8Array(WIDTH * HEIGHT).fill(1)
  assert.equal(chooseHeading(tiles, 1, { x: 3.5, y: 3.5 }), 'stay')
  tiles[tileAt(3.5, 9.5)] = 2
  assert.equal(chooseHeading(tiles, 1, { x: 3.5, y: 3.5 }), 'down')
  tiles[tileAt(1.5, 3.5)] = 0
  assert.equal(chooseHeading(tiles, 1, { x: 3.5, y: 3.5 }), 'left')
})

test('every client ends with the board of the server, through a bad network', async () => {
  const { world, views, headings, step, until } = await startGame(3)
  headings.splice(0, 3, 'right', 'down', 'left')
  await step(800)
  headings.fill('stay')
  await until(() => [...world.players.values()].every(({ heading }) => heading === 'stay'))
  await until(() => views.every((view) => isSame(view.tiles, world.tiles)))
  for (const { seat } of world.players.values()) assert.ok(countTiles(world.tiles, seat) > 3, `seat ${seat} has painted`)
})

test('who comes late gets the whole board, and who leaves takes the paint along', async () => {
  const { world, headings, clients, clock, network, server, until } = await startGame(2)
  headings[0] = 'right'
  await until(() => countTiles(world.tiles, 1) > 5)
  const late = new Client({ messages, game: GAME, clock, transport: network.transport(), entropy: seededEntropy(99) })
  const view = new GameView(late)
  const joined = late.connect({ host: server.address!.host, port: server.address!.port, name: 'late' })
  await until(() => late.connected)
  await joined
  late.run({ hz: 30 })
  await until(() => view.players.length === 3 && isSame(view.tiles, world.tiles))
  assert.ok(countTiles(view.tiles, 1) > 5)
  assert.equal(view.me?.name, 'late')
  void clients[0]!.close()
  await until(() => view.players.length === 2 && countTiles(view.tiles, 1) === 0)
})

test('a name that is no name is refused, in words', async () => {
  const { clock, network, server, until } = await startGame(1)
  const client = new Client({ messages, game: GAME, clock, transport: network.transport(), entropy: seededEntropy(98) })
  let refusal = ''
  client.on('OnConnectRequestRejected', ({ detail }) => {
    refusal = detail
  })
  client.connect({ host: server.address!.host, port: server.address!.port, name: '\x1b[2Jeve' }).catch(() => {})
  await until(() => refusal !== '')
  assert.match(refusal, /^"name" expected 1–16 characters/)
})

test('the screen shows board, players and scores, and never exceeds the terminal', async () => {
  const { views, until } = await startGame(2)
  const [view] = views
  await until(() => view!.players.length === 2 && view!.positions.length === 2)
  const lines = drawLines(view!, { columns: 80, rows: 24, hasColor: false })
  assert.equal(lines.length, HEIGHT + 4)
  assert.ok(lines.some((line) => line.includes('()')) && lines.some((line) => line.includes('<>')), 'you, and someone else')
  assert.match(lines.at(-1)!, /client \d/)
  assert.match(statusLine(view!), /^2 in the game, tiles: client \d 1, client \d 1; round trip \d+\.\d ms$/)
  for (let columns = 1; columns < 90; columns += 4) {
    for (const line of drawLines(view!, { columns, rows: 5, hasColor: false })) assert.ok(line.length <= Math.max(columns, 3))
    assert.ok(drawLines(view!, { columns, rows: 5, hasColor: false }).length <= 5)
  }
})

/** Players that steer on every tick, as the real client does; `headings` says where to, in the order of `clients`. */
async function startGame(players: number) {
  let world = createWorld()
  const views: GameView[] = []
  const headings = new Array<Heading>(players).fill('stay')
  const simulation = await simulate({
    seed: 7,
    messages,
    clients: players,
    network: BAD_NETWORK,
    serverOptions: { game: GAME },
    clientOptions: { game: GAME },
    server: (server) => {
      world = hostGame(server)
    },
    client: (client) => views.push(new GameView(client)),
  })
  for (const [i, client] of simulation.clients.entries())
    client.run({ hz: TICK_HZ, onTick: () => client.send(Steer, { heading: headings[i]! }) })
  return { ...simulation, world, views, headings }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
