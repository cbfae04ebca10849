// Builds after `npm ci` or `npm install`. Without development packages (no typescript) there is nothing to build with: says so and succeeds,
// because an installed package carries its own dist.
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
let compiler
try {
  compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
} catch {
  console.log('tickwire: typescript is not installed (development packages left out), so dist is not built.')
  process.exit(0)
}
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { stdio: 'inherit' })
if (status === 0) chmodSync('dist/bin/tickwire.js', 0o755) // tsc makes no file executable, and npm packs it as it is
process.exit(status ?? 1)
