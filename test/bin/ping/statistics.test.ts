import t from 'tap'
import { pingLine, statisticsLines } from '../../../bin/ping/report.js'
import { statisticsOf } from '../../../bin/ping/statistics.js'

t.test('min, average, max, jitter and loss are those of the pings that were answered', async (t) => {
  t.strictSame(statisticsOf([10, undefined, 14, 12]), { sent: 4, answered: 3, lost: 0.25, min: 10, average: 12, max: 14, jitter: 3 })
})

t.test('where nothing was answered there is no time to tell', async (t) => {
  const none = statisticsOf([undefined, undefined])
  t.strictSame(none, { sent: 2, answered: 0, lost: 1, min: undefined, average: undefined, max: undefined, jitter: undefined })
  t.strictSame(statisticsLines(none), ['2 pings, 0 answered, 100 % lost'])
  t.equal(statisticsOf([]).lost, 0)
})

t.test('one ping has no jitter', async (t) => {
  t.strictSame(statisticsLines(statisticsOf([5])), ['1 ping, 1 answered, 0 % lost', 'round trip in ms: min 5.00, average 5.00, max 5.00'])
})

t.test('a ping that is lost says so in its line', async (t) => {
  t.match(pingLine(3, undefined, 1000), /^ping 3 +no answer within 1000 ms$/)
  t.match(pingLine(3, { rttMs: 0.42, waitedMs: 8.3 }, 1000), /^ping 3 +0\.42 ms {2}and 8\.30 ms until/)
})
