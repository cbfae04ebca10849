// Plays the world over one link in simulated time, and measures what a player would see. Everything that a game needs is in the other files.
import { type Stage, simulate } from 'tickwire/simulator'
import { View } from './client.js'
import { type Dot, messages } from './messages.js'
import { runWorld, TICKS_PER_SECOND, wayPerFrame } from './server.js'

export const FRAMES_PER_SECOND = 60

/** Before it is measured, the client learns the server's clock. */
const SETTLE_MS = 3000

export interface Motion {
  /** The way that a dot was moved in each frame, as a multiple of its real way; shortest first. */
  readonly ways: readonly number[]
}

export interface Seen {
  readonly newest: Motion
  readonly interpolated: Motion
  /** How far behind the server what was drawn is, in ms: a mean. */
  readonly behindMs: number
}

export async function measure(stages: readonly Stage[], seconds: number, seed: number): Promise<Seen> {
  const { clients, step } = await simulate({ seed, messages, clients: 1, network: stages, server: runWorld })
  const client = clients[0]!
  const view = new View(client)
  await step(SETTLE_MS)

  const frames = Math.round(seconds * FRAMES_PER_SECOND)
  const newest = new MotionMeter()
  const interpolated = new MotionMeter()
  let behind = 0
  for (let frame = 0; frame < frames; frame++) {
    await step(1000 / FRAMES_PER_SECOND) // the client's loop updates meanwhile
    newest.add(view.newest())
    interpolated.add(view.interpolated())
    behind += client.exactServerTick() - view.drawnTick
  }
  return { newest: newest.motion, interpolated: interpolated.motion, behindMs: ((behind / frames) * 1000) / TICKS_PER_SECOND }
}

/** Watches the first dot. */
class MotionMeter {
  readonly #ways: number[] = []
  #last: Dot | undefined

  add([dot]: readonly Dot[]): void {
    if (dot !== undefined && this.#last !== undefined) {
      this.#ways.push(Math.hypot(dot.x - this.#last.x, dot.y - this.#last.y) / wayPerFrame(FRAMES_PER_SECOND))
    }
    this.#last = dot
  }

  get motion(): Motion {
    return { ways: this.#ways.toSorted((a, b) => a - b) }
  }
}
