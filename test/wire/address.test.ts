import t from 'tap'
import type { Address } from '../../lib/io/address.js'
import {
  addressBytes,
  canonicalHost,
  createAddress,
  formatAddress,
  parseAddress,
  readAddress,
  storedAddressBytes,
  writeAddress,
} from '../../lib/wire/address.js'

t.test('parses and formats addresses of both families', async (t) => {
  t.same(parseAddress('1.2.3.4:80'), { host: '1.2.3.4', port: 80, family: 'ipv4' })
  t.same(parseAddress('[::1]:65535'), { host: '::1', port: 65535, family: 'ipv6' })
  t.same(parseAddress('[2001:DB8:0:0:0:0:0:1]:9000'), { host: '2001:db8::1', port: 9000, family: 'ipv6' })
  t.same(parseAddress('[::ffff:10.0.0.1]:7'), { host: '10.0.0.1', port: 7, family: 'ipv4' })
  for (const text of ['0.0.0.0:0', '255.255.255.255:65535', '[::]:1', '[2001:db8::1234:5]:65535'])
    t.equal(formatAddress(parseAddress(text)), text)
})

t.test('refuses what is not an address, and says what was expected', async (t) => {
  const texts = [
    '',
    '1.2.3.4',
    ':80',
    '1.2.3:80',
    '1.2.3.256:80',
    '01.2.3.4:80',
    '::1:80',
    '[::1]',
    '[::1]80',
    '[1.2.3.4]:80',
    'localhost:80',
    '1.2.3.4:-1',
    '[::g]:1',
    '[1::2::3]:1',
  ]
  for (const text of texts) t.throws(() => parseAddress(text), { name: 'TypeError', message: /expected/ }, text)
  t.throws(() => parseAddress('1.2.3.4:65536'), { name: 'RangeError', message: '"port" expected integer 0–65535, got 65536' })
  t.throws(() => createAddress('1.2.3.4', 1.5), { name: 'RangeError' })
})

t.test('gives IPv6 hosts the spelling of RFC 5952', async (t) => {
  const spellings = [
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::', '2001:db8::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1::', '1::'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:7f00:1', '127.0.0.1'],
    ['0:0:0:0:0:ffff:7f00:0001', '127.0.0.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['127.0.0.1', '127.0.0.1'],
  ] as const
  for (const [host, canonical] of spellings) t.equal(canonicalHost(host), canonical, host)
  for (const host of [
    '',
    'localhost',
    'fe80::1%',
    'fe80::1%eth 0',
    'fe80::1%]',
    '1.2.3.4%eth0',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    ':1',
    '1:',
    '12345::',
    ':::',
    '1.2.3.4::',
    '1.2.3.',
  ]) {
    t.throws(() => canonicalHost(host), { name: 'TypeError' }, host)
  }
})

t.test('writes addresses as netcode has them in its tokens', async (t) => {
  t.equal(written(parseAddress('127.0.0.1:40000')), '017f000001409c')
  t.equal(written(parseAddress('[::1]:40001')), '0200000000000000000000000000000100419c')
  t.equal(written(parseAddress('[2001:db8::1234:5]:65535')), '020120b80d000000000000000034120500ffff')
})

t.test('reads back what it wrote, at any offset', async (t) => {
  for (const text of ['127.0.0.1:40000', '[2001:db8::1234:5]:65535', '[::]:0']) {
    const address = parseAddress(text)
    const bytes = new Uint8Array(40)
    const end = writeAddress(bytes, 3, address)
    t.equal(end, 3 + addressBytes(address))
    t.same(readAddress(bytes, 3, end), address)
    t.equal(storedAddressBytes(bytes, 3, end), addressBytes(address))
    for (let cut = 3; cut < end; cut++) t.equal(readAddress(bytes, 3, cut), undefined, `cut off at ${cut}`)
  }
})

t.test('reads no address of an unknown type, and a mapped one as IPv4', async (t) => {
  for (const type of [0, 3, 255]) t.equal(readAddress(new Uint8Array(19).fill(type, 0, 1), 0, 19), undefined)
  const mapped = Uint8Array.from(Buffer.from('0200000000000000000000ffff0a000100500000'.slice(0, 38), 'hex'))
  t.equal(readAddress(mapped, 0, 19)?.family, 'ipv4')
  t.equal(storedAddressBytes(mapped, 0, 19), 19)
})

function written(address: Address): string {
  const bytes = new Uint8Array(addressBytes(address))
  t.equal(writeAddress(bytes, 0, address), bytes.length)
  return Buffer.from(bytes).toString('hex')
}
