// Before `npm test`: compiles, and on the first time after an install lets tap build itself without its TypeScript plugin (see .taprc).
// Without that, tap's first run still loads the plugin, which cannot work with TypeScript 7, and every test fails.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('..', import.meta.url))

run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
// tap builds into node_modules, so the note that it did goes with them.
const stamp = `${project}node_modules/.tickwire-tap-is-built`
if (!existsSync(stamp)) {
  run('node_modules/tap/dist/esm/run.mjs', 'build')
  writeFileSync(stamp, '')
}

function run(...parameters) {
  const { status } = spawnSync(process.execPath, parameters, { cwd: project, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
