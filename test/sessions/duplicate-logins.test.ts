// One identity, two log-ins: who stays, in which order it is told, and what becomes of two that come at once.
import t from 'tap'
import type { Authenticator, DuplicateLogin } from '../../lib/index.js'
import { loss } from '../../lib/simulator/index.js'
import { Num } from '../endpoint/messages.js'
import { journalOfClient, journalOfServer, World } from '../endpoint/world.js'
import { begin, later, logIn, openServer, refusalOf } from './log-in.js'

const REPLACED = 'end replaced "the same identity logged in again" undefined'

/** Accounts whose claim is their name, and which take as long to look up as the client's name says. */
function accounts(world: World): Authenticator {
  return {
    scheme: 'account',
    authenticate: async (claim, { name }) => {
      const ms = Number(/\d+/.exec(name)?.[0] ?? 0)
      if (ms > 0) await later(world, ms)
      return { id: String(claim) }
    },
  }
}

const ada = (name: string) => ({ name, auth: { scheme: 'account', claim: 'ada' } })

async function openAccounts(world: World, duplicateLogin?: DuplicateLogin) {
  return openServer(world, { auth: [accounts(world)], ...(duplicateLogin === undefined ? {} : { duplicateLogin }) })
}

t.test('the newest log-in wins: the old one ends as replaced on both sides, before the new one is in', async (t) => {
  const world = new World()
  const { server } = await openAccounts(world)
  const lines = journalOfServer(server)
  server.onMessage(Num, ({ n }, peer) => lines.push(`${peer.name}: num ${n}`))
  const old = await logIn(world, ada('old'))
  const onOld = journalOfClient(old)
  old.send(Num, { n: 1 })
  const fresh = begin(world, ada('fresh'))
  const onFresh = journalOfClient(fresh.client)
  await world.settle(fresh.connected)
  fresh.client.send(Num, { n: 2 })
  await world.step(500)
  t.strictSame(lines, ['old: connect', 'old: num 1', `old: ${REPLACED}`, 'fresh: connect', 'fresh: num 2'])
  t.strictSame(onOld, [REPLACED])
  t.strictSame(onFresh, ['accepted'])
  t.equal(server.peerCount, 1)
  t.equal(server.getPeerByIdentity('ada')?.name, 'fresh')
  t.equal(old.errored, false)
})

t.test('who was replaced is heard no more, and is told as soon as it listens', async (t) => {
  const world = new World()
  const { server } = await openAccounts(world)
  const got: string[] = []
  server.onMessage(Num, (_num, peer) => got.push(peer.name))
  const old = await logIn(world, ada('old'))
  const lines = journalOfClient(old)
  world.drive(old).isPaused = true // it hears nothing for now, and says nothing
  old.send(Num, { n: 1 })
  await logIn(world, ada('fresh'))
  world.drive(old).isPaused = false
  await world.step(300)
  t.strictSame(got, [])
  t.strictSame(lines, [REPLACED])
  t.equal(old.connected, false)
})

t.test('reject: the second is refused as already-connected, and the first notices nothing', async (t) => {
  const world = new World()
  const { server } = await openAccounts(world, 'reject')
  const lines = journalOfServer(server)
  let asked = 0
  server.on('OnConnectRequest', () => asked++)
  const first = await logIn(world, ada('first'))
  t.equal(await refusalOf(world, ada('second')), 'already-connected')
  t.equal(asked, 1, 'the game is not asked')
  t.equal(first.connected, true)
  await logIn(world, { name: 'bob', auth: { scheme: 'account', claim: 'bob' } })
  await world.settle(first.disconnect())
  await logIn(world, ada('third'))
  t.strictSame(lines, ['first: connect', 'bob: connect', 'first: end closed "" undefined', 'third: connect'])
})

t.test('allow: both are in, the newest is found, and after it the one before', async (t) => {
  const world = new World()
  const { server } = await openAccounts(world, 'allow')
  const first = await logIn(world, ada('first'))
  const second = await logIn(world, ada('second'))
  t.equal(server.peerCount, 2)
  t.equal(server.getPeerByIdentity('ada')?.name, 'second')
  await world.settle(second.disconnect())
  await world.step(100)
  t.equal(server.getPeerByIdentity('ada')?.name, 'first')
  await world.settle(first.disconnect())
  await world.step(100)
  t.equal(server.getPeerByIdentity('ada'), undefined)
})

t.test(
  'two at the same time: one identity has one peer at every moment, and the later Hello wins, whichever authenticator is faster',
  async (t) => {
    for (const [first, second, wins] of [
      ['first 50', 'second 200', 'second 200'],
      ['first 200', 'second 50', 'second 50'],
      ['first 100', 'second 100', 'second 100'],
      ['first', 'second', 'second'],
    ] as const) {
      const world = new World()
      const { server } = await openAccounts(world)
      const lines = journalOfServer(server)
      let most = 0
      server.on('OnConnect', () => {
        most = Math.max(most, server.peerCount)
      })
      const one = begin(world, ada(first))
      await world.step(first.length - 4) // its Hello comes first
      const two = begin(world, ada(second))
      await world.step(1500)
      t.equal(most, 1)
      t.equal(server.peerCount, 1)
      t.equal(server.getPeerByIdentity('ada')?.name, wins)
      t.equal(two.client.connected, true)
      t.equal(one.client.connected, false)
      const wasIn = lines.includes(`${first}: connect`)
      t.strictSame(lines, [...(wasIn ? [`${first}: connect`, `${first}: ${REPLACED}`] : []), `${second}: connect`])
      if (!wasIn) t.match(await world.failure(one.connected), { reason: 'already-connected' })
    }
  },
)

t.test(
  'two at the same time with reject: whoever is let in first stays, and the other is refused, though the game had accepted both',
  async (t) => {
    const world = new World()
    const { server } = await openAccounts(world, 'reject')
    const lines = journalOfServer(server)
    server.on('OnConnectRequest', async (request) => {
      await later(world, request.name === 'first' ? 300 : 100)
      request.accept()
    })
    const one = begin(world, ada('first'))
    const two = begin(world, ada('second'))
    await world.step(1500)
    t.strictSame(lines, ['second: connect'])
    t.equal(two.client.connected, true)
    t.match(await world.failure(one.connected), { reason: 'already-connected' })
    t.equal(server.peerCount, 1)
  },
)

t.test('a storm of log-ins under one identity leaves one peer, and every peer that was in ends once', async (t) => {
  for (let seed = 1; seed <= 3; seed++) {
    const world = new World({ seed, network: [loss(0.1)] })
    const { server } = await openAccounts(world)
    const lines = journalOfServer(server)
    const clients = []
    for (let i = 0; i < 12; i++) {
      clients.push(begin(world, ada(`c${(i * 37 * seed) % 90}`)).client)
      await world.step(13)
    }
    await world.step(2000)
    t.equal(server.peerCount, 1)
    t.equal(clients.filter(({ connected }) => connected).length, 1)
    const connects = lines.filter((line) => line.endsWith(': connect')).length
    t.equal(lines.filter((line) => line.endsWith(REPLACED)).length, connects - 1, `seed ${seed}`)
    const order = lines.map((line) => line.includes(': connect'))
    t.ok(
      order.every((isConnect, i) => isConnect === (i % 2 === 0)),
      'one goes before the next is in',
    )
  }
})

t.test('nobody is replaced by who fails to log in, or is refused by the game', async (t) => {
  const world = new World()
  const auth: Authenticator = { scheme: 'account', authenticate: (claim) => (claim === 'ada' ? { id: 'ada' } : undefined) }
  const { server } = await openServer(world, { auth: [auth] })
  const first = await logIn(world, ada('first'))
  t.equal(await refusalOf(world, { name: 'first', auth: { scheme: 'account', claim: 'Ada' } }), 'auth-failed')
  server.on('OnConnectRequest', (request) => request.reject('no'))
  t.equal(await refusalOf(world, ada('second')), 'rejected')
  await world.step(500)
  t.equal(first.connected, true)
  t.equal(server.getPeerByIdentity('ada')?.name, 'first')
})
