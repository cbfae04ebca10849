// The fixed-step loop of run().
import t from 'tap'
import { State } from './messages.js'
import { World } from './world.js'

t.test('run() ticks at its rate without drift, with the tick’s number and a constant dt', async (t) => {
  const world = new World()
  const { server } = await world.pair(0)
  const ticks: number[] = []
  const dts = new Set<number>()
  const start = world.clock.now()
  const loop = server.run({
    hz: 60,
    onTick: (tick, dtMs) => {
      ticks.push(tick)
      dts.add(dtMs)
    },
  })
  await world.step(60_000)
  t.equal(ticks.length, 3600, 'exactly 60 a second, for a minute')
  t.strictSame(ticks.slice(0, 3), [0, 1, 2])
  t.strictSame([...dts], [1000 / 60])
  t.equal(loop.tick, 3600)
  t.equal(server.tick, 3600)
  t.equal(loop.overruns, 0)
  t.equal(world.clock.now() - start, 60_000)
  loop.stop()
})

t.test('timers that come late make no drift', async (t) => {
  const world = new World()
  const lateness = [0, 3, 7, 1, 12]
  let timers = 0
  const clock = {
    now: () => world.clock.now(),
    setTimer: (delayMs: number, callback: () => void) => world.clock.setTimer(delayMs + lateness[timers++ % 5]!, callback),
  }
  const server = world.makeServer({ clock })
  let ticks = 0
  const loop = server.run({ hz: 50, onTick: () => ticks++ })
  await world.step(10_015)
  t.equal(ticks, 500)
  t.equal(loop.overruns, 0)
  loop.stop()
})

t.test('after a long frame five ticks are made up for, and the rest is left out and counted', async (t) => {
  const world = new World()
  const server = world.makeServer()
  const at: number[] = []
  let isFirst = true
  const loop = server.run({
    hz: 10,
    onTick: () => {
      at.push(world.clock.now())
      if (!isFirst) return
      isFirst = false
      world.clock.set(world.clock.now() + 1250) // a frame of 1.25 s
    },
  })
  await world.step(100)
  t.equal(at.length, 5, 'the slow tick, and four after it in the same go')
  t.equal(loop.overruns, 8)
  await world.step(500)
  t.equal(at.length, 10, 'then on at its rate')
  t.equal(loop.tick, 10)
  loop.stop()
})

t.test('a signal, stop(), close() and a second run() end the loop', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  let ticks = 0
  const onTick = (): void => {
    ticks++
  }
  const stop = new AbortController()
  server.run({ hz: 100, onTick, signal: stop.signal })
  await world.step(100)
  t.equal(ticks, 10)
  stop.abort()
  await world.step(100)
  t.equal(ticks, 10, 'signal')
  t.equal(server.isRunning, false)
  const second = server.run({ hz: 100, onTick })
  const third = server.run({ hz: 100, onTick })
  await world.step(100)
  t.equal(ticks, 20, 'a second run() replaces the first')
  second.stop()
  t.equal(server.isRunning, true, 'and the first one’s stop() does not touch it')
  third.stop()
  third.stop()
  await world.step(100)
  t.equal(ticks, 20, 'stop()')
  server.run({ hz: 100, onTick, signal: AbortSignal.abort() })
  await world.step(100)
  t.equal(ticks, 20, 'a signal that was aborted before')
  clients[0]!.run({ hz: 100, onTick })
  await world.settle(clients[0]!.close())
  const atClose = ticks
  await world.step(100)
  t.equal(ticks, atClose, 'close()')
})

t.test('stop() inside onTick ends the catch-up too', async (t) => {
  const world = new World()
  const server = world.makeServer()
  let ticks = 0
  const loop = server.run({
    hz: 100,
    onTick: () => {
      if (++ticks === 3) loop.stop()
    },
  })
  await world.step(500)
  t.equal(ticks, 3)
})

t.test('misuse of run() throws at the call, and a loop that runs goes on', async (t) => {
  const world = new World()
  const server = world.makeServer()
  let ticks = 0
  server.run({ hz: 100, onTick: () => ticks++ })
  t.throws(() => server.run({ hz: 0 }), { code: 'BAD_OPTION', message: '"hz" expected 1 to 1000, got 0' })
  t.throws(() => server.run({ hz: Number.NaN }), TypeError)
  t.throws(() => server.run({} as { hz: number }), { code: 'BAD_OPTION' })
  t.throws(() => server.run(undefined as unknown as { hz: number }), { code: 'BAD_OPTION' })
  t.throws(() => server.run({ hz: 60, onTick: 5 as unknown as () => void }), { code: 'BAD_OPTION' })
  await world.step(100)
  t.equal(ticks, 10)
})

t.test('what onTick sends leaves in that tick', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const arrivals: number[] = []
  const sends: number[] = []
  clients[0]!.onMessage(State, () => arrivals.push(world.clock.now()))
  world.drive(clients[0]!).hz = 1000
  server.run({
    hz: 20,
    onTick: (n) => {
      server.sendToAll(State, { n })
      sends.push(world.clock.now())
    },
  })
  await world.step(1000)
  t.equal(arrivals.length, 20)
  t.ok(
    arrivals.every((at, i) => at - sends[i]! <= 2),
    'each within a step of the simulation',
  )
})

t.test('handlers run before onTick in the same update', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const order: string[] = []
  clients[0]!.onMessage(State, ({ n }) => order.push(`state ${n}`))
  clients[0]!.run({ hz: 10, onTick: (tick) => order.push(`tick ${tick}`) })
  server.sendToAll(State, { n: 1 })
  await world.step(150)
  t.strictSame(order.slice(0, 2), ['state 1', 'tick 0'])
})
