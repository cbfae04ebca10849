// What a game notices of a bad network: losses, slow loops, stalls, bulk beside small messages, and links that come back.
import t from 'tap'
import { MAX_EARLY_BYTES } from '../../lib/wire/limits.js'
import { framesOf } from './frames-of.js'
import { type Delivery, type End, Pair } from './pair.js'
import { numberOf, payload } from './payloads.js'

const RELIABLE_FRAMES = [0x13, 0x14]

/** Counts how often each reliable message was in a packet of either end beyond the first time. */
function countResent(pair: Pair): () => number {
  const seen = [new Set<string>(), new Set<string>()]
  let resent = 0
  pair.onPacket = (toServer, bytes) => {
    const known = seen[toServer ? 1 : 0]!
    for (const frame of framesOf(bytes)) {
      if (RELIABLE_FRAMES.includes(frame.type))
        frame.messages.forEach((_, i) => {
          const key = `${frame.type} ${frame.id! + i}`
          if (known.has(key)) resent++
          known.add(key)
        })
    }
  }
  return () => resent
}

t.test('at 150 ms RTT a lost message is there again in well under a second, whichever packet was lost', async (t) => {
  let worst = 0
  for (const hasTraffic of [true, false]) {
    for (let lost = 0; lost < 40; lost += 3) {
      const pair = new Pair(1, { delayMs: 75, drops: (toServer, count) => toServer && count === lost })
      const sentAt: number[] = []
      let last = 0
      pair.server.onReceived = (m) => {
        if (m.typeId !== 1) return
        const delay = pair.now - sentAt[numberOf(m.bytes)]!
        worst = Math.max(worst, delay)
        last++
      }
      pair.run(3000, (end, now) => {
        if (end !== pair.client) return
        if (sentAt.length < 40) {
          sentAt.push(now)
          end.send(1, payload(sentAt.length - 1), 'reliable', now)
        } else if (hasTraffic) end.send(2, payload(0), 'unreliable', now)
      })
      t.equal(last, 40)
    }
  }
  t.comment(`at most ${worst} ms from send to handler`)
  t.ok(worst < 750, `${worst} ms`)
})

t.test('a 10 Hz loop beside a 144 Hz loop, without loss: nothing is resent, and both know the RTT within 2 ms', async (t) => {
  for (const jitterMs of [0, 3]) {
    const pair = new Pair(
      5,
      { delayMs: 40, jitterMs },
      { client: { intervalMs: 100, maxAckDelayMs: 150 }, server: { intervalMs: 1000 / 144, maxAckDelayMs: 20 } },
    )
    const resent = countResent(pair)
    let sent = 0
    pair.run(30_000, (end, now) => {
      sent++
      for (const delivery of ['reliable', 'ordered', 'unreliable'] as Delivery[]) end.send(1, payload(sent, MAX_EARLY_BYTES), delivery, now)
    })
    t.equal(resent(), 0, `jitter ${jitterMs}`)
    for (const end of [pair.client, pair.server]) {
      const { rtt, loss } = end.connection.path
      t.ok(Math.abs(rtt.smoothed - 80) <= 2, `${rtt.smoothed.toFixed(2)} ms, jitter ${jitterMs}`)
      t.equal(loss.share(pair.now), 0)
    }
    t.comment(
      `jitter ${jitterMs}: ${pair.client.connection.path.rtt.smoothed.toFixed(2)} and ${pair.server.connection.path.rtt.smoothed.toFixed(2)} ms of 80`,
    )
  }
})

t.test('a loop that is slower than it said is mostly waited for, once its acks have shown it', async (t) => {
  const pair = new Pair(5, { delayMs: 20 }, { client: { intervalMs: 250, maxAckDelayMs: 20 } })
  let ticks = 0
  const tick = (end: End, now: number): void => {
    if (end === pair.server && ticks++ % 30 === 0) end.send(1, payload(ticks, MAX_EARLY_BYTES), 'reliable', now)
  }
  pair.run(5000, tick)
  const resent = countResent(pair)
  pair.run(20_000, tick)
  t.ok(resent() <= 8, `${resent()} of ${Math.round(20_000 / 16 / 30)}`)
})

for (const stallMs of [3000, 60_000]) {
  for (const who of ['client', 'server'] as const) {
    t.test(`a stall of ${stallMs / 1000} s of the ${who}: no mass of resending, the RTT stays true, everything arrives`, async (t) => {
      const pair = new Pair(6, { delayMs: 40 })
      const sent = { client: 0, server: 0 }
      const tick = (end: End, now: number): void => {
        const side = end === pair.client ? 'client' : 'server'
        if (sent[side] - end.connection.pendingAcks > -1 && end.connection.pendingAcks < 500)
          end.send(1, payload(sent[side]++, MAX_EARLY_BYTES), 'ordered', now)
        end.send(2, payload(0, 100), 'unreliable', now)
      }
      pair.run(2000, tick)
      const resent = countResent(pair)
      const stalled = pair[who]
      const packetsBefore = pair.client.sentPackets + pair.server.sentPackets
      pair.stall(stalled, stallMs)
      pair.run(stallMs, tick)
      const duringStall = pair.client.sentPackets + pair.server.sentPackets - packetsBefore
      pair.run(500, tick)
      for (const end of [pair.client, pair.server]) {
        const { smoothed } = end.connection.path.rtt
        t.ok(Math.abs(smoothed - 80) < 5, `RTT ${smoothed.toFixed(1)} ms`)
      }
      pair.until(() => pair.client.connection.pendingAcks + pair.server.connection.pendingAcks === 0, 3000)
      t.equal(pair.server.received.filter((m) => m.typeId === 1).length, sent.client)
      t.equal(pair.client.received.filter((m) => m.typeId === 1).length, sent.server)
      t.comment(`${duringStall} packets in the stall, ${resent()} messages resent`)
      t.ok(resent() <= 4 * (2 + stallMs / 2000), `${resent()} resent: two packets a probe`)
    })
  }
}

t.test('1 MiB of bulk does not starve small unreliable messages at 60 Hz, at 5 % loss', async (t) => {
  for (const delayMs of [25, 75, 150]) {
    const pair = new Pair(5, { delayMs, jitterMs: 5, loss: 0.05 })
    const delays: number[] = []
    pair.client.onReceived = (m) => {
      if (m.typeId === 1) delays.push(pair.now - numberOf(m.bytes))
    }
    let sent = 0
    pair.run(8000, (end, now) => {
      if (end !== pair.server) return
      if (sent < 4) end.send(2, payload(sent, 256 * 1024 - 8), 'ordered', now)
      end.send(1, payload(now, 100), 'unreliable', now)
      sent++
    })
    const expired = pair.server.connection.unsentMessages
    delays.sort((a, b) => a - b)
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
    t.comment(
      `one way ${delayMs} ms: ${delays.length} of ${sent} arrived, ${expired} dropped by the sender, mean ${mean.toFixed(0)} ms, p99 ${delays[Math.floor(delays.length * 0.99)]} ms`,
    )
    t.ok(delays.length > sent * 0.88, 'nine in ten, of nineteen in twenty')
    t.ok(mean < delayMs + 25)
  }
})

t.test('a link that heals after a partition of five seconds carries messages again within two and a half', async (t) => {
  for (const hasUnreliable of [true, false]) {
    for (const delayMs of [20, 100]) {
      const pair = new Pair(7, { delayMs })
      let sent = 0
      const tick = (end: End, now: number): void => {
        if (hasUnreliable) end.send(2, payload(0, 200), 'unreliable', now)
        if (end === pair.client && sent < 1000 && end.connection.pendingAcks < 200) end.send(1, payload(sent++), 'ordered', now)
      }
      pair.run(2000, tick)
      pair.link = { delayMs, drops: () => true }
      pair.run(5000, tick)
      pair.link = { delayMs }
      const healedAt = pair.now
      const before = pair.server.received.filter((m) => m.typeId === 1).length
      pair.until(() => pair.server.received.filter((m) => m.typeId === 1).length > before, 2500, tick)
      t.comment(`${delayMs} ms, ${hasUnreliable ? 'with' : 'without'} unreliable messages: ${pair.now - healedAt} ms`)
      pair.until(() => sent === 1000 && pair.client.connection.pendingAcks === 0, 20_000, tick)
      t.equal(pair.server.received.filter((m) => m.typeId === 1).length, 1000)
    }
  }
})

t.test('probes of a lost tail carry what is unacknowledged', async (t) => {
  for (const delivery of ['reliable', 'ordered'] as const) {
    const pair = new Pair(1, { delayMs: 50 })
    pair.client.send(1, payload(0), delivery, pair.now)
    pair.run(500)
    pair.link = { delayMs: 50, drops: (_toServer, _count, now) => now < 1600 }
    const sentAt = pair.now
    pair.client.send(1, payload(1, 3000), delivery, pair.now)
    pair.until(() => pair.server.received.length === 2, 3000)
    t.ok(pair.now - sentAt < 600, `${delivery}: ${pair.now - sentAt} ms`)
  }
})

// npm run soak -- --scenario hard-link: over a round trip of two seconds the last messages came up to 50 s late.
t.test('pings do not put off the probe for what is lost, though a probe timeout is longer than the time between two of them', async (t) => {
  let isDeaf = false
  let toServer = 0
  const pair = new Pair(9, { delayMs: 1000, drops: (up) => isDeaf && (!up || toServer++ === 0) })
  pair.client.connection.startClockPings(0, pair.now) // as a client's, whose pings go on
  let sent = 0
  pair.run(20_000, (end, now) => {
    if (end === pair.client && now % 320 < 16) end.send(1, payload(sent++), 'reliable', now)
  })
  pair.run(8000)
  t.ok(pair.client.connection.isIdle, 'all that was sent has arrived')
  t.ok(pair.client.connection.path.probeTimeoutMs > 2000, `a probe timeout of ${pair.client.connection.path.probeTimeoutMs.toFixed(0)} ms`)
  const before = pair.server.received.length
  isDeaf = true // no ack comes back any more, and the packet of the next message is lost
  pair.client.send(1, payload(sent), 'reliable', pair.now)
  pair.run(10_000)
  t.equal(pair.server.received.length, before + 1, 'the message has arrived')
})
