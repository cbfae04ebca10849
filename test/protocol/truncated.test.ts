// Every frame, cut off at every byte: the connection ends with a protocol error, whatever lies behind the end.
import t from 'tap'
import { Pair } from './pair.js'

const message = [1, 3, 7, 8, 9]
const block = Array.from({ length: 64 }, (_, i) => i)
const doubles = (...values: number[]): number[] => values.flatMap((value) => [...new Uint8Array(Float64Array.of(value).buffer)])

/** By the tables of docs/PROTOCOL.md. */
const FRAMES = {
  PING: [0x03, ...doubles(5)],
  PONG: [0x04, ...doubles(1, 2, 3, 4, 5)],
  WINDOW: [0x05, 0, 5, 0, 0, 0x80, 0x02],
  UNRELIABLE: [0x10, 2, ...message, ...message],
  UNRELIABLE_NUMBERED: [0x11, 0, 0, 0, ...message],
  SEQUENCED: [0x12, 0, 0, 0, ...message],
  RELIABLE: [0x13, 0, 0, 0, 0, 2, ...message, ...message],
  ORDERED: [0x14, 0, 0, 0, 0, 2, ...message, ...message],
  UNRELIABLE_FRAGMENT: [0x18, 0, 0, 0, 1, 100, 0, 64, ...block],
  SEQUENCED_FRAGMENT: [0x19, 0, 0, 0, 1, 100, 0, 64, ...block],
  RELIABLE_FRAGMENT: [0x1a, 0, 0, 0, 0, 1, 100, 0, 64, ...block],
  ORDERED_FRAGMENT: [0x1b, 0, 0, 0, 0, 1, 100, 0, 64, ...block],
  'of a later version': [0x41, 2, 0, 0],
}

for (const [name, frame] of Object.entries(FRAMES)) {
  t.test(`a frame ${name} is taken whole, and refused where it is cut off`, async (t) => {
    for (let end = 1; end <= frame.length; end++) {
      for (const behind of [0, 1, 0xff]) {
        const { server } = new Pair(1, { delayMs: 10 })
        const bytes = Uint8Array.from({ length: frame.length + 80 }, (_, i) => (i < end ? frame[i]! : behind))
        const isWhole = end === frame.length
        if (server.connection.handlePayload(bytes, 0, end, 0, 0, 1000) !== isWhole)
          t.fail(`${end} of ${frame.length} bytes, ${behind} behind them`)
        if ((server.connection.failure === undefined) !== isWhole)
          t.fail(`${end} of ${frame.length} bytes: the failure is ${server.connection.failure}`)
      }
    }
    t.pass()
  })
}

t.test('a pong hands up its five numbers in their places', async (t) => {
  const { client } = new Pair(1, { delayMs: 10 })
  const heard: number[][] = []
  client.handlePong = (...numbers: number[]) => heard.push(numbers)
  const bytes = Uint8Array.from(FRAMES.PONG)
  client.connection.handlePayload(bytes, 0, bytes.length, 0, 0, 77)
  t.strictSame(heard, [[1, 2, 3, 77, 4, 5]])
})
