import t from 'tap'
import { ReplyLimiter } from '../../lib/endpoint/reply-limiter.js'
import { MAX_COUNTED_HOSTS, REPLIES_PER_SECOND, REPLIES_PER_SECOND_AND_HOST, REPLY_BURST } from '../../lib/wire/limits.js'

/** How many of so many queries from one host at one moment are answered. */
function answered(limiter: ReplyLimiter, host: string, queries: number, now: number): number {
  let count = 0
  for (let i = 0; i < queries; i++) if (limiter.allows(host, now)) count++
  return count
}

t.test('a host gets its burst at once, and after that its rate', async (t) => {
  const limiter = new ReplyLimiter()
  t.equal(answered(limiter, '10.0.0.1', 1000, 5000), REPLY_BURST)
  let later = 0
  for (let now = 5001; now <= 15_000; now++) later += answered(limiter, '10.0.0.1', 1, now)
  t.equal(later, 10 * REPLIES_PER_SECOND_AND_HOST, 'ten seconds of its rate')
})

t.test('a pause gives no more than one burst', async (t) => {
  const limiter = new ReplyLimiter()
  answered(limiter, '10.0.0.1', 1000, 0)
  t.equal(answered(limiter, '10.0.0.1', 1000, 1e9), REPLY_BURST)
})

t.test('one eager host leaves the others theirs', async (t) => {
  const limiter = new ReplyLimiter()
  answered(limiter, '10.0.0.1', 1000, 0)
  t.equal(answered(limiter, '10.0.0.2', 5, 0), 5)
})

t.test('forged senders, each new, get the rate of all together', async (t) => {
  const limiter = new ReplyLimiter()
  let count = 0
  // 10,000 queries a second for ten seconds.
  for (let i = 0; i < 100_000; i++) if (limiter.allows(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 1000 + i / 10)) count++
  t.ok(count >= 10 * REPLIES_PER_SECOND && count <= 11 * REPLIES_PER_SECOND, `${count} replies in ten seconds`)
})

t.test('a host is counted until so many newer ones have asked', async (t) => {
  const limiter = new ReplyLimiter()
  const others = (count: number): void => {
    for (let i = 0; i < count; i++) limiter.allows(`10.1.${i >> 8}.${i & 255}`, 0)
  }
  answered(limiter, '10.0.0.1', 1000, 0)
  others(MAX_COUNTED_HOSTS - 1)
  // A hundredth of a second: two for all together, none for the host that has had its burst.
  t.equal(limiter.allows('10.0.0.1', 10), false, 'still known')
  limiter.allows('10.2.0.1', 10)
  t.equal(limiter.allows('10.0.0.1', 10), true, 'forgotten, and so new')
})

t.test('time that stands still gives nothing', async (t) => {
  const limiter = new ReplyLimiter()
  answered(limiter, '10.0.0.1', 1000, 7)
  t.equal(answered(limiter, '10.0.0.1', 1000, 7), 0)
})
