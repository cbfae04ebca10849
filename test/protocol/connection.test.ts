import t from 'tap'
import { ACK, PING, PONG, UNRELIABLE, WINDOW } from '../../lib/protocol/frames.js'
import { laneIndex } from '../../lib/protocol/lanes.js'
import { writeFloat64 } from '../../lib/wire/bytes.js'
import { IDLE_PING_MS, MAX_UNRELIABLE_HOLD_MS } from '../../lib/wire/limits.js'
import { writeVarint } from '../../lib/wire/varint.js'
import { type Frame, framesOf } from './frames-of.js'
import { type Delivery, Pair } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const deliveries: Delivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']

/** Gives the server a packet that nobody sent. */
function inject(pair: Pair, ...bytes: number[]): boolean {
  return pair.server.connection.handlePayload(
    Uint8Array.from(bytes),
    0,
    bytes.length,
    1000 + Math.floor(pair.now),
    pair.server.nextSequence,
    pair.now,
  )
}

/** Numbers as a frame holds them. */
function doubles(...values: number[]): number[] {
  return values.flatMap((value) => {
    const bytes = new Uint8Array(8)
    writeFloat64(bytes, 0, value)
    return [...bytes]
  })
}

/** Records the frames that the client sends. */
function record(pair: Pair): Frame[][] {
  const packets: Frame[][] = []
  pair.onPacket = (toServer, bytes) => {
    if (toServer) packets.push(framesOf(bytes))
  }
  return packets
}

t.test('messages of all deliveries share one packet, and arrive in one update', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  for (const delivery of deliveries) for (let i = 0; i < 3; i++) pair.client.send(1, payload(i, 30), delivery, pair.now)
  pair.run(30)
  t.equal(pair.client.sentPackets, 1)
  t.equal(pair.server.received.length, 10, 'of the three sequenced ones the newest')
})

t.test('a small message of high priority goes ahead of bulk, and ahead of queued ones of lower priority', async (t) => {
  for (const delivery of ['unreliable', 'reliable', 'ordered'] as const) {
    const pair = new Pair(1, { delayMs: 100 })
    pair.client.send(1, payload(0, 200_000), 'ordered', pair.now, { channel: 1, priority: 3 })
    for (let i = 0; i < 50; i++) pair.client.send(2, payload(i, 100), 'reliable', pair.now, { channel: 2, priority: 3 })
    pair.run(16)
    pair.client.send(3, payload(0), delivery, pair.now, { priority: 7 })
    pair.run(150)
    t.ok(
      pair.server.received.some((m) => m.typeId === 3),
      `${delivery}: with the next packets`,
    )
    t.notOk(pair.server.received.some((m) => m.typeId === 1))
  }
})

t.test('priorities compare between deliveries: reliable 7 before unreliable 4, unreliable 4 before reliable 3', async (t) => {
  const order = (a: [Delivery, number], b: [Delivery, number]): number[] => {
    const pair = new Pair(1, { delayMs: 10 })
    const packets = record(pair)
    pair.client.send(1, payload(0, 30), a[0], pair.now, { priority: a[1] })
    pair.client.send(2, payload(0, 30), b[0], pair.now, { priority: b[1] })
    pair.run(5)
    return packets[0]!.flatMap((f) => f.messages.map((m) => m.typeId))
  }
  t.strictSame(order(['unreliable', 4], ['reliable', 7]), [2, 1])
  t.strictSame(order(['unreliable', 4], ['ordered', 3]), [1, 2])
  t.strictSame(order(['reliable', 3], ['unreliable', 4]), [2, 1])
})

t.test('more unreliable messages than the link can carry do not starve reliable ones of the same priority', async (t) => {
  const pair = new Pair(4, { delayMs: 50, loss: 0.2 })
  let sent = 0
  pair.run(5000, (end, now) => {
    if (end !== pair.client) return
    for (let i = 0; i < 20; i++) end.send(1, payload(i, 1000), 'unreliable', now)
    if (sent < 100) end.send(2, payload(sent++), 'reliable', now)
    if (sent < 100) end.send(3, payload(sent++), 'ordered', now)
  })
  t.equal(pair.server.received.filter((m) => m.typeId !== 1).length, sent)
})

t.test('`ttlMs` drops a message that has not left in time; one that has goes until it arrives', async (t) => {
  const pair = new Pair(1, { delayMs: 50 })
  pair.client.send(1, payload(0, 100_000), 'ordered', pair.now, { priority: 7 })
  for (let i = 0; i < 3; i++) pair.client.send(2, payload(i), 'reliable', pair.now, { ttlMs: 0, priority: 7 })
  pair.client.send(3, payload(0, 2000), 'reliable', pair.now, { ttlMs: 5, channel: 3, priority: 0 })
  pair.run(2000)
  t.strictSame(
    pair.server.received.filter((m) => m.typeId === 2).map((m) => numberOf(m.bytes)),
    [0, 1, 2],
  )
  t.notOk(pair.server.received.some((m) => m.typeId === 3))
  t.equal(pair.client.connection.unsentMessages, 1)
  t.ok(pair.client.connection.isIdle)

  const lossy = new Pair(1, { delayMs: 50, drops: (toServer, count) => toServer && count < 3 })
  lossy.client.send(1, payload(0), 'reliable', lossy.now, { ttlMs: 1 })
  lossy.run(5000)
  t.equal(lossy.server.received.length, 1)
})

t.test('unreliable messages that congestion holds back are dropped after 100 ms and an update', async (t) => {
  const pair = new Pair(1, { delayMs: 500, drops: (toServer) => !toServer })
  for (let i = 0; i < 100; i++) pair.client.send(1, payload(i, 1000), 'unreliable', pair.now)
  pair.run(MAX_UNRELIABLE_HOLD_MS)
  t.equal(pair.client.connection.unsentMessages, 0)
  t.ok(pair.client.connection.queuedBytes > 0)
  pair.run(2 * 16 + 1)
  t.notOk(pair.client.connection.hasUnsent(pair.now))
  t.equal(pair.client.connection.queuedBytes, 0)
  t.equal(pair.client.connection.unsentMessages, 100 - pair.client.sentPackets)
})

t.test('a full queue drops what is unreliable, and a reliable message that does not fit ends the connection', async (t) => {
  const pair = new Pair(1, { delayMs: 50 }, { client: { maxSendQueueBytes: 5000 } })
  const { connection } = pair.client
  t.ok(pair.client.send(1, payload(0, 4000), 'ordered', pair.now))
  t.notOk(pair.client.send(1, payload(0, 1000), 'unreliable', pair.now))
  t.equal(connection.droppedMessages, 1)
  t.notOk(connection.isOverflowing)
  t.notOk(pair.client.send(1, payload(0, 1000), 'reliable', pair.now))
  t.ok(connection.isOverflowing)
})

t.test('unreliable messages of low priority that have expired do not fill the queue', async (t) => {
  const pair = new Pair(1, { delayMs: 300, loss: 0.3 }, { client: { maxSendQueueBytes: 300_000 } })
  pair.run(6000, (end, now) => {
    if (end !== pair.client) return
    for (let i = 0; i < 10; i++) end.send(1, payload(i, 1000), 'unreliable', now, { priority: 5 })
    for (let i = 0; i < 10; i++) end.send(2, payload(i, 500), 'unreliable', now, { priority: 0 })
    for (let i = 0; i < 10; i++) end.send(2, payload(i), 'unreliable', now, { priority: 0 })
    end.send(3, payload(0, 50), 'reliable', now, { priority: 7 })
  })
  t.notOk(pair.client.connection.isOverflowing)
})

t.test('padding says nothing, and elicits no ack', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  t.ok(inject(pair, 0, 0, 0, UNRELIABLE, 1, 9, 1, 55, 0, 0))
  t.match(pair.server.received, [{ typeId: 9 }])
  const quiet = new Pair(1, { delayMs: 10 })
  t.ok(inject(quiet, ...new Array(1183).fill(0)))
  t.equal(quiet.server.received.length, 0)
  t.equal(quiet.server.connection.path.isAckDue(1e6, 0), false)
})

t.test('frames of unknown types from 0x40 are skipped, below they end the connection', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  t.ok(inject(pair, 0x40, 3, 1, 2, 3, UNRELIABLE, 1, 9, 1, 55))
  t.match(pair.server.received, [{ typeId: 9 }])
  t.ok(inject(pair, 0xff, 0))
  t.ok(inject(pair, 0x7f, 0x80, 0x01, ...new Array(128).fill(1)))
  t.notOk(inject(new Pair(1, { delayMs: 10 }), 0x40, 3, 1, 2), 'cut off')
  for (const type of [0x02, 0x06, 0x0f, 0x17, 0x1c, 0x3f]) {
    const other = new Pair(1, { delayMs: 10 })
    t.notOk(inject(other, type, 0, 0, 0, 0, 0, 0, 0))
    t.match(other.server.connection.failure, /0x/)
    t.notOk(inject(other, UNRELIABLE, 1, 9, 1, 55), 'what comes after is ignored')
    t.equal(other.server.received.length, 0)
  }
})

t.test('an ack of a packet that was not sent ends the connection', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  pair.server.send(1, payload(0), 'reliable', pair.now)
  pair.run(1)
  t.notOk(inject(pair, 0x01, pair.server.nextSequence, 0, 0, 0, 0, 0, 0))
  t.match(pair.server.connection.failure, /0x01/)
})

t.test('a channel that the game does not use, or that is none, ends the connection', async (t) => {
  for (const channel of [32, 200, 254]) t.notOk(inject(new Pair(1, { delayMs: 10 }), 0x14, channel, 0, 0, 0, 1, 9, 0))
  t.notOk(inject(new Pair(1, { delayMs: 10 }), 0x13, 255, 0, 0, 0, 1, 9, 0), 'control messages are ordered')
  t.ok(inject(new Pair(1, { delayMs: 10 }), 0x14, 255, 0, 0, 0, 1, 9, 0))
})

t.test('more than the windows admit ends the connection', async (t) => {
  const window = { messages: 16, bytes: 2000 }
  const t1 = new Pair(1, { delayMs: 10 }, { server: { window, maxMessageBytes: 1000 } })
  t.notOk(inject(t1, 0x13, 0, 16, 0, 0, 1, 9, 0))
  const t2 = new Pair(1, { delayMs: 10 }, { server: { window, maxMessageBytes: 1000 } })
  const large = writeVarintBytes(1001)
  t.notOk(inject(t2, 0x1a, 0, 0, 0, 0, 9, ...large, 0, 64, ...new Array(64).fill(0)))
  const t3 = new Pair(1, { delayMs: 10 }, { server: { window, maxMessageBytes: 1000 } })
  t.notOk(inject(t3, 0x18, 0, 0, 0, 9, ...large, 0, 64, ...new Array(64).fill(0)), 'unreliable ones too')
})

t.test('small windows slow a sender down but never stop it, though the frames that raise them are lost', async (t) => {
  const window = { messages: 8, bytes: 4000 }
  const pair = new Pair(
    9,
    { delayMs: 20, jitterMs: 20, loss: 0.25 },
    { server: { window, maxMessageBytes: 2000 }, client: { window, maxMessageBytes: 2000 } },
  )
  let sent = 0
  pair.until(
    () => sent === 300 && pair.client.connection.isIdle && pair.server.connection.isIdle,
    120_000,
    (end, now) => {
      if (sent < 300 && end.connection.queuedBytes < 20_000) {
        if (end === pair.client) sent++
        for (const delivery of ['reliable', 'ordered'] as const) end.send(1, payload(sent, sent % 10 ? 50 : 2000), delivery, now)
      }
    },
  )
  for (const end of [pair.client, pair.server]) t.equal(end.connection.failure, undefined)
  t.equal(pair.server.received.length, 600)
})

t.test('an idle connection sends nothing but a ping every two seconds', async (t) => {
  const pair = new Pair(1, { delayMs: 30 })
  pair.run(20_000)
  t.ok(pair.client.sentPackets + pair.server.sentPackets <= 2 * 2 * 10 + 4, `${pair.client.sentPackets} and ${pair.server.sentPackets}`)
  t.ok(pair.client.pongs.length >= 20_000 / IDLE_PING_MS / 2)
  t.ok(Math.abs(pair.client.connection.path.rtt.smoothed - 60) < 3)
})

t.test('pings begin with a run for the clock, and their pongs tell RTT and offset', async (t) => {
  const pair = new Pair(1, { delayMs: 40 }, { server: { intervalMs: 50 } })
  pair.client.connection.startClockPings(900, pair.now)
  pair.run(1500)
  t.equal(pair.client.pongs.length, 10, 'one alone every 100 ms')
  for (const pong of pair.client.pongs) {
    t.ok(Math.abs(pong.rtt - 80) < 0.001)
    t.ok(Math.abs(pong.offset) < 0.001)
  }
})

t.test('where packets leave anyway, pings of that run ride along every 50 ms', async (t) => {
  const pair = new Pair(1, { delayMs: 40 }, { client: { intervalMs: 10 } })
  let packets = 0
  pair.onPacket = (toServer) => {
    if (toServer) packets++
  }
  pair.client.connection.startClockPings(1000, pair.now)
  pair.run(1200, (end, now) => {
    if (end === pair.client && now <= 2000) end.send(1, payload(1), 'unreliable', now)
  })
  t.equal(pair.client.pongs.length, 21)
  t.ok(packets <= 105, `no packet leaves for them: ${packets} packets for 101 messages`)
})

t.test('pongs with numbers that are none end the connection', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  const pong = [0x04, ...new Array(40).fill(0)]
  t.ok(inject(pair, ...pong))
  pong.splice(17, 8, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f)
  t.notOk(inject(pair, ...pong))
  t.equal(pair.server.pongs.length, 1)
})

t.test('a second ack in one packet ends the connection', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  pair.server.send(1, payload(1), 'reliable', pair.now)
  pair.run(20)
  const ack = [ACK, 0, 0, 0, 0, 0, 0, 0]
  t.ok(inject(pair, ...ack))
  pair.run(1)
  t.notOk(inject(pair, ...ack, ...ack))
})

t.test('pings and pongs with times that no clock shows end the connection, so that none is sent back or taken over', async (t) => {
  for (const time of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -1e300, 2 ** 51]) {
    t.notOk(inject(new Pair(1, { delayMs: 10 }), PING, ...doubles(time)), `a ping of ${time}`)
    for (let place = 0; place < 3; place++) {
      const times = [1, 2, 3]
      times[place] = time
      t.notOk(inject(new Pair(1, { delayMs: 10 }), PONG, ...doubles(...times, 0, 0)), `a pong with ${time} as number ${place}`)
    }
  }
  for (const [tick, tickMs] of [
    [-1, 16],
    [1e300, 16],
    [Number.NaN, 16],
    [5, -16],
    [5, 1e-300],
    [5, 0.5],
    [5, 1001],
    [5, Number.NaN],
  ] as const) {
    t.notOk(inject(new Pair(1, { delayMs: 10 }), PONG, ...doubles(1, 2, 3, tick, tickMs)), `tick ${tick} of ${tickMs} ms`)
  }
  const pair = new Pair(1, { delayMs: 10 })
  t.ok(inject(pair, PING, ...doubles(-5.5), PONG, ...doubles(1, -2, 2 ** 50, 0, 0), PONG, ...doubles(1, 2, 3, 2 ** 50, 1000)))
})

t.test('acks ride on data; alone they leave at the latest after `maxAckDelayMs`', async (t) => {
  const pair = new Pair(1, { delayMs: 5 }, { server: { maxAckDelayMs: 100 } })
  let ackedAt = 0
  pair.onPacket = (toServer, bytes) => {
    if (!toServer && framesOf(bytes)[0]?.type === 0x01) ackedAt ||= pair.now
  }
  pair.client.send(1, payload(0), 'reliable', pair.now)
  const sentAt = pair.now
  pair.run(300)
  t.ok(ackedAt - sentAt - 5 > 100 - 2 * 16 && ackedAt - sentAt - 5 <= 100, `${ackedAt - sentAt - 5} ms`)
})

t.test('nextDeadline names the last update from which an ack leaves in time', async (t) => {
  const pair = new Pair(1, { delayMs: 0 }, { server: { maxAckDelayMs: 50, intervalMs: 16 } })
  inject(pair, UNRELIABLE, 1, 9, 1, 55)
  const deadline = pair.server.connection.nextDeadline()
  t.equal(deadline, pair.now + 50 - 16)
  pair.server.connection.beginTransmit(deadline)
  t.ok(pair.server.connection.pollPayload(new Uint8Array(1200), 0, 1179, 0, deadline) > 0)
})

t.test('a message that has no room beside the ack goes with the next packet, whole', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  pair.server.send(1, payload(0), 'reliable', pair.now)
  pair.run(15)
  const packets = record(pair)
  pair.client.send(2, payload(0, 1179 - 6 - 3), 'reliable', pair.now)
  pair.client.send(2, payload(1, 1179 - 6 - 3), 'unreliable', pair.now)
  pair.run(40)
  t.equal(pair.server.received.length, 2)
  t.notOk(packets.flat().some((f) => f.firstBlock !== undefined))
})

t.test('messages that fit into a packet are not cut, however much acks and windows take of this one', async (t) => {
  const pair = new Pair(1, { delayMs: 10 }, { server: { window: { messages: 4, bytes: 600_000 } } })
  let sequence = 0
  const give = (...bytes: number[]): void => {
    pair.server.connection.handlePayload(Uint8Array.from(bytes), 0, bytes.length, sequence, 0, pair.now)
    sequence += 3 // a gap each time
  }
  for (let channel = 0; channel < 32; channel++) for (const type of [0x13, 0x14]) give(type, channel, 0, 0, 0, 2, 9, 0, 9, 0)
  const packets: Frame[][] = []
  pair.onPacket = (_toServer, bytes) => packets.push(framesOf(bytes))
  for (let i = 0; i < 5; i++) pair.server.send(1, payload(i, 1000), 'reliable', pair.now)
  pair.transmit(pair.server, pair.client)
  t.equal(packets[0]!.filter((f) => f.type === WINDOW).length, 64)
  t.equal(packets.flat().filter((f) => f.type === 0x13).length, 5)
})

t.test('bound to another link, even one with smaller packets, it loses and repeats nothing', async (t) => {
  for (const [before, after] of [
    [1179, 1179],
    [1179, 500],
    [500, 1179],
  ] as const) {
    for (let seed = 1; seed <= 5; seed++) {
      const pair = new Pair(
        seed,
        { delayMs: 50, jitterMs: 20, loss: 0.1 },
        { client: { maxPayloadBytes: before }, server: { maxPayloadBytes: before } },
      )
      const sent = { reliable: 0, ordered: 0 }
      let bound = 0
      pair.until(
        () => bound === 4 && pair.client.connection.isIdle && pair.server.connection.isIdle,
        60_000,
        (end, now) => {
          if (now > 1500 + bound * 400 && bound < 4) pair.rebind(bound++ % 2 ? before : after)
          if (end !== pair.client || now > 3200) return
          for (const delivery of ['reliable', 'ordered'] as const)
            end.send(
              laneIndex(0, delivery === 'ordered') + 1,
              payload(sent[delivery]++, sent[delivery] % 9 ? 300 : sent[delivery] % 2 ? 1100 : 6000),
              delivery,
              now,
            )
          end.send(2, payload(0, 800), 'sequenced', now)
        },
      )
      for (const delivery of ['reliable', 'ordered'] as const) {
        const typeId = laneIndex(0, delivery === 'ordered') + 1
        const got = pair.server.received.filter((m) => m.typeId === typeId).map((m) => numberOf(m.bytes))
        if (delivery === 'reliable') got.sort((a, b) => a - b)
        t.strictSame(got, numbers(sent[delivery]), `${before} → ${after}, seed ${seed}, ${delivery}`)
      }
      for (const end of [pair.client, pair.server]) t.equal(end.connection.failure, undefined)
    }
  }
})

t.test('a window that was raised over the old link is told again over the new one', async (t) => {
  const window = { messages: 8, bytes: 100_000 }
  const pair = new Pair(1, { delayMs: 50 }, { server: { window } })
  for (let i = 0; i < 20; i++) pair.client.send(1, payload(i), 'ordered', pair.now)
  pair.run(60) // the first eight have arrived; the window that answers is on its way
  pair.rebind(1179)
  pair.until(() => pair.client.connection.isIdle, 3000)
  t.equal(pair.server.received.length, 20)
})

t.test('a ping comes when a probe is due and no message waits', async (t) => {
  const pair = new Pair(1, { delayMs: 10, drops: (toServer, count) => toServer && count < 1 })
  const packets = record(pair)
  pair.client.send(1, payload(0), 'unreliable', pair.now)
  pair.run(1500)
  t.ok(packets.slice(1).some((frames) => frames.some((f) => f.type === PING)))
  t.equal(pair.client.connection.path.bytesInFlight, 0, 'the loss was found')
})

t.test('a keep-alive of the link counts as received, and asks for no ack', async (t) => {
  const { server } = new Pair(1, { delayMs: 10 })
  const out = new Uint8Array(1200)
  server.connection.handleKeepAlive(0, 1000)
  server.connection.beginTransmit(1100)
  t.equal(server.connection.pollPayload(out, 0, 1179, 0, 1100), 0)
  t.equal(server.connection.path.hasUnacked, false)
  const ping = Uint8Array.of(PING, 0, 0, 0, 0, 0, 0, 0, 0)
  server.connection.handlePayload(ping, 0, ping.length, 1, 0, 1200)
  const end = server.connection.pollPayload(out, 0, 1179, 0, 1200)
  t.strictSame([...out.subarray(0, 8)], [0x01, 1, 0, 0, 0, 0, 0, 1], 'the ack that leaves with the pong has both: 1, and one more below it')
  t.ok(end > 8)
})

t.test('counters tell what waits, what is held and what came too late', async (t) => {
  const pair = new Pair(1, { delayMs: 10, drops: (toServer, count) => toServer && count === 0 })
  pair.client.connection.path.loss.risk = 0 // no early repeats
  pair.client.send(1, payload(0), 'ordered', pair.now)
  pair.run(1)
  pair.client.send(1, payload(1), 'ordered', pair.now)
  pair.client.send(2, payload(1), 'reliable', pair.now)
  t.equal(pair.client.connection.pendingAcks, 3)
  t.equal(pair.client.connection.queuedBytes, 3 * 6)
  pair.run(40)
  t.equal(pair.server.connection.heldMessages, 1)
  pair.run(2000)
  t.equal(pair.server.connection.heldMessages, 0)
  t.equal(pair.client.connection.pendingAcks, 0)
})

function writeVarintBytes(value: number): number[] {
  const bytes = new Uint8Array(8)
  return [...bytes.subarray(0, writeVarint(bytes, 0, value))]
}
