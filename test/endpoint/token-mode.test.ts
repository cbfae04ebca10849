// Token mode: nobody comes in without a connect token of the backend.
import t from 'tap'
import { type Client, createConnectToken, Server } from '../../lib/index.js'
import { Num } from './messages.js'
import { journalOfClient, journalOfServer, PORT, World } from './world.js'

const privateKey = Uint8Array.from({ length: 32 }, (_, i) => i + 1)

/** createConnectToken takes the system's clock, so the simulated one starts there. */
function tokenWorld(): World {
  return new World({ unixSeconds: Math.floor(Date.now() / 1000) })
}

async function tokenServer(world: World, options: { publicAddresses?: string[] } = {}): Promise<{ server: Server; address: string }> {
  const server = world.makeServer({ privateKey, ...options })
  const { host } = await world.settle(server.listen({ host: '10.0.0.1', port: PORT }))
  return { server, address: `${host}:${PORT}` }
}

t.test('a token opens one session: the peer has its client id and data', async (t) => {
  const world = tokenWorld()
  const { server, address } = await tokenServer(world)
  const tokenData = new TextEncoder().encode('account 42')
  const token = createConnectToken({ game: 'tickwire', privateKey, addresses: [address], clientId: 42n, tokenData })
  const client = world.makeClient()
  await world.settle(client.connect({ token, name: 'ada' }))
  const [peer] = [...server.peers]
  t.equal(peer?.clientId, 42n)
  t.equal(peer?.name, 'ada')
  t.strictSame(peer?.tokenData.slice(0, 10), tokenData)
  t.equal(peer?.tokenData.length, 256)
  await world.settle(client.disconnect())
  const error = await world.failure(world.makeClient({ timeoutMs: 1500 }).connect({ token }))
  t.equal(error.code, 'TIMEOUT', 'used a second time it opens nothing')
  t.match(error.message, /used before/)
  t.ok(server.netcodeCounters!.consumedToken! > 0)
})

t.test('a function may fetch the token; where it fails connect() rejects with BAD_TOKEN and the cause', async (t) => {
  const world = tokenWorld()
  const { address } = await tokenServer(world)
  const client = world.makeClient()
  const fetched = async (): Promise<Uint8Array> => {
    await new Promise<void>((resolve) => world.clock.setTimer(200, resolve))
    return createConnectToken({ game: 'tickwire', privateKey, addresses: [address], clientId: 1n })
  }
  await world.settle(client.connect({ token: fetched }))
  t.equal(client.connected, true)
  await world.settle(client.disconnect())
  const cause = new Error('503')
  const failing = await world.failure(client.connect({ token: () => Promise.reject(cause) }))
  t.match(failing, { code: 'BAD_TOKEN', message: /503/ })
  t.equal(failing.cause, cause)
  t.equal(client.errored, true)
  for (const wrong of [new Uint8Array(2048), new Uint8Array(5), 'text', undefined]) {
    t.equal((await world.failure(client.connect({ token: async () => wrong as Uint8Array }))).code, 'BAD_TOKEN')
  }
  await world.settle(client.connect({ token: fetched }))
  t.equal(client.connected, true, 'and it connects again after that')
})

t.test('a token of another key, for another address or game is not answered; the server counts why', async (t) => {
  const world = tokenWorld()
  const { server, address } = await tokenServer(world)
  const fail = async (token: Uint8Array): Promise<string> =>
    (await world.failure(world.makeClient({ timeoutMs: 1000 }).connect({ token }))).code
  const other = new Uint8Array(32).fill(9)
  t.equal(await fail(createConnectToken({ game: 'tickwire', privateKey: other, addresses: [address], clientId: 1n })), 'TIMEOUT')
  t.ok(server.netcodeCounters!.badToken! > 0)
  t.equal(await fail(createConnectToken({ game: 'chess', privateKey, addresses: [address], clientId: 1n })), 'TIMEOUT')
  t.ok(server.netcodeCounters!.wrongProtocol! > 0)
  const open = await world.failure(world.makeClient({ timeoutMs: 1000 }).connect({ host: '10.0.0.1', port: PORT }))
  t.equal(open.code, 'TIMEOUT', 'nor a client without a token')
  t.equal(server.peerCount, 0)
})

t.test('publicAddresses are what a token must name', async (t) => {
  const world = tokenWorld()
  const { server, address } = await tokenServer(world, { publicAddresses: ['203.0.113.7:9000', '10.0.0.1:9000'] })
  await world.settle(
    world.makeClient().connect({ token: createConnectToken({ game: 'tickwire', privateKey, addresses: [address], clientId: 1n }) }),
  )
  t.equal(server.peerCount, 1)
  const elsewhere = tokenWorld()
  const strict = await tokenServer(elsewhere, { publicAddresses: ['203.0.113.7:9000'] })
  const token = createConnectToken({ game: 'tickwire', privateKey, addresses: [address], clientId: 1n })
  t.equal((await elsewhere.failure(elsewhere.makeClient({ timeoutMs: 1000 }).connect({ token }))).code, 'TIMEOUT')
  t.ok(strict.server.netcodeCounters!.wrongAddress! > 0)
})

t.test('an expired token is refused before anything is sent', async (t) => {
  const world = tokenWorld()
  const { address } = await tokenServer(world)
  const token = createConnectToken({ game: 'tickwire', privateKey, addresses: [address], clientId: 1n, expiresInSeconds: 5 })
  await world.step(6000)
  const error = await world.failure(world.makeClient().connect({ token }))
  t.match(error, { code: 'TOKEN_EXPIRED', message: /get a new one/ })
})

t.test('a token that expires while nobody answers says TOKEN_EXPIRED', async (t) => {
  const world = tokenWorld()
  await tokenServer(world)
  const token = createConnectToken({ game: 'tickwire', privateKey, addresses: ['10.9.9.9:1'], clientId: 1n, expiresInSeconds: 3 })
  t.equal((await world.failure(world.makeClient().connect({ token }))).code, 'TOKEN_EXPIRED')
})

t.test('listening on a wildcard without publicAddresses throws and says why', async (t) => {
  for (const host of [undefined, '0.0.0.0', '::']) {
    const server = new World().makeServer({ privateKey })
    t.throws(() => server.listen({ ...(host === undefined ? {} : { host }), port: PORT }), {
      code: 'BAD_OPTION',
      message: /token was made for it: give the option publicAddresses/,
    })
    t.equal(server.state, Server.DISCONNECTED)
  }
})

t.test('a fresh token of the same client id takes over: the old peer ends as replaced, on both sides', async (t) => {
  const world = tokenWorld()
  const { server, address } = await tokenServer(world)
  const lines = journalOfServer(server)
  const connect = async (name: string): Promise<Client> => {
    const client = world.makeClient()
    const token = createConnectToken({ game: 'tickwire', privateKey, addresses: [address], clientId: 7n })
    await world.settle(client.connect({ token, name }))
    return client
  }
  const old = await connect('old')
  const onOld = journalOfClient(old)
  const fresh = await connect('fresh')
  await world.step(2000)
  t.strictSame(lines, ['old: connect', 'old: end replaced "the same client id connected again" undefined', 'fresh: connect'])
  t.strictSame(onOld, ['end replaced "the same client id connected again" undefined'])
  t.equal(fresh.connected, true)
  t.equal(server.peerCount, 1)
  let got = 0
  server.onMessage(Num, () => got++)
  fresh.send(Num, { n: 1 })
  await world.step(100)
  t.equal(got, 1)
})

t.test('a takeover works on a full server', async (t) => {
  const world = tokenWorld()
  const server = world.makeServer({ privateKey, maxPeers: 1 })
  await world.settle(server.listen({ host: '10.0.0.1', port: PORT }))
  for (let i = 0; i < 3; i++) {
    const token = createConnectToken({ game: 'tickwire', privateKey, addresses: [`10.0.0.1:${PORT}`], clientId: 7n })
    await world.settle(world.makeClient().connect({ token }))
    t.equal(server.peerCount, 1)
  }
})

t.test('the time-out of a session is the smallest of token, server and client', async (t) => {
  const world = tokenWorld()
  const { server, address } = await tokenServer(world)
  const token = createConnectToken({ game: 'tickwire', privateKey, addresses: [address], clientId: 1n, timeoutSeconds: 4 })
  const client = world.makeClient({ timeoutMs: 7000 })
  await world.settle(client.connect({ token }))
  t.equal([...server.peers][0]!.timeout, 4000)
  t.equal(client.timeout, 4000)
})

t.test('a token with several addresses goes on to the next where one refuses or is silent', async (t) => {
  const world = tokenWorld()
  const { server, address } = await tokenServer(world)
  world.network.transport('10.0.5.5') // a host without a listener: it refuses
  const connect = async (addresses: string[]): Promise<string> => {
    const client = world.makeClient({ timeoutMs: 1000 })
    const token = createConnectToken({ game: 'tickwire', privateKey, addresses, clientId: 1n })
    try {
      await world.settle(client.connect({ token }))
      t.strictSame(client.serverAddress?.host, '10.0.0.1')
      return 'connected'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  t.equal(await connect(['10.0.5.5:80', address]), 'connected')
  t.equal(await connect(['10.8.8.8:80', address]), 'connected')
  t.equal(await connect(['10.0.5.5:80', '10.0.5.5:81', address]), 'connected')
  t.equal(await connect(['10.0.5.5:80', '10.0.5.5:81']), 'REFUSED')
  t.equal(await connect(['10.0.5.5:80', '10.8.8.8:80']), 'TIMEOUT', 'the last word has the address that was silent')
  t.equal(server.peerCount, 1)
})
