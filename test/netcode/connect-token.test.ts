import t from 'tap'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { readConnectToken } from '../../lib/netcode/connect-token.js'
import { REQUEST_TOKEN_OFFSET, RequestReader, writeConnectionRequest } from '../../lib/netcode/connection-request.js'
import { createConnectToken, protocolIdOf } from '../../lib/netcode/create-connect-token.js'
import { readPrivateToken } from '../../lib/netcode/private-token.js'
import { fnv1a64 } from '../../lib/wire/hash.js'
import { createRandom, PRIVATE_KEY, PROTOCOL_ID, World } from './world.js'

const world = new World(1)

t.test('carries 1 to 32 addresses of both families', async (t) => {
  for (const count of [1, 2, 31, 32]) {
    const serverAddresses = Array.from({ length: count }, (_, i) =>
      i % 2 === 0 ? `10.0.0.${i}:${1000 + i}` : `[2001:db8::${i}]:${1000 + i}`,
    )
    const token = readConnectToken(world.token(9n, { serverAddresses }))!
    t.same(
      token.serverAddresses.map(({ host, port, family }) => (family === 'ipv6' ? `[${host}]:${port}` : `${host}:${port}`)),
      serverAddresses,
    )

    const request = new Uint8Array(1200)
    writeConnectionRequest(request, token)
    t.ok(new RequestReader(selectCrypto(), PROTOCOL_ID, PRIVATE_KEY).open(request))
    t.same(readPrivateToken(request, REQUEST_TOKEN_OFFSET)?.serverAddresses, token.serverAddresses)
  }
})

t.test('says what is wrong with an option', async (t) => {
  t.throws(() => world.token(-1n), { name: 'RangeError', message: '"clientId" expected 0–2^64 − 1, got -1' })
  t.throws(() => world.token(2n ** 64n), { name: 'RangeError' })
  t.throws(() => world.token(5 as unknown as bigint), { name: 'TypeError', message: '"clientId" expected a bigint, got number' })
  t.throws(() => world.token(1n, { serverAddresses: [] }), { name: 'RangeError', message: /expected 1–32 addresses, got 0/ })
  t.throws(() => world.token(1n, { serverAddresses: new Array(33).fill('1.2.3.4:5') }), { name: 'RangeError' })
  t.throws(() => world.token(1n, { serverAddresses: ['1.2.3.4'] }), { name: 'TypeError' })
  t.throws(() => world.token(1n, { userData: new Uint8Array(257) }), { name: 'RangeError', message: /at most 256 bytes, got 257/ })
  t.throws(() => world.token(1n, { expireSeconds: 0 }), { name: 'RangeError' })
  t.throws(() => world.token(1n, { timeoutSeconds: 0.5 }), { name: 'RangeError' })
  t.throws(() => world.token(1n, { privateKey: new Uint8Array(31) }), {
    name: 'RangeError',
    message: '"privateKey" expected 32 bytes, got 31',
  })
})

t.test('reads no token that is cut, of another version, or inconsistent', async (t) => {
  const token = world.token(1n)
  const changed = (offset: number, ...values: number[]) => {
    const bytes = token.slice()
    bytes.set(values, offset)
    return readConnectToken(bytes)
  }
  t.ok(readConnectToken(token))
  t.equal(readConnectToken(token.slice(0, -1)), undefined)
  t.equal(readConnectToken(new Uint8Array(2048)), undefined)
  t.equal(changed(11, 0x31), undefined, 'version 1.01')
  t.equal(changed(13 + 8 + 8, 0, 0, 0, 0, 0, 0, 0, 0), undefined, 'expired before it was made')
  const addresses = 13 + 8 + 8 + 8 + 24 + 1024 + 4
  t.equal(changed(addresses, 0), undefined, 'no address')
  t.equal(changed(addresses, 33), undefined, '33 addresses')
  t.equal(changed(addresses + 3, 1), undefined, '2^24 addresses')
  t.equal(changed(addresses + 4, 0), undefined, 'type 0')
  t.equal(changed(addresses + 4, 3), undefined, 'type 3')
})

t.test('reading changed or random tokens never throws', async (t) => {
  const random = createRandom(11)
  const token = world.token(1n, { serverAddresses: ['1.2.3.4:5', '[::1]:6'] })
  for (let i = 0; i < 5000; i++) {
    const bytes = token.slice()
    const from = random() < 0.7 ? 1085 : 0
    for (let j = 0; j < 4; j++) bytes[from + Math.floor(random() * (random() < 0.5 ? 60 : 2048 - from))] = Math.floor(random() * 256)
    readConnectToken(bytes)
    readPrivateToken(bytes, Math.floor(random() * 1000))
  }
  t.pass()
})

t.test('a backend makes a token in one call', async (t) => {
  const before = BigInt(Math.floor(Date.now() / 1000))
  const bytes = createConnectToken({
    game: 'arena',
    privateKey: PRIVATE_KEY,
    addresses: ['203.0.113.7:9000', '[2001:db8::7]:9000'],
    clientId: 42n,
    tokenData: Uint8Array.of(1, 2, 3),
  })
  const token = readConnectToken(bytes)!
  t.equal(bytes.length, 2048)
  t.equal(token.protocolId, fnv1a64('arena'))
  t.equal(token.protocolId, protocolIdOf('arena'))
  t.ok(token.createUnixSeconds >= before)
  t.equal(token.expireUnixSeconds - token.createUnixSeconds, 30n)
  t.equal(token.timeoutSeconds, 10)

  const request = new Uint8Array(1200)
  writeConnectionRequest(request, token)
  t.ok(new RequestReader(selectCrypto(), token.protocolId, PRIVATE_KEY).open(request))
  const read = readPrivateToken(request, REQUEST_TOKEN_OFFSET)!
  t.equal(read.clientId, 42n)
  t.same(read.userData.subarray(0, 4), [1, 2, 3, 0])
  t.equal(read.userData.length, 256)

  const again = createConnectToken({ game: 'arena', privateKey: PRIVATE_KEY, addresses: ['203.0.113.7:9000'], clientId: 42n })
  t.notSame(readConnectToken(again)?.nonce, token.nonce, 'nonce and keys are random')
})
