import t from 'tap'
import { ManualClock } from '../../lib/io/manual-clock.js'

t.test('stands still until it is advanced', async (t) => {
  const clock = new ManualClock({ now: 100, unixSeconds: 5000 })
  t.equal(clock.now(), 100)
  t.equal(clock.unixSeconds(), 5000)
  clock.advance(1999)
  t.equal(clock.now(), 2099)
  t.equal(clock.unixSeconds(), 5001)
  clock.set(2100)
  t.equal(clock.now(), 2100)
  t.equal(clock.unixSeconds(), 5002)
})

t.test('runs timers in order of time, then of creation, each at its own time', async (t) => {
  const clock = new ManualClock()
  const ran: string[] = []
  const timer = (name: string, delayMs: number) => clock.setTimer(delayMs, () => ran.push(`${name}@${clock.now()}`))
  timer('c', 30)
  timer('a', 10)
  timer('b', 20)
  timer('b2', 20)
  timer('late', 31)
  t.equal(clock.nextTimer(), 10)
  clock.advance(30)
  t.strictSame(ran, ['a@10', 'b@20', 'b2@20', 'c@30'])
  t.equal(clock.now(), 30)
  t.equal(clock.nextTimer(), 31)
})

t.test('runs a timer that a callback sets, in the same advance where it falls due in it', async (t) => {
  const clock = new ManualClock()
  const ran: number[] = []
  const again = () => {
    ran.push(clock.now())
    clock.setTimer(10, again)
  }
  clock.setTimer(10, again)
  clock.advance(35)
  t.strictSame(ran, [10, 20, 30])
  t.equal(clock.now(), 35)
})

t.test('a cancelled timer does not run, and cancelling once more is harmless', async (t) => {
  const clock = new ManualClock()
  const ran: string[] = []
  const cancel = clock.setTimer(10, () => ran.push('cancelled'))
  clock.setTimer(10, () => ran.push('kept'))
  cancel()
  cancel()
  clock.advance(10)
  t.strictSame(ran, ['kept'])
  t.equal(clock.nextTimer(), Number.POSITIVE_INFINITY)
})

t.test('a delay that is negative or no number runs in the next advance', async (t) => {
  const clock = new ManualClock()
  let ran = 0
  clock.setTimer(-5, () => ran++)
  clock.setTimer(Number.NaN, () => ran++)
  t.equal(ran, 0)
  clock.advance(0)
  t.equal(ran, 2)
})

t.test('never goes backwards, not even where a callback advances it', async (t) => {
  const clock = new ManualClock({ now: 10 })
  t.throws(() => clock.set(9), new RangeError('"now" expected 10 or later, got 9'))
  t.throws(() => clock.advance(-1), RangeError)
  t.throws(() => clock.advance(Number.NaN), RangeError)
  clock.setTimer(1, () => clock.advance(100))
  clock.advance(5)
  t.equal(clock.now(), 111)
})

t.test('goes on with the other timers after a callback has thrown', async (t) => {
  const clock = new ManualClock()
  let ran = 0
  clock.setTimer(1, () => {
    throw new Error('of the callback')
  })
  clock.setTimer(2, () => ran++)
  t.throws(() => clock.advance(5), new Error('of the callback'))
  clock.advance(5)
  t.equal(ran, 1)
})
