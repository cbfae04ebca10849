// Who a client is, and who says so. Types, and the checks of what comes from the game.

import type { Address } from '../io/address.js'
import { describe } from '../messages/refusal.js'
import { badOption } from './misuse.js'

/** What an identity may do, in the game's own sense: the library asks nothing of it. */
export type Role = 'player' | 'observer' | 'admin'

/** Who a client has proven to be, as an authenticator says. */
export interface Identity {
  /** The account, as text that is not empty. Two clients with one id are one player: see the option `duplicateLogin`. */
  readonly id: string
  /** Default `player`. */
  readonly role?: Role | undefined
  /** What else is known of the account: `peer.identity.data`. */
  readonly data?: unknown
}

/** Who logs in, as far as it is known without a proof. */
export interface Claimant {
  /** What the client gave to `connect`. */
  readonly name: string
  /** What the client gave to `connect`: check its form before you use it. Undefined when it comes back. */
  readonly data: unknown
  /** Where it is. */
  readonly address: Address
  /** From the connect token; in open mode random. */
  readonly clientId: bigint
  /** 256 bytes that the backend put into the connect token; zeros in open mode. When the client comes back, those of its first. */
  readonly tokenData: Uint8Array
  /** Whether the server has a `privateKey`, so that `clientId` and `tokenData` are its backend's words. In open mode they are the client's own. */
  readonly isTokenMode: boolean
  /** 32 random hex digits of this log-in alone, the same when the client comes back: an id for whoever needs no account. */
  readonly sessionId: string
  /** The time of the server's clock, in seconds since 1970. */
  readonly unixSeconds: number
}

/**
 * Says who a client is. `anyone`, `sharedSecret`, `jwt` and `tokenData` make one each; a game adds its own.
 *
 * @example
 * const accounts: Authenticator = { scheme: 'session', authenticate: async (claim) => database.accountOfSession(String(claim)) }
 */
export interface Authenticator {
  /** The name by which clients ask for it: the `scheme` of `connect`'s option `auth`. 1–64 characters. */
  readonly scheme: string
  /** Whether it looks at a claim. The first that does not is asked where a client gives no `auth`. Default true. */
  readonly needsClaim?: boolean | undefined
  /** Whether it means something in token mode only; then a server without a `privateKey` throws. Default false. */
  readonly needsTokenMode?: boolean | undefined
  /**
   * Who the client is; undefined: it has not proven it, and is refused as `auth-failed`. So it is where this throws or rejects, which OnError hears of without its text, as that may hold the claim.
   * What comes later than 10 s after the Hello comes too late; `signal` is aborted then, and where the client has gone. `claim` comes from the network: check its form first. It is a secret: print it nowhere.
   */
  authenticate(claim: unknown, claimant: Claimant, signal: AbortSignal): Identity | undefined | Promise<Identity | undefined>
  /** Called by `listen`, which rejects where this does: for what can be found wrong before the first client comes. */
  prepare?(): Promise<void>
}

const ROLES: readonly unknown[] = ['player', 'observer', 'admin']
const MAX_SCHEME_LENGTH = 64

/** Checks the option `auth` of a server. Throws TypeError with code BAD_OPTION. */
export function checkAuthenticators(auth: unknown, isTokenMode: boolean): asserts auth is readonly Authenticator[] {
  if (!Array.isArray(auth) || auth.length === 0)
    throw badOption(new TypeError(`"auth" expected authenticators such as [sharedSecret('…')], got ${describe(auth)}`))
  const schemes = new Set<unknown>()
  for (const authenticator of auth as readonly Partial<Authenticator>[]) {
    const { scheme, authenticate, needsTokenMode } = authenticator ?? {}
    if (typeof scheme !== 'string' || scheme === '' || scheme.length > MAX_SCHEME_LENGTH || typeof authenticate !== 'function')
      throw badOption(new TypeError(`"auth" expected authenticators { scheme, authenticate }, got ${describe(authenticator)}`))
    if (schemes.has(scheme)) throw badOption(new TypeError(`"auth" expected one authenticator a scheme, got two of ${describe(scheme)}`))
    if (needsTokenMode === true && !isTokenMode)
      throw badOption(
        new TypeError(`"auth" expected authenticators that work in open mode, got ${describe(scheme)}: give the server a privateKey`),
      )
    schemes.add(scheme)
  }
}

/** Checks a role. Throws TypeError with code BAD_OPTION. */
export function checkRole(role: unknown): void {
  if (role !== undefined && !ROLES.includes(role))
    throw badOption(new TypeError(`"role" expected 'player', 'observer' or 'admin', got ${describe(role)}`))
}

/** What an authenticator gave, where it is an identity; undefined where it is none. */
export function readIdentity(given: unknown): Identity | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { id, role, data } = given as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || id === '' || (role !== undefined && !ROLES.includes(role))) return undefined
  return Object.freeze({ id, role: (role as Role | undefined) ?? 'player', data })
}
