// Interpolation: the others are drawn a little in the past, between two snapshots that have arrived, and so move smoothly although snapshots come 20 times a second and some not at all.
//
//   server's clock   ──┬────────┬────────┬────────┬──▸ now
//   snapshots          A        B        C        (under way)
//   drawn                          ▲ BEHIND_MS before the newest that can have arrived: between B and C
import type { Spot } from './game.js'

/** How far in the past: two intervals of snapshots, so that one that is lost leaves no gap. */
export const BEHIND_MS = 100

/** Snapshots that are kept: 2 s at 20 Hz. */
const MAX_SNAPSHOTS = 40

interface Seen {
  /** The server's clock, in ms. */
  readonly at: number
  readonly spots: ReadonlyMap<number, Spot>
}

export class Interpolation {
  /** Oldest first. */
  readonly #seen: Seen[] = []
  #viewAt = Number.NEGATIVE_INFINITY

  /** Takes a snapshot. They arrive in order, as `Snapshot` is sequenced. */
  add(at: number, spots: ReadonlyMap<number, Spot>): void {
    this.#seen.push({ at, spots })
    if (this.#seen.length > MAX_SNAPSHOTS) this.#seen.shift()
  }

  /** The moment that is drawn, by the server's clock. It goes on, and never back, where the latency grows. */
  viewAt(serverNow: number, latencyMs: number): number {
    this.#viewAt = Math.max(this.#viewAt, serverNow - latencyMs / 2 - BEHIND_MS)
    return this.#viewAt
  }

  /** Where everyone was at that moment. After the newest snapshot: where they were in that. */
  spotsAt(at: number): ReadonlyMap<number, Spot> {
    const next = this.#seen.findIndex((seen) => seen.at >= at)
    if (next < 0) return this.#seen.at(-1)?.spots ?? new Map()
    const after = this.#seen[next]!
    const before = this.#seen[next - 1]
    if (before === undefined) return after.spots
    return between(before, after, (at - before.at) / (after.at - before.at))
  }
}

/** Who is in only one of both has just come or left. */
function between(before: Seen, after: Seen, part: number): ReadonlyMap<number, Spot> {
  const spots = new Map<number, Spot>()
  for (const [id, to] of after.spots) {
    const from = before.spots.get(id) ?? to
    spots.set(id, { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part })
  }
  return spots
}
