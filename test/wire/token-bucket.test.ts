import t from 'tap'
import { TokenBucket } from '../../lib/wire/token-bucket.js'

t.test('begins full, and what is spent comes back at its rate', async (t) => {
  const bucket = new TokenBucket(10, 3)
  for (let i = 0; i < 3; i++) {
    t.ok(bucket.hasTokens(5000))
    bucket.spend(1)
  }
  t.notOk(bucket.hasTokens(5000))
  t.notOk(bucket.hasTokens(5099))
  t.ok(bucket.hasTokens(5100))
  bucket.spend(1)
  t.notOk(bucket.hasTokens(5100))
})

t.test('never holds more than the burst', async (t) => {
  const bucket = new TokenBucket(1000, 2)
  t.ok(bucket.hasTokens(0))
  t.ok(bucket.hasTokens(60_000))
  bucket.spend(2)
  t.notOk(bucket.hasTokens(60_000))
})

t.test('a debt has to come back first', async (t) => {
  const bucket = new TokenBucket(100, 10)
  t.ok(bucket.hasTokens(0))
  bucket.spend(60)
  t.notOk(bucket.hasTokens(509))
  t.ok(bucket.hasTokens(510))
})

t.test('time that runs backwards gives nothing', async (t) => {
  const bucket = new TokenBucket(1000, 1)
  t.ok(bucket.hasTokens(1000))
  bucket.spend(1)
  t.notOk(bucket.hasTokens(500))
  t.ok(bucket.hasTokens(1001))
})

t.test('without a limit is always full', async (t) => {
  const bucket = new TokenBucket(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  for (const now of [0, 0, 1]) {
    t.ok(bucket.hasTokens(now))
    bucket.spend(1e9)
  }
})
