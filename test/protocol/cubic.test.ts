import t from 'tap'
import { Cubic } from '../../lib/protocol/cubic.js'
import { INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES, MTU } from '../../lib/wire/limits.js'

const RTT = 100

/** Acknowledges one window of full packets per RTT, from `now` for `ms`. Returns the time afterwards. */
function acknowledge(cubic: Cubic, now: number, ms: number): number {
  const end = now + ms
  let at = now
  while (at < end) {
    const packets = Math.max(1, Math.floor(cubic.window / MTU))
    const step = RTT / packets
    cubic.handleAcked({ bytes: MTU, sentAt: at - RTT }, false, RTT, at)
    at += step
  }
  return at
}

t.test('slow start grows by what is acknowledged, so doubles each round trip', async (t) => {
  const cubic = new Cubic(0)
  t.equal(cubic.window, INITIAL_WINDOW_BYTES)
  for (let i = 0; i < 10; i++) cubic.handleAcked({ bytes: MTU, sentAt: 900 }, false, RTT, 1000)
  t.equal(cubic.window, 2 * INITIAL_WINDOW_BYTES)
})

t.test('a loss takes 30 % (RFC 9438 section 4.6), once per round trip', async (t) => {
  const cubic = new Cubic(0)
  const event = cubic.handleLost({ sentAt: 900 }, 1000)
  t.equal(cubic.window, 0.7 * INITIAL_WINDOW_BYTES)
  t.equal(cubic.handleLost({ sentAt: 950 }, 1000), event, 'another of the same round trip')
  t.equal(cubic.window, 0.7 * INITIAL_WINDOW_BYTES)
  t.not(cubic.handleLost({ sentAt: 1001 }, 1100), event, 'a packet sent after the cut')
  t.ok(Math.abs(cubic.window - 0.49 * INITIAL_WINDOW_BYTES) < 1)
})

t.test('packets sent before the cut do not grow the window when they are acknowledged', async (t) => {
  const cubic = new Cubic(0)
  cubic.handleLost({ sentAt: 900 }, 1000)
  for (let i = 0; i < 20; i++) cubic.handleAcked({ bytes: MTU, sentAt: 990 }, false, RTT, 1050)
  t.equal(cubic.window, 0.7 * INITIAL_WINDOW_BYTES)
})

t.test('after a cut the window follows W_cubic(t) = C (t − K)³ + W_max, and reaches W_max at K', async (t) => {
  const cubic = new Cubic(0)
  while (cubic.window < 1000 * MTU) cubic.handleAcked({ bytes: MTU, sentAt: 900 }, false, RTT, 1000)
  const maximum = cubic.window / MTU
  cubic.handleLost({ sentAt: 1000 }, 1001)
  const k = Math.cbrt((maximum * 0.3) / 0.4) // seconds: 9.1
  const start = 1200
  let now = start
  for (const second of [2, 4, 6, 8, 9, 10, 12]) {
    now = acknowledge(cubic, now, start + second * 1000 - now)
    const expected = 0.4 * (second - k) ** 3 + maximum
    const window = cubic.window / MTU
    t.ok(
      Math.abs(window - expected) < 0.01 * expected + 1,
      `after ${second} s: ${window.toFixed(1)} segments, the curve has ${expected.toFixed(1)}`,
    )
  }
})

t.test('fast convergence (section 4.7): a cut below the last maximum lowers the plateau', async (t) => {
  const plateau = (windowAtSecondCut: number): number => {
    const cubic = new Cubic(0)
    while (cubic.window < 1000 * MTU) cubic.handleAcked({ bytes: MTU, sentAt: 900 }, false, RTT, 1000)
    cubic.handleLost({ sentAt: 1000 }, 1001)
    let now = 1200
    while (cubic.window < windowAtSecondCut * MTU) now = acknowledge(cubic, now, RTT)
    const atCut = cubic.window / MTU
    cubic.handleLost({ sentAt: now }, now + 1)
    // The curve is flat at its plateau: where it is after K is the plateau.
    const lowered = (atCut * 1.7) / 2
    const k = Math.cbrt((lowered - atCut * 0.7) / 0.4)
    acknowledge(cubic, now + RTT, k * 1000)
    return cubic.window / MTU / atCut
  }
  t.ok(Math.abs(plateau(900) - 0.85) < 0.01, 'the plateau is at 85 % of the window at the cut')
})

t.test('in the Reno-friendly region (section 4.3) the window grows by 0.53 segments a round trip, and by 1 once it is back', async (t) => {
  const cubic = new Cubic(0)
  const start = cubic.window / MTU // 10
  cubic.handleLost({ sentAt: 900 }, 1000)
  let now = 1200
  const before = cubic.window / MTU
  now = acknowledge(cubic, now, 5 * RTT)
  const growth = (cubic.window / MTU - before) / 5
  t.ok(growth > 0.4 && growth < 0.65, `${growth.toFixed(2)} segments a round trip`)
  while (cubic.window / MTU < start) now = acknowledge(cubic, now, RTT)
  const back = cubic.window / MTU
  acknowledge(cubic, now, 3 * RTT)
  const faster = (cubic.window / MTU - back) / 3
  t.ok(faster > 0.8, `${faster.toFixed(2)} segments a round trip`)
})

t.test('the estimate of Reno runs at 0.53 up to the window before the cut, not to the plateau that fast convergence lowered', async (t) => {
  const cubic = new Cubic(0)
  cubic.handleLost({ sentAt: 900 }, 1000) // 10 → 7
  cubic.handleLost({ sentAt: 1001 }, 1100) // 7 → 4.9; plateau 5.95
  const now = acknowledge(cubic, 1300, 4 * RTT) // at 0.53 a round trip the plateau is passed, and 7 is not reached
  const before = cubic.window / MTU
  t.ok(before > 5.95 && before < 7)
  cubic.handleAcked({ bytes: MTU, sentAt: now - 1 }, false, RTT, now)
  const growth = (cubic.window / MTU - before) * before
  t.ok(growth < 0.7, `${growth.toFixed(2)} segments a round trip`)
})

t.test('the window does not grow while the game sends less than it may, and the curve does not run on', async (t) => {
  const cubic = new Cubic(0)
  while (cubic.window < 100 * MTU) cubic.handleAcked({ bytes: MTU, sentAt: 900 }, false, RTT, 1000)
  cubic.handleLost({ sentAt: 1000 }, 1001)
  const cut = cubic.window
  for (let i = 0; i < 1000; i++) cubic.handleAcked({ bytes: MTU, sentAt: 1100 + i }, true, RTT, 1200 + i)
  t.equal(cubic.window, cut)
  cubic.handleAcked({ bytes: MTU, sentAt: 60_000 }, false, RTT, 60_100)
  t.ok(cubic.window < cut + MTU, 'a minute of quiet is no minute of growth')
})

t.test('a cut is undone when every loss of it proves spurious, and not before', async (t) => {
  const cubic = new Cubic(0)
  const event = cubic.handleLost({ sentAt: 900 }, 1000)
  cubic.handleLost({ sentAt: 901 }, 1000)
  cubic.handleSpurious(event)
  t.equal(cubic.window, 0.7 * INITIAL_WINDOW_BYTES)
  cubic.handleSpurious(event)
  t.equal(cubic.window, INITIAL_WINDOW_BYTES)
  cubic.handleAcked({ bytes: MTU, sentAt: 990 }, false, RTT, 1100)
  t.equal(cubic.window, INITIAL_WINDOW_BYTES + MTU, 'slow start goes on')
  const real = cubic.handleLost({ sentAt: 1200 }, 1300)
  cubic.handleSpurious(event)
  t.ok(cubic.window < INITIAL_WINDOW_BYTES, 'an older event undoes nothing')
  t.not(real, event)
})

t.test('persistent congestion leaves two packets, then slow start, then a curve without plateau ahead (section 4.8)', async (t) => {
  const cubic = new Cubic(0)
  while (cubic.window < 200 * MTU) cubic.handleAcked({ bytes: MTU, sentAt: 900 }, false, RTT, 1000)
  cubic.handleLost({ sentAt: 1000 }, 1001)
  cubic.handlePersistentCongestion()
  t.equal(cubic.window, MIN_WINDOW_BYTES)
  let now = 2000
  while (cubic.window < 139 * MTU) {
    cubic.handleAcked({ bytes: MTU, sentAt: now - RTT }, false, RTT, now)
    now += 0.5
  }
  t.ok(now < 2100, 'back in slow start')
  const before = cubic.window / MTU
  acknowledge(cubic, now, 1000)
  const growth = cubic.window / MTU - before
  t.ok(growth < 12, `the old maximum draws no more: ${growth.toFixed(1)} segments in a second`)
})

t.test('the window stays above minRate × srtt, two packets, and below what can be tracked', async (t) => {
  const cubic = new Cubic(160_000)
  cubic.handleAcked({ bytes: MTU, sentAt: 0 }, true, 250, 1000)
  for (let i = 0; i < 50; i++) cubic.handleLost({ sentAt: 2000 + i * 10 }, 2001 + i * 10)
  t.equal(cubic.window, 160 * 250 + MTU)
  const bare = new Cubic(0)
  for (let i = 0; i < 50; i++) bare.handleLost({ sentAt: 2000 + i * 10 }, 2001 + i * 10)
  t.equal(bare.window, MIN_WINDOW_BYTES)
  const large = new Cubic(0)
  for (let i = 0; i < 10_000; i++) large.handleAcked({ bytes: MTU, sentAt: 900 }, false, RTT, 1000)
  t.equal(large.window, MAX_WINDOW_BYTES)
})

t.test('packets are paced at twice the window a round trip in slow start, at 1.25 times it afterwards', async (t) => {
  const cubic = new Cubic(0)
  t.equal(cubic.pacingRate(100), (2 * cubic.window) / 100)
  cubic.handleLost({ sentAt: 900 }, 1000)
  t.equal(cubic.pacingRate(100), (1.25 * cubic.window) / 100)
  t.ok(Number.isFinite(cubic.pacingRate(0)))
})
