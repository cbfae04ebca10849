// How a ball moves: whole steps, the same numbers on every machine, and so on the server and all its clients. Only +, −, × and comparisons: no Math.sin, whose last digit may differ.

export const TICKS_PER_SECOND = 60
export const WIDTH = 40
export const HEIGHT = 20

const DT = 1 / TICKS_PER_SECOND
/** Units a second a second; y grows downwards. */
const GRAVITY = 30
/** The share of its speed that a ball keeps when it bounces: all of it, this is a bounceball. */
const BOUNCE = 1

export interface Ball {
  readonly id: number
  /** When it was, or will be, here: a tick of the server. */
  readonly tick: number
  readonly x: number
  readonly y: number
  readonly vx: number
  readonly vy: number
}

/** The ball at a later tick. Balls do not touch each other, so that each can be brought forward on its own. */
export function ballAt(ball: Ball, tick: number): Ball {
  let { x, y, vx, vy } = ball
  for (let at = ball.tick; at < tick; at++) {
    vy += GRAVITY * DT
    x += vx * DT
    y += vy * DT
    if (x < 0 || x > WIDTH) {
      x = x < 0 ? -x : 2 * WIDTH - x
      vx = -vx * BOUNCE
    }
    if (y < 0 || y > HEIGHT) {
      y = y < 0 ? -y : 2 * HEIGHT - y
      vy = -vy * BOUNCE
    }
  }
  return ball.tick >= tick ? ball : { id: ball.id, tick, x, y, vx, vy }
}
