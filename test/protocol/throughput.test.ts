import t from 'tap'
import { framesOf } from './frames-of.js'
import { Pair } from './pair.js'
import { numberOf, payload } from './payloads.js'

/** Sends so many small messages as fast as the queue takes them; returns how many came in order and once, and the simulated time. */
function stream(pair: Pair, count: number): { inOrder: number; received: number; ms: number } {
  let sent = 0
  let inOrder = 0
  let received = 0
  pair.server.onReceived = (message) => {
    if (numberOf(message.bytes) === inOrder) inOrder++
    received++
  }
  const startedAt = pair.now
  const bytes = new Uint8Array(16)
  pair.until(
    () => sent === count && pair.client.connection.isIdle,
    600_000,
    (end, now) => {
      if (end !== pair.client) return
      for (; sent < count && end.connection.pendingAcks < 20_000; sent++) {
        bytes.set(payload(sent, 16))
        end.send(1, bytes, 'ordered', now)
      }
    },
  )
  return { inOrder, received, ms: pair.now - startedAt }
}

t.test('200,000 reliable messages arrive in order and once, over a fast link and over one that loses 2 %', async (t) => {
  for (const link of [{ delayMs: 1 }, { delayMs: 20, jitterMs: 5, loss: 0.02 }]) {
    const startedAt = performance.now()
    const pair = new Pair(11, link)
    const { inOrder, received, ms } = stream(pair, 200_000)
    t.equal(inOrder, 200_000)
    t.equal(received, 200_000)
    t.equal(pair.client.connection.queuedBytes, 0)
    t.comment(
      `${link.loss ?? 0} loss: ${Math.round(ms)} ms simulated, ${pair.client.sentPackets} packets there, ${pair.server.sentPackets} back; ${Math.round(performance.now() - startedAt)} ms of CPU`,
    )
  }
})

t.test('on a fast link the window opens beyond its first ten packets, though every ack is in before the next update', async (t) => {
  const pair = new Pair(1, { delayMs: 1 }, { server: { intervalMs: 2 } })
  pair.client.send(1, payload(0, 256 * 1024), 'ordered', pair.now)
  pair.client.send(1, payload(1, 256 * 1024), 'ordered', pair.now)
  const startedAt = pair.now
  pair.until(() => pair.server.received.length === 2, 5000)
  const ms = pair.now - startedAt
  t.comment(`512 KiB in ${ms} ms at 60 updates a second`)
  t.ok(ms < 250, `${ms} ms; at ten packets an update it takes 730`)
})

t.test('16 MiB arrive as one message where `maxMessageBytes` allows it', async (t) => {
  const maxMessageBytes = 16 * 1024 * 1024
  for (const loss of [0, 0.02]) {
    const startedAt = performance.now()
    const pair = new Pair(
      2,
      { delayMs: 20, loss },
      {
        client: { maxMessageBytes, window: { messages: 16_384, bytes: 2 * maxMessageBytes } },
        server: { maxMessageBytes, window: { messages: 16_384, bytes: 2 * maxMessageBytes } },
      },
    )
    const whole = payload(7, maxMessageBytes)
    pair.client.send(1, whole, 'reliable', pair.now)
    const from = pair.now
    pair.until(() => pair.client.connection.isIdle, 1_000_000)
    t.equal(pair.server.received.length, 1)
    t.equal(numberOf(pair.server.received[0]!.bytes), 7)
    t.comment(`${loss} loss: ${Math.round(pair.now - from)} ms simulated, ${Math.round(performance.now() - startedAt)} ms of CPU`)
  }
})

t.test('a 32-byte reliable message inside a run costs at most 3 bytes of header', async (t) => {
  for (const delivery of ['reliable', 'ordered'] as const) {
    const pair = new Pair(1, { delayMs: 20 })
    let bytes = 0
    let payloads = 0
    let messages = 0
    pair.onPacket = (toServer, packet) => {
      if (!toServer) return
      const frames = framesOf(packet)
      if (frames[0]?.type === 0x01) return // an ack of a window frame rides along
      for (const frame of frames) messages += frame.messages.length
      for (const frame of frames) for (const message of frame.messages) payloads += message.payload.length
      bytes += packet.length
    }
    let sent = 0
    pair.run(500, (end, now) => {
      if (end === pair.client) while (sent < 20_000 && end.connection.pendingAcks < 2000) end.send(1, payload(sent++, 32), delivery, now)
    })
    const header = (bytes - payloads) / messages
    t.comment(`${delivery}: ${(bytes / messages).toFixed(2)} bytes per message of 32, so ${header.toFixed(2)} of header`)
    t.ok(messages > 1000)
    t.ok(header <= 3)
  }
})
