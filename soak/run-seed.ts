// One seed: run, and where it breaks an invariant, made shorter and put in words.
import { generate, type Program } from './generate.js'
import type { Counts } from './journal.js'
import { describeOperation } from './operations.js'
import { type Outcome, type PlayOptions, play } from './play.js'
import { shrink } from './shrink.js'

export interface SeedResult {
  readonly seed: number
  readonly hash: string
  readonly simulatedMs: number
  readonly counts: Counts
  /** Present where the seed was run twice: whether both gave the same hash. */
  readonly isRepeatable: boolean | undefined
  /** What to print of a broken invariant; undefined where all held. */
  readonly failure: string | undefined
}

export interface RunOptions {
  /** Runs it a second time and compares the hashes. */
  readonly isTwice?: boolean
  readonly play?: PlayOptions
  readonly maxShrinkRuns?: number
}

export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedResult> {
  const program = generate(seed)
  const outcome = await play(program.setup, program.operations, options.play)
  const second = options.isTwice ? await play(program.setup, program.operations, withoutLines(options.play)) : undefined
  const isRepeatable = second === undefined ? undefined : second.hash === outcome.hash
  const failure =
    outcome.violations.length > 0
      ? await describeFailure(program, outcome, options)
      : isRepeatable === false
        ? `seed ${seed}: two runs gave the hashes ${outcome.hash} and ${second?.hash}\n  repeat it with: npm run soak -- --seed ${seed} --runs 1 --twice`
        : undefined
  return { seed, hash: outcome.hash, simulatedMs: outcome.simulatedMs, counts: outcome.counts, isRepeatable, failure }
}

async function describeFailure(program: Program, outcome: Outcome, options: RunOptions): Promise<string> {
  const { setup, operations } = program
  const first = outcome.violations[0]!
  const quiet = withoutLines(options.play)
  const shrunk = await shrink(
    operations,
    async (candidate) => (await play(setup, candidate, quiet)).violations[0]?.invariant === first.invariant,
    options.maxShrinkRuns,
  )
  const last = await play(setup, shrunk.operations, quiet)
  return [
    `seed ${setup.seed} broke an invariant, "${first.invariant}", at ${first.at.toFixed(1)} ms: ${first.text}`,
    `  repeat it with: npm run soak -- --seed ${setup.seed} --runs 1 --trace`,
    `  the world: ${JSON.stringify(setup)}`,
    `  ${operations.length} operations, of which ${shrunk.operations.length} do it (found in ${shrunk.runs} runs; with them: ${last.violations[0]?.text}):`,
    ...shrunk.operations.map((operation) => `    ${describeOperation(operation)}`),
    '  how that ended:',
    ...last.lastLines.slice(-16).map((line) => `    ${line}`),
  ].join('\n')
}

function withoutLines(options: PlayOptions | undefined): PlayOptions {
  return options?.tamper === undefined ? {} : { tamper: options.tamper }
}
