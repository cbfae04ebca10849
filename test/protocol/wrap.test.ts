import t from 'tap'
import { LaneReceiver } from '../../lib/protocol/lane-receiver.js'
import { type LaneOwner, LaneSender } from '../../lib/protocol/lane-sender.js'
import { laneIndex } from '../../lib/protocol/lanes.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { MAX_EARLY_BYTES } from '../../lib/wire/limits.js'
import { restoreId } from '../../lib/wire/sequence.js'
import { framesOf } from './frames-of.js'
import { type Delivery, Pair, random } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const deliveries: Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']

t.test('packet numbers cross 2^16, 2^24 and 2^32 without notice', async (t) => {
  for (const boundary of [2 ** 16, 2 ** 24, 2 ** 32]) {
    const firstSequence = boundary - 150
    const pair = new Pair(
      3,
      { delayMs: 40, jitterMs: 30, loss: 0.1, duplicates: 0.05 },
      { client: { firstSequence }, server: { firstSequence } },
    )
    let sent = 0
    let resent = 0
    const seen = new Set<number>()
    pair.onPacket = (toServer, bytes) => {
      if (toServer)
        for (const frame of framesOf(bytes))
          if (frame.type === 0x14) for (const m of frame.messages) seen.size === seen.add(numberOf(m.payload)).size && resent++
    }
    const stopAt = pair.now + 8000
    pair.until(
      () => pair.now > stopAt && pair.client.connection.isIdle,
      20_000,
      (end, now) => {
        if (now > stopAt) return
        for (const delivery of deliveries) end.send(1, payload(sent, MAX_EARLY_BYTES), delivery, now) // too large for early repeats
        if (end === pair.client) sent++
      },
    )
    const got = pair.server.received.filter((m) => m.lane === laneIndex(0, true)).map((m) => numberOf(m.bytes))
    t.strictSame(got, numbers(sent))
    t.ok(pair.client.nextSequence > boundary + 150)
    t.equal(pair.client.connection.failure, undefined)
    t.ok(resent < sent * 0.3, `${resent} of ${sent} resent at 10 % loss, over ${boundary}`)
  }
})

t.test('message ids cross 2^16 on one connection', async (t) => {
  const pair = new Pair(4, { delayMs: 2 })
  let next = 0
  let received = 0
  pair.server.onReceived = (message) => {
    if (numberOf(message.bytes) === received) received++
  }
  pair.until(
    () => next === 70_000 && pair.client.connection.isIdle,
    60_000,
    (end, now) => {
      if (end === pair.client) while (next < 70_000 && end.connection.pendingAcks < 4000) end.send(1, payload(next++), 'ordered', now)
    },
  )
  t.equal(received, 70_000)
})

t.test('message ids cross 2^16, 2^24 and 2^32 on every lane, with losses and windows', async (t) => {
  for (const boundary of [2 ** 16, 2 ** 24, 2 ** 32]) {
    for (const isOrdered of [true, false]) {
      const firstId = boundary - 1000
      const pool = new PayloadPool()
      const owner: LaneOwner = {
        maxWholeBytes: 1173,
        admitsBlocks: true,
        earlyRepeats: 0,
        handleReleased: (message) => pool.releaseMessage(message),
        handleFirstSent: () => {},
      }
      const window = { messages: 256, bytes: 100_000 }
      const got: number[] = []
      const sink = {
        handleMessage: (_lane: number, _type: number, bytes: Uint8Array, start: number, end: number) =>
          got.push(numberOf(bytes.slice(start, end))),
      }
      const sender = new LaneSender(laneIndex(0, isOrdered), window, owner, firstId)
      const receiver = new LaneReceiver(laneIndex(0, isOrdered), window, 50_000, sink, firstId)
      const rnd = random(boundary % 1000)
      let refused = 0
      for (let sent = 0; sent < 3000 || !sender.isIdle; ) {
        for (let i = 0; i < 20 && sent < 3000; i++) sender.push(pool.frame(1, payload(sent++)))
        const bytes = new Uint8Array(300)
        const items: number[] = []
        const end = sender.write(bytes, 0, 300, items, 0, 0)
        const isLost = rnd() < 0.2
        for (const frame of isLost ? [] : framesOf(bytes.subarray(0, end)))
          frame.messages.forEach((m, i) => {
            if (!receiver.receive(receiver.restore(frame.id!) + i, 1, m.payload, 0, m.payload.length)) refused++
          })
        for (let i = 0; i < items.length; i += 4)
          if (isLost) sender.handleRunLost(items[i + 1]!, items[i + 2]!)
          else sender.handleRunAcked(items[i + 1]!, items[i + 2]!)
        if (receiver.needsRaise && rnd() < 0.5) {
          receiver.raise()
          sender.raiseWindow(restoreId(receiver.messageLimit % 2 ** 24, sender.nextId), receiver.byteLimit)
        }
      }
      t.equal(refused, 0)
      t.strictSame(isOrdered ? got : got.sort((a, b) => a - b), numbers(3000), `over ${boundary}, ${isOrdered ? 'ordered' : 'reliable'}`)
    }
  }
})
