// The starter as it stands in this repository, compiled with everything else: its own test, and its server and client as processes on loopback.
// What becomes of it in a folder of its own is in test/scripts/new.test.ts.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startCommand } from '../scripts/run-command.js'
import { exampleFile, isGroupAlive } from './run-example.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))
const SERVER = `node ${exampleFile('starter/src/server.js')}`
const CLIENT = `node ${exampleFile('starter/src/client.js')}`

function start(command: string, env: Readonly<Record<string, string>> = {}) {
  return startCommand(command, project, env)
}

t.test('passes its own test, in simulated time', async (t) => {
  const { code, stdout } = await start(`node --test ${exampleFile('starter/src/game.test.js')}`).ended
  t.equal(code, 0, 'exit code')
  t.match(stdout, /pass [1-9]\d*\n[\s\S]*fail 0\n/)
})

t.test('is played by two clients, one of which leaves, and tells the other when the server is stopped', async (t) => {
  const server = start(`${SERVER} --port 0`)
  t.teardown(() => server.signal('SIGKILL'))
  const [, host, port] = await server.shown(/listens at (127\.0\.0\.1), UDP port (\d+)/)
  const address = `${host}:${port}`
  const ada = start(`${CLIENT} --name ada ${address}`)
  const bob = start(`${CLIENT} --name bob ${address}`)
  t.teardown(() => ada.signal('SIGKILL'))
  t.teardown(() => bob.signal('SIGKILL'))
  await bob.shown(/client: 2 in the game, tiles: (ada|bob) \d+, (ada|bob) [1-9]\d*; round trip/)
  ada.signal('SIGINT')
  const adaEnd = await ada.ended
  t.equal(adaEnd.code, 0, adaEnd.stderr)
  t.match(adaEnd.stdout, /client: left the game\n$/)
  await bob.shown(/client: 1 in the game, tiles: bob \d+/)
  server.signal('SIGTERM')
  const [bobEnd, serverEnd] = await Promise.all([bob.ended, server.ended])
  t.equal(bobEnd.code, 0, bobEnd.stderr)
  t.match(bobEnd.stdout, /the game is over \(server-closed\): the server was stopped\n$/)
  t.equal(serverEnd.code, 0)
  t.equal(serverEnd.stderr, '')
  t.match(serverEnd.stdout, /ada has left \(closed\) left the game\n[\s\S]*SIGTERM, closes\n[\s\S]*server: closed\n$/)
  t.notOk(
    [server, ada, bob].some(({ pid }) => isGroupAlive(pid)),
    'no process is left',
  )
})

t.test('says what it expected, and what to do', async (t) => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address()
  const cases = [
    [`${SERVER} --port 70000`, {}, "server: --port (or PORT) expected an integer 0–65535, got '70000'"],
    [SERVER, { PORT: '9k' }, "got '9k'"],
    [`${SERVER} --bogus`, {}, "server: Unknown option '--bogus'"],
    [`${SERVER} --port ${port}`, {}, /server: UDP port \d+ is taken.*--port 0/],
    [`${CLIENT} nowhere`, {}, "client: expected host:port, such as 127.0.0.1:9000 or [::1]:9000, got 'nowhere'"],
    [`${CLIENT} a:1 b:2`, {}, 'client: expected one host:port at most, got 2: a:1 b:2'],
    [`${CLIENT} 127.0.0.1:1`, {}, /client: .*127\.0\.0\.1:1\b/],
  ] as const
  const ends = await Promise.all(cases.map(([command, env]) => start(command, env).ended))
  for (const [i, { code, stdout, stderr }] of ends.entries()) {
    t.equal(code, 1, cases[i]![0])
    t.equal(stdout, '')
    t.match(stderr, cases[i]![2])
    t.notMatch(stderr, /^ +at /m, 'no stack')
  }
  for (const command of [SERVER, CLIENT])
    t.match((await start(`${command} --help`).ended).stdout, /^npm run (server|client) -- \[options\]/)
})

t.test('its README names every file of its own, and none that is not there', (t) => {
  const folder = `${project}examples/starter/`
  const readme = readFileSync(`${folder}README.md`, 'utf8')
  const named = [...readme.matchAll(/`(src\/[\w.-]+)`/g)].map(([, file]) => file!)
  for (const file of named) t.ok(existsSync(folder + file), file)
  for (const file of readdirSync(`${folder}src`)) t.ok(named.includes(`src/${file}`), `README.md says what src/${file} is`)
  const { scripts } = JSON.parse(readFileSync(`${folder}package.json.template`, 'utf8'))
  for (const [, script] of readme.matchAll(/npm run ([\w:-]+)/g)) t.ok(scripts[script!], `npm run ${script}`)
  t.end()
})
