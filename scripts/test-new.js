// `npm run test:new`: makes a game as a newcomer does, on several versions of Node: npm run new, npm test, npm run server, npm run client, Ctrl-C.
// What is done and checked is in test/scripts/new.test.ts, which npm test runs on one version.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeOf } from './node-of.js'

const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: '20,22,24' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`npm run test:new -- [--versions 20,22,24] [--verbose]

Makes a game with npm run new on each version of Node, tests and plays it, and prints a line for each. --verbose prints what was typed and shown, too.`)
  process.exit(0)
}

const project = join(dirname(fileURLToPath(import.meta.url)), '..')
const work = mkdtempSync(join(tmpdir(), 'tickwire-nodes-'))
let failed = 0
try {
  const { status } = spawnSync(process.execPath, ['scripts/pretest.js'], { cwd: project, stdio: 'inherit' })
  if (status !== 0) throw new Error('the tests do not compile')
  for (const version of values.versions.split(',')) await report(version, nodeOf(version, work))
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exit(failed === 0 ? 0 : 1)

async function report(version, node) {
  const started = performance.now()
  const { status, output } = await run(node)
  const actual = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  const checks = output.match(/^ +ok /gm)?.length ?? 0
  console.log(`Node ${version} (${actual}): ${status === 0 ? 'passed' : 'FAILED'}, ${checks} checks in ${seconds} s`)
  if (status !== 0) {
    failed++
    console.log(output)
  } else if (values.verbose) console.log(output.replaceAll(/^(?!\s*#).*\n/gm, ''))
}

/** The test by itself, not by tap: so it runs on this node, whatever runs this script. */
async function run(node) {
  const env = { ...process.env, TAP_TIMEOUT: '300' } // seconds; 30 where tap does not run it
  const child = spawn(node, ['dist/test/scripts/new.test.js'], { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const [status] = await once(child, 'close')
  return { status, output }
}
