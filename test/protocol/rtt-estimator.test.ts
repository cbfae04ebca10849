import t from 'tap'
import { RttEstimator } from '../../lib/protocol/rtt-estimator.js'
import { GRANULARITY_MS, INITIAL_RTT_MS } from '../../lib/wire/limits.js'

t.test('before a sample the initial RTT holds, with half of it as variation', async (t) => {
  const rtt = new RttEstimator()
  t.equal(rtt.smoothed, INITIAL_RTT_MS)
  t.equal(rtt.probeTimeout(20), INITIAL_RTT_MS + 4 * (INITIAL_RTT_MS / 2) + 20)
})

t.test('samples follow RFC 9002 section 5.3', async (t) => {
  const rtt = new RttEstimator()
  rtt.addSample(100, 0)
  t.equal(rtt.smoothed, 100)
  t.equal(rtt.variation, 50)
  rtt.addSample(140, 20) // 120 adjusted
  t.equal(rtt.variation, (3 * 50 + 20) / 4) // 42.5
  t.equal(rtt.smoothed, (7 * 100 + 120) / 8) // 102.5
  rtt.addSample(90, 0)
  t.equal(rtt.variation, (3 * 42.5 + 12.5) / 4) // 35
  t.equal(rtt.smoothed, (7 * 102.5 + 90) / 8) // 100.9375
  t.equal(rtt.min, 90)
  t.equal(rtt.probeTimeout(25), 100.9375 + 4 * 35 + 25)
})

t.test('a steady RTT leaves the granularity as its variation', async (t) => {
  const rtt = new RttEstimator()
  for (let i = 0; i < 200; i++) rtt.addSample(50, 0)
  t.ok(Math.abs(rtt.smoothed - 50) < 1e-9)
  t.equal(rtt.probeTimeout(0), rtt.smoothed + GRANULARITY_MS)
})

t.test('the ack delay is removed from every sample, the first and the smallest too', async (t) => {
  const rtt = new RttEstimator()
  rtt.addSample(130, 100)
  t.equal(rtt.smoothed, 30)
  t.equal(rtt.min, 30)
  rtt.addSample(40, 100)
  t.equal(rtt.min, 0, 'a delay that exceeds the sample does not make it negative')
})

t.test('`latest` keeps the delay, as the time threshold of RFC 9002 section 6.1.2 wants it, up to two seconds of it', async (t) => {
  const rtt = new RttEstimator()
  rtt.addSample(130, 100)
  t.equal(rtt.latest, 130)
  rtt.addSample(60_030, 60_000)
  t.equal(rtt.latest, 2030)
  t.equal(rtt.smoothed, 30)
})
