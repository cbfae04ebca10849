import { networkInterfaces } from 'node:os'
import t from 'tap'
import { MAX_MAPPED_HOSTS } from '../../lib/io/limits.js'
import { AF_INET, AF_INET6 } from '../../lib/io/linux-sockets.js'
import { SocketAddresses } from '../../lib/io/socket-addresses.js'

/** The bytes of an address for a socket of this family, as hex; empty where it reaches no such host. */
function write(addresses: SocketAddresses, family: number, host: string, port: number): string {
  const bytes = new Uint8Array(40).fill(0xee)
  const length = addresses.write(bytes, 4, family, host, port)
  t.ok(
    bytes.subarray(0, 4).every((byte) => byte === 0xee) && bytes.subarray(4 + length).every((byte) => byte === 0xee),
    'nothing around it',
  )
  return Buffer.from(bytes.subarray(4, 4 + length)).toString('hex')
}

function read(addresses: SocketAddresses, hex: string): string {
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
  const view = new DataView(bytes.buffer)
  return `${addresses.readHost(view, 0)} ${addresses.readPort(view, 0)}`
}

const V4_HEX = `02001f90c0000207${'00'.repeat(8)}`
const v6 = (words: string, scope = '00000000') => `0a001f9000000000${words}${scope}`
const MAPPED_HEX = v6('00000000000000000000ffffc0000207')

t.test('writes addresses as the system has them', async (t) => {
  const addresses = new SocketAddresses()
  for (let round = 0; round < 2; round++) {
    // The second time from memory.
    t.equal(write(addresses, AF_INET, '192.0.2.7', 8080), V4_HEX)
    t.equal(write(addresses, AF_INET6, '192.0.2.7', 8080), MAPPED_HEX)
    t.equal(write(addresses, AF_INET6, '::ffff:192.0.2.7', 8080), MAPPED_HEX)
    t.equal(write(addresses, AF_INET6, '::ffff:c000:207', 8080), MAPPED_HEX)
    t.equal(write(addresses, AF_INET, '::ffff:192.0.2.7', 8080), V4_HEX)
    t.equal(write(addresses, AF_INET6, '::', 8080), v6('0'.repeat(32)))
    t.equal(write(addresses, AF_INET6, '::1', 8080), v6(`${'0'.repeat(31)}1`))
    t.equal(write(addresses, AF_INET6, '2001:DB8::', 8080), v6('20010db8000000000000000000000000'))
    t.equal(write(addresses, AF_INET6, '2001:db8::8:800:200c:417a', 8080), v6('20010db80000000000080800200c417a'))
    t.equal(write(addresses, AF_INET6, '1:2:3:4:5:6:7:8', 8080), v6('00010002000300040005000600070008'))
    t.equal(write(addresses, AF_INET6, '1:2:3:4:5:6:7::', 8080), v6('00010002000300040005000600070000'))
    t.equal(write(addresses, AF_INET6, 'fe80::1%7', 8080), v6('fe800000000000000000000000000001', '07000000'))
    t.equal(write(addresses, AF_INET6, 'fe80::1', 8080), v6('fe800000000000000000000000000001'))
  }
})

t.test('writes nothing where a socket of the family reaches no such host', async (t) => {
  const addresses = new SocketAddresses()
  for (const host of ['::1', 'example.org', '', '999.0.0.1', '1.2.3', ':::', 'fe80::1%7'])
    t.equal(write(addresses, AF_INET, host, 9), '', host)
  for (const host of ['example.org', '', '1:2:3', '1:2:3:4:5:6:7:8:9', '::ffff:999.0.0.1'])
    t.equal(write(addresses, AF_INET6, host, 9), '', host)
})

t.test('reads addresses, and v4-mapped ones as IPv4', async (t) => {
  const addresses = new SocketAddresses()
  for (let round = 0; round < 2; round++) {
    t.equal(read(addresses, V4_HEX), '192.0.2.7 8080')
    t.equal(read(addresses, MAPPED_HEX), '192.0.2.7 8080')
    t.equal(read(addresses, v6('0'.repeat(32))), ':: 8080')
    t.equal(read(addresses, v6('20010db80000000000080800200c417a')), '2001:db8::8:800:200c:417a 8080')
    t.equal(read(addresses, v6('fe800000000000000000000000000001')), 'fe80::1 8080')
    t.equal(read(addresses, v6('fe800000000000000000000000000001', 'ffffff00')), 'fe80::1%16777215 8080', 'no interface has that number')
    t.equal(read(addresses, `0200ffff00000000${'00'.repeat(8)}`), '0.0.0.0 65535')
    t.equal(read(addresses, `02000001ffffffff${'00'.repeat(8)}`), '255.255.255.255 1')
  }
})

t.test('an interface is named as node names it', async (t) => {
  const addresses = new SocketAddresses()
  const found = Object.entries(networkInterfaces())
    .flatMap(([name, list]) => (list ?? []).map((address) => ({ name, ...address })))
    .find(({ scopeid }) => (scopeid ?? 0) > 0)
  if (found === undefined) return t.pass('this machine has no link-local address')
  const host = `${found.address}%${found.name}`
  const hex = write(addresses, AF_INET6, host, 8080)
  t.equal(read(addresses, hex), `${host} 8080`)
  return t.equal(Buffer.from(hex, 'hex').readUInt32LE(24), found.scopeid)
})

t.test('every address comes back as it was written, hosts with one hash too', async (t) => {
  const addresses = new SocketAddresses()
  let state = 1
  const word = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state % 5 === 0 ? 0 : state >>> 16
  }
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: 8 }, () => word().toString(16)).join(':')
    const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1)
    const hex = write(addresses, AF_INET6, text, 8080)
    if (read(addresses, hex) !== `${canonical} 8080`) t.fail(`${text} came back as ${read(addresses, hex)}`)
  }
  // h = ((a × 31 ^ b) × 31 ^ c) × 31 ^ d, of words read little-endian: a = 1, b = 0 and a = 0, b = 31 give the same.
  const one = v6('01000000000000000000000000000000')
  const other = v6('000000001f0000000000000000000000')
  for (let round = 0; round < 3; round++) {
    t.equal(read(addresses, one), '100:: 8080')
    t.equal(read(addresses, other), '0:0:1f00:: 8080')
  }
})

t.test('what strangers send from is forgotten when it is too much', async (t) => {
  const addresses = new SocketAddresses()
  const bytes = new Uint8Array(28)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < 3 * MAX_MAPPED_HOSTS; i++) {
    view.setUint16(0, AF_INET, true)
    view.setUint32(4, i)
    addresses.readHost(view, 0)
    view.setUint16(0, AF_INET6, true)
    view.setUint32(8, 0x20010db8)
    view.setUint32(20, i)
    addresses.readHost(view, 0)
    addresses.write(bytes, 0, AF_INET, `10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}`, 9)
    if (addresses.size > 3 * MAX_MAPPED_HOSTS) return t.fail(`${addresses.size} are kept`)
  }
  return t.pass()
})
