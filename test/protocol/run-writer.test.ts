import t from 'tap'
import { type OutMessage, PayloadPool } from '../../lib/protocol/payload-pool.js'
import { RunWriter } from '../../lib/protocol/run-writer.js'
import { framesOf } from './frames-of.js'
import { random } from './pair.js'
import { numberOf, payload } from './payloads.js'

const KIND = 40

t.test('runs hold consecutive ids, whether messages lie together in memory or not', async (t) => {
  const rnd = random(6)
  const writer = new RunWriter()
  for (let round = 0; round < 200; round++) {
    const pool = new PayloadPool()
    const bytes = new Uint8Array(2000)
    const items: number[] = []
    const expected: [number, number][] = []
    writer.open(bytes, 10, 1400, 0x13, 9)
    let id = 0xfffff0
    for (let i = 0; i < 40; i++) {
      id += rnd() < 0.8 ? 1 : 1 + Math.floor(rnd() * 5)
      if (rnd() < 0.2) pool.frame(1, payload(0, 20)) // a hole in memory
      if (rnd() < 0.05) pool.renew()
      const message: OutMessage = pool.frame(7, payload(i, 4 + Math.floor(rnd() * 60)))
      if (!writer.fits(message.end - message.start)) break
      writer.append(id, message, items, KIND)
      expected.push([id & 0xffffff, i])
    }
    const end = writer.close(items, KIND)
    const frames = framesOf(bytes.subarray(10, end))
    const got = frames.flatMap((f) => f.messages.map((m, i) => [(f.id! + i) & 0xffffff, numberOf(m.payload)]))
    if (JSON.stringify(got) !== JSON.stringify(expected)) t.fail(`round ${round}`)
    if (items.length !== frames.length * 4 || !frames.every((f) => f.type === 0x13 && f.channel === 9)) t.fail(`round ${round}`)
    if (bytes.subarray(1400).some((byte) => byte !== 0)) t.fail('bytes behind the end')
  }
})

t.test('a run holds 255 messages at most', async (t) => {
  const writer = new RunWriter()
  const pool = new PayloadPool()
  const bytes = new Uint8Array(2000)
  const items: number[] = []
  writer.open(bytes, 0, 2000, 0x14, 0)
  for (let i = 0; i < 300; i++) writer.append(i, pool.frame(1, new Uint8Array(0)), items, KIND)
  const frames = framesOf(bytes.subarray(0, writer.close(items, KIND)))
  t.strictSame(
    frames.map((f) => [f.id, f.messages.length]),
    [
      [0, 255],
      [255, 45],
    ],
  )
  t.strictSame(items, [KIND, 0, 255, 0, KIND, 255, 45, 0])
})

t.test('without messages nothing is written', async (t) => {
  const writer = new RunWriter()
  const items: number[] = []
  writer.open(new Uint8Array(10), 3, 10, 0x13, 0)
  t.equal(writer.close(items, KIND), 3)
  t.equal(items.length, 0)
})

t.test('a run goes on where one of the same packet and lane ends, and a short one of equals leaves headers out', async (t) => {
  const pool = new PayloadPool()
  const message = (bytes: number): OutMessage => pool.frame(7, payload(bytes, bytes))
  const write = (parts: number[][], firstIds: number[]): { ends: number[]; items: number[]; got: unknown[] } => {
    const writer = new RunWriter()
    const bytes = new Uint8Array(400)
    const items: number[] = []
    const ends: number[] = []
    let at = 0
    parts.forEach((sizes, part) => {
      writer.open(bytes, at, 400, 0x14, 0)
      for (const [i, size] of sizes.entries()) writer.append(firstIds[part]! + i, message(size), items, KIND)
      at = writer.close(items, KIND)
      ends.push(at)
    })
    return { ends, items, got: framesOf(bytes.subarray(0, at)).map((f) => [f.id, f.messages.map((m) => numberOf(m.payload))]) }
  }
  // 6 of the frame, 2 + 8 of the first, 8 of each further.
  t.strictSame(write([[8], [8], [8]], [0, 1, 2]), { ends: [16, 24, 32], items: [KIND, 0, 3, 0], got: [[0, [8, 8, 8]]] })
  t.strictSame(write([[8, 8], [9]], [0, 2]).got, [
    [0, [8, 8]],
    [2, [9]],
  ])
  t.strictSame(write([[8], [9], [9]], [0, 1, 2]), { ends: [16, 27, 38], items: [KIND, 0, 3, 0], got: [[0, [8, 9, 9]]] })
  t.strictSame(write([[8], [8]], [0, 2]).got, [
    [0, [8]],
    [2, [8]],
  ])
  const nine = write([new Array(9).fill(8)], [0])
  t.strictSame([nine.ends, nine.got.length], [[6 + 9 * 10], 1], 'longer runs are copied as they are')
  t.strictSame(write([new Array(7).fill(8), [8, 8]], [0, 7]).got, [
    [0, new Array(8).fill(8)],
    [8, [8]],
  ])
})
