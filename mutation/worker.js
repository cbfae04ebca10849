// One warm process of the mutation run: measures the tests once, then judges mutants, one at a time, as it is told to.
import { runCase, TooManyRounds } from './checks.js'
import { Graph, INVALID } from './graph.js'
import { NO_CHANGE } from './mutants.js'

/** Rounds of loops that a test may take beyond three times what it takes without a mutant. */
const SPARE_ROUNDS = 50_000
/** A test that waits for what does not come. */
const CASE_TIMEOUT_MS = 20_000

const graph = new Graph()
let rounds = 0
let maxRounds = Number.POSITIVE_INFINITY
let hits = new Uint8Array(0)

globalThis.__round = () => {
  if (++rounds > maxRounds) throw new TooManyRounds('more rounds of loops than without the mutant')
}
globalThis.__hit = (place) => {
  hits[place] = 1
}
// What a mutant leaves behind must not end the process.
process.on('unhandledRejection', () => {})
process.on('uncaughtException', () => {})
process.on('disconnect', () => process.exit(0))

process.on('message', async (request) => {
  try {
    const answer = request.kind === 'measure' ? await measure(request) : await judge(request)
    process.send({ ...answer, id: request.id })
  } catch (error) {
    process.send({ kind: 'failed', reason: String(error?.stack ?? error), id: request.id })
  }
})
process.send({ kind: 'ready' })

/** Runs every test of a file without a mutant: what it reaches and what it costs. Tests that fail here are not used. */
async function measure({ testPath, firstHits, places }) {
  graph.noteHits(firstHits)
  hits = new Uint8Array(places)
  maxRounds = Number.POSITIVE_INFINITY
  const cases = await graph.cases(testPath)
  const loading = hits.slice() // reached by loading alone, so by every test
  const measured = []
  for (const [index, { name, run }] of cases.entries()) {
    hits = loading.slice()
    rounds = 0
    const before = process.cpuUsage()
    let failure
    try {
      await inTime(runCase(run))
    } catch (error) {
      failure = String(error?.stack ?? error)
    }
    const { user, system } = process.cpuUsage(before)
    const reached = []
    for (const [place, hit] of hits.entries()) if (hit === 1) reached.push(place)
    measured.push({ index, name, failure, ms: (user + system) / 1000, rounds, reached })
  }
  return { kind: 'measured', measured }
}

/** Runs the given tests until one fails. A negative index: without any change. */
async function judge({ mutated, mutantIndex, plan }) {
  const mutant = mutantIndex < 0 ? NO_CHANGE : graph.analysis(mutated).mutants[mutantIndex]
  for (const { testPath, cases: wanted } of plan) {
    rounds = 0
    maxRounds = 1_000_000
    try {
      const cases = await graph.cases(testPath, mutated, mutant)
      for (const { index, rounds: usual } of wanted) {
        rounds = 0
        maxRounds = 3 * usual + SPARE_ROUNDS
        await inTime(runCase(cases[index].run))
      }
    } catch (error) {
      return {
        kind: 'judged',
        outcome: error instanceof SyntaxError && error.message.startsWith(INVALID) ? 'invalid' : 'killed',
        reason: String(error?.stack ?? error),
      }
    }
  }
  return { kind: 'judged', outcome: 'survived' }
}

async function inTime(promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('a test does not end')), CASE_TIMEOUT_MS)
  })
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
