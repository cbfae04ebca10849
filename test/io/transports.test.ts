// What node:dgram and the batched transport promise alike, on real sockets; also one with the other.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { plainNode } from '../plain-node.js'
import {
  exchange,
  KINDS,
  OPTIONS,
  payloadOf,
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

for (const { name, skip, newTransport } of KINDS) {
  t.test(`${name}: carries datagrams over IPv4 and says whence`, skip, async (t) => {
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

  t.test(`${name}: carries datagrams over IPv6`, { ...SKIP_WITHOUT_IPV6, ...skip }, async (t) => {
    const left = newTransport(t)
    const right = newTransport(t)
    await left.open({ ...OPTIONS, host: '::1' })
    const address = await right.open({ ...OPTIONS, host: '::1' })
    t.hasStrict(address, { host: '::1', family: 'ipv6' })
    t.hasStrict(await exchange(left, right, address), { texts: ['there', 'back'], leftHost: '::1', rightHost: '::1' })
  })

  t.test(`${name}: without a host takes both families on one port, IPv4 in dotted form`, { ...SKIP_WITHOUT_IPV6, ...skip }, async (t) => {
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

  t.test(`${name}: resolves a local host that is a name`, skip, async (t) => {
    const address = await newTransport(t).open({ ...OPTIONS, host: 'localhost' })
    t.ok(address.host === '127.0.0.1' || address.host === '::1', address.host)
  })

  t.test(`${name}: rejects with the code of the system, and can be opened properly after that`, skip, async (t) => {
    const transport = newTransport(t)
    const { port } = await newTransport(t).open(V4)
    await t.rejects(transport.open({ ...V4, port }), { code: 'EADDRINUSE' })
    await t.rejects(transport.open({ ...OPTIONS, port }), { code: 'EADDRINUSE' }, 'where IPv4 alone is taken, too')
    await t.rejects(transport.open({ ...OPTIONS, host: '203.0.113.9' }), { code: 'EADDRNOTAVAIL' })
    await t.rejects(transport.open({ ...V4, port: 70_000 }), new RangeError('"port" expected integer 0–65535, got 70000'))
    await t.rejects(transport.open({ ...V4, port: 1.5 }), { code: 'ERR_SOCKET_BAD_PORT' })
    await t.rejects(transport.open({ ...V4, remote: { host: '127.0.0.1', port: 0, family: 'ipv4' } }), { code: 'ERR_SOCKET_BAD_PORT' })
    await t.rejects(transport.open({ ...V4, maxInboxDatagrams: 0 }), RangeError)
    await t.resolves(transport.open(V4))
    await t.rejects(transport.open(V4), new Error('open() expected a closed transport, got an open one'))
  })

  t.test(`${name}: reports a dead port on a connected socket`, skip, async (t) => {
    const dead = newTransport(t)
    const { port } = await dead.open(V4)
    await dead.close()
    const transport = newTransport(t)
    const codes: (string | undefined)[] = []
    transport.onError = (error) => codes.push(error.code)
    const local = await transport.open({ ...OPTIONS, remote: { host: '127.0.0.1', port, family: 'ipv4' } })
    t.equal(local.host, '127.0.0.1', 'the local address of a connected socket is known')
    sendText(transport, 'anyone?', '127.0.0.1', port)
    await until(() => transport.receive() === undefined && codes.length > 0, 'ECONNREFUSED')
    for (let turn = 0; turn < 5; turn++) {
      transport.receive()
      await nextTurn()
    }
    t.strictSame(codes, ['ECONNREFUSED'], 'once for each datagram that was refused')
  })

  t.test(`${name}: a connected socket takes datagrams of its remote only`, skip, async (t) => {
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

  t.test(`${name}: a connected socket of IPv6 reaches its remote`, { ...SKIP_WITHOUT_IPV6, ...skip }, async (t) => {
    const remote = newTransport(t)
    const remoteAddress = await remote.open({ ...OPTIONS, host: '::1' })
    const transport = newTransport(t)
    t.hasStrict(await transport.open({ ...OPTIONS, remote: remoteAddress }), { host: '::1', family: 'ipv6' })
    t.hasStrict(await exchange(transport, remote, remoteAddress), { texts: ['there', 'back'], leftHost: '::1', rightHost: '::1' })
  })

  t.test(`${name}: carries empty datagrams, and what stands before and behind them`, skip, async (t) => {
    const sender = newTransport(t)
    const receiver = newTransport(t)
    await sender.open(V4)
    const { host, port } = await receiver.open(V4)
    for (const length of [0, 1200, 0, 0, 3]) {
      sender.buffer().fill(7, 0, length)
      sender.send(length, host, port)
    }
    sender.flush?.()
    t.strictSame(
      (await receiveMany(receiver, 5)).map(({ length }) => length),
      [0, 1200, 0, 0, 3],
    )
  })

  t.test(`${name}: stamps datagrams with the clock it was given`, skip, async (t) => {
    const receiver = newTransport(t, { now: () => 100_000.5 })
    const sender = newTransport(t)
    await sender.open(V4)
    const { host, port } = await receiver.open(V4)
    sendText(sender, 'x', host, port)
    const datagram = await receiveOne(receiver)
    if (name === 'dgram') t.equal(datagram.at, 100_000.5)
    else t.ok(datagram.at > 99_000 && datagram.at <= 100_000.5, `${datagram.at}: less what it waited in the socket`)
    t.equal(Object.getPrototypeOf(datagram.bytes), Uint8Array.prototype, 'bytes are no Buffer')
  })

  t.test(`${name}: can be opened again on the same port, without what waited before`, skip, async (t) => {
    const sender = newTransport(t)
    const receiver = newTransport(t)
    await sender.open(V4)
    const { host, port } = await receiver.open(V4)
    queueText(sender, 'first', host, port)
    sendText(sender, 'old', host, port)
    t.equal(textOf(await receiveOne(receiver)), 'first')
    const closing = receiver.close()
    t.equal(receiver.receive(), undefined)
    await receiver.open({ ...V4, port })
    await closing
    sendText(sender, 'new', host, port)
    t.equal(textOf(await receiveOne(receiver)), 'new')
    await receiver.close()
    await receiver.close()
  })

  t.test(`${name}: a close while it opens leaves no socket behind`, skip, async (t) => {
    const transport = newTransport(t)
    const opening = transport.open(V4)
    await transport.close()
    await t.rejects(opening, { code: 'ECANCELED' })
    const { port } = await transport.open(V4)
    await transport.close()
    const opening2 = transport.open({ ...V4, port })
    await transport.close()
    await t.rejects(opening2, { code: 'ECANCELED' })
    await t.resolves(transport.open({ ...V4, port }), 'the port is free')
  })

  t.test(`${name}: sending when closed does nothing`, skip, async (t) => {
    const transport = newTransport(t)
    transport.onError = (error) => t.fail(error)
    sendText(transport, 'x', '127.0.0.1', 9)
    await transport.open(V4)
    await transport.close()
    sendText(transport, 'x', '127.0.0.1', 9)
    t.equal(transport.receive(), undefined)
    await nextTurn()
    t.equal(transport.counters.sendErrors, 0)
  })

  t.test(`${name}: counts and reports what the system refuses to send, and never throws`, skip, async (t) => {
    const receiver = newTransport(t)
    const { host, port } = await receiver.open(V4)
    const transport = newTransport(t)
    const codes: (string | undefined)[] = []
    transport.onError = (error) => codes.push(error.code)
    await transport.open(V4)
    queueText(transport, 'no port', '127.0.0.1', 0)
    queueText(transport, 'no address', '999.0.0.1', 9)
    queueText(transport, 'no family', '::1', 9)
    transport.send(5000, '127.0.0.1', 9)
    queueText(transport, 'good', host, port)
    transport.flush?.()
    t.equal(codes.length, 0, 'errors come later, not inside send')
    await until(() => codes.length === 4, 'four errors')
    t.strictSame(
      codes.sort(),
      name === 'dgram'
        ? ['EINVAL', 'EINVAL', 'ERR_BUFFER_OUT_OF_BOUNDS', 'ERR_SOCKET_BAD_PORT']
        : ['EINVAL', 'EINVAL', 'EINVAL', 'EMSGSIZE'],
    )
    t.equal(transport.counters.sendErrors, 4)
    t.equal(textOf(await receiveOne(receiver)), 'good', 'the rest leaves')
  })

  t.test(`${name}: 10,000 datagrams sent in one tick arrive as they were, or not at all`, skip, async (t) => {
    const sender = newTransport(t)
    const receiver = newTransport(t)
    await sender.open(V4)
    const { host, port } = await receiver.open({ ...V4, maxInboxDatagrams: 10_000, socketBufferBytes: 4 << 20 })
    const sent = 10_000
    for (let number = 0; number < sent; number++) {
      const length = 4 + (number % 200)
      const buffer = sender.buffer()
      buffer.fill(number & 255, 4, length)
      new DataView(buffer.buffer, buffer.byteOffset).setUint32(0, number)
      sender.send(length, host, port)
    }
    sender.flush?.()
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
    return t.ok(received > 1000, `${received} of ${sent} arrived`)
  })

  t.test(`${name}: the same content can go to several peers`, skip, async (t) => {
    const sender = newTransport(t)
    await sender.open(V4)
    const receivers = [newTransport(t), newTransport(t), newTransport(t)]
    const addresses = await Promise.all(receivers.map((receiver) => receiver.open(V4)))
    sender.buffer().set([1, 2, 3])
    for (const { host, port } of addresses) sender.send(3, host, port)
    sender.flush?.()
    for (const receiver of receivers) t.strictSame((await receiveOne(receiver)).bytes, new Uint8Array([1, 2, 3]))
  })

  t.test(`${name}: several servers share a port by reusePort, and none can without`, skip, async (t) => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    if (name === 'dgram' && (major < 23 || (major === 23 && minor < 1))) {
      await t.rejects(newTransport(t).open({ ...V4, reusePort: true }), /"reusePort" expected Node 23.1 or newer/)
      return
    }
    const first = newTransport(t)
    const second = newTransport(t)
    const { host, port } = await first.open({ ...V4, reusePort: true })
    t.equal((await second.open({ ...V4, port, reusePort: true })).port, port)
    await t.rejects(newTransport(t).open({ ...V4, port }), { code: 'EADDRINUSE' })
    const senders = Array.from({ length: 64 }, () => newTransport(t))
    for (const [number, sender] of senders.entries()) {
      await sender.open(V4)
      sendText(sender, `${number}`, host, port)
    }
    const arrived: [string[], string[]] = [[], []]
    await until(() => {
      for (const [i, receiver] of [first, second].entries()) arrived[i]!.push(...receiveAll(receiver).map((datagram) => textOf(datagram)!))
      return arrived[0].length + arrived[1].length === senders.length
    }, 'a datagram of every sender')
    t.ok(arrived[0].length > 0 && arrived[1].length > 0, `${arrived[0].length} and ${arrived[1].length}`)
    const [sender] = senders
    for (let i = 0; i < 10; i++) sendText(sender!, 'again', host, port)
    const home = arrived[0].includes('0') ? first : second
    t.equal((await receiveMany(home, 10)).length, 10, 'an address stays where it is')
  })

  t.test(`${name}: keeps the process alive while open, unless told not to`, skip, async (t) => {
    const module = new URL(`../../lib/io/${name === 'dgram' ? 'udp-transport' : 'batched-transport'}.js`, import.meta.url).href
    const run = async (more: string): Promise<string> => {
      const source = `
        const { ${name === 'dgram' ? 'UdpTransport' : 'BatchedTransport'}: Transport } = await import(${JSON.stringify(module)})
        const transport = new Transport({ clock: { now: () => 0 } })
        process.on('beforeExit', () => { console.log('idle'); process.exit() })
        ${more}
      `
      const child = spawn(...plainNode(['--input-type=module', '-e', source]), { stdio: ['ignore', 'pipe', 'inherit'] })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
      await once(child, 'close')
      return output.trim()
    }
    const open = `await transport.open(${JSON.stringify(V4)})`
    const isAlive = `setTimeout(() => { console.log('alive'); transport.unref() }, 50).unref()`
    t.strictSame(
      await Promise.all([
        run(`${open}; transport.unref()`),
        run(`transport.unref();${open}`),
        run(`${open}; ${isAlive}`),
        run(`transport.unref(); ${open}; transport.ref(); ${isAlive}`),
        run(`${open}; await transport.close()`),
      ]),
      ['idle', 'idle', 'alive\nidle', 'alive\nidle', 'idle'],
    )
  })
}

t.test('the two kinds understand each other', SKIP_WITHOUT_BATCHED, async (t) => {
  const [dgram, batched] = KINDS.map(({ newTransport }) => newTransport(t))
  await dgram!.open(V4)
  const address = await batched!.open(V4)
  t.hasStrict(await exchange(dgram!, batched!, address), { texts: ['there', 'back'] })
  batched!.buffer().fill(1, 0, 1200)
  const { port, host } = await receiveFrom()
  for (let i = 0; i < 5; i++) batched!.send(1200, host, port)
  batched!.flush?.()
  t.strictSame(
    (await receiveMany(dgram!, 5)).map((datagram) => payloadOf(datagram).length),
    [1200, 1200, 1200, 1200, 1200],
  )

  async function receiveFrom() {
    sendText(dgram!, 'whence', address.host, address.port)
    return await receiveOne(batched!)
  }
})
