// The server: its balls are the true ones. It says when something happens to one that no client can know; how it flies, they know themselves.
import { Server } from 'tickwire'
import { AddBall, BallChanged, GAME, KickBall, MAX_BALLS, messages, World } from './messages.js'
import { type Ball, ballAt, HEIGHT, TICKS_PER_SECOND, WIDTH } from './physics.js'

const KICK_SPEED = 20

export interface BallServer {
  readonly server: Server
  /** The true balls, at the server's tick. */
  readonly balls: ReadonlyMap<number, Ball>
}

/** Resolves when the server listens, on a free port of 127.0.0.1. */
export async function openBallServer(): Promise<BallServer> {
  const server = new Server({ messages, game: GAME })
  const balls = new Map<number, Ball>()
  let nextId = 1
  let now = 0

  const set = (ball: Ball): void => {
    balls.set(ball.id, ball)
    server.sendToAll(BallChanged, ball)
  }
  server.on('OnConnect', ({ peer }) => peer.send(World, { balls: [...balls.values()] })) // a late joiner gets the state
  server.onMessage(AddBall, ({ x, y }) => {
    const isInside = x >= 0 && x <= WIDTH && y >= 0 && y <= HEIGHT // false for NaN too: a client may send any number
    if (isInside && balls.size < MAX_BALLS) set({ id: nextId++, tick: now, x, y, vx: nextId % 2 === 0 ? 12 : -9, vy: 0 })
  })
  server.onMessage(KickBall, ({ id }) => {
    const ball = balls.get(id)
    if (ball !== undefined) set({ ...ball, vx: -ball.vx, vy: -KICK_SPEED })
  })

  await server.listen({ host: '127.0.0.1' })
  server.run({
    hz: TICKS_PER_SECOND,
    onTick: (tick) => {
      now = tick + 1 // as clients count: serverTick() is the tick that has begun
      for (const ball of balls.values()) balls.set(ball.id, ballAt(ball, now))
      if (now % TICKS_PER_SECOND === 0) server.sendToAll(World, { balls: [...balls.values()] })
    },
  })
  return { server, balls }
}
