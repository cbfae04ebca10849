import fc from 'fast-check'
import t from 'tap'
import { Inbox } from '../../lib/io/inbox.js'
import { TimeHeap } from '../../lib/io/time-heap.js'
import type { Datagram } from '../../lib/io/transport.js'
import { AddressMap } from '../../lib/netcode/address-map.js'
import { BlockSet } from '../../lib/protocol/block-set.js'
import { LossMeter } from '../../lib/protocol/loss-meter.js'
import { PriorityQueue } from '../../lib/protocol/priority-queue.js'
import { LOSS_BUCKET_MS, LOSS_BUCKETS, MAX_COUNTED_NETWORKS } from '../../lib/wire/limits.js'
import { ReplyLimiter } from '../../lib/wire/reply-limiter.js'
import { RingQueue } from '../../lib/wire/ring-queue.js'
import { TokenBucket } from '../../lib/wire/token-bucket.js'
import { holds } from './property.js'

/** Lists of small numbers: each is an operation. Long enough for rings to double several times. */
const operations = (max: number, maxLength = 300): fc.Arbitrary<number[]> => fc.array(fc.nat(max), { maxLength, size: 'max' })

t.test('a ring queue is an array with push and shift', async () => {
  holds(
    fc.property(operations(9), (list) => {
      const queue = new RingQueue<number>()
      let model: number[] = []
      for (const [i, operation] of list.entries()) {
        if (operation < 6) {
          queue.push(i)
          model.push(i)
        } else if (operation < 9) {
          if (queue.shift() !== model.shift()) return false
        } else if (i % 7 === 0) {
          queue.clear()
          model = []
        }
        if (queue.length !== model.length || queue.peek() !== model[0] || queue.at(model.length) !== undefined) return false
      }
      return model.every((item, i) => queue.at(i) === item)
    }),
  )
})

t.test('a priority queue gives the highest first, in order of arrival within one, and filters', async () => {
  holds(
    fc.property(operations(20), (list) => {
      const queue = new PriorityQueue<number>()
      let model: { item: number; priority: number }[] = []
      const first = (): { item: number; priority: number } | undefined =>
        model.reduce<(typeof model)[number] | undefined>(
          (best, entry) => (best === undefined || entry.priority > best.priority ? entry : best),
          undefined,
        )
      for (const [i, operation] of list.entries()) {
        if (operation < 8) {
          queue.push(i, operation)
          model.push({ item: i, priority: operation })
        } else if (operation < 14) {
          const taken = first()
          if (queue.shift() !== taken?.item) return false
          model = model.filter((entry) => entry !== taken)
        } else if (operation === 20) {
          queue.filter((item) => item % 3 !== 0)
          model = model.filter(({ item }) => item % 3 !== 0)
        }
        if (queue.length !== model.length || queue.peek() !== first()?.item) return false
      }
      return true
    }),
  )
})

t.test('a block set is a set of numbers', async () => {
  holds(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.boolean(), operations(209), (size, isFull, list) => {
      const set = new BlockSet(size, isFull)
      const model = new Set<number>(isFull ? Array.from({ length: size }, (_, i) => i) : [])
      for (const operation of list) {
        const block = operation % size
        const count = 1 + (operation % Math.min(3, size - block))
        let added = 0
        for (let i = block; i < block + count; i++) {
          if (operation < 105 && !model.has(i)) added++
          if (operation < 105) model.add(i)
          else model.delete(i)
        }
        if (operation < 105) {
          if (set.addRun(block, count) !== added) return false
        } else set.deleteRun(block, count)
        let next = block
        while (next < size && !model.has(next)) next++
        if (set.count !== model.size || set.has(block) !== model.has(block) || set.next(block) !== next) return false
      }
      return set.next(size) === size
    }),
  )
})

t.test('a time heap gives what is due first, in order of arrival within one time, and lets go of what is taken out', async () => {
  holds(
    fc.property(operations(30), (list) => {
      const heap = new TimeHeap<number>()
      let model: { time: number; item: number }[] = []
      for (const [item, operation] of list.entries()) {
        if (operation < 20) {
          heap.push(operation, item)
          model.push({ time: operation, item })
          model.sort((a, b) => a.time - b.time || a.item - b.item)
        } else if (operation < 27) {
          if (heap.pop() !== model.shift()?.item) return false
        } else {
          heap.remove(item >> 1)
          model = model.filter((entry) => entry.item !== item >> 1)
        }
        if (heap.length !== model.length || heap.nextTime() !== (model[0]?.time ?? Number.POSITIVE_INFINITY)) return false
      }
      return model.every(({ item }) => heap.pop() === item)
    }),
  )
})

t.test('an inbox is a queue that refuses the newest when it is full', async () => {
  holds(
    fc.property(fc.integer({ min: 1, max: 200 }), operations(9), (max, list) => {
      const inbox = new Inbox(max)
      const model: Datagram[] = []
      for (const operation of list) {
        if (operation < 7) {
          const datagram = { bytes: new Uint8Array(1) } as Datagram // the inbox looks at nothing in it
          if (inbox.push(datagram) !== model.length < max) return false
          if (model.length < max) model.push(datagram)
        } else if (inbox.shift() !== model.shift()) return false
        if (inbox.length !== model.length) return false
      }
      return true
    }),
  )
})

t.test('an address map is a map by host and port', async () => {
  holds(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.nat(3)), { maxLength: 60, size: 'max' }), (list) => {
      const map = new AddressMap<number>()
      const model = new Map<string, number>()
      for (const [i, [host, port, operation]] of list.entries()) {
        const key = `${host} ${port}`
        if (operation > 0) {
          map.set(`${host}`, port, i)
          model.set(key, i)
        } else if (map.delete(`${host}`, port) !== model.delete(key)) return false
        if (map.size !== model.size || map.get(`${host}`, port) !== model.get(key)) return false
        if (map.get(`${host}`, 3 - port) !== model.get(`${host} ${3 - port}`)) return false
      }
      return true
    }),
  )
})

/** Steps of time in eighths of a second and what is asked for then: sums of them are exact. */
const steps = fc.array(fc.record({ ms: fc.nat(20).map((n) => n * 125), spend: fc.nat(3), host: fc.nat(3) }), { maxLength: 80, size: 'max' })

/** A bucket by exact arithmetic: thousandths of tokens as whole numbers. */
class ExactBucket {
  readonly #perSecond: bigint
  readonly #burst: bigint
  #milli: bigint

  constructor(perSecond: number, burst: number) {
    this.#perSecond = BigInt(perSecond)
    this.#burst = BigInt(burst) * 1000n
    this.#milli = this.#burst
  }

  wait(ms: number): void {
    this.#milli += BigInt(ms) * this.#perSecond
    if (this.#milli > this.#burst) this.#milli = this.#burst
  }

  get hasTokens(): boolean {
    return this.#milli >= 1000n
  }

  spend(tokens: number): void {
    this.#milli -= BigInt(tokens) * 1000n
  }
}

t.test('a token bucket refills at its rate up to its burst, and may be overdrawn', async () => {
  holds(
    fc.property(fc.constantFrom(1, 2, 4, 8, 1000), fc.integer({ min: 1, max: 9 }), steps, (rate, burst, list) => {
      const bucket = new TokenBucket(rate, burst)
      const model = new ExactBucket(rate, burst)
      let now = 1000
      let isFirst = true
      for (const { ms, spend } of list) {
        now += ms
        if (!isFirst) model.wait(ms)
        isFirst = false
        if (bucket.hasTokens(now) !== model.hasTokens || bucket.hasTokens(now - 50) !== model.hasTokens) return false
        bucket.spend(spend)
        model.spend(spend)
      }
      return true
    }),
  )
})

t.test('a reply limiter allows what both the bucket of all and that of the network have', async () => {
  holds(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), steps, (burst, burstOfNetwork, list) => {
      const limiter = new ReplyLimiter({ perSecond: 4, burst, perSecondAndNetwork: 2, burstOfNetwork })
      const all = new ExactBucket(4, burst)
      const networks = new Map<number, ExactBucket>()
      let now = 0
      for (const { ms, host } of list) {
        now += ms
        for (const bucket of [all, ...networks.values()]) bucket.wait(ms)
        const network = host >> 1 // two hosts of each /64
        let bucket = networks.get(network)
        if (bucket === undefined) {
          bucket = new ExactBucket(2, burstOfNetwork)
          networks.set(network, bucket)
        }
        const isAllowed = all.hasTokens && bucket.hasTokens
        if (limiter.allows(`2001:db8:0:${network}::${host}`, now) !== isAllowed) return false
        if (!isAllowed) continue
        all.spend(1)
        bucket.spend(1)
      }
      return true
    }),
  )
})

t.test('a reply limiter forgets the oldest of too many networks, and no other', async (t) => {
  const limiter = new ReplyLimiter({ perSecond: 1e6, burst: 1e6, perSecondAndNetwork: 1, burstOfNetwork: 1 })
  const host = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
  for (let i = 0; i < MAX_COUNTED_NETWORKS; i++) limiter.allows(host(i), 0)
  t.notOk(limiter.allows(host(0), 0), 'all are remembered')
  t.ok(limiter.allows(host(MAX_COUNTED_NETWORKS), 0))
  t.notOk(limiter.allows(host(1), 0), 'the second oldest is known')
  t.ok(limiter.allows(host(0), 0), 'the oldest was forgotten')
})

t.test('the loss meter shows the share of the last ten half-seconds', async () => {
  const events = fc.array(fc.record({ ms: fc.oneof(fc.nat(90), fc.nat(3000), fc.constant(6000)), kind: fc.nat(5) }), {
    maxLength: 80,
    size: 'max',
  })
  holds(
    fc.property(events, (list) => {
      const meter = new LossMeter()
      const model: { bucket: number; sent: number; lost: number }[] = []
      let now = 5000
      for (const { ms, kind } of list) {
        now += ms
        const bucket = Math.floor(now / LOSS_BUCKET_MS)
        if (kind < 4) meter.addSent(now)
        else if (kind === 4) meter.addLost(now)
        else meter.removeLost(now)
        model.push({ bucket, sent: kind < 4 ? 1 : 0, lost: kind === 4 ? 1 : kind === 5 ? -1 : 0 })
        const recent = model.filter((event) => event.bucket > bucket - LOSS_BUCKETS)
        const sent = recent.reduce((sum, event) => sum + event.sent, 0)
        const lost = recent.reduce((sum, event) => sum + event.lost, 0)
        if (meter.share(now) !== (sent === 0 ? 0 : Math.min(1, Math.max(0, lost / sent)))) return false
      }
      return true
    }),
  )
})
