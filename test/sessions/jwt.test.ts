// JSON Web Tokens: which are taken, and whose. Skipped where the optional package jose is not installed, save for what then has to be said.
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type Authenticator, type JwtOptions, jwt } from '../../lib/index.js'
import { World } from '../endpoint/world.js'
import { plainNode } from '../plain-node.js'
import { logIn, openServer, refusalOf } from './log-in.js'

interface Signed {
  setProtectedHeader(header: object): Signed
  sign(key: unknown): Promise<string>
}

/** What the tests use of jose. */
interface Jose {
  readonly SignJWT: new (payload: object) => Signed
  generateKeyPair(algorithm: string, options: object): Promise<{ readonly publicKey: unknown; readonly privateKey: unknown }>
  exportSPKI(key: unknown): Promise<string>
  exportJWK(key: unknown): Promise<object>
}

const PACKAGE: string = 'jose'
const jose = await import(PACKAGE).then(
  (module) => module as Jose,
  () => undefined,
)
const skip = jose === undefined ? 'jose is not installed' : false

const NOW = 1_750_000_000
const SECRET = 'thirty-two bytes and some more of them'
const wanted = { issuer: 'https://id.example', audience: 'arena' } as const
const payload = { iss: wanted.issuer, aud: wanted.audience, sub: 'ada', exp: NOW + 60 }

function sign(
  claims: object,
  { key = new TextEncoder().encode(SECRET), ...header }: { key?: unknown; alg?: string; kid?: string } = {},
): Promise<string> {
  return new jose!.SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...header }).sign(key)
}

/** Who it says that a claim is; undefined where it refuses. */
async function ask(authenticator: Authenticator, claim: unknown, unixSeconds = NOW): Promise<unknown> {
  const claimant = { sessionId: 'x', unixSeconds } as Parameters<Authenticator['authenticate']>[1]
  return authenticator.authenticate(claim, claimant, new AbortController().signal)
}

t.test('a token that the issuer signed for this game lets in its subject, and no other', { skip }, async (t) => {
  const world = new World({ unixSeconds: NOW })
  const authenticator = jwt({ secret: SECRET, ...wanted })
  await authenticator.prepare!()
  const { server } = await openServer(world, { auth: [authenticator] })
  const claim = await sign({ ...payload, role: 'admin', guild: 7 })
  let isIn = false
  void logIn(world, { name: 'mallory', auth: async () => ({ scheme: 'jwt', claim }) }).then(() => {
    isIn = true
  })
  for (let i = 0; i < 500 && !isIn; i++) await world.step(10) // jose works in real time
  const [peer] = server.peers
  t.match(peer?.identity, { id: 'ada', role: 'player', data: { guild: 7 } }, 'no role is taken from a token by itself')
  t.ok(server.getPeerByIdentity('ada') === peer)
  t.equal(await refusalOf(world, { auth: { scheme: 'jwt', claim: 'ada' } }), 'auth-failed')
})

t.test('a token that is expired, early, for another game, of another issuer, or changed is refused', { skip }, async (t) => {
  const authenticator = jwt({ secret: SECRET, ...wanted })
  const good = await sign(payload)
  t.match(await ask(authenticator, good), { id: 'ada' })
  t.match(await ask(authenticator, good, NOW + 64), { id: 'ada' }, 'clocks may be five seconds apart')
  t.equal(await ask(authenticator, good, NOW + 66), undefined)
  const { exp: _, ...endless } = payload
  const { sub: __, ...nobody } = payload
  for (const [what, claims] of Object.entries({
    'without an end': endless,
    'without a subject': nobody,
    'with an empty subject': { ...payload, sub: '' },
    'not valid yet': { ...payload, nbf: NOW + 60 },
    'for another game': { ...payload, aud: 'chess' },
    'for none': { ...payload, aud: [] },
    'of another issuer': { ...payload, iss: 'https://evil.example' },
  }))
    t.equal(await ask(authenticator, await sign(claims)), undefined, what)
  t.equal(await ask(authenticator, await sign(payload, { key: new Uint8Array(32) })), undefined, 'another key')
  const [header, body, signature] = good.split('.') as [string, string, string]
  const forged = Buffer.from(JSON.stringify({ ...payload, sub: 'bob' })).toString('base64url')
  t.equal(await ask(authenticator, `${header}.${forged}.${signature}`), undefined, 'another subject')
  for (let at = 0; at < good.length; at += 7) {
    const other = good[at] === 'A' ? 'B' : 'A'
    t.equal(await ask(authenticator, good.slice(0, at) + other + good.slice(at + 1)), undefined, `changed at ${at}`)
  }
  for (const claim of ['', 'a.b.c', `${header}.${body}.`, new TextEncoder().encode(good), { jwt: good }, undefined, 7])
    t.equal(await ask(authenticator, claim), undefined)
})

t.test('a token without a signature, or signed by the public key as if it were a secret, is refused', { skip }, async (t) => {
  const { publicKey, privateKey } = await jose!.generateKeyPair('RS256', { extractable: true })
  const pem = await jose!.exportSPKI(publicKey)
  const authenticator = jwt({ publicKey: pem, ...wanted, algorithms: ['RS256'] })
  t.match(await ask(authenticator, await sign(payload, { key: privateKey, alg: 'RS256' })), { id: 'ada' })
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  for (const alg of ['none', 'None', 'HS256']) {
    const body = `${encode({ alg })}.${encode(payload)}`
    t.equal(await ask(authenticator, `${body}.`), undefined, alg)
    t.equal(await ask(authenticator, `${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`), undefined, alg)
  }
})

t.test('public keys come as PEM, as a JSON Web Key, as a set, or from the issuer’s address', { skip }, async (t) => {
  const { publicKey, privateKey } = await jose!.generateKeyPair('ES256', { extractable: true })
  const other = await jose!.generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await jose!.exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
  const http = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => http.close())
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/keys`
  const good = await sign(payload, { key: privateKey, alg: 'ES256', kid: 'k1' })
  const ways: Partial<JwtOptions>[] = [
    { publicKey: await jose!.exportSPKI(publicKey) },
    { publicKey: jwk },
    { publicKey: publicKey as object },
    { jwks: { keys: [jwk] } },
    { jwks: url },
    { jwks: new URL(url) },
  ]
  for (const way of ways) {
    const authenticator = jwt({ ...way, ...wanted, algorithms: ['ES256', 'ES384'].slice(0, 'publicKey' in way ? 1 : 2) })
    t.match(await ask(authenticator, good), { id: 'ada' }, Object.keys(way)[0]!)
    t.equal(await ask(authenticator, await sign(payload, { key: other.privateKey, alg: 'ES256', kid: 'k1' })), undefined)
  }
  const set = jwt({ jwks: { keys: [jwk] }, ...wanted, algorithms: ['ES256'] })
  t.equal(
    await ask(set, await sign(payload, { key: other.privateKey, alg: 'ES256', kid: 'k2' })),
    undefined,
    'a key that is not in the set',
  )
})

t.test('the game says who it is, where the token’s subject does not', { skip }, async (t) => {
  const identify: JwtOptions['identify'] = ({ scope, sub }) =>
    scope === undefined ? undefined : { id: `steam:${sub}`, role: scope === 'mod' ? 'admin' : 'player' }
  const authenticator = jwt({ secret: SECRET, ...wanted, identify })
  t.strictSame(await ask(authenticator, await sign({ ...payload, scope: 'mod' })), { id: 'steam:ada', role: 'admin' })
  t.equal(await ask(authenticator, await sign(payload)), undefined)
})

t.test('an issuer whose keys cannot be had is a failure of ours, and lets nobody in', { skip }, async (t) => {
  const authenticator = jwt({ jwks: 'http://127.0.0.1:9/keys', ...wanted, algorithms: ['HS256', 'ES256'] })
  await t.rejects(ask(authenticator, await sign(payload)))
})

t.test('a key that cannot be read keeps the server from listening', { skip }, async (t) => {
  const server = new World().makeServer({ auth: [jwt({ publicKey: 'no PEM', ...wanted, algorithms: ['ES256'] })] })
  await t.rejects(server.listen({ port: 9000 }), { code: 'BAD_OPTION', message: /jwt\(\) expected a key that jose can read for ES256/ })
})

t.test('without jose it says what to install', async (t) => {
  const hook =
    'export const resolve = (name, context, next) => { if (name === "jose") throw new Error("not found"); return next(name, context) }'
  const register = `import { register } from 'node:module'; register('data:text/javascript,${encodeURIComponent(hook)}')`
  const program = `
    import { jwt } from '${new URL('../../lib/sessions/jwt.js', import.meta.url).href}'
    await jwt({ secret: '${SECRET}', issuer: 'i', audience: 'a' }).prepare().catch((error) => console.log(error.code, error.message))`
  const [node, args] = plainNode(['--import', `data:text/javascript,${encodeURIComponent(register)}`, '--input-type=module', '-e', program])
  const output = await new Promise<string>((resolve) =>
    execFile(node, args, { encoding: 'utf8' }, (_error, stdout, stderr) => resolve(stdout + stderr)),
  )
  t.equal(output, 'BAD_OPTION jwt() expected the package jose, which is optional: npm install jose\n')
})

t.test('misuse throws at the call, with a code and what was expected, and without the secret', async (t) => {
  const make = (options: object) => () => jwt(options as JwtOptions)
  t.throws(make({ ...wanted }), { code: 'BAD_OPTION', message: /one of "secret", "publicKey" and "jwks", got 0/ })
  t.throws(make({ ...wanted, secret: SECRET, jwks: 'https://id.example' }), { code: 'BAD_OPTION', message: /got 2/ })
  t.throws(make({ ...wanted, secret: 'short-and-secret' }), { code: 'BAD_OPTION', message: '"secret" expected at least 32 bytes, got 16' })
  t.throws(make({ ...wanted, secret: 7 }), { code: 'BAD_OPTION' })
  t.throws(make({ secret: SECRET, issuer: 'i' }), { code: 'BAD_OPTION', message: /"audience" expected a text or several, got undefined/ })
  t.throws(make({ secret: SECRET, audience: 'a', issuer: [] }), { code: 'BAD_OPTION', message: /"issuer"/ })
  t.throws(make({ ...wanted, publicKey: 'pem' }), { code: 'BAD_OPTION', message: /"algorithms" expected the signatures/ })
  t.throws(make({ ...wanted, secret: SECRET, identify: 'sub' }), { code: 'BAD_OPTION' })
  t.throws(() => jwt(undefined as never), { code: 'BAD_OPTION' })
})
