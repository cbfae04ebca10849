import t from 'tap'
import { FragmentFrame } from '../../lib/protocol/fragment-frame.js'
import { LaneReceiver } from '../../lib/protocol/lane-receiver.js'
import { laneIndex } from '../../lib/protocol/lanes.js'
import { random } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const WINDOW = { messages: 64, bytes: 8192 }

class Bench {
  readonly got: number[] = []
  readonly lane: LaneReceiver

  constructor(isOrdered: boolean, window = WINDOW, firstId = 0) {
    const sink = {
      handleMessage: (_lane: number, _typeId: number, bytes: Uint8Array, start: number, end: number) => {
        this.got.push(numberOf(bytes.subarray(start, end)))
      },
    }
    this.lane = new LaneReceiver(laneIndex(0, isOrdered), window, window.bytes / 2, sink, firstId)
  }

  receive(id: number, bytes = 4, number = id): boolean {
    const whole = payload(number, bytes)
    return this.lane.receive(id, 1, whole, 0, whole.length)
  }

  receiveBlocks(id: number, totalBytes: number, firstBlock: number, blocks: number, typeId = 1): boolean {
    const fragment = new FragmentFrame()
    fragment.typeId = typeId
    fragment.totalBytes = totalBytes
    fragment.firstBlock = firstBlock
    fragment.start = firstBlock * 64
    fragment.end = Math.min(totalBytes, (firstBlock + blocks) * 64)
    return this.lane.receiveFragment(id, fragment, payload(id, totalBytes))
  }
}

t.test('an ordered lane delivers in order, holding what comes early', async (t) => {
  const bench = new Bench(true)
  for (const id of [2, 1, 4]) t.ok(bench.receive(id))
  t.strictSame(bench.got, [])
  t.equal(bench.lane.heldMessages, 3)
  bench.receive(0)
  t.strictSame(bench.got, [0, 1, 2])
  bench.receive(3)
  t.strictSame(bench.got, [0, 1, 2, 3, 4])
  t.equal(bench.lane.heldMessages, 0)
})

t.test('a reliable lane delivers at once', async (t) => {
  const bench = new Bench(false)
  for (const id of [2, 1, 4, 0, 3]) bench.receive(id)
  t.strictSame(bench.got, [2, 1, 4, 0, 3])
})

t.test('duplicates are delivered once, before and after their turn', async (t) => {
  for (const isOrdered of [true, false]) {
    const bench = new Bench(isOrdered)
    for (const id of [1, 1, 0, 0, 1, 2, 1]) t.ok(bench.receive(id))
    t.strictSame(
      bench.got.sort((a, b) => a - b),
      [0, 1, 2],
    )
  }
})

t.test('more messages than the window admits break the protocol', async (t) => {
  const bench = new Bench(true)
  t.ok(bench.receive(63))
  t.notOk(bench.receive(64))
})

t.test('more bytes than the window admits break the protocol', async (t) => {
  for (const isOrdered of [true, false]) {
    const bench = new Bench(isOrdered)
    t.ok(bench.receive(1, 4096))
    t.ok(bench.receive(2, 4000))
    t.notOk(bench.receive(3, 97))
    t.ok(bench.receive(0, 96), 'the oldest fits')
  }
  const bench = new Bench(false)
  t.notOk(bench.receive(0, 4097), 'larger than any message may be')
  t.notOk(bench.receiveBlocks(0, 4097, 0, 1))
  t.ok(bench.receiveBlocks(0, 4096, 0, 1))
  t.ok(bench.receiveBlocks(1, 4096, 63, 1))
  t.notOk(bench.receiveBlocks(2, 100, 0, 1), 'the whole of an incomplete message counts')
})

t.test('a large message is delivered when its last block comes, whatever the order and repeats', async (t) => {
  for (const isOrdered of [true, false]) {
    const bench = new Bench(isOrdered)
    t.ok(bench.receiveBlocks(0, 1000, 10, 6))
    t.ok(bench.receiveBlocks(0, 1000, 0, 4))
    t.ok(bench.receiveBlocks(0, 1000, 2, 6))
    bench.receive(1)
    t.strictSame(bench.got, isOrdered ? [] : [1])
    t.ok(bench.receiveBlocks(0, 1000, 8, 2))
    t.strictSame(bench.got, isOrdered ? [0, 1] : [1, 0])
    t.ok(bench.receiveBlocks(0, 1000, 0, 4), 'a repeat of what was delivered')
    t.equal(bench.got.length, 2)
  }
})

t.test('parts that contradict each other break the protocol', async (t) => {
  const bench = new Bench(false)
  bench.receiveBlocks(0, 1000, 0, 4)
  t.notOk(bench.receiveBlocks(0, 1064, 4, 4))
  const other = new Bench(false)
  other.receiveBlocks(0, 1000, 0, 4)
  t.notOk(other.receiveBlocks(0, 1000, 4, 4, 2))
})

t.test('a message that came in part may come whole (over a link with larger packets)', async (t) => {
  for (const isOrdered of [true, false]) {
    const bench = new Bench(isOrdered)
    bench.receiveBlocks(0, 1000, 0, 4)
    t.ok(bench.receive(0, 1000))
    t.ok(bench.receiveBlocks(0, 1000, 4, 4))
    t.strictSame(bench.got, [0])
    t.ok(bench.receive(1, 4096), 'nothing of it is held any more')
  }
})

t.test('the window is raised when half of it is used, and again when that got lost', async (t) => {
  const bench = new Bench(true)
  for (let id = 0; id < 31; id++) bench.receive(id)
  t.notOk(bench.lane.needsRaise)
  bench.receive(31)
  t.ok(bench.lane.needsRaise)
  bench.lane.raise()
  t.equal(bench.lane.messageLimit, 32 + 64)
  t.equal(bench.lane.byteLimit, 32 * 4 + 8192)
  t.notOk(bench.lane.needsRaise)
  bench.lane.repeatRaise()
  t.ok(bench.lane.needsRaise)
  bench.lane.raise()
  bench.receive(32, 4096)
  t.ok(bench.lane.needsRaise, 'half of the bytes')
})

t.test('what conforms to the windows always fits, in any order, across every boundary of ids', async (t) => {
  for (const firstId of [0, 2 ** 16 - 300, 2 ** 24 - 300, 2 ** 32 - 300]) {
    for (const isOrdered of [true, false]) {
      const rnd = random(7)
      const bench = new Bench(isOrdered, WINDOW, firstId)
      const sizes: number[] = []
      let sentBytes = 0
      let inFlight: number[] = []
      let refused = 0
      while (bench.got.length < 600) {
        for (;;) {
          const next = firstId + sizes.length
          const size = rnd() < 0.1 ? 4 + Math.floor(rnd() * 4092) : 4 + Math.floor(rnd() * 40)
          if (next >= bench.lane.messageLimit || sentBytes + size > bench.lane.byteLimit || rnd() < 0.1) break
          sizes.push(size)
          sentBytes += size
          inFlight.push(next)
        }
        if (inFlight.length > 0) {
          const id = inFlight[Math.floor(rnd() * inFlight.length)]!
          if (rnd() < 0.8) inFlight = inFlight.filter((other) => other !== id)
          const size = sizes[id - firstId]!
          const restored = bench.lane.restore(id % 2 ** 24)
          if (restored !== id) refused++
          if (!bench.receive(restored, size, id % 2 ** 32)) refused++
        }
        if (bench.lane.needsRaise) bench.lane.raise()
      }
      t.equal(refused, 0)
      const order = isOrdered ? bench.got : bench.got.sort((a, b) => (a - b) | 0)
      t.strictSame(
        order.slice(0, 500),
        numbers(500).map((n) => (firstId + n) % 2 ** 32),
        `from ${firstId}, ${isOrdered ? 'ordered' : 'reliable'}`,
      )
    }
  }
})

t.test('messages without bytes are messages', async (t) => {
  let count = 0
  const lane = new LaneReceiver(laneIndex(0, true), WINDOW, 4096, { handleMessage: () => count++ })
  for (const id of [1, 0, 1]) t.ok(lane.receive(id, 1, new Uint8Array(0), 0, 0))
  t.equal(count, 2)
})
