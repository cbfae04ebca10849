import fc from 'fast-check'
import t from 'tap'
import { ACK, ACK_DELAY_UNITS_PER_MS } from '../../lib/protocol/frames.js'
import { AckRanges, ReceivedPackets, readAck } from '../../lib/protocol/received-packets.js'
import { MAX_ACK_RANGES } from '../../lib/wire/limits.js'
import { varintBytes } from '../../lib/wire/varint.js'
import { holds } from './property.js'

type Range = readonly [first: number, last: number]

/** A set's ranges, newest first. */
function rangesOf(numbers: Set<number>): Range[] {
  const ranges: [number, number][] = []
  for (const number of [...numbers].sort((a, b) => b - a)) {
    const current = ranges.at(-1)
    if (current !== undefined && current[0] === number + 1) current[0] = number
    else ranges.push([number, number])
  }
  return ranges
}

/** What has arrived, as a set, with the rules of the document: at most 64 ranges, the oldest forgotten. */
class Model {
  numbers = new Set<number>()

  get ranges(): Range[] {
    return rangesOf(this.numbers)
  }

  add(sequence: number): boolean {
    const { ranges } = this
    const oldest = ranges.at(-1)
    if (this.numbers.has(sequence)) return false
    if (ranges.length === MAX_ACK_RANGES && sequence < oldest![0] - 1) return false
    this.numbers.add(sequence)
    const after = this.ranges
    if (after.length > MAX_ACK_RANGES) this.#drop(after.at(-1)!)
    return true
  }

  forget(sequence: number): void {
    for (const range of this.ranges.slice(1)) if (range[1] <= sequence) this.#drop(range)
  }

  #drop([first, last]: Range): void {
    for (let number = first; number <= last; number++) this.numbers.delete(number)
  }
}

function read(bytes: Uint8Array, at: number, end: number, next: number): { behind: number; ranges: Range[]; delayMs: number } | undefined {
  const ranges = new AckRanges()
  const behind = readAck(bytes, at, end, next, ranges)
  if (behind < 0) return undefined
  return {
    behind,
    delayMs: ranges.delayMs,
    ranges: Array.from({ length: ranges.count }, (_, i) => [ranges.first[i]!, ranges.last[i]!] as const),
  }
}

/** Numbers near one another, in any order, that begin anywhere; sometimes something is forgotten. */
const arrivals = fc.record({
  from: fc.constantFrom(0, 1, 2 ** 32 - 100, 2 ** 40),
  list: fc.array(fc.record({ offset: fc.nat(300), forgets: fc.nat(12).map((n) => n === 0) }), {
    minLength: 1,
    maxLength: 250,
    size: 'max',
  }),
})

t.test('received packets are a set of numbers whose oldest ranges are forgotten', async () => {
  holds(
    fc.property(arrivals, ({ from, list }) => {
      const received = new ReceivedPackets()
      const model = new Model()
      for (const { offset, forgets } of list) {
        if (forgets) {
          received.forget(from + offset)
          model.forget(from + offset)
        } else if (received.add(from + offset) !== model.add(from + offset)) return false
        if (received.rangeCount !== model.ranges.length || received.largest !== (model.ranges[0]?.[1] ?? -1)) return false
      }
      return true
    }),
    150,
  )
})

t.test('an ack frame says the newest ranges, as many as fit, and its delay to a sixteenth of a millisecond', async () => {
  const delays = fc.oneof(fc.double({ min: 0, max: 5000, noNaN: true }), fc.constant(-1), fc.constant(1e9))
  holds(
    fc.property(arrivals, delays, fc.integer({ min: 0, max: 260 }), fc.nat(3), fc.nat(70), ({ from, list }, delayMs, room, at, ahead) => {
      const received = new ReceivedPackets()
      const model = new Model()
      for (const { offset } of list) {
        received.add(from + offset)
        model.add(from + offset)
      }
      const { ranges } = model
      const bytes = new Uint8Array(400).fill(0xee)
      const end = received.write(bytes, at, at + room, delayMs)
      if (end > at + room || bytes[end] !== 0xee) return false
      const delay = Math.max(0, Math.round(delayMs * ACK_DELAY_UNITS_PER_MS))
      let [fits, bytesOf] = [0, 6 + varintBytes(delay)]
      for (const [i, [first, last]] of ranges.entries()) {
        bytesOf += varintBytes(last - first) + (i === 0 ? 0 : varintBytes(ranges[i - 1]![0] - last - 2))
        if (bytesOf <= room) fits = i + 1
        else break
      }
      if (fits === 0) return end === at
      if (bytes[at] !== ACK) return false
      const next = ranges[0]![1] + 1 + ahead
      for (let short = at + 1; short < end; short++) if (read(bytes, at + 1, short, next) !== undefined) return false
      const acked = read(bytes, at + 1, end, next)
      return (
        acked !== undefined &&
        acked.behind === end &&
        acked.delayMs === delay / ACK_DELAY_UNITS_PER_MS &&
        JSON.stringify(acked.ranges) === JSON.stringify(ranges.slice(0, fits)) &&
        read(bytes, at + 1, end, ranges[0]![1]) === undefined // it was never sent
      )
    }),
    200,
  )
})

t.test('any bytes read as an ack are refused, or name packets that were sent, newest first, each once', async () => {
  const small = fc.array(fc.oneof(fc.nat(4), fc.nat(255)), { minLength: 4, maxLength: 40 })
  holds(
    fc.property(small, fc.nat(40), fc.constantFrom(0, 5, 300, 2 ** 32 + 7), (list, end, next) => {
      const bytes = Uint8Array.from(list)
      const acked = read(bytes, 0, Math.min(end, bytes.length), next)
      if (acked === undefined) return true
      let above = next + 1
      for (const [first, last] of acked.ranges) {
        if (first < 0 || first > last || last >= above - 1) return false
        above = first
      }
      return acked.behind <= bytes.length && acked.ranges.length <= MAX_ACK_RANGES && acked.ranges.length >= 1
    }),
    3000,
  )
})
