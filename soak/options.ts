// The command line of `npm run soak`.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export type Scenario = 'random' | 'hard-link' | 'sessions'

export interface SoakOptions {
  readonly scenario: Scenario
  readonly seed: number
  readonly runs: number
  /** Infinity for no limit. */
  readonly minutes: number
  readonly workers: number
  readonly isTrace: boolean
  readonly isTwice: boolean
  /** Send steps of the scenario hard-link. */
  readonly steps: number
}

/** The command line was wrong; the message says how. */
export class UsageError extends Error {}

const DEFAULT_RUNS = 200
const DEFAULT_STEPS = 200_000

export const HELP = `npm run soak -- [options]

A server and up to five clients in simulated time, random operations on random networks, and every promise of the library checked after every update.
Seeds run one after another, spread over worker threads. The same seed gives the same trace hash. Exit code 0 where every invariant held, 1 where one broke.
A failure prints the command that repeats it and a shortened list of operations. Ctrl-C prints what was done so far.

  --seed S          the first seed (1)
  --runs N          how many seeds (${DEFAULT_RUNS})
  --minutes M       stops after so many minutes at the latest (no limit)
  --workers W       worker threads (as many as the machine has cores)
  --twice           runs every seed twice and compares the hashes; without it, one of 20
  --trace           with one seed: prints everything that happens, datagram by datagram
  --scenario NAME   hard-link: instead, one connection over 1000 ± 100 ms, 25 % loss and 25 % duplicates each way, without and with a fifth of all datagrams damaged
                    sessions: players who drop and come back, on links that die, with addresses that change and a server and clients that pause
  --steps N         send steps of hard-link (${DEFAULT_STEPS})
  --help            this`

/**
 * Reads the command line; undefined where it asks for help.
 * @throws UsageError for an unknown option or a value out of range
 */
export function readOptions(args: readonly string[]): SoakOptions | undefined {
  const values = parse(args)
  if (values.help === true) return undefined
  const scenario = values.scenario ?? 'random'
  if (scenario !== 'random' && scenario !== 'hard-link' && scenario !== 'sessions')
    throw new UsageError(`--scenario expected random, hard-link or sessions, got '${scenario}'`)
  const runs = readInteger('runs', values.runs, DEFAULT_RUNS, 1, 10_000_000)
  const isTrace = values.trace === true
  if (isTrace && values.runs !== undefined && runs !== 1) throw new UsageError(`--trace expected --runs 1, got ${runs}`)
  return {
    scenario,
    seed: readInteger('seed', values.seed, 1, 0, Number.MAX_SAFE_INTEGER - 10_000_000),
    runs: isTrace ? 1 : runs,
    minutes: readMinutes(values.minutes),
    workers: readInteger('workers', values.workers, Math.min(availableParallelism(), 64), 1, 64),
    isTrace,
    isTwice: values.twice === true,
    steps: readInteger('steps', values.steps, DEFAULT_STEPS, 100, 10_000_000),
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: text,
        runs: text,
        minutes: text,
        workers: text,
        scenario: text,
        steps: text,
        twice: flag,
        trace: flag,
        help: { ...flag, short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function readInteger(name: string, given: string | undefined, standard: number, min: number, max: number): number {
  if (given === undefined) return standard
  const number = given.trim() === '' ? Number.NaN : Number(given)
  if (Number.isInteger(number) && number >= min && number <= max) return number
  throw new UsageError(`--${name} expected an integer from ${min} to ${max}, got '${given}'`)
}

function readMinutes(given: string | undefined): number {
  if (given === undefined) return Number.POSITIVE_INFINITY
  const minutes = given.trim() === '' ? Number.NaN : Number(given)
  if (minutes > 0 && minutes <= 10_000) return minutes
  throw new UsageError(`--minutes expected a number above 0, at most 10000, got '${given}'`)
}
