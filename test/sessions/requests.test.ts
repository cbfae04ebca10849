// Requests between servers and clients, on networks that behave.
import t from 'tap'
import { type Client, type NetworkError, type Peer, RequestError, type Server } from '../../lib/index.js'
import { delay, loss } from '../../lib/simulator/index.js'
import { Buy, Choose, Fetch, messages, openShop } from './shop.js'

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

const codesOf = (server: Server): string[] => {
  const codes: string[] = []
  server.on('OnError', ({ error }) => codes.push(error.code))
  return codes
}
const firstPeer = (server: Server): Peer => [...server.peers][0]!

t.test('a request resolves to its reply, both ways, and asynchronous responders reply in their own order', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(20)] })
  const client = clients[0]!
  const wait = (ms: number): Promise<void> => new Promise((resolve) => world.clock.setTimer(ms, resolve))
  const askers: string[] = []
  server.respond(Buy, async ({ item }, { peer }) => {
    askers.push(peer.name)
    await wait(item === 1 ? 500 : 10)
    return item === 1 ? { gold: 1 } : { gold: 2, left: 7 }
  })
  client.respond(Choose, ({ cards }) => ({ card: cards - 1 }))
  const order: number[] = []
  const first = client.request(Buy, { item: 1 }).finally(() => order.push(1))
  const second = client.request(Buy, { item: 2 }).finally(() => order.push(2))
  t.strictSame(await world.settle(firstPeer(server).request(Choose, { cards: 5 })), { card: 4 })
  t.strictSame(await world.settle(first), { gold: 1, left: undefined })
  t.strictSame(await second, { gold: 2, left: 7 })
  t.strictSame(order, [2, 1])
  t.strictSame(askers, ['client 0', 'client 0'])
})

t.test('what a handler of a message asks leaves in the same update, and so does what a responder answers at once', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(20)] })
  server.respond(Buy, () => ({ gold: 3 }))
  const askedAt = world.clock.now()
  await world.settle(clients[0]!.request(Buy, { item: 1 }))
  t.ok(world.clock.now() - askedAt <= 40 + 3 * 17, `${world.clock.now() - askedAt} ms: a round trip, and a turn of each loop`)
})

t.test('fail() rejects the asker with the code and the text, and narrows by isError', async (t) => {
  const { world, server, clients } = await openShop()
  const codes = codesOf(server)
  server.respond(Buy, ({ item }, { fail }) => (item === 1 ? fail('no-money', '5 gold are missing') : fail('sold-out')))
  const error = await world.failure(clients[0]!.request(Buy, { item: 1 }))
  t.ok(error instanceof RequestError)
  t.match(error, {
    name: 'NetworkError',
    code: 'REQUEST_FAILED',
    requestName: 'Buy',
    requestCode: 'no-money',
    detail: '5 gold are missing',
  })
  t.equal(error.message, 'Buy was refused: no-money (5 gold are missing)')
  t.ok(Buy.isError(error))
  t.notOk(Choose.isError(error), 'another request knows its own only')
  t.notOk(Buy.isError(new Error('no-money')))
  t.notOk(Buy.isError(undefined))
  t.match(await world.failure(clients[0]!.request(Buy, { item: 2 })), { requestCode: 'sold-out', detail: '' })
  t.strictSame(codes, [], 'a refusal is no failure of the responder')
})

t.test('a responder that fails is reported on its side; the asker hears that, and nothing of why', async (t) => {
  const { world, server, clients } = await openShop()
  const failures: [string, string | undefined, unknown][] = []
  server.on('OnError', ({ error, peer }) => failures.push([error.code, peer?.name, (error.cause as Error).message]))
  let how: (context: { fail(code: string, detail?: string): never }) => unknown = () => {
    throw new Error('SELECT * FROM secrets')
  }
  server.respond(Buy, (_, context) => how(context as never) as never)
  const ask = (): Promise<NetworkError> => world.failure(clients[0]!.request(Buy, { item: 1 }))
  const first = await ask()
  t.match(first, { code: 'HANDLER', message: 'the responder of Buy failed at the other side' })
  t.equal(first.cause, undefined)
  for (const wrong of [
    async () => {
      throw new Error('later')
    },
    () => ({ gold: -1 }),
    () => undefined,
    (context: { fail(code: string): never }) => context.fail('no-such-code'),
    (context: { fail(code: string, detail: string): never }) => context.fail('no-money', 'x'.repeat(600)),
    (context: { fail(code: string, detail: unknown): never }) => context.fail('no-money', 5),
  ]) {
    how = wrong as typeof how
    t.match(await ask(), { code: 'HANDLER' })
  }
  t.equal(failures.length, 7)
  for (const [code, name] of failures) t.strictSame([code, name], ['HANDLER', 'client 0'])
  t.match(failures[2]![2], /^Buy\.reply\.values\.gold expected an integer/)
  t.match(failures[4]![2], /"code" expected one of the errors of Buy \(no-money, sold-out\), got "no-such-code"/)
})

t.test('a request that nobody answers fails at once, and the other side warns once', async (t) => {
  const warnings = captureWarnings(t)
  const { world, clients } = await openShop()
  for (let i = 0; i < 2; i++) {
    const askedAt = world.clock.now()
    t.match(await world.failure(clients[0]!.request(Buy, { item: 1 })), { code: 'NO_RESPONDER' })
    t.ok(world.clock.now() - askedAt < 100)
  }
  t.strictSame(warnings, ['tickwire: Buy was asked, and no responder answers it: use respond(Buy, …)'])
})

t.test('a time-out rejects, aborts the responder’s signal, and drops and counts the late reply', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(20)] })
  const client = clients[0]!
  const codes = codesOf(server)
  let reason: unknown
  server.respond(
    Fetch,
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
          reject(signal.reason)
        })
      }),
  )
  const askedAt = world.clock.now()
  t.match(await world.failure(client.request(Fetch, { bytes: 1 })), { code: 'REQUEST_TIMEOUT' })
  const passed = world.clock.now() - askedAt
  t.ok(passed >= 1000 && passed < 1040, `${passed} ms: the definition's`)
  await world.step(100)
  t.match(reason, { code: 'ABORTED' })
  t.strictSame(codes, [], 'that it stops is what it was told')

  let answer: (reply: { gold: number }) => void = () => {}
  server.respond(
    Buy,
    () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  )
  const asked = client.request(Buy, { item: 1 }, { timeoutMs: 200 })
  await world.step(100)
  world.network.stages = [delay(150)]
  answer({ gold: 1 })
  t.match(await world.failure(asked), { code: 'REQUEST_TIMEOUT' })
  await world.step(400)
  t.equal(client.drops.lateReply, 1)
  t.equal(server.drops.lateReply, 1, 'the cancellation came when the answer had left')
})

t.test('the caller’s signal rejects with its reason, and aborts that of the responder', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  let isAborted = false
  let asked = 0
  server.respond(Buy, async (_, { signal }) => {
    asked++
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    isAborted = signal.aborted
    return { gold: 1 }
  })
  const abort = new AbortController()
  const promise = client.request(Buy, { item: 1 }, { signal: abort.signal })
  await world.step(50)
  abort.abort(new Error('the window was closed'))
  await t.rejects(promise, { message: 'the window was closed' })
  await world.step(50)
  t.ok(isAborted)
  t.equal(client.drops.lateReply, 0, 'no reply was sent')
  await t.rejects(client.request(Buy, { item: 1 }, { signal: abort.signal }), { message: 'the window was closed' })
  await world.step(50)
  t.equal(asked, 1, 'an aborted signal asks nothing')

  const kept = new AbortController()
  server.on('OnError', () => {})
  const answered = client.request(Buy, { item: 1 }, { signal: kept.signal, timeoutMs: 100 })
  t.match(await world.failure(answered), { code: 'REQUEST_TIMEOUT' })
  kept.abort() // after the end it changes nothing
  await world.step(50)
})

t.test('a responder asks for its signal after it was aborted, and gets one that is', async (t) => {
  const { world, server, clients } = await openShop()
  let late: AbortSignal | undefined
  server.respond(Buy, async (_, context) => {
    await new Promise<void>((resolve) => world.clock.setTimer(200, resolve))
    late = context.signal
    return { gold: 1 }
  })
  t.match(await world.failure(clients[0]!.request(Buy, { item: 1 }, { timeoutMs: 50 })), { code: 'REQUEST_TIMEOUT' })
  await world.step(300)
  t.equal(late?.aborted, true)
  t.match(late?.reason, { code: 'ABORTED' })
})

t.test('the end of the connection rejects what is asked, and aborts what is being answered, before OnDisconnect', async (t) => {
  for (const end of ['client', 'server', 'silence', 'close'] as const) {
    const { world, server, clients } = await openShop({ client: { timeoutMs: 1000 } })
    server.on('OnError', () => {})
    clients[0]!.on('OnError', () => {})
    const client = clients[0]!
    const peer = firstPeer(server)
    const journal: string[] = []
    const wait = (side: string, signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => journal.push(`${side} aborted ${(signal.reason as NetworkError).code}`))
      return new Promise(() => {})
    }
    server.respond(Buy, (_, { signal }) => wait('server', signal))
    client.respond(Choose, (_, { signal }) => wait('client', signal))
    server.on('OnDisconnect', () => journal.push('server end'))
    client.on('OnDisconnect', () => journal.push('client end'))
    const asked = [client.request(Buy, { item: 1 }), peer.request(Choose, { cards: 1 })]
    await world.step(100)
    if (end === 'client') void client.disconnect()
    else if (end === 'server') void peer.disconnect('out')
    else if (end === 'close') void server.close()
    else world.network.stages = [{ kind: 'nothing', link: () => () => [] } as never]
    for (const promise of asked)
      t.match(await world.failure(promise), { code: 'DISCONNECTED', message: /^the connection ended \([\w-]+\) before/ }, end)
    await world.until(() => journal.length === 4)
    t.strictSame(
      journal.filter((line) => line.startsWith('server')),
      ['server aborted DISCONNECTED', 'server end'],
      end,
    )
    t.strictSame(
      journal.filter((line) => line.startsWith('client')),
      ['client aborted DISCONNECTED', 'client end'],
      end,
    )
    t.match(await world.failure(peer.request(Choose, { cards: 1 })), { code: 'DISCONNECTED' })
    t.match(await world.failure(client.request(Buy, { item: 1 })), { code: 'DISCONNECTED' })
  }
})

t.test('what is asked waits while the link is cut, and is answered once when it is mended', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(20)] })
  const client = clients[0]!
  const answers: (() => void)[] = []
  server.respond(Buy, () => new Promise((resolve) => answers.push(() => resolve({ gold: 1 }))))
  client.respond(Choose, ({ cards }) => ({ card: cards }))
  const before = client.request(Buy, { item: 1 })
  await world.step(100)
  world.network.stages = [loss(1)]
  const during = [client.request(Buy, { item: 2 }), firstPeer(server).request(Choose, { cards: 4 })]
  answers[0]!() // into the void
  await world.step(4000)
  t.equal(answers.length, 1)
  world.network.stages = [delay(20)]
  t.match(await world.settle(before), { gold: 1 })
  await world.until(() => answers.length === 2)
  answers[1]!()
  t.match(await world.settle(Promise.all(during)), [{ gold: 1 }, { card: 4 }])
  t.equal(answers.length, 2)
})

t.test('a client that comes back asks anew: nothing of the last connection answers', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  const answers: ((reply: { gold: number }) => void)[] = []
  server.respond(Buy, () => new Promise((resolve) => answers.push(resolve)))
  const old = client.request(Buy, { item: 1 })
  await world.step(50)
  await world.settle(client.disconnect())
  await world.settle(client.connect({ host: server.address!.host === '::' ? '10.0.0.1' : server.address!.host, port: 9000 }))
  t.match(await world.failure(old), { code: 'DISCONNECTED' })
  const fresh = client.request(Buy, { item: 2 })
  await world.step(50)
  answers[0]!({ gold: 1 })
  await world.step(50)
  answers[1]!({ gold: 2 })
  t.match(await world.settle(fresh), { gold: 2 })
})

t.test('large requests and replies travel in fragments', async (t) => {
  const { world, server, clients } = await openShop({ network: [delay(20)] })
  server.respond(Fetch, ({ bytes }) => ({ data: new Uint8Array(bytes).fill(7) }))
  clients[0]!.respond(Fetch, ({ bytes }) => ({ data: new Uint8Array(bytes).fill(8) }))
  const both = Promise.all([clients[0]!.request(Fetch, { bytes: 100_000 }), firstPeer(server).request(Fetch, { bytes: 90_000 })])
  const [down, up] = await world.settle(both)
  t.equal(down.data.length, 100_000)
  t.equal(up.data[89_999], 8)
  const codes = codesOf(server)
  t.match(await world.failure(clients[0]!.request(Fetch, { bytes: 290_000 })), { code: 'HANDLER' }, 'a reply above maxMessageBytes')
  t.strictSame(codes, ['HANDLER'])
})

t.test('a reply that the asker does not take is a failure of the responder; a request that the peer does not take rejects', async (t) => {
  const { world, server, clients } = await openShop({ client: { maxMessageBytes: 1024 } })
  server.on('OnError', () => {})
  server.respond(Fetch, ({ bytes }) => ({ data: new Uint8Array(bytes) }))
  t.match(await world.failure(clients[0]!.request(Fetch, { bytes: 2000 })), { code: 'HANDLER' })
  t.equal((await world.settle(clients[0]!.request(Fetch, { bytes: 900 }))).data.length, 900)
})

t.test('a stall of this side moves the time-outs, as it does all deadlines', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  captureWarnings(t)
  server.respond(Buy, () => new Promise((resolve) => world.clock.setTimer(700, () => resolve({ gold: 1 }))))
  const asked = client.request(Buy, { item: 1 }, { timeoutMs: 1000 })
  await world.step(100)
  world.drive(client).isPaused = true
  await world.step(5000)
  world.drive(client).isPaused = false
  t.match(await world.settle(asked), { gold: 1 })
})

t.test('1024 requests wait on a connection, and one more is refused: by this side, and where that is broken by the other', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]!
  const answers: (() => void)[] = []
  server.respond(Buy, () => new Promise((resolve) => answers.push(() => resolve({ gold: 1 }))))
  const all = Array.from({ length: 1024 }, () => client.request(Buy, { item: 1 }, { timeoutMs: 500 }))
  t.match(await world.failure(client.request(Buy, { item: 1 })), { code: 'BUSY', message: /1024 requests wait/ })
  await world.step(600)
  t.equal(answers.length, 1024)
  const settled = await Promise.allSettled(all)
  t.ok(settled.every((result) => result.status === 'rejected' && result.reason.code === 'REQUEST_TIMEOUT'))
  // Their responders do not listen to their signals: the work goes on, and so it counts.
  t.match(await world.failure(client.request(Buy, { item: 1 })), { code: 'BUSY', message: /the other side answers 1024/ })
  for (const answer of answers) answer()
  await world.step(50)
  const next = client.request(Buy, { item: 1 })
  await world.step(50)
  answers.at(-1)!()
  t.match(await world.settle(next), { gold: 1 })
})

t.test('a responder may return whatever has a then', async (t) => {
  const { world, server, clients } = await openShop()
  const thenable = Object.fromEntries([['then', (resolve: (reply: { gold: number }) => void) => resolve({ gold: 9 })]])
  server.respond(Buy, () => thenable as never)
  t.match(await world.settle(clients[0]!.request(Buy, { item: 1 })), { gold: 9 })
})

t.test('OnMessage sees requests and replies under their names', async (t) => {
  const { world, server, clients } = await openShop()
  const seen: string[] = []
  server.on('OnMessage', ({ type }) => seen.push(`server ${type.name}`))
  clients[0]!.on('OnMessage', ({ type }) => seen.push(`client ${type.name}`))
  server.respond(Buy, () => ({ gold: 9 }))
  await world.settle(clients[0]!.request(Buy, { item: 1 }))
  t.strictSame(seen, ['server Buy', 'client Buy.reply'])
})

t.test('one responder answers a request; removed, another may', async (t) => {
  const { world, server, clients } = await openShop()
  const remove = server.respond(Buy, () => ({ gold: 1 }))
  t.throws(() => server.respond(Buy, () => ({ gold: 2 })), { code: 'ALREADY_ACTIVE' })
  remove()
  server.respond(Buy, () => ({ gold: 3 }))
  remove() // not the other's
  t.match(await world.settle(clients[0]!.request(Buy, { item: 1 })), { gold: 3 })
})

t.test('misuse throws at the call, with a code', async (t) => {
  const { world, server, clients } = await openShop()
  const client = clients[0]! as Client & Record<string, any>
  const peer = firstPeer(server) as Peer & Record<string, any>
  const thrown = (call: () => unknown, code: string, text: RegExp): void => {
    t.throws(call, { code, message: text }, String(call))
  }
  thrown(() => client.request(Buy, { item: 70_000 }), 'BAD_VALUE', /^Buy\.values\.item expected an integer/)
  thrown(() => client.request(Buy, { item: 1 }, { timeoutMs: 0 }), 'BAD_OPTION', /"timeoutMs" expected 1 to/)
  thrown(() => client.request(Buy, { item: 1 }, { signal: {} as never }), 'BAD_OPTION', /"signal" expected an AbortSignal/)
  thrown(() => client.request(Buy, { item: 1 }, 5 as never), 'BAD_OPTION', /"options" expected/)
  thrown(() => client.request('Buy' as never, {} as never), 'UNKNOWN_MESSAGE', /request\(\) expected a request of this endpoint/)
  thrown(() => client.request(Choose as never, { cards: 1 } as never), 'WRONG_DIRECTION', /from: 'server'/)
  thrown(() => peer.request(Buy as never, { item: 1 } as never), 'WRONG_DIRECTION', /from: 'client'/)
  thrown(() => client.respond(Buy as never, (() => ({ gold: 1 })) as never), 'WRONG_DIRECTION', /never asked/)
  thrown(() => server.respond(Choose as never, (() => ({ card: 1 })) as never), 'WRONG_DIRECTION', /never asked/)
  thrown(() => server.respond(Buy, 'x' as never), 'BAD_OPTION', /"handler" expected a function/)
  thrown(() => client.send(Buy as never, { item: 1 } as never), 'UNKNOWN_MESSAGE', /expected a message/)
  thrown(() => server.onMessage(Buy as never, () => {}), 'UNKNOWN_MESSAGE', /onMessage/)
  const idle = world.makeClient({ messages })
  thrown(() => idle.request(Buy, { item: 1 }), 'NOT_CONNECTED', /await connect\(\) first/)
})
