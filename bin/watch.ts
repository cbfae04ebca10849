// What changes between one look for servers and the next.
import type { FoundServer } from 'tickwire'

export interface Change {
  readonly change: 'new' | 'changed' | 'gone'
  /** As it was seen last. */
  readonly found: FoundServer
}

interface Seen {
  found: FoundServer
  text: string
  /** Looks in a row that it did not answer. */
  misses: number
}

export class Watch {
  readonly #misses: number
  readonly #seen = new Map<string, Seen>()

  /** A server is gone after so many looks without an answer. */
  constructor(misses: number) {
    this.#misses = misses
  }

  take(found: FoundServer): Change[] {
    const known = this.#seen.get(found.id)
    const text = textOf(found)
    this.#seen.set(found.id, { found, text, misses: -1 })
    if (known === undefined) return [{ change: 'new', found }]
    return known.text === text ? [] : [{ change: 'changed', found }]
  }

  /** After each look: who has not answered. */
  endLook(): Change[] {
    const gone: Change[] = []
    for (const [id, seen] of this.#seen) {
      if (++seen.misses < this.#misses) continue
      this.#seen.delete(id)
      gone.push({ change: 'gone', found: seen.found })
    }
    return gone
  }
}

/** All but the latency, which is never twice the same. */
function textOf(found: FoundServer): string {
  const { latency: _, ...rest } = found.toJSON()
  return JSON.stringify(rest, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
