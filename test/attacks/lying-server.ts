// A server that speaks netcode and the protocol as it should, and says in its Welcome, and in whatever the test adds, what it likes.
import { encodeControl, PROTOCOL_VERSION, Welcome, type Welcome as WelcomeValues } from '../../lib/endpoint/control-messages.js'
import { OPEN_PRIVATE_KEY } from '../../lib/endpoint/open-mode.js'
import type { Transport } from '../../lib/index.js'
import { NetcodeServer, type NetcodeServerClient, protocolIdOf, selectCrypto } from '../../lib/netcode/index.js'
import { Connection } from '../../lib/protocol/connection.js'
import { CONTROL_LANE } from '../../lib/protocol/lanes.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { seededEntropy } from '../../lib/simulator/index.js'
import type { World } from '../endpoint/world.js'

const WINDOW = { messages: 16_384, bytes: 1 << 20 }

export class LyingServer {
  readonly isRunning = false
  readonly #world: World
  readonly #transport: Transport
  readonly #welcome: Partial<WelcomeValues>
  readonly #netcode: NetcodeServer
  readonly #pool = new PayloadPool()
  readonly #connection: Connection
  #client: NetcodeServerClient | undefined

  constructor(world: World, welcome: Partial<WelcomeValues>) {
    this.#world = world
    this.#welcome = welcome
    this.#transport = world.network.transport()
    this.#netcode = new NetcodeServer({
      protocolId: protocolIdOf('tickwire'),
      privateKey: OPEN_PRIVATE_KEY,
      maxClients: 4,
      crypto: selectCrypto(),
      entropy: seededEntropy(7),
      startUnixSeconds: world.clock.unixSeconds(),
      isOpen: true,
    })
    this.#connection = new Connection(
      {
        sink: { handleMessage: (lane) => lane === CONTROL_LANE && this.#sayWelcome(), handlePong: () => {} },
        pool: this.#pool,
        timing: { intervalMs: 16, tick: 0, tickMs: 0 },
        maxMessageBytes: 262_144,
        maxSendQueueBytes: 1 << 20,
        minRateBytesPerSecond: 1 << 16,
        maxAckDelayMs: 20,
        window: WINDOW,
        channels: 3,
      },
      world.clock.now(),
    )
  }

  async listen(port: number): Promise<string> {
    return (await this.#transport.open({ port, maxInboxDatagrams: 100, socketBufferBytes: 0 })).host
  }

  update(): void {
    const netcode = this.#netcode
    const transport = this.#transport
    const now = this.#world.clock.now()
    for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive()) {
      const { bytes, host, port, at } = datagram
      const packet = netcode.handleDatagram(bytes, bytes.length, host, port, at, this.#world.clock.unixSeconds())
      if (packet === undefined) continue
      this.#client = packet.client
      if (packet.isPayload) this.#connection.handlePayload(bytes, packet.start, packet.end, packet.sequence, packet.client.nextSequence, at)
    }
    netcode.handleTimeout(now, this.#world.clock.unixSeconds())
    while (netcode.pollEvent() !== undefined) {}
    for (let length = netcode.pollDatagram(transport.buffer()); length > 0; length = netcode.pollDatagram(transport.buffer()))
      transport.send(length, netcode.targetHost, netcode.targetPort)
    const client = this.#client
    if (client === undefined) return
    this.#connection.handleTimeout(now)
    this.#connection.beginTransmit(now)
    for (;;) {
      const buffer = transport.buffer()
      const at = client.payloadOffset
      const bytes = this.#connection.pollPayload(buffer, at, at + client.maxPayloadBytes, client.nextSequence, now)
      if (bytes === 0) return
      transport.send(netcode.sealPayload(client, buffer, bytes, now), client.address.host, client.address.port)
    }
  }

  #sayWelcome(): void {
    const values = {
      version: PROTOCOL_VERSION,
      maxAckDelayMs: 20,
      windowMessages: WINDOW.messages,
      windowBytes: WINDOW.bytes,
      maxMessageBytes: 262_144,
      peerId: 1,
      timeoutMs: 10_000,
      serverNow: 1,
      tick: 0,
      tickMs: 0,
      resumeToken: new Uint8Array(0),
      extensions: [],
      ...this.#welcome,
    }
    const frame = this.#pool.frame(Welcome.id, encodeControl(Welcome, values))
    frame.lane = CONTROL_LANE
    frame.priority = 7
    frame.redundancy = 0
    this.#connection.setPeer(WINDOW, 20)
    this.#connection.send(frame, Number.POSITIVE_INFINITY, this.#world.clock.now())
  }
}
