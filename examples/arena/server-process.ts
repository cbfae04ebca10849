// The server of the arena, in a process of its own. It runs the game, tells everyone 20 times a second how it stands, and passes chat on.
import { Server } from 'tickwire'
import { Arrivals, type ServerCounts } from './counts.js'
import { Arena, type Body, isDue } from './game.js'
import { GAME, Input, MAX_PLAYERS, messages, Said, Say, SERVER, Snapshot } from './messages.js'
import { fail, obey, readSettings, report, reportSamples, type ServerSettings } from './process-channel.js'

const SNAPSHOT_HZ = 20

/** What the server keeps with each peer. */
class Player {
  readonly body: Body
  readonly inputs = new Arrivals()
  readonly lines = new Arrivals()
  snapshotsSent = 0

  constructor(body: Body) {
    this.body = body
  }
}

const { hz, port } = readSettings<ServerSettings>()
const arena = new Arena(1)
const server = new Server<Player>({ messages, game: GAME, maxPeers: MAX_PLAYERS })
let isPlaying = false
let isSettling = false
let linesSent = 0
let snapshots = 0

server.on('OnConnectRequest', (request) => request.accept(new Player(arena.join())))
server.on('OnDisconnect', ({ peer }) => arena.leave(peer.user.body))

server.onMessage(Input, (input, { user }) => {
  user.inputs.addNewer(input.number)
  arena.steer(user.body, input.right, input.down)
})

server.onMessage(Say, ({ number, text }, peer) => {
  peer.user.lines.addNext(number)
  sayToAll(peer.id, number, text)
})

function onTick(tick: number, dtMs: number): void {
  if (isPlaying) arena.step(dtMs)
  if (isPlaying && isDue(tick, hz, SNAPSHOT_HZ)) sendSnapshot()
  if (!isSettling || server.pendingAcks > 0) return
  isSettling = false
  void report({ type: 'settled' })
}

function sendSnapshot(): void {
  const players = Array.from(server.peers, ({ id, user: { body } }) => ({ id, x: body.x, y: body.y, gems: body.gems }))
  server.sendToAll(Snapshot, { number: snapshots++, gem: arena.gem, players })
  for (const { user } of server.peers) user.snapshotsSent++
}

function sayToAll(speaker: number, number: number, text: string): void {
  server.sendToAll(Said, { line: linesSent++, speaker, number, text })
}

function counts(): ServerCounts {
  const players = Array.from(server.peers, ({ id, name, user }) => ({
    id,
    name,
    inputs: user.inputs,
    lines: user.lines,
    snapshotsSent: user.snapshotsSent,
  }))
  return { linesSent, players }
}

obey({
  play: () => {
    isPlaying = true
  },
  rest: () => {
    isPlaying = false
  },
  settle: () => {
    isSettling = true
    sayToAll(SERVER, 0, 'the match is over') // and so, when all have acknowledged it, no snapshot is under way any more
  },
  count: () => void report({ type: 'counts', counts: counts() }),
  leave: () => void server.close('the match is over').then(() => process.exit()),
})

const address = await server.listen({ host: '127.0.0.1', port }).catch((error: Error) => fail(error.message))
server.run({ hz, onTick })
reportSamples(() => server.metrics())
await report({ type: 'ready', ready: { port: address.port } })
