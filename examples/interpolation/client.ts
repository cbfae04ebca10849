// The client's part: keeps snapshots as they come, and draws the world as it was 100 ms before the newest of them.
import type { Client } from 'tickwire'
import { type Dot, Snapshot } from './messages.js'
import { TICKS_PER_SECOND } from './server.js'
import { SnapshotBuffer } from './snapshot-buffer.js'

/** The time of two snapshots: one may be lost, or 50 ms late, and there are still two to draw between. */
const BEHIND_TICKS = (100 * TICKS_PER_SECOND) / 1000

/** The share of a new measurement in the mean: small, so that what is drawn never visibly speeds up or slows down. */
const GAIN = 1 / 64

export class View {
  readonly #client: Client
  readonly #snapshots = new SnapshotBuffer<Dot>()
  /** How old snapshots are when they come, in ticks: a mean. The server's tick is exact, and it is now; snapshots have travelled. */
  #age: number | undefined

  constructor(client: Client) {
    this.#client = client
    client.onMessage(Snapshot, (snapshot) => {
      const age = client.exactServerTick() - snapshot.tick
      this.#age = this.#age === undefined ? age : this.#age + (age - this.#age) * GAIN
      this.#snapshots.add(snapshot)
    })
  }

  /** What to draw in this frame. */
  interpolated(): readonly Dot[] {
    return this.#snapshots.at(this.drawnTick)
  }

  /** What a client without interpolation would draw. */
  newest(): readonly Dot[] {
    return this.#snapshots.newest
  }

  /** The moment of the server's world that is drawn. */
  get drawnTick(): number {
    return this.#client.exactServerTick() - (this.#age ?? 0) - BEHIND_TICKS
  }

  /** Whether snapshots have come that reach to what is to be drawn; where not, the dots stand still. */
  get isFed(): boolean {
    return this.#snapshots.newestTick >= this.drawnTick
  }
}
