// One direction between two hosts of a simulated network: its stages, their state and their random streams.
import type { Random } from './random.js'
import type { DropCause, Onward, Stage, StagePass } from './stages.js'

/** The stages of one link in one direction. Built anew when the network's edition of stages has changed, at the next datagram. */
export class SimulatedLink {
  readonly #random: Random
  #edition = -1
  #stages: readonly Stage[] = []
  #passes: readonly StagePass[] = []

  constructor(random: Random) {
    this.#random = random
  }

  isOf(edition: number): boolean {
    return this.#edition === edition
  }

  /** What a datagram passes. The array does not change afterwards, so that what is under way keeps its stages. */
  get passes(): readonly StagePass[] {
    return this.#passes
  }

  /** A stage object that was there before keeps its state; every other starts with a random stream that no stage had before. */
  rebuild(edition: number, stages: readonly Stage[]): void {
    const old: (Stage | undefined)[] = [...this.#stages]
    const oldPasses = this.#passes
    this.#passes = stages.map((stage, index) => {
      const oldIndex = old.indexOf(stage)
      if (oldIndex === -1) return stage.link(this.#random.fork(`${edition}:${index}:${stage.kind}`))
      old[oldIndex] = undefined // one object may stand twice in a list, with a state for each place
      return oldPasses[oldIndex]!
    })
    this.#stages = [...stages]
    this.#edition = edition
  }
}

/** What one stage decided about one datagram, in arrays that are used again. */
export class StageDecision implements Onward {
  /** When each copy goes on; the first `count` entries hold. */
  readonly times: number[] = []
  count = 0
  cause: DropCause = 'lost'
  bytes: Uint8Array = new Uint8Array(0)
  isChanged = false

  reset(bytes: Uint8Array): void {
    this.count = 0
    this.cause = 'lost'
    this.bytes = bytes
    this.isChanged = false
  }

  change(bytes: Uint8Array): void {
    this.bytes = bytes
    this.isChanged = true
  }

  forward(time: number): void {
    this.times[this.count++] = time
  }

  drop(cause: DropCause): void {
    this.cause = cause
  }
}
