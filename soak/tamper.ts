// For the tests of the soak itself: something between the library and the model that does wrong on purpose, and must be found out.

/** What becomes of an event on its way from the library to the model. */
export type Verdict = 'pass' | 'drop' | 'double' | 'hold'

export interface Tamper {
  /** A message has come to a handler. `hold`: it is handed on behind the next one. */
  message?(typeName: string, place: number): Verdict
  /** OnDisconnect has come. */
  end?(place: number): Verdict
  /** The bytes of a body, which may be written to. */
  body?(body: Uint8Array, place: number): void
}

/** Applies a tamper to events in order. */
export class Tampering {
  readonly #tamper: Tamper | undefined
  #messages = 0
  #ends = 0
  #held: (() => void) | undefined

  constructor(tamper: Tamper | undefined) {
    this.#tamper = tamper
  }

  message(typeName: string, body: Uint8Array | undefined, hand: () => unknown): unknown {
    if (this.#tamper === undefined) return hand()
    const place = this.#messages++
    if (body !== undefined) this.#tamper.body?.(body, place)
    const verdict = this.#tamper.message?.(typeName, place) ?? 'pass'
    if (verdict === 'drop') return undefined
    if (verdict === 'hold') {
      this.#held = hand
      return undefined
    }
    const result = hand()
    if (verdict === 'double') hand()
    this.#held?.()
    this.#held = undefined
    return result
  }

  end(hand: () => void): void {
    const verdict = this.#tamper?.end?.(this.#ends++) ?? 'pass'
    if (verdict === 'drop') return
    hand()
    if (verdict === 'double') hand()
  }
}
