// hostOrJoin over real sockets, on loopback only.
import t from 'tap'
import { type HostedOrJoined, hostOrJoin } from '../../lib/index.js'
import { messages } from './messages.js'
import { countSockets } from './sockets.js'

function play(game: string, name: string): Promise<HostedOrJoined<undefined>> {
  return hostOrJoin({ messages, game, name, interfaces: 'loopback', timeoutMs: 300 })
}

t.test('of three at once one is the host, on loopback alone; all end, and nothing is left open', async (t) => {
  const game = `host-or-join-udp ${process.pid}`
  const before = await countSockets()
  const all = await Promise.all(['ada', 'bob', 'cyd'].map((name) => play(game, name)))
  const [host, ...others] = all.filter(({ isHost }) => isHost)
  t.strictSame(others, [])
  t.equal(host!.server!.address!.host, '127.0.0.1')
  t.strictSame(Array.from(host!.server!.peers, ({ name }) => name).sort(), ['ada', 'bob', 'cyd'])
  const late = await play(game, 'dan')
  t.equal(late.isHost, false)
  await Promise.all([...all, late].map(({ client }) => client.close()))
  await host!.server!.close()
  t.equal(await countSockets(), before)
})

t.test('a signal ends it, and nothing is left open', async (t) => {
  const before = await countSockets()
  for (const ms of [1, 150, 400]) {
    const signal = AbortSignal.timeout(ms)
    const aborted = hostOrJoin({
      messages,
      game: `aborted ${process.pid} ${ms}`,
      name: 'ada',
      interfaces: 'loopback',
      timeoutMs: 300,
      signal,
    })
    await t.rejects(aborted, { name: 'TimeoutError' }, `${ms} ms`)
    t.equal(await countSockets(), before)
  }
})
