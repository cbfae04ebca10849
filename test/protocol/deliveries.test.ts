import t from 'tap'
import { laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from '../../lib/protocol/lanes.js'
import { type Delivery, type End, Pair, random } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const SEEDS = 100
const SENDING_MS = 5000
const deliveries: Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']
const typeIds = { unreliable: 1, sequenced: 2, reliable: 3, ordered: 200 }
const lanes = { unreliable: UNRELIABLE_LANE, sequenced: SEQUENCED_LANE, reliable: laneIndex(0, false), ordered: laneIndex(0, true) }

/** Mostly small, some of a few packets, now and then 64 KiB. */
function bytesOf(rnd: () => number): number {
  const kind = rnd()
  if (kind < 0.005) return 65_536
  return 4 + Math.floor(rnd() * (kind < 0.05 ? 8192 : 200))
}

t.test('all deliveries keep their promise in both directions, at 20 % loss, 10 % duplicates, 100 ± 50 ms and reordering', async (t) => {
  const total = { sent: 0, unreliable: 0, sequenced: 0, reliable: 0, ordered: 0 }
  const failures: string[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const pair = new Pair(seed, { delayMs: 100, jitterMs: 50, loss: 0.2, duplicates: 0.1 })
    const rnd = random(seed * 7919)
    const sent = { unreliable: 0, sequenced: 0, reliable: 0, ordered: 0 }
    const sentBack = { ...sent }
    const stopAt = pair.now + SENDING_MS
    const tick = (end: End, now: number): void => {
      if (now > stopAt) return
      const counts = end === pair.client ? sent : sentBack
      for (const delivery of deliveries)
        if (rnd() < 0.25) end.send(typeIds[delivery], payload(counts[delivery]++, bytesOf(rnd)), delivery, now)
    }
    pair.until(() => pair.now > stopAt && pair.client.connection.isIdle && pair.server.connection.isIdle, 600_000, tick)
    for (const [end, counts] of [
      [pair.server, sent],
      [pair.client, sentBack],
    ] as const) {
      const expect = (isTrue: boolean, what: string): void => {
        if (!isTrue) failures.push(`seed ${seed}, to the ${end === pair.server ? 'server' : 'client'}: ${what}`)
      }
      const got = (delivery: Delivery): number[] => end.received.filter((m) => m.lane === lanes[delivery]).map((m) => numberOf(m.bytes))
      const unreliable = got('unreliable')
      const sequenced = got('sequenced')
      const reliable = got('reliable')
      const ordered = got('ordered')
      expect(end.connection.failure === undefined, `failed: ${end.connection.failure}`)
      expect(String(ordered) === String(numbers(counts.ordered)), 'ordered: all, once, in order')
      expect(String(reliable.sort((a, b) => a - b)) === String(numbers(counts.reliable)), 'reliable: all, once')
      expect(
        sequenced.every((n, i) => i === 0 || n > sequenced[i - 1]!),
        'sequenced: never older',
      )
      expect(sequenced.length > 3, 'sequenced: some arrive')
      expect(new Set(unreliable).size === unreliable.length, 'unreliable: at most once')
      expect(unreliable.length > counts.unreliable / 2, `unreliable: most arrive, got ${unreliable.length} of ${counts.unreliable}`)
      expect(end.connection.queuedBytes === 0 && end.connection.pendingAcks === 0, 'nothing is left in the queue')
      for (const delivery of deliveries) total[delivery] += got(delivery).length
      total.sent += counts.unreliable + counts.sequenced + counts.reliable + counts.ordered
    }
  }
  t.comment(`seeds 1–${SEEDS}, both directions: ${total.sent} messages sent`)
  t.comment(
    `arrived: ${total.ordered} ordered, ${total.reliable} reliable, ${total.sequenced} sequenced, ${total.unreliable} unreliable; ${failures.length} failures`,
  )
  t.strictSame(failures, [])
})
