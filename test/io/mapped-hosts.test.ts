import t from 'tap'
import { MAX_MAPPED_HOSTS } from '../../lib/io/limits.js'
import { MappedHosts } from '../../lib/io/mapped-hosts.js'

t.test('turns IPv4 hosts into either form, and leaves IPv6 hosts alone', async (t) => {
  const hosts = new MappedHosts()
  for (let time = 0; time < 2; time++) {
    t.equal(hosts.toMapped('192.0.2.1'), '::ffff:192.0.2.1')
    t.equal(hosts.toDotted('::ffff:192.0.2.1'), '192.0.2.1')
    t.equal(hosts.toMapped('2001:db8::1'), '2001:db8::1')
    t.equal(hosts.toDotted('2001:db8::1'), '2001:db8::1')
  }
})

t.test('remembers no more hosts than its limit, and is right about those it forgot', async (t) => {
  const hosts = new MappedHosts()
  let most = 0
  for (let number = 0; number < 10_000; number++) {
    hosts.toDotted(`::ffff:10.0.${number >> 8}.${number & 255}`)
    hosts.toMapped(`10.0.${number >> 8}.${number & 255}`)
    most = Math.max(most, hosts.size)
  }
  t.equal(most, 2 * MAX_MAPPED_HOSTS)
  t.equal(hosts.toDotted('::ffff:10.0.0.0'), '10.0.0.0')
  t.equal(hosts.toMapped('10.0.0.0'), '::ffff:10.0.0.0')
})
