// The oldest keys of a Map or Set, one after another, for tables that forget their oldest when they are full. It keeps one iterator: a new one each time would walk over all
// places of keys that are gone, some thousands in a full table, until the engine tidies them up.

export class OldestKeys<K> {
  readonly #of: { keys(): Iterator<K> }
  #iterator: Iterator<K>

  constructor(of: { keys(): Iterator<K> }) {
    this.#of = of
    this.#iterator = of.keys()
  }

  /** The oldest key; undefined where there is none. The caller deletes it: it is not given again. */
  take(): K | undefined {
    let next = this.#iterator.next()
    if (next.done) {
      // It came to the end once, and would never see what was added since.
      this.#iterator = this.#of.keys()
      next = this.#iterator.next()
    }
    return next.done ? undefined : next.value
  }
}
