import t from 'tap'
import { earlyRepeats } from '../../lib/protocol/redundancy.js'
import {
  EARLY_REPEAT_RESIDUAL,
  MAX_EARLY_BYTES,
  MAX_EARLY_MESSAGES,
  MAX_EARLY_REPEATS,
  MAX_REDUNDANT_MESSAGES,
} from '../../lib/wire/limits.js'
import { framesOf } from './frames-of.js'
import { type Delivery, Pair } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const STEADY = 1 // the type of a message that leaves with every update, so that repeats have something to ride on
const REPEATED = 2

/** In which updates of the client (0: the one that sends it) each repeated message is in a packet. */
function ridesOf(pair: Pair, updates: number, tick: (update: number, now: number) => void): Map<number, number[]> {
  const rides = new Map<number, number[]>()
  let update = -1
  pair.onPacket = (toServer, bytes) => {
    if (!toServer) return
    for (const frame of framesOf(bytes))
      for (const message of frame.messages)
        if (message.typeId === REPEATED) {
          const number = numberOf(message.payload)
          rides.set(number, [...(rides.get(number) ?? []), update])
        }
  }
  pair.run(updates * 16, (end, now) => {
    if (end !== pair.client) return
    update++
    end.send(STEADY, payload(update), 'unreliable', now)
    tick(update, now)
  })
  return rides
}

for (const delivery of ['unreliable', 'sequenced', 'reliable', 'ordered'] as Delivery[]) {
  t.test(`${delivery}: a message rides in n more packets, one an update`, async (t) => {
    const pair = new Pair(1, { delayMs: 100 })
    const rides = ridesOf(pair, 10, (update, now) => {
      if (update === 2) pair.client.send(REPEATED, payload(0, 100), delivery, now, { redundancy: 3 })
    })
    t.strictSame(rides.get(0), [2, 3, 4, 5])
    pair.run(500)
    t.equal(pair.server.received.filter((m) => m.typeId === REPEATED).length, 1, 'and is delivered once')
    t.equal(pair.client.connection.queuedBytes, 0)
  })

  t.test(`${delivery}: it rides no more once it is acknowledged`, async (t) => {
    const pair = new Pair(1, { delayMs: 10 })
    const rides = ridesOf(pair, 30, (update, now) => {
      if (update === 2) pair.client.send(REPEATED, payload(0), delivery, now, { redundancy: 16 })
    })
    t.ok(rides.get(0)!.length <= 6, `${rides.get(0)}`)
    t.equal(pair.client.connection.queuedBytes, 0)
  })

  t.test(`${delivery}: a lost packet costs no round trip`, async (t) => {
    const pair = new Pair(1, { delayMs: 100, drops: (toServer, count) => toServer && count === 20 })
    const sentAt: number[] = []
    const delays: number[] = []
    pair.server.onReceived = (m) => {
      if (m.typeId === REPEATED) delays.push(pair.now - sentAt[numberOf(m.bytes)]!)
    }
    ridesOf(pair, 60, (update, now) => {
      if (update >= 40) return
      sentAt.push(now)
      pair.client.send(REPEATED, payload(update), delivery, now, { redundancy: 2 })
    })
    pair.run(200)
    const expected = delivery === 'sequenced' ? 39 : 40 // what is older than what came before it is dropped
    t.ok(delays.length >= expected, `${delays.length} arrived`)
    t.ok(Math.max(...delays) <= 100 + 2 * 16, `at most ${Math.max(...delays)} ms`)
  })
}

t.test('of several that are due, the oldest go first', async (t) => {
  const pair = new Pair(1, { delayMs: 100 })
  const order: number[] = []
  pair.onPacket = (toServer, bytes) => {
    if (toServer && order.length < 8)
      for (const frame of framesOf(bytes)) for (const m of frame.messages) if (m.typeId === REPEATED) order.push(numberOf(m.payload))
  }
  let number = 0
  pair.run(64, (end, now) => {
    if (end === pair.client && number < 3) pair.client.send(REPEATED, payload(number++), 'unreliable', now, { redundancy: 2 })
  })
  t.strictSame(order.slice(0, 6), [0, 0, 1, 0, 1, 2])
})

t.test('repeats cause no packets of their own', async (t) => {
  const pair = new Pair(1, { delayMs: 200 })
  pair.run(16, (end, now) => {
    if (end === pair.client && pair.client.sentPackets === 0) end.send(REPEATED, payload(0), 'unreliable', now, { redundancy: 8 })
  })
  pair.run(150)
  t.equal(pair.client.sentPackets, 1)
})

t.test('an ack that may still wait does not leave for the sake of a repeat', async (t) => {
  const pair = new Pair(1, { delayMs: 1 }, { client: { maxAckDelayMs: 200, intervalMs: 10 }, server: { intervalMs: 10 } })
  pair.server.send(STEADY, payload(0), 'unreliable', pair.now)
  pair.link = { delayMs: 1, drops: (toServer) => toServer }
  pair.client.send(REPEATED, payload(0), 'unreliable', pair.now, { redundancy: 8 })
  pair.run(100)
  t.equal(pair.client.sentPackets, 1)
})

t.test('a message above 128 bytes is not repeated, nor one beyond 64 at a time', async (t) => {
  const pair = new Pair(1, { delayMs: 100 })
  let rides = ridesOf(pair, 6, (update, now) => {
    if (update === 0) pair.client.send(REPEATED, payload(0, 129), 'reliable', now, { redundancy: 3 })
  })
  t.strictSame(rides.get(0), [0])
  const other = new Pair(1, { delayMs: 100 })
  rides = ridesOf(other, 4, (update, now) => {
    if (update === 0) for (const n of numbers(70)) other.client.send(REPEATED, payload(n), 'unreliable', now, { redundancy: 2 })
  })
  t.equal([...rides.values()].filter((r) => r.length === 3).length, MAX_REDUNDANT_MESSAGES)
  t.equal([...rides.values()].filter((r) => r.length === 1).length, 70 - MAX_REDUNDANT_MESSAGES)
})

t.test('a reliable record that was acknowledged and serves another message is not repeated for the old one', async (t) => {
  const pair = new Pair(3, { delayMs: 5, jitterMs: 5, loss: 0.1 })
  let sent = 0
  pair.run(4000, (end, now) => {
    if (end === pair.client)
      for (let i = 0; i < 3; i++) end.send(REPEATED, payload(sent++), 'reliable', now, { redundancy: 1 + (sent % 5) })
  })
  pair.until(() => pair.client.connection.isIdle, 5000)
  t.strictSame(
    pair.server.received.map((m) => numberOf(m.bytes)).sort((a, b) => a - b),
    numbers(sent),
  )
})

t.test('early repeats: as many as make the loss of all unlikely', async (t) => {
  t.strictSame([0, EARLY_REPEAT_RESIDUAL, 0.01, 0.05, 0.1, 0.2, 0.9].map(earlyRepeats), [0, 0, 1, 2, 3, 4, MAX_EARLY_REPEATS])
})

for (const delivery of ['reliable', 'ordered'] as Delivery[]) {
  t.test(
    `${delivery}: small messages of a thin stream are repeated while a path is new, and not once it has shown that it loses nothing`,
    async (t) => {
      const pair = new Pair(1, { delayMs: 50 })
      const rides = ridesOf(pair, 1400, (update, now) => void pair.client.send(REPEATED, payload(update), delivery, now))
      t.strictSame(rides.get(5), [5, 6, 7])
      t.strictSame(rides.get(600), [600, 601])
      t.strictSame(rides.get(1390), [1390])
      pair.run(500)
      t.equal(pair.server.received.filter((m) => m.typeId === REPEATED).length, rides.size, 'each is delivered once')
    },
  )

  t.test(`${delivery}: where packets get lost, the next packets bring what was in them`, async (t) => {
    const pair = new Pair(2, { delayMs: 100, loss: 0.05 })
    const sentAt: number[] = []
    let late = 0
    pair.server.onReceived = (m) => {
      if (m.typeId === REPEATED && pair.now - sentAt[numberOf(m.bytes)]! > 100 + 3 * 16) late++
    }
    ridesOf(pair, 3000, (_update, now) => {
      pair.client.send(REPEATED, payload(sentAt.length), delivery, now)
      sentAt.push(now)
    })
    t.ok(late <= 30, `${late} of 3000 are later than two updates: those behind three losses in a row`)
  })
}

t.test('a repeat and the new message behind it share one run', async (t) => {
  const pair = new Pair(1, { delayMs: 50 })
  const runs: number[][] = []
  pair.onPacket = (toServer, bytes) => {
    if (toServer) runs.push(framesOf(bytes).flatMap((f) => (f.type === 0x14 ? [f.id!, f.messages.length] : [])))
  }
  let sent = 0
  pair.run(47, (end, now) => {
    if (end === pair.client) end.send(REPEATED, payload(sent++), 'ordered', now)
  })
  t.strictSame(runs, [
    [0, 1],
    [0, 2],
    [0, 3],
  ])
})

t.test('no early repeats of what is larger than 64 bytes, of dense streams, in acks, or of more than 8 at once', async (t) => {
  const repeated = (tick: (end: Pair['client'], update: number, now: number) => void): number => {
    const pair = new Pair(1, { delayMs: 50 })
    const seen = new Set<number>()
    let repeats = 0
    pair.onPacket = (toServer, bytes) => {
      if (!toServer) return
      for (const frame of framesOf(bytes)) for (const m of frame.messages) seen.size === seen.add(numberOf(m.payload)).size && repeats++
    }
    let update = 0
    pair.run(160, (end, now) => {
      if (end === pair.client) tick(end, update++, now)
      else end.send(STEADY, payload(0), 'unreliable', now) // so that the client has acks to send
    })
    return repeats
  }
  t.equal(
    repeated((end, update, now) => void end.send(REPEATED, payload(update, MAX_EARLY_BYTES - 1), 'ordered', now)),
    0,
  )
  t.equal(
    repeated((end, update, now) => {
      for (let i = 0; i <= MAX_EARLY_MESSAGES; i++) end.send(REPEATED, payload(100 * update + i), 'ordered', now)
    }),
    0,
  )
  t.equal(
    repeated((end, update, now) => void (update === 0 && end.send(REPEATED, payload(0), 'ordered', now))),
    0,
  )
  t.equal(
    repeated((end, update, now) => {
      if (update < 2) for (let i = 0; i < MAX_EARLY_MESSAGES; i++) end.send(REPEATED, payload(100 * update + i), 'ordered', now)
    }),
    MAX_EARLY_MESSAGES,
  )
})
