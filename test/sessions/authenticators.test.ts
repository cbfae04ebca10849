// Who gets in by which scheme, and what the game then knows of it.
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import t from 'tap'
import {
  type Authenticator,
  anyone,
  createConnectToken,
  type Identity,
  Server,
  type ServerOptions,
  sharedSecret,
  type Transport,
  tokenData,
} from '../../lib/index.js'
import { simulate } from '../../lib/simulator/index.js'
import { messages } from '../endpoint/messages.js'
import { World } from '../endpoint/world.js'
import { logIn, openServer, refusalOf } from './log-in.js'

const SECRET = 'the word of the day'
const privateKey = Uint8Array.from({ length: 32 }, (_, i) => i + 1)

t.test('without the option auth nobody has an identity, and everyone is a player', async (t) => {
  const world = new World()
  const { server } = await openServer(world, {})
  const asked: unknown[] = []
  server.on('OnConnectRequest', ({ identity, role }) => asked.push([identity, role]))
  await logIn(world, { auth: { scheme: 'secret', claim: 'whatever' } })
  const [peer] = server.peers
  t.equal(peer!.identity, undefined)
  t.equal(peer!.role, 'player')
  t.strictSame(asked, [[undefined, 'player']])
  t.equal(server.getPeerByIdentity('ada'), undefined)
})

t.test('a shared secret lets in who knows it, as text or bytes, under an identity of its own', async (t) => {
  const world = new World()
  const { server } = await openServer(world, { auth: [sharedSecret(SECRET)] })
  await logIn(world, { auth: { scheme: 'secret', claim: SECRET } })
  await logIn(world, { auth: { scheme: 'secret', claim: new TextEncoder().encode(SECRET) } })
  const ids = Array.from(server.peers, (peer) => peer.identity!.id)
  t.equal(new Set(ids).size, 2)
  for (const id of ids) t.match(id, /^[0-9a-f]{32}$/)
  t.ok(server.getPeerByIdentity(ids[0]!) === [...server.peers][0])
})

t.test('who does not know the secret, or says no claim of that form, is refused', async (t) => {
  const world = new World()
  const { server } = await openServer(world, { auth: [sharedSecret(SECRET)] })
  for (const claim of [
    '',
    'the word',
    `${SECRET} `,
    SECRET.toUpperCase(),
    new Uint8Array(19),
    7,
    null,
    [SECRET],
    { secret: SECRET },
    undefined,
  ]) {
    t.equal(await refusalOf(world, { auth: { scheme: 'secret', claim } }), 'auth-failed', String(claim))
  }
  t.equal(server.peerCount, 0)
})

t.test('a scheme that the server has not, or none where all need a claim, is refused', async (t) => {
  const world = new World()
  await openServer(world, { auth: [sharedSecret(SECRET)] })
  t.equal(await refusalOf(world, {}), 'auth-failed')
  t.equal(await refusalOf(world, { auth: { scheme: 'jwt', claim: SECRET } }), 'auth-failed')
  t.equal(await refusalOf(world, { auth: { scheme: 'none' } }), 'auth-failed')
})

t.test('several secrets give several roles, and whoever knows none may watch', async (t) => {
  const world = new World()
  const auth = [
    sharedSecret(SECRET),
    sharedSecret('the referee', { scheme: 'referee', role: 'admin', id: 'referee' }),
    anyone({ role: 'observer' }),
  ]
  const { server } = await openServer(world, { auth })
  const asked: string[] = []
  server.on('OnConnectRequest', ({ name, role, identity }) => {
    t.equal(identity?.role, role)
    asked.push(`${name} ${role}`)
  })
  await logIn(world, { name: 'ada', auth: { scheme: 'secret', claim: SECRET } })
  await logIn(world, { name: 'bob', auth: { scheme: 'referee', claim: 'the referee' } })
  await logIn(world, { name: 'eve' })
  await logIn(world, { name: 'fay', auth: { scheme: 'none' } })
  t.equal(await refusalOf(world, { name: 'mallory', auth: { scheme: 'referee', claim: SECRET } }), 'auth-failed')
  t.strictSame(asked, ['ada player', 'bob admin', 'eve observer', 'fay observer'])
  t.strictSame(
    Array.from(server.peers, ({ name, role }) => `${name} ${role}`),
    asked,
  )
  t.equal(server.getPeerByIdentity('referee')?.name, 'bob')
})

t.test('the secret is compared in constant time, whatever its length', async (t) => {
  const { timingSafeEqual } = crypto
  const compared: number[][] = []
  crypto.timingSafeEqual = (a, b) => {
    compared.push([a.byteLength, b.byteLength])
    return timingSafeEqual(a, b)
  }
  syncBuiltinESMExports()
  t.teardown(() => {
    crypto.timingSafeEqual = timingSafeEqual
    syncBuiltinESMExports()
  })
  const authenticator = sharedSecret(SECRET)
  const claimant = { sessionId: 'x' } as Parameters<Authenticator['authenticate']>[1]
  const { signal } = new AbortController()
  for (const claim of ['', 'x', SECRET, 'y'.repeat(4000)])
    t.equal(authenticator.authenticate(claim, claimant, signal) !== undefined, claim === SECRET)
  t.strictSame(
    compared,
    [0, 1, 2, 3].map(() => [32, 32]),
    'hashes of equal length are compared',
  )
})

t.test('the secret is copied: what is done to its bytes later changes nothing', async (t) => {
  const world = new World()
  const secret = new TextEncoder().encode(SECRET)
  await openServer(world, { auth: [sharedSecret(secret)] })
  secret.fill(0)
  t.equal(await refusalOf(world, { auth: { scheme: 'secret', claim: new Uint8Array(secret.length) } }), 'auth-failed')
  await logIn(world, { auth: { scheme: 'secret', claim: SECRET } })
})

t.test('nobody gets the identity of another by taking its name, its client id or the id itself', async (t) => {
  const world = new World()
  const { server } = await openServer(world, { auth: [anyone()] })
  const ada = await logIn(world, { name: 'ada' })
  const { id } = [...server.peers][0]!.identity!
  await logIn(world, { name: 'ada', auth: { scheme: 'none', claim: id } })
  await logIn(world, { name: id, auth: { scheme: 'none', claim: { id, role: 'admin' } } })
  t.equal(ada.connected, true)
  t.equal(new Set(Array.from(server.peers, ({ identity }) => identity!.id)).size, 3)
  t.ok(Array.from(server.peers).every(({ role }) => role === 'player'))
})

t.test('in token mode the connect token alone may say who it is', async (t) => {
  const world = new World({ unixSeconds: Math.floor(Date.now() / 1000) })
  const verify = async (bytes: Uint8Array, { clientId, isTokenMode }: { clientId: bigint; isTokenMode: boolean }) =>
    bytes[0] === 0 ? undefined : ({ id: `account ${clientId}`, role: bytes[0] === 2 ? 'admin' : 'player', data: { isTokenMode } } as const)
  const { server } = await openServer(world, { privateKey, auth: [tokenData(verify)] })
  const tokenOf = (clientId: bigint, byte: number): Uint8Array =>
    createConnectToken({ game: 'tickwire', privateKey, addresses: ['10.0.0.1:9000'], clientId, tokenData: Uint8Array.of(byte) })
  await logIn(world, { token: tokenOf(7n, 2) })
  await logIn(world, { token: tokenOf(8n, 1), auth: { scheme: 'token' } })
  t.equal(await refusalOf(world, { token: tokenOf(9n, 0) }), 'auth-failed')
  t.match(
    Array.from(server.peers, ({ identity }) => identity),
    [
      { id: 'account 7', role: 'admin', data: { isTokenMode: true } },
      { id: 'account 8', role: 'player' },
    ],
  )
  t.equal(server.getPeerByIdentity('account 8')?.clientId, 8n)
})

t.test('an authenticator of the game sees who comes, and decides when it likes', async (t) => {
  const world = new World()
  const seen: unknown[] = []
  const accounts: Authenticator = {
    scheme: 'session',
    authenticate: async (claim, { name, data, address, isTokenMode, sessionId, unixSeconds }) => {
      seen.push([claim, name, data, address.host, isTokenMode, sessionId.length, unixSeconds === world.clock.unixSeconds()])
      await new Promise<void>((resolve) => world.clock.setTimer(500, () => resolve()))
      return { id: 'ada', data: { gold: 3 } }
    },
  }
  const { server } = await openServer(world, { auth: [accounts] })
  const client = await logIn(world, { name: 'Ada', auth: { scheme: 'session', claim: { key: [1, 2n], more: null } } })
  t.match(seen, [[{ key: [1, 2], more: null }, 'Ada', undefined, /^10\./, false, 32, true]])
  t.strictSame(server.getPeerByIdentity('ada')?.identity, { id: 'ada', role: 'player', data: { gold: 3 } })
  await world.settle(client.disconnect())
  await world.step(100)
  t.equal(server.getPeerByIdentity('ada'), undefined)
})

t.test('a function gives the claim anew for each connection; where it fails connect() rejects with BAD_AUTH', async (t) => {
  const world = new World()
  const claims: unknown[] = []
  const { server } = await openServer(world, { auth: [{ scheme: 's', authenticate: (claim) => ({ id: String(claims.push(claim)) }) }] })
  let fetched = 0
  const auth = async (): Promise<{ scheme: string; claim: number }> => ({ scheme: 's', claim: ++fetched })
  for (let i = 0; i < 2; i++) await world.settle((await logIn(world, { auth })).disconnect())
  t.strictSame(claims, [1, 2])
  const cause = new Error('503')
  const client = world.makeClient()
  const error = await world.failure(client.connect({ host: '10.0.0.1', port: 9000, auth: () => Promise.reject(cause) }))
  t.match(error, { code: 'BAD_AUTH', message: /503/, cause })
  t.equal(client.errored, true)
  t.equal(await refusalOf(world, { auth: async () => 'text' as never }), 'BAD_AUTH')
  t.equal(server.peerCount, 0)
})

t.test('a claim that cannot travel throws at the call, and the error does not show it', async (t) => {
  const client = new World().makeClient()
  const cases: unknown[] = [
    'hunter2',
    { claim: 'hunter2' },
    { scheme: '', claim: 'hunter2' },
    { scheme: 's', claim: `hunter2\ud800` },
    { scheme: 's', claim: 'hunter2'.repeat(600) },
    { scheme: 's', claim: { hunter2: () => {} } },
    { scheme: 's', claim: new Map([['hunter2', 1]]) },
    7,
  ]
  for (const auth of cases) {
    try {
      void client.connect({ host: '10.0.0.1', port: 9000, auth: auth as never })
      t.fail(`${auth} was taken`)
    } catch (error) {
      t.match(error, { code: 'BAD_AUTH', message: /"auth" expected/ })
      t.notMatch(String((error as Error).stack), 'hunter2')
    }
  }
  t.equal(client.disconnected, true)
})

t.test('misuse of the options throws at the call, with a code and what was expected, and without secrets', async (t) => {
  const make = (options: object) => () => new Server({ messages, ...options })
  const one: Authenticator = { scheme: 's', authenticate: () => undefined }
  t.throws(make({ auth: [] }), { code: 'BAD_OPTION', message: /"auth" expected authenticators such as/ })
  t.throws(make({ auth: one }), { code: 'BAD_OPTION' })
  t.throws(make({ auth: [{ scheme: '' }] }), { code: 'BAD_OPTION', message: /\{ scheme, authenticate \}/ })
  t.throws(make({ auth: [undefined] }), { code: 'BAD_OPTION' })
  t.throws(make({ auth: [one, one] }), { code: 'BAD_OPTION', message: /one authenticator a scheme, got two of "s"/ })
  t.throws(make({ auth: [tokenData(() => undefined)] }), { code: 'BAD_OPTION', message: /privateKey/ })
  t.throws(make({ duplicateLogin: 'reject' }), { code: 'BAD_OPTION', message: /"auth" beside it/ })
  t.throws(make({ auth: [one], duplicateLogin: 'kick' }), { code: 'BAD_OPTION', message: /'replace', 'reject' or 'allow', got "kick"/ })
  for (const wrong of ['', new Uint8Array(0), undefined, 7]) t.throws(() => sharedSecret(wrong as string), { code: 'BAD_OPTION' })
  t.throws(() => sharedSecret('s', { role: 'king' as 'admin' }), { code: 'BAD_OPTION', message: /"role" expected/ })
  t.throws(() => sharedSecret('s', { id: '' }), { code: 'BAD_OPTION' })
  t.throws(() => anyone({ role: 'king' as 'admin' }), { code: 'BAD_OPTION' })
  t.throws(() => tokenData(undefined as never), { code: 'BAD_OPTION' })
})

t.test('what is no identity is taken for none, and the server hears of it', async (t) => {
  const world = new World()
  const given: unknown[] = [{}, { id: '' }, { id: 7 }, { id: 'ada', role: 'king' }, 'ada', true, null]
  let next = 0
  const { server } = await openServer(world, { auth: [{ scheme: 's', authenticate: () => given[next++] as Identity }] })
  const errors: string[] = []
  server.on('OnError', ({ error }) => errors.push(`${error.code} ${error.message}`))
  for (let i = 0; i < given.length; i++) {
    t.equal(await refusalOf(world, { auth: { scheme: 's' } }), 'auth-failed')
  }
  t.equal(errors.length, given.length)
  for (const error of errors) t.match(error, "HANDLER the authenticator of the scheme 's' failed: it gave no identity")
})

t.test('an authenticator that cannot work keeps the server from listening, and says why', async (t) => {
  const world = new World()
  const auth = [{ scheme: 's', authenticate: () => undefined, prepare: () => Promise.reject(new Error('no such table')) }]
  const server = world.makeServer({ auth })
  t.match(await world.failure(server.listen({ port: 9000 })), { code: 'BAD_OPTION', message: /no such table/ })
  t.equal(server.state, Server.DISCONNECTED)
})

t.test('claims in open mode are warned of once, where others may see the packets', async (t) => {
  const warnings: string[] = []
  const { warn } = console
  console.warn = (text: string) => warnings.push(text)
  t.teardown(() => {
    console.warn = warn
  })
  const listen = async (host: string, options: Partial<ServerOptions>): Promise<void> => {
    const transport = Object.assign(Object.create(new World().network.transport()) as Transport, {
      kind: 'test',
      open: async () => ({ host, port: 9000, family: 'ipv4' as const }),
      receive: () => undefined,
    })
    const server = new World().makeServer({ transport, ...options })
    await server.listen({ host, port: 9000 })
  }
  await listen('192.168.1.5', { auth: [sharedSecret(SECRET)], privateKey })
  await listen('192.168.1.5', { auth: [anyone()] })
  await listen('127.0.0.1', { auth: [sharedSecret(SECRET)] })
  t.strictSame(warnings, [])
  await listen('192.168.1.5', { auth: [anyone(), sharedSecret(SECRET)] })
  t.equal(warnings.length, 1)
  t.match(warnings[0], /clients log in to a server in open mode, where whoever sees the packets can read what they claim/)
})

t.test('simulated clients log in too', async (t) => {
  const { server } = await simulate({
    seed: 1,
    messages,
    clients: 2,
    connect: (index) => ({ name: `player ${index}`, auth: { scheme: 'secret', claim: SECRET } }),
    serverOptions: { auth: [sharedSecret(SECRET, { role: 'observer' })] },
  })
  t.strictSame(
    Array.from(server.peers, ({ name, role }) => `${name} ${role}`),
    ['player 0 observer', 'player 1 observer'],
  )
})
