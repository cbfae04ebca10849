// The chat server: decides who comes in, says who is in, passes on what is said, and lets operators kick.
import { type Peer, Server } from 'tickwire'
import { GAME, Kick, Members, messages, Notice, Said, Say } from './messages.js'
import { isOperatorKey, refusalOfName } from './rules.js'

/** What the server keeps with each peer, as `peer.user`. */
interface Member {
  readonly isOperator: boolean
}

export interface ChatServerOptions {
  readonly host: string
  readonly port: number
  /** Whoever gives it to `connect` may kick. In open mode it can be read on the way: for more than a LAN, use token mode (the example tokens). */
  readonly operatorKey: string
  readonly log: (line: string) => void
}

/** Resolves when the server listens. */
export async function openChatServer({ host, port, operatorKey, log }: ChatServerOptions): Promise<Server<Member>> {
  const server = new Server<Member>({ messages, game: GAME, maxPeers: 32 })

  server.on('OnConnectRequest', (request) => {
    const key = operatorKeyOf(request.data)
    const refusal =
      refusalOfName(
        request.name,
        Array.from(server.peers, (peer) => peer.name),
      ) ?? (key !== undefined && !isOperatorKey(key, operatorKey) ? { detail: 'that is not the operator key' } : undefined)
    if (refusal === undefined) return request.accept({ isOperator: key !== undefined })
    log(`refused: ${refusal.detail}`)
    request.reject(refusal.detail, { suggestion: refusal.suggestion })
  })

  const announce = (text: string): void => {
    log(text)
    server.sendToAll(Notice, { text })
    server.sendToAll(Members, { names: Array.from(server.peers, (peer) => peer.name) })
  }
  server.on('OnConnect', ({ peer }) => announce(`${peer.name} is in${peer.user.isOperator ? ', as operator' : ''}`))
  server.on('OnDisconnect', ({ peer, reason, detail }) =>
    announce(`${peer.name} has left (${reason}${detail === '' ? '' : `: ${detail}`})`),
  )

  server.onMessage(Say, ({ text }, peer) => server.sendToAll(Said, { speaker: peer.name, text }))
  server.onMessage(Kick, ({ name, why }, peer) => kick(server, peer, name, why))

  await server.listen({ host, port })
  server.run({ hz: 30 })
  return server
}

function kick(server: Server<Member>, operator: Peer<Member>, name: string, why: string): void {
  const target = Array.from(server.peers).find((peer) => peer.name === name)
  if (!operator.user.isOperator) operator.send(Notice, { text: 'only operators may kick' })
  else if (target === undefined) operator.send(Notice, { text: `nobody here is called ${name}` })
  else target.disconnect(why) // it is told `kicked` and why; OnDisconnect tells the others
}

/** `data` is whatever the client gave to connect: to be looked at before use. */
function operatorKeyOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('operatorKey' in data)) return undefined
  return typeof data.operatorKey === 'string' ? data.operatorKey : ''
}
