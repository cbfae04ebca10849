import t from 'tap'
import { type LaneOwner, LaneSender } from '../../lib/protocol/lane-sender.js'
import { CONTROL_LANE, laneIndex } from '../../lib/protocol/lanes.js'
import type { OutMessage } from '../../lib/protocol/payload-pool.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { MESSAGE_WINDOW } from '../../lib/wire/limits.js'
import { type Frame, framesOf } from './frames-of.js'
import { random } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const RELIABLE = laneIndex(0, false)
const ORDERED = laneIndex(0, true)

interface Sent {
  readonly frames: Frame[]
  readonly items: number[]
}

/** A lane with a window of its own, and what it told its owner. */
class Bench implements LaneOwner {
  readonly pool = new PayloadPool()
  readonly lane: LaneSender
  maxWholeBytes = 1173
  admitsBlocks = true
  earlyRepeats = 0
  released: number[] = []
  expired: number[] = []
  firstSent: number[] = []
  #count = 0

  constructor(lane = RELIABLE, window = { messages: 1000, bytes: 1_000_000 }, firstId = 0) {
    this.lane = new LaneSender(lane, window, this, firstId)
  }

  handleReleased(message: OutMessage, isExpired: boolean): void {
    ;(isExpired ? this.expired : this.released).push(message.typeId)
    this.pool.releaseMessage(message)
  }

  handleFirstSent(message: OutMessage): void {
    this.firstSent.push(message.typeId)
  }

  /** Queues a message whose type id is its number. */
  push(bytes = 4, priority = 3, expiresAt = Number.POSITIVE_INFINITY): void {
    const number = this.#count++
    const message = this.pool.frame(number % 128, payload(number, bytes))
    message.priority = priority
    message.redundancy = 1 // the lane tells of its first transmission
    message.expiresAt = expiresAt
    this.lane.push(message)
  }

  /** One packet. */
  write(room = 1179, minUrgency = 0, now = 0): Sent {
    const bytes = new Uint8Array(room)
    const items: number[] = []
    const end = this.lane.write(bytes, 0, room, items, minUrgency, now)
    return { frames: framesOf(bytes.subarray(0, end)), items }
  }

  handle(sent: Sent, isAcked: boolean): void {
    const { items } = sent
    for (let i = 0; i < items.length; i += 4) {
      const [kind, a, b, c] = items.slice(i, i + 4) as [number, number, number, number]
      if (kind < 256) isAcked ? this.lane.handleRunAcked(a, b) : this.lane.handleRunLost(a, b)
      else isAcked ? this.lane.handleFragmentAcked(a, b, c) : this.lane.handleFragmentLost(a, b, c)
    }
  }
}

const numbersOf = (sent: Sent): number[] => sent.frames.flatMap((f) => f.messages.map((m) => numberOf(m.payload)))

t.test('messages of consecutive ids share one run', async (t) => {
  const bench = new Bench(ORDERED)
  for (let i = 0; i < 3; i++) bench.push()
  const sent = bench.write()
  t.equal(sent.frames.length, 1)
  t.match(sent.frames[0], { type: 0x14, channel: 0, id: 0 })
  t.strictSame(numbersOf(sent), [0, 1, 2])
  t.strictSame(sent.items, [ORDERED, 0, 3, 0])
  t.strictSame(bench.firstSent, [0, 1, 2])
  t.equal(bench.lane.urgency(0), -1)
})

t.test('an acknowledged message is released, and the lane is idle when all are', async (t) => {
  const bench = new Bench()
  t.ok(bench.lane.isIdle)
  for (let i = 0; i < 3; i++) bench.push()
  t.notOk(bench.lane.isIdle)
  const sent = bench.write()
  bench.lane.handleRunAcked(1, 1)
  t.strictSame(bench.released, [1])
  bench.handle(sent, true)
  t.strictSame(bench.released, [1, 0, 2])
  t.ok(bench.lane.isIdle)
})

t.test('lost messages go again, ahead of new ones; those acknowledged meanwhile do not', async (t) => {
  const bench = new Bench()
  for (let i = 0; i < 4; i++) bench.push()
  const sent = bench.write()
  bench.handle(sent, false)
  bench.lane.handleRunAcked(2, 1)
  bench.push()
  const again = bench.write()
  t.strictSame(numbersOf(again), [0, 1, 3, 4])
  t.strictSame(again.items, [RELIABLE, 0, 2, 0, RELIABLE, 3, 2, 0])
  t.strictSame(bench.firstSent, [0, 1, 2, 3, 4])
})

t.test('a record that was released and serves another message is not sent for the old one', async (t) => {
  const bench = new Bench()
  bench.push()
  const sent = bench.write()
  bench.handle(sent, false) // id 0 waits to go again
  bench.handle(sent, true) // and arrives after all: its record is free
  bench.push() // takes the record
  t.strictSame(numbersOf(bench.write()), [1])
  t.strictSame(numbersOf(bench.write()), [])
})

t.test('the windows are obeyed, of messages and of bytes, and raised by the peer', async (t) => {
  const bench = new Bench(RELIABLE, { messages: 3, bytes: 1000 })
  for (let i = 0; i < 5; i++) bench.push()
  t.strictSame(numbersOf(bench.write()), [0, 1, 2])
  t.equal(bench.lane.urgency(0), -1)
  bench.lane.raiseWindow(4, 1000)
  t.strictSame(numbersOf(bench.write()), [3])
  bench.lane.raiseWindow(2, 500)
  t.equal(bench.lane.urgency(0), -1, 'an older word changes nothing')
  bench.lane.raiseWindow(100, 1000)
  t.strictSame(numbersOf(bench.write()), [4])
  bench.push(980)
  t.strictSame(numbersOf(bench.write()), [5], '5 × 4 + 980 bytes')
  bench.push()
  t.equal(bench.lane.urgency(0), -1)
  bench.lane.raiseWindow(100, 1004)
  t.strictSame(numbersOf(bench.write()), [6])
})

t.test('no more ids are in flight than the ring of the peer can hold, whatever the peer says', async (t) => {
  const bench = new Bench(RELIABLE, { messages: 10_000_000, bytes: 10_000_000 })
  for (let i = 0; i < MESSAGE_WINDOW + 1; i++) bench.push()
  let count = 0
  for (let sent = bench.write(); sent.frames.length > 0; sent = bench.write()) count += numbersOf(sent).length
  t.equal(count, MESSAGE_WINDOW)
  bench.lane.handleRunAcked(0, 1)
  t.equal(numbersOf(bench.write()).length, 1)
})

t.test('`ttlMs` acts before the first transmission only, and leaves no gap in the ids', async (t) => {
  const bench = new Bench()
  bench.push(4, 3, 50)
  bench.push(4, 3, 500)
  bench.push(4, 3, 50)
  const sent = bench.write(1179, 0, 100)
  t.strictSame(numbersOf(sent), [1])
  t.match(sent.frames[0], { id: 0 })
  t.strictSame(bench.expired, [0, 2])
  bench.handle(sent, false)
  t.strictSame(numbersOf(bench.write(1179, 0, 1000)), [1], 'sent once, it goes until it arrives')
})

t.test('what has expired behind the head is let go when room is needed', async (t) => {
  const bench = new Bench()
  bench.push()
  bench.push(4, 3, 50)
  bench.push()
  bench.lane.dropExpired(100)
  t.strictSame(bench.expired, [1])
  t.strictSame(numbersOf(bench.write()), [0, 2])
})

t.test('a large message goes in fragments of 64-byte blocks, and is released when all are acknowledged', async (t) => {
  const bench = new Bench(ORDERED)
  bench.push(3000)
  const packets = [bench.write(), bench.write(), bench.write(), bench.write()]
  t.equal(packets[3]!.frames.length, 0)
  const parts = packets.flatMap((p) => p.frames)
  t.strictSame(
    parts.map((f) => [f.type, f.id, f.totalBytes, f.firstBlock, f.messages[0]!.payload.length]),
    [
      [0x1b, 0, 3000, 0, 1152],
      [0x1b, 0, 3000, 18, 1152],
      [0x1b, 0, 3000, 36, 696],
    ],
  )
  t.equal(numberOf(Buffer.concat(parts.map((f) => f.messages[0]!.payload))), 0)
  bench.handle(packets[2]!, true)
  bench.handle(packets[0]!, true)
  t.strictSame(bench.released, [])
  bench.handle(packets[1]!, true)
  t.strictSame(bench.released, [0])
  t.ok(bench.lane.isIdle)
})

t.test('only the lost blocks of a large message go again', async (t) => {
  const bench = new Bench()
  bench.push(5000)
  const packets = [bench.write(), bench.write(), bench.write(), bench.write(), bench.write()]
  bench.handle(packets[1]!, false)
  bench.handle(packets[3]!, false)
  bench.lane.handleFragmentAcked(0, 20, 5) // a repeat of some of them arrived
  const again = [bench.write(), bench.write(), bench.write(), bench.write()]
  t.strictSame(
    again.flatMap((p) => p.frames.map((f) => [f.firstBlock, f.messages[0]!.payload.length / 64])),
    [
      [18, 2],
      [25, 11],
      [54, 18],
    ],
  )
})

t.test('small messages go ahead of the blocks of a large one, new or lost, on a lane without order', async (t) => {
  const bench = new Bench()
  bench.push(5000)
  const first = bench.write()
  bench.push()
  t.equal(bench.write(60).frames[0]?.id, 1)
  bench.handle(first, false)
  bench.push()
  t.equal(bench.write(60).frames[0]?.id, 2, 'lost blocks wait too')
  t.match(bench.write().frames[0], { id: 0, firstBlock: 0 })
})

t.test('a lost message of low priority does not stand before a new one of high priority', async (t) => {
  const bench = new Bench()
  bench.push(4, 0)
  bench.handle(bench.write(), false)
  bench.push(4, 7)
  t.equal(bench.lane.urgency(0), 4 * 7 + 2)
  t.strictSame(numbersOf(bench.write(1179, 4 * 3)), [1])
  t.strictSame(numbersOf(bench.write()), [0])
})

t.test('a large message of high priority goes ahead of the rest of one of low priority', async (t) => {
  const bench = new Bench()
  bench.push(5000, 1)
  bench.write()
  bench.push(2000, 5)
  t.match(bench.write().frames[0], { id: 1, firstBlock: 0 })
  t.match(bench.write().frames[0], { id: 1, firstBlock: 18 })
  t.match(bench.write().frames[0], { id: 0, firstBlock: 18 })
})

t.test('on an ordered lane nothing overtakes', async (t) => {
  const bench = new Bench(ORDERED)
  bench.push(2000, 0)
  bench.push(4, 7)
  t.match(bench.write().frames, [{ id: 0, firstBlock: 0 }])
  t.match(bench.write().frames, [{ id: 0, firstBlock: 18 }])
  t.match(bench.write().frames, [{ type: 0x14, id: 1 }])
})

t.test('blocks wait while only what is small is admitted', async (t) => {
  const bench = new Bench()
  bench.push(5000)
  bench.write()
  bench.admitsBlocks = false
  t.equal(bench.lane.urgency(0), -1)
  t.equal(bench.write().frames.length, 0)
  bench.push(5000)
  bench.push()
  bench.admitsBlocks = true
  t.ok(bench.lane.urgency(0) >= 0)
})

t.test('a message that went whole is cut when it has to go again over a link with smaller packets', async (t) => {
  const bench = new Bench(ORDERED)
  bench.push(1000)
  bench.push(4)
  bench.write()
  bench.maxWholeBytes = 494
  bench.lane.requeueAll()
  const packets: Sent[] = []
  for (let sent = bench.write(500); sent.frames.length > 0; sent = bench.write(500)) packets.push(sent)
  const blocks = packets.flatMap((p) => p.frames).filter((f) => f.type === 0x1b)
  t.equal(numberOf(Buffer.concat(blocks.map((f) => f.messages[0]!.payload))), 0)
  for (const sent of packets) bench.handle(sent, true)
  t.ok(bench.lane.isIdle)
  t.strictSame(bench.released.sort(), [0, 1])
})

t.test('an acknowledgement of the whole counts for a message that was cut since', async (t) => {
  const bench = new Bench()
  bench.push(1000)
  const whole = bench.write()
  bench.handle(whole, false)
  bench.maxWholeBytes = 494
  bench.write(500)
  bench.handle(whole, true)
  t.strictSame(bench.released, [0])
  t.equal(bench.write(500).frames.length, 0)
})

t.test('clear gives every message back, once', async (t) => {
  const bench = new Bench()
  for (let i = 0; i < 40; i++) bench.push(i === 20 ? 5000 : 30)
  bench.handle(bench.write(), false)
  bench.write()
  bench.lane.clear()
  t.strictSame(
    bench.released.sort((a, b) => a - b),
    numbers(40),
  )
  t.ok(bench.lane.isIdle)
})

t.test('the control lane names channel 255', async (t) => {
  const bench = new Bench(CONTROL_LANE)
  bench.push()
  t.match(bench.write().frames[0], { type: 0x14, channel: 255 })
})

t.test('whatever is lost, acknowledged twice or late, every message arrives and is released once', async (t) => {
  for (const firstId of [0, 2 ** 24 - 200, 2 ** 32 - 200]) {
    for (let seed = 1; seed <= 6; seed++) {
      const rnd = random(seed)
      const bench = new Bench(seed % 2 ? RELIABLE : ORDERED, { messages: 5000, bytes: 10_000_000 }, firstId)
      const arrived = new Map<number, Set<number>>()
      const open: Sent[] = []
      const count = 600
      for (let pushed = 0; bench.released.length < count; ) {
        for (let i = 0; i < 3 && pushed < count; i++, pushed++)
          bench.push(rnd() < 0.05 ? 4 + Math.floor(rnd() * 8000) : 4 + Math.floor(rnd() * 100), Math.floor(rnd() * 8))
        const sent = bench.write(300 + Math.floor(rnd() * 879))
        if (sent.items.length > 0) open.push(sent)
        while (open.length > 20 || (open.length > 0 && rnd() < 0.4)) {
          const [packet] = open.splice(Math.floor(rnd() * open.length), 1)
          const fate = rnd()
          if (fate < 0.3) bench.handle(packet!, false)
          if (fate > 0.25) {
            for (const frame of packet!.frames)
              frame.messages.forEach((m, i) => {
                const id = frame.id! + (frame.firstBlock === undefined ? i : 0)
                const parts = arrived.get(id) ?? new Set()
                parts.add(frame.firstBlock === undefined ? numberOf(m.payload) : -1)
                arrived.set(id, parts)
              })
            bench.handle(packet!, true)
          }
        }
      }
      t.equal(bench.released.length, count, `from id ${firstId}, seed ${seed}`)
      t.ok(bench.lane.isIdle)
      t.equal(arrived.size, count)
      t.equal(bench.lane.nextId, firstId + count)
    }
  }
})
