// What is remembered of numbers, against models that remember everything: the replay window, the token history, received packets and their acks, repeats of unreliable messages,
// and fragments of messages. The first byte of an input says which.
import { ReplayWindow } from '../../lib/netcode/replay-window.js'
import { TokenHistory } from '../../lib/netcode/token-history.js'
import type { FragmentFrame } from '../../lib/protocol/fragment-frame.js'
import { FragmentFrame as Frame } from '../../lib/protocol/fragment-frame.js'
import { LaneReceiver } from '../../lib/protocol/lane-receiver.js'
import { AckRanges, ReceivedPackets, readAck } from '../../lib/protocol/received-packets.js'
import { UnreliableReceiver } from '../../lib/protocol/unreliable-receiver.js'
import { BLOCK_BYTES, MAX_ACK_RANGES, UNRELIABLE_HISTORY } from '../../lib/wire/limits.js'
import { StepReader } from '../steps.js'
import { bytesOf, check, sameBytes, type Target } from '../target.js'

const REPLAY_WINDOW = 4096

/** What arrives is at most so many numbers old (lib/protocol/frames.ts). */
const MAX_AGE = 2_400_000

/** Numbers that go up and down by what the input says: two bytes each, signed, times a factor. */
function* walk(input: Uint8Array, start: number, factor = 1): Generator<number> {
  let at = start
  for (let i = 0; i + 2 <= input.length; i += 2) {
    at = Math.max(0, at + (((input[i]! | (input[i + 1]! << 8)) << 16) >> 16) * factor)
    yield at
  }
}

function checkReplayWindow(input: Uint8Array): void {
  const window = new ReplayWindow()
  const received = new Set<number>()
  let recent = 0
  // From just below 2^32, so that the halves of a sequence carry.
  for (const sequence of walk(input, input.length % 2 === 0 ? 2 ** 32 - 40 : 5)) {
    const low = sequence >>> 0
    const high = Math.floor(sequence / 2 ** 32)
    const isKnown = received.has(sequence) || recent - sequence >= REPLAY_WINDOW
    check(window.isReceived(low, high) === isKnown, 'the replay window knows the last 4096 numbers, and takes older ones as known')
    if (isKnown) continue
    window.advance(low, high)
    received.add(sequence)
    recent = Math.max(recent, sequence)
  }
}

const MAX_TOKENS = 4

function checkTokenHistory(input: Uint8Array): void {
  const history = new TokenHistory(MAX_TOKENS, false)
  const known = new Map<number, { expires: number; host: string; isConsumed: boolean }>()
  const read = new StepReader(input)
  let now = 0
  for (let i = 0; i < input.length; i += 3) {
    const [operation, id, value] = [read.uint8(), read.uint8() & 7, read.uint8()]
    const mac = new Uint8Array(16).fill(id)
    const host = `10.0.0.${value & 1}`
    const entry = known.get(id)
    if (operation % 4 === 0) {
      now += value
      history.expire(now)
      for (const [key, { expires }] of known) if (expires <= now) known.delete(key)
    } else if (operation % 4 === 1) {
      history.consume(mac, 0, host, 1)
      if (entry !== undefined) entry.isConsumed = true
    } else {
      const expected =
        entry === undefined
          ? known.size >= MAX_TOKENS
            ? 'full'
            : 'accepted'
          : entry.isConsumed
            ? 'consumed'
            : entry.host === host
              ? 'accepted'
              : 'other-address'
      const expires = now + 1 + value
      check(history.admit(mac, expires, host, 1) === expected, 'a token opens one session, from one address')
      if (entry === undefined && expected === 'accepted') known.set(id, { expires, host, isConsumed: false })
    }
    check(history.size === known.size && history.size <= MAX_TOKENS, 'the history holds what has not expired, and no more than it may')
  }
}

const ranges = new AckRanges()

function checkReceivedPackets(input: Uint8Array): void {
  const packets = new ReceivedPackets()
  const arrived = new Set<number>()
  for (const sequence of walk(input, 2 ** 33)) {
    packets.add(sequence) // what was forgotten may be new once more: the link lets no number through twice
    arrived.add(sequence)
    if (sequence % 97 === 0) packets.forget(sequence - 500)
    check(packets.rangeCount <= MAX_ACK_RANGES, 'ranges are bounded')
  }
  if (arrived.size === 0) return
  const next = Math.max(...arrived) + 1
  check(packets.largest === next - 1, 'the largest is the largest')
  for (const room of [400, 24, 9, 5]) {
    const bytes = new Uint8Array(room)
    const end = packets.write(bytes, 0, room, 12.5)
    if (end === 0) continue
    check(end <= room && readAck(bytes, 1, end, next, ranges) === end, 'an ack that was written is read')
    check(ranges.largest === next - 1 && ranges.delayMs === 12.5, 'an ack tells the largest and its delay')
    for (let i = 0; i < ranges.count; i++) {
      check(i === 0 || ranges.last[i]! < ranges.first[i - 1]! - 1, 'ranges go down, with gaps between')
      for (let sequence = ranges.first[i]!; sequence <= ranges.last[i]!; sequence++)
        check(arrived.has(sequence), 'nothing is acknowledged that has not arrived')
    }
  }
}

/** The body of an ack, as it stands. */
function checkAck(input: Uint8Array): void {
  const nextSequence = input.length % 2 === 0 ? 100 : 2 ** 32 + 50
  const end = readAck(input, 0, input.length, nextSequence, ranges)
  if (end < 0) return
  check(end <= input.length, 'an ack ends inside its bytes')
  check(
    ranges.count >= 1 && ranges.count <= MAX_ACK_RANGES && ranges.largest < nextSequence,
    'an ack names what was sent, in at most 64 ranges',
  )
  check(ranges.delayMs >= 0 && Number.isFinite(ranges.delayMs), 'a delay is a number')
  for (let i = 0; i < ranges.count; i++) {
    check(ranges.first[i]! >= 0 && ranges.first[i]! <= ranges.last[i]!, 'a range begins at or before its end')
    check(i === 0 || ranges.last[i]! < ranges.first[i - 1]! - 1, 'ranges go down, with gaps between')
  }
}

function checkRepeats(input: Uint8Array): void {
  const receiver = new UnreliableReceiver(1000)
  const accepted = new Set<number>()
  let newest = -1
  // Far enough for the 24 bits to wrap.
  for (const number of walk(input, 0, input.length % 2 === 0 ? 1 : 97)) {
    if (number < newest - MAX_AGE) continue
    const isExpected = !accepted.has(number) && number > newest - UNRELIABLE_HISTORY
    check(receiver.acceptNumbered(number & 0xffffff) === isExpected, 'a repeat is told from what is new')
    if (isExpected) accepted.add(number)
    newest = Math.max(newest, number)
  }
  let last = -1
  for (const number of walk(input, 0, 3)) {
    check(receiver.acceptSequenced(7, number & 0xffffff) === number > last, 'a sequenced message is taken where it is newer')
    last = Math.max(last, number)
  }
}

/** Eight messages of 1 to 4500 bytes. */
const CONTENTS = Array.from({ length: 8 }, (_, id) => Uint8Array.from({ length: 1 + ((id * 1471) % 5000) }, (_, i) => id * 31 + i))
const LANE_WINDOW = { messages: 8, bytes: 40_000 }

/** Messages of known content, whole and in fragments, in any order and as often as the input says: each is delivered once, whole and unharmed. */
function checkFragments(input: Uint8Array): void {
  const read = new StepReader(input)
  const isOrdered = (read.uint8() & 1) === 0
  const delivered: number[] = []
  const arrived = CONTENTS.map(({ length }) => new Set(Array.from({ length: Math.ceil(length / BLOCK_BYTES) }, (_, i) => i)))
  const lane = new LaneReceiver(isOrdered ? 1 : 33, LANE_WINDOW, 5000, {
    handleMessage(_lane, typeId, bytes, start, end) {
      check(!delivered.includes(typeId), 'a message is delivered once')
      check(sameBytes(bytes.slice(start, end), CONTENTS[typeId]!), 'a message is delivered whole and unharmed')
      delivered.push(typeId)
    },
  })
  for (let i = 1; i + 3 <= input.length; i += 3) {
    const [choice, block, count] = [read.uint8(), read.uint8(), read.uint8()]
    const id = choice & 7
    const content = CONTENTS[id]!
    const missing = arrived[id]!
    if (choice >= 224) {
      check(lane.receive(id, id, content, 0, content.length), 'a whole message inside its window is taken')
      missing.clear()
    } else {
      const blocks = Math.ceil(content.length / BLOCK_BYTES)
      const firstBlock = block % blocks
      const end = Math.min(content.length, (firstBlock + 1 + (count % 18)) * BLOCK_BYTES)
      check(lane.receiveFragment(id, fragmentOf(id, content.length, firstBlock, end), content), 'a fragment inside its window is taken')
      for (let b = firstBlock; b * BLOCK_BYTES < end; b++) missing.delete(b)
    }
    if (lane.needsRaise) lane.raise()
    check(lane.heldMessages <= LANE_WINDOW.messages, 'what is held stays inside the window')
  }
  const complete = arrived.flatMap((missing, id) => (missing.size === 0 ? [id] : []))
  const expected = isOrdered ? complete.filter((id) => complete.includes(id) && complete.indexOf(id) === id) : complete
  check(
    delivered.length === expected.length && expected.every((id) => delivered.includes(id)),
    'all that is complete, and in its turn, is delivered',
  )
  if (isOrdered)
    check(
      delivered.every((id, i) => id === i),
      'ordered messages come in order',
    )
}

function fragmentOf(typeId: number, totalBytes: number, firstBlock: number, end: number): FragmentFrame {
  const fragment = new Frame()
  fragment.typeId = typeId
  fragment.totalBytes = totalBytes
  fragment.firstBlock = firstBlock
  fragment.start = firstBlock * BLOCK_BYTES
  fragment.end = end
  return fragment
}

const CHECKS = [checkReplayWindow, checkTokenHistory, checkReceivedPackets, checkAck, checkRepeats, checkFragments]

export const memories: Target = {
  name: 'memories',
  about: 'replay window, token history, received packets, acks, repeats and fragments, against models',
  format: 'bytes',
  maxBytes: 160,
  share: 50,
  dictionary: [
    bytesOf(1, 0),
    bytesOf(255, 255),
    bytesOf(0, 16),
    bytesOf(255, 15),
    bytesOf(0, 240),
    bytesOf(0, 4),
    bytesOf(0, 252),
    bytesOf(2, 0),
    bytesOf(63),
  ],
  run(input) {
    if (input.length > 0) CHECKS[input[0]! % CHECKS.length]!(input.slice(1))
  },
  seeds: () =>
    CHECKS.flatMap((_, i) => [
      bytesOf(i, 1, 0, 1, 0, 255, 255, 2, 0, 0, 16, 1, 0),
      bytesOf(
        i,
        Uint8Array.from({ length: 60 }, (_, j) => (j * 37) & 255),
      ),
      bytesOf(i, 0, 0, 0, 10, 10, 1, 3, 2, 255, 1, 0, 0, 0, 0, 0),
    ]),
}
