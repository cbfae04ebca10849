// What handlers throw, and what is printed.
import t from 'tap'
import { MessageFactory, Server, type Transport } from '../../lib/index.js'
import { Chat, Num } from './messages.js'
import { PORT, World } from './world.js'

/** Collects what is printed until the test ends. */
function captureWarnings(test: { teardown(fn: () => void): void }): string[] {
  const lines: string[] = []
  const { warn } = console
  console.warn = (text: string) => lines.push(text)
  test.teardown(() => {
    console.warn = warn
  })
  return lines
}

t.test('a handler that throws or rejects is reported with code HANDLER and its cause, and kills nothing', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const errors: [string, string | undefined, unknown][] = []
  server.on('OnError', ({ peer, error }) => errors.push([error.code, peer?.name, (error.cause as Error).message]))
  let heard = 0
  server.onMessage(Num, () => {
    throw new Error('sync')
  })
  server.onMessage(Num, async () => {
    throw new Error('async')
  })
  server.onMessage(Num, () => heard++)
  server.on('OnMessage', () => {
    throw new Error('listener')
  })
  server.on('OnDisconnect', () => {
    throw new Error('end')
  })
  clients[0]!.send(Num, { n: 1 })
  clients[0]!.send(Num, { n: 2 })
  await world.step(100)
  t.equal(heard, 2)
  t.equal(errors.filter(([code]) => code === 'HANDLER').length, 6)
  t.ok(errors.some(([, name, text]) => name === 'client 0' && text === 'sync'))
  t.ok(errors.some(([, name, text]) => name === 'client 0' && text === 'async'))
  t.ok(errors.some(([, , text]) => text === 'listener'))
  await world.settle(clients[0]!.disconnect())
  t.ok(errors.some(([, , text]) => text === 'end'))
})

t.test('an error of onTick is reported, and the loop goes on', async (t) => {
  const world = new World()
  const { server } = await world.pair(0)
  const codes: string[] = []
  server.on('OnError', ({ error }) => codes.push(error.code))
  const loop = server.run({
    hz: 20,
    onTick: (tick) => {
      if (tick === 2) throw new Error('tick')
    },
  })
  await world.step(1000)
  t.strictSame(codes, ['HANDLER'])
  t.equal(loop.tick, 20)
})

t.test('without OnError a failure is printed, once per code', async (t) => {
  const warnings = captureWarnings(t)
  const world = new World()
  const { server, clients } = await world.pair(1)
  server.onMessage(Num, ({ n }) => {
    throw new Error(`bad ${n}`)
  })
  clients[0]!.send(Num, { n: 1 })
  clients[0]!.send(Num, { n: 2 })
  await world.step(100)
  t.equal(warnings.length, 1)
  t.match(warnings[0], /^tickwire: a handler failed: bad 1: Error: bad 1[\s\S]*errors\.test[\s\S]*no OnError handler; said once per code/)
})

t.test('a handler of OnError that itself throws or rejects is printed once, and does not run for ever', async (t) => {
  const warnings = captureWarnings(t)
  const world = new World()
  const { server, clients } = await world.pair(1)
  let calls = 0
  server.on('OnError', () => {
    calls++
    throw new Error('while reporting')
  })
  server.on('OnError', async () => {
    calls++
    throw new Error('while reporting, later')
  })
  server.onMessage(Num, () => {
    throw new Error('first')
  })
  clients[0]!.send(Num, { n: 1 })
  clients[0]!.send(Num, { n: 2 })
  await world.step(200)
  t.equal(calls, 4)
  t.strictSame(warnings, ['tickwire: a handler of OnError failed: while reporting (said once)'])
})

t.test('what is thrown need not be an Error', async (t) => {
  const world = new World()
  const { server, clients } = await world.pair(1)
  const texts: string[] = []
  server.on('OnError', ({ error }) => texts.push(error.message))
  for (const thrown of ['text', undefined, { a: 1 }, null, Object.create(null)]) {
    server.onMessage(Num, () => {
      throw thrown
    })
  }
  clients[0]!.send(Num, { n: 1 })
  await world.step(100)
  t.equal(texts.length, 5)
})

t.test('handlers that emit events of their own do not settle a request that others still decide', async (t) => {
  const world = new World()
  const server = world.makeServer()
  let isDecided = false
  server.on('OnConnectRequest', async (request) => {
    await new Promise<void>((resolve) => world.clock.setTimer(500, resolve))
    isDecided = true
    request.reject('after all')
  })
  server.on('OnConnectRequest', () => {
    server.sendToAll(Num, { n: 1 })
  })
  const { host } = await world.settle(server.listen({ port: PORT }))
  t.match(await world.failure(world.makeClient().connect({ host, port: PORT })), { detail: 'after all' })
  t.ok(isDecided)
})

t.test('a frame of several seconds is not taken for nobody calling update()', async (t) => {
  const world = new World()
  let frozenUntil = 0
  const clock = {
    now: () => world.clock.now(),
    // As in a process that does something else meanwhile: its timers come when that is done.
    setTimer: (delayMs: number, callback: () => void) =>
      world.clock.setTimer(delayMs, () => {
        if (world.clock.now() < frozenUntil) world.clock.setTimer(frozenUntil - world.clock.now(), callback)
        else callback()
      }),
  }
  const lines = captureWarnings(t)
  const server = world.makeServer({ clock })
  await world.settle(server.listen({ port: PORT }))
  await world.step(500)
  world.drive(server).isPaused = true
  frozenUntil = world.clock.now() + 3000
  await world.step(3000)
  world.drive(server).isPaused = false
  await world.step(3000)
  t.strictSame(lines, [])
})

t.test('nobody calls update(): said once, for client and server', async (t) => {
  const warnings = captureWarnings(t)
  const world = new World()
  const { server, clients } = await world.pair(1)
  await world.step(3000)
  t.strictSame(warnings, [], 'not while both are updated')
  world.drive(server).isPaused = true
  world.drive(clients[0]!).isPaused = true
  await world.step(5000)
  t.strictSame(warnings.sort(), [
    'tickwire: nobody calls update() on this client; use run({ hz })',
    'tickwire: nobody calls update() on this server; use run({ hz })',
  ])
  const other = new World()
  const running = await other.pair(0)
  running.server.run({ hz: 30 })
  await other.step(3000)
  t.equal(warnings.length, 2, 'and not where run() does it')
})

t.test('a message that no handler takes is said once per type', async (t) => {
  const warnings = captureWarnings(t)
  const world = new World()
  const { server, clients } = await world.pair(1)
  for (let n = 0; n < 3; n++) clients[0]!.send(Num, { n })
  clients[0]!.send(Chat, { text: 'hi' })
  await world.step(100)
  t.strictSame(warnings, [
    'tickwire: Num arrived, and no handler takes it: use onMessage(Num, …)',
    'tickwire: Chat arrived, and no handler takes it: use onMessage(Chat, …)',
  ])
  server.on('OnMessage', () => {})
})

t.test('a client of another game is said once on the server', async (t) => {
  const warnings = captureWarnings(t)
  const world = new World()
  const { host } = await world.pair(0, { server: { game: 'chess' } })
  await world.failure(world.makeClient({ game: 'go', timeoutMs: 3000 }).connect({ host, port: PORT }))
  t.strictSame(warnings, ["tickwire: a client's game name differs from this server's: give both the same option game"])
})

t.test('an open server on a public address is said once; one in token mode is not', async (t) => {
  const warnings = captureWarnings(t)
  const transport = (): Transport => {
    const simulated = new World().network.transport()
    return Object.assign(Object.create(simulated) as Transport, {
      kind: 'test',
      open: async () => ({ host: '203.0.113.7', port: PORT, family: 'ipv4' as const }),
      receive: () => undefined,
      send: () => {},
      close: async () => {},
    })
  }
  const open = new World().makeServer({ transport: transport() })
  await open.listen({ port: PORT })
  await new World().makeServer({ transport: transport(), privateKey: new Uint8Array(32) }).listen({ host: '203.0.113.7', port: PORT })
  t.equal(warnings.length, 1)
  t.match(warnings[0], /listens openly where 203\.0\.113\.7 can be reached.*privateKey \(token mode\)/)
})

t.test('an error of connect() that nobody awaits is not printed: state and events say it', async (t) => {
  const warnings = captureWarnings(t)
  const world = new World()
  const { host } = await world.pair(0)
  const client = world.makeClient({ timeoutMs: 500 })
  void client.connect({ host, port: 9999 })
  await world.step(1000)
  t.strictSame(warnings, [])
  t.equal(client.errored, true)
})

t.test(
  'a stall of the whole process, after which its timers run in any order, is no reason to say that nobody calls update()',
  async (t) => {
    const warnings = captureWarnings(t)
    let now = 0
    let timers: { readonly at: number; readonly isBackground: boolean; readonly callback: () => void }[] = []
    const clock = {
      now: () => now,
      setTimer: (delayMs: number, callback: () => void, isBackground = false) => {
        const timer = { at: now + delayMs, isBackground, callback }
        timers.push(timer)
        return () => {
          timers = timers.filter((other) => other !== timer)
        }
      },
    }
    /** Time passes at once, and then what is due runs: background timers first. */
    const pass = (ms: number): void => {
      now += ms
      const due = timers.filter(({ at }) => at <= now)
      timers = timers.filter(({ at }) => at > now)
      for (const { callback } of due.sort((a, b) => Number(b.isBackground) - Number(a.isBackground))) callback()
    }
    const server = new Server({ messages: new MessageFactory(), clock })
    t.teardown(() => server.close())
    await server.listen({ host: '127.0.0.1' })
    const loop = server.run({ hz: 60 })
    for (let i = 0; i < 200; i++) pass(17)
    pass(3000)
    pass(17)
    pass(3000) // and another one
    for (let i = 0; i < 20; i++) pass(17)
    t.strictSame(warnings, [])
    loop.stop()
    for (let i = 0; i < 200; i++) pass(17)
    t.strictSame(warnings, ['tickwire: nobody calls update() on this server; use run({ hz })'], 'but it is said where it is so')
  },
)
