// How a player moves: one step for one input, the same on both sides. No clock, no randomness: the same calls give the same numbers.
import type { Keys } from './messages.js'

export interface Body {
  readonly x: number
  readonly y: number
  readonly vx: number
  readonly vy: number
}

/** Inputs a second; each moves the player by this much time. */
export const STEPS_PER_SECOND = 60
const DT = 1 / STEPS_PER_SECOND

/** Units a second a second, and the share of the speed that is left after a step. At full speed a player makes 10.5 units a second. */
const ACCELERATION = 120
const DAMPING = 0.84

/** The arena is a square, from −EDGE to EDGE. */
const EDGE = 30

export const START: Body = { x: 0, y: 0, vx: 0, vy: 0 }

/** The player after one input. */
export function move({ x, y, vx, vy }: Body, keys: Keys): Body {
  const right = Number(keys.right) - Number(keys.left)
  const down = Number(keys.down) - Number(keys.up)
  const newVx = (vx + right * ACCELERATION * DT) * DAMPING
  const newVy = (vy + down * ACCELERATION * DT) * DAMPING
  return { x: inside(x + newVx * DT), y: inside(y + newVy * DT), vx: newVx, vy: newVy }
}

/** The player after a push that only the server knows of. */
export function push(body: Body, vx: number, vy: number): Body {
  return { ...body, vx: body.vx + vx, vy: body.vy + vy }
}

export function distance(a: Pick<Body, 'x' | 'y'>, b: Pick<Body, 'x' | 'y'>): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

function inside(coordinate: number): number {
  return Math.min(Math.max(coordinate, -EDGE), EDGE)
}
