// What only node:dgram does, and what a stand-in for it makes happen. What both transports promise is in transports.test.ts.
import * as dgram from 'node:dgram'
import t from 'tap'
import { systemClock } from '../../lib/io/clock.js'
import { UdpTransport, type UdpTransportOptions } from '../../lib/io/udp-transport.js'
import { type Cleaner, exchange, OPTIONS, receiveAll, receiveOne, SKIP_WITHOUT_IPV6, sendText, textOf, V4 } from './transports.js'
import { nextTurn, until } from './until.js'

function newTransport(t: Cleaner, options: Partial<UdpTransportOptions> = {}): UdpTransport {
  const transport = new UdpTransport({ clock: systemClock, ...options })
  t.teardown(() => transport.close())
  return transport
}

t.test('falls back to IPv4 where the system has no IPv6', async (t) => {
  const transport = newTransport(t, { dgram: dgramWith(refuseIPv6) })
  const address = await transport.open(OPTIONS)
  t.hasStrict(address, { host: '0.0.0.0', family: 'ipv4' })
  const other = newTransport(t)
  const otherAddress = await other.open(V4)
  t.hasStrict(await exchange(transport, other, otherAddress), { texts: ['there', 'back'], leftHost: '127.0.0.1' })
})

t.test('does not fall back to IPv4 when IPv6 was asked for, or the port is taken', SKIP_WITHOUT_IPV6, async (t) => {
  await t.rejects(newTransport(t, { dgram: dgramWith(refuseIPv6) }).open({ ...OPTIONS, host: '::1' }), { code: 'EAFNOSUPPORT' })
  const { port } = await newTransport(t).open({ ...OPTIONS, host: '::1' }) // which leaves the port free for IPv4
  await t.rejects(newTransport(t).open({ ...OPTIONS, port }), { code: 'EADDRINUSE' })
})

t.test('drops the newest when the inbox is full, and counts it', async (t) => {
  const sender = newTransport(t)
  const receiver = newTransport(t)
  await sender.open(V4)
  const { host, port } = await receiver.open({ ...V4, maxInboxDatagrams: 5 })
  for (let number = 0; number < 12; number++) sendText(sender, String(number), host, port)
  await until(() => receiver.counters.inboxDropped === 7, 'seven dropped datagrams')
  t.strictSame(receiveAll(receiver).map(textOf), ['0', '1', '2', '3', '4'])
  sendText(sender, 'after', host, port)
  t.equal(textOf(await receiveOne(receiver)), 'after')
})

t.test('says once that it is readable, until the inbox was empty again', async (t) => {
  const sender = newTransport(t)
  const receiver = newTransport(t)
  await sender.open(V4)
  const { host, port } = await receiver.open(V4)
  let calls = 0
  let arrived = 0
  receiver.onReadable = () => calls++
  const take = () => {
    arrived += receiveAll(receiver).length
  }
  for (let number = 0; number < 3; number++) sendText(sender, 'one', host, port)
  await until(() => calls === 1, 'onReadable')
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  t.equal(calls, 1)
  take()
  t.equal(arrived, 3)
  sendText(sender, 'two', host, port)
  await until(() => calls === 2, 'onReadable again')
})

t.test('never writes into a datagram that node still holds, and bounds how many it holds', async (t) => {
  const held: Uint8Array[] = []
  let isBacklogged = true
  const transport = newTransport(t, {
    dgram: dgramWith((socket) => {
      socket.send = ((bytes: Uint8Array, offset: number, length: number) => {
        if (isBacklogged) held.push(bytes.subarray(offset, offset + length))
      }) as typeof socket.send
      socket.getSendQueueCount = () => held.length
    }),
  })
  const codes: (string | undefined)[] = []
  transport.onError = (error) => codes.push(error.code)
  await transport.open(V4)
  for (let number = 0; number < 300; number++) sendText(transport, `datagram ${number}`, '127.0.0.1', 9)
  await nextTurn()
  t.equal(held.length, 256)
  t.strictSame(
    held.map((bytes) => new TextDecoder().decode(bytes)),
    Array.from({ length: 256 }, (_, number) => `datagram ${number}`),
  )
  t.equal(transport.counters.sendErrors, 44)
  t.strictSame(codes, ['ENOBUFS'], 'a row of drops is reported once')

  held.length = 0
  isBacklogged = false
  sendText(transport, 'again', '127.0.0.1', 9)
  t.equal(transport.counters.sendErrors, 44, 'sends again once the system has taken what waited')
  t.equal(transport.buffer(), transport.buffer(), 'and keeps one buffer while nothing is held')
})

t.test('keeps going where the system gives no larger socket buffers', async (t) => {
  const asked: number[] = []
  const transport = newTransport(t, {
    dgram: dgramWith((socket) => {
      socket.setRecvBufferSize = (size) => {
        asked.push(size)
        if (size > 300_000) throw new Error('ENOBUFS')
      }
      socket.setSendBufferSize = () => {
        throw new Error('ENOBUFS')
      }
    }),
  })
  await t.resolves(transport.open({ ...V4, socketBufferBytes: 1 << 20 }))
  t.strictSame(asked, [1 << 20, 1 << 19, 1 << 18], 'asks for the half, and again the half')
})

t.test('ref and unref hold before and after open', async (t) => {
  const calls: string[] = []
  const transport = newTransport(t, {
    dgram: dgramWith((socket) => {
      for (const name of ['ref', 'unref'] as const) {
        socket[name] = () => {
          calls.push(name)
          return socket
        }
      }
    }),
  })
  transport.unref()
  t.strictSame(calls, [])
  await transport.open(V4)
  t.strictSame(calls, ['unref'])
  transport.ref()
  t.strictSame(calls, ['unref', 'ref'])
})

/** node:dgram, with each new socket changed first. */
function dgramWith(change: (socket: dgram.Socket) => void): typeof dgram {
  const createSocket = (options: dgram.SocketOptions) => {
    const socket = dgram.createSocket(options)
    change(socket)
    return socket
  }
  return { ...dgram, createSocket } as typeof dgram
}

function refuseIPv6(socket: dgram.Socket): void {
  const bind = socket.bind.bind(socket)
  socket.bind = ((options: dgram.BindOptions) => {
    if (!options.address?.includes(':')) return bind(options)
    process.nextTick(() => socket.emit('error', Object.assign(new Error('bind EAFNOSUPPORT ::'), { code: 'EAFNOSUPPORT' })))
    return socket
  }) as typeof socket.bind
}
