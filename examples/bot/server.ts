// The server that bots play on: moves everyone, and shows each player the first others of them, thirty times a second.
import { type Peer, Server } from 'tickwire'
import { ARENA_SIZE, GAME, Input, MAX_PLAYERS, MAX_SHOWN, messages, Snapshot } from './messages.js'

const TICKS_PER_SECOND = 60
const TICKS_PER_SNAPSHOT = 2
/** Units in a tick, at full deflection. */
const SPEED = 0.5

class Player {
  x = ARENA_SIZE / 2
  y = ARENA_SIZE / 2
  right = 0
  down = 0
  lastInput = 0
  snapshots = 0

  step(): void {
    this.x = Math.min(Math.max(this.x + (this.right / 127) * SPEED, 0), ARENA_SIZE)
    this.y = Math.min(Math.max(this.y + (this.down / 127) * SPEED, 0), ARENA_SIZE)
  }
}

export async function openBotServer({ host, port }: { readonly host: string; readonly port: number }): Promise<Server<Player>> {
  const server = new Server<Player>({ messages, game: GAME, maxPeers: MAX_PLAYERS })
  server.on('OnConnectRequest', (request) => request.accept(new Player()))
  server.onMessage(Input, ({ number, right, down }, { user: player }) => {
    player.lastInput = number
    player.right = right
    player.down = down
  })
  await server.listen({ host, port })
  server.run({
    hz: TICKS_PER_SECOND,
    onTick: (tick) => {
      for (const { user: player } of server.peers) player.step()
      if (tick % TICKS_PER_SNAPSHOT === 0) show(Array.from(server.peers))
    },
  })
  return server
}

function show(peers: readonly Peer<Player>[]): void {
  const all = peers.slice(0, MAX_SHOWN).map(({ id, user }) => ({ id: id % 65_536, x: user.x, y: user.y }))
  for (const peer of peers) peer.send(Snapshot, { number: ++peer.user.snapshots, lastInput: peer.user.lastInput, shown: all })
}
