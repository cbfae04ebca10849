// `tickwire discover`, for servers of this process. Loopback only.
import t from 'tap'
import { startServer } from './game-server.js'
import { jsonLines, runCli, runProcess, startCli } from './run-cli.js'

/** Games of this test run only: other servers may be on this host. */
const GAME = `cli discover ${process.pid}`
const SEARCH = ['discover', '--interface', 'loopback', '--game', GAME]

t.test('lists what is found, as a table and as JSON lines', async (t) => {
  const { server, address, port } = await startServer(t, { game: GAME, maxPeers: 12 })
  await server.advertise({ name: 'Ada’s game', info: { map: 'canyon' } })
  const [table, json] = await Promise.all([
    runProcess([...SEARCH, '--timeout', '1500']),
    runCli([...SEARCH, '--timeout', '1500', '--json']),
  ])
  t.equal(table.code, 0)
  const [heading, row, ...rest] = table.stdout.trimEnd().split('\n')
  t.match(heading, /^name +game +address +players +latency +token +info$/)
  t.match(row, /^Ada’s game +cli discover .* 0\/12 +[\d.]+ ms +no +\{"map":"canyon"\}$/)
  t.ok(row!.includes(address))
  t.strictSame(rest, [])
  t.match(jsonLines(json.stdout), [{ name: 'Ada’s game', host: '127.0.0.1', port, players: 0, maxPlayers: 12, needsToken: false }])
})

t.test('where nothing is found it ends with 1 and says what to look at', async (t) => {
  const [human, json] = await Promise.all([
    runCli([...SEARCH, '--timeout', '50']),
    runCli([...SEARCH, '--timeout', '50', '--json', '--interface', 'loopback']),
  ])
  t.match(human, { code: 1, stdout: '', stderr: /no server answered within 50 ms.*advertise.*--game/s })
  t.match(json, { code: 1, stdout: '' })
})

t.test('an interface that is not there is told with those that are', async (t) => {
  t.match(await runCli(['discover', '--interface', 'no-such-interface', '--timeout', '50']), {
    code: 2,
    stderr: /expected some of .*got no-such-interface/,
  })
})

t.test('--watch shows what comes and goes, until Ctrl-C', async (t) => {
  const { server } = await startServer(t, { game: GAME })
  const advertisement = await server.advertise({ name: 'one' })
  const cli = startCli([...SEARCH, '--watch', '--json', '--timeout', '200'])
  await cli.shown('"change":"new"')
  advertisement.name = 'two'
  await cli.shown('"change":"changed","name":"two"')
  await advertisement.stop()
  await cli.shown('"change":"gone"')
  cli.interrupt()
  t.match(await cli.ended, { code: 130, stderr: '' })
})
