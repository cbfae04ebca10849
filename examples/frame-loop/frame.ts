// The client's frame: what runs when. Copy this file; in Electron, `requestFrame` is requestAnimationFrame.
import type { Client } from 'tickwire'

/** The game's own steps: always of this length, however long frames are. */
const STEP_MS = 1000 / 60

/** After a long frame the game makes up for so many steps and forgets the rest: it would have to run ever faster to catch up. */
const MAX_STEPS = 6

export interface FrameActions {
  /** One step of the game. */
  step(stepMs: number): void
  /** Sends the input of this frame. */
  sendInput(): void
  draw(): void
}

/** What one frame did. */
export interface FrameReport {
  /** When it began, and how long after the one before, in ms. */
  readonly at: number
  readonly elapsedMs: number
  readonly steps: number
}

/** Returns the callback for requestAnimationFrame: `now` is what that gives, in ms. */
export function createFrame(client: Client, actions: FrameActions): (now: number, options?: { flush?: boolean }) => FrameReport {
  let last: number | undefined
  let owed = 0
  return (now, { flush = true } = {}) => {
    const elapsedMs = last === undefined ? 0 : now - last
    last = now

    // 1. What has arrived: handlers run here and nowhere else, so that the world never changes in the middle of a step.
    client.update()

    // 2. The game, in steps of one length. What is left over waits for the next frame.
    owed += elapsedMs
    let steps = 0
    for (; owed >= STEP_MS && steps < MAX_STEPS; owed -= STEP_MS, steps++) actions.step(STEP_MS)
    if (owed >= STEP_MS) owed = 0

    // 3. The input leaves now. Without flush() it would wait for the update() of the next frame.
    actions.sendInput()
    if (flush) client.flush()

    // 4. Drawing comes last: however long it takes, nothing waits for it that could have left.
    actions.draw()
    return { at: now, elapsedMs, steps }
  }
}
