// What a server can say to harm a client, and what comes of it.
import t from 'tap'
import { messages, Tick } from '../../attacks/messages.js'
import { PORT, World } from '../endpoint/world.js'
import { LyingServer } from './lying-server.js'

t.test('a Welcome whose times are no times is refused, as one that cannot be read', async (t) => {
  for (const lie of [{ serverNow: Number.NaN }, { tick: 1e300 }, { tick: -5 }, { tickMs: -7 }, { tickMs: Number.NEGATIVE_INFINITY }]) {
    const world = new World()
    const server = world.add(new LyingServer(world, lie))
    const host = await world.settle(server.listen(PORT))
    const client = world.makeClient({ messages })
    t.match(await world.failure(client.connect({ host, port: PORT })), { code: 'PROTOCOL' }, JSON.stringify(lie))
    t.equal(client.connected, false)
  }
})

t.test('a Welcome that lies within what can be read costs the client its session at most, and never an exception', async (t) => {
  const lies = [
    { timeoutMs: 1 },
    { windowMessages: 0, windowBytes: 0 },
    { maxAckDelayMs: 65_535 },
    { tick: 2 ** 50, tickMs: 1, serverNow: -(2 ** 50) },
    { windowMessages: 2 ** 52, windowBytes: 2 ** 52 },
  ]
  for (const lie of lies) {
    const world = new World()
    const server = world.add(new LyingServer(world, lie))
    const host = await world.settle(server.listen(PORT))
    const client = world.makeClient({ messages })
    await world.settle(client.connect({ host, port: PORT }))
    let last = client.serverNow()
    for (let i = 0; i < 40; i++) {
      client.send(Tick, { n: i, at: 0 })
      await world.step(20)
      const now = client.serverNow()
      if (!(now >= last) || !Number.isFinite(client.serverTick())) t.fail(`${now} after ${last}`)
      last = now
    }
    t.ok(client.outPackets > 0, JSON.stringify(lie))
  }
})
