// `npm run coverage`: how much of the core its own tests reach: lines and branches of lib/wire, lib/protocol, lib/netcode and lib/messages. V8 counts in the
// compiled code, source maps bring it back to the TypeScript. Fails below the bounds. Only tests of these layers count; what the tests of endpoints reach in passing does not.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mergeProcessCovs } from '@bcoe/v8-coverage'
import v8ToIstanbul from 'v8-to-istanbul'

const LAYERS = ['wire', 'protocol', 'netcode', 'messages']
const MIN_LINES = 100
const MIN_BRANCHES = 95

/** Code that has to stay though no test can reach it, each with its reason: the one place for such. `line` is a piece of the source line. */
const EXCUSED = []

const project = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '300' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`npm run coverage -- [--workers 2] [--timeout 300]

Runs the tests of ${LAYERS.join(', ')} and the property tests, and prints lines and branches of lib by file and folder, with what is missing.
Fails below ${MIN_LINES} % of lines or ${MIN_BRANCHES} % of branches in any of the folders.

  --workers N     test files at a time
  --timeout S     seconds that one test file may take`)
  process.exit(0)
}

const work = mkdtempSync(join(tmpdir(), 'tickwire-coverage-'))
const running = new Set()
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGKILL')
    rmSync(work, { recursive: true, force: true })
    process.exit(130)
  })
}

try {
  process.exitCode = await report(await measure(testFiles()))
} finally {
  for (const child of running) child.kill('SIGKILL')
  rmSync(work, { recursive: true, force: true, maxRetries: 3 })
}

function testFiles() {
  const folders = [...LAYERS, 'properties'].map((layer) => join(project, 'dist', 'test', layer))
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.test.js'))
      .map((name) => join(folder, name)),
  )
}

/** Runs all files, so many at a time, and merges what V8 counted. */
async function measure(files) {
  const counted = []
  const waiting = [...files]
  let done = 0
  const workers = Array.from({ length: Number(values.workers) }, async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      counted.push(...(await countedIn(file)))
      done++
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${files.length} test files `)
    }
  })
  await Promise.all(workers)
  if (process.stderr.isTTY) process.stderr.write('\r')
  return mergeProcessCovs(counted.map((result) => ({ result }))).result
}

async function countedIn(file) {
  const folder = mkdtempSync(join(work, 'v8-'))
  const child = spawn(process.execPath, [file], {
    cwd: project,
    env: { ...process.env, NODE_V8_COVERAGE: folder, TAP_TIMEOUT: values.timeout },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), Number(values.timeout) * 1000)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  running.delete(child)
  if (code !== 0) {
    console.error(output)
    throw new Error(`${file} failed, so that its coverage says nothing`)
  }
  const results = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')).result)
  rmSync(folder, { recursive: true, force: true })
  const isOurs = ({ url }) => LAYERS.some((layer) => url.includes(`/dist/lib/${layer}/`))
  return results.map((result) => result.filter(isOurs))
}

/** Prints the table; returns 1 where a folder is below the bounds. */
async function report(scripts) {
  let isBelow = false
  console.log('file                                        lines     branches  not reached')
  for (const layer of LAYERS) {
    const total = { lines: 0, reachedLines: 0, branches: 0, reachedBranches: 0 }
    const names = readdirSync(join(project, 'lib', layer)).filter((name) => name.endsWith('.ts'))
    for (const name of names) {
      const path = join(project, 'dist', 'lib', layer, name.replace(/ts$/, 'js'))
      const counts = await countsOf(path, scripts.find(({ url }) => fileURLToPath(url) === path)?.functions)
      if (counts === undefined) continue
      for (const key of Object.keys(total)) total[key] += counts[key]
      if (counts.missing.length > 0) console.log(row(`lib/${layer}/${name}`, counts, counts.missing.join(' ')))
    }
    console.log(row(`lib/${layer}`, total, ''))
    if (share(total.reachedLines, total.lines) < MIN_LINES || share(total.reachedBranches, total.branches) < MIN_BRANCHES) isBelow = true
  }
  for (const { file, line, reason } of EXCUSED) console.log(`excused: ${file}: ${line} (${reason})`)
  if (isBelow) console.error(`coverage: expected ${MIN_LINES} % of lines and ${MIN_BRANCHES} % of branches in every folder`)
  return isBelow ? 1 : 0
}

/** Lines and branches of one file; undefined for a file without code. A file that no test loads counts as reached nowhere. */
async function countsOf(path, functions) {
  const source = readFileSync(path, 'utf8')
  if (!source.split('\n').some((line) => hasCode(line.trim()) && line !== 'export {};')) return undefined
  const converter = v8ToIstanbul(path)
  await converter.load()
  converter.applyCoverage(
    functions ?? [{ functionName: '', isBlockCoverage: true, ranges: [{ startOffset: 0, endOffset: source.length, count: 0 }] }],
  )
  const [file] = Object.values(converter.toIstanbul())
  const text = readFileSync(file.path, 'utf8').split('\n')
  const isExcused = (line) => EXCUSED.some((entry) => file.path.endsWith(entry.file) && text[line - 1]?.includes(entry.line))
  const missing = []
  let lines = 0
  let reachedLines = 0
  for (const [key, { start }] of Object.entries(file.statementMap)) {
    const line = text[start.line - 1]?.trim() ?? ''
    if (!hasCode(line) || isExcused(start.line)) continue
    lines++
    if (file.s[key] > 0) reachedLines++
    else missing.push(`${start.line}`)
  }
  let branches = 0
  let reachedBranches = 0
  for (const [key, branch] of Object.entries(file.branchMap)) {
    const { start } = branch.loc
    if (!hasCode(text[start.line - 1]?.slice(Math.max(start.column, 0)).trim() ?? '') || isExcused(start.line)) continue
    branches++
    if (file.b[key][0] > 0) reachedBranches++
    else missing.push(`${start.line}:${start.column}`)
  }
  return { lines, reachedLines, branches, reachedBranches, missing }
}

/** Not empty, a comment, or braces that close: what stands behind a loop without end is no code that could be reached. */
function hasCode(line) {
  return !/^$|^\/\/|^\/?\*|^[)\]};,]+$/.test(line)
}

function row(name, { lines, reachedLines, branches, reachedBranches }, missing) {
  return `${name.padEnd(42)} ${percent(reachedLines, lines)}  ${percent(reachedBranches, branches)}  ${missing}`.trimEnd()
}

function percent(part, whole) {
  return `${share(part, whole).toFixed(2).padStart(6)} %`
}

function share(part, whole) {
  return whole === 0 ? 100 : (100 * part) / whole
}
