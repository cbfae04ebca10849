import t from 'tap'
import { SEQUENCED_LANE, UNRELIABLE_LANE } from '../../lib/protocol/lanes.js'
import { type OutMessage, PayloadPool } from '../../lib/protocol/payload-pool.js'
import { type UnreliableOwner, UnreliableSender } from '../../lib/protocol/unreliable-sender.js'
import { type Frame, framesOf } from './frames-of.js'
import { numberOf, payload } from './payloads.js'

class Bench implements UnreliableOwner {
  readonly pool = new PayloadPool()
  readonly sender = new UnreliableSender(this)
  maxWholeBytes = 1173
  admitsBlocks = true
  released = 0
  expired = 0
  kept: OutMessage[] = []
  keeps = true

  handleUnreliableReleased(message: OutMessage, isExpired: boolean): void {
    if (isExpired) this.expired++
    else this.released++
    this.pool.releaseMessage(message)
  }

  handleRepeatable(message: OutMessage): boolean {
    if (this.keeps) this.kept.push(message)
    return this.keeps
  }

  push(
    number: number,
    options: { typeId?: number; bytes?: number; sequenced?: boolean; priority?: number; expiresAt?: number; redundancy?: number } = {},
  ): void {
    const message = this.pool.frame(options.typeId ?? 1, payload(number, options.bytes))
    message.lane = options.sequenced ? SEQUENCED_LANE : UNRELIABLE_LANE
    message.priority = options.priority ?? 3
    message.redundancy = options.redundancy ?? 0
    message.expiresAt = options.expiresAt ?? 100
    this.sender.push(message)
  }

  write(room = 1179, minUrgency = 0, now = 0): Frame[] {
    const bytes = new Uint8Array(room)
    return framesOf(bytes.subarray(0, this.sender.write(bytes, 0, room, [], minUrgency, now)))
  }

  /** Everything, packet by packet: the numbers of small messages, and of large ones once they are complete. */
  drain(room = 1179, now = 0): number[] {
    const got: number[] = []
    const parts = new Map<string, Uint8Array[]>()
    for (let frames = this.write(room, 0, now); frames.length > 0; frames = this.write(room, 0, now)) {
      for (const frame of frames) {
        if (frame.firstBlock === undefined) got.push(...frame.messages.map((m) => numberOf(m.payload)))
        else {
          const key = `${frame.type} ${frame.id} ${frame.messages[0]!.typeId}`
          const list = [...(parts.get(key) ?? []), frame.messages[0]!.payload]
          parts.set(key, list)
          const whole = Buffer.concat(list)
          if (whole.length === frame.totalBytes) got.push(numberOf(whole))
        }
      }
    }
    return got
  }
}

t.test('messages without redundancy share one frame and have no number', async (t) => {
  const bench = new Bench()
  for (let i = 0; i < 3; i++) bench.push(i)
  const frames = bench.write()
  t.match(frames, [{ type: 0x10, messages: [{}, {}, {}] }])
  t.equal(bench.released, 3)
  t.ok(bench.sender.isIdle)
})

t.test('sequenced messages are numbered by definition, each definition from 0', async (t) => {
  const bench = new Bench()
  for (const [typeId, id] of [
    [5, 0],
    [5, 1],
    [300, 0],
    [5, 2],
    [300, 1],
  ]) {
    bench.push(0, { typeId: typeId!, sequenced: true })
    t.match(bench.write(), [{ type: 0x12, id }])
  }
})

t.test('a newer sequenced message takes the place of one that waits, also in size', async (t) => {
  for (const [first, second] of [
    [10, 10],
    [10, 3000],
    [3000, 10],
    [3000, 3000],
  ] as const) {
    const bench = new Bench()
    bench.push(1, { sequenced: true, bytes: first })
    bench.push(7, { typeId: 9 })
    bench.push(2, { sequenced: true, bytes: second })
    t.strictSame(bench.drain().sort(), [2, 7], `${first} bytes, then ${second}`)
    t.equal(bench.released, 3)
    t.equal(bench.expired, 0, 'replaced is not expired')
    t.ok(bench.sender.isIdle)
  }
})

t.test('sequenced messages never leave in the wrong order, whatever they replace and whatever the link’s packets hold', async (t) => {
  for (const sizes of [
    [600, 10, 10],
    [10, 600, 10],
    [600, 3000, 10, 600],
    [3000, 10, 600, 10],
  ]) {
    const bench = new Bench()
    bench.push(0, { sequenced: true, bytes: sizes[0]! })
    bench.maxWholeBytes = 494 // another link: what was small may be large now
    let got = bench.write(500, 4 * 3 + 1).flatMap((f) => f.messages.map((m) => numberOf(m.payload)))
    sizes.slice(1).forEach((bytes, i) => {
      bench.push(i + 1, { sequenced: true, bytes })
    })
    got = [...got, ...bench.drain(500)]
    t.strictSame(got, [...got].sort(), `${sizes}`)
    t.equal(got.at(-1), sizes.length - 1, 'the newest arrives')
  }
})

t.test('sequenced messages with redundancy are not replaced, and what waits without it does not come behind them', async (t) => {
  for (const [sizes, expected] of [
    [
      [10, 10, 10, 10],
      [1, 2, 3],
    ],
    [
      [3000, 10, 10, 10],
      [1, 2, 3],
    ],
    [
      [10, 10, 10, 3000],
      [1, 2, 3],
    ],
    [
      [10, 10, 3000, 10],
      [1, 2, 3],
    ],
  ] as const) {
    const bench = new Bench()
    sizes.forEach((bytes, number) => {
      bench.push(number, { sequenced: true, bytes, redundancy: number === 1 || number === 2 ? (bytes > 128 ? 0 : 2) : 0 })
    })
    t.strictSame(
      bench.drain(),
      expected.filter((n) => sizes[n] <= 128 || n === 3),
      `${sizes}`,
    )
  }
})

t.test('what waits too long is dropped', async (t) => {
  const bench = new Bench()
  bench.push(0, { expiresAt: 50 })
  bench.push(1, { expiresAt: 150 })
  bench.push(2, { expiresAt: 50, bytes: 3000 })
  t.strictSame(bench.drain(1179, 100), [1])
  t.equal(bench.expired, 2)
})

t.test('a large message that has begun goes on to its end', async (t) => {
  const bench = new Bench()
  bench.push(0, { bytes: 3000 })
  const begun = bench.write()
  t.match(begun, [{ type: 0x18, firstBlock: 0 }])
  t.match(bench.write(1179, 0, 1000), [{ firstBlock: 18 }])
  t.notOk(bench.sender.isIdle)
  bench.write(1179, 0, 1000)
  t.ok(bench.sender.isIdle)
  t.equal(bench.released, 1)
})

t.test('small messages go ahead of large ones of the same priority, large ones of a higher priority ahead of them', async (t) => {
  const bench = new Bench()
  bench.push(0, { bytes: 3000 })
  bench.write()
  bench.push(1)
  t.match(bench.write(30), [{ type: 0x10 }])
  bench.push(2)
  bench.push(3, { bytes: 2000, priority: 5 })
  t.equal(bench.sender.urgency(0), 4 * 5)
  t.match(bench.write(), [{ id: 1, firstBlock: 0 }])
  t.match(bench.write(), [{ id: 1, firstBlock: 18 }])
  t.match(bench.write(30), [{ type: 0x10 }])
  t.match(bench.write(), [{ id: 0, firstBlock: 18 }])
})

t.test('blocks wait while only what is small is admitted', async (t) => {
  const bench = new Bench()
  bench.push(0, { bytes: 3000 })
  bench.admitsBlocks = false
  t.equal(bench.sender.urgency(0), -1)
  t.strictSame(bench.write(), [])
  bench.push(1)
  t.match(bench.write(), [{ type: 0x10 }])
})

t.test('messages with redundancy are numbered and kept for repeats, unless too many are', async (t) => {
  const bench = new Bench()
  bench.push(0, { redundancy: 2 })
  t.match(bench.write(), [{ type: 0x11, id: 0 }])
  t.equal(bench.kept.length, 1)
  t.equal(bench.released, 0)
  bench.keeps = false
  bench.push(1, { redundancy: 2, sequenced: true, typeId: 4 })
  t.match(bench.write(), [{ type: 0x12, id: 0 }])
  t.equal(bench.released, 1)
})

t.test('what has expired behind the heads is let go when room is needed', async (t) => {
  const bench = new Bench()
  bench.push(0, { sequenced: true, expiresAt: 1000 })
  bench.push(1, { expiresAt: 50 })
  bench.push(2, { expiresAt: 50, priority: 0 })
  bench.push(3, { expiresAt: 50, bytes: 3000, priority: 0 })
  bench.sender.dropExpired(100)
  t.equal(bench.expired, 3)
  t.strictSame(bench.drain(1179, 100), [0])
})

t.test('clear gives every message back', async (t) => {
  const bench = new Bench()
  bench.push(0, { bytes: 3000 })
  bench.write()
  bench.push(1)
  bench.push(2, { sequenced: true })
  bench.sender.clear()
  t.equal(bench.released, 3)
  t.ok(bench.sender.isIdle)
})
