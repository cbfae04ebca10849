import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Seen } from '../../examples/bot/bot-player.js'
import { isComplete, type Load, mean, percentile, reportLines } from '../../examples/bot/report.js'
import { endGroup, exampleFile, isGroupAlive, startExample } from './run-example.js'

const BOT = exampleFile('bot/bot.js')
const WITHOUT_GROUPS = process.platform === 'win32' ? { skip: 'there are no process groups on Windows' } : {}

t.test('loads a server of its own, and prints what its players see', async (t) => {
  const { pid, ended } = startExample(BOT, ['--players', '6', '--seconds', '1'])
  const { code, stdout, stderr } = await ended
  t.equal(stderr, '')
  t.equal(code, 0, stdout)
  for (const line of [
    /^6 players at 30 inputs a second load 127\.0\.0\.1:\d+ for 1 s\.$/m,
    /^connected +6 of 6$/m,
    /^lost the server +0$/m,
    /^round-trip time +p50 [\d.]+ ms, p99 [\d.]+ ms$/m,
    /^input to snapshot +p50 [\d.]+ ms, p99 [\d.]+ ms$/m,
    /^loss +0\.0 % of packets sent; [\d.]+ % of snapshots did not come$/m,
    /^bytes\/s a player +[1-9][\d,]* in, [1-9][\d,]* out$/m,
    /^messages\/s a player +[1-9]\d* in, [1-9]\d* out$/m,
    /^server +[\d.]+ % of a core$/m,
    /^bots +[\d.]+ % of a core$/m,
  ]) {
    t.match(stdout, line)
  }
  t.notOk(isGroupAlive(pid), 'the server has ended too')
})

t.test('loads a server that runs already', async (t) => {
  const server = startExample(BOT, ['server', '--port', '0'])
  t.teardown(() => endGroup(server.pid))
  await server.shown('listening on 127.0.0.1:')
  const port = /:(\d+)/.exec(server.output)![1]!
  const { code, stdout } = await startExample(BOT, [`127.0.0.1:${port}`, '--players', '2', '--seconds', '1']).ended
  t.equal(code, 0, stdout)
  t.match(stdout, /^connected +2 of 2$/m)
  t.match(stdout, /^server +not started here/m)
  process.kill(server.pid, 'SIGINT')
  t.equal((await server.ended).code, 0)
})

t.test('says why nobody could connect, and exits with 1', async (t) => {
  const { code, stdout } = await startExample(BOT, ['127.0.0.1:9', '--players', '2', '--seconds', '1']).ended
  t.equal(code, 1)
  t.match(stdout, /^connected +0 of 2 \(2 × nobody listens at 127\.0\.0\.1:9 /m)
})

t.test('refuses other hosts, floods and what it does not understand', async (t) => {
  for (const [args, text] of [
    [['192.0.2.1:9000'], '192.0.2.1 is not this host: load only what is yours, and say so with --i-own-this-host'],
    [['--players', '201'], "--players expected an integer from 1 to 200, got '201'"],
  ] as const) {
    const { code, stderr } = await startExample(BOT, args).ended
    t.equal(code, 2)
    t.equal(stderr, `${text}\nTry --help.\n`)
  }
})

t.test('Ctrl-C ends players and server', WITHOUT_GROUPS, async (t) => {
  const { pid, shown, ended } = startExample(BOT, ['--players', '3', '--seconds', '60'])
  t.teardown(() => endGroup(pid))
  await shown('3 players')
  process.kill(-pid, 'SIGINT') // a terminal signals the whole group
  const { code } = await ended
  t.equal(code, 130)
  for (let n = 0; n < 100 && isGroupAlive(pid); n++) await sleep(50)
  t.notOk(isGroupAlive(pid))
})

const SEEN: Seen = {
  rttsMs: [1, 2, 3],
  answersMs: [30],
  packetLoss: 0.02,
  snapshotLoss: 0,
  inBytes: 10_000,
  outBytes: 4000,
  inMessages: 60,
  outMessages: 50,
  overruns: 0,
  endReason: undefined,
}
const LOAD: Load = { asked: 2, seen: [SEEN, { ...SEEN, inBytes: 20_000 }], failures: [], seconds: 2, botCpu: 0.5, serverCpu: 0.25 }

t.test('a report is complete only where everyone came and stayed', async (t) => {
  t.ok(isComplete(LOAD))
  t.notOk(isComplete({ ...LOAD, asked: 3 }))
  t.notOk(isComplete({ ...LOAD, seen: [SEEN, { ...SEEN, endReason: 'timeout' }] }))
})

t.test('the report gives means a second, and says when the bots could not keep up', async (t) => {
  const lines = reportLines(LOAD)
  t.ok(lines.includes('bytes/s a player     7,500 in, 2,000 out'))
  t.ok(lines.includes('round-trip time      p50 2.0 ms, p99 3.0 ms'))
  t.ok(lines.includes('server               25.0 % of a core'))
  t.notMatch(lines.join('\n'), /keep up/)
  t.match(reportLines({ ...LOAD, botCpu: 0.95 }).at(-1), /could not keep up/)
  t.match(reportLines({ ...LOAD, seen: [{ ...SEEN, overruns: 7 }] }).at(-1), /keep up \(7 ticks/)
  t.match(reportLines({ ...LOAD, failures: ['full', 'full', 'late'] })[0], '(2 × full; 1 × late)')
})

t.test('percentiles and means', async (t) => {
  const values = [5, 1, 4, 2, 3]
  t.equal(percentile(values, 0.5), 3)
  t.equal(percentile(values, 0.99), 5)
  t.equal(percentile(values, 0), 1)
  t.ok(Number.isNaN(percentile([], 0.5)))
  t.equal(mean(values), 3)
})
