// The game: players run for a gem; whoever reaches it scores, and it appears elsewhere. No sockets, no clock: the same calls always give the same arena.
// The server is the only one to run it. What players send is what they want; only `step` moves them.
import { Random } from 'tickwire/simulator'

/** The arena is a square of so many units. */
export const ARENA_SIZE = 100

/** Units that a player runs in a second. */
const SPEED = 30

/** A player this near to the gem, in units, takes it. */
const REACH = 2

export interface Spot {
  readonly x: number
  readonly y: number
}

/** A player in the arena. */
export interface Body {
  x: number
  y: number
  gems: number
  /** Where the player wants to go: a vector of length 0–1. */
  right: number
  down: number
}

export class Arena {
  readonly #random: Random
  readonly #bodies = new Set<Body>()
  #gem: Spot

  /** The same seed gives the same gems and starting places. */
  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#gem = this.#randomSpot()
  }

  get gem(): Spot {
    return this.#gem
  }

  join(): Body {
    const body: Body = { ...this.#randomSpot(), gems: 0, right: 0, down: 0 }
    this.#bodies.add(body)
    return body
  }

  leave(body: Body): void {
    this.#bodies.delete(body)
  }

  /** Takes a player's wish. A vector longer than 1 is cut to 1: nobody runs faster by asking for more. */
  steer(body: Body, right: number, down: number): void {
    const length = Math.max(1, Math.hypot(right, down))
    body.right = right / length
    body.down = down / length
  }

  /** Lets so many milliseconds pass. */
  step(dtMs: number): void {
    const distance = (SPEED * dtMs) / 1000
    for (const body of this.#bodies) {
      body.x = clamp(body.x + body.right * distance)
      body.y = clamp(body.y + body.down * distance)
      if (Math.hypot(this.#gem.x - body.x, this.#gem.y - body.y) > REACH) continue
      body.gems++
      this.#gem = this.#randomSpot()
    }
  }

  #randomSpot(): Spot {
    return { x: this.#random.next() * ARENA_SIZE, y: this.#random.next() * ARENA_SIZE }
  }
}

/** The direction from one spot to another, as `Input` takes it: at full speed, slower on the last unit. */
export function directionTo(from: Spot, to: Spot): { right: number; down: number } {
  const right = to.x - from.x
  const down = to.y - from.y
  const length = Math.max(1, Math.hypot(right, down))
  return { right: right / length, down: down / length }
}

/** Whether what happens `timesPerSecond` is due on this tick of a loop of `hz`; on every tick where the loop is slower than that. */
export function isDue(tick: number, hz: number, timesPerSecond: number): boolean {
  return Math.floor(((tick + 1) * timesPerSecond) / hz) > Math.floor((tick * timesPerSecond) / hz)
}

function clamp(coordinate: number): number {
  return Math.min(Math.max(coordinate, 0), ARENA_SIZE)
}
