// The rules on a server: what players send goes in, what has changed goes out. The server process and the test both use it.
import type { Server } from 'tickwire'
import { createWorld, join, leave, step, type World } from './game.js'
import { Board, MAX_NAME_LENGTH, Painted, Players, Positions, Steer } from './messages.js'

/** Ticks a second of the game. */
export const TICK_HZ = 30

/** Sets a server up, before or after it listens, and runs it until it is closed. */
export function hostGame(server: Server): World {
  const world = createWorld()

  server.on('OnConnectRequest', (request) => {
    if (!isName(request.name)) request.reject(`"name" expected 1–${MAX_NAME_LENGTH} characters, none of them a control character`)
  })

  server.on('OnConnect', ({ peer }) => {
    join(world, peer.id, peer.name)
    peer.send(Board, { tiles: world.tiles })
    server.sendToAll(Players, { players: [...world.players.values()] })
  })

  server.on('OnDisconnect', ({ peer }) => {
    leave(world, peer.id)
    server.sendToAll(Board, { tiles: world.tiles })
    server.sendToAll(Players, { players: [...world.players.values()] })
  })

  server.onMessage(Steer, ({ heading }, peer) => {
    const player = world.players.get(peer.id)
    if (player !== undefined) player.heading = heading
  })

  server.run({
    hz: TICK_HZ,
    onTick: (_tick, dtMs) => {
      for (const painted of step(world, dtMs / 1000)) server.sendToAll(Painted, painted)
      server.sendToAll(Positions, { players: [...world.players.values()] })
    },
  })
  return world
}

/** Names go to other people's terminals. */
function isName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME_LENGTH && !/\p{C}/u.test(name)
}
