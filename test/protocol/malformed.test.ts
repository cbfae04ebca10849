// Bytes from the network never throw, and what they make a connection hold is bounded.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Connection } from '../../lib/protocol/connection.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { type Delivery, Pair, random } from './pair.js'
import { payload } from './payloads.js'

const ROUNDS = 60_000

interface Packet {
  readonly sequence: number
  readonly bytes: Uint8Array
}

/** Packets of real traffic, with every kind of frame in them. */
function traffic(): Packet[] {
  const packets: Packet[] = []
  const pair = new Pair(
    1,
    { delayMs: 30, jitterMs: 30, loss: 0.1 },
    { server: { window: { messages: 64, bytes: 20_000 }, maxMessageBytes: 10_000 } },
  )
  pair.client.connection.startClockPings(500, pair.now)
  pair.server.connection.startClockPings(500, pair.now)
  pair.onPacket = (toServer, bytes, sequence) => {
    if (toServer) packets.push({ bytes, sequence })
  }
  let count = 0
  pair.run(2500, (end, now) => {
    for (const delivery of ['unreliable', 'sequenced', 'reliable', 'ordered'] as Delivery[])
      end.send(count % 300, payload(count++, count % 20 ? 40 : 3000), delivery, now, { redundancy: count % 3 ? 0 : 2 })
  })
  return packets
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let received = 0
const sink = { handleMessage: () => received++, handlePong: () => {} }
const pool = new PayloadPool()

/** The receiving side of the traffic. */
function newConnection(): Connection {
  const window = { messages: 64, bytes: 20_000 }
  const connection = new Connection(
    {
      sink,
      pool,
      timing: { intervalMs: 16, tick: 0, tickMs: 0 },
      maxMessageBytes: 10_000,
      maxSendQueueBytes: 1_000_000,
      minRateBytesPerSecond: 16_384,
      maxAckDelayMs: 20,
      window,
      channels: 0xffffffff,
    },
    2000,
  )
  connection.setPeer(window, 20)
  return connection
}

const packets = traffic()

t.test('every truncation of real packets is read or refused, without an exception', async (t) => {
  let refused = 0
  let cuts = 0
  let connection = newConnection()
  for (const { bytes, sequence } of packets) {
    for (let end = 0; end < bytes.length; end++) {
      cuts++
      if (connection.handlePayload(bytes.slice(0, end), 0, end, sequence, 400, 2000)) continue
      refused++
      connection = newConnection()
    }
  }
  t.comment(`${packets.length} packets, ${cuts} truncations, ${refused} refused`)
  t.ok(refused > cuts / 2)
})

t.test(`${ROUNDS} random and mutated packets never throw, and memory stays bounded`, async (t) => {
  const rnd = random(99)
  let connection = newConnection()
  let failures = 0
  let accepted = 0
  const reasons = new Set<string>()
  const mutate = (): Uint8Array => {
    const kind = rnd()
    if (kind < 0.25) return Uint8Array.from({ length: Math.floor(rnd() * 100) }, () => Math.floor(rnd() * 256))
    const bytes = packets[Math.floor(rnd() * packets.length)]!.bytes.slice()
    for (let i = Math.floor(rnd() * 4); i >= 0; i--) {
      const at = Math.floor(rnd() * (rnd() < 0.5 ? Math.min(20, bytes.length) : bytes.length))
      bytes[at] = rnd() < 0.5 ? Math.floor(rnd() * 256) : bytes[at]! ^ (1 << Math.floor(rnd() * 8))
    }
    return kind < 0.5 ? bytes.slice(0, Math.floor(rnd() * bytes.length)) : bytes
  }
  const before = heapUsed()
  for (let i = 0; i < ROUNDS; i++) {
    const bytes = mutate()
    if (connection.handlePayload(bytes, 0, bytes.length, i, 400, 2000 + i)) accepted++
    else {
      failures++
      reasons.add(connection.failure!)
      connection = newConnection()
    }
    if (i % 50 === 0) {
      connection.handleTimeout(2000 + i)
      connection.beginTransmit(2000 + i)
      connection.pollPayload(new Uint8Array(1200), 0, 1179, 400 + i, 2000 + i)
    }
  }
  const grownBy = heapUsed() - before
  t.comment(`${accepted} accepted, ${failures} refused for ${reasons.size} reasons, memory grew by ${Math.round(grownBy / 1024)} KiB`)
  t.ok(accepted > 3000 && failures > 3000 && received > 3000)
  t.ok(grownBy < 4 * 1024 * 1024)
})

t.test('a hostile peer makes one connection hold no more than its windows', async (t) => {
  const connection = newConnection()
  const before = heapUsed()
  let accepted = 0
  const rnd = random(5)
  for (let i = 0; i < 50_000; i++) {
    // The last whole block of ever new messages of 5000 bytes; of reliable ones four fit into the window of a channel.
    const sequenced = rnd() < 0.5
    const head = sequenced ? [0x19, i & 255, (i >> 8) & 255, (i >> 16) & 255] : [0x18, i & 255, (i >> 8) & 255, (i >> 16) & 255]
    const frame = rnd() < 0.1 ? [0x1a, i % 32, Math.floor(rnd() * 4), 0, 0] : head
    const bytes = Uint8Array.from([...frame, 9, 0x88, 0x27, 77, 64, ...new Array(64).fill(1)])
    if (connection.failure === undefined && connection.handlePayload(bytes, 0, bytes.length, i, 400, 2000)) accepted++
  }
  t.equal(accepted, 50_000)
  const grownBy = heapUsed() - before
  t.comment(`memory grew by ${Math.round(grownBy / 1024)} KiB`)
  t.ok(grownBy < 2 * 33 * 20_000, 'the windows of 32 channels and of what is unreliable, and as much again')
  t.equal(connection.failure, undefined, 'it obeyed the windows, and is still there')
})

/** Bytes in use after a garbage collection, those of arrays included. */
function heapUsed(): number {
  for (let i = 0; i < 3; i++) collectGarbage() // arrays are swept beside; the next round waits for it
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
