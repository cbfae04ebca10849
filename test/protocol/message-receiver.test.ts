// Frames of messages, read one by one: what comes out, and that whatever is cut off, too long or unknown is refused at once.
import t from 'tap'
import { laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from '../../lib/protocol/lanes.js'
import { MessageReceiver } from '../../lib/protocol/message-receiver.js'

interface Heard {
  readonly lane: number
  readonly typeId: number
  readonly bytes: number[]
}

const MAX_MESSAGE_BYTES = 1000

class Bench {
  readonly heard: Heard[] = []
  readonly receiver = new MessageReceiver(this, { messages: 16, bytes: 4000 }, MAX_MESSAGE_BYTES, 0b101)

  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number): void {
    this.heard.push({ lane, typeId, bytes: [...bytes.subarray(start, end)] })
  }

  /** Reads a frame that begins at byte 2 of a datagram and ends where it ends, or earlier. Returns how many bytes were read, or what was returned below 0. */
  read(frame: number[], end = frame.length, behind = 0): number {
    const bytes = Uint8Array.from({ length: frame.length + 100 }, (_, i) => (i >= 2 && i - 2 < end ? frame[i - 2]! : behind))
    const offset = this.receiver.read(frame[0]!, bytes, 3, 2 + end)
    return offset < 0 ? offset : offset - 2
  }
}

const block = Array.from({ length: 64 }, (_, i) => i)
const rest = [200, 201, 202]
const one = [5, 3, 7, 8, 9]
const other = [0x81, 0x01, 2, 10, 11] // type 129
const [first, second] = [
  { typeId: 5, bytes: [7, 8, 9] },
  { typeId: 129, bytes: [10, 11] },
]
const whole = { typeId: 5, bytes: [...block, ...rest] }

/** By the tables of docs/PROTOCOL.md: frames, and what they hand up once all of them have come. */
const CASES: { name: string; frames: number[][]; lane: number; heard: { typeId: number; bytes: number[] }[] }[] = [
  { name: 'UNRELIABLE', frames: [[0x10, 2, ...one, ...other]], lane: UNRELIABLE_LANE, heard: [first, second] },
  {
    name: 'UNRELIABLE_NUMBERED',
    frames: [
      [0x11, 0, 0, 0, ...one],
      [0x11, 1, 0, 0, ...other],
    ],
    lane: UNRELIABLE_LANE,
    heard: [first, second],
  },
  {
    name: 'SEQUENCED',
    frames: [
      [0x12, 0, 0, 0, ...one],
      [0x12, 9, 0, 0, ...other],
    ],
    lane: SEQUENCED_LANE,
    heard: [first, second],
  },
  { name: 'RELIABLE', frames: [[0x13, 2, 0, 0, 0, 2, ...one, ...other]], lane: laneIndex(2, false), heard: [first, second] },
  { name: 'ORDERED', frames: [[0x14, 2, 0, 0, 0, 2, ...one, ...other]], lane: laneIndex(2, true), heard: [first, second] },
  ...(
    [
      ['UNRELIABLE_FRAGMENT', [0x18, 0, 0, 0], UNRELIABLE_LANE],
      ['SEQUENCED_FRAGMENT', [0x19, 0, 0, 0], SEQUENCED_LANE],
      ['RELIABLE_FRAGMENT', [0x1a, 0, 0, 0, 0], laneIndex(0, false)],
      ['ORDERED_FRAGMENT', [0x1b, 0, 0, 0, 0], laneIndex(0, true)],
    ] as const
  ).map(([name, head, lane]) => ({
    name,
    frames: [
      [...head, 5, 67, 1, 3, ...rest],
      [...head, 5, 67, 0, 64, ...block],
    ],
    lane,
    heard: [whole],
  })),
]

for (const { name, frames, lane, heard } of CASES) {
  t.test(`${name}: handed up on its lane, and refused where it is cut off, with nothing read behind the end`, async (t) => {
    const bench = new Bench()
    for (const frame of frames) t.equal(bench.read(frame), frame.length)
    t.strictSame(
      bench.heard,
      heard.map((message) => ({ lane, ...message })),
    )
    for (const frame of frames) {
      for (let end = 1; end < frame.length; end++)
        for (const behind of [0, 1, 0xff])
          if (new Bench().read(frame, end, behind) !== -1) t.fail(`${end} of ${frame.length} bytes, ${behind} behind them`)
    }
  })
}

t.test('the highest type id is the last of the library’s own, 16,399, in frames and in fragments', async (t) => {
  const [highest, above] = [
    [0x8f, 0x80, 0x01],
    [0x90, 0x80, 0x01],
  ]
  for (const head of [
    [0x10, 1],
    [0x11, 0, 0, 0],
    [0x12, 0, 0, 0],
    [0x13, 0, 0, 0, 0, 1],
  ]) {
    t.equal(new Bench().read([...head, ...highest, 1, 7]), head.length + 5)
    t.equal(new Bench().read([...head, ...above, 1, 7]), -1)
  }
  for (const head of [
    [0x18, 0, 0, 0],
    [0x1a, 0, 0, 0, 0],
  ]) {
    t.equal(new Bench().read([...head, ...highest, 67, 0, 64, ...block]), head.length + 6 + 64)
    t.equal(new Bench().read([...head, ...above, 67, 0, 64, ...block]), -1)
  }
})

t.test('a fragment of a message of the largest size is taken, of a larger one refused', async (t) => {
  const size = (bytes: number): number[] => [(bytes & 127) | 128, bytes >> 7]
  for (const head of [
    [0x18, 0, 0, 0],
    [0x19, 0, 0, 0],
    [0x1a, 0, 0, 0, 0],
    [0x1b, 0, 0, 0, 0],
  ]) {
    t.equal(new Bench().read([...head, 5, ...size(MAX_MESSAGE_BYTES), 0, 64, ...block]), head.length + 5 + 64)
    t.equal(new Bench().read([...head, 5, ...size(MAX_MESSAGE_BYTES + 1), 0, 64, ...block]), -1)
  }
})

t.test('an empty message is a message, also at the very end', async (t) => {
  const bench = new Bench()
  t.equal(bench.read([0x10, 1, 5, 0]), 4)
  t.strictSame(bench.heard, [{ lane: UNRELIABLE_LANE, typeId: 5, bytes: [] }])
})

t.test('a channel that the game does not use is refused, and a frame that is none of messages is left to others', async (t) => {
  for (const channel of [1, 31, 32, 254]) {
    t.equal(new Bench().read([0x13, channel, 0, 0, 0, 1, ...one]), -1)
    t.equal(new Bench().read([0x1b, channel, 0, 0, 0, 5, 67, 0, 64, ...block]), -1)
  }
  t.equal(new Bench().read([0x13, 255, 0, 0, 0, 1, ...one]), -1, 'the control lane is ordered')
  for (const type of [0x00, 0x03, 0x17, 0x1c, 0x40]) t.equal(new Bench().read([type, 0, 0, 0]), -2)
})

t.test('a run of messages that are alike says type and size once; one that is cut off, or empty, is malformed', async (t) => {
  for (const [frame, lane] of [
    [0x15, 32],
    [0x16, 0],
  ] as const) {
    const bench = new Bench()
    const run = [frame, 0, 0, 0, 0, 3, 5, 2, 1, 2, 3, 4, 5, 6]
    t.equal(bench.read(run), run.length)
    t.strictSame(
      bench.heard,
      [1, 3, 5].map((n) => ({ lane, typeId: 5, bytes: [n, n + 1] })),
    )
    for (let length = 1; length < run.length; length++) t.equal(new Bench().read(run.slice(0, length)), -1, `${length} bytes`)
    t.equal(new Bench().read([frame, 0, 0, 0, 0, 0, 5, 0]), -1)
    t.equal(new Bench().read([frame, 1, 0, 0, 0, 1, 5, 0]), -1, 'a channel that the game does not use')
  }
})
