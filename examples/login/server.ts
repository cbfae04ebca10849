// The server: who comes in, as whom, and what each may do.
import { createHash } from 'node:crypto'
import { type Authenticator, anyone, type Server as GameServer, type Identity, Server, sharedSecret } from 'tickwire'
import { GAME, messages, Say } from './messages.js'

/** Accounts by the hash of their key, so that whoever reads this table cannot log in with it. Yours are in a database. */
export class Accounts {
  readonly #byHash = new Map<string, Identity>()

  /** The key is long and random: one that a person chose needs scrypt, as in ../tokens/accounts.ts. */
  add(key: string, identity: Identity): void {
    this.#byHash.set(hashOf(key), identity)
  }

  get authenticator(): Authenticator {
    return {
      scheme: 'account',
      authenticate: async (claim) => (typeof claim === 'string' ? this.#byHash.get(hashOf(claim)) : undefined),
    }
  }
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** Resolves when the server listens, on a free port of 127.0.0.1. */
export async function openServer(accounts: Accounts, wordOfTheTable: string, log: (line: string) => void): Promise<GameServer> {
  const server = new Server({
    messages,
    game: GAME,
    auth: [accounts.authenticator, sharedSecret(wordOfTheTable), anyone({ role: 'observer' })],
    duplicateLogin: 'replace',
  })
  server.on('OnConnect', ({ peer }) => log(`${peer.name} is in, as ${peer.role}`))
  server.on('OnDisconnect', ({ peer, reason, detail }) => {
    if (reason === 'replaced') log(`${peer.name} is replaced: ${detail}`)
  })
  server.onMessage(Say, ({ text }, peer) => {
    if (peer.role === 'observer') return // they watch
    if (peer.role === 'admin' && text === '/close') void server.disconnectAll('the table is closed')
    else server.sendToAll(Say, { text: `${peer.name}: ${text}` })
  })
  await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 60 })
  return server
}
