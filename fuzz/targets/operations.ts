// Lists of operations on two connections that both play by the rules, on a link that loses, repeats, delays and reorders as the list says: what is promised holds for every list.
import { SEQUENCED_LANE } from '../../lib/protocol/lanes.js'
import { CLOCK_PING_ALONE_MS } from '../../lib/wire/limits.js'
import { decodeSteps, encodeSteps, type Step, StepReader } from '../steps.js'
import { bytesOf, check, type Target, timeStep } from '../target.js'
import { ConnectionEnd, type Heard } from './connection-end.js'

const SEND = 0
const UPDATE = 1
const TIME = 2
const DROP = 3
const REPEAT = 4
const REORDER = 5
const DELIVER = 6
const PING = 7
const KINDS = 8

const START = 1000
const STEP_MS = 16
/** Updates in which all that is reliable has to arrive, once nothing is lost any more. */
const HEALED_UPDATES = 600
const MAX_OPERATIONS = 48

interface InFlight {
  readonly sequence: number
  readonly bytes: Uint8Array
}

/** The content of message `number`: long enough to be cut where `size` says so, and every byte follows from the number. */
function contentOf(number: number, size: number): Uint8Array {
  const content = new Uint8Array(4 + size)
  for (let i = 0; i < content.length; i++) content[i] = number + i * 7
  content[0] = number
  content[1] = number >>> 8
  return content
}

/** One direction: what was sent on each lane, and what was heard. */
class Direction {
  readonly end: ConnectionEnd
  inFlight: InFlight[] = []
  /** Numbers of messages by lane as the sink names it, in the order of sending. */
  readonly sent = new Map<number, number[]>()
  readonly sizes: number[] = []

  constructor(end: ConnectionEnd) {
    this.end = end
  }

  send(kind: number, channel: number, size: number, redundancy: number, now: number): void {
    const number = this.sizes.length
    this.sizes.push(size)
    // A definition has one priority: what is sequenced keeps its order by it.
    if (!this.end.send(kind, contentOf(number, size), now, { channel, redundancy, priority: kind === 1 ? 3 : kind + channel })) return
    const lane = kind === 0 ? -1 : kind === 1 ? SEQUENCED_LANE : kind === 2 ? 32 + channel : channel
    const numbers = this.sent.get(lane)
    if (numbers === undefined) this.sent.set(lane, [number])
    else numbers.push(number)
  }
}

class Run {
  now = START
  readonly #sides = [new Direction(new ConnectionEnd(START, true)), new Direction(new ConnectionEnd(START, true))] as const
  /** Packet numbers that arrived: the link lets each through once. */
  readonly #arrived = [new Set<number>(), new Set<number>()] as const

  step(kind: number, bytes: Uint8Array): void {
    const read = new StepReader(bytes)
    const side = read.uint8() & 1
    const from = this.#sides[side]!
    const at = read.uint8()
    switch (kind % KINDS) {
      case SEND: {
        const size = read.uint16() % 5000
        from.send(at & 3, (at >> 2) % 3, size, at >> 4, this.now)
        return
      }
      case UPDATE:
        for (let i = 0; i <= (at & 3); i++) this.#update()
        return
      case TIME:
        this.now += at
        return
      case DROP:
        from.inFlight.splice(at % (from.inFlight.length + 1), 1 + (read.uint8() & 3))
        return
      case REPEAT:
        if (from.inFlight.length > 0) from.inFlight.push(from.inFlight[at % from.inFlight.length]!)
        return
      case REORDER:
        if (from.inFlight.length > 1) from.inFlight.unshift(...from.inFlight.splice(at % from.inFlight.length))
        return
      case DELIVER:
        this.#deliver(side, 1 + (at & 15))
        return
      case PING:
        from.end.connection.startClockPings((at & 3) * CLOCK_PING_ALONE_MS, this.now)
    }
  }

  /** The link is sound from now on: all that is reliable arrives, and what was promised has been kept. */
  finish(): void {
    for (let i = 0; i < HEALED_UPDATES && !this.#sides.every(({ end }) => end.connection.isIdle); i++) {
      this.#update()
      for (const side of [0, 1]) this.#deliver(side, Number.POSITIVE_INFINITY)
    }
    for (const side of [0, 1]) {
      check(this.#sides[side]!.end.connection.isIdle, 'all that is reliable is acknowledged once the link is sound')
      this.#checkHeard(this.#sides[side]!, this.#sides[1 - side]!.end.heard!)
      this.#sides[side]!.end.close()
    }
  }

  #update(): void {
    this.now += STEP_MS
    for (const { end, inFlight } of this.#sides) {
      inFlight.push(...end.transmit(this.now))
      end.checkBounds(this.now)
    }
  }

  #deliver(side: number, count: number): void {
    const { inFlight } = this.#sides[side]!
    const to = this.#sides[1 - side]!.end
    for (const { sequence, bytes } of inFlight.splice(0, Math.min(count, inFlight.length))) {
      if (this.#arrived[side]!.has(sequence)) continue
      this.#arrived[side]!.add(sequence)
      check(to.receive(bytes, sequence, this.now), `what an honest peer sends is taken: ${to.connection.failure}`)
    }
  }

  #checkHeard(from: Direction, heard: readonly Heard[]): void {
    const byLane = new Map<number, number[]>()
    for (const { lane, bytes } of heard) {
      const number = bytes[0]! | (bytes[1]! << 8)
      const size = from.sizes[number]
      check(size !== undefined && bytes.length === 4 + size, 'a message arrives whole')
      const expected = contentOf(number, size)
      for (let i = 0; i < bytes.length; i++) if (bytes[i] !== expected[i]) check(false, 'a message arrives unharmed')
      const numbers = byLane.get(lane)
      if (numbers === undefined) byLane.set(lane, [number])
      else numbers.push(number)
    }
    for (const [lane, sent] of from.sent) {
      const got = byLane.get(lane) ?? []
      if (lane < 0) check(new Set(got).size === got.length, 'no unreliable message is delivered twice')
      if (lane === SEQUENCED_LANE)
        check(
          got.every((number, i) => i === 0 || number > got[i - 1]!),
          'a sequenced message is never older than the one before',
        )
      if (lane < 0) continue
      const ordered = lane >= 32 ? got.toSorted((a, b) => a - b) : got
      check(
        ordered.length === sent.length && ordered.every((number, i) => number === sent[i]),
        `${lane < 32 ? 'ordered messages arrive once and in order' : 'reliable messages arrive once'}`,
      )
    }
  }
}

function step(kind: number, ...values: number[]): Step {
  return { kind, bytes: bytesOf(...values) }
}

export const operations: Target = {
  name: 'operations',
  about: 'lists of operations on two honest connections: send, update, lose, repeat, reorder; every promise holds',
  format: 'steps',
  maxBytes: 400,
  share: 3,
  dictionary: [bytesOf(0, 3), bytesOf(1, 2), bytesOf(0, 0xf1), bytesOf(0x88, 0x13)],
  run(input) {
    const run = new Run()
    for (const { kind, bytes } of decodeSteps(input).slice(0, MAX_OPERATIONS)) {
      timeStep(() => run.step(kind, bytes))
    }
    run.finish()
  },
  seeds: () => [
    encodeSteps([
      step(SEND, 0, 3, 10, 0),
      step(SEND, 0, 2, 10, 0),
      step(SEND, 1, 0, 4, 0),
      step(SEND, 1, 1, 4, 0),
      step(UPDATE, 0, 0),
      step(DELIVER, 0, 9),
      step(DELIVER, 1, 9),
      step(UPDATE, 0, 2),
    ]),
    encodeSteps([
      step(SEND, 0, 3, 0x88, 0x13),
      step(SEND, 0, 6, 0x88, 0x13),
      step(UPDATE, 0, 1),
      step(DROP, 0, 1, 1),
      step(REORDER, 0, 2),
      step(DELIVER, 0, 9),
      step(TIME, 0, 250),
      step(UPDATE, 0, 3),
    ]),
    encodeSteps([
      step(SEND, 0, 0x30, 8, 0),
      step(SEND, 0, 0x31, 8, 0),
      step(UPDATE, 0, 3),
      step(REPEAT, 0, 0),
      step(REPEAT, 0, 1),
      step(DELIVER, 0, 2),
      step(PING, 1, 3),
      step(UPDATE, 0, 1),
    ]),
    encodeSteps([
      step(SEND, 1, 0, 0x70, 0x0f),
      step(SEND, 1, 1, 0x70, 0x0f),
      step(SEND, 1, 7, 0, 0),
      step(UPDATE, 0, 0),
      step(DROP, 1, 0, 3),
      step(UPDATE, 0, 3),
      step(DELIVER, 1, 15),
    ]),
  ],
}
