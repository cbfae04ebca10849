// simulate(): a server and clients in simulated time.
import t from 'tap'
import { Client, type Server } from '../../lib/index.js'
import { delay, loss, simulate } from '../../lib/simulator/index.js'
import { messages, Num } from '../endpoint/messages.js'

t.test('resolves when all clients are in, with names and in simulated time', async (t) => {
  const { server, clients, clock } = await simulate({ seed: 1, messages, clients: 3, network: [delay(50)] })
  t.strictSame(Array.from(server.peers, (peer) => peer.name).sort(), ['client 0', 'client 1', 'client 2'])
  t.ok(clients.every((client) => client.connected))
  t.ok(clock.now() > 150 && clock.now() < 1000, `${clock.now()} ms have passed`)
})

t.test('each direction may have a network of its own', async (t) => {
  const { network, clients, step } = await simulate({
    seed: 1,
    messages,
    clients: 1,
    network: { toServer: [delay(80)], toClient: [loss(0.2)] },
  })
  const flights = { toServer: [] as number[], toClient: [] as number[] }
  network.onDatagram = (outcome, { to, sentAt }, now) => {
    if (outcome === 'delivered') flights[to.port === 9000 ? 'toServer' : 'toClient'].push(now - sentAt)
  }
  await step(3000)
  t.ok(flights.toServer.every((ms) => ms === 80))
  t.ok(flights.toClient.every((ms) => ms === 0))
  t.ok(network.counters.lost > 0)
  t.ok(clients[0]!.latency >= 80 && clients[0]!.latency < 140, `${clients[0]!.latency} ms`)
})

t.test('join() brings one more client, while the others play', async (t) => {
  const { server, clients, join, step } = await simulate({
    seed: 1,
    messages,
    clients: 1,
    network: [delay(30)],
    server: (server) => server.on('OnConnectRequest', (request) => (server.peerCount < 2 ? request.accept() : request.reject('enough'))),
  })
  const late = await join()
  t.ok(late.connected)
  t.equal(clients[1], late)
  t.strictSame(
    Array.from(server.peers, (peer) => peer.name),
    ['client 0', 'client 1'],
  )
  let heard = 0
  late.onMessage(Num, () => heard++)
  server.sendToAll(Num, { n: 1 })
  await step(200)
  t.equal(heard, 1, 'it is updated as the others are')
  await t.rejects(join(), { code: 'REJECTED', detail: 'enough' })
})

t.test('the same seed gives the same run, another one another', async (t) => {
  const run = async (seed: number): Promise<string> => {
    const log: string[] = []
    const { server, clients, clock, network, step } = await simulate({
      seed,
      messages,
      clients: 2,
      network: [delay(40, 20), loss(0.1)],
      server: (server) => {
        server.onMessage(Num, ({ n }, peer) => log.push(`${clock?.now()} ${peer.id} ${n}`))
      },
    })
    for (let n = 0; n < 50; n++) {
      clients[n % 2]!.send(Num, { n })
      await step(10)
    }
    await step(1000)
    return JSON.stringify([log, network.counters, server.metrics(), clients.map((client) => client.metrics())])
  }
  const first = await run(5)
  t.equal(await run(5), first)
  t.not(await run(6), first)
})

t.test('until() resolves when the condition holds and rejects after its time-out', async (t) => {
  const { clock, until } = await simulate({ seed: 1, messages, clients: 0 })
  const start = clock.now()
  await until(() => clock.now() >= start + 30)
  t.equal(clock.now(), start + 30)
  await t.rejects(
    until(() => false, { timeoutMs: 100 }),
    /did not come true within 100 ms of simulated time/,
  )
  t.equal(clock.now(), start + 130)
})

t.test('rejects where a client is refused, with its error', async (t) => {
  await t.rejects(
    simulate({ seed: 1, messages, clients: 1, server: (server) => server.on('OnConnectRequest', (request) => request.reject('no')) }),
    { code: 'REJECTED', detail: 'no' },
  )
})

t.test('endpoints that run() drive themselves, the others are updated at hz', async (t) => {
  let ticks = 0
  let updates = 0
  const { server, step } = await simulate({
    seed: 1,
    messages,
    clients: 1,
    hz: 20,
    server: (server: Server) => {
      server.run({ hz: 50, onTick: () => ticks++ })
    },
    client: (client, index) => {
      t.equal(index, 0)
      const { update } = client
      client.update = () => {
        updates++
        update.call(client)
      }
    },
  })
  ticks = 0
  updates = 0
  await step(1000)
  t.equal(ticks, 50)
  t.equal(updates, 20)
  t.equal(server.isRunning, true)
})

t.test('options reach server and clients', async (t) => {
  const { server, clients } = await simulate({
    seed: 1,
    messages,
    clients: 1,
    serverOptions: { timeoutMs: 5000 },
    clientOptions: { timeoutMs: 3000 },
  })
  t.equal(server.timeout, 5000)
  t.equal(clients[0]!.timeout, 3000)
  t.type(clients[0], Client)
})

t.test('until() asks its condition once a step, and not again when it was true', async (t) => {
  const { until } = await simulate({ seed: 1, messages, clients: 0 })
  const answers = [false, false, true]
  await until(() => answers.shift() ?? false)
  t.equal(answers.length, 0)
})
