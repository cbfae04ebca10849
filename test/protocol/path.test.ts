import t from 'tap'
import { Cubic } from '../../lib/protocol/cubic.js'
import { Path } from '../../lib/protocol/path.js'
import { ReceivedPackets } from '../../lib/protocol/received-packets.js'
import type { SentPacket } from '../../lib/protocol/sent-packets.js'
import {
  ACK_AFTER_PACKETS,
  INITIAL_PROBE_TIMEOUT_MS,
  INITIAL_WINDOW_BYTES,
  MAX_TRACKED_PACKETS,
  MIN_WINDOW_BYTES,
  MTU,
} from '../../lib/wire/limits.js'

const ACK_DELAY = 20
const scratch = new Uint8Array(2000)

/** A path, and what it said of its packets. */
class Sender {
  readonly acked: number[] = []
  readonly lost: number[] = []
  readonly path: Path
  next: number

  constructor(now = 0, first = 0) {
    this.next = first
    const owner = {
      handlePacketAcked: (packet: SentPacket) => this.acked.push(packet.sequence),
      handlePacketLost: (packet: SentPacket) => this.lost.push(packet.sequence),
    }
    this.path = new Path(owner, new Cubic(0), ACK_DELAY, now)
  }

  /** Sends packets that elicit acks, one update, as long as the path lets them. Returns how many left. */
  send(now: number, count: number, bytes = 100): number {
    this.path.beginTransmit(now)
    for (let i = 0; i < count; i++) {
      if (!this.path.canSend) return i
      const packet = this.path.prepare(this.next, now)
      if (packet === undefined) return i
      this.path.handleSent(packet, this.next++, bytes, false, true, now)
    }
    this.path.noteNothingToSend()
    return count
  }

  /** Sends a packet that carries nothing but an ack. */
  sendAckOnly(now: number): void {
    this.path.handleSent(undefined, this.next++, 10, true, false, now)
  }

  /** The peer says that it has these packets, `delayMs` after the largest arrived. */
  ack(now: number, sequences: number[], delayMs = 0): boolean {
    const received = new ReceivedPackets()
    for (const sequence of sequences) received.add(sequence)
    const end = received.write(scratch, 0, scratch.length, delayMs)
    return this.path.handleAck(scratch, 1, end, this.next, now) === end
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

t.test('a packet is lost when one sent three later was acknowledged, not before', async (t) => {
  const sender = new Sender()
  sender.send(0, 5)
  sender.ack(100, [1, 2])
  t.strictSame(sender.lost, [])
  sender.ack(101, [1, 2, 3])
  t.strictSame(sender.lost, [0])
  t.strictSame(sender.acked, [1, 2, 3])
  t.equal(sender.path.bytesInFlight, 100)
})

t.test('a packet is lost 9/8 of a round trip after its sending, once a later one was acknowledged', async (t) => {
  const sender = new Sender()
  sender.send(0, 1)
  sender.send(10, 1)
  sender.ack(110, [1]) // a round trip of 100 ms
  t.strictSame(sender.lost, [])
  t.equal(sender.path.nextDeadline(), 112.5)
  sender.path.handleTimeout(112.4)
  t.strictSame(sender.lost, [])
  sender.path.handleTimeout(112.5)
  t.strictSame(sender.lost, [0])
})

t.test('a packet that was overtaken on its way to a peer with a slow loop is not taken for lost', async (t) => {
  const sender = new Sender()
  for (let i = 0; i < 10; i++) {
    sender.send(i * 200, 1)
    sender.ack(i * 200 + 130, [i], 80) // a round trip of 50 ms, and a loop that lets acks wait
  }
  sender.send(2000, 1)
  sender.send(2005, 1)
  sender.ack(2135, [11], 80) // packet 10 came just after the peer's update
  t.strictSame(sender.lost, [])
  sender.ack(2145, range(0, 11), 0)
  t.strictSame(sender.lost, [])
})

t.test('acks of packets that carry nothing reveal losses before them', async (t) => {
  const sender = new Sender()
  sender.send(0, 1)
  sender.ack(100, [0])
  sender.send(200, 1)
  for (let i = 0; i < 3; i++) sender.sendAckOnly(201 + i)
  sender.ack(310, [0, 2, 3, 4])
  t.strictSame(sender.lost, [1])
})

t.test('a loss that proves spurious widens the thresholds, by packets and by time, and gives the window back', async (t) => {
  const sender = new Sender()
  sender.send(0, 10)
  const window = sender.path.congestionWindow
  sender.ack(100, range(1, 6))
  t.strictSame(sender.lost, [0])
  t.ok(sender.path.congestionWindow < window)
  sender.ack(101, range(0, 6))
  t.equal(sender.path.congestionWindow, window)
  t.ok(sender.acked.includes(0))
  t.equal(sender.path.loss.share(101), 0)
  sender.send(200, 10)
  sender.ack(301, [...range(0, 9), ...range(11, 16)])
  t.strictSame(sender.lost, [0], 'six packets ahead are reordering now')
  t.equal(sender.path.nextDeadline(), 200 + 101 * (9 / 8) + 100 / 4, 'a quarter of the smallest round trip more')
})

t.test('the probe timeout is srtt + 4 × variation + the peer’s ack delay, and doubles up to two seconds', async (t) => {
  const sender = new Sender()
  t.equal(sender.path.probeTimeoutMs, INITIAL_PROBE_TIMEOUT_MS, 'before a sample')
  sender.send(0, 1)
  sender.ack(100, [0])
  t.equal(sender.path.probeTimeoutMs, 100 + 200 + ACK_DELAY)
  t.equal(sender.path.nextDeadline(), Number.POSITIVE_INFINITY, 'nothing is in flight')
  sender.send(1000, 1)
  const waits: number[] = []
  for (let i = 0, at = 1000; i < 6; i++) {
    const deadline = sender.path.nextDeadline()
    waits.push(deadline - at)
    at = deadline
    sender.path.handleTimeout(at)
    t.ok(sender.path.needsProbe)
    sender.send(at, 2)
    t.notOk(sender.path.needsProbe, 'two packets are let go')
  }
  t.strictSame(waits, [320, 640, 1280, 2020, 2020, 2020])
  t.strictSame(sender.lost.slice(0, 1), [1], 'the probe carries what packet 1 carried')
  sender.ack(9000, [sender.next - 1])
  t.ok(sender.path.probeTimeoutMs < 2020, 'an ack ends the backoff')
})

t.test('what a probe has sent again is not queued once more when its packet is declared lost', async (t) => {
  const sender = new Sender()
  sender.send(0, 1)
  sender.ack(100, [0])
  sender.send(200, 1)
  sender.path.handleTimeout(520)
  t.strictSame(sender.lost, [1])
  sender.send(520, 2)
  sender.ack(620, [0, 2, 3])
  t.strictSame(sender.lost, [1])
  t.equal(sender.path.bytesInFlight, 0)
})

t.test('probes leave though the window is full', async (t) => {
  const sender = new Sender()
  sender.send(0, 20, MTU)
  t.notOk(sender.path.canSend)
  sender.path.handleTimeout(10_000)
  t.ok(sender.path.canSend)
  t.equal(sender.send(10_000, 5, MTU), 2)
})

t.test('an ack of a packet that was never sent is refused', async (t) => {
  const sender = new Sender()
  sender.send(0, 3)
  t.notOk(sender.ack(100, [3]))
  t.ok(sender.ack(100, [2]))
})

t.test('after a stall of this side no RTT is taken over it, and deadlines move by it', async (t) => {
  const sender = new Sender()
  sender.send(0, 1)
  sender.ack(50, [0])
  sender.send(100, 2)
  const deadline = sender.path.nextDeadline()
  sender.path.shift(3000, 3116)
  t.equal(sender.path.nextDeadline(), deadline + 3000)
  sender.path.handleTimeout(3116)
  t.notOk(sender.path.needsProbe)
  sender.ack(3116, [0, 1, 2])
  t.equal(sender.path.rtt.smoothed, 50)
  t.strictSame(sender.lost, [])
})

t.test('an update releases max(10 packets, rate × elapsed)', async (t) => {
  const sender = new Sender()
  t.equal(sender.send(0, 50, MTU), 10)
  let now = 0
  for (let i = 0; i < 8; i++) {
    sender.path.noteBlocked()
    now += 100
    sender.ack(now, range(0, sender.next - 1))
    sender.send(now, 200, MTU)
  }
  sender.path.noteBlocked()
  now += 100
  sender.ack(now, range(0, sender.next - 1))
  const window = sender.path.congestionWindow
  t.ok(window > 40 * MTU)
  sender.send(now, 0)
  t.equal(sender.send(now + 0.001, 200, MTU), 10, 'just after the last update')
  const expected = (2 * window * 10) / sender.path.rtt.smoothed / MTU
  const sent = sender.send(now + 10.001, 500, MTU)
  t.ok(Math.abs(sent - expected) <= 1, `${sent} packets in 10 ms, ${expected.toFixed(1)} by the rate`)
})

t.test('what is small may exceed the window by the floor, blocks may not', async (t) => {
  const sender = new Sender()
  sender.send(0, 100, MTU)
  t.equal(sender.path.bytesInFlight, INITIAL_WINDOW_BYTES, 'ten packets an update')
  t.notOk(sender.path.admitsBlocks)
  sender.path.beginTransmit(16)
  t.ok(sender.path.canSend)
  sender.send(16, 100, MTU)
  t.equal(sender.path.bytesInFlight, INITIAL_WINDOW_BYTES + MIN_WINDOW_BYTES)
})

t.test('the window grows where transmits fill it, even when every ack is in before the next update', async (t) => {
  const sender = new Sender()
  for (let now = 0; now < 160; now += 16) {
    sender.send(now, 200, MTU)
    sender.path.noteBlocked()
    sender.ack(now + 1, range(0, sender.next - 1))
  }
  t.ok(sender.path.congestionWindow > 5 * INITIAL_WINDOW_BYTES)
})

t.test('the window does not grow while transmits leave it unfilled', async (t) => {
  const sender = new Sender()
  for (let now = 0; now < 1600; now += 16) {
    sender.send(now, 2)
    sender.ack(now + 10, range(Math.max(0, sender.next - 20), sender.next - 1))
  }
  t.equal(sender.path.congestionWindow, INITIAL_WINDOW_BYTES)
})

t.test('losses over three probe timeouts are persistent congestion', async (t) => {
  const sender = new Sender()
  sender.send(0, 1)
  sender.ack(100, [0])
  for (let i = 0; i < 10; i++) sender.send(200 + i * 200, 1)
  sender.send(2300, 3)
  sender.ack(2400, [13])
  t.equal(sender.path.congestionWindow, 2 * MTU)
})

t.test('remembering lost packets does not stop the sending of new ones', async (t) => {
  const sender = new Sender()
  sender.send(0, 5)
  sender.ack(1, [4])
  t.strictSame(sender.lost, [0, 1])
  for (let i = 0; i < MAX_TRACKED_PACKETS; i++) sender.sendAckOnly(2)
  t.equal(sender.send(3, 1), 0, 'packets 2 and 3 are open')
  sender.ack(4, [2, 3, 4])
  t.equal(sender.send(4, 1), 1)
})

t.test('after a silence of thousands of numbers probes go on, and the oldest packet is given up', async (t) => {
  const sender = new Sender()
  sender.send(0, 1)
  for (let i = 0; i < MAX_TRACKED_PACKETS; i++) sender.sendAckOnly(1)
  sender.path.handleTimeout(10_000)
  t.equal(sender.send(10_000, 1), 1)
  t.equal(sender.path.bytesInFlight, 100)
})

t.test('a path may begin at any number, and goes over 2^32', async (t) => {
  const sender = new Sender(0, 2 ** 32 - 3)
  t.equal(sender.send(0, 6), 6)
  t.ok(sender.ack(50, range(2 ** 32 - 3, 2 ** 32 + 2)))
  t.strictSame(sender.acked, range(2 ** 32 - 3, 2 ** 32 + 2))
})

t.test('acks wait for data to ride on, unless ten packets have come, or time is up', async (t) => {
  const receiver = (): Path => new Sender().path
  let path = receiver()
  path.handleReceived(0, true, 0)
  t.ok(path.hasUnacked)
  t.notOk(path.isAckDue(3, 16), 'there is another update before 20 ms')
  t.ok(path.isAckDue(4, 16))
  t.equal(path.ackDeadline, ACK_DELAY)

  path = receiver()
  path.handleReceived(0, true, 0)
  path.handleReceived(2, true, 0)
  t.notOk(path.isAckDue(0, 16), 'a gap: jitter makes many, and what is small is repeated anyway')

  path = receiver()
  for (let i = 0; i < ACK_AFTER_PACKETS; i++) path.handleReceived(i, true, 0)
  t.ok(path.isAckDue(0, 16), 'ten packets')

  path = receiver()
  path.handleReceived(0, false, 0)
  t.notOk(path.hasUnacked, 'a keep-alive elicits none')
  t.equal(path.ackDeadline, Number.POSITIVE_INFINITY)

  path = receiver()
  path.ackAtOnce()
  path.handleReceived(0, true, 0)
  t.ok(path.isAckDue(0, 16), 'asked for')
  path.handleSent(undefined, 0, 10, true, false, 1)
  path.handleReceived(1, true, 1)
  t.notOk(path.isAckDue(1, 16), 'once')
})

t.test('what the peer knows to be acknowledged is not told again', async (t) => {
  const sender = new Sender()
  for (const sequence of [0, 2, 4]) sender.path.handleReceived(sequence, true, 0)
  const before = sender.path.writeAck(scratch, 0, 100, 1)
  const packet = sender.path.prepare(sender.next, 1)!
  sender.path.handleSent(packet, sender.next++, 50, true, true, 1)
  sender.ack(50, [0])
  sender.path.handleReceived(6, true, 51)
  const after = sender.path.writeAck(scratch, 0, 100, 51)
  t.equal(before - after, 2, 'two ranges remain of four')
})
