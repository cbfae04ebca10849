// The loop: pick an input, change it, run it, look at what it reached and what it cost. What reaches new code is kept and changed further.
import type { Random } from '../lib/io/random.js'
import { Coverage, clearCounters, pointsOfRun } from './coverage.js'
import { heapBytes } from './heap.js'
import { minimise } from './minimise.js'
import { Mutator } from './mutator.js'
import { beginSteps, slowestStepMs, type Target } from './target.js'

/** No input, and where inputs are lists no step of one, may cost more. One that seems to is run again, and the least counts: a busy machine is no fault of the library. */
export const MAX_INPUT_MS = 1
const SLOW_RETRIES = 20
const TOO_SLOW_RETRIES = 300

/** What may be in use more than before, at the end. */
export const MAX_HEAP_GROWTH_BYTES = 10 * 1024 * 1024

/** Further failures of one target are only counted. */
const MAX_FAILURES = 8

/** Between two looks at the clock and at signals. */
const BATCH_MS = 25

export interface Failure {
  readonly target: string
  readonly kind: 'throw' | 'slow' | 'heap'
  /** What tells it from other failures. */
  readonly key: string
  readonly text: string
  readonly input: Uint8Array
}

/** What a run of one target came to. */
export interface Tally {
  readonly target: string
  inputs: number
  seconds: number
  corpus: number
  branches: number
  slowestUs: number
  heapGrowth: number
  throws: number
  slow: number
}

export interface FuzzerOptions {
  readonly random: Random
  readonly corpus: readonly Uint8Array[]
  readonly onFailure: (failure: Failure) => void
}

export class Fuzzer {
  readonly target: Target
  readonly tally: Tally
  readonly coverage = new Coverage()
  readonly #random: Random
  readonly #mutator: Mutator
  readonly #onFailure: (failure: Failure) => void
  /** Inputs that reach what no other did; the first are those of the project. */
  readonly #corpus: Uint8Array[] = []
  readonly #initial: readonly Uint8Array[]
  readonly #failures = new Set<string>()
  /** Inputs since the last reset: together they make the state. */
  #history: Uint8Array[] = []
  #heapBefore = 0

  constructor(target: Target, options: FuzzerOptions) {
    this.target = target
    this.#random = options.random
    this.#initial = options.corpus
    this.#onFailure = options.onFailure
    this.#mutator = new Mutator(target, options.random)
    this.tally = { target: target.name, inputs: 0, seconds: 0, corpus: 0, branches: 0, slowestUs: 0, heapGrowth: 0, throws: 0, slow: 0 }
  }

  /** Runs until so many inputs were run, the deadline (of `performance.now`) has passed, or `isStopped`. Calls `onBatch` now and then. */
  async run(maxInputs: number, deadline: number, isStopped: () => boolean, onBatch: () => void): Promise<void> {
    const { tally } = this
    const start = performance.now()
    await this.#reset()
    for (const input of this.#initial) await this.#runOne(input)
    if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array(0))
    await this.#warmUp(maxInputs)
    this.#heapBefore = heapBytes() - this.#corpusBytes
    while (tally.inputs < maxInputs && performance.now() < deadline && !isStopped()) {
      const batchEnd = Math.min(deadline, performance.now() + BATCH_MS)
      do {
        for (let i = 0; i < 16 && tally.inputs < maxInputs; i++) await this.#runMutated()
      } while (tally.inputs < maxInputs && performance.now() < batchEnd)
      tally.seconds = (performance.now() - start) / 1000
      onBatch()
      await new Promise(setImmediate) // signals and promises have their turn
    }
    await this.#reset()
    this.#measureHeap()
    tally.seconds = (performance.now() - start) / 1000
  }

  /** Of all that was kept, few that together reach the same points, if not as often: the shortest first. */
  async minimisedCorpus(): Promise<Uint8Array[]> {
    const reached = new Set<number>()
    const kept: Uint8Array[] = []
    for (const input of this.#corpus.toSorted((a, b) => a.length - b.length)) {
      await this.#reset()
      clearCounters()
      await this.#tryRun(input)
      const points = pointsOfRun()
      if (points.every((point) => reached.has(point))) continue
      for (const point of points) reached.add(point)
      kept.push(input)
    }
    return kept
  }

  /** Compiled code, pools and rings have their size by then. */
  async #warmUp(maxInputs: number): Promise<void> {
    const until = performance.now() + 300
    for (let i = 0; i < 2000 && this.tally.inputs < maxInputs && performance.now() < until; i++) await this.#runMutated()
    await this.#reset()
  }

  async #runMutated(): Promise<void> {
    const corpus = this.#corpus
    const random = this.#random
    // What was found last leads on.
    const recent = Math.max(0, corpus.length - 8)
    const at = random.integer(3) === 0 ? recent + random.integer(corpus.length - recent) : random.integer(corpus.length)
    await this.#runOne(this.#mutator.mutate(corpus[at]!, corpus[random.integer(corpus.length)]!))
  }

  async #runOne(input: Uint8Array): Promise<void> {
    const { target, tally } = this
    if (target.inputsPerReset !== undefined) {
      if (this.#history.length >= target.inputsPerReset) await this.#reset()
      this.#history.push(input)
    }
    clearCounters()
    beginSteps()
    const start = performance.now()
    let error: unknown
    try {
      const result = target.run(input)
      if (result !== undefined) await result
    } catch (thrown) {
      error = thrown ?? new Error('undefined was thrown')
    }
    const took = slowestStepMs || performance.now() - start
    tally.inputs++
    if (this.coverage.take()) {
      this.#corpus.push(input)
      tally.corpus = this.#corpus.length
      tally.branches = this.coverage.points
    }
    if (error !== undefined) await this.#handleThrow(input, error)
    else if (took * 1000 > tally.slowestUs) await this.#handleSlow(input, took)
  }

  async #handleThrow(input: Uint8Array, error: unknown): Promise<void> {
    this.tally.throws++
    const key = keyOf(error)
    if (this.#failures.has(key) || this.#failures.size >= MAX_FAILURES) {
      await this.#reset()
      return
    }
    this.#failures.add(key)
    // Alone where that is enough; else with all that came before it, as lists can be joined.
    const candidates = [input, joined(this.#history)]
    const repeating = await this.#firstThat(candidates, (candidate) => this.#failsWith(candidate, key))
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const shortest =
      repeating === undefined ? joined(this.#history) : await minimise(repeating, (candidate) => this.#failsWith(candidate, key))
    await this.#reset()
    this.#onFailure({
      target: this.target.name,
      kind: 'throw',
      key,
      text: repeating === undefined ? `(does not repeat from a new state)\n${text}` : text,
      input: shortest.length === 0 ? input : shortest,
    })
  }

  /** Seemed slower than all before: what does it cost at least? */
  async #handleSlow(input: Uint8Array, firstMs: number): Promise<void> {
    const { tally } = this
    let least = firstMs
    for (let i = 0; i < SLOW_RETRIES && least * 1000 > tally.slowestUs; i++) least = Math.min(least, await this.#cost(input))
    const isKnown = this.#failures.has('slow')
    for (let i = 0; i < TOO_SLOW_RETRIES && least > MAX_INPUT_MS && !isKnown; i++) least = Math.min(least, await this.#cost(input))
    if (least * 1000 <= tally.slowestUs) return
    tally.slowestUs = least * 1000
    if (least <= MAX_INPUT_MS) return
    tally.slow++
    if (isKnown) return
    const key = 'slow'
    this.#failures.add(key)
    this.#onFailure({
      target: this.target.name,
      kind: 'slow',
      key,
      text: `an input costs ${least.toFixed(2)} ms, more than ${MAX_INPUT_MS} ms`,
      input,
    })
  }

  async #cost(input: Uint8Array): Promise<number> {
    await this.#reset()
    beginSteps()
    const start = performance.now()
    await this.#tryRun(input)
    return slowestStepMs || performance.now() - start
  }

  #measureHeap(): void {
    const growth = heapBytes() - this.#corpusBytes - this.#heapBefore
    this.tally.heapGrowth = growth
    if (growth <= MAX_HEAP_GROWTH_BYTES) return
    const text = `${growth} bytes more are in use after ${this.tally.inputs} inputs, expected at most ${MAX_HEAP_GROWTH_BYTES}`
    this.#onFailure({ target: this.target.name, kind: 'heap', key: 'heap', text, input: new Uint8Array(0) })
  }

  get #corpusBytes(): number {
    return this.#corpus.reduce((sum, input) => sum + input.length + 200, 0)
  }

  async #firstThat(candidates: readonly Uint8Array[], holds: (candidate: Uint8Array) => Promise<boolean>): Promise<Uint8Array | undefined> {
    for (const candidate of candidates) if (await holds(candidate)) return candidate
    return undefined
  }

  async #failsWith(input: Uint8Array, key: string): Promise<boolean> {
    await this.#reset()
    const error = await this.#tryRun(input)
    return error !== undefined && keyOf(error) === key
  }

  async #tryRun(input: Uint8Array): Promise<unknown> {
    try {
      await this.target.run(input)
      return undefined
    } catch (error) {
      return error ?? new Error('undefined was thrown')
    }
  }

  async #reset(): Promise<void> {
    this.#history = []
    await this.target.reset?.()
  }
}

/** The same for failures at the same place: the message without its numbers, and where it was thrown. */
export function keyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const place = /\n\s+at (.*)/.exec(error.stack ?? '')?.[1] ?? ''
  return `${error.message.slice(0, 80).replace(/\d+/g, '#')} ${error.message.startsWith('broken:') ? '' : place}`
}

function joined(inputs: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(inputs.reduce((sum, input) => sum + input.length, 0))
  let at = 0
  for (const input of inputs) {
    all.set(input, at)
    at += input.length
  }
  return all
}
