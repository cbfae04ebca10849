// What the system refuses to send or receive, by calls that fail when the test says so; all others go to real sockets.
import { constants } from 'node:os'
import t, { type Test } from 'tap'
import { BatchedTransport } from '../../lib/io/batched-transport.js'
import { systemClock } from '../../lib/io/clock.js'
import { SEGMENT_BYTES } from '../../lib/io/limits.js'
import { FailingSockets, type Fate } from './failing-sockets.js'
import { type Cleaner, newBatched, queueText, receiveAll, receiveMany, SKIP_WITHOUT_BATCHED, sendText, textOf, V4 } from './transports.js'
import { nextTurn } from './until.js'

const { EAGAIN, ECONNREFUSED, EINTR, EINVAL, EIO, EMSGSIZE, ENETUNREACH, ENOMEM, EPERM } = constants.errno

t.test('the batched transport', SKIP_WITHOUT_BATCHED, async (t) => {
  t.test('keeps the order and loses nothing when the system has no room in the middle of a batch', async (t) => {
    const { sockets, sender, receiver, send, codes } = await newWorld(t)
    sockets.onSend = (call) => (call === 0 ? { atMost: 2 } : { errno: EAGAIN })
    send(0, 10)
    sender.flush()
    send(10, 13) // waits behind them
    sender.flush()
    sender.flush()
    sockets.onSend = undefined
    send(13, 15)
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 15)), range(15))
    t.strictSame(codes, [])
    t.equal(sender.counters.sendErrors, 0)
    const calls = sockets.sent.length
    sender.flush()
    t.equal(sockets.sent.length, calls, 'nothing waits any more')
  })

  t.test('lets up to 256 wait, counts those above, and reports a row of them once', async (t) => {
    const { sockets, sender, receiver, send, codes } = await newWorld(t)
    sockets.onSend = () => ({ errno: EAGAIN })
    send(0, 300)
    sender.flush()
    send(300, 310)
    sender.flush()
    await nextTurn()
    t.equal(sender.counters.sendErrors, 54)
    t.strictSame(codes, ['ENOBUFS'])

    let room = 100
    sockets.onSend = () => (room-- > 0 ? undefined : { errno: EAGAIN })
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 100)), range(100), 'the oldest, as far as there is room')
    sockets.onSend = undefined
    send(310, 311)
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 157)), [...range(256).slice(100), 310])
    t.equal(sender.counters.sendErrors, 54)

    sockets.onSend = () => ({ errno: EAGAIN })
    send(400, 660)
    sender.flush()
    await nextTurn()
    t.equal(sender.counters.sendErrors, 58)
    t.strictSame(codes, ['ENOBUFS', 'ENOBUFS'], 'the next row is reported again')
  })

  t.test('full datagrams that were joined wait and leave as they are', async (t) => {
    const { sockets, sender, receiver, sendFull } = await newWorld(t)
    sockets.onSend = (call) => (call === 0 ? { atMost: 1 } : { errno: EAGAIN })
    sendFull(100) // 54 leave, 46 wait
    sender.flush()
    sockets.onSend = undefined
    sender.flush()
    await receiveFull(t, receiver, 100)
  })

  t.test('goes on where a call took only some', async (t) => {
    const { sockets, sender, receiver, send } = await newWorld(t)
    sockets.onSend = (call) => ({ atMost: 1 + (call % 3) })
    send(0, 50)
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 50)), range(50))
    t.equal(sender.counters.sendErrors, 0)
  })

  t.test('a device that cannot cut segments gets datagrams one by one from then on, of this batch too', async (t) => {
    const { sockets, sender, receiver, sendFull, codes } = await newWorld(t)
    sockets.onSend = (call) => (call === 0 ? { errno: EIO } : undefined)
    sendFull(100) // two entries
    sender.flush()
    await receiveFull(t, receiver, 100)
    t.equal(sockets.segmentOptions, 2, 'once at open, and taken back')
    sockets.sent.length = 0
    sockets.onSend = undefined
    sendFull(3)
    sender.flush()
    t.strictSame(sockets.sent, [3], 'as entries of their own')
    await receiveFull(t, receiver, 3)
    t.equal(sender.counters.sendErrors, 0)
    t.strictSame(codes, [])
  })

  for (const [name, errno] of Object.entries({ EINVAL, EMSGSIZE }))
    t.test(`a path that is narrower than a segment (${name}) gets datagrams one by one, others segments still`, async (t) => {
      const { sockets, sender, receiver, sendFull, send, codes } = await newWorld(t)
      sockets.onSend = (call) => (call === 0 ? { errno } : undefined)
      sendFull(100)
      sender.flush()
      send(0, 1)
      sender.flush()
      await receiveFull(t, receiver, 100, 1)
      sockets.sent.length = 0
      sockets.onSend = undefined
      sendFull(3)
      sender.flush()
      t.strictSame(sockets.sent, [1])
      await receiveFull(t, receiver, 3)
      t.equal(sender.counters.sendErrors, 0)
      t.strictSame(codes, [])
    })

  t.test('what is too large even alone is counted, and the rest leaves', async (t) => {
    const { sockets, sender, receiver, send, codes } = await newWorld(t)
    sockets.onSend = (call) => (call === 0 ? { atMost: 3 } : call <= 2 ? { errno: EMSGSIZE } : undefined)
    send(0, 6)
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 5)), [0, 1, 2, 4, 5])
    t.equal(sender.counters.sendErrors, 1)
    await nextTurn()
    t.strictSame(codes, ['EMSGSIZE'])
  })

  t.test('the system has no room for some of those that go one by one', async (t) => {
    const { sockets, sender, receiver, sendFull } = await newWorld(t)
    sockets.onSend = (call) => (call === 0 ? { errno: EIO } : call === 10 ? { errno: EAGAIN } : undefined)
    sendFull(100)
    sender.flush()
    t.equal(sockets.sent.length, 11, 'tries no further')
    sender.flush()
    await receiveFull(t, receiver, 100)

    const narrow = await newWorld(t)
    narrow.sockets.onSend = (call) => (call === 0 ? { errno: EINVAL } : call === 10 ? { errno: EAGAIN } : undefined)
    narrow.sendFull(100)
    narrow.sender.flush()
    narrow.sender.flush()
    await receiveFull(t, narrow.receiver, 100)
  })

  for (const [name, errno] of Object.entries({ ENETUNREACH, EPERM }))
    t.test(`${name} is counted for each datagram and reported, and the rest leaves, joined as ever`, async (t) => {
      const { sockets, sender, receiver, sendFull, codes } = await newWorld(t)
      sockets.onSend = (call) => (call === 0 ? { errno } : undefined)
      sendFull(60) // an entry of 54, and one of 6
      sender.flush()
      t.equal(sender.counters.sendErrors, 54)
      t.strictSame(codes, [], 'later, not inside flush')
      await nextTurn()
      t.strictSame(codes, [name])
      await receiveFull(t, receiver, 6, 0, 54)
      t.strictSame(sockets.sent, [2, 1])
      t.equal(sockets.segmentOptions, 1)
    })

  t.test('the refusal of an earlier datagram is reported, and what it came with is sent', async (t) => {
    const { sockets, sender, receiver, send, codes } = await newWorld(t)
    sockets.onSend = (call) => (call === 1 ? { errno: ECONNREFUSED } : { atMost: 2 })
    send(0, 4)
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 4)), range(4))
    await nextTurn()
    t.strictSame(codes, ['ECONNREFUSED'])
    t.equal(sender.counters.sendErrors, 0)
  })

  t.test('a call that a signal interrupts is made again, and not for ever', async (t) => {
    const { sockets, sender, receiver, send, codes } = await newWorld(t)
    sockets.onSend = (call) => (call === 0 ? { errno: EINTR } : undefined)
    send(0, 3)
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 3)), range(3))
    t.equal(sender.counters.sendErrors, 0)

    sockets.onSend = () => ({ errno: EINTR })
    send(3, 6)
    sender.flush()
    t.equal(sender.counters.sendErrors, 3)
    await nextTurn()
    t.strictSame(codes, ['EINTR', 'EINTR', 'EINTR'])
  })

  t.test('what waits is retried past a signal and an earlier refusal, and counted where it is refused itself', async (t) => {
    const { sockets, sender, receiver, send, codes } = await newWorld(t)
    sockets.onSend = () => ({ errno: EAGAIN })
    send(0, 5)
    sender.flush()
    const fates: Fate[] = [{ errno: EINTR }, undefined, { errno: ECONNREFUSED }, undefined, { errno: EPERM }]
    sockets.onSend = () => fates.shift()
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 4)), [0, 1, 3, 4])
    t.equal(sender.counters.sendErrors, 1)
    await nextTurn()
    t.strictSame(codes, ['EPERM'])
  })

  t.test('errors of receiving are reported where they say something, and what arrives later is taken', async (t) => {
    const { sockets, sender, codes } = await newWorld(t)
    const errnos = [EAGAIN, EINTR, ENOMEM]
    sockets.onReceive = () => (errnos.length > 0 ? { errno: errnos.shift()! } : undefined)
    const from = newBatched(t)
    await from.open(V4)
    for (let i = 0; i < 3; i++) t.equal(sender.receive(), undefined)
    await nextTurn()
    t.strictSame(codes, ['ENOMEM'])
    sendText(from, 'later', sender.address.host, sender.address.port)
    t.equal(textOf((await receiveMany(sender, 1))[0]), 'later')
  })

  t.test('a transport that was closed keeps nothing of what waited', async (t) => {
    const { sockets, sender, receiver, send } = await newWorld(t)
    sockets.onSend = () => ({ errno: EAGAIN })
    send(0, 5)
    await sender.close()
    sockets.onSend = undefined
    await sender.open(V4)
    send(5, 6)
    sender.flush()
    t.strictSame(numbersOf(await receiveMany(receiver, 1)), [5])
    t.strictSame(receiveAll(receiver), [])
  })
})

async function newWorld(t: Cleaner) {
  const sockets = new FailingSockets()
  const transport = new BatchedTransport({ clock: systemClock, sockets })
  t.teardown(() => transport.close())
  const receiver = newBatched(t)
  const address = await transport.open(V4)
  const { host, port } = await receiver.open({ ...V4, socketBufferBytes: 4 << 20 })
  const codes: (string | undefined)[] = []
  transport.onError = (error) => codes.push(error.code)
  return {
    sockets,
    sender: Object.assign(transport, { address }),
    receiver,
    codes,
    /** Texts of their numbers, each an entry of its own. */
    send: (from: number, to: number) => {
      for (let number = from; number < to; number++) queueText(transport, `${number}`, host, port)
    },
    /** Full datagrams, numbered. */
    sendFull: (count: number) => {
      for (let number = 0; number < count; number++) {
        transport.buffer().fill(number, 0, SEGMENT_BYTES)
        transport.send(SEGMENT_BYTES, host, port)
      }
    },
  }
}

function range(end: number): number[] {
  return Array.from({ length: end }, (_, number) => number)
}

function numbersOf(datagrams: Parameters<typeof textOf>[0][]): number[] {
  return datagrams.map((datagram) => Number(textOf(datagram)))
}

/** Takes full datagrams, numbered from `first` on, and so many others behind them. */
async function receiveFull(t: Test, receiver: BatchedTransport, count: number, others = 0, first = 0): Promise<void> {
  const datagrams = (await receiveMany(receiver, count + others)).slice(0, count)
  t.strictSame(
    datagrams.map(({ length, bytes }) => [length, bytes[0]]),
    range(count).map((number) => [SEGMENT_BYTES, first + number]),
  )
}
