// `npm run check`: types, lint and format, the package's shape, and the documents. Each step says what it does; the first that fails ends it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The command of an installed package, run by this node: no shell, no PATH. */
function tool(name, bin) {
  return [process.execPath, [fileURLToPath(new URL(`../node_modules/${name}/${bin}`, import.meta.url))]]
}

const steps = [
  [
    'types (sources, tests, type-level tests, examples, benchmarks)',
    ...tool('typescript', 'bin/tsc'),
    '-p',
    'tsconfig.json',
    '--noEmit',
    '--incremental',
    'false',
  ],
  ['lint, layers, format', ...tool('@biomejs/biome', 'bin/biome'), 'check', '--error-on-warnings'],
  ['package: publint', ...tool('publint', 'src/cli.js'), '--strict'],
  ['package: are the types wrong', ...tool('@arethetypeswrong/cli', 'dist/index.js'), '--pack', '.', '--profile', 'esm-only', '--no-color'],
  ['documents', process.execPath, ['scripts/check-documents.js']],
  ['API reference: every public name has its comment', process.execPath, ['scripts/docs.js', '--check']],
]

for (const [what, command, first, ...rest] of steps) {
  console.log(`── ${what}`)
  const { status } = spawnSync(command, [...first, ...rest], { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`check: ${what} failed`)
    process.exit(1)
  }
}
console.log('check: all passed')
