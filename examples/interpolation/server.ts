// The server: moves its dots at 60 Hz, and shows where they are at 20 Hz.
import type { Server } from 'tickwire'
import { type Dot, Snapshot } from './messages.js'

export const TICKS_PER_SECOND = 60
const TICKS_PER_SNAPSHOT = 3

const RADIUS = 20
/** Units that a dot moves in a second. */
const SPEED = 30

/** Runs the world until the server ends. */
export function runWorld(server: Server): void {
  server.run({
    hz: TICKS_PER_SECOND,
    onTick: (tick) => {
      // What stands at the end of one tick is what the next begins with: this snapshot is true at the moment when serverTick() becomes tick + 1.
      const now = tick + 1
      if (now % TICKS_PER_SNAPSHOT === 0) server.sendToAll(Snapshot, { tick: now, dots: dotsAt(now) })
    },
  })
}

/** Where the dots are at a tick: two on circles, one way and the other. */
export function dotsAt(tick: number): Dot[] {
  const angle = ((tick / TICKS_PER_SECOND) * SPEED) / RADIUS
  return [1, -1].map((direction, id) => ({ id, x: RADIUS * Math.cos(direction * angle), y: RADIUS * Math.sin(direction * angle) }))
}

/** The way that a dot really moves in one frame, in units. */
export function wayPerFrame(framesPerSecond: number): number {
  return SPEED / framesPerSecond
}
