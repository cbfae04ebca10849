import { parseArgs } from 'node:util'

export const HELP = `npm run fuzz -- [options]

Feeds changed inputs to every decoder of tickwire and to the whole endpoint, and keeps changing what reaches new code. Fails where something throws, where a property does
not hold, where an input costs more than 1 ms, or where memory grows by more than 10 MB. It uses no network.

  --target T     one of the targets below (default: all, each in its turn)
  --seconds S    how long, in all (60, unless --runs is given)
  --runs N       how many inputs, in all; with --seconds, whichever comes first
  --seed S       the same seed and --runs give the same inputs (default: another each time, printed)
  --workers N    processes: they share out the targets, or work on one with different seeds (1)
  --first        ends at the first failure
  --keep         what reached new code is added to fuzz/corpus, which is then made as small as it can be
  --repeat FILE  runs one input, such as one of fuzz/crashes, on --target and says what it does
  --corpus DIR   where the corpora are (fuzz/corpus)
  --crashes DIR  where failing inputs go (fuzz/crashes)
  --list         the targets, one a line
  --help         this`

export interface FuzzOptions {
  readonly target: string | undefined
  readonly seconds: number
  readonly runs: number
  readonly seed: number
  readonly workers: number
  readonly endsAtFirst: boolean
  readonly keeps: boolean
  readonly repeat: string | undefined
  readonly corpus: string | undefined
  readonly crashes: string | undefined
  readonly lists: boolean
  readonly helps: boolean
}

/** Reads the command line. Throws a RangeError or TypeError that says what was expected. */
export function readOptions(parameters: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      target: { type: 'string' },
      seconds: { type: 'string' },
      runs: { type: 'string' },
      seed: { type: 'string' },
      workers: { type: 'string' },
      first: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      repeat: { type: 'string' },
      corpus: { type: 'string' },
      crashes: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const runs = numberOf('runs', values.runs, 1, 1e12)
  const seconds = numberOf('seconds', values.seconds, 0.1, 1e6)
  return {
    target: values.target,
    runs: runs ?? Number.POSITIVE_INFINITY,
    seconds: seconds ?? (runs === undefined ? 60 : Number.POSITIVE_INFINITY),
    seed: numberOf('seed', values.seed, 0, Number.MAX_SAFE_INTEGER, true) ?? Date.now() % 1_000_000,
    workers: numberOf('workers', values.workers, 1, 64, true) ?? 1,
    endsAtFirst: values.first,
    keeps: values.keep,
    repeat: values.repeat,
    corpus: values.corpus,
    crashes: values.crashes,
    lists: values.list,
    helps: values.help,
  }
}

function numberOf(name: string, text: string | undefined, least: number, most: number, isWhole = false): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  const isRight = text.trim() !== '' && number >= least && number <= most && (!isWhole || Number.isInteger(number))
  if (!isRight)
    throw new RangeError(`--${name} expected ${isWhole ? 'an integer' : 'a number'} of ${least}–${most}, got ${JSON.stringify(text)}`)
  return number
}
