// The arena's server and players in simulated time: what the demo shows, on a network that does the same each time.
import t from 'tap'
import { delay, loss, type Simulation, type Stage, simulate } from 'tickwire/simulator'
import { type ArenaHost, hostArena, type ServerPlayer } from '../../examples/arena/arena-server.js'
import { findMismatches, totalsOf } from '../../examples/arena/counts.js'
import { distanceBetween, moved, SPEED, type Spot } from '../../examples/arena/game.js'
import { Closing, Input, messages } from '../../examples/arena/messages.js'
import { Player } from '../../examples/arena/player.js'

const HZ = 60

interface World extends Simulation<ServerPlayer> {
  readonly host: ArenaHost
  readonly players: readonly Player[]
}

/** An arena and players in it, of whom the first has a ghost. */
async function open(clients: number, network: readonly Stage[]): Promise<World> {
  const players: Player[] = []
  let host: ArenaHost | undefined
  const world = await simulate<ServerPlayer>({
    seed: 3,
    messages,
    clients,
    network,
    server: (server) => {
      host = hostArena(server, { hz: HZ })
      server.run({ hz: HZ, onTick: host.onTick })
    },
    client: (client, i) => {
      players.push(new Player(client, `client ${i}`, { hz: HZ, hasGhost: i === 0 }))
      client.onMessage(Closing, () => {})
    },
  })
  return { ...world, host: host!, players }
}

/** Runs around in squares. */
function runAround(player: Player): void {
  player.client.run({
    hz: HZ,
    onTick: (tick) => {
      const side = Math.floor(tick / 40) % 4
      player.move({ right: [1, 0, -1, 0][side]!, down: [0, 1, 0, -1][side]! })
    },
  })
}

t.test('at 150 ms and a fifth lost, the predicted dot is undisturbed, and the ordered ghost is late', async (t) => {
  const world = await open(2, [loss(0.2), delay(75)])
  const [you, other] = world.players as [Player, Player]
  runAround(you)
  runAround(other)
  await world.step(8000)
  const dot = you.yourDelay.summary!
  const ghost = you.ghostDelay.summary!
  t.equal(dot.worst.delayMs, 1000 / HZ)
  t.ok(dot.jump <= (SPEED / HZ) * 1.5, `never jumped: ${dot.jump}`)
  t.ok(you.worstCorrection < 1, `corrections are small: ${you.worstCorrection}`)
  t.ok(ghost.worst.delayMs > 250, `the ghost waits for what was lost: ${ghost.worst.delayMs} ms`)
  t.ok(ghost.stillMs > 100 && ghost.jump > 3, `it freezes and jumps: ${ghost.stillMs} ms, ${ghost.jump} units`)
})

t.test('without loss the ghost is one round trip late, and follows every move', async (t) => {
  const world = await open(1, [delay(75)])
  const you = world.players[0]!
  runAround(you)
  await world.step(4000)
  const { worst, jump } = you.ghostDelay.summary!
  t.ok(worst.delayMs >= 150 && worst.delayMs <= 250, `${worst.delayMs} ms`)
  t.ok(jump < 1.1, `two moves in one tick at most: ${jump}`)
  t.equal(you.worstCorrection, 0)
})

t.test('others move smoothly, and are where they were a little ago', async (t) => {
  const world = await open(2, [loss(0.1), delay(40, 10)])
  const [you, other] = world.players as [Player, Player]
  runAround(you)
  runAround(other)
  await world.step(1500)
  const path: Spot[] = []
  let last: Spot | undefined
  let longestStep = 0
  let furthest = 0
  for (let frame = 0; frame < 150; frame++) {
    await world.step(1000 / HZ)
    path.push(other.spot!)
    if (frame < 30) continue // what is seen lies that far back
    const seen = you.others().find(({ id }) => id === other.client.peerId)!.spot
    longestStep = Math.max(longestStep, last === undefined ? 0 : distanceBetween(last, seen))
    furthest = Math.max(furthest, Math.min(...path.slice(-60).map((spot) => distanceBetween(spot, seen))))
    last = seen
  }
  t.ok(longestStep < (3 * SPEED) / HZ, `no step is longer than three ticks of running: ${longestStep}`)
  t.ok(furthest < 3, `never far from the way that was run: ${furthest}`)
})

t.test('nobody runs faster by sending more inputs, or by skipping numbers', async (t) => {
  const world = await open(2, [])
  const server = world.server
  for (const [client, numbering] of [
    [world.clients[0]!, (i: number) => i], // ten times as many as the clock allows
    [world.clients[1]!, (i: number) => i * 1000],
  ] as const) {
    const { user } = server.getPeer(client.peerId)!
    user.body.spot = { x: 0, y: 24 }
    const began = user.body.spot
    for (let i = 1; i <= 600; i++) {
      client.send(Input, { number: numbering(i), right: 1, down: 0 })
      if (i % 10 === 0) await world.step(1000 / HZ)
    }
    await world.step(100)
    const fair = moved(began, { right: 1, down: 0 }, 1000 + 1000 + 200) // a second that it had saved, a second that has passed
    t.ok(user.body.spot.x <= fair.x, `${user.body.spot.x} of ${fair.x}`)
    t.ok(user.body.spot.x > 20, 'but it did run')
  }
})

t.test('every line is accounted for at heavy loss, and who comes late too', async (t) => {
  const world = await open(3, [loss(0.25), delay(30, 20)])
  const { players } = world
  for (const player of players.slice(0, 2)) runAround(player)
  const say = async (speakers: readonly Player[]): Promise<void> => {
    for (const player of speakers) player.say(`gems: ${player.gemsOf()}`)
    await world.step(250)
  }
  for (let i = 0; i < 8; i++) await say(players.slice(0, 2))
  runAround(players[2]!)
  for (let i = 0; i < 8; i++) await say(players)
  for (const player of players) player.rest()
  await world.until(() => world.clients.every((client) => client.pendingAcks === 0), { timeoutMs: 30_000 })
  const pending = Promise.all(players.map((player) => player.finish()))
  let counts: Awaited<typeof pending> | undefined
  void pending.then((all) => {
    counts = all
  })
  await world.until(() => counts !== undefined, { timeoutMs: 30_000 })
  t.strictSame(findMismatches(counts!), [])
  t.hasStrict(totalsOf(counts!), [
    { what: 'chat, players → server', sent: 40, received: 40 },
    { what: 'chat, server → players', sent: 120, received: 120 },
    { what: 'chat, player → player', sent: 120, received: 120 },
  ])
})

t.test('an arena that closes says why, and lets who is in finish first', async (t) => {
  const world = await open(2, [])
  const [first, second] = world.clients
  const heard: string[] = []
  const ends: string[] = []
  for (const client of [first!, second!]) {
    client.onMessage(Closing, ({ detail }) => heard.push(detail))
    client.on('OnDisconnect', ({ reason, detail }) => ends.push(`${reason} ${detail}`))
  }
  let isClosed = false
  void world.host.close('the host has left').then(() => {
    isClosed = true
  })
  await world.step(300)
  t.strictSame(heard, ['the host has left', 'the host has left'])
  t.notOk(isClosed)
  t.equal(world.server.peerCount, 2)
  void first!.close('bye')
  await world.step(300)
  t.notOk(isClosed, 'the second is still in')
  await world.until(() => isClosed, { timeoutMs: 5000 })
  t.strictSame(ends, ['closed bye', 'server-closed the host has left'], 'who does not leave is told again')
})
