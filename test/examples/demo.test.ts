// Whole matches of the demo: real processes, real sockets on loopback.
import t from 'tap'
import { exampleFile, isGroupAlive, startExample } from './run-example.js'

const DEMO = exampleFile('arena/demo.js')

t.test('accounts for every message of a match, a line a second, and exits with 0', async (t) => {
  const { pid, ended } = startExample(DEMO, ['--seconds', '3', '--players', '3'])
  const { code, stdout, stderr } = await ended
  t.equal(code, 0, stdout)
  t.equal(stderr, '')
  t.match(stdout, /tickwire arena {3}0 of 3 s {3}3 players at 60 Hz\n/)
  t.match(stdout, /^ +2 s {3}RTT [\d.]+ ms {3}jitter [\d.]+ ms {3}loss 0\.0 % {3}in [\d,]+ messages\/s, [\d,]+ bytes\/s {3}out /m)
  for (const what of ['chat, players → server', 'chat, server → players', 'chat, player → player']) {
    t.match(stdout, new RegExp(`^${what} +([\\d,]+) +\\1 +100\\.0 %$`, 'm'), what)
  }
  t.match(stdout, /^inputs +[\d,]+ +[\d,]+ +\d+\.\d %$/m)
  t.match(stdout, /^snapshots +[\d,]+ +[\d,]+ +\d+\.\d %$/m)
  t.match(stdout, 'All counts match')
  t.notMatch(stdout, '\x1b', 'no escape sequences where there is no terminal')
  t.notOk(isGroupAlive(pid), 'no process is left')
})

t.test('gets all chat through a link that loses a fifth each way, and exits with 0', async (t) => {
  const { code, stdout } = await startExample(DEMO, ['--loss', '20', '--latency', '50', '--seconds', '4']).ended
  t.equal(code, 0, stdout)
  t.match(stdout, '8 players at 60 Hz   +50 ms, 20 % loss each way')
  t.match(stdout, /^chat, player → player +([\d,]+) +\1 +100\.0 %$/m)
  t.match(stdout, /RTT 1\d\d\.\d ms/, 'the latency is added each way')
  const share = Number(/^snapshots .* (\d+\.\d) %$/m.exec(stdout)?.[1])
  t.ok(share > 65 && share < 92, `the loss is real: ${share} % of the snapshots arrived`)
})
