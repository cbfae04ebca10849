// A scene with log-ins that are right, wrong, broken, unreadable, too late and given up. Run by itself with TICKWIRE_DEBUG=1 it prints what the library says of it.
import { fileURLToPath } from 'node:url'
import { type Authenticator, type Server, sharedSecret } from '../../lib/index.js'
import { journalOfClient, journalOfServer, World } from '../endpoint/world.js'
import { begin, later, openServer } from './log-in.js'

export const CLAIM = 'correct-horse-battery-staple'
export const WRONG_CLAIM = 'hunter2-hunter2-hunter2'

/** Everything that the endpoints told anyone, and the server. */
export async function playClaims(world: World): Promise<{ readonly told: unknown[]; readonly server: Server }> {
  const broken: Authenticator = {
    scheme: 'broken',
    authenticate: async (claim) => {
      await later(world, 50)
      throw Object.assign(new RangeError(`no account has ${claim}`), { claim, code: claim })
    },
  }
  const thrower: Authenticator = {
    scheme: 'thrower',
    authenticate: (claim) => {
      throw claim
    },
  }
  const never: Authenticator = { scheme: 'never', authenticate: () => new Promise(() => {}) }
  const confused: Authenticator = { scheme: 'confused', authenticate: (claim) => ({ id: '', claim }) }
  const { server } = await openServer(world, { auth: [sharedSecret(CLAIM), broken, thrower, never, confused] })
  const told: unknown[] = []
  told.push(journalOfServer(server))
  server.on('OnError', (event) => told.push(event.error, event.error.message, event.error.stack, event.error.cause))
  for (const [scheme, claim] of [
    ['secret', CLAIM],
    ['secret', WRONG_CLAIM],
    ['broken', WRONG_CLAIM],
    ['thrower', WRONG_CLAIM],
    ['confused', WRONG_CLAIM],
    [WRONG_CLAIM, WRONG_CLAIM],
    ['never', WRONG_CLAIM],
  ] as const) {
    const { client, connected } = begin(world, { name: 'ada', auth: { scheme, claim } })
    told.push(journalOfClient(client))
    connected.catch((error) => told.push(error, error.message))
    await world.step(200)
    if (scheme === 'never') void client.close()
  }
  await world.step(1200)
  told.push(server.drops, server.netcodeCounters, server.metrics())
  return { told, server }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await playClaims(new World())
  process.exit(0)
}
