// What must and must not compile of log-ins. tsc is the test; logins.test.ts makes sure that it was compiled.
import {
  type Authenticator,
  anyone,
  type Client,
  type DuplicateLogin,
  type Identity,
  jwt,
  MessageFactory,
  type Role,
  Server,
  sharedSecret,
  tokenData,
} from '../../lib/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles for `true` only. */
export let checks = 0
function holds<_T extends true>(): void {
  checks++
}

export function server(): Server<{ hp: number }> {
  const own: Authenticator = {
    scheme: 'own',
    authenticate: async (claim, { name }) => (claim === name ? { id: name, role: 'observer' } : undefined),
  }
  const server = new Server<{ hp: number }>({
    messages: new MessageFactory(),
    privateKey: new Uint8Array(32),
    publicAddresses: ['127.0.0.1:9000'],
    auth: [own, anyone(), sharedSecret('s', { role: 'admin' }), tokenData((_bytes, { clientId }) => ({ id: String(clientId) }))],
    duplicateLogin: 'reject',
  })
  server.on('OnConnectRequest', (request) => {
    holds<Equal<typeof request.identity, Identity | undefined>>()
    holds<Equal<typeof request.role, Role>>()
    // @ts-expect-error who it is is not the handler's to say
    request.role = 'admin'
    request.accept({ hp: 1 })
  })
  server.on('OnConnect', ({ peer }) => {
    holds<Equal<typeof peer.role, 'player' | 'observer' | 'admin'>>()
    // @ts-expect-error without `auth` there is none
    peer.identity.id.length
  })
  holds<Equal<DuplicateLogin, 'replace' | 'reject' | 'allow'>>()
  return server
}

export function wrong(client: Client): void {
  const where = { host: '127.0.0.1', port: 9000 }
  void client.connect({ ...where, auth: { scheme: 'secret', claim: { any: ['data', 1n] } } })
  void client.connect({ ...where, auth: async () => ({ scheme: 'jwt', claim: 'e.y.J' }) })
  // @ts-expect-error a claim needs its scheme
  void client.connect({ ...where, auth: { claim: 'x' } })
  // @ts-expect-error a promise is no function: it could not be asked anew
  void client.connect({ ...where, auth: Promise.resolve({ scheme: 'jwt' }) })
  // @ts-expect-error no such role
  sharedSecret('s', { role: 'king' })
  // @ts-expect-error whom a token must be made for is not left open
  jwt({ secret: 's', issuer: 'i' })
  // @ts-expect-error an identity has an id
  tokenData(() => ({ role: 'admin' }))
}
