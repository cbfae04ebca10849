// When each connection of an endpoint next has something to do, by its slot. The times lie side by side and apart from the connections: to look for those that are due,
// a server with thousands of peers reads this table from front to back, and touches none of the others.

const FIRST_SLOTS = 16

export class Deadlines {
  #times = new Float64Array(FIRST_SLOTS).fill(Number.POSITIVE_INFINITY)
  /** Behind the last slot that was ever set. */
  #end = 0

  /** When the slot is due, in ms; Infinity: never. */
  get(slot: number): number {
    return slot < this.#end ? this.#times[slot]! : Number.POSITIVE_INFINITY
  }

  /** Sets when the slot is due: -Infinity for at once, Infinity for never. */
  set(slot: number, at: number): void {
    if (slot >= this.#end) this.#reach(slot)
    this.#times[slot] = at
  }

  /** The first slot from `from` on that is due; -1 where there is none. */
  next(from: number, now: number): number {
    const times = this.#times
    for (let slot = from; slot < this.#end; slot++) if (times[slot]! <= now) return slot
    return -1
  }

  #reach(slot: number): void {
    this.#end = slot + 1
    if (slot < this.#times.length) return
    const times = new Float64Array(Math.max(slot + 1, this.#times.length * 2)).fill(Number.POSITIVE_INFINITY)
    times.set(this.#times)
    this.#times = times
  }
}
