// Several demos on one host find each other by discovery: real processes, real sockets on loopback.
import t from 'tap'
import { Server } from 'tickwire'
import { type ArenaInfo, givesWay } from '../../examples/arena/find-arena.js'
import { messages } from '../../examples/arena/messages.js'
import { exampleFile, isGroupAlive, startExample } from '../examples/run-example.js'

const DEMO = exampleFile('arena/demo.js')
const ARENA = `join-${process.pid}`
const WITHOUT_GROUPS = process.platform === 'win32' ? { skip: 'there are no process groups on Windows' } : {}

// The processes mostly wait.
t.jobs = 4

t.test(
  'a second one joins the first, plays, checks its counts and leaves; then the host leaves, and a third is told why',
  WITHOUT_GROUPS,
  async (t) => {
    const common = ['--arena', `${ARENA}-1`]
    const host = startExample(DEMO, [...common, '--name', 'ada', '--players', '1', '--seconds', '60'])
    await host.shown('1 bot and you')
    const second = startExample(DEMO, [...common, '--name', 'ben', '--seconds', '1.5'])
    const third = startExample(DEMO, [...common, '--name', 'cat', '--seconds', '60', '--players', '1'])
    const ended = await second.ended
    t.equal(ended.code, 0, ended.stdout + ended.stderr)
    t.match(ended.stdout, /^ben has joined ada's arena at 127\.0\.0\.1:\d+\.$/m)
    t.match(ended.stdout, '0 bots and you', 'a joiner brings no bots unless it is told to')
    t.match(ended.stdout, 'All counts match')
    await third.shown('1 bot and you')
    await third.shown(' 1 s   RTT') // by then its bot has played too
    process.kill(-host.pid, 'SIGINT')
    t.equal((await host.ended).code, 130)
    const last = await third.ended
    t.match(last.stdout, 'The arena has closed: the host has left.')
    t.match(last.stdout, 'All counts match', 'and it is let to finish')
    t.equal(last.code, 0, last.stdout + last.stderr)
    for (const { pid } of [host, second, third]) t.notOk(isGroupAlive(pid), 'no process is left')
  },
)

t.test('of two that start at once, one hosts and the other joins', async (t) => {
  const both = ['ada', 'ben'].map((name) =>
    startExample(DEMO, ['--arena', `${ARENA}-2`, '--name', name, '--players', '0', '--seconds', '5']),
  )
  const ends = await Promise.all(both.map(({ ended }) => ended))
  const output = ends.map(({ stdout, stderr }) => stdout + stderr).join('\n')
  t.strictSame(
    ends.map(({ code }) => code),
    [0, 0],
    output,
  )
  t.equal(ends.filter(({ stdout }) => stdout.includes('hosts the arena at')).length, 1, output)
  t.equal(ends.filter(({ stdout }) => stdout.includes('has joined')).length, 1, output)
})

t.test('of two that are open, as neither heard of the other in time, the larger id gives way', async (t) => {
  const search = { game: `${ARENA}-3`, interfaces: 'loopback' } as const
  const info: ArenaInfo = { hz: 60, isOpen: true }
  const advertisements = []
  for (const name of ['ada', 'ben']) {
    const server = new Server({ messages, game: search.game })
    t.teardown(() => server.close())
    await server.listen({ host: '127.0.0.1' })
    server.run({ hz: 60 })
    advertisements.push(await server.advertise({ name, info }))
  }
  const [first, second] = advertisements.sort((a, b) => (a.id < b.id ? -1 : 1))
  t.strictSame(await Promise.all([givesWay(search, first!), givesWay(search, second!)]), [false, true])
})
