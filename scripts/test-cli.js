// `npm run test:cli`: the command line as a user gets it. Packs the package, installs the tarball in a temporary folder without development packages,
// and runs each command there with npx. Takes half a minute, so it is not part of npm test.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tickwire-cli-'))

try {
  run(root, ['npm', 'pack', '--pack-destination', folder], 0)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  const listing = run(folder, ['tar', '-tvf', tarball], 0)
  expect(/^-rwxr-xr-x .*package\/dist\/bin\/tickwire\.js$/m.test(listing), 'dist/bin/tickwire.js is executable in the tarball')
  writeFileSync(join(folder, 'package.json'), '{ "name": "player", "private": true }\n')
  run(folder, ['npm', 'install', '--no-audit', '--no-fund', `./${tarball}`], 0)

  expect(/^\d+\.\d+\.\d+/.test(tickwire(['--version'], 0)), '--version is a version')
  expect(tickwire(['--help'], 0).includes('discover'), '--help names the commands')
  expect(JSON.parse(tickwire(['doctor', '--json'], 0)).problems === 0, 'doctor finds no problems')
  tickwire(['token', 'key', '--out', 'key'], 0)
  tickwire(['token', 'mint', '--game', 'g', '--address', '127.0.0.1:9', '--client-id', '7', '--key', 'key', '--out', 'token'], 0)
  expect(JSON.parse(tickwire(['token', 'inspect', 'token', '--key', 'key', '--json'], 0)).private.clientId === '7', 'a token is read back')
  expect(tickwire(['ping', '127.0.0.1:9', '--timeout', '500'], 1).includes('127.0.0.1:9'), 'ping says what it pinged')
  tickwire(['discover', '--interface', 'loopback', '--timeout', '100', '--game', 'no such game'], 1)
  const bench = tickwire(['bench', '--runs', '1', '--seconds', '0.1', '--sizes', '32', '--delivery', 'ordered'], 0)
  expect(/ws is not measured/.test(bench) && /^ordered +32 +tickwire/m.test(bench), 'bench leaves out what is not installed')
  tickwire(['demo', '--help'], 0)
  tickwire(['pign'], 2)
  console.log('test:cli: all passed')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function tickwire(parameters, expected) {
  return run(folder, ['npx', '--no-install', 'tickwire', ...parameters], expected)
}

/** Runs it, and gives its standard output. Ends the process where the exit code is another. */
function run(cwd, [command, ...parameters], expected) {
  console.log(`$ ${[command, ...parameters].join(' ')}`)
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    cwd,
    encoding: 'utf8',
    timeout: 120_000,
    shell: process.platform === 'win32',
  })
  if (status !== expected) throw new Error(`exit code ${expected} was expected, got ${status}:\n${stdout}${stderr}`)
  return stdout
}

function expect(isSo, what) {
  if (!isSo) throw new Error(`expected that ${what}`)
}
