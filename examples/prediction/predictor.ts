// The client's half: moves the player at once, and puts that right when the server says what became of it. Copy this file with the movement of your game; it knows nothing of the network.
import type { Keys } from './messages.js'
import { type Body, distance, move, START } from './movement.js'

interface Pending {
  readonly number: number
  readonly keys: Keys
}

/** Four seconds of inputs: a server that answers none of them is gone. */
const MAX_PENDING = 240

/** The share of the visible error that is left after a frame: a tenth after a quarter of a second. */
const ERROR_KEPT = 0.86

/** Farther than this a player was moved on purpose, and is shown there at once. */
const SNAP_DISTANCE = 5

export class Predictor {
  #body: Body = START
  #number = 0
  readonly #pending: Pending[] = []
  /** What is drawn less what is true; it fades. */
  #errorX = 0
  #errorY = 0
  /** Times that the server decided otherwise. */
  corrections = 0

  /** Moves the player at once. Returns the input's number, for the message to the server. */
  apply(keys: Keys): number {
    this.#body = move(this.#body, keys)
    this.#pending.push({ number: ++this.#number, keys })
    if (this.#pending.length > MAX_PENDING) this.#pending.shift()
    this.#errorX *= ERROR_KEPT
    this.#errorY *= ERROR_KEPT
    return this.#number
  }

  /** The server has applied everything up to `lastInput`, or will never: from its word on, the inputs since are made once more. */
  reconcile(lastInput: number, decided: Body): void {
    while (this.#pending.length > 0 && this.#pending[0]!.number <= lastInput) this.#pending.shift()
    const before = this.#body
    this.#body = decided
    for (const { keys } of this.#pending) this.#body = move(this.#body, keys)
    const error = distance(before, this.#body)
    if (error === 0) return
    this.corrections++
    this.#errorX = error > SNAP_DISTANCE ? 0 : this.#errorX + before.x - this.#body.x
    this.#errorY = error > SNAP_DISTANCE ? 0 : this.#errorY + before.y - this.#body.y
  }

  /** Where the player is, as far as this side knows. */
  get body(): Body {
    return this.#body
  }

  /** Where to draw it: a correction is not a jump but a glide. */
  get drawn(): { readonly x: number; readonly y: number } {
    return { x: this.#body.x + this.#errorX, y: this.#body.y + this.#errorY }
  }
}
