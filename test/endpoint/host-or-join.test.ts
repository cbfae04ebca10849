// hostOrJoin in simulated time: several players on one simulated LAN. With real sockets: host-or-join-udp.test.ts.
import t from 'tap'
import {
  discover,
  type FoundServer,
  type HostedOrJoined,
  type HostOrJoinOptions,
  hostOrJoin,
  MessageFactory,
  type Server,
  string,
} from '../../lib/index.js'
import type { Transport } from '../../lib/io/transport.js'
import { delay, loss, seededEntropy } from '../../lib/simulator/index.js'
import { DISCOVERY_PORT } from '../../lib/wire/limits.js'
import { Chat, messages } from './messages.js'
import { PORT, World } from './world.js'

/** A LAN on which transports are counted, so that what is left open shows. */
class Lan extends World {
  readonly transports: Transport[] = []
  #players = 0

  options(name: string, more: Partial<HostOrJoinOptions<undefined>> = {}): HostOrJoinOptions<undefined> {
    const entropy = seededEntropy(1000 + this.#players++)
    const transport = (): Transport => {
      const made = this.network.transport()
      this.transports.push(made)
      return made
    }
    return { messages, game: 'arena', name, clock: this.clock, entropy, transport, addresses: ['255.255.255.255'], ...more }
  }

  /** A player who came in is updated from then on. */
  play(name: string, more: Partial<HostOrJoinOptions<undefined>> = {}): Promise<HostedOrJoined<undefined>> {
    const played = hostOrJoin(this.options(name, more)).then((result) => {
      this.add(result.client)
      return result
    })
    played.catch(() => {})
    return played
  }

  async find(): Promise<FoundServer[]> {
    const found: FoundServer[] = []
    const done = (async () => {
      const transport = this.network.transport()
      for await (const server of discover({ transport, clock: this.clock, addresses: ['255.255.255.255'] })) found.push(server)
    })()
    await this.settle(done)
    return found
  }

  /** How many of the transports that hostOrJoin was given are open. */
  async countOpen(): Promise<number> {
    let open = 0
    for (const transport of this.transports) {
      try {
        await transport.open({ maxInboxDatagrams: 1, socketBufferBytes: 1 })
        await transport.close()
      } catch {
        open++
      }
    }
    return open
  }
}

function namesAt(server: Server): string[] {
  return Array.from(server.peers, ({ name }) => name).sort()
}

t.test('who finds no game becomes its host, in it himself; who comes later joins', async (t) => {
  const lan = new Lan({ network: [delay(2)] })
  const setUp: Server[] = []
  const first = await lan.settle(lan.play('ada', { setUp: (server) => setUp.push(server), info: { map: 'forest' } }))
  t.equal(first.isHost, true)
  t.strictSame(setUp, [first.server])
  t.strictSame(namesAt(first.server!), ['ada'])
  t.match(await lan.find(), [{ name: 'ada’s game', game: 'arena', players: 1, info: { map: 'forest' } }])

  const start = lan.clock.now()
  const second = await lan.settle(lan.play('bob'))
  t.ok(lan.clock.now() - start < 200, `joined ${lan.clock.now() - start} ms after asking: a found game ends the search`)
  t.equal(second.isHost, false)
  t.equal(second.server, undefined)
  t.strictSame(namesAt(first.server!), ['ada', 'bob'])

  first.server!.onMessage(Chat, (chat) => first.server!.sendToAll(Chat, chat))
  const heard: string[] = []
  for (const { client } of [first, second]) client.onMessage(Chat, ({ text }) => heard.push(text))
  second.client.send(Chat, { text: 'hi' })
  await lan.until(() => heard.length === 2)

  await lan.settle(second.client.close())
  await lan.settle(first.client.close())
  await lan.settle(first.server!.close())
  t.equal(await lan.countOpen(), 0)
})

t.test('of three at once one becomes the host and two join it', async (t) => {
  for (let seed = 1; seed <= 3; seed++) {
    const lan = new Lan({ seed, network: [delay(3, 2)] })
    const all = await lan.settle(Promise.all([lan.play('ada'), lan.play('bob'), lan.play('cyd')]))
    const hosts = all.filter(({ isHost }) => isHost)
    t.equal(hosts.length, 1, `seed ${seed}`)
    t.strictSame(namesAt(hosts[0]!.server!), ['ada', 'bob', 'cyd'])
    t.equal((await lan.find()).length, 1, 'those that gave way are not found')
  }
})

t.test('however far apart they begin, with lost datagrams: one host', async (t) => {
  for (let seed = 1; seed <= 8; seed++) {
    const lan = new Lan({ seed, network: [delay(5, 3), loss(0.05)] })
    const playing: Promise<HostedOrJoined<undefined>>[] = []
    for (const name of ['ada', 'bob', 'cyd']) {
      playing.push(lan.play(name, { timeoutMs: 300 }))
      await lan.step(seed * 90) // 90 to 720 ms: within the search of the first, while it settles, and after
    }
    const all = await lan.settle(Promise.all(playing))
    t.equal(all.filter(({ isHost }) => isHost).length, 1, `seed ${seed}`)
  }
})

t.test('hosts with slow loops hear of each other too', async (t) => {
  const lan = new Lan({ network: [delay(3)] })
  const all = await lan.settle(Promise.all([lan.play('ada', { hz: 2 }), lan.play('bob', { hz: 2 })]))
  t.equal(all.filter(({ isHost }) => isHost).length, 1)
})

t.test('full servers, servers in token mode, of another game or with other messages are passed over', async (t) => {
  const lan = new Lan()
  const others = [
    lan.makeServer({ game: 'arena', maxPeers: 1 }),
    lan.makeServer({ game: 'arena', privateKey: new Uint8Array(32).fill(7) }),
    lan.makeServer({ game: 'chess' }),
  ]
  const otherMessages = new MessageFactory()
  otherMessages.define('Hi', { text: string(8) })
  others.push(lan.makeServer({ game: 'arena', messages: otherMessages }))
  for (const [i, server] of others.entries()) {
    const { host } = await lan.settle(server.listen({ host: `10.0.0.${i + 1}`, port: PORT }))
    await lan.settle(server.advertise({ name: `${i}`, transport: lan.network.transport(host) }))
  }
  await lan.settle(lan.makeClient({ game: 'arena' }).connect({ host: others[0]!.address!.host, port: PORT, name: 'only' }))
  const { isHost } = await lan.settle(lan.play('ada'))
  t.equal(isHost, true)
  t.strictSame(namesAt(others[0]!), ['only'])
  t.equal((await lan.find()).length, 5)
})

t.test('a server that lets this player not in is passed over, and its client closed', async (t) => {
  const lan = new Lan()
  const closedShop = lan.makeServer({ game: 'arena' })
  closedShop.on('OnConnectRequest', (request) => request.reject('banned'))
  const { host } = await lan.settle(closedShop.listen({ port: PORT }))
  await lan.settle(closedShop.advertise({ name: 'club', transport: lan.network.transport(host) }))
  const { isHost, client, server } = await lan.settle(lan.play('ada'))
  t.equal(isHost, true)
  await lan.settle(client.close())
  await lan.settle(server!.close())
  t.equal(await lan.countOpen(), 0, 'nothing is left of the attempt')
})

t.test('a host that dies between its answer and the connection is passed over', async (t) => {
  const lan = new Lan({ network: [delay(20)] })
  const dying = lan.makeServer({ game: 'arena' })
  const transport = dying as unknown as { transport: Transport }
  const { host } = await lan.settle(dying.listen({ port: PORT }))
  const query = lan.network.transport(host)
  await lan.settle(dying.advertise({ name: 'brief', transport: query }))
  lan.network.onDatagram = (outcome, { from }) => {
    if (outcome !== 'sent' || from.port !== DISCOVERY_PORT || from.host !== host) return
    lan.remove(dying)
    void transport.transport.close() // as a process that was killed: nobody is told, the port is closed
    void query.close()
  }
  const { isHost, client, server } = await lan.settle(lan.play('ada'))
  t.equal(isHost, true)
  await lan.settle(client.close())
  await lan.settle(server!.close())
  t.equal(await lan.countOpen(), 0)
})

t.test('when the host goes, who was in can call it again, and one is the next host', async (t) => {
  const lan = new Lan({ network: [delay(2)] })
  const first = await lan.settle(lan.play('ada'))
  const others = [await lan.settle(lan.play('bob')), await lan.settle(lan.play('cyd'))]
  await lan.settle(first.client.close())
  await lan.settle(first.server!.close('good night'))
  await lan.until(() => others.every(({ client }) => !client.connected))
  const again = await lan.settle(Promise.all([lan.play('bob'), lan.play('cyd')]))
  t.equal(again.filter(({ isHost }) => isHost).length, 1)
})

t.test('with one port given, on one machine, the second that settles finds it taken and joins the first', async (t) => {
  const lan = new Lan()
  const onOneHost = (): Transport => lan.network.transport('10.8.0.1')
  const all = await lan.settle(
    Promise.all(['ada', 'bob', 'cyd'].map((name) => lan.play(name, { port: PORT, transport: onOneHost, timeoutMs: 200 }))),
  )
  t.equal(all.filter(({ isHost }) => isHost).length, 1)
})

t.test('a port that another program has is told after a few searches, with the system’s error', async (t) => {
  const lan = new Lan()
  const program = lan.network.transport('10.8.0.1')
  await program.open({ port: PORT, maxInboxDatagrams: 1, socketBufferBytes: 1 })
  const error = await lan.failure(lan.play('ada', { port: PORT, transport: () => lan.network.transport('10.8.0.1') }))
  t.match(error, { code: 'SOCKET', message: /EADDRINUSE/ })
})

t.test('the signal ends it at any moment with its reason, and nothing is left open', async (t) => {
  const reason = new Error('changed my mind')
  // Every moment of becoming host: 200 ms of search, 400 of settling, then connecting.
  for (let after = 0; after <= 720; after += 48) {
    const lan = new Lan({ network: [delay(20)] })
    const controller = new AbortController()
    const played = lan.play('ada', { signal: controller.signal, timeoutMs: 200 })
    await lan.step(after)
    controller.abort(reason)
    const start = lan.clock.now()
    const outcome = await lan.settle(played).then(
      () => 'in',
      (error: Error) => error,
    )
    if (outcome === 'in') {
      t.ok(after > 600, `was in after ${after} ms`)
      continue
    }
    t.equal(outcome, reason, `after ${after} ms`)
    t.ok(lan.clock.now() - start < 1100, `${lan.clock.now() - start} ms to clean up`)
    if ((await lan.countOpen()) !== 0) t.fail(`something is open after ${after} ms`)
  }
})

t.test('the signal ends an attempt to join', async (t) => {
  const lan = new Lan({ network: [delay(20)] })
  const slow = lan.makeServer({ game: 'arena' })
  slow.on('OnConnectRequest', () => new Promise<void>(() => {})) // it never decides
  const { host } = await lan.settle(slow.listen({ port: PORT }))
  await lan.settle(slow.advertise({ name: 'slow', transport: lan.network.transport(host) }))
  const controller = new AbortController()
  const played = lan.play('ada', { signal: controller.signal })
  await lan.step(500)
  controller.abort(new Error('enough'))
  await t.rejects(lan.settle(played), { message: 'enough' })
  t.equal(await lan.countOpen(), 0)
  await t.rejects(hostOrJoin(lan.options('bob', { signal: AbortSignal.abort(new Error('before')) })), { message: 'before' })
})

t.test('what the options get wrong is told at once, whoever would have noticed it', async (t) => {
  const lan = new Lan()
  const wrong: readonly [object, RegExp][] = [
    [{ messages: {} }, /"messages" expected a MessageFactory/],
    [{ name: 7 }, /"name" expected a string/],
    [{ name: 'x'.repeat(129) }, /"name" expected at most 128/],
    [{ game: '' }, /"game" expected a name/],
    [{ game: 'g'.repeat(65) }, /"game" expected at most 64/],
    [{ data: 'x'.repeat(20_000) }, /"data" expected at most 16384/],
    [{ info: 'x'.repeat(300) }, /"info" expected at most 256/],
    [{ info: () => {} }, /"info" expected data/],
    [{ serverName: 'x'.repeat(65) }, /"serverName" expected at most 64/],
    [{ serverName: 'a\tb' }, /"serverName" expected text without control/],
    [{ timeoutMs: 0 }, /"timeoutMs" expected 1 to/],
    [{ hz: 0 }, /"hz" expected 1 to/],
    [{ maxPeers: 0 }, /"maxPeers"/],
    [{ interfaces: 'eth0' }, /"interfaces"/],
  ]
  for (const [options, message] of wrong) {
    const error = await hostOrJoin(lan.options('ada', options)).catch((e: unknown) => e)
    t.match(error, { code: 'BAD_OPTION', message })
  }
  await t.rejects(hostOrJoin(lan.options('ada', { port: 70_000 })), { code: 'BAD_PORT' })
  t.equal(lan.network.counters.sent, 0, 'nothing was searched for')
})

t.test('what setUp throws, and a host that refuses its own player, end it with nothing left open', async (t) => {
  const lan = new Lan()
  const failing = lan.play('ada', {
    setUp: () => {
      throw new Error('no map')
    },
  })
  await t.rejects(lan.settle(failing), { message: 'no map' })
  const refusing = lan.play('ada', { setUp: (server) => void server.on('OnConnectRequest', (request) => request.reject('nobody')) })
  t.match(await lan.failure(refusing), { code: 'REJECTED', detail: 'nobody' })
  t.equal(await lan.countOpen(), 0)
})

t.test('the game’s name in lists comes from the player’s, cut to what fits and can be printed', async (t) => {
  for (const [name, listed] of [
    ['ada', 'ada’s game'],
    ['', 'A game'],
    ['a\u001b[31mda', 'a[31mda’s game'],
    ['é'.repeat(60), `${'é'.repeat(27)}’s game`],
  ] as const) {
    const lan = new Lan()
    const { server } = await lan.settle(lan.play(name, { timeoutMs: 100 }))
    t.equal((await lan.find())[0]!.name, listed)
    t.strictSame(namesAt(server!), [name])
  }
})
