// The authenticator for JSON Web Tokens (RFC 7519), by the optional package jose. It is loaded where it is first needed, so that nobody else has to have it; its types are written down here for the same reason.
import { describe } from '../messages/refusal.js'
import type { Authenticator, Identity } from './identity.js'
import { badOption } from './misuse.js'

/** What a JSON Web Token says, once its signature is proven. */
export type JwtPayload = Readonly<Record<string, unknown>> & {
  /** The account that it was made for. */
  readonly sub?: string
}

/** What `jwt` takes: one of `secret`, `publicKey` and `jwks`, and what the token must say. */
export interface JwtOptions {
  /** The key that issuer and server share, for HS256: 32 bytes or more, random ones, not a password. */
  readonly secret?: Uint8Array | string | undefined
  /** The issuer's public key: PEM text ("-----BEGIN PUBLIC KEY-----"), a JSON Web Key, or a KeyObject of node:crypto. */
  readonly publicKey?: string | object | undefined
  /** The issuer's public keys: the https address where it publishes them, which is asked when a key is missing, or the set itself. */
  readonly jwks?: string | URL | { readonly keys: readonly object[] } | undefined
  /** Who must have made the token (`iss`). */
  readonly issuer: string | readonly string[]
  /** Whom it must be made for (`aud`): this game, so that a token for another service of the same issuer is worth nothing here. */
  readonly audience: string | readonly string[]
  /** The signatures that are taken, such as `['ES256']`. Needed with `publicKey` and `jwks`; with `secret` the default is `['HS256']`. */
  readonly algorithms?: readonly string[] | undefined
  /** Who it is, by what the token says; undefined refuses. Default: the id is `sub`, the role `player`, and the data the whole payload. No role is taken from a token unless you do it here. */
  readonly identify?: ((payload: JwtPayload) => Identity | undefined) | undefined
}

/** A key as jose takes it, or a function that finds it. */
type Key = unknown

/** What is used of jose. */
interface Jose {
  jwtVerify(jwt: string, key: Key, options: object): Promise<{ readonly payload: JwtPayload }>
  importSPKI(pem: string, algorithm: string): Promise<Key>
  createLocalJWKSet(jwks: object): Key
  createRemoteJWKSet(url: URL, options: object): Key
}

interface Verifier {
  readonly jose: Jose
  readonly key: Key
}

/** jose is not named where it is imported, so that the library compiles without it. */
const PACKAGE: string = 'jose'

/** RFC 7518, section 3.2: a key of HS256 has at least as many bytes as the hash. */
const MIN_SECRET_BYTES = 32

/** How far the clocks of issuer and server may be apart, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 5

/** How long the issuer may take to give its keys, in ms: half of what there is for a decision. */
const JWKS_TIMEOUT_MS = 5000

/** jose's codes of a token that is wrong. Any other failure is ours: OnError hears of it. */
const REFUSALS: readonly unknown[] = [
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWS_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JWT_CLAIM_VALIDATION_FAILED',
  'ERR_JWT_EXPIRED',
  'ERR_JWT_INVALID',
]

/**
 * Lets in who shows a JSON Web Token, as text, under the scheme `jwt`: signed by a key of the issuer's, made by it, for this audience, and not expired (a token without `exp` is refused). Needs the optional package jose; without it, or
 * with a key that cannot be read, `listen` rejects.
 *
 * @throws TypeError or RangeError `BAD_OPTION`
 * @example
 * const server = new Server({ messages, privateKey, auth: [jwt({ jwks: 'https://id.example/keys', issuer: 'https://id.example', audience: 'arena', algorithms: ['ES256'] })] })
 * await client.connect({ token, auth: async () => ({ scheme: 'jwt', claim: await fetchJwt() }) })
 */
export function jwt(options: JwtOptions): Authenticator {
  const { secret, publicKey, jwks, issuer, audience, algorithms, identify = identityOf } = checkOptions(options)
  let verifier: Promise<Verifier> | undefined
  const prepared = (): Promise<Verifier> => {
    verifier ??= createVerifier({ secret, publicKey, jwks, algorithms })
    return verifier
  }
  return {
    scheme: 'jwt',
    prepare: async () => {
      await prepared()
    },
    authenticate: async (claim, { unixSeconds }) => {
      if (typeof claim !== 'string') return undefined
      const { jose, key } = await prepared()
      // biome-ignore lint/style/noRestrictedGlobals: no time is read here: it is the server's, in the form that jose takes
      const currentDate = new Date(unixSeconds * 1000)
      const wanted = { issuer, audience, algorithms, currentDate, clockTolerance: CLOCK_TOLERANCE_SECONDS, requiredClaims: ['exp'] }
      try {
        return identify((await jose.jwtVerify(claim, key, wanted)).payload)
      } catch (error) {
        if (REFUSALS.includes((error as { readonly code?: unknown } | undefined)?.code)) return undefined
        throw error
      }
    },
  }
}

function identityOf(payload: JwtPayload): Identity | undefined {
  return typeof payload.sub === 'string' && payload.sub !== '' ? { id: payload.sub, data: payload } : undefined
}

function checkOptions(options: JwtOptions): JwtOptions & { readonly algorithms: readonly string[] } {
  if (typeof options !== 'object' || options === null)
    throw badOption(new TypeError(`jwt() expected { secret, issuer, audience }, got ${describe(options)}`))
  const { secret, publicKey, jwks, algorithms = secret === undefined ? undefined : ['HS256'], identify } = options
  const keys = [secret, publicKey, jwks].filter((key) => key !== undefined).length
  if (keys !== 1) throw badOption(new TypeError(`jwt() expected one of "secret", "publicKey" and "jwks", got ${keys} of them`))
  if (secret !== undefined) checkSecret(secret)
  for (const name of ['issuer', 'audience'] as const) {
    const value = options[name]
    if (!isTexts(typeof value === 'string' ? [value] : value))
      throw badOption(new TypeError(`"${name}" expected a text or several, got ${describe(value)}`))
  }
  if (!isTexts(algorithms))
    throw badOption(new TypeError(`"algorithms" expected the signatures that are taken, such as ['ES256'], got ${describe(algorithms)}`))
  if (identify !== undefined && typeof identify !== 'function')
    throw badOption(new TypeError(`"identify" expected a function, got ${describe(identify)}`))
  return { ...options, algorithms }
}

/** The errors do not show it. */
function checkSecret(secret: unknown): void {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) throw badOption(new TypeError('"secret" expected text or bytes'))
  const { length } = toBytes(secret)
  if (length < MIN_SECRET_BYTES) throw badOption(new RangeError(`"secret" expected at least ${MIN_SECRET_BYTES} bytes, got ${length}`))
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === 'string' && text !== '')
}

function toBytes(secret: string | Uint8Array): Uint8Array {
  return typeof secret === 'string' ? new TextEncoder().encode(secret) : secret.slice()
}

async function createVerifier(
  options: Pick<JwtOptions, 'secret' | 'publicKey' | 'jwks'> & { algorithms: readonly string[] },
): Promise<Verifier> {
  const jose = await loadJose()
  try {
    return { jose, key: await keyOf(jose, options) }
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw badOption(new TypeError(`jwt() expected a key that jose can read for ${options.algorithms.join(', ')}: ${text}`, { cause }))
  }
}

async function loadJose(): Promise<Jose> {
  try {
    return (await import(PACKAGE)) as Jose
  } catch (cause) {
    throw badOption(new Error('jwt() expected the package jose, which is optional: npm install jose', { cause }))
  }
}

async function keyOf(
  jose: Jose,
  { secret, publicKey, jwks, algorithms }: Pick<JwtOptions, 'secret' | 'publicKey' | 'jwks'> & { algorithms: readonly string[] },
): Promise<Key> {
  if (secret !== undefined) return toBytes(secret)
  if (typeof jwks === 'string' || jwks instanceof URL) return jose.createRemoteJWKSet(new URL(jwks), { timeoutDuration: JWKS_TIMEOUT_MS })
  if (jwks !== undefined) return jose.createLocalJWKSet(jwks)
  if (typeof publicKey !== 'string') return publicKey
  // A key is read for one algorithm. jose has looked whether the token's is among those that are taken before it asks for it.
  const keys = new Map<unknown, Key>()
  for (const algorithm of algorithms) keys.set(algorithm, await jose.importSPKI(publicKey, algorithm))
  return ({ alg }: { readonly alg?: unknown }) => keys.get(alg)
}
