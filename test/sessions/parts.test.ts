// The parts by themselves, for any value: streams, pressure, budgets and watchdogs against plain models.
import fc from 'fast-check'
import t from 'tap'
import { BufferedStream } from '../../lib/sessions/message-stream.js'
import { PeerBudget } from '../../lib/sessions/peer-budget.js'
import { Pressure } from '../../lib/sessions/pressure.js'
import { Watchdogs } from '../../lib/sessions/watchdogs.js'
import { WATCHDOG_MS } from '../../lib/wire/limits.js'
import { holds } from '../properties/property.js'

t.test('a stream gives what a bounded list would, and never holds more than its limit', async () => {
  const steps = fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant('push') }, { weight: 1, arbitrary: fc.constant('next') }), {
    maxLength: 80,
  })
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 8 }), async (list, limit) => {
      const stream = new BufferedStream<number>(limit, () => {})
      const read: Promise<IteratorResult<number, undefined>>[] = []
      const model: number[] = []
      const expected: number[] = []
      let asked = 0
      let dropped = 0
      let pushed = 0
      for (const step of list) {
        if (step === 'push') {
          const item = pushed++
          if (asked > expected.length) expected.push(item)
          else if (model.push(item) > limit) {
            model.shift()
            dropped++
          }
          stream.push(item)
        } else {
          asked++
          if (model.length > 0) expected.push(model.shift()!)
          read.push(stream.next())
        }
        if (stream.waiting !== model.length || stream.waiting > limit || stream.dropped !== dropped) return false
      }
      stream.end()
      const results = await Promise.all(read)
      return results.every(({ done, value }, i) => (i < expected.length ? value === expected[i] : done === true))
    }),
    { seed: 20_261_125, numRuns: 200 },
  )
})

t.test('a stream stops once, however it ends', async (t) => {
  let stops = 0
  const stream = new BufferedStream<number>(4, () => stops++)
  const reading = stream.next()
  stream.end()
  stream.fail(new Error('too late'))
  await stream.return()
  t.equal(stops, 1)
  t.strictSame(await reading, { done: true, value: undefined })
  t.strictSame(await stream.next(), { done: true, value: undefined })
})

t.test('pressure rises above the mark, falls below half of it, and is told in turns', async () => {
  holds(
    fc.property(fc.array(fc.nat(3000)), fc.integer({ min: 2, max: 2000 }), (queued, mark) => {
      const pressure = new Pressure(mark)
      let wasHigh = false
      return queued.every((bytes) => {
        const hasCrossed = pressure.hasCrossed(bytes)
        const isHigh = wasHigh ? bytes >= mark / 2 : bytes > mark
        const isRight = pressure.isHigh === isHigh && hasCrossed === (isHigh !== wasHigh)
        wasHigh = isHigh
        return isRight
      })
    }),
  )
})

t.test('over any time a budget lets through no more bytes than its burst, its rate and one datagram', async () => {
  const arrivals = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 1500 })), { maxLength: 100 })
  holds(
    fc.property(arrivals, fc.integer({ min: 1000, max: 20_000 }), (list, rate) => {
      const budget = new PeerBudget(Number.POSITIVE_INFINITY, rate)
      let now = 5000
      let passed = 0
      return list.every(([wait, bytes]) => {
        now += wait
        if (budget.admits(bytes, now)) passed += bytes
        return passed <= rate + ((now - 5000) * rate) / 1000 + 1500
      })
    }),
  )
})

t.test('a watchdog barks once for each stretch of silence that is long enough, at most 100 ms late', async () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 })
  holds(
    fc.property(gaps, fc.integer({ min: 100, max: 2000 }), fc.integer({ min: 1, max: 50 }), (list, forMs, updateMs) => {
      let inMessages = 0
      const barks: number[] = []
      const dogs = new Watchdogs<string>(
        {
          silence: forMs,
          slowReplies: Number.POSITIVE_INFINITY,
          cannotKeepUp: Number.POSITIVE_INFINITY,
          slowLatencyMs: Number.POSITIVE_INFINITY,
        },
        () => ({ inMessages, latencyMs: 0, isHigh: false }),
        (_, kind, ms) => kind === 'silence' && barks.push(ms),
      )
      dogs.add('peer', 0)
      let now = 0
      let [fewest, most] = [0, 0]
      for (const gap of list) {
        const end = now + gap
        for (; now < end; now += updateMs) dogs.check(now)
        inMessages++
        const slack = WATCHDOG_MS + 2 * updateMs
        if (gap >= forMs + 2 * slack) fewest++
        if (gap >= forMs - slack) most++
      }
      return barks.length >= fewest && barks.length <= most && barks.every((ms) => ms >= forMs && ms < forMs + WATCHDOG_MS + 2 * updateMs)
    }),
  )
})
