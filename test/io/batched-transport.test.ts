// What only the batched transport does, on real sockets. What both transports promise is in transports.test.ts, what the system refuses in batched-errors.test.ts.
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { BatchedTransport } from '../../lib/io/batched-transport.js'
import { systemClock } from '../../lib/io/clock.js'
import { MAX_SEGMENTS, SEGMENT_BYTES, SEND_SLOTS } from '../../lib/io/limits.js'
import { AF_INET6, loadLinuxSockets, SOL_UDP, setOption, UDP_GRO, UDP_SEGMENT } from '../../lib/io/linux-sockets.js'
import type { Transport } from '../../lib/io/transport.js'
import { UdpTransport } from '../../lib/io/udp-transport.js'
import { FailingSockets } from './failing-sockets.js'
import {
  type Cleaner,
  exchange,
  newBatched,
  OPTIONS,
  queueText,
  receiveAll,
  receiveMany,
  receiveOne,
  SKIP_WITHOUT_BATCHED,
  SKIP_WITHOUT_IPV6,
  sendText,
  textOf,
  V4,
} from './transports.js'
import { nextTurn, until } from './until.js'

t.test('the batched transport', SKIP_WITHOUT_BATCHED, async (t) => {
  t.test('full datagrams to one address leave in one entry, and arrive as they were sent', async (t) => {
    const { sockets, transport } = newFailing(t)
    const receiver = newBatched(t)
    await transport.open(V4)
    const { host, port } = await receiver.open(V4)
    const lengths = [...new Array<number>(MAX_SEGMENTS).fill(SEGMENT_BYTES), 310]
    sendNumbered(transport, lengths, host, port)
    t.strictSame(sockets.sent, [2], 'one system call, and two entries: 54 segments are all that a datagram may have')
    await receiveNumbered(t, receiver, lengths)

    sendNumbered(transport, [1200, 1200, 310, 90, 1200], host, port)
    t.strictSame(sockets.sent, [2, 3], 'a shorter one ends its entry')
    await receiveNumbered(t, receiver, [1200, 1200, 310, 90, 1200])
  })

  t.test('datagrams of mixed lengths to several addresses arrive in order, more than there are slots', async (t) => {
    const sender = newBatched(t)
    await sender.open(V4)
    const receivers = [newBatched(t), newBatched(t)]
    const addresses = [await receivers[0]!.open(V4), await receivers[1]!.open(V4)]
    const lengths: number[][] = [[], []]
    const pattern = [1200, 1200, 4, 1199, 1200, 700, 1200]
    for (let number = 0; number < 4 * SEND_SLOTS + 5; number++) {
      const to = number % 11 < 7 ? 0 : 1 // runs of several, so that some are joined
      const length = pattern[number % pattern.length]!
      writeNumbered(sender, lengths[to]!.length, length)
      sender.send(length, addresses[to]!.host, addresses[to]!.port)
      lengths[to]!.push(length)
    }
    sender.flush()
    for (const i of [0, 1]) await receiveNumbered(t, receivers[i]!, lengths[i]!)
  })

  t.test('takes datagrams of any length from others, alone and joined', async (t) => {
    const receiver = newBatched(t)
    const { host, port } = await receiver.open(V4)
    const dgram = new UdpTransport({ clock: systemClock })
    t.teardown(() => dgram.close())
    await dgram.open(V4)
    const lengths = [0, 1, 13, 1200, 1201, 1279, 1280, 64, 0, 5]
    for (const [i, length] of lengths.entries()) {
      dgram.buffer().fill(i, 0, length)
      dgram.send(length, host, port)
    }
    const alone = await receiveMany(receiver, lengths.length)
    t.strictSame(
      alone.map(({ length }) => length),
      lengths,
    )
    t.ok(alone.every(({ bytes }, i) => bytes.every((byte) => byte === i)))

    const { sockets, transport } = newFailing(t)
    await transport.open(V4)
    const [fd] = sockets.open
    for (const segmentBytes of [20, 100, 37, 1199, 20]) {
      t.ok(setOption(loadLinuxSockets(), fd!, SOL_UDP, UDP_SEGMENT, segmentBytes), 'a sender with segments of its own')
      for (let i = 0; i < SEGMENT_BYTES; i++) transport.buffer()[i] = Math.floor(i / segmentBytes)
      transport.send(SEGMENT_BYTES, host, port)
      transport.flush()
      const count = Math.ceil(SEGMENT_BYTES / segmentBytes)
      const joined = await receiveMany(receiver, count)
      t.equal(joined.length, count, `${segmentBytes} bytes each`)
      t.ok(joined.every(({ bytes }, i) => bytes.length === Math.min(segmentBytes, SEGMENT_BYTES - i * segmentBytes)))
      t.ok(joined.every(({ bytes }, i) => bytes.every((byte) => byte === i)))
    }
  })

  t.test('a datagram may be written to, and the next one is whole', async (t) => {
    const sender = newBatched(t)
    const receiver = newBatched(t)
    await sender.open(V4)
    const { host, port } = await receiver.open(V4)
    sendNumbered(sender, [1200, 1200, 500], host, port)
    for (let number = 0; number < 3; number++) {
      const datagram = receiver.receive()! // loopback has them at once
      t.equal(new DataView(datagram.bytes.buffer, datagram.bytes.byteOffset).getUint32(0), number)
      datagram.bytes.fill(0xff, 0, datagram.length)
    }
  })

  t.test('transports of one thread take turns, and lose nothing by it', async (t) => {
    const senders = [newBatched(t), newBatched(t)] as const
    const receivers = [newBatched(t), newBatched(t)] as const
    for (const sender of senders) await sender.open(V4)
    const addresses = [await receivers[0].open(V4), await receivers[1].open(V4)] as const
    const arrived: [string[], string[]] = [[], []]
    const rounds = 100
    for (let number = 0; number < rounds; number++) {
      for (const i of [0, 1] as const) queueText(senders[i], `${i} ${number}`, addresses[i].host, addresses[i].port)
      if (number % 7 === 0) senders[number % 2]!.flush()
      // One at a time, so that most of what came is not taken when it is the other's turn.
      for (const i of [0, 1] as const) {
        const text = textOf(receivers[i].receive())
        if (text !== undefined) arrived[i].push(text)
      }
    }
    for (const sender of senders) sender.flush()
    await until(() => {
      for (const i of [0, 1] as const) arrived[i].push(...receiveAll(receivers[i]).map((datagram) => textOf(datagram)!))
      return arrived[0].length + arrived[1].length >= 2 * rounds
    }, 'all datagrams')
    for (const i of [0, 1] as const)
      t.strictSame(
        arrived[i],
        Array.from({ length: rounds }, (_, number) => `${i} ${number}`),
      )
  })

  t.test('what one has written stays as it is when another of the thread asks for a buffer first', async (t) => {
    const [left, right] = [newBatched(t), newBatched(t)]
    const receiver = newBatched(t)
    await left.open(V4)
    await right.open(V4)
    const { host, port } = await receiver.open(V4)
    left.buffer().set([1])
    right.buffer().set([2])
    left.send(1, host, port)
    right.send(1, host, port)
    left.send(1, host, port)
    left.flush()
    right.flush()
    t.strictSame(
      (await receiveMany(receiver, 3)).map(({ bytes }) => bytes[0]),
      [1, 2, 1],
    )
  })

  t.test('what is not taken before another’s turn is kept up to maxInboxDatagrams, and the rest counted', async (t) => {
    const sender = newBatched(t)
    const receiver = newBatched(t)
    const other = newBatched(t)
    await sender.open(V4)
    await other.open(V4)
    const { host, port } = await receiver.open({ ...V4, maxInboxDatagrams: 3 })
    for (let number = 0; number < 10; number++) queueText(sender, `${number}`, host, port)
    sender.flush()
    t.equal(textOf(receiver.receive()), '0')
    t.equal(other.receive(), undefined)
    t.strictSame(receiveAll(receiver).map(textOf), ['1', '2', '3'])
    t.equal(receiver.counters.inboxDropped, 6)
    t.equal(other.counters.inboxDropped, 0)
    sendText(sender, 'after', host, port)
    t.equal(textOf(await receiveOne(receiver)), 'after')
  })

  t.test('counts what the system drops, for the socket that it dropped', async (t) => {
    const sender = newBatched(t)
    const slow = newBatched(t)
    const other = newBatched(t)
    await sender.open(V4)
    const otherAddress = await other.open(V4)
    const { host, port } = await slow.open({ ...V4, socketBufferBytes: 65_536 })
    const sent = 2000
    for (let number = 0; number < sent; number++) queueText(sender, `${number}`, host, port)
    sender.flush()
    const received = (await receiveMany(slow, 1)).length
    sendText(sender, 'last', host, port) // the count comes with what arrives later
    t.equal(textOf(await receiveOne(slow)), 'last')
    t.ok(received < sent)
    t.equal(slow.counters.inboxDropped, sent - received)
    sendText(sender, 'x', otherAddress.host, otherAddress.port)
    await receiveOne(other)
    t.equal(other.counters.inboxDropped, 0)
    await slow.close()
    await slow.open(V4)
    t.equal(slow.counters.inboxDropped, 0, 'since it was opened')
  })

  t.test('a datagram that waited in the socket is stamped with when it arrived', async (t) => {
    const { now } = systemClock
    const sender = newBatched(t)
    const receiver = newBatched(t)
    await sender.open(V4)
    const { host, port } = await receiver.open(V4)
    // The system begins to stamp a little after the first socket has asked for it.
    await until(() => {
      sendText(sender, 'warm up', host, port)
      for (const from = now(); now() < from + 1; );
      return receiveAll(receiver).some(({ at }) => at < now() - 1)
    }, 'stamps')
    const before = [now(), 0]
    sendText(sender, 'early', host, port)
    const after = [now(), 0]
    await sleep(50)
    before[1] = now()
    sendText(sender, 'late', host, port)
    after[1] = now()
    const [early, late] = await receiveMany(receiver, 2)
    const elapsed = late!.at - early!.at
    // 5 ms for a wall clock that is being set right meanwhile.
    t.ok(elapsed > before[1]! - after[0]! - 5 && elapsed < after[1]! - before[0]! + 5, `${elapsed} ms apart`)
    t.ok(late!.at <= now(), 'not in the future')
  })

  t.test('a socket that is closed while it is watched leaves its port free at once', async (t) => {
    const transport = newBatched(t)
    transport.watch(true)
    const { port } = await transport.open(V4)
    await nextTurn() // a thread looks at it by now
    await transport.close()
    for (let i = 0; i < 5; i++) {
      t.equal((await transport.open({ ...V4, port })).port, port)
      await nextTurn()
      await transport.close()
    }
  })

  t.test('while watched, says that it is readable though nobody polls; else it does not', async (t) => {
    const sender = newBatched(t)
    const watched = newBatched(t)
    const idle = newBatched(t)
    await sender.open(V4)
    const calls = { watched: 0, idle: 0 }
    watched.onReadable = () => void calls.watched++
    idle.onReadable = () => void calls.idle++
    watched.watch(true) // holds for what is opened later
    const [to, toIdle] = [await watched.open(V4), await idle.open(V4)]
    sendText(sender, 'x', toIdle.host, toIdle.port)
    sendText(sender, 'x', to.host, to.port)
    await until(() => calls.watched > 0, 'onReadable')
    t.strictSame(calls, { watched: 1, idle: 0 })

    t.equal(receiveAll(watched).length, 1)
    idle.watch(true)
    await until(() => calls.idle > 0, 'what was there before it was watched')
    t.equal(calls.watched, 1, 'once, as nothing more arrived')

    sendText(sender, 'y', to.host, to.port)
    await until(() => calls.watched > 1, 'onReadable again, once all was taken')
    receiveAll(watched)
    watched.watch(false)
    receiveAll(idle)
    sendText(sender, 'z', to.host, to.port)
    sendText(sender, 'z', toIdle.host, toIdle.port)
    await until(() => calls.idle > 1, 'the other, which is still watched')
    t.equal(calls.watched, 2)
  })

  t.test('a watched transport can close inside onReadable, and another goes on', async (t) => {
    const sender = newBatched(t)
    await sender.open(V4)
    const [first, second] = [newBatched(t), newBatched(t)]
    const [to, toSecond] = [await first.open(V4), await second.open(V4)]
    let calls = 0
    first.onReadable = () => {
      calls++
      void first.close()
    }
    second.onReadable = () => {
      calls++
      receiveAll(second)
    }
    first.watch(true)
    second.watch(true)
    sendText(sender, 'x', to.host, to.port)
    sendText(sender, 'x', toSecond.host, toSecond.port)
    await until(() => calls === 2, 'both')
    sendText(sender, 'x', toSecond.host, toSecond.port)
    await until(() => calls === 3, 'the second again')
    await first.open(V4) // maybe with the number of the old socket, and still watched
    t.equal(first.receive(), undefined)
  })

  t.test('falls back to IPv4 where the system has no IPv6, unless IPv6 was asked for', async (t) => {
    const { sockets, transport } = newFailing(t)
    sockets.onSocket = (family) => (family === AF_INET6 ? { errno: constants.errno.EAFNOSUPPORT } : undefined)
    t.hasStrict(await transport.open(OPTIONS), { host: '0.0.0.0', family: 'ipv4' })
    const other = newBatched(t)
    t.hasStrict(await exchange(transport, other, await other.open(V4)), { texts: ['there', 'back'], leftHost: '127.0.0.1' })
    await transport.close()
    await t.rejects(transport.open({ ...OPTIONS, host: '::1' }), { code: 'EAFNOSUPPORT' })
    t.equal(sockets.open.size, 0)
  })

  t.test('does not fall back to IPv4 where only the port is taken', SKIP_WITHOUT_IPV6, async (t) => {
    const { port } = await newBatched(t).open({ ...OPTIONS, host: '::1' }) // which leaves the port free for IPv4
    await t.rejects(newBatched(t).open({ ...OPTIONS, port }), { code: 'EADDRINUSE' })
  })

  t.test('leaves no socket open where opening fails, at whatever step', async (t) => {
    const { sockets, transport } = newFailing(t)
    const taken = newBatched(t)
    const { port } = await taken.open(V4)
    await t.rejects(transport.open({ ...V4, port }), { code: 'EADDRINUSE' })
    await t.rejects(transport.open({ ...V4, remote: { host: '::1', port: 9, family: 'ipv6' } }), { code: 'EAFNOSUPPORT' })
    for (const refused of [UDP_SEGMENT, UDP_GRO]) {
      sockets.onOption = (level, name) => (level === SOL_UDP && name === refused ? { errno: constants.errno.ENOPROTOOPT } : undefined)
      await t.rejects(transport.open(V4), { code: 'ENOPROTOOPT', syscall: 'setsockopt' })
    }
    sockets.onOption = undefined
    const opening = transport.open(V4)
    await transport.close()
    await t.rejects(opening, { code: 'ECANCELED' })
    t.equal(sockets.open.size, 0)
    await transport.open(V4)
    t.equal(sockets.open.size, 1)
    await transport.close()
    t.equal(sockets.open.size, 0)
  })

  t.test('what was sent and not flushed leaves when it closes', async (t) => {
    const sender = newBatched(t)
    const receiver = newBatched(t)
    await sender.open(V4)
    const { host, port } = await receiver.open(V4)
    queueText(sender, 'farewell', host, port)
    t.equal(receiver.receive(), undefined)
    await sender.close()
    t.equal(textOf(await receiveOne(receiver)), 'farewell')
  })

  t.test('an old socket’s error is not reported to the one opened after it', async (t) => {
    const { sockets, transport } = newFailing(t)
    transport.onError = (error) => t.fail(error)
    await transport.open(V4)
    sockets.onSend = () => ({ errno: constants.errno.EPERM })
    sendText(transport, 'x', '127.0.0.1', 9)
    void transport.close()
    await transport.open(V4)
    await nextTurn()
    t.equal(transport.counters.sendErrors, 0)
  })
})

function newFailing(t: Cleaner): { sockets: FailingSockets; transport: BatchedTransport } {
  const sockets = new FailingSockets()
  const transport = new BatchedTransport({ clock: systemClock, sockets })
  t.teardown(() => transport.close())
  return { sockets, transport }
}

/** A datagram with its number in front, and behind it bytes that depend on both. */
function writeNumbered(transport: Transport, number: number, length: number): void {
  const buffer = transport.buffer()
  new DataView(buffer.buffer, buffer.byteOffset).setUint32(0, number)
  buffer.fill((number * 7 + length) & 255, 4, length)
}

function sendNumbered(transport: Transport, lengths: readonly number[], host: string, port: number): void {
  for (const [number, length] of lengths.entries()) {
    writeNumbered(transport, number, length)
    transport.send(length, host, port)
  }
  transport.flush?.()
}

async function receiveNumbered(t: Test, transport: Transport, lengths: readonly number[]): Promise<void> {
  const datagrams = await receiveMany(transport, lengths.length)
  t.strictSame(
    datagrams.map(({ length }) => length),
    lengths,
  )
  const isAsSent = datagrams.every(({ bytes, length }, number) => {
    const fill = (number * 7 + length) & 255
    return new DataView(bytes.buffer).getUint32(0) === number && bytes.subarray(4).every((byte) => byte === fill)
  })
  t.ok(isAsSent, 'in order, each as it was sent')
}
