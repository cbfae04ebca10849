// Work and memory that a peer could choose, and what bounds them. Each test is a weakness that was found here and mended.
import t from 'tap'
import { insiderAttacks } from '../../attacks/insider-attacks.js'
import { Data, List, Snapshot } from '../../attacks/messages.js'
import { ServerClock } from '../../lib/endpoint/server-clock.js'
import type { Client } from '../../lib/index.js'
import { decodeWork } from '../../lib/messages/decode-work.js'
import type { Connection } from '../../lib/protocol/connection.js'
import { PONG } from '../../lib/protocol/frames.js'
import { SentPackets } from '../../lib/protocol/sent-packets.js'
import { UnreliableReceiver } from '../../lib/protocol/unreliable-receiver.js'
import { writeFloat64 } from '../../lib/wire/bytes.js'
import { MAX_MAX_ACK_DELAY_MS, MAX_TRACKED_PACKETS, UNRELIABLE_HISTORY } from '../../lib/wire/limits.js'
import { Pair } from '../protocol/pair.js'
import { Arena } from './arena.js'

t.test('numbers that jump ahead for years end where they began: nothing counts up to where doubles stop', async (t) => {
  const receiver = new UnreliableReceiver(1000)
  let low = 0
  // 12 million a message; what is remembered of it stays below 2^25, so that 2^53, where i++ adds nothing, is never near.
  for (let i = 0; i < 200_000; i++) {
    if (!receiver.acceptNumbered(low)) t.fail(`message ${i} was refused`)
    low = (low + 12_000_000) % 2 ** 24
  }
  low = (low + 2 ** 24 - 12_000_000) % 2 ** 24
  t.notOk(receiver.acceptNumbered(low), 'the last one again')
  t.ok(receiver.acceptNumbered((low + UNRELIABLE_HISTORY - 1) % 2 ** 24))
  t.notOk(receiver.acceptNumbered(low), 'it is remembered across the jump of 1023')
  t.ok(receiver.acceptNumbered((low + 5) % 2 ** 24), 'and what was jumped over is new')
})

t.test('an ack of everything finds what is open among thousands of settled packets by looking at 32 at a time', async (t) => {
  const sent = new SentPackets()
  const model = new Set<number>()
  for (let sequence = 100; sequence < 100 + MAX_TRACKED_PACKETS; sequence++) {
    if (sequence % 3 === 0) continue // not tracked: a packet with nothing but acks
    sent.commit(sent.prepare(sequence), sequence)
    model.add(sequence)
  }
  for (const sequence of [...model]) {
    if (sequence % 7 === 0 || sequence === 100) continue
    sent.release(sent.get(sequence)!)
    model.delete(sequence)
  }
  const found: number[] = []
  for (let sequence = sent.next(sent.oldest, sent.end); sequence < sent.end; sequence = sent.next(sequence + 1, sent.end))
    found.push(sequence)
  t.strictSame(
    found,
    [...model].filter((sequence) => sequence >= sent.oldest),
  )
  t.equal(sent.next(sent.end, sent.end), sent.end)
  t.equal(sent.next(sent.oldest, sent.oldest + 1), sent.oldest)
})

t.test('elements of arrays and packed values count as work, so that a message of thousands is not as cheap as one', async (t) => {
  const bytes = new Uint8Array(70_000)
  const view = new DataView(bytes.buffer)
  const workOf = (type: typeof Data | typeof List, values: object): number => {
    const end = type.codec.encode(values, bytes, view, 0)
    const before = decodeWork.values
    if (type.codec.decode(bytes, 0, end) === undefined) t.fail('malformed')
    return decodeWork.values - before
  }
  t.equal(workOf(List, { items: new Array(1000).fill(7) }), 1000)
  t.equal(workOf(Data, { value: new Array(500).fill({}) }), 3 + 4 * 500)
  t.equal(workOf(Data, { value: { a: [1, 2, 3], b: 4 } }), 3 + 2 + 3 + 3)
  t.equal(workOf(Data, { value: 'text' }), 0)
})

t.test('a packed value has at most 131,072 values, on both sides', async (t) => {
  const bytes = new Uint8Array(200_000)
  const view = new DataView(bytes.buffer)
  const half = new Array(65_530).fill(0) // (2 + 3) + 2 × (65,530 + 3) = 131,071
  const encode = (value: unknown): number => Data.codec.encode({ value }, bytes, view, 0)
  t.throws(() => encode([half, half, 0, 0]), /at most 131072 values in all/)
  t.throws(() => encode([half, half, {}]), /at most 131072 values in all/)
  const most = encode([half, half, 0])
  t.ok(Data.codec.decode(bytes, 0, most))
  // By hand: an array of four, with one more zero behind the others.
  const more = bytes.slice(0, most + 1)
  more[0] = 0x94
  t.equal(Data.codec.decode(more, 0, more.length), undefined)
  t.ok(Data.codec.decode(bytes, 0, most), 'and the next one is counted anew')
})

t.test('a client that says it takes nothing costs the others not one message of a tick', async (t) => {
  const arena = new Arena()
  await arena.open()
  const insider = await arena.intrude({ hello: { maxMessageBytes: 0 } })
  await arena.world.until(() => insider.state === 'in')
  let thrown = 0
  const got = new Map<Client, number>()
  for (const player of arena.players) player.onMessage(Snapshot, ({ n }) => got.set(player, n))
  // The liar may stand anywhere among the peers; here it is served first.
  const peers = [arena.attacker!, ...[...arena.server.peers].filter((peer) => peer !== arena.attacker)]
  for (let n = 1; n <= 10; n++) {
    try {
      for (const peer of peers) peer.send(Snapshot, { n })
    } catch {
      thrown++
    }
    await arena.play(1)
  }
  await arena.play(2)
  t.equal(thrown, 0)
  t.strictSame([...got.values()], [10, 10, 10])
  t.equal(arena.errors.filter((text) => text === 'mallory MESSAGE_TOO_LARGE').length, 10, 'it is said by OnError, with the peer')
  await arena.holds(t)
})

t.test('whoever claims to need a minute for its acks is believed two seconds', async (t) => {
  const pair = new Pair(1, { delayMs: 10 })
  pair.client.connection.setPeer({ messages: 100, bytes: 100_000 }, 65_535)
  pair.client.connection.path.rtt.addSample(20, 0)
  t.ok(pair.client.connection.path.probeTimeoutMs <= 20 + 40 + MAX_MAX_ACK_DELAY_MS)
})

t.test(
  "pongs whose times are no times break the protocol; others can bend a client's clock of the server, and never break it",
  async (t) => {
    const connection = (): Connection => new Pair(1, { delayMs: 1 }).client.connection
    for (const [value, isGood] of [
      [Number.NaN, false],
      [Number.POSITIVE_INFINITY, false],
      [1e300, false],
      [-(2 ** 54), false],
      [2 ** 51, false],
      [2 ** 50, true],
      [-5, true],
    ] as const) {
      const bytes = new Uint8Array(41)
      bytes[0] = PONG
      for (let i = 0; i < 3; i++) writeFloat64(bytes, 1 + 8 * i, value) // the times; tick and tick length are 0
      t.equal(connection().handlePayload(bytes, 0, 41, 0, 1, 5), isGood, `${value}`)
    }
    const clock = new ServerClock()
    clock.begin(1000, 0)
    let last = clock.now(0)
    for (let i = 1; i < 200; i++) {
      clock.addSample(i, (i % 2 === 0 ? 1 : -1) * 2 ** 50, (i % 3 === 0 ? 1 : -1) * 2 ** 50, i + 1)
      clock.setTick(2 ** 50, 1, i)
      const now = clock.now(i + 1)
      if (!(now >= last) || !Number.isFinite(now) || !Number.isFinite(clock.exactTick(i + 1))) t.fail(`${now} after ${last}`)
      last = now
    }
  },
)

t.test("one client's lies about time do not reach what the others are told", async (t) => {
  const arena = new Arena()
  await arena.open()
  const insider = await arena.intrude()
  await arena.world.until(() => insider.state === 'in')
  insider.onUpdate = () => {
    const payload = insider.payload.clear()
    payload.uint8(PONG)
    for (let i = 0; i < 5; i++) payload.float64(2 ** 50 * (i - 2))
    insider.send()
  }
  await arena.play(150)
  for (const player of arena.players) t.ok(Math.abs(player.serverNow() - arena.world.clock.now()) < 20, `${player.serverNow()}`)
  await arena.holds(t)
})

t.test('acks of all that was heard, without its messages, gain at most what the game has queued', async (t) => {
  const attack = insiderAttacks.find(({ name }) => name.startsWith('acks of what was heard'))!
  const arena = new Arena()
  const { insider } = await arena.run(t, attack)
  const sent = arena.attacker!.metrics().outBytes
  const window = arena.attacker!.metrics().congestionWindow
  t.ok(window <= 4_915_200, `a window of ${window} bytes`)
  t.ok(insider.inBytes <= sent + 1000, `${insider.inBytes} bytes to its own address, which it has proven`)
  t.ok(arena.attacker!.outBufferBytes < 3_000_000, 'what it acknowledged is let go, so that it costs memory no longer')
})
