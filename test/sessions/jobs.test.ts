// every(): jobs inside update().
import fc from 'fast-check'
import t from 'tap'
import { Jobs } from '../../lib/sessions/jobs.js'
import { Num } from '../endpoint/messages.js'
import { World } from '../endpoint/world.js'
import { holds } from '../properties/property.js'

t.test('a job runs on a grid of times that does not drift, and what it sends leaves in the same update', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const since = world.clock.now()
  let n = 0
  let heard = 0
  clients[0]!.onMessage(Num, () => heard++)
  const times: number[] = []
  server.every(100, () => {
    times.push(world.clock.now() - since)
    server.sendToAll(Num, { n: n++ })
  })
  await world.step(10_050)
  t.equal(times.length, 100)
  t.ok(times.every((time, i) => time >= 100 * (i + 1) && time < 100 * (i + 1) + 18))
  t.equal(heard, 100)
})

t.test('after a stall it runs once, and goes on in its grid', async (t) => {
  const world = new World()
  const client = world.makeClient({}, 200)
  let runs = 0
  client.every(50, () => runs++)
  await world.step(201)
  t.equal(runs, 4)
  world.drive(client).isPaused = true
  await world.step(1000)
  world.drive(client).isPaused = false
  await world.step(10)
  t.equal(runs, 5)
  await world.step(100)
  t.equal(runs, 7)
})

t.test('an asynchronous job never overlaps itself', async (t) => {
  const world = new World()
  const client = world.makeClient()
  let running = 0
  let most = 0
  let begun = 0
  let release = (): void => {}
  client.every(20, async () => {
    begun++
    running++
    most = Math.max(most, running)
    await new Promise<void>((resolve) => {
      release = resolve
    })
    running--
  })
  await world.step(200)
  t.equal(begun, 1)
  release()
  await world.step(50)
  t.equal(begun, 2)
  t.equal(most, 1)
})

t.test('a job that throws or rejects is heard by OnError, and runs again', async (t) => {
  const world = new World()
  const client = world.makeClient()
  const errors: string[] = []
  client.on('OnError', ({ error }) => errors.push(`${error.code} ${(error.cause as Error).message}`))
  client.every(100, () => {
    throw new Error('sync')
  })
  client.every(100, async () => {
    throw new Error('async')
  })
  await world.step(250)
  t.strictSame(errors, ['HANDLER sync', 'HANDLER async', 'HANDLER sync', 'HANDLER async'])
})

t.test('what every returns stops it, and so does its signal, within a run too', async (t) => {
  const world = new World()
  const client = world.makeClient()
  const stop = new AbortController()
  const runs = [0, 0, 0, 0]
  const stopFirst = client.every(50, () => {
    runs[0]!++
    stopFirst()
    stopSecond()
  })
  const stopSecond = client.every(50, () => runs[1]!++)
  client.every(50, () => runs[2]!++, { signal: stop.signal })
  client.every(50, () => runs[3]!++, { signal: AbortSignal.abort() })
  await world.step(120)
  stop.abort()
  await world.step(500)
  t.strictSame(runs, [1, 0, 2, 0])
})

t.test('what is misused is refused', async (t) => {
  const client = new World().makeClient()
  t.throws(() => client.every(0, () => {}), { code: 'BAD_OPTION' })
  t.throws(() => client.every(undefined as never, () => {}), { code: 'BAD_OPTION' })
  t.throws(() => client.every('1' as never, () => {}), { code: 'BAD_OPTION' })
  t.throws(() => client.every(10, undefined as never), { code: 'BAD_OPTION' })
})

t.test('whenever updates come, a job runs at most once in each and once for each stretch of its grid', async () => {
  holds(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 }), fc.integer({ min: 1, max: 150 }), (steps, interval) => {
      const runs: number[] = []
      const jobs = new Jobs(() => {})
      let now = 1000
      jobs.add(interval, () => runs.push(now), now)
      const expected: number[] = []
      let stretch = 0
      for (const step of steps) {
        now += step
        jobs.run(now)
        const reached = Math.floor((now - 1000) / interval)
        if (reached > stretch) expected.push(now)
        stretch = reached
      }
      return JSON.stringify(runs) === JSON.stringify(expected)
    }),
  )
})
