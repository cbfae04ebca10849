import { createHash } from 'node:crypto'
import t from 'tap'
import type { Address } from '../../lib/io/address.js'
import { ManualClock } from '../../lib/io/manual-clock.js'
import { Random } from '../../lib/io/random.js'
import { SimulatedNetwork, type SimulatedNetworkOptions, type SimulatedOutcome } from '../../lib/io/simulated-network.js'
import { bandwidth, corrupt, delay, duplicate, loss, mtu, reorder, type Stage, truncate } from '../../lib/io/stages.js'
import type { Datagram, Transport } from '../../lib/io/transport.js'

const OPTIONS = { maxInboxDatagrams: 100_000, socketBufferBytes: 0 }

interface End {
  readonly transport: Transport
  readonly address: Address
}

interface Pair {
  readonly clock: ManualClock
  readonly network: SimulatedNetwork
  readonly left: End
  readonly right: End
}

async function openOn(network: SimulatedNetwork, host?: string): Promise<End> {
  const transport = network.transport(host)
  return { transport, address: await transport.open(OPTIONS) }
}

/** Two hosts, 10.0.0.1 and 10.0.0.2. */
async function newPair(options: Partial<SimulatedNetworkOptions> = {}): Promise<Pair> {
  const clock = new ManualClock({ now: 1000 })
  const network = new SimulatedNetwork({ seed: 1, clock, ...options })
  return { clock, network, left: await openOn(network), right: await openOn(network) }
}

function send(from: End, to: End, ...bytes: number[]): void {
  from.transport.buffer().set(bytes)
  from.transport.send(bytes.length, to.address.host, to.address.port)
}

function receiveAll(end: End): Datagram[] {
  const datagrams: Datagram[] = []
  for (let datagram = end.transport.receive(); datagram !== undefined; datagram = end.transport.receive()) datagrams.push(datagram)
  return datagrams
}

function firstBytes(datagrams: readonly Datagram[]): (number | undefined)[] {
  return datagrams.map((datagram) => datagram.bytes[0])
}

t.test('delivers a copy, with its source, at its exact time', async (t) => {
  const { clock, network, left, right } = await newPair({ stages: [delay(40)] })
  send(left, right, 1, 2, 3)
  left.transport.buffer().fill(9)
  t.equal(network.nextDelivery(), 1000, 'enters its first stage')
  clock.advance(39.999)
  t.equal(network.nextDelivery(), 1040)
  t.equal(right.transport.receive(), undefined)
  clock.advance(100)
  t.strictSame(receiveAll(right), [{ bytes: new Uint8Array([1, 2, 3]), length: 3, host: '10.0.0.1', port: 40_000, at: 1040 }])
  t.equal(network.nextDelivery(), Number.POSITIVE_INFINITY)
})

t.test('without stages delivers in the next advance, in order, and never inside send', async (t) => {
  const { clock, left, right } = await newPair()
  for (let number = 0; number < 200; number++) send(left, right, number)
  t.equal(right.transport.receive(), undefined)
  clock.advance(0)
  t.strictSame(
    firstBytes(receiveAll(right)),
    Array.from({ length: 200 }, (_, number) => number),
  )
})

t.test('stages stand one behind another, each reached at its own time', async (t) => {
  // The second datagram is overtaken before the bottleneck, so that the bottleneck sends the third one first.
  const holdSecond: Stage = {
    kind: 'hold the second',
    link() {
      let count = 0
      return (_length, now, onward) => onward.forward(++count === 2 ? now + 5 : now)
    },
  }
  const { clock, left, right } = await newPair({ stages: [holdSecond, bandwidth(1000, 10_000), delay(10)] })
  for (const number of [1, 2, 3]) send(left, right, number) // a byte takes 1 ms
  clock.advance(100)
  t.strictSame(
    receiveAll(right).map(({ bytes, at }) => [bytes[0], at]),
    [
      [1, 1011],
      [3, 1012],
      [2, 1016],
    ],
  )
})

t.test('each direction of each pair of hosts has its own queue', async (t) => {
  const { clock, network, left, right } = await newPair({ stages: [bandwidth(1000, 10_000)] })
  const third = await openOn(network)
  const sameHost = await openOn(network, left.address.host)
  send(left, right, 1)
  send(right, left, 2)
  send(third, right, 3)
  send(sameHost, right, 4)
  clock.advance(10)
  t.strictSame(
    receiveAll(right).map(({ bytes, at }) => [bytes[0], at]),
    [
      [1, 1001],
      [3, 1001],
      [4, 1002],
    ],
    'two ports of one host share the link',
  )
  t.strictSame(
    receiveAll(left).map(({ at }) => at),
    [1001],
  )
})

t.test('stagesFor makes directions differ', async (t) => {
  const asked: string[] = []
  const { clock, left, right } = await newPair({
    stages: [delay(10)],
    stagesFor: (from, to) => {
      asked.push(`${from.host}:${from.port}>${to.host}:${to.port}`)
      return from.host === '10.0.0.1' ? [delay(70)] : undefined
    },
  })
  for (let count = 0; count < 3; count++) {
    send(left, right, 1)
    send(right, left, 2)
  }
  clock.advance(100)
  t.equal(receiveAll(right)[0]?.at, 1070)
  t.equal(receiveAll(left)[0]?.at, 1010)
  t.strictSame(asked, ['10.0.0.1:40000>10.0.0.2:40000', '10.0.0.2:40000>10.0.0.1:40000'], 'asked once for each direction')
})

t.test('stages can change while datagrams are under way', async (t) => {
  const queue = bandwidth(1000, 10_000)
  const { clock, network, left, right } = await newPair({ stages: [queue, delay(10)] })
  for (let number = 1; number <= 4; number++) send(left, right, number)
  clock.advance(0)
  network.stages = [queue, delay(50)]
  send(left, right, 5)
  clock.advance(0)
  network.stagesFor = () => [loss(1)]
  send(left, right, 6)
  clock.advance(100)
  t.strictSame(
    receiveAll(right).map(({ bytes, at }) => [bytes[0], at]),
    [
      [1, 1011],
      [2, 1012],
      [3, 1013],
      [4, 1014],
      [5, 1055], // behind the four in the queue, that the change has kept
    ],
  )
  t.hasStrict(network.counters, { sent: 6, delivered: 5, lost: 1 })
})

t.test('counts what becomes of every datagram', async (t) => {
  const { clock, network, left, right } = await newPair({
    seed: 5,
    stages: [mtu(3), duplicate(0.3, 2), corrupt(0.1), loss(0.2), bandwidth(1500, 20), delay(20, 5)],
  })
  const events = Object.fromEntries(Object.keys(network.counters).map((name) => [name, 0])) as Record<SimulatedOutcome, number>
  network.onDatagram = (outcome: SimulatedOutcome) => events[outcome]++
  const random = new Random(5)
  for (let number = 0; number < 4000; number++) {
    const bytes = new Array(1 + random.integer(4)).fill(number & 255)
    if (number % 40 === 0) left.transport.send(1, '10.9.9.9', 5)
    else send(left, right, ...bytes)
    if (number === 3900) network.partition([left.address.host])
    clock.advance(1)
  }
  clock.advance(1000)
  const { sent, delivered, lost, duplicated, tooLarge, queueDropped, partitioned, unreachable } = network.counters
  t.equal(sent, 4000)
  t.equal(sent + duplicated, delivered + lost + tooLarge + queueDropped + partitioned + unreachable)
  for (const [name, count] of Object.entries(network.counters)) t.ok(count > 20, `${name} ${count}`)
  t.equal(receiveAll(right).length, delivered)
  t.strictSame(events, { ...network.counters }, 'the tap hears each of them')
})

t.test('copies do not share bytes', async (t) => {
  const { clock, left, right } = await newPair({ stages: [duplicate(1)] })
  send(left, right, 7)
  clock.advance(0)
  const [first, second] = receiveAll(right)
  first!.bytes[0] = 0
  t.equal(second!.bytes[0], 7)
})

t.test('stages that change bytes change those of one datagram, and of its copies', async (t) => {
  const { clock, network, left, right } = await newPair({ stages: [truncate(1), duplicate(1)] })
  send(left, right, 1, 2, 3, 4, 5, 6, 7, 8)
  send(left, right, 1, 2, 3, 4, 5, 6, 7, 8)
  clock.advance(0)
  const lengths = receiveAll(right).map(({ bytes }) => bytes.length)
  t.equal(lengths.length, 4)
  t.ok(lengths.every((length) => length < 8))
  t.equal(network.counters.corrupted, 2)

  const flipped = await newPair({ stages: [duplicate(1), corrupt(1)] })
  send(flipped.left, flipped.right, 0, 0, 0, 0, 0, 0, 0, 0)
  flipped.clock.advance(0)
  const [first, second] = receiveAll(flipped.right)
  t.notSame(first!.bytes, second!.bytes, 'copies made before are changed each on its own')
})

t.test('a partition keeps groups apart until it heals', async (t) => {
  const { clock, network, left, right } = await newPair({ stages: [delay(10)] })
  const third = await openOn(network)
  send(left, right, 1)
  network.partition([left.address.host])
  clock.advance(20)
  t.strictSame(receiveAll(right), [], 'what was under way is lost')
  send(left, right, 2)
  send(right, left, 3)
  send(third, right, 4)
  clock.advance(20)
  t.strictSame([firstBytes(receiveAll(right)), receiveAll(left)], [[4], []], 'hosts that no group names are one group')
  t.equal(network.counters.partitioned, 3)
  network.partition([left.address.host, right.address.host], [third.address.host])
  send(left, right, 5)
  send(third, right, 6)
  clock.advance(20)
  t.strictSame(firstBytes(receiveAll(right)), [5])
  network.heal()
  send(third, right, 7)
  clock.advance(20)
  t.strictSame(firstBytes(receiveAll(right)), [7])
})

t.test('a rebound transport is at its new address, and does not know', async (t) => {
  const { clock, network, left, right } = await newPair()
  const rebound = network.rebind(left.address)
  t.strictSame(rebound, { host: '10.0.0.1', port: 40_001, family: 'ipv4' })
  send(left, right, 1)
  send(right, left, 2)
  clock.advance(0)
  t.match(receiveAll(right), [{ host: '10.0.0.1', port: 40_001 }])
  t.strictSame(receiveAll(left), [], 'nobody is at the old one')
  send(right, { ...left, address: rebound }, 3)
  clock.advance(0)
  t.strictSame(firstBytes(receiveAll(left)), [3])

  const moved = network.rebind(rebound, '10.7.7.7')
  t.strictSame(moved, { host: '10.7.7.7', port: 40_000, family: 'ipv4' })
  await left.transport.close()
  t.throws(() => network.rebind(moved), /expected the address of an open transport, got 10\.7\.7\.7:40000/)
})

t.test('a tap sees addresses and times, and may change bytes', async (t) => {
  const seen: unknown[] = []
  const { clock, left, right } = await newPair({
    stages: [delay(5)],
    onDatagram: (outcome, { from, to, bytes, sentAt }, now) => {
      seen.push([outcome, from.host, to.host, bytes[0], sentAt, now])
      if (outcome === 'sent') bytes[0] = 99
    },
  })
  send(left, right, 1)
  clock.advance(5)
  t.strictSame(seen, [
    ['sent', '10.0.0.1', '10.0.0.2', 1, 1000, 1000],
    ['delivered', '10.0.0.1', '10.0.0.2', 99, 1000, 1005],
  ])
  t.equal(right.transport.receive()?.bytes[0], 99)
})

t.test('goes on after a tap has thrown', async (t) => {
  const { clock, network, left, right } = await newPair({ stages: [delay(5)] })
  send(left, right, 1)
  send(left, right, 2)
  network.onDatagram = () => {
    network.onDatagram = undefined
    throw new Error('of the tap')
  }
  t.throws(() => clock.advance(10), new Error('of the tap'))
  clock.advance(0)
  t.strictSame(firstBytes(receiveAll(right)), [2])
})

t.test('needs one timer of the clock, however many datagrams are under way', async (t) => {
  const clock = new ManualClock()
  let pending = 0
  const counting = {
    now: () => clock.now(),
    unixSeconds: () => clock.unixSeconds(),
    setTimer(delayMs: number, callback: () => void) {
      pending++
      const cancel = clock.setTimer(delayMs, () => {
        pending--
        callback()
      })
      return () => {
        pending--
        cancel()
      }
    },
  }
  const network = new SimulatedNetwork({ seed: 1, clock: counting, stages: [delay(500, 400)] })
  const left = await openOn(network)
  const right = await openOn(network)
  let most = 0
  for (let step = 0; step < 1000; step++) {
    send(left, right, 1)
    most = Math.max(most, pending)
    clock.advance(1)
  }
  t.equal(most, 1)
  clock.advance(1000)
  t.equal(receiveAll(right).length, 1000)
  t.equal(pending, 0)
})

/** A hash over every event of a lively network: three hosts, all stages. */
async function traceOf(seed: number): Promise<string> {
  const hash = createHash('sha256')
  const clock = new ManualClock()
  const stages = [mtu(1000), loss(0.1), duplicate(0.05, 3), reorder(0.1, 20), bandwidth(200_000, 20_000), delay(50, 15)]
  const network = new SimulatedNetwork({ seed, clock, stages })
  const ends = [await openOn(network), await openOn(network), await openOn(network)]
  network.onDatagram = (outcome, { from, to, bytes, sentAt }, now) => {
    hash.update(`${outcome} ${from.host} ${to.host} ${bytes.length} ${bytes[0]} ${sentAt} ${now}\n`)
  }
  const random = new Random(99)
  for (let step = 0; step < 2000; step++) {
    const from = ends[random.integer(3)]!
    const to = ends[random.integer(3)]!
    from.transport.buffer()[0] = step & 255
    from.transport.send(1 + random.integer(1100), to.address.host, to.address.port)
    clock.advance(random.integer(5))
  }
  clock.advance(1000)
  for (const end of ends) for (const { at, bytes, host, port } of receiveAll(end)) hash.update(`${at} ${bytes[0]} ${host} ${port}\n`)
  return hash.digest('hex')
}

t.test('the same seed repeats every event, and another seed does not', async (t) => {
  t.equal(await traceOf(7), await traceOf(7))
  t.not(await traceOf(7), await traceOf(8))
})

t.test('a stage that another host uses does not disturb the random stream of a link', async (t) => {
  const lossesOf = async (hasTraffic: boolean) => {
    const { clock, network, left, right } = await newPair({ stages: [loss(0.5)] })
    const third = await openOn(network)
    for (let number = 0; number < 100; number++) {
      send(left, right, number)
      if (hasTraffic) send(third, right, 255)
      clock.advance(1)
    }
    return firstBytes(receiveAll(right).filter(({ host }) => host === left.address.host))
  }
  t.strictSame(await lossesOf(true), await lossesOf(false))
})

t.test('moves 200,000 datagrams through three stages within seconds of processor time', async (t) => {
  const { clock, network, left, right } = await newPair({ stages: [loss(0.01), bandwidth(1e9, 1e9), delay(50, 10)] })
  const start = process.cpuUsage()
  let received = 0
  for (let step = 0; step < 2000; step++) {
    for (let count = 0; count < 100; count++) left.transport.send(100, right.address.host, right.address.port)
    clock.advance(1)
    while (right.transport.receive() !== undefined) received++
  }
  clock.advance(100)
  received += receiveAll(right).length
  t.equal(received, network.counters.delivered)
  t.equal(received + network.counters.lost, 200_000)
  const { user, system } = process.cpuUsage(start) // other programs may have the processor meanwhile
  const seconds = (user + system) / 1e6
  t.comment(`${seconds.toFixed(2)} s`)
  t.ok(seconds < 5)
})
