import t from 'tap'
import { MAX_COUNTED_NETWORKS } from '../../lib/wire/limits.js'
import { ReplyLimiter } from '../../lib/wire/reply-limiter.js'

const RATES = { perSecond: 200, burst: 200, perSecondAndNetwork: 20, burstOfNetwork: 40 }

/** How many of so many queries from one host at one moment are answered. */
function answered(limiter: ReplyLimiter, host: string, queries: number, now: number): number {
  let count = 0
  for (let i = 0; i < queries; i++) if (limiter.allows(host, now)) count++
  return count
}

t.test('a host gets its burst at once, and after that its rate', async (t) => {
  const limiter = new ReplyLimiter(RATES)
  t.equal(answered(limiter, '10.0.0.1', 1000, 5000), RATES.burstOfNetwork)
  let later = 0
  for (let now = 5001; now <= 15_000; now++) later += answered(limiter, '10.0.0.1', 1, now)
  t.equal(later, 10 * RATES.perSecondAndNetwork, 'ten seconds of its rate')
})

t.test('a pause gives no more than one burst', async (t) => {
  const limiter = new ReplyLimiter(RATES)
  answered(limiter, '10.0.0.1', 1000, 0)
  t.equal(answered(limiter, '10.0.0.1', 1000, 1e9), RATES.burstOfNetwork)
})

t.test('one eager host leaves the others theirs', async (t) => {
  const limiter = new ReplyLimiter(RATES)
  answered(limiter, '10.0.0.1', 1000, 0)
  t.equal(answered(limiter, '10.0.0.2', 5, 0), 5)
})

t.test('forged senders, each new, get the rate of all together', async (t) => {
  const limiter = new ReplyLimiter(RATES)
  let count = 0
  // 10,000 queries a second for ten seconds.
  for (let i = 0; i < 100_000; i++) if (limiter.allows(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 1000 + i / 10)) count++
  t.ok(count >= 10 * RATES.perSecond && count <= 11 * RATES.perSecond, `${count} replies in ten seconds`)
})

t.test('a host is counted until so many newer ones have asked', async (t) => {
  const limiter = new ReplyLimiter(RATES)
  const others = (count: number): void => {
    for (let i = 0; i < count; i++) limiter.allows(`10.1.${i >> 8}.${i & 255}`, 0)
  }
  answered(limiter, '10.0.0.1', 1000, 0)
  others(MAX_COUNTED_NETWORKS - 1)
  // A hundredth of a second: two for all together, none for the host that has had its burst.
  t.equal(limiter.allows('10.0.0.1', 10), false, 'still known')
  limiter.allows('10.2.0.1', 10)
  t.equal(limiter.allows('10.0.0.1', 10), true, 'forgotten, and so new')
})

t.test('time that stands still gives nothing', async (t) => {
  const limiter = new ReplyLimiter(RATES)
  answered(limiter, '10.0.0.1', 1000, 7)
  t.equal(answered(limiter, '10.0.0.1', 1000, 7), 0)
})

t.test('an IPv6 subscriber has one rate, whichever of its addresses asks', async (t) => {
  const limiter = new ReplyLimiter(RATES)
  let count = 0
  for (let i = 0; i < 100; i++) if (limiter.allows(`2001:db8:0:7::${i.toString(16)}`, 0)) count++
  t.equal(count, RATES.burstOfNetwork)
  t.ok(limiter.allows('2001:db8:0:8::1', 0), 'its neighbour has another')
  t.ok(limiter.allows('fe80::1%eth0', 0))
})
