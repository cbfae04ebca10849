// CUBIC as RFC 9438 has it, written anew from its text in segments and seconds, beside ours in bytes and milliseconds.
import fc from 'fast-check'
import t from 'tap'
import { Cubic } from '../../lib/protocol/cubic.js'
import { MTU } from '../../lib/wire/limits.js'
import { holds } from './property.js'

const BETA = 0.7 // section 4.6
const C = 0.4 // section 5

/** Sections 4.2–4.8, without timeouts. Windows in segments, times in seconds. */
class Rfc9438 {
  cwnd = 10
  readonly #takesLarger: boolean
  ssthresh = Number.POSITIVE_INFINITY
  #wMax = 0
  #cwndPrior = 0
  #cwndEpoch = 0
  #epochStart: number | undefined
  #wEst = 0
  #recoverySince = Number.NEGATIVE_INFINITY

  /** @param takesLarger Our one difference: of the curve's step and the Reno estimate the larger counts, where the RFC takes the estimate once the curve is below it. */
  constructor(takesLarger: boolean) {
    this.#takesLarger = takesLarger
  }

  /** Section 4.2, figure 2. */
  get #k(): number {
    return Math.cbrt((this.#wMax - this.#cwndEpoch) / C)
  }

  /** Section 4.2, figure 1. */
  #wCubic(t: number): number {
    return C * (t - this.#k) ** 3 + this.#wMax
  }

  acked(segments: number, sentAt: number, rtt: number, now: number): void {
    if (sentAt <= this.#recoverySince) return
    if (this.cwnd < this.ssthresh) {
      this.cwnd += segments
      return
    }
    if (this.#epochStart === undefined) {
      this.#epochStart = now
      this.#cwndEpoch = this.cwnd
      this.#wEst = this.cwnd
      if (this.#wMax < this.cwnd) this.#wMax = this.cwnd // section 4.10: K is 0 then
    }
    const time = now - this.#epochStart
    // Section 4.3: as Reno once the window before the cut is reached.
    const alpha = this.#wEst >= this.#cwndPrior ? 1 : (3 * (1 - BETA)) / (1 + BETA)
    this.#wEst += alpha * (segments / this.cwnd)
    // Sections 4.4 and 4.5.
    const target = Math.min(Math.max(this.#wCubic(time + rtt), this.cwnd), 1.5 * this.cwnd)
    const next = this.cwnd + ((target - this.cwnd) / this.cwnd) * segments
    if (this.#takesLarger) this.cwnd = Math.max(next, this.#wEst)
    else this.cwnd = this.#wCubic(time) < this.#wEst ? this.#wEst : next
  }

  lost(sentAt: number, now: number): void {
    if (sentAt <= this.#recoverySince) return
    this.#recoverySince = now
    // Section 4.7, fast convergence.
    this.#wMax = this.cwnd < this.#wMax ? (this.cwnd * (1 + BETA)) / 2 : this.cwnd
    this.#cwndPrior = this.cwnd
    // Section 4.6.
    this.ssthresh = Math.max(this.cwnd * BETA, 2)
    this.cwnd = this.ssthresh
    this.#epochStart = undefined
  }
}

/** A life of a path: rounds of so many RTTs with acks of full windows, each ended by a loss. */
const lives = fc.record({
  rttMs: fc.integer({ min: 5, max: 400 }),
  slowStart: fc.integer({ min: 0, max: 400 }),
  rounds: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 }),
})

function live(
  { rttMs, slowStart, rounds }: { rttMs: number; slowStart: number; rounds: number[] },
  look: (ours: number, same: number, strict: number) => void,
): void {
  const cubic = new Cubic(0)
  const same = new Rfc9438(true)
  const strict = new Rfc9438(false)
  let now = 10_000
  const ack = (): void => {
    cubic.handleAcked({ bytes: MTU, sentAt: now - rttMs }, false, rttMs, now)
    for (const rfc of [same, strict]) rfc.acked(1, (now - rttMs) / 1000, rttMs / 1000, now / 1000)
    look(cubic.window / MTU, same.cwnd, strict.cwnd)
    now += rttMs / Math.max(1, Math.floor(same.cwnd))
  }
  for (let i = 0; i < slowStart; i++) ack()
  for (const rtts of rounds) {
    const sentAt = now - 1
    cubic.handleLost({ sentAt: sentAt }, now)
    for (const rfc of [same, strict]) rfc.lost(sentAt / 1000, now / 1000)
    look(cubic.window / MTU, same.cwnd, strict.cwnd)
    // A second loss of the same round trip is the same event.
    cubic.handleLost({ sentAt: sentAt - 0.5 }, now)
    for (const rfc of [same, strict]) rfc.lost((sentAt - 0.5) / 1000, now / 1000)
    now += rttMs + 1
    const until = now + rtts * rttMs
    for (let acks = 0; now < until && acks < 3000; acks++) ack()
  }
}

t.test('the window is that of RFC 9438: slow start, cuts, fast convergence, the curve and the Reno-friendly region', async () => {
  holds(
    fc.property(lives, (life) => {
      live(life, (ours, same, strict) => {
        if (Math.abs(ours - same) > 1e-6 * same) throw new Error(`${ours} segments, not ${same}`)
        if (Math.abs(ours - strict) > 0.1 * strict + 1) throw new Error(`${ours} segments, the RFC has ${strict}`)
      })
    }),
    150,
  )
})

t.test('the window never shrinks but by a loss, and never more than doubles in a round trip', async () => {
  holds(
    fc.property(lives, (life) => {
      const cubic = new Cubic(0)
      let now = 10_000
      const round = (): void => {
        const before = cubic.window
        for (let acks = Math.floor(before / MTU); acks > 0; acks--) {
          const window = cubic.window
          cubic.handleAcked({ bytes: MTU, sentAt: now - life.rttMs }, false, life.rttMs, now)
          if (cubic.window < window) throw new Error('it shrank')
        }
        if (cubic.window > 2 * before) throw new Error('it more than doubled')
        now += life.rttMs
      }
      for (const rtts of life.rounds) {
        for (let i = 0; i < Math.min(rtts, 8); i++) round()
        cubic.handleLost({ sentAt: now - 1 }, now)
        now += life.rttMs
      }
    }),
    100,
  )
})

t.test('a spurious loss, wherever it happens, leaves the window as if it had not been', async () => {
  holds(
    fc.property(lives, fc.integer({ min: 1, max: 5 }), ({ rttMs, slowStart, rounds }, losses) => {
      const [mistaken, other] = [new Cubic(0), new Cubic(0)]
      let now = 10_000
      const both = (act: (cubic: Cubic) => void): void => [mistaken, other].forEach(act)
      for (const count of [slowStart, ...rounds.map((rtts) => rtts * 4)]) {
        for (let i = 0; i < count; i++) {
          now += rttMs / 10
          both((cubic) => cubic.handleAcked({ bytes: MTU, sentAt: now - rttMs }, false, rttMs, now))
        }
        let event = 0
        for (let i = 0; i < losses; i++) event = mistaken.handleLost({ sentAt: now - 1 }, now)
        for (let i = 0; i < losses; i++) mistaken.handleSpurious(event)
        if (mistaken.window !== other.window || mistaken.pacingRate(rttMs) !== other.pacingRate(rttMs)) return false
        // The curve goes on where it was, too.
        for (let i = 0; i < 20; i++) {
          now += rttMs / 10
          both((cubic) => cubic.handleAcked({ bytes: MTU, sentAt: now - rttMs / 20 }, false, rttMs, now))
          if (mistaken.window !== other.window) return false
        }
        both((cubic) => cubic.handleLost({ sentAt: now - 1 }, now))
        now += 2 * rttMs
      }
      return true
    }),
    100,
  )
})
