import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { batchedAvailability } from '../../lib/io/select-transport.js'
import { endGroup, exampleFile, isGroupAlive, startExample } from './run-example.js'

const WORKERS = exampleFile('workers/workers.js')
const WITHOUT_GROUPS = process.platform === 'win32' ? { skip: 'there are no process groups on Windows' } : {}

/** As the example's README has it. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isBatched = batchedAvailability().isAvailable && process.env.TICKWIRE_TRANSPORT !== 'dgram'
const canShare = isBatched || (process.platform === 'linux' && (major > 23 || (major === 23 && minor >= 1)))
const WITHOUT_SHARING = canShare ? {} : { skip: 'workers cannot share a port here' }

t.test('workers share a port, and each bot stays at one of them', WITHOUT_SHARING, async (t) => {
  const { pid, ended } = startExample(WORKERS, ['--workers', '2', '--players', '24', '--seconds', '1'])
  const { code, stdout, stderr } = await ended
  t.equal(stderr, '')
  t.equal(code, 0, stdout)
  t.match(stdout, /^2 workers listen on 127\.0\.0\.1:\d+\.$/m)
  t.match(stdout, /^All 24 bots have played, each at one worker\.$/m)
  const counts = Array.from(stdout.matchAll(/^worker (\d): (\d+) players?, (\d+) inputs$/gm), ([, , players, inputs]) => [
    Number(players),
    Number(inputs),
  ])
  t.equal(counts.length, 2)
  t.equal(counts[0]![0]! + counts[1]![0]!, 24)
  // That one of two has all 24 happens once in eight million runs.
  for (const [players, inputs] of counts) t.ok(players! > 0 && inputs! > 0, stdout)
  t.notOk(isGroupAlive(pid))
})

t.test('one worker needs no sharing but of the option', WITHOUT_SHARING, async (t) => {
  const { code, stdout } = await startExample(WORKERS, ['--workers', '1', '--players', '2', '--seconds', '0.5']).ended
  t.equal(code, 0, stdout)
  t.match(stdout, /^1 worker listens on /m)
  t.match(stdout, /^worker 1: 2 players, \d+ inputs$/m)
})

t.test('where workers cannot share a port, it says what to do', { skip: canShare ? 'they can' : false }, async (t) => {
  const { code, stderr } = await startExample(WORKERS, ['--workers', '2', '--players', '2', '--seconds', '0.5']).ended
  t.equal(code, 1)
  t.match(stderr, /^worker 1 cannot listen: "reusePort" expected Node 23\.1 or newer/m)
  t.match(stderr, /give each worker a port of its own/)
})

t.test('refuses what it does not understand', async (t) => {
  const { code, stderr } = await startExample(WORKERS, ['--workers', '0']).ended
  t.equal(code, 2)
  t.equal(stderr, "--workers expected an integer from 1 to 64, got '0'\nTry --help.\n")
})

t.test('Ctrl-C ends bots and workers', { ...WITHOUT_SHARING, ...WITHOUT_GROUPS }, async (t) => {
  const { pid, shown, ended } = startExample(WORKERS, ['--workers', '2', '--players', '4', '--seconds', '60'])
  t.teardown(() => endGroup(pid))
  await shown('2 workers listen')
  process.kill(-pid, 'SIGINT')
  const { code } = await ended
  t.equal(code, 130)
  for (let n = 0; n < 100 && isGroupAlive(pid); n++) await sleep(50)
  t.notOk(isGroupAlive(pid))
})
