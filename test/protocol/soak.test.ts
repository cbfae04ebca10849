// Everything at once, by chance: whatever link, loops, windows, stalls, partitions and binds a seed draws, nothing reliable is lost or repeated, and nothing stops.
import t from 'tap'
import { laneIndex } from '../../lib/protocol/lanes.js'
import { type Delivery, type End, type EndOptions, Pair, random } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const SEEDS = 300
const SENDING_MS = 3000
const deliveries: Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']

/** A number from `least` to `most`, small ones more often. */
function draw(rnd: () => number, least: number, most: number): number {
  return Math.floor(least * (most / least) ** rnd())
}

function endOptions(rnd: () => number, maxMessageBytes: number): EndOptions {
  const intervalMs = draw(rnd, 4, 150)
  return {
    intervalMs,
    maxAckDelayMs: Math.max(20, 1.5 * intervalMs),
    maxMessageBytes,
    window: { messages: draw(rnd, 4, 4096), bytes: maxMessageBytes * 2 + draw(rnd, 1, 100_000) },
    maxPayloadBytes: draw(rnd, 300, 1179),
    firstSequence: rnd() < 0.3 ? 2 ** 32 - 100 : 0,
  }
}

t.test('nothing reliable is lost or repeated, and nothing stops, whatever happens', async (t) => {
  const failures: string[] = []
  let messages = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const rnd = random(seed * 31)
    const maxMessageBytes = draw(rnd, 2000, 40_000)
    const delayMs = draw(rnd, 1, 250)
    const link = { delayMs, jitterMs: rnd() * delayMs, loss: rnd() * rnd() * 0.6, duplicates: rnd() * 0.2 }
    const pair = new Pair(seed, link, { client: endOptions(rnd, maxMessageBytes), server: endOptions(rnd, maxMessageBytes) })
    const stopAt = pair.now + SENDING_MS
    const sent = [[], []] as [number[], number[]] // next numbers by lane, of each end
    const tick = (end: End, now: number): void => {
      if (now > stopAt) return
      if (rnd() < 0.003) pair.stall(end, draw(rnd, 100, 5000))
      if (rnd() < 0.003) pair.link = { ...link, drops: (_toServer, _count, at) => at < now + 2000 }
      if (rnd() < 0.002) pair.rebind(draw(rnd, 300, 1179))
      const next = sent[end === pair.client ? 0 : 1]
      for (let i = Math.floor(rnd() * 4); i > 0 && end.connection.queuedBytes < 200_000; i--) {
        const delivery = deliveries[Math.floor(rnd() * 4)]!
        const channel = Math.floor(rnd() * 3)
        const isReliable = delivery === 'reliable' || delivery === 'ordered'
        const lane = isReliable ? laneIndex(channel, delivery === 'ordered') : 100 + deliveries.indexOf(delivery)
        const number = next[lane] ?? 0
        next[lane] = number + 1
        end.send(lane, payload(number, rnd() < 0.1 ? draw(rnd, 4, maxMessageBytes) : draw(rnd, 4, 300)), delivery, now, {
          channel,
          priority: delivery === 'sequenced' ? 3 : Math.floor(rnd() * 8), // of one definition, all have the same
          redundancy: rnd() < 0.2 ? 3 : 0,
        })
      }
    }
    try {
      pair.until(() => pair.now > stopAt && pair.client.connection.isIdle && pair.server.connection.isIdle, 600_000, tick)
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.message : error}`)
    }
    for (const [end, next] of [
      [pair.server, sent[0]],
      [pair.client, sent[1]],
    ] as const) {
      if (end.connection.failure !== undefined) failures.push(`seed ${seed}: ${end.connection.failure}`)
      messages += end.received.length
      next.forEach((count, lane) => {
        const got = end.received.filter((m) => m.typeId === lane).map((m) => numberOf(m.bytes))
        if (lane >= 100) {
          if (new Set(got).size !== got.length) failures.push(`seed ${seed}: an unreliable message came twice`)
          if (lane === 101 && got.some((n, i) => i > 0 && n < got[i - 1]!))
            failures.push(`seed ${seed}: an older sequenced message came later`)
          return
        }
        if (lane >= 32) got.sort((a, b) => a - b)
        if (String(got) !== String(numbers(count))) failures.push(`seed ${seed}: lane ${lane}: ${got.length} of ${count}, or out of order`)
      })
    }
  }
  t.comment(`seeds 1–${SEEDS}: ${messages} messages arrived`)
  t.strictSame(failures, [])
})
