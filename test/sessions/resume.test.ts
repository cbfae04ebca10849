// Links that die, and players who come back over another one.
import t from 'tap'
import type { Client, Server } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { Num } from '../endpoint/messages.js'
import { World } from '../endpoint/world.js'

/** What a server and a client said of drops, returns and ends, in order. */
function steps(server: Server, client: Client): string[] {
  const lines: string[] = []
  server.on('OnConnect', ({ peer }) => lines.push(`server: ${peer.name} connect`))
  server.on('OnDrop', ({ peer }) => lines.push(`server: ${peer.name} drop`))
  server.on('OnResume', ({ peer }) => lines.push(`server: ${peer.name} resume`))
  server.on('OnDisconnect', ({ peer, reason }) => lines.push(`server: ${peer.name} disconnect ${reason}`))
  server.on('OnError', ({ error }) => lines.push(`server: error ${error.code}`))
  client.on('OnDrop', () => lines.push('client: drop'))
  client.on('OnResume', () => lines.push('client: resume'))
  client.on('OnDisconnect', ({ reason }) => lines.push(`client: disconnect ${reason}`))
  client.on('OnError', ({ error }) => lines.push(`client: error ${error.code}`))
  return lines
}

t.test(
  'a link that dies for five seconds: the player is away, comes back, and nothing reliable is lost, doubled or out of order',
  async (t) => {
    const world = new World({ network: [delay(50)] })
    const { server, clients } = await world.pair(1, { client: { reconnect: true } })
    const client = clients[0]!
    const [peer] = server.peers
    const log = steps(server, client)
    const atServer: number[] = []
    const atClient: number[] = []
    server.onMessage(Num, ({ n }) => atServer.push(n))
    client.onMessage(Num, ({ n }) => atClient.push(n))
    let n = 0
    const speak = async (ms: number): Promise<void> => {
      for (let i = 0; i < ms / 20; i++, n++) {
        client.send(Num, { n })
        peer!.send(Num, { n })
        await world.step(20)
      }
    }
    await speak(1000)
    world.network.stages = [loss(1)]
    await speak(5000)
    t.equal(client.isAway, true)
    t.equal(client.connected, false)
    t.equal(peer!.isAway, false, 'the server has not noticed yet: its time-out is 10 s')
    world.network.stages = [delay(50)]
    await speak(7000)
    await world.step(1000)
    t.strictSame(
      atServer,
      Array.from({ length: n }, (_, i) => i),
      'to the server',
    )
    t.strictSame(
      atClient,
      Array.from({ length: n }, (_, i) => i),
      'to the client',
    )
    t.strictSame(log.sort(), ['client: drop', 'client: resume', 'server: client 0 drop', 'server: client 0 resume'])
    t.equal(server.getPeer(peer!.id), peer)
    t.equal(server.peerCount, 1)
    await world.settle(client.disconnect('bye'))
    t.strictSame(log.slice(-2), ['client: disconnect closed', 'server: client 0 disconnect closed'])
  },
)
