// Log-ins under way: slow and broken authenticators, clients that leave, guessers, and a server that closes.
import t from 'tap'
import { type Authenticator, anyone, sharedSecret } from '../../lib/index.js'
import { Authentications } from '../../lib/sessions/authentications.js'
import { FailureLimiter } from '../../lib/sessions/failure-limiter.js'
import type { Claimant } from '../../lib/sessions/identity.js'
import { AUTH_FAILURE_BURST, MAX_AUTHENTICATIONS, MAX_COUNTED_NETWORKS, MIN_JOINING_OF_NETWORK } from '../../lib/wire/limits.js'
import { journalOfServer, World } from '../endpoint/world.js'
import { begin, later, logIn, openServer, refusalOf } from './log-in.js'

/** Counts how often it is asked, and answers after as many ms as the claim says; a negative claim is refused. */
function slow(world: World): Authenticator & { asked: number; readonly signals: AbortSignal[] } {
  return {
    scheme: 'slow',
    asked: 0,
    signals: [],
    async authenticate(claim, { sessionId }, signal) {
      this.asked++
      this.signals.push(signal)
      await later(world, Math.abs(Number(claim)))
      return Number(claim) < 0 ? undefined : { id: sessionId }
    },
  }
}

const claims = (claim: number) => ({ auth: { scheme: 'slow', claim } })

t.test('an authenticator may take its time: the client waits, and the game is asked after it', async (t) => {
  const world = new World()
  const { server } = await openServer(world, { auth: [slow(world)] })
  let askedAt = 0
  server.on('OnConnectRequest', ({ identity }) => {
    askedAt = world.clock.now()
    t.ok(identity)
  })
  const start = world.clock.now()
  await logIn(world, claims(1000))
  t.ok(askedAt - start >= 1000)
})

t.test(
  'authenticator and handlers have ten seconds together; then the client is undecided, and the authenticator told to stop',
  async (t) => {
    const world = new World()
    const authenticator = slow(world)
    const { server } = await openServer(world, { auth: [authenticator] })
    server.on('OnConnectRequest', () => later(world, 6000))
    const start = world.clock.now()
    t.equal(await refusalOf(world, claims(6000)), 'undecided')
    const took = world.clock.now() - start
    t.ok(took >= 10_000 && took < 10_300, `took ${took} ms`)
    t.equal(authenticator.signals[0]!.aborted, false, 'it had answered')
    t.equal(await refusalOf(world, claims(11_000)), 'undecided')
    t.equal(authenticator.signals[1]!.aborted, true)
    await world.step(1500)
    t.equal(server.peerCount, 0, 'an answer that comes too late lets nobody in')
  },
)

t.test('a client that leaves while it is asked for aborts the signal, and its answer lets nobody in', async (t) => {
  const world = new World()
  const authenticator = slow(world)
  const { server } = await openServer(world, { auth: [authenticator] })
  const lines = journalOfServer(server)
  const { client, connected } = begin(world, claims(2000))
  await world.until(() => authenticator.asked === 1)
  t.equal(authenticator.signals[0]!.aborted, false)
  await world.settle(client.close())
  await world.until(() => authenticator.signals[0]!.aborted, 1500)
  t.match(await world.failure(connected), { code: 'ABORTED' })
  await world.step(3000)
  t.strictSame(lines, [])
  t.equal(server.peerCount, 0)
})

t.test('a server that closes while a client is asked for refuses it, aborts the signal, and ends', async (t) => {
  const world = new World()
  const authenticator = slow(world)
  const { server } = await openServer(world, { auth: [authenticator] })
  const { connected } = begin(world, claims(60_000))
  await world.until(() => authenticator.asked === 1)
  const closed = server.close()
  t.match(await world.failure(connected), { reason: 'not-accepting' })
  await world.settle(closed)
  t.equal(authenticator.signals[0]!.aborted, true)
})

t.test('a broken authenticator refuses its own clients only', async (t) => {
  const world = new World()
  const broken: Authenticator = { scheme: 'broken', authenticate: () => Promise.reject(new Error('down')) }
  const { server } = await openServer(world, { auth: [broken, anyone()] })
  const lines = journalOfServer(server)
  t.equal(await refusalOf(world, { auth: { scheme: 'broken' } }), 'auth-failed')
  await logIn(world, { name: 'ada' })
  t.strictSame(lines, ['error HANDLER', 'ada: connect'])
})

t.test(
  'one network may fail five times at once and then once a second; above it nobody is asked, and the answer is the same',
  async (t) => {
    const world = new World()
    const authenticator = slow(world)
    await openServer(world, { auth: [authenticator] })
    const guess = async (claim: number): Promise<string> => {
      const client = world.makeClient({ transport: world.network.transport('10.7.7.7') })
      const error = await world.failure(client.connect({ host: '10.0.0.1', port: 9000, ...claims(claim) }))
      world.remove(client)
      return `${(error as { reason?: string }).reason}: ${(error as { detail?: string }).detail}`
    }
    const start = world.clock.now()
    const answers = new Set<string>()
    for (let i = 0; i < 40; i++) answers.add(await guess(-1))
    const seconds = (world.clock.now() - start) / 1000
    t.ok(authenticator.asked >= 5 && authenticator.asked <= 5 + Math.ceil(seconds), `${authenticator.asked} in ${seconds} s`)
    t.ok(authenticator.asked < 15)
    t.strictSame(answers, new Set(['auth-failed: the log-in failed']))
    const asked = authenticator.asked
    await logIn(world, claims(1))
    t.equal(authenticator.asked, asked + 1, 'other networks are looked at')
  },
)

t.test('who leaves before each answer asks no more often than who waits for it', async (t) => {
  const world = new World()
  const authenticator = slow(world)
  await openServer(world, { auth: [authenticator] })
  const start = world.clock.now()
  const ATTEMPTS = 60
  for (let i = 0; i < ATTEMPTS; i++) {
    const client = world.makeClient({ transport: world.network.transport('10.7.7.7') })
    client.connect({ host: '10.0.0.1', port: 9000, ...claims(5000) }).catch(() => {})
    await world.step(100)
    void client.close() // its session ends within a second, and then it has failed
  }
  const seconds = (world.clock.now() - start) / 1000
  const most = AUTH_FAILURE_BURST + Math.ceil(seconds) + MIN_JOINING_OF_NETWORK
  t.ok(authenticator.asked <= most, `${authenticator.asked} in ${seconds} s`)
  t.ok(most < ATTEMPTS / 2)
})

t.test('a house of honest players comes in at once', async (t) => {
  const world = new World()
  const { server } = await openServer(world, { auth: [sharedSecret('s')] })
  const players = Array.from({ length: 14 }, () => {
    const client = world.makeClient({ transport: world.network.transport('10.7.7.7') })
    return client.connect({ host: '10.0.0.1', port: 9000, auth: { scheme: 'secret', claim: 's' } })
  })
  await world.settle(Promise.all(players), 2000)
  t.equal(server.peerCount, 14)
})

t.test('failures are counted by IPv4 host and IPv6 /64, come back with time, and a full table forgets its oldest', async (t) => {
  const limiter = new FailureLimiter()
  for (let i = 0; i < 5; i++) {
    t.ok(limiter.allows('2001:db8::1', 0))
    limiter.count(`2001:db8::${i}`, 0)
  }
  t.notOk(limiter.allows('2001:db8::ffff', 0))
  t.ok(limiter.allows('2001:db8:0:1::1', 0))
  t.notOk(limiter.allows('2001:db8::1', 999))
  t.ok(limiter.allows('2001:db8::1', 1000))
  for (let i = 0; i < 20; i++) limiter.count('10.0.0.1', 1000)
  t.notOk(limiter.allows('10.0.0.1', 16_000), 'twenty at once are waited for')
  t.ok(limiter.allows('10.0.0.1', 17_000))
  limiter.count('10.0.0.1', 17_000)
  t.notOk(limiter.allows('10.0.0.1', 17_000))
  for (let i = 0; i < MAX_COUNTED_NETWORKS; i++) limiter.count(`10.1.${i >> 8}.${i & 255}`, 17_000)
  t.ok(limiter.allows('10.0.0.1', 17_000))
})

t.test('a bounded number of authenticators is at work; the rest waits, those that leave are forgotten', async (t) => {
  const answers: (() => void)[] = []
  const hanging: Authenticator = {
    scheme: 's',
    authenticate: (_claim, { sessionId }) => new Promise((resolve) => answers.push(() => resolve({ id: sessionId }))),
  }
  const waiting = new Set<number>()
  const loggedIn: number[] = []
  let crowds = 0
  const authentications = new Authentications<number>([hanging], {
    now: () => 0,
    isWaiting: (of) => waiting.has(of),
    handleLogin: (of) => loggedIn.push(of),
    handleRefusal: (of) => t.fail(`${of} was refused`),
    handleFailure: () => {},
    handleCrowd: () => crowds++,
  })
  const claimant = (of: number): Claimant =>
    ({ sessionId: String(of), address: { host: `10.0.${of >> 8}.${of & 255}` } }) as unknown as Claimant
  const start = (of: number): void => {
    waiting.add(of)
    authentications.begin(of, { scheme: 's', claim: undefined }, claimant(of))
  }
  for (let of = 0; of < MAX_AUTHENTICATIONS + 10; of++) start(of)
  t.equal(answers.length, MAX_AUTHENTICATIONS)
  t.equal(crowds, 10)
  for (let of = 0; of < MAX_AUTHENTICATIONS; of++) waiting.delete(of) // they leave, and the authenticator does not care
  waiting.delete(MAX_AUTHENTICATIONS)
  authentications.poll()
  t.equal(answers.length, MAX_AUTHENTICATIONS, 'its work still counts')
  for (const answer of answers.slice(0, 5)) answer()
  await undefined
  await undefined
  authentications.poll()
  t.equal(answers.length, MAX_AUTHENTICATIONS + 5)
  for (const answer of answers.splice(0)) answer()
  await new Promise(setImmediate)
  authentications.poll()
  for (const answer of answers) answer()
  await new Promise(setImmediate)
  t.strictSame(
    loggedIn,
    Array.from({ length: 9 }, (_, i) => MAX_AUTHENTICATIONS + 1 + i),
  )
})

t.test('what stands in the extension may be anything: it ends in a refusal, and nothing throws', async (t) => {
  const { AUTH_EXTENSION, decodeAuth } = await import('../../lib/endpoint/control-messages.js')
  const bodies = [
    [],
    [0x92],
    [0xc1],
    [0x92, 0xa1, 0x73],
    [0x91, 0xa1, 0x73],
    [0x92, 0x07, 0x07],
    [0x93, 0xa1, 0x73, 1, 2],
    [0x80],
    [0xa1, 0x73],
  ]
  for (const body of bodies)
    t.strictSame(decodeAuth([{ type: AUTH_EXTENSION, body: Uint8Array.from(body) }]), { scheme: '', claim: undefined }, String(body))
  t.equal(decodeAuth([{ type: 7, body: new Uint8Array(3) }]), undefined)
  t.strictSame(decodeAuth([{ type: AUTH_EXTENSION, body: Uint8Array.of(0x92, 0xa1, 0x73, 0x07) }]), { scheme: 's', claim: 7 })
})
