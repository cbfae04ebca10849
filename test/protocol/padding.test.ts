// Packets that are filled up, so that datagrams have one length and leave together.
import t from 'tap'
import { MAX_PADDING_BYTES } from '../../lib/wire/limits.js'
import { framesOf } from './frames-of.js'
import { type LinkOptions, Pair } from './pair.js'
import { numberOf, numbers, payload } from './payloads.js'

const FULL = 1179

interface Packet {
  readonly at: number
  readonly bytes: number
  readonly padding: number
}

/** A pair whose client fills its packets, and the packets that leave it. */
function newPair(link: LinkOptions = { delayMs: 20 }, fillsPackets = true): { pair: Pair; packets: Packet[] } {
  const pair = new Pair(5, link, { client: { fillsPackets, maxPayloadBytes: FULL } })
  const packets: Packet[] = []
  pair.onPacket = (toServer, bytes) => {
    if (!toServer) return
    const padding = framesOf(bytes).filter(({ type }) => type === 0).length
    packets.push({ at: pair.now, bytes: bytes.length, padding })
  }
  return { pair, packets }
}

/** Those behind which another left in the same update, while nothing but the messages was to be sent. */
function followed(packets: readonly Packet[]): Packet[] {
  return packets.filter((packet, i) => packets[i + 1]?.at === packet.at)
}

t.test('every packet of small messages but the last of a burst is exactly full', async (t) => {
  const { pair, packets } = newPair()
  for (let number = 0; number < 2000; number++) pair.client.send(1, payload(number, 20 + (number % 60)), 'ordered', pair.now)
  pair.until(() => pair.client.connection.isIdle, 10_000)
  t.strictSame(
    pair.server.received.map(({ bytes }) => numberOf(bytes)),
    numbers(2000),
  )
  const full = followed(packets)
  t.ok(full.length > 50, `${full.length} packets were followed by another`)
  t.ok(full.every(({ bytes }) => bytes === FULL))
  t.ok(
    full.some(({ padding }) => padding > 0),
    'not by chance',
  )
  t.ok(packets.every(({ padding }) => padding <= MAX_PADDING_BYTES))
})

t.test('every packet of a large message but the last is exactly full', async (t) => {
  const { pair, packets } = newPair()
  pair.client.send(1, payload(0, 200 * 1024), 'reliable', pair.now)
  pair.until(() => pair.client.connection.isIdle, 10_000)
  t.equal(numberOf(pair.server.received[0]!.bytes), 0)
  const full = followed(packets)
  t.ok(full.length > 100, `${full.length} packets were followed by another`)
  t.ok(full.every(({ bytes }) => bytes === FULL))
})

t.test('a packet with more than MAX_PADDING_BYTES free leaves as it is', async (t) => {
  for (const free of [MAX_PADDING_BYTES + 1, MAX_PADDING_BYTES, 20]) {
    const { pair, packets } = newPair()
    // An unreliable message in a run of one: a type, a count, its own type and two bytes of length. The second has no room beside it.
    const bytes = FULL - free - 5
    pair.run(1)
    for (const number of [0, 1]) pair.client.send(1, payload(number, bytes), 'unreliable', pair.now)
    pair.run(100)
    const [first, second] = packets.filter((packet) => packet.bytes > 1000)
    t.equal(first!.bytes, free > MAX_PADDING_BYTES ? FULL - free : FULL, `${free} bytes free`)
    t.equal(first!.padding, free > MAX_PADDING_BYTES ? 0 : free)
    t.equal(second!.bytes, FULL - free, 'nothing follows the second')
    t.equal(second!.padding, 0)
    t.equal(pair.server.received.length, 2)
  }
})

t.test('nothing is filled up where nothing follows, nor without the option', async (t) => {
  const { pair, packets } = newPair()
  for (let number = 0; number < 50; number++) {
    pair.client.send(1, payload(number, number * 20), 'ordered', pair.now)
    pair.run(100)
  }
  t.equal(pair.server.received.length, 50)
  t.ok(packets.every(({ padding }) => padding === 0))

  const without = newPair({ delayMs: 20 }, false)
  for (let number = 0; number < 500; number++) without.pair.client.send(1, payload(number, 50), 'ordered', without.pair.now)
  without.pair.until(() => without.pair.client.connection.isIdle, 10_000)
  t.ok(without.packets.every(({ padding }) => padding === 0))
})

t.test('nothing is lost or doubled by it, on a bad link and of every delivery', async (t) => {
  const { pair, packets } = newPair({ delayMs: 30, jitterMs: 20, loss: 0.1, duplicates: 0.05 })
  const got = { unreliable: new Set<number>(), reliable: new Set<number>(), ordered: [] as number[] }
  pair.server.onReceived = ({ typeId, bytes }) => {
    const number = numberOf(bytes)
    if (typeId === 3) got.ordered.push(number)
    else {
      const of = typeId === 1 ? got.unreliable : got.reliable
      if (of.has(number)) t.fail(`${number} came twice`)
      of.add(number)
    }
  }
  let sent = 0
  pair.until(
    () => sent === 3000 && pair.client.connection.isIdle,
    120_000,
    (end, now) => {
      if (end !== pair.client) return
      for (let i = 0; i < 20 && sent < 3000; i++, sent++) {
        end.send(1, payload(sent, 30), 'unreliable', now)
        end.send(2, payload(sent, sent % 50 === 0 ? 5000 : 40 + (sent % 77)), 'reliable', now)
        end.send(3, payload(sent, 20 + (sent % 300)), 'ordered', now)
      }
    },
  )
  t.strictSame(got.ordered, numbers(3000))
  t.equal(got.reliable.size, 3000)
  t.ok(got.unreliable.size > 2000)
  t.ok(packets.some(({ padding }) => padding > 0))
  t.ok(packets.every(({ bytes, padding }) => bytes <= FULL && padding <= MAX_PADDING_BYTES && (padding === 0 || bytes === FULL)))
})

t.test('padding says nothing and asks for no ack, before and behind other frames', async (t) => {
  const ping = [0x03, ...new Array<number>(8).fill(0)]
  for (const [payload, isAcked] of [
    [new Array<number>(FULL).fill(0), false],
    [[0, 0, ...ping, 0], true],
  ] as const) {
    const { connection, maxPayloadBytes } = newPair().pair.server
    t.ok(connection.handlePayload(new Uint8Array(payload), 0, payload.length, 0, 0, 1000))
    connection.beginTransmit(1100)
    const bytes = new Uint8Array(1200)
    const length = connection.pollPayload(bytes, 0, maxPayloadBytes, 0, 1100)
    t.equal(
      framesOf(bytes.subarray(0, length)).some(({ type }) => type === 0x01),
      isAcked,
    )
  }
})
