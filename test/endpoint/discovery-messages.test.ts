// The bytes of discovery, and what is refused of those that anyone on the network can send. docs/PROTOCOL.md has the layouts; test/documents holds it to the code.
import t from 'tap'
import {
  decodeQuery,
  decodeReply,
  encodeQuery,
  encodeReply,
  halves,
  MODE_IS_SETTLING,
  MODE_NEEDS_TOKEN,
  type Reply,
  toHex,
} from '../../lib/endpoint/discovery-messages.js'
import { DISCOVERY_QUERY_BYTES } from '../../lib/wire/limits.js'
import { random } from '../protocol/pair.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const query = { nonceLow: 0x04030201, nonceHigh: 0x08070605, gameLow: 0x14131211, gameHigh: 0x18171615 }

const reply: Reply = {
  nonceLow: 0x04030201,
  nonceHigh: 0x08070605,
  idLow: 1,
  idHigh: 2,
  fingerprintLow: 3,
  fingerprintHigh: 4,
  modes: MODE_NEEDS_TOKEN,
  host: '10.0.0.1',
  port: 9000,
  players: 3,
  maxPlayers: 300,
  waitedMs: 1.5,
  game: 'arena',
  name: 'Ada’s game',
  info: Uint8Array.of(0x01),
}

function queryBytes(): Uint8Array {
  const bytes = new Uint8Array(2000).fill(0xee)
  return bytes.slice(0, encodeQuery(query, bytes))
}

function replyBytes(changes: Partial<Reply> = {}): Uint8Array {
  const bytes = new Uint8Array(2000)
  return bytes.slice(0, encodeReply({ ...reply, ...changes }, bytes))
}

t.test('a query: magic, version, nonce, game, and zeros up to its size', async (t) => {
  const bytes = queryBytes()
  t.equal(bytes.length, DISCOVERY_QUERY_BYTES)
  t.equal(hex(bytes.subarray(0, 21)), '54576c71' + '01' + '0102030405060708' + '1112131415161718')
  t.ok(bytes.subarray(21).every((byte) => byte === 0))
  t.match(decodeQuery(bytes), query)
})

t.test('a reply, byte by byte', async (t) => {
  t.equal(
    hex(replyBytes()),
    '54576c61' + // magic
      '01' + // version
      '0102030405060708' + // nonce
      '0100000002000000' + // id
      '0300000004000000' + // fingerprint
      '01' + // modes
      `08${hex(Buffer.from('10.0.0.1'))}` +
      '2823' + // port 9000
      '03' + // players
      'ac02' + // maxPlayers 300
      '0000c03f' + // waited 1.5
      `05${hex(Buffer.from('arena'))}` +
      `0c${hex(Buffer.from('Ada’s game'))}` +
      '0101', // info: 1 byte
  )
  t.match(decodeReply(replyBytes()), reply)
})

t.test('no reply is larger than its query, whatever a server may be called and tell', async (t) => {
  const largest = replyBytes({
    modes: MODE_NEEDS_TOKEN | MODE_IS_SETTLING,
    host: '2001:1db8:1111:2222:3333:4444:5555:6666',
    port: 65_535,
    players: 65_536,
    maxPlayers: 65_536,
    game: 'g'.repeat(64),
    name: 'n'.repeat(64),
    info: new Uint8Array(256).fill(0xc0),
  })
  t.equal(largest.length, 470, 'as lib/wire/limits.ts says')
  t.ok(largest.length <= DISCOVERY_QUERY_BYTES)
  t.ok(decodeReply(largest), 'and it can be read')

  const rnd = random(23)
  const upTo = (max: number): number => Math.floor(rnd() * (max + 1))
  const textOf = (max: number): string => Array.from({ length: upTo(max) }, () => String.fromCharCode(0x20 + upTo(94))).join('')
  for (let i = 0; i < 2000; i++) {
    const bytes = replyBytes({
      host: rnd() < 0.5 ? '' : `${upTo(255)}.${upTo(255)}.${upTo(255)}.${upTo(255)}`,
      port: 1 + upTo(65_534),
      players: upTo(65_536),
      maxPlayers: upTo(65_536),
      waitedMs: rnd() * 1e6,
      game: textOf(64),
      name: textOf(64),
      info: new Uint8Array(upTo(256)),
    })
    if (bytes.length > DISCOVERY_QUERY_BYTES || decodeReply(bytes) === undefined) t.fail(`a reply of ${bytes.length} bytes: ${hex(bytes)}`)
  }
})

t.test('what is no query is none: another size, magic or version, and a reply', async (t) => {
  const bytes = queryBytes()
  t.equal(decodeQuery(bytes.subarray(0, 511)), undefined)
  t.equal(decodeQuery(new Uint8Array([...bytes, 0])), undefined)
  t.equal(decodeQuery(new Uint8Array(0)), undefined)
  for (let at = 0; at < 5; at++) {
    const other = bytes.slice()
    other[at]! ^= 1
    t.equal(decodeQuery(other), undefined, `byte ${at}`)
  }
  const padded = new Uint8Array(DISCOVERY_QUERY_BYTES)
  padded.set(replyBytes())
  t.equal(decodeQuery(padded), undefined, 'two servers cannot be made to answer each other')
  t.equal(decodeReply(bytes), undefined)
})

t.test('a reply with what nobody should act on or print is none', async (t) => {
  const refused: readonly Partial<Reply>[] = [
    { port: 0 },
    { host: 'evil.example' },
    { host: '10.0.0.1.' },
    { host: '010.0.0.1' },
    { host: 'fe80::1%eth0' },
    { host: '::ffff:10.0.0.1' },
    { waitedMs: Number.NaN },
    { waitedMs: -1 },
    { name: '\u001b[2J' },
    { name: 'two\nlines' },
    { game: 'a\u0000b' },
    { game: '\u009b' },
  ]
  for (const changes of refused) t.equal(decodeReply(replyBytes(changes)), undefined, JSON.stringify(changes))
  for (const changes of [{ host: '' }, { host: '::1' }, { name: '' }, { name: 'こんにちは' }, { info: new Uint8Array(0) }, { modes: 255 }])
    t.ok(decodeReply(replyBytes(changes)), JSON.stringify(changes))
})

t.test('junk, cut-off and changed bytes never throw', async (t) => {
  const rnd = random(29)
  const good = replyBytes()
  for (let length = 0; length < good.length; length++) t.equal(decodeReply(good.subarray(0, length)), undefined)
  t.equal(decodeReply(new Uint8Array([...good, 0])), undefined, 'it ends where its last field does')
  t.equal(decodeReply(new Uint8Array(DISCOVERY_QUERY_BYTES + 1)), undefined)
  for (let i = 0; i < 20_000; i++) {
    const bytes = i % 2 === 0 ? good.slice() : Uint8Array.from({ length: Math.floor(rnd() * 520) }, () => rnd() * 256)
    if (i % 2 === 0) for (let flips = 0; flips < 3; flips++) bytes[Math.floor(rnd() * bytes.length)] = rnd() * 256
    decodeReply(bytes)
    decodeQuery(bytes)
  }
  t.pass('none did')
})

t.test('a u64 as halves and as digits', async (t) => {
  const [low, high] = halves(0x0123_4567_89ab_cdefn)
  t.equal(low, 0x89abcdef)
  t.equal(high, 0x01234567)
  t.equal(toHex(low, high), '0123456789abcdef')
  t.equal(toHex(1, 0), '0000000000000001')
})
