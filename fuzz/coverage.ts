// What inputs of one target have reached: a bit for each point and each order of magnitude of its count, as AFL has it.
import { counters, generatedPointsEnd, MAX_POINTS, MODULE_POINTS, moduleEnd } from './instrument/counters.js'

/** 1, 2, 3, 4–7, 8–15, 16–31, 32–127, 128 and more: a loop that ran once more tells little, one that ran ten times more does. */
const BUCKETS = Uint8Array.from({ length: 256 }, (_, count) =>
  count === 0 ? 0 : count < 4 ? 1 << (count - 1) : count < 8 ? 8 : count < 16 ? 16 : count < 32 ? 32 : count < 128 ? 64 : 128,
)

const words = new Uint32Array(counters.buffer)

/** To be called before each run. */
export function clearCounters(): void {
  counters.fill(0, 0, moduleEnd())
  counters.fill(0, MODULE_POINTS, generatedPointsEnd())
}

/** The points that the last run reached. */
export function pointsOfRun(): number[] {
  const points: number[] = []
  for (let point = 0; point < MAX_POINTS; point++) if (counters[point]! > 0) points.push(point)
  return points
}

export class Coverage {
  readonly #seen = new Uint8Array(MAX_POINTS)
  /** Points that were reached. */
  points = 0

  /** Takes what the last run reached. True where something in it is new. */
  take(): boolean {
    const inModules = this.#takeWords(0, (moduleEnd() + 3) >> 2)
    return this.#takeWords(MODULE_POINTS >> 2, (generatedPointsEnd() + 3) >> 2) || inModules
  }

  /** Adds what was reached here to another. */
  addTo(other: Coverage): void {
    for (let point = 0; point < MAX_POINTS; point++) other.#add(point, this.#seen[point]!)
  }

  #takeWords(from: number, to: number): boolean {
    let isNew = false
    for (let word = from; word < to; word++) {
      if (words[word] === 0) continue
      for (let point = word * 4; point < word * 4 + 4; point++) {
        const bucket = BUCKETS[counters[point]!]!
        if ((this.#seen[point]! & bucket) === bucket) continue
        this.#add(point, bucket)
        isNew = true
      }
    }
    return isNew
  }

  #add(point: number, buckets: number): void {
    if (buckets === 0) return
    if (this.#seen[point] === 0) this.points++
    this.#seen[point]! |= buckets
  }
}
