// `npm run test:matrix`: the test suite on several versions of Node, on both transports, with the optional packages and without. Works in a clean clone in a temporary folder.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeOf } from './node-of.js'

/**
 * What an install without optional packages leaves out, each with the binaries that come beside it. The compiler's and linter's own binaries are optional packages too,
 * so these are removed by hand.
 */
const OPTIONAL = {
  koffi: ['koffi', '@koromix'],
  'sodium-native': ['sodium-native'],
  jose: ['jose'],
  'msgpackr-extract': ['msgpackr-extract', '@msgpackr-extract'],
}
const ALL = Object.keys(OPTIONAL)

/** What is left out, and what the environment asks for. Without koffi the transport is node:dgram. `isWide`: on every version of Node, not only on the first. */
const VARIANTS = {
  with: { without: [], isWide: true, text: 'with optional packages' },
  without: { without: ALL, isWide: true, text: 'without optional packages' },
  ...Object.fromEntries(ALL.map((name) => [`without-${name}`, { without: [name], isWide: false, text: `without ${name}` }])),
  dgram: { without: [], isWide: false, text: 'on node:dgram', transport: 'dgram' },
  batched: { without: [], isWide: false, text: 'on the batched transport', transport: 'batched' },
}

/** A run that takes longer has hung: the suite takes some minutes. */
const RUN_MS = 20 * 60_000

const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: '20,22,24' },
    variants: { type: 'string', default: Object.keys(VARIANTS).join(',') },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  const width = Math.max(...Object.keys(VARIANTS).map((name) => name.length))
  console.log(`npm run test:matrix -- [--versions 20,22,24] [--variants with,without,…]

Runs the tests on each version of Node, and prints a line for each run. Variants, by default all of them:

${Object.entries(VARIANTS)
  .map(([name, { text, isWide }]) => `  ${name.padEnd(width)}  ${text}, on ${isWide ? 'every version' : 'the first version'}`)
  .join('\n')}`)
  process.exit(0)
}

const variants = values.variants.split(',').map((name) => {
  if (Object.hasOwn(VARIANTS, name)) return VARIANTS[name]
  console.error(`--variants expected some of ${Object.keys(VARIANTS).join(', ')}, got '${name}'`)
  return process.exit(2)
})

const project = join(dirname(fileURLToPath(import.meta.url)), '..')
const work = mkdtempSync(join(tmpdir(), 'tickwire-matrix-'))
const clone = join(work, 'tickwire')
let failed = 0

try {
  must('git', ['clone', '--quiet', project, clone], work)
  must('npm', ['ci'], clone)
  must('npm', ['run', 'pretest'], clone)
  const nodes = values.versions.split(',').map((version) => [version, nodeOf(version, work)])
  for (const variant of variants) {
    const folders = variant.without.flatMap((name) => OPTIONAL[name])
    putAside(folders)
    for (const [version, node] of variant.isWide ? nodes : nodes.slice(0, 1)) report(version, variant, node)
    putBack(folders)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exit(failed === 0 ? 0 : 1)

function report(version, { text, transport }, node) {
  const { TICKWIRE_TRANSPORT: _, ...env } = process.env
  if (transport !== undefined) env.TICKWIRE_TRANSPORT = transport
  const started = Date.now()
  const { status, stdout } = spawnSync(node, ['node_modules/tap/dist/esm/run.mjs'], {
    cwd: clone,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: RUN_MS,
  })
  const totals = stdout.match(/^# \{ total:.*\}$/m)?.[0] ?? 'no totals'
  const seconds = ((Date.now() - started) / 1000).toFixed(0)
  const actual = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  console.log(`Node ${version} (${actual}), ${text}: ${status === 0 ? 'passed' : 'FAILED'} ${totals} in ${seconds} s`)
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

function putAside(folders) {
  move(folders, join(clone, 'node_modules'), join(work, 'aside'))
}

function putBack(folders) {
  move(folders, join(work, 'aside'), join(clone, 'node_modules'))
}

function move(folders, from, to) {
  mkdirSync(to, { recursive: true })
  for (const name of folders) if (existsSync(join(from, name))) renameSync(join(from, name), join(to, name))
}

function must(command, parameters, cwd) {
  const { status } = spawnSync(command, parameters, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed`)
}
