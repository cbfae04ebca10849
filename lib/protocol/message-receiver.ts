// The receiving half of a connection: reads the message frames of a packet and brings each message to its lane. Bytes that break the rules are never an exception:
// the readers return -1, and the connection ends with a protocol error.
import { readUint24 } from '../wire/bytes.js'
import { MAX_CONTROL_BYTES } from '../wire/limits.js'
import { VarintReader } from '../wire/varint.js'
import { FragmentFrame } from './fragment-frame.js'
import {
  ORDERED,
  ORDERED_ALIKE,
  ORDERED_FRAGMENT,
  RELIABLE,
  RELIABLE_ALIKE,
  RELIABLE_FRAGMENT,
  SEQUENCED,
  SEQUENCED_FRAGMENT,
  UNRELIABLE,
  UNRELIABLE_FRAGMENT,
  UNRELIABLE_NUMBERED,
} from './frames.js'
import { LaneReceiver, type MessageSink } from './lane-receiver.js'
import { CONTROL_LANE, CONTROL_WINDOW, LANES, type LaneWindow, laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from './lanes.js'
import { UnreliableReceiver } from './unreliable-receiver.js'

const reader = new VarintReader()
const fragment = new FragmentFrame()

export class MessageReceiver {
  readonly #sink: MessageSink
  readonly #window: LaneWindow
  readonly #maxMessageBytes: number
  /** Bit c: the game uses channel c. */
  readonly #channels: number
  readonly #lanes: (LaneReceiver | undefined)[] = new Array(LANES).fill(undefined)
  readonly open: LaneReceiver[] = []
  readonly #unreliable: UnreliableReceiver
  /** The highest id of the game's definitions: of others nothing is remembered. */
  readonly #maxTypeId: number

  constructor(sink: MessageSink, window: LaneWindow, maxMessageBytes: number, channels: number, maxTypeId = MAX_TYPE_ID) {
    this.#sink = sink
    this.#window = window
    this.#maxMessageBytes = maxMessageBytes
    this.#channels = channels
    this.#unreliable = new UnreliableReceiver(maxMessageBytes)
    this.#maxTypeId = maxTypeId
  }

  /** Large unreliable and sequenced messages that were begun, and the segments that they ask for, since the connection was made. */
  get begunReassemblies(): number {
    return this.#unreliable.begun
  }

  /** Messages that wait for an earlier one, on all lanes. */
  get heldMessages(): number {
    let held = 0
    for (const lane of this.open) held += lane.heldMessages
    return held
  }

  lane(index: number): LaneReceiver | undefined {
    return this.#lanes[index]
  }

  /** Reads a frame of the given type whose body begins at `at`. Returns the offset behind it, -1 where it breaks the rules, -2 where the type is none of messages. */
  read(type: number, bytes: Uint8Array, at: number, end: number): number {
    switch (type) {
      case ORDERED:
      case RELIABLE:
        return this.#readRun(type === ORDERED, bytes, at, end)
      case ORDERED_ALIKE:
      case RELIABLE_ALIKE:
        return this.#readAlike(type === ORDERED_ALIKE, bytes, at, end)
      case UNRELIABLE:
        return this.#readUnreliable(bytes, at, end)
      case SEQUENCED:
      case UNRELIABLE_NUMBERED:
        return this.#readNumbered(type === SEQUENCED, bytes, at, end)
      case ORDERED_FRAGMENT:
      case RELIABLE_FRAGMENT:
        return this.#readFragment(type === ORDERED_FRAGMENT, bytes, at, end)
      case SEQUENCED_FRAGMENT:
      case UNRELIABLE_FRAGMENT:
        return this.#readUnreliableFragment(type === SEQUENCED_FRAGMENT, bytes, at, end)
      default:
        return -2
    }
  }

  #readRun(isOrdered: boolean, bytes: Uint8Array, at: number, end: number): number {
    if (at + 5 > end) return -1
    const lane = this.#laneOf(bytes[at]!, isOrdered)
    if (lane === undefined) return -1
    let id = lane.restore(readUint24(bytes, at + 1))
    let offset = at + 5
    for (let left = bytes[at + 4]!; left > 0; left--, id++) {
      const payload = readHeader(bytes, offset, end)
      if (payload < 0) return -1
      offset = payload + header.length
      if (!lane.receive(id, header.typeId, bytes, payload, offset)) return -1
    }
    return offset
  }

  /** A run whose messages share a header. */
  #readAlike(isOrdered: boolean, bytes: Uint8Array, at: number, end: number): number {
    if (at + 5 > end) return -1
    const lane = this.#laneOf(bytes[at]!, isOrdered)
    const count = bytes[at + 4]!
    let offset = readHeader(bytes, at + 5, end)
    if (lane === undefined || count === 0 || offset < 0 || offset + count * header.length > end) return -1
    const { typeId, length } = header
    let id = lane.restore(readUint24(bytes, at + 1))
    for (let left = count; left > 0; left--, id++, offset += length)
      if (!lane.receive(id, typeId, bytes, offset, offset + length)) return -1
    return offset
  }

  #readUnreliable(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return -1
    let offset = at + 1
    for (let left = bytes[at]!; left > 0; left--) {
      const payload = readHeader(bytes, offset, end)
      if (payload < 0) return -1
      offset = payload + header.length
      this.#sink.handleMessage(UNRELIABLE_LANE, header.typeId, bytes, payload, offset, false)
    }
    return offset
  }

  #readNumbered(isSequenced: boolean, bytes: Uint8Array, at: number, end: number): number {
    if (at + 3 > end) return -1
    const payload = readHeader(bytes, at + 3, end)
    if (payload < 0) return -1
    const offset = payload + header.length
    const low = readUint24(bytes, at)
    if (isSequenced ? this.#isNewest(header.typeId, low) : this.#unreliable.acceptNumbered(low))
      this.#sink.handleMessage(isSequenced ? SEQUENCED_LANE : UNRELIABLE_LANE, header.typeId, bytes, payload, offset, false)
    return offset
  }

  /** What is of no definition of the game counts as new: it is dropped above, where that is counted. */
  #isNewest(typeId: number, low: number): boolean {
    return typeId > this.#maxTypeId || this.#unreliable.acceptSequenced(typeId, low)
  }

  #readFragment(isOrdered: boolean, bytes: Uint8Array, at: number, end: number): number {
    if (at + 4 > end) return -1
    const lane = this.#laneOf(bytes[at]!, isOrdered)
    if (lane === undefined || !fragment.read(bytes, at + 4, end) || fragment.typeId > MAX_TYPE_ID) return -1
    return lane.receiveFragment(lane.restore(readUint24(bytes, at + 1)), fragment, bytes) ? fragment.end : -1
  }

  #readUnreliableFragment(isSequenced: boolean, bytes: Uint8Array, at: number, end: number): number {
    if (at + 3 > end || !fragment.read(bytes, at + 3, end)) return -1
    if (fragment.totalBytes > this.#maxMessageBytes || fragment.typeId > MAX_TYPE_ID) return -1
    const behind = fragment.end
    if (fragment.typeId > this.#maxTypeId) return behind
    const whole = this.#unreliable.receiveFragment(isSequenced, readUint24(bytes, at), fragment, bytes)
    if (whole !== undefined)
      this.#sink.handleMessage(isSequenced ? SEQUENCED_LANE : UNRELIABLE_LANE, whole.typeId, whole.toBytes(), 0, whole.totalBytes, true)
    return behind
  }

  /** The lane of a channel that the game uses; undefined for any other. */
  #laneOf(channel: number, isOrdered: boolean): LaneReceiver | undefined {
    const index = laneIndex(channel, isOrdered)
    if (index < 0) return undefined
    const lane = this.#lanes[index]
    if (lane !== undefined) return lane
    if (index === CONTROL_LANE) return this.#openLane(index, CONTROL_WINDOW, MAX_CONTROL_BYTES)
    if ((this.#channels & (1 << channel)) === 0) return undefined
    return this.#openLane(index, this.#window, this.#maxMessageBytes)
  }

  /** Control messages begin anew, or go on where those of another connection stood. */
  changeControlLane(from: MessageReceiver | undefined): void {
    this.#takeControlLane()
    const lane = from === undefined ? undefined : from.#takeControlLane()
    if (lane === undefined) return
    lane.sink = this.#sink
    this.#lanes[CONTROL_LANE] = lane
    this.open.push(lane)
  }

  #takeControlLane(): LaneReceiver | undefined {
    const lane = this.#lanes[CONTROL_LANE]
    if (lane === undefined) return undefined
    this.#lanes[CONTROL_LANE] = undefined
    this.open.splice(this.open.indexOf(lane), 1)
    return lane
  }

  #openLane(index: number, window: LaneWindow, maxMessageBytes: number): LaneReceiver {
    const lane = new LaneReceiver(index, window, maxMessageBytes, this.#sink)
    this.#lanes[index] = lane
    this.open.push(lane)
    return lane
  }
}

/** The largest type id that a header may name: two bytes of varint. */
const MAX_TYPE_ID = 16_383

/** The header of a message as it was read. */
const header = { typeId: 0, length: 0 }

/** Reads type and length at `at`. Returns the offset of the payload, or -1 where the message is cut off. */
function readHeader(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -1
  let typeId = bytes[at]!
  let length = bytes[at + 1]!
  let payload = at + 2
  if ((typeId | length) >= 0x80) {
    if (!reader.read(bytes, at, end)) return -1
    typeId = reader.value
    if (!reader.read(bytes, reader.offset, end)) return -1
    length = reader.value
    payload = reader.offset
  }
  if (payload + length > end || typeId > MAX_TYPE_ID) return -1
  header.typeId = typeId
  header.length = length
  return payload
}
