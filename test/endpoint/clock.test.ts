// The server's clock, as clients know it: the smallest delays of pings and pongs, slewed, never backwards.
import t from 'tap'
import { Client, Server, type Transport } from '../../lib/index.js'
import { delay, loss, ManualClock, SimulatedNetwork, type Stage, seededEntropy } from '../../lib/simulator/index.js'
import { messages } from './messages.js'

const OFFSET_MS = 123_456.789

/** A transport whose datagrams are stamped by a clock that is ahead of the network's. */
function ahead(transport: Transport, offsetMs: number): Transport {
  const { receive } = transport
  transport.receive = () => {
    const datagram = receive.call(transport)
    return datagram === undefined ? undefined : { ...datagram, at: datagram.at + offsetMs }
  }
  return transport
}

interface Run {
  /** The largest error of serverNow() from two seconds on, in ms; and of serverTick(), in ticks. */
  readonly worstMs: number
  readonly worstTicks: number
  /** Of exactServerTick(), in ticks. */
  readonly worstExactTicks: number
  readonly wentBack: boolean
}

async function run(seed: number, stages: readonly Stage[], hz = 60, lengthMs = 4000): Promise<Run> {
  const clock = new ManualClock({ now: 5000 + seed })
  const network = new SimulatedNetwork({ seed, clock, stages })
  const own = {
    now: () => clock.now() + OFFSET_MS,
    unixSeconds: () => clock.unixSeconds(),
    setTimer: (delayMs: number, callback: () => void) => clock.setTimer(delayMs, callback),
  }
  const server = new Server({ messages, clock, transport: network.transport(), entropy: seededEntropy(seed) })
  const client = new Client({ messages, clock: own, transport: ahead(network.transport(), OFFSET_MS), entropy: seededEntropy(seed + 1000) })
  const loop = server.run({ hz: 30 })
  const startedAt = clock.now()
  const { host } = await server.listen({ port: 9000 })
  let connectedAt = Number.POSITIVE_INFINITY
  void client.connect({ host, port: 9000 }).then(() => {
    connectedAt = clock.now()
  })
  let worstMs = 0
  let worstTicks = 0
  let worstExactTicks = 0
  let last = Number.NEGATIVE_INFINITY
  let lastTick = 0
  let wentBack = false
  let nextUpdateAt = 0
  for (let i = 0; clock.now() < connectedAt + lengthMs && i < 60_000; i++) {
    const hasRun = clock.nextTimer() <= clock.now() + 1 || clock.now() + 1 >= nextUpdateAt
    clock.advance(1)
    if (clock.now() >= nextUpdateAt) {
      nextUpdateAt = clock.now() + 1000 / hz
      client.update()
    }
    if (hasRun) for (let turn = 0; turn < 6; turn++) await undefined
    if (!client.connected || connectedAt > clock.now()) continue
    if (server.now() !== clock.now()) throw new Error('now() is the clock that the endpoint was given')
    const now = client.serverNow()
    const tick = client.serverTick()
    const exactTick = client.exactServerTick()
    if (Math.floor(exactTick) !== tick) worstExactTicks = Number.POSITIVE_INFINITY
    if (now < last || tick < lastTick) wentBack = true
    last = now
    lastTick = tick
    if (clock.now() < connectedAt + 2000) continue
    worstMs = Math.max(worstMs, Math.abs(now - clock.now()))
    worstTicks = Math.max(worstTicks, Math.abs(tick - loop.tick))
    worstExactTicks = Math.max(worstExactTicks, Math.abs(exactTick - ((clock.now() - startedAt) * 30) / 1000))
  }
  loop.stop()
  return { worstMs, worstTicks, worstExactTicks, wentBack }
}

t.test('serverNow() is right within 5 ms two seconds after connecting, at 100 ± 30 ms, over 50 seeds', async (t) => {
  let worstMs = 0
  let worstSeed = 0
  let worstTicks = 0
  for (let seed = 1; seed <= 50; seed++) {
    const result = await run(seed, [delay(50, 15)], 60, 3000)
    if (result.worstMs > worstMs) worstSeed = seed
    worstMs = Math.max(worstMs, result.worstMs)
    worstTicks = Math.max(worstTicks, result.worstTicks)
    t.notOk(result.wentBack, `seed ${seed} never runs backwards`)
  }
  t.comment(`worst of 50 seeds: ${worstMs.toFixed(2)} ms (seed ${worstSeed}), ${worstTicks} ticks`)
  t.ok(worstMs <= 5, `the worst is ${worstMs} ms, of seed ${worstSeed}`)
  t.ok(worstTicks <= 1, `the worst tick is ${worstTicks} off`)
})

t.test('exactServerTick() is serverTick() and the part of the tick that has passed', async (t) => {
  for (const network of [[], [delay(50, 15)]]) {
    const { worstMs, worstExactTicks } = await run(3, network)
    const within = (worstMs * 30) / 1000 + 0.05
    t.ok(worstExactTicks <= within, `off by ${worstExactTicks} ticks, with a clock that is off by ${worstMs} ms`)
  }
})

t.test('it is right too where a fifth of all datagrams are lost', async (t) => {
  let worstMs = 0
  for (let seed = 1; seed <= 15; seed++) {
    const result = await run(seed, [delay(50, 15), loss(0.2)], 60, 4000)
    worstMs = Math.max(worstMs, result.worstMs)
    t.notOk(result.wentBack, `seed ${seed} never runs backwards`)
  }
  t.comment(`worst of 15 seeds at 20 % loss: ${worstMs.toFixed(2)} ms`)
  t.ok(worstMs <= 6, `the worst is ${worstMs} ms`)
})

t.test('it is right for clients with slow loops', async (t) => {
  for (const hz of [10, 20, 30]) {
    const { worstMs, wentBack } = await run(7, [delay(40, 10)], hz)
    t.ok(worstMs <= 5, `at ${hz} Hz: ${worstMs} ms`)
    t.notOk(wentBack)
  }
})

t.test('before a connection serverNow() is this side’s own clock, and serverTick() 0', async (t) => {
  const clock = new ManualClock({ now: 77 })
  const client = new Client({ messages, clock, transport: new SimulatedNetwork({ seed: 1, clock }).transport() })
  t.equal(client.serverNow(), 77)
  t.equal(client.serverTick(), 0)
})

t.test('where the server runs no loop serverTick() is 0', async (t) => {
  const clock = new ManualClock()
  const network = new SimulatedNetwork({ seed: 1, clock })
  const server = new Server({ messages, clock, transport: network.transport() })
  const client = new Client({ messages, clock, transport: network.transport() })
  const { host } = await server.listen({ port: 9000 })
  void client.connect({ host, port: 9000 })
  for (let i = 0; i < 1000; i++) {
    clock.advance(1)
    server.update()
    client.update()
    await undefined
  }
  t.equal(client.connected, true)
  t.equal(client.serverTick(), 0)
})
