import type { NetworkInterfaceInfo } from 'node:os'
import t from 'tap'
import { broadcastHosts, type Interfaces } from '../../lib/io/broadcast-hosts.js'

function ipv4(address: string, netmask: string, internal = false): NetworkInterfaceInfo {
  return { address, netmask, family: 'IPv4', mac: '00:00:00:00:00:00', internal, cidr: null }
}

function ipv6(address: string): NetworkInterfaceInfo {
  return { address, netmask: 'ffff:ffff:ffff:ffff::', family: 'IPv6', mac: '00:00:00:00:00:00', internal: false, cidr: null, scopeid: 2 }
}

const machine: Interfaces = {
  lo: [ipv4('127.0.0.1', '255.0.0.0', true)],
  eth0: [ipv4('192.168.1.5', '255.255.255.0'), ipv6('fe80::5'), ipv4('172.16.70.3', '255.255.240.0')],
  wlan0: [ipv4('10.1.2.3', '255.0.0.0')],
  tun0: [ipv4('10.8.0.6', '255.255.255.255')],
  ppp0: [ipv4('10.9.0.6', '255.255.255.254')],
  gone: undefined,
}

t.test('the last address of every network, without loopback and networks too small for a broadcast', async (t) => {
  t.strictSame(broadcastHosts(undefined, machine), ['192.168.1.255', '172.16.79.255', '10.255.255.255'])
})

t.test('of interfaces by name, all their networks; by address, that network', async (t) => {
  t.strictSame(broadcastHosts(['eth0'], machine), ['192.168.1.255', '172.16.79.255'])
  t.strictSame(broadcastHosts(['172.16.70.3'], machine), ['172.16.79.255'])
  t.strictSame(broadcastHosts(['wlan0', '192.168.1.5'], machine), ['192.168.1.255', '10.255.255.255'])
})

t.test('a network is named once, by however many addresses and names', async (t) => {
  const twice: Interfaces = { eth0: [ipv4('192.168.1.5', '255.255.255.0')], wlan0: [ipv4('192.168.1.9', '255.255.255.0')] }
  t.strictSame(broadcastHosts(undefined, twice), ['192.168.1.255'])
  t.strictSame(broadcastHosts(['eth0', '192.168.1.5'], twice), ['192.168.1.255'])
})

t.test('none for loopback, a point-to-point link, or no interface at all', async (t) => {
  t.strictSame(broadcastHosts(['lo', 'tun0', 'ppp0'], machine), [])
  t.strictSame(broadcastHosts([], machine), [])
  t.strictSame(broadcastHosts(undefined, {}), [])
})

t.test('what is not there is an error that says what is', async (t) => {
  const expected = { name: 'RangeError', message: /expected some of lo, eth0, wlan0, tun0, ppp0 or their IPv4 addresses, got eth7/ }
  t.throws(() => broadcastHosts(['eth0', 'eth7'], machine), expected)
  t.throws(() => broadcastHosts(['fe80::5'], machine), { message: /got fe80::5/ }, 'IPv6 has no broadcast')
})

t.test('of this machine, IPv4 hosts that are not loopback', async (t) => {
  for (const host of broadcastHosts(undefined)) t.match(host, /^(?!127\.)\d+\.\d+\.\d+\.\d+$/)
  t.pass('however many')
})
