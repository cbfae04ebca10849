// The last snapshots, and the world between two of them. Copy this file: it knows nothing of the network.

export interface Placed {
  readonly id: number
  readonly x: number
  readonly y: number
}

export interface TickSnapshot<T extends Placed> {
  readonly tick: number
  readonly dots: readonly T[]
}

/** More than a second of snapshots at 20 Hz. */
const MAX_SNAPSHOTS = 32

export class SnapshotBuffer<T extends Placed> {
  readonly #snapshots: TickSnapshot<T>[] = []

  /** Takes one that is newer than those before, as sequenced messages are; others are ignored. */
  add(snapshot: TickSnapshot<T>): void {
    if (snapshot.tick <= this.newestTick) return
    this.#snapshots.push(snapshot)
    if (this.#snapshots.length > MAX_SNAPSHOTS) this.#snapshots.shift()
  }

  /** −Infinity before the first. */
  get newestTick(): number {
    return this.#snapshots.at(-1)?.tick ?? Number.NEGATIVE_INFINITY
  }

  /** The newest snapshot as it came. */
  get newest(): readonly T[] {
    return this.#snapshots.at(-1)?.dots ?? []
  }

  /**
   * The world at `tick`, which may have a fraction: on the line between the snapshots around it. Before the first and after the last it is that snapshot: nothing is invented.
   * What appears or vanishes does so at the later of the two.
   */
  at(tick: number): readonly T[] {
    const next = this.#snapshots.findIndex((snapshot) => snapshot.tick >= tick)
    if (next < 0) return this.newest
    const later = this.#snapshots[next]!
    const earlier = this.#snapshots[next - 1]
    if (earlier === undefined) return later.dots
    const share = (tick - earlier.tick) / (later.tick - earlier.tick)
    const targets = new Map(later.dots.map((dot) => [dot.id, dot]))
    return earlier.dots.map((dot) => {
      const target = targets.get(dot.id)
      return target === undefined ? dot : { ...dot, x: mix(dot.x, target.x, share), y: mix(dot.y, target.y, share) }
    })
  }
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share
}
