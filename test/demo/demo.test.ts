// Whole matches of the demo without a terminal: real processes, real sockets on loopback. Each has an arena of its own, so that nobody else joins.
import t from 'tap'
import { exampleFile, isGroupAlive, startExample } from '../examples/run-example.js'

const DEMO = exampleFile('arena/demo.js')
const ARENA = `test-${process.pid}`

// The processes mostly wait.
t.jobs = 4

t.test('accounts for every message of a match, a line a second, and exits with 0', async (t) => {
  const { pid, ended } = startExample(DEMO, ['--arena', `${ARENA}-1`, '--seconds', '3', '--players', '2', '--name', 'ada'])
  const { code, stdout, stderr } = await ended
  t.equal(code, 0, stdout)
  t.equal(stderr, '')
  t.match(stdout, /^Looks for an arena on this machine\.\nada hosts the arena at 127\.0\.0\.1:\d+\.\n/)
  t.match(stdout, 'tickwire arena   2 bots and you at 60 Hz for 3 s\n')
  t.match(
    stdout,
    /^ +\d s {3}RTT [\d.]+ ms {3}jitter [\d.]+ ms {3}loss [\d.]+ % {3}[\d,]+ bytes\/s {3}[\d,]+ messages\/s {3}you 17 ms {3}ghost \d+ ms$/m,
  )
  for (const what of ['chat, players → server', 'chat, server → players', 'chat, player → player']) {
    t.match(stdout, new RegExp(`^${what} +([\\d,]+) +\\1 +100\\.0 %$`, 'm'), what)
  }
  t.match(stdout, /^inputs +[\d,]+ +[\d,]+ +\d+\.\d %$/m)
  t.match(stdout, /^snapshots +[\d,]+ +[\d,]+ +\d+\.\d %$/m)
  t.match(stdout, 'All counts match')
  t.match(stdout, 'Open examples/arena/prediction.ts next')
  t.notMatch(stdout, '\x1b', 'no escape sequences where there is no terminal')
  t.notOk(isGroupAlive(pid), 'no process is left')
})

t.test(
  'gets all chat through a link that loses a fifth, where the predicted dot is undisturbed and the ordered ghost is not',
  async (t) => {
    const args = ['--arena', `${ARENA}-2`, '--loss', '20', '--latency', '75', '--seconds', '4', '--players', '2']
    const { code, stdout } = await startExample(DEMO, args).ended
    t.equal(code, 0, stdout)
    t.match(stdout, 'link: +150 ms, 20 % loss')
    t.match(stdout, /^chat, player → player +([\d,]+) +\1 +100\.0 %$/m)
    t.match(stdout, /RTT (1[5-9]|[2-9]\d)\d\.\d ms/, 'the latency is added each way')
    const share = Number(/^snapshots .* (\d+\.\d) %$/m.exec(stdout)?.[1])
    t.ok(share > 60 && share < 94, `the loss is real: ${share} % of the snapshots arrived`)
    const you = Number(/● you, predicted +(\d+) ms/.exec(stdout)?.[1])
    const ghost = Number(/○ ghost, ordered +(\d+) ms/.exec(stdout)?.[1])
    t.equal(you, 17, 'one tick')
    t.ok(ghost > 250, `${ghost} ms: a round trip, and the time until what was lost is sent again`)
  },
)
