// What a player with valid keys can do to a server: each attack fills one packet at a time.
import { Goodbye, Hello, type Hello as HelloValues, MAX_HELLO_DATA_BYTES } from '../lib/endpoint/control-messages.js'
import {
  ACK,
  FIRST_SKIPPABLE,
  PING,
  PONG,
  SEQUENCED,
  SEQUENCED_FRAGMENT,
  UNRELIABLE,
  UNRELIABLE_FRAGMENT,
  UNRELIABLE_NUMBERED,
  WINDOW,
} from '../lib/protocol/frames.js'
import {
  CANCELLATION,
  CONFIRMABLE,
  CONFIRMATION,
  encodeCancellation,
  encodeConfirmable,
  encodeConfirmation,
} from '../lib/sessions/system-messages.js'
import { BYTE_WINDOW, CONTROL_CHANNEL, MAX_MESSAGE_BYTES, MESSAGE_WINDOW } from '../lib/wire/limits.js'
import type { Insider } from './insider.js'
import { Blob, Data, List, Loose, Move, Snapshot, Tick } from './messages.js'
import type { Payload } from './payload.js'

/**
 * What becomes of the attacker: it plays on and gains nothing (`tolerated`), what is above `maxMessagesPerSecond` is dropped (`limited`), its connection ends, or it never gets in (`refused`).
 */
export type Outcome = 'tolerated' | 'limited' | 'protocol-error' | 'overflow' | 'refused' | 'closed' | 'timeout'

/** What an attack remembers between its packets. */
export interface Memo {
  /** The next id of a lane. */
  id: number
  value: Uint8Array | undefined
}

export interface InsiderAttack {
  readonly name: string
  readonly outcome: Outcome
  readonly hello?: Partial<HelloValues>
  readonly isMute?: boolean
  readonly isSilent?: boolean
  /** The server floods it with reliable messages meanwhile. */
  readonly wantsBulk?: boolean
  /** Fills the packet with this index. Leaves it empty where there is nothing (more) to send. */
  fill(payload: Payload, n: number, insider: Insider, memo: Memo): void
}

const NOTHING = new Uint8Array(0)
const FOUR = new Uint8Array(4)
const TICK = new Uint8Array(12)
const BLOCK = new Uint8Array(64)

/** The last block of the largest message, with one byte in it. */
const LAST_BLOCK = 4095
const LARGEST = LAST_BLOCK * 64 + 1

function packedValue(token: number, count: number, body: Uint8Array): Uint8Array {
  const head = Uint8Array.of(token, count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255)
  const value = new Uint8Array(head.length + body.length)
  value.set(head)
  value.set(body, head.length)
  return value
}

/** An array of empty maps: the most objects for the fewest bytes. */
function manyMaps(count: number): Uint8Array {
  return packedValue(0xdd, count, new Uint8Array(count).fill(0x80))
}

/** A map of distinct keys of three characters. */
function manyKeys(): Uint8Array {
  const count = 50_000
  const body = new Uint8Array(count * 5)
  for (let i = 0; i < count; i++) body.set([0xa3, 33 + (i % 90), 33 + (Math.floor(i / 90) % 90), 33 + Math.floor(i / 8100), 0xc0], i * 5)
  return packedValue(0xdf, count, body)
}

function list(count: number): Uint8Array {
  const bytes = new Uint8Array(3 + count)
  bytes.set([(count & 127) | 128, ((count >> 7) & 127) | 128, count >> 14])
  return bytes
}

/** Sends one large message, reliable and in order, piece by piece; then the next. */
function sendLarge(payload: Payload, n: number, memo: Memo, typeId: number, make: () => Uint8Array): void {
  memo.value ??= make()
  const perPacket = 1088
  const packets = Math.ceil(memo.value.length / perPacket)
  const at = (n % packets) * perPacket
  payload.fragment(true, 0, Math.floor(n / packets), typeId, memo.value.length, at / 64, memo.value.subarray(at, at + perPacket))
}

/** A run of ordered messages with the next ids of channel 0. */
function nextRun(payload: Payload, memo: Memo, typeId: number, bytes: Uint8Array): void {
  for (let count = payload.runRoom(typeId, bytes.length); count > 0; count = payload.runRoom(typeId, bytes.length)) {
    payload.run(true, 0, memo.id, count, typeId, bytes)
    memo.id += count
  }
}

/** The next message of the control channel; Hello was 0. */
function control(payload: Payload, memo: Memo, typeId: number, bytes: Uint8Array): void {
  payload.run(true, CONTROL_CHANNEL, 1 + memo.id++, 1, typeId, bytes)
}

/** An ack of every number from `first` to `last`. */
function ack(payload: Payload, last: number, first: number, delay = 0): void {
  payload
    .uint8(ACK)
    .uint32(last)
    .varint(delay)
    .uint8(0)
    .varint(last - first)
}

export const insiderAttacks: readonly InsiderAttack[] = [
  // ── Acks ──
  {
    name: 'ack of what was never sent',
    outcome: 'protocol-error',
    fill: (payload, _n, insider) => ack(payload, insider.largestHeard + 100_000, 0),
  },
  {
    name: 'optimistic acks: of all that may be under way',
    outcome: 'protocol-error',
    wantsBulk: true,
    fill: (payload, _n, insider) => ack(payload, insider.largestHeard + 20, 0),
  },
  {
    name: 'acks of what was heard, without its messages',
    outcome: 'tolerated',
    wantsBulk: true,
    isSilent: true,
    fill: (payload, _n, insider) => ack(payload, insider.largestHeard, 0, 2 ** 40),
  },
  {
    name: 'acks with 64 ranges over everything, again and again',
    outcome: 'tolerated',
    fill: (payload, _n, insider) => {
      const ranges = Math.min(63, Math.floor(insider.largestHeard / 3))
      payload.uint8(ACK).uint32(insider.largestHeard).varint(0).uint8(ranges).varint(0)
      for (let i = 0; i < ranges; i++) payload.varint(0).varint(0)
    },
  },
  {
    name: 'two acks in a packet',
    outcome: 'protocol-error',
    fill: (payload, _n, insider) => {
      ack(payload, insider.largestHeard, 0)
      ack(payload, insider.largestHeard, 0)
    },
  },
  // ── Frames ──
  {
    name: 'pings, 130 a packet',
    outcome: 'tolerated',
    fill: (payload) => void payload.fill(9, () => payload.uint8(PING).float64(-1)),
  },
  {
    name: 'pongs with times of NaN',
    outcome: 'protocol-error',
    fill: (payload) => {
      payload.uint8(PONG)
      for (let i = 0; i < 5; i++) payload.float64(Number.NaN)
    },
  },
  {
    name: 'pongs that lie, 28 a packet',
    outcome: 'tolerated',
    fill: (payload) =>
      void payload.fill(41, (i) => {
        payload.uint8(PONG)
        payload
          .float64(-(2 ** 50))
          .float64(2 ** 50)
          .float64(i - 2 ** 50) // the times
        payload.float64(2 ** 50 - i).float64(1000) // tick, and how long one lasts
      }),
  },
  {
    name: 'windows raised and lowered, 190 a packet',
    outcome: 'tolerated',
    fill: (payload) =>
      void payload.fill(13, (i) =>
        payload
          .uint8(WINDOW)
          .uint8(i % 65)
          .uint24(i * 99_991)
          .varint(2 ** 52),
      ),
  },
  {
    name: 'unknown frames that are skipped, 580 a packet',
    outcome: 'tolerated',
    fill: (payload) => void payload.fill(2, () => payload.uint8(FIRST_SKIPPABLE + 3).uint8(0)),
  },
  { name: 'an unknown frame that is not', outcome: 'protocol-error', fill: (payload) => void payload.uint8(0x2f) },
  {
    name: 'empty runs, 190 a packet',
    outcome: 'tolerated',
    fill: (payload) => void payload.fill(6, () => payload.run(false, 1, 0, 0, 0, NOTHING)),
  },
  { name: 'a channel that the game has not', outcome: 'protocol-error', fill: (payload) => void payload.run(true, 9, 0, 1, Tick.id, TICK) },
  // ── Small messages ──
  {
    name: 'tiny unreliable messages, 580 a packet',
    outcome: 'limited',
    fill: (payload) => {
      for (let left = payload.room; left > 10; left = payload.room) {
        const count = Math.min(255, Math.floor((left - 2) / 2))
        payload.uint8(UNRELIABLE).uint8(count)
        for (let i = 0; i < count; i++) payload.message(Loose.id, NOTHING)
      }
    },
  },
  {
    name: 'good unreliable messages, 190 a packet',
    outcome: 'limited',
    fill: (payload) => {
      payload.uint8(UNRELIABLE).uint8(190)
      for (let i = 0; i < 190; i++) payload.message(Loose.id, FOUR)
    },
  },
  {
    name: 'numbered messages, each 1000 numbers ahead',
    outcome: 'limited',
    fill: (payload, _n, _insider, memo) =>
      void payload.fill(6, () => {
        payload.uint8(UNRELIABLE_NUMBERED).uint24(memo.id).message(Loose.id, NOTHING)
        memo.id += 1000
      }),
  },
  {
    name: 'numbered messages, each 12 million numbers ahead',
    outcome: 'limited',
    fill: (payload, _n, _insider, memo) =>
      void payload.fill(6, () => {
        payload.uint8(UNRELIABLE_NUMBERED).uint24(memo.id).message(Loose.id, NOTHING)
        memo.id = (memo.id + 12_000_000) % 2 ** 24
      }),
  },
  {
    name: 'sequenced messages of all 16,384 types',
    outcome: 'limited',
    fill: (payload, n, _insider, memo) =>
      void payload.fill(7, () => {
        payload
          .uint8(SEQUENCED)
          .uint24(n + 1)
          .message(memo.id % 16_384, NOTHING)
        memo.id++
      }),
  },
  {
    name: 'repeats of what was delivered, 580 a packet',
    outcome: 'tolerated',
    fill: (payload, n, _insider, memo) => {
      if (n === 0) nextRun(payload, memo, Tick.id, NOTHING)
      else while (payload.runRoom(Tick.id, 0) > 0) payload.run(true, 0, 0, Math.min(memo.id, payload.runRoom(Tick.id, 0)), Tick.id, NOTHING)
    },
  },
  {
    name: 'malformed messages, 580 a packet, over the window',
    outcome: 'protocol-error',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, Tick.id, NOTHING),
  },
  {
    name: 'messages of unknown types, over the window',
    outcome: 'protocol-error',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, 9999, NOTHING),
  },
  {
    name: 'messages in the wrong direction, over the window',
    outcome: 'protocol-error',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, Snapshot.id, FOUR),
  },
  {
    name: 'good ordered messages, 70 a packet, over the window',
    outcome: 'protocol-error',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, Tick.id, TICK),
  },
  // ── The library's own messages ──
  {
    name: 'messages to be confirmed, as many as the window takes',
    outcome: 'tolerated',
    fill: (payload, _n, _insider, memo) => {
      if (memo.id < MESSAGE_WINDOW - 600) nextRun(payload, memo, CONFIRMABLE, encodeConfirmable(memo.id, Tick.id, TICK, 0, TICK.length))
    },
  },
  {
    name: 'confirmations of nothing, as many as the window takes',
    outcome: 'tolerated',
    fill: (payload, _n, _insider, memo) => {
      if (memo.id < MESSAGE_WINDOW - 600) nextRun(payload, memo, CONFIRMATION, encodeConfirmation(memo.id, 'handled'))
    },
  },
  {
    name: 'cancellations of nothing, over the window',
    outcome: 'protocol-error',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, CANCELLATION, encodeCancellation(memo.id)),
  },
  // ── Windows ──
  {
    name: 'everything but the first: messages held up to the window',
    outcome: 'tolerated',
    fill: (payload, _n, _insider, memo) => {
      if (memo.id === 0) memo.id = 1
      if (memo.id < MESSAGE_WINDOW - 600) nextRun(payload, memo, Tick.id, NOTHING)
    },
  },
  {
    name: 'a message at the end of the window',
    outcome: 'tolerated',
    fill: (payload) => void payload.run(true, 0, MESSAGE_WINDOW - 1, 1, Tick.id, TICK),
  },
  {
    name: 'a message behind the end of the window',
    outcome: 'protocol-error',
    fill: (payload) => void payload.run(true, 0, MESSAGE_WINDOW, 1, Tick.id, TICK),
  },
  {
    name: 'more bytes than the window has',
    outcome: 'protocol-error',
    fill: (payload, n) => void payload.fragment(false, 1, n, Blob.id, MAX_MESSAGE_BYTES, 0, BLOCK),
  },
  // ── Fragments ──
  {
    name: 'fragments that never complete, as many as the window takes',
    outcome: 'tolerated',
    fill: (payload, _n, _insider, memo) =>
      void payload.fill(90, () => {
        if (memo.id < Math.floor(BYTE_WINDOW / 65) - 1) payload.fragment(false, 1, memo.id++, Blob.id, 65, 0, BLOCK)
        else payload.uint8(FIRST_SKIPPABLE).uint8(80).raw(new Uint8Array(80))
      }),
  },
  {
    name: 'the last block first, on reliable lanes',
    outcome: 'tolerated',
    fill: (payload, _n, _insider, memo) => {
      for (let lane = 0; lane < 4; lane++)
        for (let id = 0; id < 3; id++) payload.fragment(lane % 2 === 0, lane >> 1, id, Blob.id, LARGEST, LAST_BLOCK, Uint8Array.of(memo.id))
    },
  },
  {
    name: 'the last block first, unreliable, 78 a packet',
    outcome: 'limited',
    fill: (payload, _n, _insider, memo) =>
      void payload.fill(15, () => payload.uint8(UNRELIABLE_FRAGMENT).blocks(memo.id++, Loose.id, LARGEST, LAST_BLOCK, Uint8Array.of(7))),
  },
  {
    name: 'the last block first, sequenced, of unknown types',
    outcome: 'tolerated',
    fill: (payload, _n, _insider, memo) =>
      void payload.fill(16, () => {
        payload.uint8(SEQUENCED_FRAGMENT).blocks(1, 100 + (memo.id % 16_000), LARGEST, LAST_BLOCK, Uint8Array.of(7))
        memo.id++
      }),
  },
  {
    name: 'fragments that contradict each other',
    outcome: 'protocol-error',
    fill: (payload, n) => void payload.fragment(true, 1, 0, Blob.id, 1000 + n, 0, BLOCK),
  },
  {
    name: 'a message above maxMessageBytes',
    outcome: 'protocol-error',
    fill: (payload) => void payload.fragment(true, 1, 0, Blob.id, MAX_MESSAGE_BYTES + 1, 0, BLOCK),
  },
  // ── MessagePack and arrays ──
  {
    name: 'msgpack: 32,767 empty maps, as many as there may be',
    outcome: 'limited',
    fill: (payload, n, _i, memo) => sendLarge(payload, n, memo, Data.id, () => manyMaps(32_767)),
  },
  {
    name: 'msgpack: a map of 50,000 keys',
    outcome: 'tolerated',
    fill: (payload, n, _i, memo) => sendLarge(payload, n, memo, Data.id, manyKeys),
  },
  {
    name: 'msgpack: 262,139 empty maps, more than there may be',
    outcome: 'tolerated',
    fill: (payload, n, _i, memo) => sendLarge(payload, n, memo, Data.id, () => manyMaps(MAX_MESSAGE_BYTES - 5)),
  },
  {
    name: 'msgpack: 1000 levels deep',
    outcome: 'tolerated',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, Data.id, new Uint8Array(500).fill(0x91)),
  },
  {
    name: 'msgpack: counts without bytes, 160 a packet, over the window',
    outcome: 'protocol-error',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, Data.id, packedValue(0xdd, 0xffffffff, NOTHING)),
  },
  {
    name: 'msgpack: extensions and records, over the window',
    outcome: 'protocol-error',
    fill: (payload, _n, _i, memo) => nextRun(payload, memo, Data.id, Uint8Array.of(0xd4, 0x72, 0x40)),
  },
  {
    name: 'msgpack: a text of 256 KiB',
    outcome: 'tolerated',
    fill: (payload, n, _i, memo) =>
      sendLarge(payload, n, memo, Data.id, () => packedValue(0xdb, 250_000, new Uint8Array(250_000).fill(0x41))),
  },
  {
    name: 'an array of 65,535 elements',
    outcome: 'limited',
    fill: (payload, n, _i, memo) => sendLarge(payload, n, memo, List.id, () => list(65_535)),
  },
  // ── The control channel ──
  {
    name: 'Hello again and again',
    outcome: 'tolerated',
    fill: (payload, _n, _i, memo) => control(payload, memo, Hello.id, new Uint8Array(1000)),
  },
  { name: 'unknown control messages', outcome: 'tolerated', fill: (payload, _n, _i, memo) => control(payload, memo, 77, NOTHING) },
  { name: 'malformed Goodbyes', outcome: 'tolerated', fill: (payload, _n, _i, memo) => control(payload, memo, Goodbye.id, NOTHING) },
  {
    name: 'Hello at its limits',
    outcome: 'tolerated',
    hello: {
      name: 'n'.repeat(128),
      data: packedValue(0xc6, MAX_HELLO_DATA_BYTES - 5, new Uint8Array(MAX_HELLO_DATA_BYTES - 5)),
      extensions: Array.from({ length: 16 }, (_, type) => ({ type, body: new Uint8Array(4096) })),
    },
    fill: () => {},
  },
  { name: 'a resume of nothing', outcome: 'refused', hello: { resumeToken: new Uint8Array(2048).fill(7) }, fill: () => {} },
  { name: 'Hello that is never said', outcome: 'refused', isMute: true, fill: () => {} },
  // ── Lies about oneself ──
  { name: 'a window that never opens', outcome: 'overflow', hello: { windowMessages: 0, windowBytes: 0 }, wantsBulk: true, fill: () => {} },
  {
    name: 'no ack of anything',
    outcome: 'overflow',
    wantsBulk: true,
    isSilent: true,
    fill: (payload) => void payload.uint8(FIRST_SKIPPABLE).uint8(0),
  },
  { name: 'takes no message above 0 bytes', outcome: 'tolerated', hello: { maxMessageBytes: 0 }, fill: () => {} },
  {
    name: 'needs 65 s for its acks',
    outcome: 'overflow',
    hello: { maxAckDelayMs: 65_535 },
    wantsBulk: true,
    isSilent: true,
    fill: (payload) => void payload.uint8(FIRST_SKIPPABLE).uint8(0),
  },
  // ── The link ──
  {
    name: 'sequences 2^32 ahead',
    outcome: 'tolerated',
    fill: (payload, _n, insider) => {
      insider.sequence += 2 ** 32
      payload.uint8(PING).float64(1)
    },
  },
  {
    name: 'its own packets again',
    outcome: 'tolerated',
    fill: (_payload, n, insider) => insider.sendRaw(insider.said[n % insider.said.length]!),
  },
  {
    name: "the server's packets back to it",
    outcome: 'tolerated',
    fill: (_payload, n, insider) => insider.sendRaw(insider.heard[n % insider.heard.length]!),
  },
  {
    name: 'good inputs far above 60 Hz',
    outcome: 'limited',
    fill: (payload, _n, _i, memo) =>
      void payload.fill(10, () =>
        payload
          .uint8(SEQUENCED)
          .uint24(++memo.id)
          .message(Move.id, FOUR),
      ),
  },
]
