// `npm run mutate`: would the tests notice? Changes lib/protocol and lib/netcode in one small way at a time, and runs the tests that reach the changed place until one fails.
// Works on the compiled code; how, stands in mutation/. Fails where less than 80 % of the mutants are killed.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mutantsOf } from '../mutation/mutants.js'
import { endWorkers, Worker } from '../mutation/workers.js'

const MIN_KILLED = 0.8
/** Tests of real sockets say nothing more about these layers, and take real time. */
const LEFT_OUT = ['netcode/udp.test.js']

const project = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    files: { type: 'string', default: 'lib/protocol,lib/netcode' },
    sample: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    'budget-ms': { type: 'string', default: '3000' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`npm run mutate -- [--files lib/protocol,lib/netcode] [--sample N] [--seed S] [--workers N] [--budget-ms 3000]

Mutants: boundaries and negations of comparisons, && for ||, arithmetic, numbers ± 1, conditions that are always true or false, statements left out, returned values left out.
For each, the tests of protocol and netcode and the property tests that reach its statement run, the quickest first, until one fails. Prints the share killed by file, and each survivor.

  --files A,B       files or folders of lib, separated by commas
  --sample N        so many mutants, chosen by the seed; 0: all
  --seed S          of the choice
  --workers N       processes
  --budget-ms N     what the tests of one mutant may take together without it; slower ones are left out, so a survivor may be one that only they would notice`)
  process.exit(0)
}

/** Ctrl-C ends the processes; what is known by then is reported. */
let isStopped = false
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    isStopped = true
    endWorkers()
  })
}

const startedAt = Date.now()
const files = targetFiles()
const firstHits = []
let places = 0
const mutants = []
for (const file of files) {
  const analysis = mutantsOf(readFileSync(file, 'utf8'))
  firstHits.push([file, places])
  for (const [index, mutant] of analysis.mutants.entries())
    mutants.push({ file, index, ...mutant, place: mutant.place < 0 ? -1 : places + mutant.place })
  places += analysis.places.length
}
const chosen = sampleOf(mutants)
const cases = await measureTests()
await checkControls()
const { outcomes, invalid } = await judgeAll()
process.exitCode = report()

function targetFiles() {
  const found = values.files.split(',').flatMap((name) => {
    const path = join(project, 'dist', name.replace(/\.ts$/, '.js'))
    if (!existsSync(path)) throw new Error(`"--files" expected files or folders of lib that are compiled, got ${name}`)
    return path.endsWith('.js') ? [path] : readdirSync(path).map((file) => join(path, file))
  })
  return found.filter((file) => file.endsWith('.js') && !file.endsWith('index.js'))
}

function testFiles() {
  const folders = ['protocol', 'netcode', 'properties', 'wire'].map((name) => join(project, 'dist', 'test', name))
  const found = folders.filter(existsSync).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  return found.filter((file) => file.endsWith('.test.js') && !LEFT_OUT.some((name) => file.endsWith(name)))
}

/** A seeded choice: Fisher and Yates, with mulberry32. */
function sampleOf(all) {
  const size = Number(values.sample)
  if (size === 0 || size >= all.length) return all
  const shuffled = [...all]
  let state = Number(values.seed) >>> 0
  for (let i = shuffled.length - 1; i > 0; i--) {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    const j = ((mixed ^ (mixed >>> 14)) >>> 0) % (i + 1)
    ;[shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]]
  }
  return shuffled.slice(0, size)
}

/** Every test by itself: which places it reaches, and what it costs. */
async function measureTests() {
  const measured = []
  await inParallel(testFiles(), async (worker, testPath) => {
    const answer = await worker.ask({ kind: 'measure', testPath, firstHits, places })
    if (answer?.measured === undefined)
      throw new Error(`${relative(project, testPath)} could not be measured: ${answer?.reason ?? 'its process ended'}`)
    for (const test of answer.measured) {
      if (test.failure === undefined) measured.push({ testPath, ...test, reached: new Set(test.reached) })
      else console.error(`left out, as it fails without a mutant: ${relative(project, testPath)}: ${test.name}\n${test.failure}`)
    }
  })
  console.log(
    `${measured.length} tests measured in ${seconds()} s; ${chosen.length} of ${mutants.length} mutants in ${files.length} files${chosen.length < mutants.length ? ` (seed ${values.seed})` : ''}`,
  )
  return measured
}

/** A change that changes nothing must survive in every file: else the run kills mutants by a fault of its own, and its figures say nothing. */
async function checkControls() {
  await inParallel(files, async (worker, file) => {
    const plan = planOf({ place: -1 }, new Set(chosen.filter((mutant) => mutant.file === file).map(({ place }) => place)))
    const answer = await worker.ask({ kind: 'judge', mutated: file, mutantIndex: -1, plan })
    if (isStopped) process.exit(130)
    if (answer?.outcome !== 'survived')
      throw new Error(`${file} without a change was taken for killed: ${answer?.reason ?? 'its process ended'}`)
  })
}

async function judgeAll() {
  const outcomes = []
  const invalid = []
  let done = 0
  let killed = 0
  await inParallel(chosen, async (worker, mutant) => {
    const plan = planOf(mutant)
    let outcome = 'not reached'
    if (plan.length > 0) {
      const answer = await worker.ask({ kind: 'judge', mutated: mutant.file, mutantIndex: mutant.index, plan })
      outcome = answer?.outcome ?? 'killed' // a process that ended or hung noticed it
    }
    if (isStopped) return
    if (outcome === 'invalid') invalid.push(mutant)
    else outcomes.push({ mutant, outcome })
    done++
    if (outcome === 'killed') killed++
    progress(done, killed, invalid.length)
  })
  return { outcomes, invalid }
}

/** The tests that reach a mutant, by file, the quickest files first, as far as the budget goes. */
function planOf({ place }, places = new Set([place])) {
  const reaching = cases
    .filter((test) => (place < 0 && places.has(place)) || [...places].some((one) => test.reached.has(one)))
    .sort((a, b) => a.ms - b.ms)
  const plan = new Map()
  let ms = 0
  for (const { testPath, index, ms: cost, rounds } of reaching) {
    if (ms > 0 && ms + cost > Number(values['budget-ms'])) break
    ms += cost
    const group = plan.get(testPath) ?? { testPath, cases: [], ms: 0 }
    group.cases.push({ index, rounds })
    group.ms += cost
    plan.set(testPath, group)
  }
  return [...plan.values()].sort((a, b) => a.ms - b.ms).map(({ testPath, cases }) => ({ testPath, cases }))
}

function progress(done, killed, invalid) {
  const judged = done - invalid
  const line = `${done} of ${chosen.length} mutants, ${((100 * killed) / Math.max(judged, 1)).toFixed(1)} % killed, ${seconds()} s`
  if (process.stderr.isTTY) process.stderr.write(`\r${line} `)
  else if (done % 100 === 0) console.error(line)
}

function report() {
  if (process.stderr.isTTY) process.stderr.write('\r')
  const survivors = outcomes.filter(({ outcome }) => outcome !== 'killed')
  survivors.sort((a, b) => a.mutant.file.localeCompare(b.mutant.file) || a.mutant.start - b.mutant.start)
  for (const { mutant, outcome } of survivors) console.log(`${outcome}: ${describe(mutant)}`)
  console.log('\nfile                                      mutants   killed  survived  not reached')
  for (const file of [...files, undefined]) {
    const ofFile = outcomes.filter(({ mutant }) => file === undefined || mutant.file === file)
    if (ofFile.length === 0) continue
    const count = (wanted) => ofFile.filter(({ outcome }) => outcome === wanted).length
    const name = file === undefined ? 'all' : relative(join(project, 'dist'), file).replace(/js$/, 'ts')
    console.log(
      `${name.padEnd(40)} ${String(ofFile.length).padStart(8)} ${((100 * count('killed')) / ofFile.length).toFixed(1).padStart(6)} % ${String(count('survived')).padStart(9)} ${String(count('not reached')).padStart(12)}`,
    )
  }
  const share = (outcomes.length - survivors.length) / Math.max(outcomes.length, 1)
  console.log(
    `${(100 * share).toFixed(1)} % of ${outcomes.length} mutants killed in ${seconds()} s (${invalid.length} more are no valid program)`,
  )
  if (isStopped) console.log(`stopped: ${chosen.length - outcomes.length - invalid.length} mutants were not judged`)
  if (share >= MIN_KILLED) return 0
  console.error(`mutate: expected at least ${100 * MIN_KILLED} % killed`)
  return 1
}

/** Place in the TypeScript, what was there and what came in its place. */
function describe({ file, start, end, text }) {
  const source = readFileSync(file, 'utf8')
  const before = source.slice(0, start).split('\n')
  const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
  const entry = map.findEntry(before.length - 1, before.at(-1).length)
  const line = source.split('\n')[before.length - 1].trim()
  const old = source.slice(start, end).replace(/\s+/g, ' ')
  const name = relative(join(project, 'dist'), file).replace(/js$/, 'ts')
  return `${name}:${(entry.originalLine ?? before.length - 1) + 1}  ${shorten(old)} → ${text === '' ? 'nothing' : text}   in: ${shorten(line, 100)}`
}

function shorten(text, length = 50) {
  return text.length > length ? `${text.slice(0, length)}…` : text
}

function seconds() {
  return ((Date.now() - startedAt) / 1000).toFixed(0)
}

/** Works through items with as many processes as asked for. */
async function inParallel(items, work) {
  const waiting = [...items]
  await Promise.all(
    Array.from({ length: Number(values.workers) }, async () => {
      let worker = new Worker()
      for (let item = waiting.shift(); item !== undefined && !isStopped; item = waiting.shift()) {
        if (worker.isWorn) {
          worker.end()
          worker = new Worker()
        }
        await work(worker, item)
      }
      worker.end()
    }),
  )
}
