// `npm run fuzz`: the command. Installs the counters, then loads the targets, so that the library is instrumented as it comes; with workers, each process does so for its part.
import { fork } from 'node:child_process'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Failure, Tally } from './fuzzer.js'
import { installCounters } from './instrument/counters.js'
import { type FuzzOptions, HELP, readOptions } from './options.js'
import { mergeTallies, progressLine, tallyTable } from './report.js'
import type { Target } from './target.js'
import { loadTargets, TARGET_NAMES } from './targets/index.js'

/** What a worker tells. */
type WorkerMessage =
  | { readonly kind: 'progress' | 'tally'; readonly tally: Tally }
  | { readonly kind: 'failure'; readonly failure: Omit<Failure, 'input'>; readonly command: string }
  | { readonly kind: 'end'; readonly reached: number; readonly points: number }

/** In a worker: which one it is, of how many. */
const WORKER = /^(\d+)\/(\d+)$/.exec(process.env.TICKWIRE_FUZZ_WORKER ?? '')

const tallies: Tally[] = []
let failures = 0
let hasStopped = false
/** With --first: a failure ends the run. */
let hasFailed = false
let reached = 0
let points = 0

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
process.exitCode = await main()

async function main(): Promise<number> {
  let options: FuzzOptions
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
    return 2
  }
  if (options.helps || options.lists) return await describe(options)
  if (options.target !== undefined && ![...TARGET_NAMES, 'planted'].includes(options.target)) {
    console.error(`--target expected one of ${TARGET_NAMES.join(', ')}, got ${JSON.stringify(options.target)}`)
    return 2
  }
  return WORKER === null && options.workers > 1 ? await runWorkers(options) : await runHere(options)
}

async function describe(options: FuzzOptions): Promise<number> {
  if (options.lists) {
    console.log(TARGET_NAMES.join('\n'))
    return 0
  }
  const targets = await loadTargets(TARGET_NAMES)
  console.log(`${HELP}\n\nTargets:\n${targets.map(({ name, about }) => `  ${name.padEnd(18)} ${about}`).join('\n')}`)
  return 0
}

async function runHere(options: FuzzOptions): Promise<number> {
  installCounters()
  register('./instrument/load-hook.js', import.meta.url)
  const { runTargets, repeatInput } = await import('./run-targets.js')
  if (options.repeat !== undefined) {
    if (options.target === undefined) {
      console.error('--repeat expected --target beside it, got none: an input means something to its target only')
      return 2
    }
    const [target] = await loadTargets([options.target])
    return (await repeatInput(target!, options.repeat)) ? 0 : 1
  }
  const part = await partOf(options)
  if (WORKER === null) console.log(`seed ${options.seed}, ${part.targets.length} ${part.targets.length === 1 ? 'target' : 'targets'}`)
  const end = await runTargets(
    { ...part, isStopped: () => hasStopped || hasFailed },
    {
      onProgress: tellProgress,
      onTally: tellTally,
      onFailure: (failure, command) => {
        tellFailure(failure, command)
        if (options.endsAtFirst) hasFailed = true
      },
    },
  )
  if (WORKER !== null) {
    send({ kind: 'end', ...end })
    process.disconnect()
    return 0
  }
  reached = end.reached
  points = end.points
  return conclude()
}

/** What a worker does of the whole: some of the targets, or its part of the inputs of one. */
async function partOf(options: FuzzOptions): Promise<{ targets: readonly Target[]; options: FuzzOptions; runs: number }> {
  const [index, count] = WORKER === null ? [0, 1] : [Number(WORKER[1]), Number(WORKER[2])]
  if (options.target !== undefined) {
    const own = { ...options, seed: options.seed + index, keeps: options.keeps && index === 0 }
    return { targets: await loadTargets([options.target]), options: own, runs: options.runs / count }
  }
  const all = await loadTargets(TARGET_NAMES)
  const sharesOf = (targets: readonly Target[]): number => targets.reduce((sum, { share }) => sum + share, 0)
  const targets = all.filter((_, i) => i % count === index)
  return { targets, options, runs: (options.runs * sharesOf(targets)) / sharesOf(all) }
}

async function runWorkers(options: FuzzOptions): Promise<number> {
  console.log(`seed ${options.seed}, ${options.workers} workers`)
  const workers = Array.from({ length: options.workers }, (_, i) =>
    fork(fileURLToPath(import.meta.url), process.argv.slice(2).concat('--seed', String(options.seed)), {
      env: { ...process.env, TICKWIRE_FUZZ_WORKER: `${i}/${options.workers}` },
    }),
  )
  const stopWorkers = (): void => {
    for (const worker of workers) worker.kill('SIGINT')
  }
  process.on('SIGINT', stopWorkers)
  process.on('SIGTERM', stopWorkers)
  let broken = 0
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve) => {
          worker.on('message', (message) => handleWorker(message as WorkerMessage))
          worker.on('exit', (code) => {
            if (code !== 0) broken++
            resolve()
          })
        }),
    ),
  )
  if (broken > 0) console.error(`${broken} of ${workers.length} workers ended early: what they would have found is missing here`)
  return Math.max(conclude(), broken > 0 ? 1 : 0)
}

function handleWorker(message: WorkerMessage): void {
  switch (message.kind) {
    case 'progress':
      tellProgress(message.tally)
      return
    case 'tally':
      tellTally(message.tally)
      return
    case 'failure':
      tellFailure({ ...message.failure, input: new Uint8Array(0) }, message.command)
      return
    case 'end':
      // Each has the whole library and knows only its own part of what was reached.
      reached = Math.max(reached, message.reached)
      points = Math.max(points, message.points)
  }
}

function tellProgress(tally: Tally): void {
  if (WORKER === null) console.log(progressLine(tally))
  else send({ kind: 'progress', tally })
}

function tellTally(tally: Tally): void {
  if (WORKER !== null) {
    send({ kind: 'tally', tally: { ...tally } })
    return
  }
  tallies.push(tally)
  console.log(`${progressLine(tally)}  done`)
}

function tellFailure(failure: Failure, command: string): void {
  if (WORKER !== null) {
    const { input: _, ...rest } = failure
    send({ kind: 'failure', failure: rest, command })
    return
  }
  failures++
  console.log(`\n${failure.target}: ${failure.kind}\n${failure.text}`)
  console.log(`repeat: ${command}\n`)
}

function conclude(): number {
  const rows = mergeTallies(tallies)
  console.log(`\n${tallyTable(rows)}`)
  if (points > 0)
    console.log(
      `${WORKER === null && rows.length > 1 ? 'reached in one process' : 'reached'}: ${reached} of ${points} branches of the modules that were loaded`,
    )
  if (hasStopped) console.log('stopped early: what was not reached is not in the table')
  console.log(failures === 0 ? 'no failure' : `${failures} ${failures === 1 ? 'failure' : 'failures'}: see above`)
  if (hasStopped) return 130
  return failures === 0 ? 0 : 1
}

function send(message: WorkerMessage): void {
  process.send?.(message)
}

/** The first asks for the table so far; the second ends it. */
function stop(): void {
  if (hasStopped) process.exit(130)
  hasStopped = true
}
