// What was received and waits for emit, in order: decoded messages, and steps of a connection's life. Parallel arrays on a ring, so that a message costs no object.
import type { AnyMessageType } from '../messages/index.js'

/** A step of a connection's life: run in its place between the messages. Returns true to end this update's emit, so that promises it settled run first. */
export type LifeStep = () => boolean | undefined

export class EventQueue<Source> {
  #sources: (Source | undefined)[] = []
  #types: (AnyMessageType | undefined)[] = []
  #values: unknown[] = []
  #mask = -1
  #head = 0
  #length = 0

  // The event that `next` took out.
  source: Source | undefined
  type: AnyMessageType | undefined
  value: unknown

  get length(): number {
    return this.#length
  }

  pushMessage(source: Source, type: AnyMessageType, message: object): void {
    this.#push(source, type, message)
  }

  pushStep(step: LifeStep): void {
    this.#push(undefined, undefined, step)
  }

  /** Takes the oldest out, into `source`, `type` and `value`; a step has no type. False when empty. */
  next(): boolean {
    if (this.#length === 0) return false
    const at = this.#head
    this.source = this.#sources[at]
    this.type = this.#types[at]
    this.value = this.#values[at]
    this.#sources[at] = undefined
    this.#values[at] = undefined
    this.#head = (at + 1) & this.#mask
    this.#length--
    return true
  }

  /** Forgets the messages that wait; the steps stay. */
  dropMessages(): void {
    for (let left = this.#length; left > 0 && this.next(); left--) if (this.type === undefined) this.#push(undefined, undefined, this.value)
  }

  #push(source: Source | undefined, type: AnyMessageType | undefined, value: unknown): void {
    if (this.#length > this.#mask) this.#grow()
    const at = (this.#head + this.#length++) & this.#mask
    this.#sources[at] = source
    this.#types[at] = type
    this.#values[at] = value
  }

  #grow(): void {
    const size = Math.max(16, this.#sources.length * 2)
    this.#sources = this.#unrolled(this.#sources, size)
    this.#types = this.#unrolled(this.#types, size)
    this.#values = this.#unrolled(this.#values, size)
    this.#mask = size - 1
    this.#head = 0
  }

  #unrolled<T>(ring: readonly T[], size: number): (T | undefined)[] {
    const result: (T | undefined)[] = new Array(size).fill(undefined)
    for (let i = 0; i < this.#length; i++) result[i] = ring[(this.#head + i) & this.#mask]
    return result
  }
}
