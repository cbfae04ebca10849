import t from 'tap'
import { LossMeter } from '../../lib/protocol/loss-meter.js'

t.test('it tells the share of lost packets over the last five seconds', async (t) => {
  const meter = new LossMeter()
  t.equal(meter.share(0), 0)
  for (let i = 0; i < 100; i++) {
    meter.addSent(i * 40)
    if (i % 4 === 0) meter.addLost(i * 40)
  }
  t.equal(meter.share(4000), 0.25)
  meter.removeLost(4000)
  t.equal(meter.share(4000), 0.24)
  t.equal(meter.share(20_000), 0, 'long ago')
})

t.test('it stays between 0 and 1, though losses are noticed later than packets are sent', async (t) => {
  const meter = new LossMeter()
  meter.addSent(0)
  meter.addSent(6000)
  for (let i = 0; i < 5; i++) meter.addLost(6000)
  t.equal(meter.share(6000), 1)
  for (let i = 0; i < 9; i++) meter.removeLost(6000)
  t.equal(meter.share(6000), 0)
})
