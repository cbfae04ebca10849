import * as dgram from 'node:dgram'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { systemClock } from '../../lib/io/clock.js'
import type { Datagram, TransportOptions } from '../../lib/io/transport.js'
import { UdpTransport, type UdpTransportOptions } from '../../lib/io/udp-transport.js'
import { nextTurn, until } from './until.js'

const OPTIONS: TransportOptions = { maxInboxDatagrams: 1000, socketBufferBytes: 1 << 20 }
const V4: TransportOptions = { ...OPTIONS, host: '127.0.0.1' }

const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some((address) => address.address === '::1'))
const SKIP_WITHOUT_IPV6 = hasIPv6 ? {} : { skip: 'this machine has no ::1' }

type Cleaner = { teardown(callback: () => Promise<void>): void }

function newTransport(t: Cleaner, options: Partial<UdpTransportOptions> = {}): UdpTransport {
  const transport = new UdpTransport({ clock: systemClock, ...options })
  t.teardown(() => transport.close())
  return transport
}

function sendText(transport: UdpTransport, text: string, host: string, port: number): void {
  const bytes = new TextEncoder().encode(text)
  transport.buffer().set(bytes)
  transport.send(bytes.length, host, port)
}

function textOf(datagram: Datagram | undefined): string | undefined {
  return datagram && new TextDecoder().decode(datagram.bytes)
}

async function receiveOne(transport: UdpTransport): Promise<Datagram> {
  let datagram: Datagram | undefined
  await until(() => {
    datagram = transport.receive()
    return datagram !== undefined
  }, 'a datagram')
  return datagram!
}

/** Sends one datagram there and one back, and returns the address under which each end saw the other. */
async function exchange(left: UdpTransport, right: UdpTransport, to: { host: string; port: number }) {
  sendText(left, 'there', to.host, to.port)
  const there = await receiveOne(right)
  sendText(right, 'back', there.host, there.port)
  const back = await receiveOne(left)
  return { texts: [textOf(there), textOf(back)], leftHost: there.host, rightHost: back.host, leftPort: there.port, rightPort: back.port }
}

t.test('carries datagrams over IPv4 and says whence', async (t) => {
  const left = newTransport(t)
  const right = newTransport(t)
  const leftAddress = await left.open(V4)
  const rightAddress = await right.open({ ...V4, port: 0 })
  t.hasStrict(rightAddress, { host: '127.0.0.1', family: 'ipv4' })
  t.ok(rightAddress.port > 0)
  t.strictSame(await exchange(left, right, rightAddress), {
    texts: ['there', 'back'],
    leftHost: '127.0.0.1',
    rightHost: '127.0.0.1',
    leftPort: leftAddress.port,
    rightPort: rightAddress.port,
  })
})

t.test('carries datagrams over IPv6', SKIP_WITHOUT_IPV6, async (t) => {
  const left = newTransport(t)
  const right = newTransport(t)
  await left.open({ ...OPTIONS, host: '::1' })
  const address = await right.open({ ...OPTIONS, host: '::1' })
  t.hasStrict(address, { host: '::1', family: 'ipv6' })
  t.hasStrict(await exchange(left, right, address), { texts: ['there', 'back'], leftHost: '::1', rightHost: '::1' })
})

t.test('without a host takes both families on one port, IPv4 in dotted form', SKIP_WITHOUT_IPV6, async (t) => {
  const both = newTransport(t)
  const v4 = newTransport(t)
  const v6 = newTransport(t)
  const address = await both.open(OPTIONS)
  t.hasStrict(address, { host: '::', family: 'ipv6' })
  await v4.open(V4)
  await v6.open({ ...OPTIONS, host: '::1' })
  t.hasStrict(await exchange(v4, both, { host: '127.0.0.1', port: address.port }), { texts: ['there', 'back'], leftHost: '127.0.0.1' })
  t.hasStrict(await exchange(v6, both, { host: '::1', port: address.port }), { texts: ['there', 'back'], leftHost: '::1' })
  const fresh = newTransport(t)
  const freshAddress = await fresh.open(V4)
  t.hasStrict(await exchange(both, fresh, freshAddress), { texts: ['there', 'back'], leftHost: '127.0.0.1', rightHost: '127.0.0.1' })
})

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

t.test('resolves a local host that is a name', async (t) => {
  const address = await newTransport(t).open({ ...OPTIONS, host: 'localhost' })
  t.ok(address.host === '127.0.0.1' || address.host === '::1', address.host)
})

t.test('rejects with the code of the system, and can be opened properly after that', async (t) => {
  const transport = newTransport(t)
  const { port } = await newTransport(t).open(V4)
  await t.rejects(transport.open({ ...V4, port }), { code: 'EADDRINUSE' })
  await t.rejects(transport.open({ ...OPTIONS, host: '203.0.113.9' }), { code: 'EADDRNOTAVAIL' })
  await t.rejects(transport.open({ ...V4, port: 70_000 }), new RangeError('"port" expected integer 0–65535, got 70000'))
  await t.rejects(transport.open({ ...V4, port: 1.5 }), { code: 'ERR_SOCKET_BAD_PORT' })
  await t.rejects(transport.open({ ...V4, remote: { host: '127.0.0.1', port: 0, family: 'ipv4' } }), { code: 'ERR_SOCKET_BAD_PORT' })
  await t.rejects(transport.open({ ...V4, maxInboxDatagrams: 0 }), RangeError)
  await t.resolves(transport.open(V4))
  await t.rejects(transport.open(V4), new Error('open() expected a closed transport, got an open one'))
})

t.test('reports a dead port on a connected socket', async (t) => {
  const dead = newTransport(t)
  const { port } = await dead.open(V4)
  await dead.close()
  const transport = newTransport(t)
  const codes: (string | undefined)[] = []
  transport.onError = (error) => codes.push(error.code)
  const local = await transport.open({ ...OPTIONS, remote: { host: '127.0.0.1', port, family: 'ipv4' } })
  t.equal(local.host, '127.0.0.1', 'the local address of a connected socket is known')
  sendText(transport, 'anyone?', '127.0.0.1', port)
  await until(() => codes.length > 0, 'ECONNREFUSED')
  t.equal(codes[0], 'ECONNREFUSED')
})

t.test('a connected socket takes datagrams of its remote only', async (t) => {
  const remote = newTransport(t)
  const stranger = newTransport(t)
  const remoteAddress = await remote.open(V4)
  await stranger.open(V4)
  const transport = newTransport(t)
  const { host, port } = await transport.open({ ...OPTIONS, remote: remoteAddress })
  sendText(stranger, 'stranger', host, port)
  sendText(remote, 'remote', host, port)
  t.equal(textOf(await receiveOne(transport)), 'remote')
  t.equal(transport.receive(), undefined)
  sendText(transport, 'answer', 'ignored', 1)
  t.equal(textOf(await receiveOne(remote)), 'answer')
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

t.test('stamps datagrams with the clock it was given', async (t) => {
  const receiver = newTransport(t, { clock: { now: () => 1234.5 } })
  const sender = newTransport(t)
  await sender.open(V4)
  const { host, port } = await receiver.open(V4)
  sendText(sender, 'x', host, port)
  const datagram = await receiveOne(receiver)
  t.equal(datagram.at, 1234.5)
  t.equal(Object.getPrototypeOf(datagram.bytes), Uint8Array.prototype, 'bytes are no Buffer')
})

t.test('can be opened again on the same port, without what waited before', async (t) => {
  const sender = newTransport(t)
  const receiver = newTransport(t)
  await sender.open(V4)
  const { host, port } = await receiver.open(V4)
  sendText(sender, 'old', host, port)
  let isReadable = false
  receiver.onReadable = () => {
    isReadable = true
  }
  await until(() => isReadable, 'the old datagram')
  const closing = receiver.close()
  t.equal(receiver.receive(), undefined)
  await receiver.open({ ...V4, port })
  await closing
  sendText(sender, 'new', host, port)
  t.equal(textOf(await receiveOne(receiver)), 'new')
  await receiver.close()
  await receiver.close()
})

t.test('a close while it opens leaves no socket behind', async (t) => {
  const transport = newTransport(t)
  const opening = transport.open(V4)
  await transport.close()
  await t.rejects(opening, { code: 'ECANCELED' })
  await t.resolves(transport.open(V4))
})

t.test('sending when closed does nothing', async (t) => {
  const transport = newTransport(t)
  transport.onError = (error) => t.fail(error)
  sendText(transport, 'x', '127.0.0.1', 9)
  await transport.open(V4)
  await transport.close()
  sendText(transport, 'x', '127.0.0.1', 9)
  await nextTurn()
  t.equal(transport.counters.sendErrors, 0)
})

t.test('counts and reports what the system refuses to send, and never throws', async (t) => {
  const transport = newTransport(t)
  const codes: (string | undefined)[] = []
  transport.onError = (error) => codes.push(error.code)
  await transport.open(V4)
  sendText(transport, 'no port', '127.0.0.1', 0)
  sendText(transport, 'no address', '999.0.0.1', 9)
  transport.send(5000, '127.0.0.1', 9)
  t.equal(codes.length, 0, 'errors come later, not inside send')
  await until(() => codes.length === 3, 'three errors')
  t.strictSame(codes.sort(), ['EINVAL', 'ERR_BUFFER_OUT_OF_BOUNDS', 'ERR_SOCKET_BAD_PORT'])
  t.equal(transport.counters.sendErrors, 3)
})

t.test('10,000 datagrams sent in one tick arrive as they were, or not at all', async (t) => {
  const sender = newTransport(t)
  const receiver = newTransport(t)
  await sender.open(V4)
  const { host, port } = await receiver.open({ ...V4, maxInboxDatagrams: 10_000, socketBufferBytes: 4 << 20 })
  const sent = 10_000
  for (let number = 0; number < sent; number++) {
    const length = 4 + (number % 200)
    const buffer = sender.buffer()
    buffer.fill(number & 255, 4, length)
    new DataView(buffer.buffer).setUint32(0, number)
    sender.send(length, host, port)
  }
  let received = 0
  let last = -1
  let silentTurns = 0
  // Loopback loses only what the receive buffer cannot hold, so that silence over many turns is the end.
  while (received < sent && silentTurns < 200) {
    const datagrams = receiveAll(receiver)
    silentTurns = datagrams.length === 0 ? silentTurns + 1 : 0
    for (const { bytes } of datagrams) {
      const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
      const isWhole = number > last && bytes.length === 4 + (number % 200) && bytes.subarray(4).every((byte) => byte === (number & 255))
      if (!isWhole) return t.fail(`datagram ${number} after ${last} is not what was sent`)
      last = number
      received++
    }
    await nextTurn()
  }
  t.equal(sender.counters.sendErrors, 0)
  return t.ok(received > 2000, `${received} of ${sent} arrived`)
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

t.test('the same content can go to several peers', async (t) => {
  const sender = newTransport(t)
  await sender.open(V4)
  const receivers = [newTransport(t), newTransport(t), newTransport(t)]
  const addresses = await Promise.all(receivers.map((receiver) => receiver.open(V4)))
  sender.buffer().set([1, 2, 3])
  for (const { host, port } of addresses) sender.send(3, host, port)
  for (const receiver of receivers) t.strictSame((await receiveOne(receiver)).bytes, new Uint8Array([1, 2, 3]))
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

function receiveAll(transport: UdpTransport): Datagram[] {
  const datagrams: Datagram[] = []
  for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive()) datagrams.push(datagram)
  return datagrams
}

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
