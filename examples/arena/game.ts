// The rules: players run for gems; whoever reaches one scores, and it appears elsewhere. No sockets, no clock: the same calls always give the same arena.
// The server alone runs an Arena. A player's client runs `moved` too, to know at once what the server will say (prediction.ts).
import { Random } from 'tickwire/simulator'

/** The arena is so many units wide and high. */
export const ARENA_WIDTH = 120
export const ARENA_HEIGHT = 48

/** Units that a player runs in a second. */
export const SPEED = 30

const GEMS = 5

/** A player this near to a gem, in units, takes it. */
const REACH = 3

export interface Spot {
  readonly x: number
  readonly y: number
}

/** Where a player wants to go: a vector of length 0–1. */
export interface Direction {
  readonly right: number
  readonly down: number
}

export const STANDING: Direction = { right: 0, down: 0 }

/** Where a player is after so many ms of running that way. Nobody runs faster by asking for more, and nobody leaves the arena. */
export function moved(from: Spot, { right, down }: Direction, dtMs: number): Spot {
  const distance = (SPEED * dtMs) / 1000 / Math.max(1, Math.hypot(right, down))
  return {
    x: Math.min(Math.max(from.x + right * distance, 0), ARENA_WIDTH),
    y: Math.min(Math.max(from.y + down * distance, 0), ARENA_HEIGHT),
  }
}

export function distanceBetween(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

/** A player in the arena. */
export interface Body {
  spot: Spot
  gems: number
}

export class Arena {
  readonly #random: Random
  readonly #gems: Spot[]

  /** The same seed gives the same gems and starting places. */
  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#gems = Array.from({ length: GEMS }, () => this.#randomSpot())
  }

  get gems(): readonly Spot[] {
    return this.#gems
  }

  join(): Body {
    return { spot: this.#randomSpot(), gems: 0 }
  }

  /** Lets a player run for so many ms, and take what it reaches. */
  move(body: Body, direction: Direction, dtMs: number): void {
    body.spot = moved(body.spot, direction, dtMs)
    this.#gems.forEach((gem, i) => {
      if (distanceBetween(gem, body.spot) > REACH) return
      body.gems++
      this.#gems[i] = this.#randomSpot()
    })
  }

  /** Not at the very edge, where a gem is half hidden. */
  #randomSpot(): Spot {
    return { x: (0.05 + 0.9 * this.#random.next()) * ARENA_WIDTH, y: (0.08 + 0.84 * this.#random.next()) * ARENA_HEIGHT }
  }
}

/** The direction from one spot to another, in the steps that `Input` can carry: at a part of full speed, slower on the last unit. */
export function directionTo(from: Spot, to: Spot, effort = 1): Direction {
  const length = Math.max(1, distanceBetween(from, to)) / effort
  return { right: rounded((to.x - from.x) / length), down: rounded((to.y - from.y) / length) }
}

/** Whether what happens `timesPerSecond` is due on this tick of a loop of `hz`; on every tick where the loop is slower than that. */
export function isDue(tick: number, hz: number, timesPerSecond: number): boolean {
  return Math.floor(((tick + 1) * timesPerSecond) / hz) > Math.floor((tick * timesPerSecond) / hz)
}

function rounded(part: number): number {
  return Math.round(part * 100) / 100
}
