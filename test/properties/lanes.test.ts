// Lanes, windows, fragments and repeats against the plainest model of them: what was sent, in a list. Between both halves packets are lost, late, repeated and out of order,
// and acknowledged, taken for lost, or both.
import fc from 'fast-check'
import t from 'tap'
import type { MessageSink } from '../../lib/protocol/lane-receiver.js'
import { CONTROL_LANE, isOrderedLane, laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from '../../lib/protocol/lanes.js'
import { MessageReceiver } from '../../lib/protocol/message-receiver.js'
import { MessageSender } from '../../lib/protocol/message-sender.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { UnreliableReceiver } from '../../lib/protocol/unreliable-receiver.js'
import { MAX_REDUNDANT_BYTES, UNRELIABLE_HISTORY } from '../../lib/wire/limits.js'
import { numberOf, payload } from '../protocol/payloads.js'
import { holds } from './property.js'

const MAX_MESSAGE_BYTES = 4096
const WINDOW = { messages: 12, bytes: 2 * MAX_MESSAGE_BYTES }
const ROOM = 600

/** Two channels, each ordered and reliable; two sequenced definitions; and unreliable messages that are numbered, as they repeat. */
const LANES_USED = [laneIndex(0, true), laneIndex(0, false), laneIndex(3, true), laneIndex(3, false), SEQUENCED_LANE, UNRELIABLE_LANE]

interface Packet {
  readonly bytes: Uint8Array
  readonly items: number[]
  readonly raises: { lane: number; messageLimit: number; byteLimit: number }[]
  hasArrived: boolean
  isSettled: boolean
}

interface Sent {
  readonly number: number
  readonly lane: number
  readonly typeId: number
  readonly bytes: number
}

class World implements MessageSink {
  readonly #pool = new PayloadPool()
  readonly #sender = new MessageSender(this.#pool, WINDOW)
  readonly #receiver = new MessageReceiver(this, WINDOW, MAX_MESSAGE_BYTES, 0b1001)
  readonly sent: Sent[] = []
  readonly #delivered = new Set<number>()
  /** By lane, and by definition for sequenced ones: the number of the last delivered. */
  readonly #last = new Map<string, number>()
  readonly #packets: Packet[] = []
  /** Word of windows on its way back. */
  #words: Packet['raises'] = []

  send(lane: number, bytes: number, priority: number, redundancy: number): void {
    const number = this.sent.length
    const typeId = lane === SEQUENCED_LANE ? 1 + (number & 1) : 300
    const message = this.#pool.frame(typeId, payload(number, bytes))
    message.lane = lane
    // A definition has one priority and one redundancy; of the sequenced ones, one repeats.
    message.priority = lane === SEQUENCED_LANE ? 2 + typeId : priority
    const repeats = lane === SEQUENCED_LANE ? (typeId - 1) * 2 : lane === UNRELIABLE_LANE ? Math.max(1, redundancy) : redundancy
    message.redundancy = bytes <= MAX_REDUNDANT_BYTES ? repeats : 0
    message.expiresAt = Number.POSITIVE_INFINITY
    this.sent.push({ number, lane, typeId, bytes: Math.max(4, bytes) })
    this.#sender.push(message)
  }

  /** One packet leaves, where there is anything to say. */
  transmit(room: number, admitsBlocks: boolean): boolean {
    this.#sender.beginUpdate(0)
    this.#sender.maxWholeBytes = room - 6
    this.#sender.admitsBlocks = admitsBlocks
    const bytes = new Uint8Array(room + 1).fill(0xee)
    const items: number[] = []
    const end = this.#sender.write(bytes, 0, room, items, true, true, 0)
    if (end > room || bytes[room] !== 0xee) throw new Error('a packet was filled beyond its end')
    if (end === 0) return false
    this.#packets.push({ bytes: bytes.slice(0, end), items, raises: [], hasArrived: false, isSettled: false })
    return true
  }

  /** A packet arrives, for the first time or again. */
  deliver(packet: Packet | undefined): void {
    if (packet === undefined) return
    packet.hasArrived = true
    for (let at = 0; at < packet.bytes.length; ) {
      at = this.#receiver.read(packet.bytes[at]!, packet.bytes, at + 1, packet.bytes.length)
      if (at < 0) throw new Error(`a packet of ours was refused: ${at}`)
    }
    this.#checkWindows()
  }

  acknowledge(packet: Packet | undefined): void {
    if (packet === undefined || !packet.hasArrived || packet.isSettled) return
    packet.isSettled = true
    this.#sender.handleItemsAcked(packet.items)
  }

  /** It may have arrived, or arrive yet. */
  lose(packet: Packet | undefined): void {
    if (packet === undefined || packet.isSettled) return
    this.#sender.handleItemsLost(packet.items)
  }

  /** What a side that reads its messages says of its windows; it may get lost, and is said again then. */
  raise(arrives: boolean): void {
    for (const lane of this.#receiver.open) {
      if (!lane.needsRaise) continue
      lane.raise()
      this.#words.push({ lane: lane.lane, messageLimit: lane.messageLimit, byteLimit: lane.byteLimit })
      if (!arrives) lane.repeatRaise()
    }
    if (arrives)
      for (const { lane, messageLimit, byteLimit } of this.#words.reverse())
        this.#sender.raiseWindow(lane, messageLimit & 0xffffff, byteLimit)
    this.#words = []
  }

  packet(index: number): Packet | undefined {
    return this.#packets[this.#packets.length - 1 - index]
  }

  requeueAll(): void {
    this.#sender.requeueAll()
  }

  get queuedBytes(): number {
    return this.#sender.queuedBytes
  }

  /** The network has healed: everything must come through. */
  drain(): void {
    for (const packet of this.#packets) this.lose(packet)
    const limit = 200 + this.sent.reduce((sum, { bytes }) => sum + 2 + Math.ceil(bytes / 200), 0)
    for (let round = 0; !this.#sender.isIdle; round++) {
      if (round > limit) throw new Error('no progress')
      while (this.transmit(ROOM, true)) {
        const packet = this.packet(0)
        this.deliver(packet)
        this.acknowledge(packet)
      }
      this.raise(true)
    }
    const missing = this.sent.filter(({ lane, number }) => lane >= 0 && !this.#delivered.has(number))
    if (missing.length > 0) throw new Error(`never arrived: ${missing.map(({ number }) => number)}`)
    if (this.#sender.pendingAcks !== 0) throw new Error(`${this.#sender.pendingAcks} messages are still pending`)
    if (this.#receiver.heldMessages !== 0) throw new Error(`${this.#receiver.heldMessages} messages are still held`)
    this.#sender.clear()
    if (this.queuedBytes !== 0) throw new Error(`${this.queuedBytes} bytes are still queued`)
  }

  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number): void {
    const number = numberOf(bytes.subarray(start, end))
    const sent = this.sent[number]
    if (sent === undefined || sent.lane !== lane || sent.typeId !== typeId || sent.bytes !== end - start)
      throw new Error(`message ${number} is not what was sent`)
    if (this.#delivered.has(number)) throw new Error(`message ${number} was delivered twice`)
    this.#delivered.add(number)
    const isInOrder = lane === SEQUENCED_LANE || (lane >= 0 && isOrderedLane(lane))
    if (!isInOrder) return
    const key = lane === SEQUENCED_LANE ? `definition ${typeId}` : `lane ${lane}`
    const last = this.#last.get(key) ?? -1
    if (number < last) throw new Error(`message ${number} came behind ${last} of its ${key}`)
    // On an ordered lane none may be left out.
    if (lane >= 0 && this.sent.some((other) => other.lane === lane && other.number > last && other.number < number))
      throw new Error(`a message before ${number} was left out`)
    this.#last.set(key, number)
  }

  /** No more is held than was announced. */
  #checkWindows(): void {
    for (let index = 0; index <= CONTROL_LANE; index++) {
      const lane = this.#receiver.lane(index)
      if (lane !== undefined && lane.heldMessages > WINDOW.messages) throw new Error('more messages are held than the window has')
    }
  }
}

const packets = fc.oneof(fc.constant(0), fc.nat(30))
const operations = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        lane: fc.constantFrom(...LANES_USED),
        bytes: fc.oneof({ weight: 5, arbitrary: fc.nat(60) }, fc.nat(700), fc.integer({ min: 600, max: MAX_MESSAGE_BYTES })),
        priority: fc.nat(7),
        redundancy: fc.nat(2),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('transmit' as const),
        room: fc.constantFrom(ROOM, ROOM, ROOM, 900, 300),
        admitsBlocks: fc.nat(5).map((n) => n > 0),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('deliver' as const), packet: packets }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), packet: packets }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose' as const), packet: packets }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('raise' as const), arrives: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('requeue' as const), chance: fc.nat(5) }) },
  ),
  { maxLength: 120, size: 'max' },
)

t.test(
  'reliable messages arrive exactly once and whole, ordered ones in order, sequenced ones never backwards, whatever becomes of packets',
  async () => {
    holds(
      fc.property(operations, (list) => {
        const world = new World()
        for (const operation of list) {
          switch (operation.kind) {
            case 'send':
              // A large unreliable message has no number to tell repeats by: that is the link's replay protection, which repeats packets never pass.
              world.send(
                operation.lane,
                operation.lane === UNRELIABLE_LANE ? operation.bytes % 60 : operation.bytes,
                operation.priority,
                operation.redundancy,
              )
              break
            case 'transmit':
              world.transmit(operation.room, operation.admitsBlocks)
              break
            case 'deliver':
              world.deliver(world.packet(operation.packet))
              break
            case 'acknowledge':
              world.acknowledge(world.packet(operation.packet))
              break
            case 'lose':
              world.lose(world.packet(operation.packet))
              break
            case 'raise':
              world.raise(operation.arrives)
              break
            case 'requeue':
              if (operation.chance === 0) world.requeueAll()
          }
        }
        world.drain()
      }),
      400,
    )
  },
)

t.test('numbered messages are taken once, as far as a window of 1024 remembers, across the wrap of 24 bits', async () => {
  const moves = fc.array(
    fc.oneof(
      fc.integer({ min: -30, max: 12 }),
      fc.integer({ min: -1100, max: 1100 }),
      fc.constantFrom(-1023, -1024, -1025, 1023, 1024, 1025, 100_000),
    ),
    { maxLength: 120, size: 'max' },
  )
  const steps = 2 ** 23
  holds(
    fc.property(fc.constantFrom(0, 1, 1023, steps, 2 * steps - 40, 2 * steps, 4 * steps - 7), moves, (start, list) => {
      const receiver = new UnreliableReceiver(1000)
      const taken = new Set<number>()
      let newest = -1
      const offer = (number: number): boolean => {
        const isNew = number > newest - UNRELIABLE_HISTORY && !taken.has(number)
        if (isNew) {
          taken.add(number)
          newest = Math.max(newest, number)
        }
        return receiver.acceptNumbered(number & 0xffffff) === isNew
      }
      for (let number = 0; number < start; number += 3_000_000) offer(number) // to where the test begins
      for (const move of [start - newest, ...list]) if (newest + move >= 0 && !offer(newest + move)) return false
      return true
    }),
    300,
  )
})

t.test('of a sequenced definition only what is newer than the last is taken, across the wrap of 24 bits', async () => {
  const moves = fc.array(
    fc.record({ typeId: fc.nat(2), move: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(-4_000_000, 12_000_000, 1000)) }),
    { maxLength: 60, size: 'max' },
  )
  holds(
    fc.property(moves, (list) => {
      const receiver = new UnreliableReceiver(1000)
      const last = [-1, -1, -1]
      for (const { typeId, move } of list) {
        const number = last[typeId]! + move
        if (number < 0) continue
        if (receiver.acceptSequenced(typeId, number & 0xffffff) !== number > last[typeId]!) return false
        last[typeId] = Math.max(last[typeId]!, number)
      }
      return true
    }),
    200,
  )
})
