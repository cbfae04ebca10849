import t from 'tap'
import { Bbr, type BbrPhase } from '../../lib/protocol/bbr.js'
import { SentPacket } from '../../lib/protocol/sent-packets.js'
import { ACK_AFTER_PACKETS, INITIAL_WINDOW_BYTES, MIN_WINDOW_BYTES, MTU } from '../../lib/wire/limits.js'
import { random } from './pair.js'

interface LinkOptions {
  /** Bytes per ms, one way, and the round trip without a queue. */
  readonly rate: number
  readonly rttMs: number
  readonly queueBytes?: number
  readonly loss?: number
  /** What the game sends at most, bytes per ms. */
  readonly sends?: number
}

interface Flying {
  readonly packet: SentPacket
  readonly ackAt: number
  readonly isLost: boolean
}

/** A sender with always something to send on a link with one queue, updated every millisecond: what the draft has in mind. */
class Sender {
  readonly bbr = new Bbr(0)
  link: LinkOptions
  now = 1000
  delivered = 0
  queueMs = 0
  readonly phases: { phase: BbrPhase; at: number; rate: number; window: number }[] = []
  #flying: Flying[] = []
  #inFlight = 0
  #sequence = 0
  #idleAt = 0
  #budget = 0
  #smoothed: number
  readonly #random = random(1)

  constructor(link: LinkOptions) {
    this.link = link
    this.#smoothed = link.rttMs
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now++) this.#update()
  }

  #update(): void {
    const { bbr, now } = this
    while (this.#flying.length > 0 && this.#flying[0]!.ackAt <= now) this.#settle(this.#flying.shift()!)
    bbr.handleUpdate(1)
    this.#budget = Math.min(this.#budget, 0) + Math.min(bbr.pacingRate(this.#smoothed), this.link.sends ?? Number.POSITIVE_INFINITY)
    while (this.#budget > 0 && this.#inFlight + MTU <= bbr.window) this.#send()
    if (this.link.sends !== undefined && this.#inFlight + MTU <= bbr.window) bbr.handleAppLimited(this.#inFlight)
    const last = this.phases.at(-1)
    if (last?.phase !== bbr.phase) this.phases.push({ phase: bbr.phase, at: now, rate: bbr.bandwidth, window: bbr.window })
  }

  #send(): void {
    const { bbr, now, link } = this
    const packet = new SentPacket()
    packet.sequence = this.#sequence++
    packet.sentAt = now
    packet.bytes = MTU
    bbr.handleSent(packet, this.#inFlight, now)
    this.#inFlight += MTU
    this.#budget -= MTU
    this.queueMs = Math.max(0, this.#idleAt - now)
    const isLost = this.queueMs * link.rate > (link.queueBytes ?? Number.POSITIVE_INFINITY) || this.#random() < (link.loss ?? 0)
    if (!isLost) this.#idleAt = Math.max(this.#idleAt, now) + MTU / link.rate
    this.#flying.push({ packet, isLost, ackAt: Math.max(this.#idleAt, now) + link.rttMs })
  }

  #settle({ packet, isLost, ackAt }: Flying): void {
    this.#inFlight -= MTU
    if (isLost) {
      this.bbr.handleLost(packet, this.now)
      return
    }
    this.delivered += MTU
    const rtt = ackAt - packet.sentAt
    this.#smoothed += (rtt - this.#smoothed) / 8
    this.bbr.handleAcked(packet, false, this.#smoothed, ackAt)
    this.bbr.handleAckEnd(rtt, 0, ackAt)
  }

  /** When a phase was first entered. */
  first(phase: BbrPhase): number {
    return this.phases.find((p) => p.phase === phase)?.at ?? Number.POSITIVE_INFINITY
  }

  /** Bytes per ms over the next while, as a share of the link. */
  use(ms: number): number {
    const before = this.delivered
    this.run(ms)
    return (this.delivered - before) / ms / this.link.rate
  }
}

const LINK = { rate: 1250, rttMs: 40 } // 10 Mbit/s: 42 packets

t.test('startup paces at 2.77 × the rate and doubles it each round trip (section 5.3.1)', async (t) => {
  const sender = new Sender({ rate: 100_000, rttMs: 100 })
  t.equal(sender.bbr.phase, 'startup')
  t.equal(sender.bbr.window, INITIAL_WINDOW_BYTES)
  t.ok(Math.abs(sender.bbr.pacingRate(100) - (2.77 * INITIAL_WINDOW_BYTES) / 100) < 1e-9)
  sender.run(350)
  const rate = sender.bbr.bandwidth
  t.ok(Math.abs(sender.bbr.pacingRate(100) - 2.77 * rate) < 1e-9)
  sender.run(300)
  const growth = sender.bbr.bandwidth / rate
  t.ok(growth > 5 && growth < 11, `${growth.toFixed(1)} times in three round trips`)
})

t.test('it finds the rate of the link and its round trip, and settles there: rate × 0.99, twice what the pipe holds', async (t) => {
  const sender = new Sender(LINK)
  sender.run(3000)
  const { bbr } = sender
  t.ok(Math.abs(bbr.bandwidth - LINK.rate) < 0.03 * LINK.rate, `${bbr.bandwidth.toFixed(0)} of ${LINK.rate} bytes/ms`)
  while (bbr.phase !== 'cruise') sender.run(1)
  t.ok(Math.abs(bbr.pacingRate(40) - 0.99 * bbr.bandwidth) < 1e-9)
  sender.run(200)
  const held = LINK.rate * LINK.rttMs
  t.ok(bbr.window > 2 * held * 0.95 && bbr.window < 2.3 * held, `${(bbr.window / held).toFixed(2)} of what the pipe holds`)
  t.ok(sender.queueMs < 3, `${sender.queueMs.toFixed(1)} ms of queue`)
})

t.test('phases come in the order of the draft, and the gains are theirs', async (t) => {
  const sender = new Sender(LINK)
  sender.run(12_000)
  const order = sender.phases.map((p) => p.phase)
  t.strictSame(order.slice(0, 3), ['startup', 'drain', 'down'])
  const next: Partial<Record<BbrPhase, BbrPhase[]>> = { down: ['cruise', 'refill'], cruise: ['refill'], refill: ['up'], up: ['down'] }
  for (let i = 2; i + 1 < order.length; i++) t.ok(next[order[i]!]!.includes(order[i + 1]!), `${order[i]} → ${order[i + 1]}`)
  const gains: Partial<Record<BbrPhase, number>> = { down: 0.9, cruise: 1, refill: 1, up: 1.25 }
  for (const phase of ['down', 'cruise', 'refill', 'up'] as BbrPhase[]) {
    while (sender.bbr.phase !== phase) sender.run(1)
    t.ok(Math.abs(sender.bbr.pacingRate(40) - gains[phase]! * 0.99 * sender.bbr.bandwidth) < 1e-9, phase)
  }
  const ups = sender.phases.filter((p) => p.phase === 'up').map((p) => p.at)
  const gaps = ups.slice(2).map((at, i) => at - ups[i + 1]!)
  t.ok(
    gaps.every((gap) => gap >= 1000 && gap <= 3300),
    `probes every ${gaps} ms`,
  )
})

t.test('the queue that startup makes is short and soon gone, and a probe makes a quarter of a round trip of it', async (t) => {
  const sender = new Sender({ ...LINK, rttMs: 100 })
  let worst = 0
  for (let ms = 0; ms < 3000; ms++) {
    sender.run(1)
    worst = Math.max(worst, sender.queueMs)
  }
  t.ok(worst < 130, `${worst.toFixed(0)} ms at its worst`)
  t.ok(sender.first('down') - sender.first('drain') < 300)
  let after = 0
  for (let ms = 0; ms < 8000; ms++) {
    sender.run(1)
    after = Math.max(after, sender.queueMs)
  }
  t.ok(after < 35, `${after.toFixed(0)} ms after it`)
})

for (const loss of [0, 0.001, 0.01]) {
  t.test(`at ${loss * 100} % of random loss, it uses nine tenths of the link and more`, async (t) => {
    const sender = new Sender({ rate: 5000, rttMs: 60, loss })
    sender.run(2000)
    const use = sender.use(10_000)
    t.ok(use > 0.93 * (1 - loss), `${(use * 100).toFixed(1)} %`)
  })
}

t.test('a queue of a tenth of what the pipe holds overflows little once it is known', async (t) => {
  const sender = new Sender({ ...LINK, queueBytes: 0.1 * LINK.rate * LINK.rttMs })
  sender.run(3000)
  const use = sender.use(10_000)
  t.ok(use > 0.8, `${(use * 100).toFixed(1)} %`)
})

t.test('a link that becomes faster is found out, and one that becomes slower', async (t) => {
  const sender = new Sender(LINK)
  sender.run(4000)
  sender.link = { ...LINK, rate: 2 * LINK.rate }
  sender.run(10_000)
  t.ok(sender.use(2000) > 0.9)
  sender.link = { ...LINK, rate: LINK.rate / 2 }
  sender.run(8000)
  t.ok(Math.abs(sender.bbr.bandwidth - LINK.rate / 2) < 0.05 * LINK.rate, `${sender.bbr.bandwidth.toFixed(0)} bytes/ms`)
  t.ok(sender.queueMs < LINK.rttMs, `${sender.queueMs.toFixed(0)} ms of queue`)
})

t.test('the rate is the maximum over two cycles: what a slower time says is believed two probes later', async (t) => {
  const sender = new Sender(LINK)
  const untilDown = (): void => {
    const { length } = sender.phases
    while (!sender.phases.slice(length).some((p) => p.phase === 'down')) sender.run(1)
  }
  sender.run(3000)
  const before = sender.bbr.bandwidth
  sender.link = { ...LINK, rate: LINK.rate / 2 }
  untilDown()
  t.ok(sender.bbr.bandwidth > 0.95 * before, 'the cycle before still counts')
  untilDown()
  untilDown()
  t.ok(sender.bbr.bandwidth < 0.6 * before, `${(sender.bbr.bandwidth / before).toFixed(2)} of it`)
})

t.test('a game that sends less than the path takes lowers nothing, and its startup does not end', async (t) => {
  const sender = new Sender({ ...LINK, sends: 50 })
  sender.run(10_000)
  t.equal(sender.bbr.phase, 'startup')
  t.ok(sender.bbr.window >= INITIAL_WINDOW_BYTES)
  sender.link = LINK
  sender.run(3000)
  t.ok(sender.use(3000) > 0.9)
  const rate = sender.bbr.bandwidth
  sender.link = { ...LINK, sends: 50 }
  sender.run(1500)
  t.ok(sender.bbr.bandwidth > 0.9 * rate)
})

t.test('a standing queue of others: the pipe is emptied for 200 ms to see how long it is', async (t) => {
  const sender = new Sender(LINK)
  sender.run(3000)
  sender.link = { ...LINK, rttMs: LINK.rttMs + 30 } // as if others had filled a queue
  sender.run(7000)
  t.ok(sender.phases.some((p) => p.phase === 'probeRtt'))
  sender.run(10_000)
  t.ok(sender.use(3000) > 0.85, 'the longer round trip is the minimum now')
})

t.test('persistent congestion takes the window to its minimum, and acks bring it back; the floor holds throughout', async (t) => {
  const sender = new Sender(LINK)
  sender.run(3000)
  sender.bbr.handlePersistentCongestion()
  t.equal(sender.bbr.window, MIN_WINDOW_BYTES)
  sender.run(1000)
  t.ok(sender.use(1000) > 0.9)
  const floored = new Bbr(16_384)
  const packet = new SentPacket()
  Object.assign(packet, { sequence: 0, sentAt: 1000, bytes: MTU })
  floored.handleSent(packet, 0, 1000)
  floored.handleAcked(packet, false, 1000, 2000)
  floored.handleAckEnd(1000, 0, 2000)
  floored.handlePersistentCongestion()
  t.equal(floored.window, 16_384 + MTU)
  t.equal(floored.smallWindow, 2 * floored.window)
})

t.test('losses of one round trip are one event, and when all of them prove spurious the bounds are as before', async (t) => {
  const sender = new Sender({ ...LINK, queueBytes: 20_000 })
  sender.run(5000)
  const { bbr } = sender
  const packets = [0, 1, 2].map((i) =>
    Object.assign(new SentPacket(), { sequence: i, sentAt: sender.now - 20, bytes: MTU, inFlight: 50_000 }),
  )
  const event = bbr.handleLost(packets[0]!, sender.now)
  t.equal(bbr.handleLost(packets[1]!, sender.now + 1), event)
  packets[2]!.sentAt = sender.now + 10
  t.equal(bbr.handleLost(packets[2]!, sender.now + 50), event + 1)
  bbr.handleSpurious(event)
  bbr.handleSpurious(event + 1)
})

t.test('a stall of this side does not count: the phases go on where they were', async (t) => {
  const sender = new Sender(LINK)
  while (sender.bbr.phase !== 'cruise') sender.run(1)
  const { phase, window, bandwidth } = sender.bbr
  sender.bbr.shift(60_000)
  t.strictSame([sender.bbr.phase, sender.bbr.window, sender.bbr.bandwidth], [phase, window, bandwidth])
})

t.test(
  'packets that wait for an ack which waits for more of them: the window has room for as many, and for how long acks wait',
  async (t) => {
    const bbr = new Bbr(0)
    let now = 1000
    let sequence = 0
    // Round trips of 0.05 ms; three spikes look like a queue, so that startup ends before it knows the path. Every ack waits 50 ms for more packets.
    const round = (packets: number, rttMs: number): void => {
      bbr.handleUpdate(0.01)
      const sent = Array.from({ length: packets }, (_, i) => {
        const packet = new SentPacket()
        packet.sequence = sequence++
        packet.sentAt = now
        packet.bytes = MTU
        bbr.handleSent(packet, i * MTU, now)
        return packet
      })
      now += 50 + rttMs
      for (const packet of sent) bbr.handleAcked(packet, false, rttMs, now)
      bbr.handleAckEnd(rttMs, 50, now)
    }
    round(1, 0.05)
    for (let i = 0; i < 3; i++) round(1, 10)
    t.not(bbr.phase, 'startup')
    for (let i = 0; i < 20; i++) round(1, 0.05)
    t.ok(bbr.window >= (ACK_AFTER_PACKETS + 2) * MTU, `${bbr.window} bytes`)
    for (let i = 0; i < 20; i++) round(40, 0.05)
    t.ok(bbr.window >= 40 * MTU, `${bbr.window} bytes: acks wait as long as 40 packets take`)
  },
)
