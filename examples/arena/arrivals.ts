// Counts the numbered messages of one stream as they arrive: the ground of the demo's proof.

export class Arrivals {
  received = 0
  /** Messages that were not the one, or of a sequenced stream not newer than the one, before. */
  disordered = 0
  #last: number | undefined

  /** For what is reliable and ordered: each number must be the next, from 0. */
  addNext(number: number): void {
    this.#add(number, number === (this.#last ?? -1) + 1)
  }

  /** As addNext, from whatever number comes first: who joins late hears no earlier lines. */
  addNextOf(number: number): void {
    this.#add(number, this.#last === undefined || number === this.#last + 1)
  }

  /** For what is sequenced: each number must be newer. */
  addNewer(number: number): void {
    this.#add(number, number > (this.#last ?? -1))
  }

  /** As plain data, for a message. */
  get counts(): ArrivalCounts {
    return { received: this.received, disordered: this.disordered }
  }

  #add(number: number, isInOrder: boolean): void {
    this.received++
    if (!isInOrder) this.disordered++
    this.#last = number
  }
}

export interface ArrivalCounts {
  readonly received: number
  readonly disordered: number
}
