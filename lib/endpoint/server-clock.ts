// The server's clock, as a client knows it. Each ping gives a delay there (its clock less ours) and one back; jitter only ever adds to either, so the smallest of each
// direction are nearest to the truth, and half their difference is the offset. What is shown is slewed towards it and never runs backwards.
// The design takes the sample of the smallest round trip; two separate minima need a good draw in each direction, not in both at once, and with jitter come out several times nearer.

/** Samples looked back on: the first run of 20 to 40 and then one every two seconds, so one or one and a half minutes; in it quartz clocks drift apart by 3 ms at most. */
const SAMPLES = 64

/** The shown clock runs at most this much faster or slower than ours. */
const MAX_SLEW = 0.1

export class ServerClock {
  readonly #there = new Float64Array(SAMPLES)
  readonly #back = new Float64Array(SAMPLES)
  #count = 0
  /** The best estimate, and what is shown. */
  #target = 0
  #shown = 0
  #shownAt = 0
  // A tick of the server's loop, and when it was, by its clock.
  #tick = 0
  #tickMs = 0
  #tickAt = 0

  /** The first word of the server's clock, in Welcome: behind by the time that it travelled, resent or not. */
  begin(serverNow: number, now: number): void {
    this.#count = 0
    this.#target = serverNow - now
    this.#shown = this.#target
    this.#shownAt = now
  }

  /** A ping and its pong: sent and received by our clock, received and answered by the server's. */
  addSample(sentAt: number, serverReceivedAt: number, serverSentAt: number, receivedAt: number): void {
    const at = this.#count++ % SAMPLES
    this.#there[at] = serverReceivedAt - sentAt
    this.#back[at] = receivedAt - serverSentAt
    const known = Math.min(this.#count, SAMPLES)
    let there = Number.POSITIVE_INFINITY
    let back = Number.POSITIVE_INFINITY
    for (let i = 0; i < known; i++) {
      there = Math.min(there, this.#there[i]!)
      back = Math.min(back, this.#back[i]!)
    }
    this.#slew(receivedAt)
    this.#target = (there - back) / 2
    // Welcome may have been lost and sent again, so what it said can lie a second behind: the first pong puts that right at once. Forward only; back is slewed.
    if (this.#count === 1) this.#shown = Math.max(this.#shown, this.#target)
  }

  setTick(tick: number, tickMs: number, serverNow: number): void {
    this.#tick = tick
    this.#tickMs = tickMs
    this.#tickAt = serverNow
  }

  /** The server's clock at our `now`, in ms. */
  now(now: number): number {
    this.#slew(now)
    return now + this.#shown
  }

  /** The tick that the server's loop runs at our `now`, with the part of it that has passed; 0 where it runs none. */
  exactTick(now: number): number {
    if (this.#tickMs === 0) return this.#tick
    return Math.max(0, this.#tick + (this.now(now) - this.#tickAt) / this.#tickMs)
  }

  #slew(now: number): void {
    const most = Math.max(0, now - this.#shownAt) * MAX_SLEW
    this.#shown += Math.min(Math.max(this.#target - this.#shown, -most), most)
    this.#shownAt = Math.max(now, this.#shownAt)
  }
}
