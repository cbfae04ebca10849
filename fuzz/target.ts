/** One thing to fuzz: a decoder, a state machine, or a whole endpoint. */
export interface Target {
  /** As `--target` takes it, and the name of its folder in `fuzz/corpus`. */
  readonly name: string
  /** One line: what it feeds to what. */
  readonly about: string
  /**
   * What an input is. `bytes`: handed over as it is. `steps`: a list of operations (see steps.ts), which the mutator changes as a list.
   */
  readonly format: 'bytes' | 'steps'
  /** The longest input. */
  readonly maxBytes: number
  /** Its part of all inputs when every target has its turn: ten thousands of ten million, so that all take about as long. */
  readonly share: number
  /** Runs with a state that lasts over several inputs are reset after so many. Absent: each input starts anew. */
  readonly inputsPerReset?: number
  /** Byte strings that mean something here. */
  readonly dictionary: readonly Uint8Array[]
  /**
   * Runs one input, which it must not change. Throws where something is not as it should be: an exception of the library, or a property that does not hold.
   */
  run(input: Uint8Array): void | Promise<void>
  /** Makes the state anew. */
  reset?(): void | Promise<void>
  /** Inputs made by code, from real traffic: what `npm run fuzz:seeds` writes. */
  seeds(): Uint8Array[] | Promise<Uint8Array[]>
}

/** What the slowest step of the last input cost, in ms; 0 where it had none. */
export let slowestStepMs = 0

/** To be called before each run. */
export function beginSteps(): void {
  slowestStepMs = 0
}

/** Where inputs are lists, a step, and not a list, is what may cost a millisecond at most: this measures one. What the target itself checks is left out. */
export function timeStep(step: () => void): void {
  const start = performance.now()
  step()
  slowestStepMs = Math.max(slowestStepMs, performance.now() - start)
}

/** Throws an Error that says which property does not hold. */
export function check(holds: boolean, property: string): asserts holds {
  if (!holds) throw new Error(`broken: ${property}`)
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Bytes of texts and numbers, for seeds and dictionaries. */
export function bytesOf(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'string' ? [...new TextEncoder().encode(part)] : typeof part === 'number' ? [part] : [...part],
    ),
  )
}
