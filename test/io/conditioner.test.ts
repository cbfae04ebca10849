import t from 'tap'
import { ConditionedTransport, type Conditioner } from '../../lib/io/conditioner.js'
import { MAX_CONDITIONED_DATAGRAMS } from '../../lib/io/limits.js'
import { ManualClock } from '../../lib/io/manual-clock.js'
import { seededEntropy } from '../../lib/io/random.js'
import { SimulatedNetwork } from '../../lib/io/simulated-network.js'
import { bandwidth, delay, duplicate, loss } from '../../lib/io/stages.js'
import type { Transport } from '../../lib/io/transport.js'

const OPTIONS = { maxInboxDatagrams: 100_000, socketBufferBytes: 0 }

interface World {
  readonly clock: ManualClock
  /** The one with the conditioner, and the one that it talks to. */
  readonly near: ConditionedTransport
  readonly far: Transport
  /** Sends a datagram of one byte from the one to the other. */
  out(number: number): void
  back(number: number): void
}

/** A network that delivers at once, so that all delay and loss is the conditioner's. */
async function newWorld(conditioner: Conditioner, seed = 1): Promise<World> {
  const clock = new ManualClock({ now: 1000 })
  const network = new SimulatedNetwork({ seed: 1, clock })
  const near = new ConditionedTransport({ transport: network.transport(), conditioner, clock, entropy: seededEntropy(seed) })
  const far = network.transport()
  const [nearAddress, farAddress] = [await near.open(OPTIONS), await far.open(OPTIONS)]
  const send = (from: Transport, to: { host: string; port: number }, number: number): void => {
    from.buffer()[0] = number
    from.send(1, to.host, to.port)
  }
  return { clock, near, far, out: (number) => send(near, farAddress, number), back: (number) => send(far, nearAddress, number) }
}

/** The first byte and the time of all that has arrived. */
function arrivals(transport: Transport): (readonly [number | undefined, number])[] {
  const all: (readonly [number | undefined, number])[] = []
  for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive())
    all.push([datagram.bytes[0], datagram.at])
  return all
}

t.test('without stages changes nothing, in neither direction', async (t) => {
  const { clock, near, far, out, back } = await newWorld([])
  for (const number of [1, 2, 3]) out(number)
  near.buffer().fill(9)
  back(4)
  clock.advance(0)
  t.strictSame(arrivals(far), [
    [1, 1000],
    [2, 1000],
    [3, 1000],
  ])
  t.strictSame(arrivals(near), [[4, 1000]])
  t.equal(near.kind, 'simulated')
})

t.test('one list of stages holds for each direction', async (t) => {
  const { clock, near, far, out, back } = await newWorld([delay(75)])
  out(1)
  back(2)
  clock.advance(74)
  t.strictSame([arrivals(far), arrivals(near)], [[], []])
  clock.advance(10)
  t.strictSame(arrivals(far), [[1, 1075]])
  t.strictSame(arrivals(near), [[2, 1075]], 'stamped when it came out of the stages, however late it is taken')
})

t.test('each direction may have stages of its own', async (t) => {
  const { clock, near, far, out, back } = await newWorld({ send: [delay(20)], receive: [loss(1)] })
  out(1)
  back(2)
  clock.advance(1000)
  t.strictSame(arrivals(far), [[1, 1020]])
  t.strictSame(arrivals(near), [])
})

t.test('a change holds from then on, and what is under way keeps its stages', async (t) => {
  const { clock, near, far, out } = await newWorld([delay(50)])
  out(1)
  near.conditioner = []
  t.strictSame(near.conditioner, [])
  out(2)
  clock.advance(100)
  t.strictSame(arrivals(far), [
    [2, 1000],
    [1, 1050],
  ])
  near.conditioner = [loss(1)]
  out(3)
  clock.advance(100)
  t.strictSame(arrivals(far), [])
})

t.test('a stage that stays keeps its state through a change', async (t) => {
  const link = bandwidth(1000, 10_000) // a byte each ms
  const { clock, near, far, out } = await newWorld({ send: [link] })
  out(1)
  out(2)
  near.conditioner = { send: [link, delay(5)] }
  out(3)
  clock.advance(100)
  t.strictSame(
    arrivals(far).map(([, at]) => at),
    [1001, 1002, 1008],
  )
})

t.test('losses follow from the entropy', async (t) => {
  const run = async (seed: number) => {
    const { clock, far, out } = await newWorld([loss(0.3), duplicate(0.1)], seed)
    for (let number = 0; number < 200; number++) out(number)
    clock.advance(0)
    return arrivals(far).map(([number]) => number)
  }
  const first = await run(1)
  t.ok(first.length > 100 && first.length < 200, `${first.length} of 200 arrived, copies among them`)
  t.strictSame(await run(1), first)
  t.notSame(await run(2), first)
})

t.test('tells of each datagram that comes into an empty inbox when it has come out of the stages', async (t) => {
  const { clock, near, back } = await newWorld([delay(30)])
  const told: number[] = []
  near.onReadable = () => told.push(clock.now())
  back(1)
  back(2)
  clock.advance(0)
  t.strictSame(told, [])
  for (let ms = 0; ms < 40; ms++) clock.advance(1)
  t.strictSame(told, [1030])
  t.equal(arrivals(near).length, 2)
})

t.test('close lets leave what was sent, and waits a second at most', async (t) => {
  const { clock, near, far, out, back } = await newWorld([delay(300)])
  out(1)
  back(2)
  clock.advance(0)
  let hasClosed = false
  void near.close().then(() => {
    hasClosed = true
  })
  out(3)
  await settle()
  t.notOk(hasClosed)
  clock.advance(300)
  await settle()
  t.ok(hasClosed)
  clock.advance(1)
  t.strictSame(arrivals(far), [[1, 1300]], 'what was sent after the close is not')
  t.strictSame(arrivals(near), [])

  const slow = await newWorld([delay(5000)])
  slow.out(1)
  let isClosed = false
  void slow.near.close().then(() => {
    isClosed = true
  })
  slow.clock.advance(999)
  await settle()
  t.notOk(isClosed)
  slow.clock.advance(1)
  await settle()
  t.ok(isClosed)
  await slow.near.close()
})

t.test('can be opened again', async (t) => {
  const { clock, near, far, out } = await newWorld([delay(10)])
  await near.close()
  out(1)
  await near.open(OPTIONS)
  out(2)
  clock.advance(100)
  t.strictSame(
    arrivals(far).map(([number]) => number),
    [2],
  )
})

t.test('what is under way is bounded, and what is too much is counted', async (t) => {
  const { clock, near, far, out, back } = await newWorld([delay(1000)])
  for (let i = 0; i < MAX_CONDITIONED_DATAGRAMS + 5; i++) out(1)
  t.equal(near.counters.sendErrors, 5)
  back(2)
  clock.advance(0)
  t.equal(near.counters.inboxDropped, 1)
  clock.advance(2000)
  t.equal(arrivals(far).length, MAX_CONDITIONED_DATAGRAMS)
})

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await undefined
}
