// `npm run test:matrix`: the test suite on several versions of Node, with the optional packages and without. Works in a clean clone in a temporary folder.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeOf } from './node-of.js'

const { values } = parseArgs({ options: { versions: { type: 'string', default: '20,22,24' }, help: { type: 'boolean', default: false } } })
if (values.help) {
  console.log(
    'npm run test:matrix -- [--versions 20,22,24]\n\nRuns the tests on each version of Node, with and without the optional packages, and prints a line for each.',
  )
  process.exit(0)
}

/** What an install without optional packages leaves out. The compiler's and linter's own binaries are optional packages too, so they are removed by hand. */
const OPTIONAL = ['sodium-native', 'msgpackr-extract']

const project = join(dirname(fileURLToPath(import.meta.url)), '..')
const work = mkdtempSync(join(tmpdir(), 'tickwire-matrix-'))
const clone = join(work, 'tickwire')
let failed = 0

try {
  must('git', ['clone', '--quiet', project, clone], work)
  must('npm', ['ci'], clone)
  must('npm', ['run', 'pretest'], clone)
  const nodes = values.versions.split(',').map((version) => [version, nodeOf(version, work)])
  for (const optional of ['with', 'without']) {
    if (optional === 'without') for (const name of OPTIONAL) rmSync(join(clone, 'node_modules', name), { recursive: true, force: true })
    for (const [version, node] of nodes) report(version, optional, node)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exit(failed === 0 ? 0 : 1)

function report(version, optional, node) {
  const started = Date.now()
  const { status, stdout } = spawnSync(node, ['node_modules/tap/dist/esm/run.mjs'], {
    cwd: clone,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const totals = stdout.match(/^# \{ total:.*\}$/m)?.[0] ?? 'no totals'
  const seconds = ((Date.now() - started) / 1000).toFixed(0)
  const actual = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  console.log(`Node ${version} (${actual}), ${optional} optional packages: ${status === 0 ? 'passed' : 'FAILED'} ${totals} in ${seconds} s`)
  if (status === 0) return
  failed++
  console.log(
    stdout
      .split('\n')
      .filter((line) => /not ok/.test(line))
      .slice(0, 20)
      .join('\n'),
  )
}

function must(command, parameters, cwd) {
  const { status } = spawnSync(command, parameters, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed`)
}
