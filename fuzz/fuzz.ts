// `npm run fuzz`: the command. Installs the counters, then loads the targets, so that the library is instrumented as it comes; with workers, each process does so for its part.
import { fork } from 'node:child_process'
import { register } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Failure, Tally } from './fuzzer.js'
import { installCounters } from './instrument/counters.js'
import { type FuzzOptions, HELP, readOptions } from './options.js'
import { mergeTallies, progressLine, tallyTable } from './report.js'
import type { Target } from './target.js'

/** What a worker tells. */
type WorkerMessage =
  | { readonly kind: 'progress' | 'tally'; readonly tally: Tally }
  | { readonly kind: 'failure'; readonly failure: Omit<Failure, 'input'>; readonly path: string }
  | { readonly kind: 'end'; readonly reached: number; readonly points: number }

/** In a worker: which one it is, of how many. */
const WORKER = /^(\d+)\/(\d+)$/.exec(process.env['TICKWIRE_FUZZ_WORKER'] ?? '')

const tallies: Tally[] = []
let failures = 0
let hasStopped = false
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
  return WORKER === null && options.workers > 1 ? await runWorkers(options) : await runHere(options)
}

async function describe(options: FuzzOptions): Promise<number> {
  const { targets } = await import('./targets/index.js')
  if (options.lists) for (const { name } of targets) console.log(name)
  else console.log(`${HELP}\n\nTargets:\n${targets.map(({ name, about }) => `  ${name.padEnd(18)} ${about}`).join('\n')}`)
  return 0
}

async function runHere(options: FuzzOptions): Promise<number> {
  installCounters()
  register('./instrument/load-hook.js', import.meta.url)
  const { targets, findTarget } = await import('./targets/index.js')
  const { runTargets, repeatInput } = await import('./run-targets.js')
  let chosen: readonly Target[] = targets
  if (options.target !== undefined) {
    const target = findTarget(options.target)
    if (target === undefined) {
      console.error(`--target expected one of ${targets.map(({ name }) => name).join(', ')}, got ${JSON.stringify(options.target)}`)
      return 2
    }
    chosen = [target]
  }
  if (options.repeat !== undefined) {
    if (chosen.length > 1) {
      console.error('--repeat expected --target beside it, got none: an input means something to its target only')
      return 2
    }
    return (await repeatInput(chosen[0]!, options.repeat)) ? 0 : 1
  }
  const part = partOf(chosen, options)
  if (WORKER === null) console.log(`seed ${options.seed}, ${part.targets.length} ${part.targets.length === 1 ? 'target' : 'targets'}`)
  const end = await runTargets(
    { ...part, isStopped: () => hasStopped },
    { onProgress: tellProgress, onTally: tellTally, onFailure: tellFailure },
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
function partOf(chosen: readonly Target[], options: FuzzOptions): { targets: readonly Target[]; options: FuzzOptions; runs: number } {
  const [index, count] = WORKER === null ? [0, 1] : [Number(WORKER[1]), Number(WORKER[2])]
  if (chosen.length === 1)
    return {
      targets: chosen,
      options: { ...options, seed: options.seed + index, keeps: options.keeps && index === 0 },
      runs: options.runs / count,
    }
  const shares = (targets: readonly Target[]): number => targets.reduce((sum, { share }) => sum + share, 0)
  const targets = chosen.filter((_, i) => i % count === index)
  return { targets, options, runs: (options.runs * shares(targets)) / shares(chosen) }
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
      tellFailure({ ...message.failure, input: new Uint8Array(0) }, message.path)
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

function tellFailure(failure: Failure, path: string): void {
  if (WORKER !== null) {
    const { input: _, ...rest } = failure
    send({ kind: 'failure', failure: rest, path })
    return
  }
  failures++
  console.log(`\n${failure.target}: ${failure.kind}\n${failure.text}`)
  if (failure.kind !== 'heap') console.log(`repeat: npm run fuzz -- --target ${failure.target} --repeat ${relative(process.cwd(), path)}\n`)
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
