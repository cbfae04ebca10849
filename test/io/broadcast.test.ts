// Broadcasts of the simulated network, and that a socket may send them only where it was opened to. What the system's sockets do with them, test/network shows.
import t from 'tap'
import { ManualClock } from '../../lib/io/manual-clock.js'
import { SimulatedNetwork } from '../../lib/io/simulated-network.js'
import { delay } from '../../lib/io/stages.js'
import type { Transport, TransportOptions } from '../../lib/io/transport.js'

const LIMITS = { maxInboxDatagrams: 8, socketBufferBytes: 65_536 }
const EVERYONE = '255.255.255.255'

function world() {
  const clock = new ManualClock()
  return { clock, network: new SimulatedNetwork({ seed: 1, clock, stages: [delay(5)] }) }
}

async function open(transport: Transport, options: Partial<TransportOptions> = {}): Promise<Transport> {
  await transport.open({ ...LIMITS, ...options })
  return transport
}

function send(transport: Transport, text: string, host: string, port: number): void {
  transport.send(new TextEncoder().encodeInto(text, transport.buffer()).written, host, port)
}

function received(transport: Transport): string[] {
  const texts: string[] = []
  for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive())
    texts.push(`${new TextDecoder().decode(datagram.bytes)} from ${datagram.host}:${datagram.port}`)
  return texts
}

t.test('a broadcast reaches that port of every host, the sender’s too, and no other port', async (t) => {
  const { clock, network } = world()
  const sender = await open(network.transport('10.0.0.1'), { port: 5000, broadcast: true })
  const same = await open(network.transport('10.0.0.1'), { port: 6000 })
  const other = await open(network.transport('10.0.0.2'), { port: 6000 })
  const elsewhere = await open(network.transport('10.0.0.3'), { port: 6001 })
  send(sender, 'hello', EVERYONE, 6000)
  clock.advance(4)
  t.strictSame(received(other), [], 'it passes the stages of each link')
  clock.advance(1)
  t.strictSame(received(same), ['hello from 10.0.0.1:5000'])
  t.strictSame(received(other), ['hello from 10.0.0.1:5000'])
  t.strictSame(received(elsewhere), [])
  t.match(network.counters, { sent: 2, delivered: 2, unreachable: 0 })
})

t.test('each receiver has bytes of its own', async (t) => {
  const { clock, network } = world()
  const sender = await open(network.transport(), { broadcast: true })
  const [one, two] = [await open(network.transport(), { port: 6000 }), await open(network.transport(), { port: 6000 })]
  send(sender, 'hello', EVERYONE, 6000)
  clock.advance(5)
  one.receive()!.bytes.fill(0)
  t.match(received(two), [/^hello/])
})

t.test('a transport that was not opened for it may not broadcast, and is told so later', async (t) => {
  const { clock, network } = world()
  const sender = await open(network.transport())
  const receiver = await open(network.transport(), { port: 6000 })
  const errors: (string | undefined)[] = []
  sender.onError = (error) => errors.push(error.code)
  send(sender, 'hello', EVERYONE, 6000)
  t.strictSame(errors, [], 'send never calls back')
  clock.advance(10)
  t.strictSame(errors, ['EACCES'])
  t.equal(sender.counters.sendErrors, 1)
  t.strictSame(received(receiver), [])
  await sender.close()
  await open(sender, { broadcast: true })
  send(sender, 'again', EVERYONE, 6000)
  clock.advance(10)
  t.match(received(receiver), [/^again/], 'and may when it was opened again')
})
