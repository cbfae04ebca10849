// Prediction: your dot moves when you press a key, and not a round trip later.
//
//   each tick          send the input, and move at once as the server will
//   each snapshot      start from where the server says, at the last input that it has applied, and run the inputs that are still under way again
//
// Where both agree, nothing is seen. Where not (another player, a lost input), the dot is right at once, and what is shown glides there.
import { type Direction, distanceBetween, moved, type Spot } from './game.js'

/** Corrections up to this many units are the rounding of a snapshot. */
const TOLERANCE = 0.02

/** Of what is shown wrong, so much is left after a tick: 90 % are gone after 14 ticks, about a quarter of a second. */
const KEPT_PER_TICK = 0.85

/** Inputs under way. The oldest is given up: ten seconds at 100 Hz, and by then the connection has ended. */
const MAX_UNDER_WAY = 1000

interface NumberedInput extends Direction {
  readonly number: number
}

export class Prediction {
  readonly #dtMs: number
  /** Sent, and not yet in a snapshot. Oldest first. */
  readonly #underWay: NumberedInput[] = []
  #spot: Spot | undefined
  /** What is shown, less where the player is. */
  #glide: Spot = { x: 0, y: 0 }

  /** `dtMs` is how long one input moves the player. */
  constructor(dtMs: number) {
    this.#dtMs = dtMs
  }

  /** Where to draw the player; undefined before the first snapshot. */
  get shown(): Spot | undefined {
    return this.#spot === undefined ? undefined : { x: this.#spot.x + this.#glide.x, y: this.#spot.y + this.#glide.y }
  }

  /** A new input moves the player. */
  apply(input: NumberedInput): void {
    this.#glide = { x: this.#glide.x * KEPT_PER_TICK, y: this.#glide.y * KEPT_PER_TICK }
    if (this.#spot === undefined) throw new Error('a player moves when the first snapshot has said where it is')
    this.#spot = moved(this.#spot, input, this.#dtMs)
    this.#underWay.push(input)
    if (this.#underWay.length > MAX_UNDER_WAY) this.#underWay.shift()
  }

  /** The server says where the player was after input `applied`. Returns by how many units the prediction was wrong. */
  reconcile(applied: number, spot: Spot): number {
    while (this.#underWay.length > 0 && this.#underWay[0]!.number <= applied) this.#underWay.shift()
    let truth = spot
    for (const input of this.#underWay) truth = moved(truth, input, this.#dtMs)
    const predicted = this.#spot
    if (predicted === undefined) {
      this.#spot = truth
      return 0
    }
    const error = distanceBetween(predicted, truth)
    if (error <= TOLERANCE) return 0
    this.#spot = truth
    this.#glide = { x: this.#glide.x + predicted.x - truth.x, y: this.#glide.y + predicted.y - truth.y }
    return error
  }
}
