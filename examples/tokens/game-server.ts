// The game server: lets in who has a token of the backend, and knows by it who that is. It asks nobody: the token is the proof.
import { Server } from 'tickwire'
import { GAME, Greeting, messages, readTokenData, type TokenData } from './messages.js'

export interface Player extends TokenData {
  readonly accountId: bigint
}

/** Resolves when the server listens, on a free port of 127.0.0.1. */
export async function openGameServer(privateKey: Uint8Array, log: (line: string) => void): Promise<Server<Player>> {
  const server = new Server<Player>({ messages, game: GAME, privateKey })
  server.on('OnConnectRequest', (request) => {
    // request.name is only what the client calls itself; what the token says is known.
    request.accept({ accountId: request.clientId, ...readTokenData(request.tokenData) })
  })
  server.on('OnConnect', ({ peer }) => {
    const { name, role, accountId } = peer.user
    log(`game server: account ${accountId}, ${name}, is in as ${role}`)
    peer.send(Greeting, { text: `welcome, ${name}` })
  })
  // Behind a wildcard or a router, say what players connect to: publicAddresses: ['203.0.113.7:9000'].
  await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 30 })
  return server
}
