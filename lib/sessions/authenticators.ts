// The authenticators that need nothing else: no account, a secret that all share, and what the backend wrote into the connect token. The one for JSON Web Tokens is in jwt.ts.
import { isSameSecret } from '../io/same-secret.js'
import { describe } from '../messages/refusal.js'
import { type Authenticator, type Claimant, checkRole, type Identity, type Role } from './identity.js'
import { badOption } from './misuse.js'

/** What `anyone` takes. */
export interface AnyoneOptions {
  /** The role of whoever comes in so. Default `player`. */
  readonly role?: Role | undefined
}

/** What `sharedSecret` takes. */
export interface SharedSecretOptions extends AnyoneOptions {
  /** The scheme that clients name: one for each secret, where there are several. Default `secret`. */
  readonly scheme?: string | undefined
  /** The identity of all who know the secret. Default: a random one for each, as a secret that many know does not say who it is. */
  readonly id?: string | undefined
}

/**
 * Lets in whoever comes, under the scheme `none` or without `auth`. The identity is a random one, never a name: else anyone could come in as anyone else.
 *
 * @throws TypeError `BAD_OPTION`
 * @example
 * new Server({ messages, auth: [sharedSecret('the referee’s word', { role: 'admin' }), anyone({ role: 'observer' })] })
 */
export function anyone(options: AnyoneOptions = {}): Authenticator {
  const { role } = options
  checkRole(role)
  return { scheme: 'none', needsClaim: false, authenticate: (_claim, { sessionId }) => ({ id: sessionId, role }) }
}

/**
 * Lets in who knows a secret: a claim that is the same text or bytes. They are compared in a time that tells nothing, and a network may guess wrong five times at once, then once a second.
 *
 * @throws TypeError `BAD_OPTION`
 * @example
 * const server = new Server({ messages, auth: [sharedSecret(process.env.JOIN_SECRET)] })
 * await client.connect({ host, port, auth: { scheme: 'secret', claim: 'what the host told us' } })
 */
export function sharedSecret(secret: string | Uint8Array, options: SharedSecretOptions = {}): Authenticator {
  const kept = bytesOf(secret)?.slice()
  if (kept === undefined || kept.length === 0) throw badOption(new TypeError('"secret" expected text or bytes that are not empty'))
  const { scheme = 'secret', role, id } = options
  checkRole(role)
  if (id !== undefined && (typeof id !== 'string' || id === ''))
    throw badOption(new TypeError(`"id" expected text that is not empty, got ${describe(id)}`))
  return {
    scheme,
    authenticate: (claim, { sessionId }) => {
      const given = bytesOf(claim)
      return given !== undefined && isSameSecret(given, kept) ? { id: id ?? sessionId, role } : undefined
    },
  }
}

/**
 * Asks the game who a client is by what its backend wrote into the connect token, under the scheme `token` or without `auth`: sealed for the server, so that no claim is needed. For servers in token mode.
 *
 * @param verify Gets the 256 bytes, and who comes; undefined refuses. May be asynchronous.
 * @throws TypeError `BAD_OPTION`
 * @example
 * auth: [tokenData((bytes, { clientId }) => ({ id: String(clientId), role: bytes[0] === 1 ? 'admin' : 'player' }))]
 */
export function tokenData(
  verify: (tokenData: Uint8Array, claimant: Claimant, signal: AbortSignal) => Identity | undefined | Promise<Identity | undefined>,
): Authenticator {
  if (typeof verify !== 'function') throw badOption(new TypeError(`"verify" expected a function, got ${describe(verify)}`))
  return {
    scheme: 'token',
    needsClaim: false,
    needsTokenMode: true,
    authenticate: (_claim, claimant, signal) => verify(claimant.tokenData, claimant, signal),
  }
}

const encoder = new TextEncoder()

function bytesOf(secret: unknown): Uint8Array | undefined {
  if (typeof secret === 'string') return encoder.encode(secret)
  return secret instanceof Uint8Array ? secret : undefined
}
