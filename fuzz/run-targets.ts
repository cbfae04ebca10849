// Fuzzes some targets, one after the other, in this process. Loaded only after the counters are installed: everything imported from here is instrumented.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Random } from '../lib/io/random.js'
import { CORPUS, hashOf, PROJECT, readCorpus, writeCorpus } from './corpus.js'
import { Coverage } from './coverage.js'
import { type Failure, Fuzzer, type Tally } from './fuzzer.js'
import { pointCount } from './instrument/counters.js'
import type { FuzzOptions } from './options.js'
import { beginSteps, slowestStepMs, type Target } from './target.js'

/** What a run tells whoever shows it. */
export interface RunObserver {
  onProgress(tally: Tally): void
  onTally(tally: Tally): void
  /** `command` repeats it. */
  onFailure(failure: Failure, command: string): void
}

/** Milliseconds between lines of progress: at first, and when a target has taken more than ten times as long. */
const PROGRESS_MS = 2000
const LATER_PROGRESS_MS = 10_000

export interface RunPlan {
  readonly targets: readonly Target[]
  readonly options: FuzzOptions
  /** Of all inputs, how many belong to these targets. */
  readonly runs: number
  readonly isStopped: () => boolean
}

export async function runTargets(plan: RunPlan, observer: RunObserver): Promise<{ readonly reached: number; readonly points: number }> {
  const { targets, options } = plan
  const shares = targets.reduce((sum, { share }) => sum + share, 0)
  const all = new Coverage()
  for (const target of targets) {
    if (plan.isStopped()) break
    const random = new Random(options.seed).fork(target.name)
    const fuzzer: Fuzzer = new Fuzzer(target, {
      random,
      corpus: readCorpus(target.name, options.corpus ?? CORPUS),
      onFailure: (failure) => observer.onFailure(failure, repeatCommand(failure, options, fuzzer.tally.inputs)),
    })
    const runs = Number.isFinite(plan.runs) ? Math.ceil((plan.runs * target.share) / shares) : Number.POSITIVE_INFINITY
    const deadline = performance.now() + (options.seconds * 1000) / targets.length
    let toldAt = performance.now()
    await fuzzer.run(runs, deadline, plan.isStopped, () => {
      const pause = fuzzer.tally.seconds * 1000 < 10 * PROGRESS_MS ? PROGRESS_MS : LATER_PROGRESS_MS
      if (performance.now() < toldAt + pause) return
      toldAt = performance.now()
      observer.onProgress(fuzzer.tally)
    })
    fuzzer.coverage.addTo(all)
    observer.onTally(fuzzer.tally)
    if (options.keeps) writeCorpus(target.name, await fuzzer.minimisedCorpus(), options.corpus ?? CORPUS)
  }
  return { reached: all.points, points: pointCount() }
}

/** Runs one input and says what came of it. Returns whether it passed. */
export async function repeatInput(target: Target, path: string): Promise<boolean> {
  const input = new Uint8Array(readFileSync(path))
  try {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < 20; i++) {
      await target.reset?.()
      beginSteps()
      const start = performance.now()
      await target.run(input)
      least = Math.min(least, slowestStepMs || performance.now() - start)
    }
    console.log(`${target.name}: ${input.length} bytes pass; the slowest step of them, or all, costs ${(least * 1000).toFixed(0)} µs`)
    return least <= 1
  } catch (error) {
    console.log(error)
    return false
  } finally {
    await target.reset?.()
  }
}

/** What repeats a failure. Writes its input to a file; where memory grew, it was not one input, and the whole run is repeated. */
function repeatCommand(failure: Failure, options: FuzzOptions, inputs: number): string {
  const command = `npm run fuzz -- --target ${failure.target}`
  if (failure.kind === 'heap') return `${command} --runs ${inputs} --seed ${options.seed}`
  const folder = options.crashes ?? join(PROJECT, 'fuzz', 'crashes')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${failure.target}-${failure.kind}-${hashOf(failure.input)}`)
  writeFileSync(path, failure.input)
  return `${command} --repeat ${relative(process.cwd(), path)}`
}
