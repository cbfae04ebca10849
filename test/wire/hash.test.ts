import t from 'tap'
import { fnv1a32, fnv1a64, hex64 } from '../../lib/wire/hash.js'

t.test('hashes as the published FNV-1a vectors say', async (t) => {
  t.equal(fnv1a32(''), 0x811c9dc5)
  t.equal(fnv1a32('a'), 0xe40c292c)
  t.equal(fnv1a32('foobar'), 0xbf9cf968)
  t.equal(fnv1a64(''), 0xcbf29ce484222325n)
  t.equal(fnv1a64('a'), 0xaf63dc4c8601ec8cn)
  t.equal(fnv1a64('foobar'), 0x85944171f73967e8n)
})

t.test('hashes the UTF-8 bytes of a text', async (t) => {
  t.not(fnv1a64('é'), fnv1a64('e'))
  t.equal(
    fnv1a64('é'),
    [0xc3n, 0xa9n].reduce((hash, byte) => BigInt.asUintN(64, (hash ^ byte) * 0x100000001b3n), 0xcbf29ce484222325n),
  )
})

t.test('writes a u64 as 16 hex digits', async (t) => {
  t.equal(hex64(0n), '0000000000000000')
  t.equal(hex64(0xabcn), '0000000000000abc')
  t.equal(hex64(2n ** 64n - 1n), 'ffffffffffffffff')
})
