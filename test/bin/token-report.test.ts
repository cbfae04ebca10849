import t from 'tap'
import { decodeKey } from '../../bin/key-files.js'
import { inspectToken, tokenJson, tokenLines } from '../../bin/token-report.js'
import { generateConnectToken, protocolIdOf, readConnectToken, selectCrypto, systemEntropy } from '../../lib/netcode/index.js'

const privateKey = Uint8Array.from({ length: 32 }, (_, i) => i)
const CREATED = 1_800_000_000

function mint(userData = new TextEncoder().encode('ada ☃')): Uint8Array {
  return generateConnectToken({
    protocolId: protocolIdOf('arena'),
    privateKey,
    serverAddresses: ['203.0.113.7:9000', '[::1]:9001'],
    clientId: 2n ** 64n - 1n,
    userData,
    expireSeconds: 60,
    timeoutSeconds: 12,
    createUnixSeconds: CREATED,
    entropy: systemEntropy,
    crypto: selectCrypto(),
  })
}

function lines(token: Uint8Array, more: { key?: Uint8Array; game?: string; now?: number; showsKeys?: boolean } = {}): string {
  const report = inspectToken(token, { privateKey: more.key, game: more.game, nowUnixSeconds: more.now ?? CREATED + 20 })!
  return tokenLines(report, more.showsKeys ?? false).join('\n')
}

t.test('without the key, all but the private part is told', async (t) => {
  const text = lines(mint())
  t.match(text, /created +2027-01-15T08:00:00\.000Z/)
  t.match(text, /expires +2027-01-15T08:01:00\.000Z, in 40 s/)
  t.match(text, /time-out +12 s/)
  t.match(text, /servers +203\.0\.113\.7:9000, \[::1\]:9001/)
  t.match(text, /1024 sealed bytes: --key opens them/)
  t.notMatch(text, /client id/)
})

t.test('with the key, the private part is told too; with another one it does not open', async (t) => {
  const text = lines(mint(), { key: privateKey })
  t.match(text, /client id +18446744073709551615/)
  t.match(text, /user data +"ada ☃" \(7 bytes\)/)
  t.match(text, /the same as the client has/)
  t.match(lines(mint(), { key: new Uint8Array(32) }), /1024 sealed bytes: does not open/)
})

t.test('a token whose public fields were changed does not open', async (t) => {
  const token = mint()
  token[29]! ^= 1 // a bit of the expiry
  t.match(lines(token, { key: privateKey }), /does not open/)
})

t.test('whether it is for a game, and whether it has expired', async (t) => {
  t.match(lines(mint(), { game: 'arena' }), /\(the game "arena"\)/)
  t.match(lines(mint(), { game: 'chess' }), /\(not the game "chess"\)/)
  t.match(lines(mint(), { now: CREATED + 75 }), /15 s ago: no server takes it any more/)
  t.match(tokenJson(inspectToken(mint(), { privateKey: undefined, game: 'chess', nowUnixSeconds: CREATED + 60 })!, false), {
    isExpired: true,
    isForGame: false,
    private: null,
  })
})

t.test('session keys are told only when asked for', async (t) => {
  const token = mint()
  const key = Buffer.from(readConnectToken(token)!.clientToServerKey).toString('base64')
  t.notMatch(lines(token, { key: privateKey }), key)
  t.ok(lines(token, { showsKeys: true }).includes(key))
  const report = inspectToken(token, { privateKey, game: undefined, nowUnixSeconds: CREATED })!
  t.notOk(JSON.stringify(tokenJson(report, false)).includes(key))
  t.match(tokenJson(report, true), { clientToServerKey: key, private: { clientId: '18446744073709551615', hasSameKeys: true } })
})

t.test('user data that is no text is told in hex, and none as none', async (t) => {
  t.match(lines(mint(Uint8Array.of(255, 0, 1)), { key: privateKey }), /user data +ff0001 \(3 bytes\)/)
  t.match(lines(mint(Uint8Array.of(27, 91)), { key: privateKey }), /user data +1b5b \(2 bytes\)/, 'control characters are no text')
  t.match(lines(mint(new Uint8Array(0)), { key: privateKey }), /user data +none/)
})

t.test('what is no token is none', async (t) => {
  const inspection = { privateKey: undefined, game: undefined, nowUnixSeconds: 0 }
  t.equal(inspectToken(new Uint8Array(2048), inspection), undefined)
  t.equal(inspectToken(mint().subarray(1), inspection), undefined)
})

t.test('a key is taken raw, as base64 and as hex, with or without a line end', async (t) => {
  const buffer = Buffer.from(privateKey)
  for (const form of [privateKey, buffer.toString('base64'), `${buffer.toString('hex')}\n`, `${buffer.toString('base64url')}\r\n`])
    t.strictSame(Buffer.from(decodeKey(Buffer.from(form as string))!), buffer)
  for (const form of ['', 'short', buffer.toString('base64').slice(4), `${buffer.toString('hex')}00`])
    t.equal(decodeKey(Buffer.from(form)), undefined, JSON.stringify(form))
})
