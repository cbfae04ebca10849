// Payloads to a connection: valid, changed and made up, in any order, with acks for what it sends and without, over several links, while time passes. Whatever came before,
// what the connection itself sends can be read by an honest peer.
import { readUint24, writeFloat64, writeUint24, writeUint32 } from '../../lib/wire/bytes.js'
import { MAX_MESSAGE_BYTES } from '../../lib/wire/limits.js'
import { writeVarint } from '../../lib/wire/varint.js'
import { decodeSteps, encodeSteps, type Step, StepReader } from '../steps.js'
import { bytesOf, check, type Target, timeStep } from '../target.js'
import { ConnectionEnd, MAX_PAYLOAD_BYTES } from './connection-end.js'
import { recordTraffic } from './traffic.js'

const PAYLOAD = 0
const PAYLOAD_AT = 1
const KEEP_ALIVE = 2
const TIME = 3
const SEND = 4
const TRANSMIT = 5
const BIND = 6
const SHIFT = 7
const KINDS = 8

const START = 2000
/** An honest peer has sent whatever an ack here may name, of which the low 32 bits travel, and takes whatever the connection may still send. */
const HONEST_SEQUENCE = 2 ** 40 + 2 ** 30
const HONEST_WINDOW = { messages: 16_384, bytes: 2 ** 30 }

class Run {
  readonly #end = new ConnectionEnd(START)
  #now = START
  #sequence = 0
  #receivedBytes = 0

  step(kind: number, bytes: Uint8Array): void {
    const read = new StepReader(bytes)
    const { connection } = this.#end
    switch (kind % KINDS) {
      case PAYLOAD:
        this.#receive(bytes, this.#sequence++)
        return
      case PAYLOAD_AT: {
        const sequence = this.#sequence + ((read.uint16() << 16) >> 16)
        this.#receive(read.rest(), Math.max(0, sequence))
        return
      }
      case KEEP_ALIVE:
        connection.handleKeepAlive(this.#sequence++, this.#now)
        return
      case TIME:
        this.#now += read.uint16() / 8
        connection.handleTimeout(this.#now)
        return
      case SEND: {
        const options = read.uint8()
        const size = read.uint16() % 6000
        const ttl = read.uint8()
        this.#end.send(options & 3, new Uint8Array(size).fill(options), this.#now, {
          channel: (options >> 2) % 3,
          redundancy: options >> 5,
          ...(ttl === 0 ? {} : { ttlMs: ttl }),
        })
        return
      }
      case TRANSMIT:
        this.#end.transmit(this.#now)
        return
      case BIND:
        connection.bind(this.#now)
        this.#end.nextSequence = 0
        this.#sequence = 0
        return
      case SHIFT:
        this.#now += read.uint8() * 10
        connection.shift(read.uint8(), this.#now)
    }
  }

  check(): void {
    this.#end.checkBounds(this.#now)
    check(this.#end.deliveredBytes <= this.#receivedBytes, 'no more is delivered than has arrived')
  }

  /** What leaves now is good for a peer that plays by the rules. */
  finish(): void {
    if (this.#end.connection.failure !== undefined) {
      this.#end.close()
      return
    }
    const peer = new ConnectionEnd(this.#now, false, HONEST_WINDOW)
    peer.nextSequence = HONEST_SEQUENCE
    for (const { bytes, sequence } of this.#end.transmit(this.#now)) {
      check(peer.receive(bytes, sequence, this.#now), `what a connection sends can be read: ${peer.connection.failure}`)
    }
    this.#end.close()
    peer.close()
  }

  #receive(bytes: Uint8Array, sequence: number): void {
    this.#receivedBytes += bytes.length
    this.#end.receive(bytes, sequence, this.#now)
  }
}

/** Payloads filled with the frame that `write` makes, as often as it fits: what a peer can do at worst in one datagram. It returns the offset behind the frame. */
function filled(write: (bytes: Uint8Array, at: number, count: number) => number): Uint8Array {
  const bytes = new Uint8Array(MAX_PAYLOAD_BYTES + 64)
  let length = 0
  for (let end = 0, count = 0; end <= MAX_PAYLOAD_BYTES; count++) {
    length = end
    end = write(bytes, end, count)
  }
  return bytes.slice(0, length)
}

/** The head of a frame and varints behind it. */
function frameAt(bytes: Uint8Array, at: number, head: readonly number[], values: readonly number[]): number {
  bytes.set(head, at)
  return values.reduce((end, value) => writeVarint(bytes, end, value), at + head.length)
}

/** Payloads that are meant to be expensive. */
function expensivePayloads(): Uint8Array[] {
  // One byte at the end of ever new messages of the largest size.
  const lastBlock = [6, MAX_MESSAGE_BYTES - 63, 4095, 1]
  const low = (number: number): number[] => [number & 255, (number >> 8) & 255, (number >> 16) & 255]
  return [
    filled((bytes, at, i) => frameAt(bytes, at, [0x18, ...low(i)], lastBlock) + 1),
    filled((bytes, at, i) => frameAt(bytes, at, [0x1a, i % 3, ...low(i)], lastBlock) + 1),
    filled((bytes, at, i) => frameAt(bytes, at, [0x11, ...low(i * 1023)], [5, 0])),
    filled((bytes, at, i) => frameAt(bytes, at, [0x13, i % 3, ...low(16_383 - i), 1], [5, 0])),
    filled((bytes, at, i) => frameAt(bytes, at, [0x14, i % 3, ...low(16_383 - i), 1], [5, 0])),
    filled((bytes, at, i) => frameAt(bytes, at, [0x12, ...low(i)], [16_383 - i, 0])),
    filled((bytes, at) => frameAt(bytes, at, [0x01, 2, 0, 0, 0], [0, 0, 2])),
    filled((bytes, at, i) => frameAt(bytes, at, i % 255 === 0 ? [0x10, 255] : [], [5, 0])),
    filled((bytes, at, i) => frameAt(bytes, at, [0x05, i % 65, ...low(i)], [i * 1e6])),
    filled((_, at) => at + 9).fill(0x03),
  ]
}

function step(kind: number, ...parts: readonly (number | Uint8Array)[]): Step {
  return { kind, bytes: bytesOf(...parts) }
}

/** Frames that the traffic does not hold, or not at their limits. */
function madeUpFrames(): Uint8Array[] {
  const frame = new Uint8Array(64)
  const upTo = (end: number): Uint8Array => frame.slice(0, end)
  const made: Uint8Array[] = []
  frame[0] = 0x01 // an ack of packet 3, delay 1 ms, one further range
  let at = writeVarint(frame, writeUint32(frame, 1, 3), 16)
  frame[at++] = 1
  for (const value of [0, 0, 0]) at = writeVarint(frame, at, value)
  made.push(upTo(at))
  frame[0] = 0x03
  made.push(upTo(writeFloat64(frame, 1, 1999.5)))
  frame[0] = 0x04
  at = 1
  for (const value of [1990, 5, 6, 700.5, 16.6]) at = writeFloat64(frame, at, value)
  made.push(upTo(at))
  frame[0] = 0x05
  frame[1] = 32
  made.push(upTo(writeVarint(frame, writeUint24(frame, 2, 128), 2_000_000)))
  for (const type of [0x18, 0x19]) {
    frame[0] = type // the last block, of one byte, of the largest message
    at = writeUint24(frame, 1, 9)
    for (const value of [6, 262_081, 4095, 1]) at = writeVarint(frame, at, value)
    made.push(upTo(at + 1))
  }
  check(readUint24(frame, 1) === 9, 'a number is written as it is read')
  made.push(bytesOf(0x40, 3, 1, 2, 3), bytesOf(0x14, 255, 0, 0, 0, 1, 1, 2, 9, 9), bytesOf(0x02))
  return made
}

export const frames: Target = {
  name: 'frames',
  about: 'payloads to a connection: every frame, valid and changed, over several packets, while it sends',
  format: 'steps',
  maxBytes: 6000,
  share: 6,
  dictionary: [
    ...madeUpFrames(),
    bytesOf(0x10, 1, 5, 0),
    bytesOf(0x11, 0, 0, 0, 5, 1, 7),
    bytesOf(0x12, 1, 0, 0, 5, 1, 7),
    bytesOf(0x13, 0, 0, 0, 0, 2, 5, 1, 7, 5, 1, 8),
    bytesOf(0x14, 0, 63, 0, 0, 1, 5, 0),
    bytesOf(0xff, 0xff, 0xff),
    bytesOf(0x80, 0x80, 0x10),
  ],
  run(input) {
    const run = new Run()
    for (const { kind, bytes } of decodeSteps(input)) {
      timeStep(() => run.step(kind, bytes))
      run.check()
    }
    run.finish()
  },
  seeds() {
    const packets = recordTraffic()
    const seeds = madeUpFrames().map((frame) =>
      encodeSteps([step(SEND, 2, 10, 0, 0), step(TRANSMIT), step(PAYLOAD, frame), step(TIME, 200, 0), step(TRANSMIT)]),
    )
    for (let first = 0; first < packets.length; first += 3) {
      const some = packets.slice(first, first + 3).map((packet) => step(PAYLOAD, packet))
      seeds.push(
        encodeSteps(
          [step(SEND, 3, 200, 0, 0), step(SEND, 0x60, 20, 0, 50), step(TRANSMIT), ...some, step(TIME, 255, 1), step(TRANSMIT)],
          6000,
        ),
      )
    }
    for (const payload of expensivePayloads()) {
      seeds.push(encodeSteps([step(SEND, 2, 0x88, 0x13, 0), step(TRANSMIT), step(PAYLOAD, payload)]))
    }
    seeds.push(
      encodeSteps([
        step(SEND, 2, 0x88, 0x13, 0),
        step(TRANSMIT),
        step(BIND),
        step(TRANSMIT),
        step(SHIFT, 100, 100),
        step(KEEP_ALIVE),
        step(PAYLOAD_AT, 9, 0, bytesOf(0x03, new Uint8Array(8))),
      ]),
    )
    return seeds
  },
}
