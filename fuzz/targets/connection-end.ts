// One end of a connection without a link: what the targets of the protocol layer feed.
import { Connection, type ConnectionSink } from '../../lib/protocol/connection.js'
import { laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from '../../lib/protocol/lanes.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { BYTE_WINDOW, FIRST_SYSTEM_ID, MAX_MESSAGE_BYTES, MESSAGE_WINDOW, SYSTEM_IDS } from '../../lib/wire/limits.js'
import { check } from '../target.js'

export const MAX_SEND_QUEUE_BYTES = 64 * 1024
export const WINDOW = { messages: MESSAGE_WINDOW, bytes: BYTE_WINDOW }
export const MAX_PAYLOAD_BYTES = 1179

export interface Heard {
  readonly lane: number
  readonly typeId: number
  readonly bytes: Uint8Array
}

/** What is sent by tests goes through one pool: a leak in it shows as growth. */
const pool = new PayloadPool()
const buffer = new Uint8Array(1280)

export class ConnectionEnd implements ConnectionSink {
  readonly connection: Connection
  nextSequence = 0
  deliveredBytes = 0
  heard: Heard[] | undefined

  constructor(now: number, hears = false, window = WINDOW) {
    this.heard = hears ? [] : undefined
    this.connection = new Connection(
      {
        sink: this,
        pool,
        timing: { intervalMs: 16, tick: 5, tickMs: 16 },
        maxMessageBytes: MAX_MESSAGE_BYTES,
        maxSendQueueBytes: MAX_SEND_QUEUE_BYTES,
        minRateBytesPerSecond: 16_384,
        maxAckDelayMs: 25,
        window,
        channels: 0b111,
      },
      now,
    )
    this.connection.setPeer(window, 25)
  }

  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number): void {
    check(lane >= SEQUENCED_LANE && lane <= 64, 'a message comes on one of the lanes')
    check(typeId >= 0 && typeId < FIRST_SYSTEM_ID + SYSTEM_IDS, 'a message has a type of a definition, or one of the library')
    check(start >= 0 && start <= end && end <= bytes.length, 'a message lies inside what arrived')
    check(end - start <= MAX_MESSAGE_BYTES, 'no message is larger than allowed')
    this.deliveredBytes += end - start
    this.heard?.push({ lane, typeId, bytes: bytes.slice(start, end) })
  }

  handlePong(...times: number[]): void {
    for (const time of times) check(Number.isFinite(time), 'the times of a pong are numbers')
  }

  /** Queues a message of this content. Lane: 0 unreliable, 1 sequenced, 2 reliable, 3 ordered; on one of three channels. */
  send(
    lane: number,
    content: Uint8Array,
    now: number,
    options: { channel?: number; redundancy?: number; ttlMs?: number; priority?: number } = {},
  ): boolean {
    const { channel = 0, redundancy = 0, ttlMs = Number.POSITIVE_INFINITY, priority = 3 } = options
    const message = pool.frame(5 + (lane & 3), content)
    message.lane = [UNRELIABLE_LANE, SEQUENCED_LANE, laneIndex(channel, false), laneIndex(channel, true)][lane & 3]!
    message.redundancy = lane < 2 ? redundancy : 0
    message.priority = priority
    return this.connection.send(message, ttlMs, now)
  }

  /** All that leaves now: payloads with their numbers. */
  transmit(now: number): { sequence: number; bytes: Uint8Array }[] {
    const packets: { sequence: number; bytes: Uint8Array }[] = []
    const { connection } = this
    connection.handleTimeout(now)
    connection.beginTransmit(now)
    for (;;) {
      const length = connection.pollPayload(buffer, 3, 3 + MAX_PAYLOAD_BYTES, this.nextSequence, now)
      if (length === 0) break
      check(length > 0 && length <= MAX_PAYLOAD_BYTES, 'a payload fits into its packet')
      packets.push({ sequence: this.nextSequence++, bytes: buffer.slice(3, 3 + length) })
      check(packets.length < 5000, 'a transmit ends')
    }
    connection.endTransmit(now)
    return packets
  }

  receive(bytes: Uint8Array, sequence: number, now: number): boolean {
    return this.connection.handlePayload(bytes, 0, bytes.length, sequence, this.nextSequence, now)
  }

  checkBounds(now: number): void {
    const { connection } = this
    check(connection.heldMessages <= WINDOW.messages * 7, 'what is held stays inside the windows')
    check(connection.queuedBytes >= 0 && connection.queuedBytes <= MAX_SEND_QUEUE_BYTES + 1024, 'the send queue stays inside its limit')
    check(connection.path.bytesInFlight >= 0, 'no less than nothing is in flight')
    check(
      Number.isFinite(connection.path.congestionWindow) && connection.path.congestionWindow >= 2400,
      'the window is a number, and at least two packets',
    )
    check(!Number.isNaN(connection.nextDeadline()), 'the next deadline is a time')
    check(connection.path.probeTimeoutMs >= 0 && connection.path.probeTimeoutMs < 1e6, 'the probe timeout is a time')
    check(connection.path.rtt.smoothed >= 0 && Number.isFinite(connection.path.rtt.smoothed), 'the round-trip time is a number')
    check(connection.path.loss.share(now) >= 0 && connection.path.loss.share(now) <= 1, 'the loss is a share')
  }

  close(): void {
    this.connection.close()
  }
}
