import t from 'tap'
import { laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from '../../lib/protocol/lanes.js'
import { type Delivery, type End, Pair, random } from './pair.js'

const deliveries: Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']
const typeIds = { unreliable: 1, sequenced: 2, reliable: 3, ordered: 200 }

/** A payload that says which it is, and whether it was harmed. */
function payload(number: number, bytes: number): Uint8Array {
  const result = new Uint8Array(Math.max(4, bytes))
  new DataView(result.buffer).setUint32(0, number)
  for (let i = 4; i < result.length; i++) result[i] = (number + i * 7) & 255
  return result
}

function numberOf(bytes: Uint8Array): number {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  for (let i = 4; i < bytes.length; i++)
    if (bytes[i] !== ((number + i * 7) & 255)) throw new Error(`message ${number} is harmed at byte ${i}`)
  return number
}

function laneOf(delivery: Delivery): number {
  if (delivery === 'unreliable') return UNRELIABLE_LANE
  return delivery === 'sequenced' ? SEQUENCED_LANE : laneIndex(0, delivery === 'ordered')
}

t.test('all deliveries keep their promise in both directions, at 20 % loss, 10 % duplicates, 100 ± 50 ms and reordering', async (t) => {
  let messages = 0
  for (let seed = 1; seed <= 20; seed++) {
    const pair = new Pair(seed, { delayMs: 100, jitterMs: 50, loss: 0.2, duplicates: 0.1 })
    const rnd = random(seed * 7919)
    const sent = {
      client: { unreliable: 0, sequenced: 0, reliable: 0, ordered: 0 },
      server: { unreliable: 0, sequenced: 0, reliable: 0, ordered: 0 },
    }
    const tick = (end: End, now: number): void => {
      if (now > 3000) return
      for (const delivery of deliveries) {
        const counts = end === pair.client ? sent.client : sent.server
        if (rnd() < 0.8) continue
        const bytes = rnd() < 0.02 ? Math.floor(rnd() * 65_536) : Math.floor(rnd() * 200)
        end.send(typeIds[delivery], payload(counts[delivery]++, bytes), delivery, now)
      }
    }
    pair.until(() => pair.now > 3000 && pair.client.connection.isIdle && pair.server.connection.isIdle, 600_000, tick)
    for (const [end, counts] of [
      [pair.server, sent.client],
      [pair.client, sent.server],
    ] as const) {
      t.equal(end.connection.failure, undefined)
      for (const delivery of deliveries) {
        const numbers = end.received.filter((m) => m.lane === laneOf(delivery)).map((m) => numberOf(m.bytes))
        messages += numbers.length
        const label = `seed ${seed} ${delivery}`
        if (delivery === 'ordered')
          t.strictSame(
            numbers,
            Array.from({ length: counts.ordered }, (_, i) => i),
            label,
          )
        if (delivery === 'reliable')
          t.strictSame(
            numbers.sort((a, b) => a - b),
            Array.from({ length: counts.reliable }, (_, i) => i),
            label,
          )
        if (delivery === 'sequenced') t.ok(numbers.length > 3 && numbers.every((n, i) => i === 0 || n > numbers[i - 1]!), label)
        if (delivery === 'unreliable') t.ok(numbers.length > counts.unreliable * 0.3 && new Set(numbers).size === numbers.length, label)
      }
    }
    t.equal(pair.client.connection.queuedBytes, 0)
    t.equal(pair.client.connection.pendingAcks, 0)
  }
  t.comment(`${messages} messages`)
})
