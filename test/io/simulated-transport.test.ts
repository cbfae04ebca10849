import t from 'tap'
import type { Address } from '../../lib/io/address.js'
import { ManualClock } from '../../lib/io/manual-clock.js'
import { SimulatedNetwork, type SimulatedNetworkOptions } from '../../lib/io/simulated-network.js'
import { delay } from '../../lib/io/stages.js'
import type { Transport } from '../../lib/io/transport.js'

const OPTIONS = { maxInboxDatagrams: 100, socketBufferBytes: 0 }

function newNetwork(options: Partial<SimulatedNetworkOptions> = {}) {
  const clock = new ManualClock()
  return { clock, network: new SimulatedNetwork({ seed: 1, clock, ...options }) }
}

function sendTo(from: Transport, to: Address, byte = 1): void {
  from.buffer()[0] = byte
  from.send(1, to.host, to.port)
}

function errorsOf(transport: Transport): (string | undefined)[] {
  const codes: (string | undefined)[] = []
  transport.onError = (error) => codes.push(error.code)
  return codes
}

t.test('hosts and ports are given in turn, and a host keeps its ports apart', async (t) => {
  const { network } = newNetwork()
  t.strictSame(await network.transport().open(OPTIONS), { host: '10.0.0.1', port: 40_000, family: 'ipv4' })
  t.strictSame(await network.transport().open(OPTIONS), { host: '10.0.0.2', port: 40_000, family: 'ipv4' })
  t.strictSame(await network.transport('10.0.0.3').open({ ...OPTIONS, port: 9000 }), { host: '10.0.0.3', port: 9000, family: 'ipv4' })
  t.hasStrict(await network.transport().open(OPTIONS), { host: '10.0.0.4' }, 'no host that was named already')
  t.hasStrict(await network.transport('10.0.0.3').open(OPTIONS), { port: 40_000 })
  t.hasStrict(await network.transport('10.0.0.3').open(OPTIONS), { port: 40_001 })
  t.hasStrict(await network.transport('fd00::1').open(OPTIONS), { host: 'fd00::1', family: 'ipv6' })
})

t.test('binds its own host or a wildcard, and says which host that is', async (t) => {
  const { network } = newNetwork()
  t.hasStrict(await network.transport('10.1.1.1').open({ ...OPTIONS, host: '0.0.0.0' }), { host: '10.1.1.1' })
  t.hasStrict(await network.transport('10.1.1.1').open({ ...OPTIONS, host: '10.1.1.1' }), { host: '10.1.1.1' })
  await t.rejects(network.transport('10.1.1.1').open({ ...OPTIONS, host: '10.2.2.2' }), { code: 'EADDRNOTAVAIL' })
})

t.test('rejects a port that is taken or out of range, and is free to try another', async (t) => {
  const { network } = newNetwork()
  const first = network.transport('10.0.0.1')
  const second = network.transport('10.0.0.1')
  await first.open({ ...OPTIONS, port: 9000 })
  await t.rejects(second.open({ ...OPTIONS, port: 9000 }), { code: 'EADDRINUSE' })
  await t.rejects(second.open({ ...OPTIONS, port: -1 }), new RangeError('"port" expected integer 0–65535, got -1'))
  await t.rejects(second.open({ ...OPTIONS, maxInboxDatagrams: 0 }), RangeError)
  await t.resolves(second.open({ ...OPTIONS, port: 9001 }))
  await t.rejects(second.open(OPTIONS), new Error('open() expected a closed transport, got an open one'))
  await first.close()
  await first.close()
  await t.resolves(network.transport('10.0.0.1').open({ ...OPTIONS, port: 9000 }), 'a closed port is free')
})

t.test('a connected transport takes datagrams of its remote only', async (t) => {
  const { clock, network } = newNetwork()
  const remote = network.transport()
  const stranger = network.transport()
  const transport = network.transport()
  const remoteAddress = await remote.open(OPTIONS)
  await stranger.open(OPTIONS)
  const address = await transport.open({ ...OPTIONS, remote: remoteAddress })
  sendTo(stranger, address, 1)
  sendTo(remote, address, 2)
  transport.send(1, 'ignored', 1)
  clock.advance(0)
  t.hasStrict(transport.receive(), { bytes: new Uint8Array([2]), host: remoteAddress.host })
  t.equal(transport.receive(), undefined)
  t.hasStrict(remote.receive(), { host: address.host, port: address.port })
  t.equal(network.counters.unreachable, 1)
})

t.test('a connected sender hears of a dead port after a round trip', async (t) => {
  const { clock, network } = newNetwork({ stages: [delay(30)] })
  const server = network.transport()
  const address = await server.open(OPTIONS)
  const client = network.transport()
  const codes = errorsOf(client)
  await client.open({ ...OPTIONS, remote: address })
  sendTo(client, address)
  await server.close()
  clock.advance(59.999)
  t.strictSame(codes, [])
  clock.advance(0.001)
  t.strictSame(codes, ['ECONNREFUSED'])
  t.hasStrict(network.counters, { sent: 1, unreachable: 1 }, 'the answer is no datagram')
})

t.test('nobody hears of a dead port who is not connected, whose host does not exist, or where it is switched off', async (t) => {
  const { clock, network } = newNetwork()
  await network.transport('10.5.5.5').open(OPTIONS)
  const unconnected = network.transport()
  await unconnected.open(OPTIONS)
  const toNoHost = network.transport()
  const noHost: Address = { host: '10.9.9.9', port: 9, family: 'ipv4' }
  await toNoHost.open({ ...OPTIONS, remote: noHost })
  const codes = [errorsOf(unconnected), errorsOf(toNoHost)]
  sendTo(unconnected, { host: '10.5.5.5', port: 9, family: 'ipv4' })
  sendTo(toNoHost, noHost)

  const silent = newNetwork({ refusesDeadPorts: false })
  const connected = silent.network.transport()
  const deadPort: Address = { host: '10.0.0.1', port: 9, family: 'ipv4' }
  await connected.open({ ...OPTIONS, remote: deadPort })
  codes.push(errorsOf(connected))
  sendTo(connected, deadPort)

  clock.advance(1000)
  silent.clock.advance(1000)
  t.strictSame(codes, [[], [], []])
  t.equal(network.counters.unreachable, 2)
  t.equal(silent.network.counters.unreachable, 1)
})

t.test('drops the newest when the inbox is full, and says once that it is readable', async (t) => {
  const { clock, network } = newNetwork()
  const sender = network.transport()
  const receiver = network.transport()
  await sender.open(OPTIONS)
  const address = await receiver.open({ ...OPTIONS, maxInboxDatagrams: 3 })
  let calls = 0
  receiver.onReadable = () => calls++
  for (let byte = 0; byte < 5; byte++) sendTo(sender, address, byte)
  clock.advance(0)
  t.equal(calls, 1)
  t.equal(receiver.counters.inboxDropped, 2)
  t.strictSame([receiver.receive()?.bytes[0], receiver.receive()?.bytes[0], receiver.receive()?.bytes[0]], [0, 1, 2])
  sendTo(sender, address)
  clock.advance(0)
  t.equal(calls, 2)
})

t.test('a closed transport sends and receives nothing, and opens again empty', async (t) => {
  const { clock, network } = newNetwork()
  const sender = network.transport()
  const receiver = network.transport()
  await sender.open(OPTIONS)
  const address = await receiver.open({ ...OPTIONS, port: 9000 })
  sendTo(sender, address)
  clock.advance(0)
  await receiver.close()
  t.equal(receiver.receive(), undefined)
  sendTo(receiver, address)
  t.equal(network.counters.sent, 1)
  await receiver.open({ ...OPTIONS, port: 9000 })
  t.equal(receiver.receive(), undefined)
  sendTo(sender, address, 5)
  clock.advance(0)
  t.equal(receiver.receive()?.bytes[0], 5)
})

t.test('counts and reports what cannot be sent, in the next advance', async (t) => {
  const { clock, network } = newNetwork()
  const transport = network.transport()
  const codes = errorsOf(transport)
  await transport.open(OPTIONS)
  transport.send(1, '10.0.0.9', 0)
  transport.send(1, '10.0.0.9', 1.5)
  transport.send(1281, '10.0.0.9', 9)
  t.strictSame(codes, [])
  clock.advance(0)
  t.strictSame(codes, ['ERR_SOCKET_BAD_PORT', 'ERR_SOCKET_BAD_PORT', 'EMSGSIZE'])
  t.equal(transport.counters.sendErrors, 3)
  t.equal(network.counters.sent, 0)
})
