// An input that is a list: kind u8, length u16, bytes; again and again. What does not fit at the end is cut, so that every byte string is a list.

/** The longest list that is run. */
export const MAX_STEPS = 64

export interface Step {
  readonly kind: number
  readonly bytes: Uint8Array
}

export function decodeSteps(input: Uint8Array, maxSteps = MAX_STEPS): Step[] {
  const steps: Step[] = []
  for (let at = 0; at + 3 <= input.length && steps.length < maxSteps; ) {
    const end = Math.min(input.length, at + 3 + (input[at + 1]! | (input[at + 2]! << 8)))
    steps.push({ kind: input[at]!, bytes: input.slice(at + 3, end) })
    at = end
  }
  return steps
}

export function encodeSteps(steps: readonly Step[], maxBytes = Number.POSITIVE_INFINITY): Uint8Array {
  let length = 0
  let count = 0
  for (; count < steps.length && length + 3 + steps[count]!.bytes.length <= maxBytes; count++) length += 3 + steps[count]!.bytes.length
  const input = new Uint8Array(length)
  let at = 0
  for (let i = 0; i < count; i++) {
    const { kind, bytes } = steps[i]!
    input[at] = kind
    input[at + 1] = bytes.length
    input[at + 2] = bytes.length >>> 8
    input.set(bytes, at + 3)
    at += 3 + bytes.length
  }
  return input
}

/** Reads small numbers from a step's bytes; 0 where they have ended. */
export class StepReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  uint8(): number {
    return this.#bytes[this.#at++] ?? 0
  }

  uint16(): number {
    return this.uint8() | (this.uint8() << 8)
  }

  /** What has not been read. */
  rest(): Uint8Array {
    return this.#bytes.slice(this.#at)
  }
}
