// The same over real sockets on the loopback. The clock is the test's own, so that time-outs need no waiting.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { systemEntropy } from '../../lib/io/entropy.js'
import { generateConnectToken } from '../../lib/netcode/connect-token.js'
import { NetcodeClient } from '../../lib/netcode/netcode-client.js'
import { NetcodeServer } from '../../lib/netcode/netcode-server.js'
import { createAddress, formatAddress } from '../../lib/wire/address.js'
import { crypto, PRIVATE_KEY, PROTOCOL_ID, START_UNIX_SECONDS } from './world.js'

const MAX_TURNS = 200_000
/** Payloads on their way at once: few enough for any system's socket buffer. */
const BURST = 32

/** A server, its clients and their sockets, driven by turns of the event loop; each turn is a tenth of a millisecond of the test's clock. */
class UdpWorld {
  now = 0
  server!: NetcodeServer
  readonly events: string[] = []
  readonly echoed: Uint8Array[] = []
  readonly #host: string
  readonly #sockets: Socket[] = []
  /** Room for a payload of 1200 bytes with all that goes around it. */
  readonly #out = new Uint8Array(1280)
  #serverSocket!: Socket
  readonly #clients = new Map<NetcodeClient, Socket>()

  constructor(host: string) {
    this.#host = host
  }

  get unixSeconds(): number {
    return START_UNIX_SECONDS + Math.floor(this.now / 1000)
  }

  async listen(): Promise<void> {
    this.#serverSocket = await this.#bind()
    this.restart()
    this.#serverSocket.on('message', (bytes, { address, port }) => {
      const packet = this.server.handleDatagram(bytes, bytes.length, address, port, this.now, this.unixSeconds)
      if (packet?.isPayload !== true) return
      const { client } = packet
      if (!client.confirmed) throw new Error('expected a client that sent a payload to be confirmed')
      this.#out.set(bytes.subarray(packet.start, packet.end), client.payloadOffset)
      const length = this.server.sealPayload(client, this.#out, packet.end - packet.start, this.now)
      this.#serverSocket.send(this.#out.slice(0, length), port, address)
    })
  }

  restart(): void {
    const address = createAddress(this.#host, this.#serverSocket.address().port)
    this.server = new NetcodeServer({
      protocolId: PROTOCOL_ID,
      privateKey: PRIVATE_KEY,
      addresses: [address],
      maxClients: 1,
      crypto,
      entropy: systemEntropy,
      startUnixSeconds: this.unixSeconds,
    })
  }

  token(clientId: bigint): Uint8Array {
    return generateConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey: PRIVATE_KEY,
      serverAddresses: [formatAddress(createAddress(this.#host, this.#serverSocket.address().port))],
      clientId,
      timeoutSeconds: 2,
      createUnixSeconds: this.unixSeconds,
      entropy: systemEntropy,
      crypto,
    })
  }

  async connect(token: Uint8Array, port = 0): Promise<NetcodeClient> {
    const client = new NetcodeClient({ crypto })
    const socket = await this.#bind(port)
    socket.on('message', (bytes, from) => {
      const packet = client.handleDatagram(bytes, bytes.length, from.address, from.port, this.now)
      if (packet?.isPayload) this.echoed.push(bytes.subarray(packet.start, packet.end))
    })
    this.#clients.set(client, socket)
    client.connect(token, this.now)
    return client
  }

  portOf(client: NetcodeClient): number {
    return this.#clients.get(client)!.address().port
  }

  /** Closes a client's socket without a word. */
  kill(client: NetcodeClient): void {
    this.#clients.get(client)?.close()
    this.#clients.delete(client)
  }

  send(client: NetcodeClient, payload: Uint8Array): void {
    this.#out.set(payload, client.payloadOffset)
    this.#send(
      this.#clients.get(client)!,
      client.sealPayload(this.#out, payload.length, this.now),
      client.targetAddress.host,
      client.targetAddress.port,
    )
  }

  async until(condition: () => boolean): Promise<boolean> {
    for (let turn = 0; turn < MAX_TURNS && !condition(); turn++) {
      this.now += 0.1
      this.#drive()
      await setImmediate()
    }
    return condition()
  }

  close(): void {
    for (const socket of this.#sockets) {
      try {
        socket.close()
      } catch {
        // Closed by kill().
      }
    }
  }

  #drive(): void {
    this.server.handleTimeout(this.now, this.unixSeconds)
    for (let event = this.server.pollEvent(); event !== undefined; event = this.server.pollEvent()) {
      this.events.push(event.type === 'connected' ? event.type : event.reason)
    }
    for (let length = this.server.pollDatagram(this.#out); length > 0; length = this.server.pollDatagram(this.#out)) {
      this.#send(this.#serverSocket, length, this.server.targetHost, this.server.targetPort)
    }
    for (const [client, socket] of this.#clients) {
      client.handleTimeout(this.now)
      for (let length = client.pollDatagram(this.#out); length > 0; length = client.pollDatagram(this.#out)) {
        this.#send(socket, length, client.targetAddress.host, client.targetAddress.port)
      }
    }
  }

  #send(socket: Socket, length: number, host: string, port: number): void {
    socket.send(this.#out.slice(0, length), port, host)
  }

  async #bind(port = 0): Promise<Socket> {
    const socket = createSocket({ type: this.#host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 })
    this.#sockets.push(socket)
    socket.bind(port, this.#host)
    await once(socket, 'listening')
    return socket
  }
}

for (const host of ['127.0.0.1', '::1']) {
  t.test(`over real UDP on ${host}`, async (t) => {
    const world = new UdpWorld(host)
    try {
      await world.listen()
    } catch (error) {
      t.comment(`${host} is left out: ${String(error)}`)
      world.close()
      return
    }
    t.teardown(() => world.close())

    const token = world.token(1n)
    const client = await world.connect(token)
    t.ok(await world.until(() => client.state === 3), 'connects')

    let sent = 0
    for (; sent < 10_000; sent += BURST) {
      for (let i = sent; i < sent + BURST; i++) world.send(client, new Uint8Array(1 + (i % 1200)).fill(i))
      if (!(await world.until(() => world.echoed.length === sent + BURST))) break
    }
    t.ok(sent >= 10_000, `${sent} payloads went there and back`)
    t.ok(
      world.echoed.every((bytes, i) => bytes.length === 1 + (i % 1200) && bytes.every((byte) => byte === (i & 255))),
      'as they were sent',
    )

    const denied = await world.connect(world.token(2n))
    t.ok(await world.until(() => denied.state < 0))
    t.equal(denied.stateName, 'connection denied', 'a full server denies')

    const port = world.portOf(client)
    client.disconnect()
    t.ok(await world.until(() => world.events.length === 2), 'disconnects')
    t.same(world.events, ['connected', 'closed'])

    world.kill(client)
    const same = await world.connect(token, port)
    const other = await world.connect(token)
    t.ok(await world.until(() => same.state < 0 && other.state < 0))
    t.same(
      [same.stateName, other.stateName],
      ['connection request timed out', 'connection request timed out'],
      'a token opens one session, whatever the address',
    )
    t.ok(world.server.counters.consumedToken >= 20)

    const silent = await world.connect(world.token(3n))
    t.ok(await world.until(() => silent.state === 3))
    world.kill(silent)
    t.ok(await world.until(() => world.events.length === 4), 'a client that went silent ends')
    t.same(world.events.slice(2), ['connected', 'timeout'])

    const old = world.token(4n)
    world.now += 2000
    world.restart()
    const late = await world.connect(old)
    t.ok(await world.until(() => late.state < 0))
    t.ok(world.server.counters.beforeRestart >= 10, 'a restarted server refuses a token from before')

    const stale = world.token(5n)
    world.now += 31_000
    const expired = await world.connect(stale)
    t.ok(await world.until(() => world.server.counters.expired >= 2), 'an expired token is refused')
    t.equal(expired.state, 1)
  })
}
