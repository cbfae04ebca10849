// A server's log-ins: the option `auth` and `duplicateLogin`, between its connections and lib/sessions. A server without `auth` has none of this.
import { Authentications } from '../sessions/authentications.js'
import { type DuplicateLogin, Identities } from '../sessions/identities.js'
import { type Authenticator, type Claimant, checkAuthenticators } from '../sessions/identity.js'
import { formatAddress } from '../wire/address.js'
import { MAX_AUTHENTICATIONS } from '../wire/limits.js'
import { decodeAuth, type Hello } from './control-messages.js'
import { describeFailure } from './network-endpoint.js'
import { NetworkError } from './network-error.js'
import type { Peer } from './peer.js'
import type { Refusal, ServerConnection } from './server-connection.js'

/** All that is said to who has not proven who it is: whatever else would help a guesser, or repeat a secret. */
const AUTH_FAILED: Refusal = { reason: 'auth-failed', detail: 'the log-in failed' }
const ALREADY_CONNECTED: Refusal = { reason: 'already-connected', detail: 'the same identity is logged in already' }

const SESSION_ID_BYTES = 16

/** What log-ins ask and tell their server. */
export interface ServerLoginsOwner<User> {
  readonly isTokenMode: boolean
  now(): number
  unixSeconds(): number
  fillRandom(bytes: Uint8Array): void
  /** Has the handlers of OnConnectRequest decide on a connection that has logged in. */
  ask(connection: ServerConnection<User>, name: string, data: unknown): void
  /** Says by OnError that an authenticator failed. */
  reportSoon(error: NetworkError): void
  warnOnce(key: string, text: string): void
  debug(text: string): void
}

/** A connection that logs in: anew, or once more as the peer that it comes back as. */
interface Entrant<User> {
  readonly connection: ServerConnection<User>
  readonly peer: Peer<User> | undefined
  /** Lets it in, or has it decided. */
  readonly goOn: () => void
}

export class ServerLogins<User> {
  readonly #owner: ServerLoginsOwner<User>
  readonly #authenticators: readonly Authenticator[]
  readonly #authentications: Authentications<Entrant<User>>
  readonly #identities: Identities<Peer<User>>

  /** Throws TypeError with code BAD_OPTION. */
  constructor(auth: readonly Authenticator[], duplicateLogin: DuplicateLogin, owner: ServerLoginsOwner<User>) {
    checkAuthenticators(auth, owner.isTokenMode)
    this.#owner = owner
    this.#authenticators = auth.slice()
    this.#authentications = this.#createAuthentications()
    this.#identities = new Identities(duplicateLogin)
  }

  /** Before the server listens. Rejects with a NetworkError BAD_OPTION where an authenticator cannot work. */
  async prepare(): Promise<void> {
    try {
      for (const authenticator of this.#authenticators) await authenticator.prepare?.()
    } catch (cause) {
      throw new NetworkError('BAD_OPTION', `an authenticator cannot work: ${describeFailure(cause)}`, { cause })
    }
  }

  /** The server listens openly where others may see its packets. */
  warnOfOpenMode(): void {
    if (this.#authenticators.every(({ needsClaim }) => needsClaim === false)) return
    this.#owner.warnOnce(
      'open auth',
      'clients log in to a server in open mode, where whoever sees the packets can read what they claim: give it a privateKey (token mode)',
    )
  }

  /** Asks who a client is: `ask` of the owner, or Reject. */
  begin(connection: ServerConnection<User>, name: string, data: unknown, extensions: Hello['extensions']): void {
    const { client } = connection
    const sessionId = new Uint8Array(SESSION_ID_BYTES)
    this.#owner.fillRandom(sessionId)
    const claimant = this.#claimantOf(connection, {
      name,
      data,
      clientId: client.clientId,
      tokenData: client.userData,
      sessionId: Array.from(sessionId, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    })
    const goOn = (): void => this.#owner.ask(connection, name, data)
    this.#authentications.begin({ connection, peer: undefined, goOn }, decodeAuth(extensions), claimant)
  }

  /**
   * Asks once more who a client is that has shown the resume token of a peer: `goOn` where it is the same identity, which says whether it did; else Reject. What the backend said of it is in the first connect token.
   */
  beginAgain(connection: ServerConnection<User>, peer: Peer<User>, extensions: Hello['extensions'], goOn: () => boolean): void {
    const { name, clientId, tokenData } = peer
    const sessionId = peer.connection.login?.sessionId ?? ''
    const claimant = this.#claimantOf(connection, { name, data: undefined, clientId, tokenData, sessionId })
    const goOnOrNot = (): void => {
      if (!goOn()) connection.reject('resume-refused', 'the peer has ended, or came back over another link')
    }
    this.#authentications.begin({ connection, peer, goOn: goOnOrNot }, decodeAuth(extensions), claimant)
  }

  /** Once an update. */
  poll(): void {
    this.#authentications.poll()
  }

  /** Whoever is in under the identity of this connection ends where it has to; or this says why the connection cannot come in itself. */
  makeWay({ login }: ServerConnection<User>): Refusal | undefined {
    if (login === undefined) return undefined
    if (this.#identities.refuses(login)) return ALREADY_CONNECTED
    this.#identities.replacedBy(login)?.connection.end('replaced', 'the same identity logged in again')
    return undefined
  }

  /** A peer is in. It keeps its identity until `remove`, whether or not its link stands. */
  add(peer: Peer<User>): void {
    const { login } = peer.connection
    if (login !== undefined) this.#identities.add(login, peer)
  }

  /** A peer has ended for good. */
  remove(peer: Peer<User>): void {
    const { login } = peer.connection
    if (login !== undefined) this.#identities.remove(login, peer)
  }

  /** Who is in under an identity; of several the newest. */
  get(id: string): Peer<User> | undefined {
    return this.#identities.get(id)
  }

  #createAuthentications(): Authentications<Entrant<User>> {
    const owner = this.#owner
    return new Authentications<Entrant<User>>(this.#authenticators, {
      now: () => owner.now(),
      isWaiting: ({ connection }) => connection.isDeciding,
      handleLogin: ({ connection, peer, goOn }, login) => {
        if (peer === undefined) {
          connection.login = login
          // Asked again when it comes in: who was faster meanwhile counts then.
          if (this.#identities.refuses(login)) connection.reject(ALREADY_CONNECTED.reason, ALREADY_CONNECTED.detail)
          else goOn()
        } else if (peer.identity?.id === login.identity.id) goOn()
        else this.#refuse(connection)
      },
      handleRefusal: ({ connection }) => this.#refuse(connection),
      handleFailure: (scheme, text) =>
        owner.reportSoon(new NetworkError('HANDLER', `the authenticator of the scheme '${scheme}' failed: ${text}`)),
      handleCrowd: () =>
        owner.warnOnce(
          'auth crowd',
          `${MAX_AUTHENTICATIONS} log-ins are under way, and further ones wait: does every authenticator answer, also when its signal is aborted?`,
        ),
    })
  }

  #refuse(connection: ServerConnection<User>): void {
    this.#owner.debug(`${formatAddress(connection.client.address)} failed to log in`)
    connection.reject(AUTH_FAILED.reason, AUTH_FAILED.detail)
  }

  #claimantOf(
    { client }: ServerConnection<User>,
    said: Pick<Claimant, 'name' | 'data' | 'clientId' | 'tokenData' | 'sessionId'>,
  ): Claimant {
    return { ...said, address: client.address, isTokenMode: this.#owner.isTokenMode, unixSeconds: this.#owner.unixSeconds() }
  }
}
