// `npm run soak`: see HELP in options.ts.
import { hardLinkCommand } from './hard-link.js'
import { HELP, readOptions, type SoakOptions, UsageError } from './options.js'
import { runPool } from './pool.js'
import { Report } from './report.js'
import { runSeed } from './run-seed.js'
import { sessionsCommand } from './sessions.js'

/** One seed of so many is run twice. */
const TWICE_EVERY = 20

/** Progress is shown this often: on a terminal in one line, elsewhere a line each. */
const TERMINAL_MS = 500
const LOG_MS = 15_000

/** After so many failures it ends: more would say nothing new. */
const MAX_FAILURES = 10

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) {
    console.log(HELP)
    return 0
  }
  if (options.scenario === 'hard-link') return hardLinkCommand(options.steps, options.seed)
  if (options.scenario === 'sessions') return sessions(options)
  return options.isTrace ? trace(options) : soak(options)
}

async function trace({ seed, isTwice }: SoakOptions): Promise<number> {
  const result = await runSeed(seed, { isTwice, play: { onLine: (line) => console.log(line) } })
  console.log(`\nseed ${seed}: hash ${result.hash}, ${(result.simulatedMs / 1000).toFixed(1)} simulated seconds`)
  if (result.failure === undefined) return 0
  console.log(`\n${result.failure}`)
  return 1
}

async function soak(options: SoakOptions): Promise<number> {
  const startedAt = performance.now()
  const endsAt = startedAt + options.minutes * 60_000
  const report = new Report(options.runs, startedAt, endsAt)
  const stop = new AbortController()
  const onInterrupt = (): void => stop.abort()
  process.once('SIGINT', onInterrupt)
  process.once('SIGTERM', onInterrupt)
  console.log(
    `soak: seeds ${options.seed} to ${options.seed + options.runs - 1} on ${Math.min(options.workers, options.runs)} threads; Ctrl-C ends it`,
  )
  const progress = showProgress(() => report.progress(performance.now()))
  let seed = options.seed
  try {
    await runPool({
      workers: Math.min(options.workers, options.runs),
      signal: stop.signal,
      next: () => {
        if (seed >= options.seed + options.runs || performance.now() >= endsAt) return undefined
        const task = { seed, isTwice: options.isTwice || seed % TWICE_EVERY === 0 }
        seed++
        return task
      },
      onResult: (result) => {
        report.add(result)
        if (result.failure !== undefined) progress.print(`${result.failure}\n`)
        if (options.runs === 1) progress.print(`seed ${result.seed}: hash ${result.hash}`)
        if (report.failures.length >= MAX_FAILURES) stop.abort()
      },
    })
  } finally {
    progress.end()
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onInterrupt)
  }
  console.log(report.text(performance.now()))
  if (report.failures.length > 0) console.log('\nHow to repeat each failure stands above it.')
  if (report.done < options.runs) console.log(`\nEnded after ${report.done} of ${options.runs} seeds.`)
  return report.failures.length > 0 ? 1 : 0
}

async function sessions({ seed, runs }: SoakOptions): Promise<number> {
  let done = 0
  const progress = showProgress(() => `sessions: ${done} of ${runs} seeds`)
  try {
    return await sessionsCommand(seed, runs, (count) => {
      done = count
    })
  } finally {
    progress.end()
  }
}

function showProgress(text: () => string): { print(line: string): void; end(): void } {
  const isTerminal = process.stdout.isTTY
  const erase = (): void => {
    if (isTerminal) process.stdout.write('\r\x1b[K')
  }
  const timer = setInterval(
    () => {
      erase()
      process.stdout.write(isTerminal ? text().slice(0, process.stdout.columns - 1) : `${text()}\n`)
    },
    isTerminal ? TERMINAL_MS : LOG_MS,
  )
  return {
    print(line) {
      erase()
      console.log(line)
    },
    end() {
      clearInterval(timer)
      erase()
    },
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${HELP}` : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
