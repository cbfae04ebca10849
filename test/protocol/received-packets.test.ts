import t from 'tap'
import { AckRanges, ReceivedPackets, readAck } from '../../lib/protocol/received-packets.js'
import { MAX_ACK_RANGES } from '../../lib/wire/limits.js'
import { random } from './pair.js'

const bytes = new Uint8Array(2000)

/** The numbers that an ack frame of `received` names. */
function acked(received: ReceivedPackets, nextSequence: number, end = bytes.length): number[] {
  const ranges = new AckRanges()
  const behind = received.write(bytes, 3, end, 0)
  if (behind === 3) return []
  if (readAck(bytes, 4, behind, nextSequence, ranges) !== behind) throw new Error('the ack does not come back')
  const result: number[] = []
  for (let i = 0; i < ranges.count; i++) for (let n = ranges.last[i]!; n >= ranges.first[i]!; n--) result.push(n)
  return result
}

/** The newest ranges of a set of numbers, as a list of numbers, newest first. */
function newestRanges(set: Set<number>): number[] {
  const sorted = [...set].sort((a, b) => b - a)
  let ranges = 0
  const result: number[] = []
  for (const n of sorted) {
    if (!set.has(n + 1) && ++ranges > MAX_ACK_RANGES) break
    result.push(n)
  }
  return result
}

t.test('it holds what a set of at most 64 ranges holds, for packets in any order', async (t) => {
  for (let seed = 1; seed <= 30; seed++) {
    const rnd = random(seed)
    const base = seed % 3 === 0 ? 2 ** 32 - 150 : 0
    const spread = 10 + seed * 6
    const received = new ReceivedPackets()
    let model = new Set<number>()
    let wrong = 0
    for (let i = 0; i < 400; i++) {
      const sequence = base + Math.max(0, Math.floor(i * 0.75 + (rnd() - 0.5) * spread))
      const isKnown = model.has(sequence)
      model = new Set(newestRanges(model.add(sequence)))
      if (received.add(sequence) !== (!isKnown && model.has(sequence))) wrong++
      if (received.largest !== Math.max(...model)) wrong++
    }
    t.strictSame(acked(received, base + 600), [...model], `seed ${seed}, ${received.rangeCount} ranges`)
    t.equal(wrong, 0)
  }
})

t.test('at most 64 ranges are remembered, and the oldest are forgotten', async (t) => {
  const received = new ReceivedPackets()
  const model = new Set<number>()
  for (let i = 0; i < 200; i += 2) {
    received.add(i)
    model.add(i)
  }
  t.equal(received.rangeCount, 64)
  t.strictSame(acked(received, 200), newestRanges(model))
  t.notOk(received.add(1), 'older than what is remembered')
  t.ok(received.add(181), 'a hole is closed')
  model.add(181)
  t.equal(received.rangeCount, 63)
  t.notOk(received.add(181), 'known already')
})

t.test('a number between 64 ranges makes room by forgetting the oldest range', async (t) => {
  const received = new ReceivedPackets()
  for (let i = 0; i < 64; i++) received.add(i * 4)
  t.ok(received.add(2 * 4 + 2))
  t.equal(received.rangeCount, 64)
  const numbers = acked(received, 1000)
  t.ok(numbers.includes(10))
  t.notOk(numbers.includes(0), 'the oldest is forgotten')
  t.equal(numbers.length, 64)
})

t.test('forget drops whole ranges at or below a number, and keeps the newest', async (t) => {
  const received = new ReceivedPackets()
  for (const n of [1, 2, 5, 6, 9]) received.add(n)
  received.forget(5)
  t.strictSame(acked(received, 20), [9, 6, 5])
  received.forget(100)
  t.strictSame(acked(received, 20), [9])
})

t.test('with little room the newest ranges are told', async (t) => {
  const received = new ReceivedPackets()
  for (let i = 0; i < 100; i += 2) received.add(i)
  t.strictSame(acked(received, 100, 3 + 8 + 2 * 3), [98, 96, 94, 92])
  t.strictSame(acked(received, 100, 3 + 7), [], 'not even one fits')
})

t.test('an ack has its known bytes', async (t) => {
  const received = new ReceivedPackets()
  for (const n of [2 ** 32 + 5, 2 ** 32 + 4, 2 ** 32 + 1]) received.add(n)
  const end = received.write(bytes, 0, 100, 2.5)
  t.equal(Buffer.from(bytes.subarray(0, end)).toString('hex'), '0105000000280101' + '0100')
})

t.test('the delay travels in sixteenths of a millisecond', async (t) => {
  const received = new ReceivedPackets()
  received.add(0)
  const ranges = new AckRanges()
  for (const delay of [0, 0.06, 17.3, 60_000]) {
    const end = received.write(bytes, 0, 100, delay)
    t.equal(readAck(bytes, 1, end, 1, ranges), end)
    t.ok(Math.abs(ranges.delayMs - delay) <= 1 / 32)
  }
})

t.test('malformed acks are refused: cut off, below 0, not yet sent, too many ranges', async (t) => {
  const ranges = new AckRanges()
  const received = new ReceivedPackets()
  for (const n of [3, 4, 7, 9, 10, 11]) received.add(n)
  const end = received.write(bytes, 0, 100, 1)
  t.equal(readAck(bytes, 1, end, 12, ranges), end)
  for (let cut = 1; cut < end; cut++) t.equal(readAck(bytes, 1, cut, 12, ranges), -1, `cut at ${cut}`)
  t.equal(readAck(bytes, 1, end, 11, ranges), -1, 'packet 11 was not sent')
  const read = (hex: string, next: number): number => readAck(Uint8Array.from(Buffer.from(hex, 'hex')), 0, hex.length / 2, next, ranges)
  t.equal(read('02000000000003', 10), -1, 'a first range below 0')
  t.equal(read('050000000001000500', 10), -1, 'a gap below 0')
  t.equal(read('0500000000010000' + '04', 10), -1, 'a second range below 0')
  t.equal(read(`ff00000000${'40'}${'00'.repeat(200)}`, 1000), -1, '65 ranges')
  t.not(read(`ff00000000${'3f'}${'00'.repeat(200)}`, 1000), -1, '64 ranges')
})
