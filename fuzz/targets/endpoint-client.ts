// A whole client, and a server that lies: it has the keys, lets the client in, or does not, and sends changed payloads. The client's promises settle, its clocks and metrics stay
// numbers, and it tells of its end once.
import { Goodbye, Reject } from '../../lib/endpoint/control-messages.js'
import { OPEN_PRIVATE_KEY } from '../../lib/endpoint/open-mode.js'
import { Client, NetworkError, type Transport } from '../../lib/index.js'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { protocolIdOf } from '../../lib/netcode/create-connect-token.js'
import { NetcodeServer } from '../../lib/netcode/netcode-server.js'
import { ManualClock, SimulatedNetwork, seededEntropy } from '../../lib/simulator/index.js'
import { writeFloat64 } from '../../lib/wire/bytes.js'
import { decodeSteps, encodeSteps, type Step, StepReader } from '../steps.js'
import { bytesOf, check, type Target, timeStep } from '../target.js'
import { encodeWith } from './codecs.js'
import {
  ALL_MESSAGES,
  Chat,
  controlFrame,
  GAME,
  Loose,
  messageFrame,
  messages,
  Num,
  PORT,
  State,
  settle,
  WELCOME,
} from './endpoint-world.js'

const PAYLOAD = 0
const SAY_WELCOME = 1
const UPDATE = 2
const SEND = 3
const KICK = 4
const RAW = 5
const KINDS = 6

const TICK_MS = 16

/** A netcode server with a socket, and nothing above it. */
class LyingServer {
  readonly netcode: NetcodeServer
  readonly #transport: Transport
  readonly #clock: ManualClock

  constructor(transport: Transport, clock: ManualClock) {
    this.#transport = transport
    this.#clock = clock
    this.netcode = new NetcodeServer({
      protocolId: protocolIdOf(GAME),
      privateKey: OPEN_PRIVATE_KEY,
      maxClients: 4,
      crypto: selectCrypto(),
      entropy: seededEntropy(1),
      startUnixSeconds: clock.unixSeconds(),
      isOpen: true,
    })
  }

  poll(): void {
    const now = this.#clock.now()
    const { netcode } = this
    for (let datagram = this.#transport.receive(); datagram !== undefined; datagram = this.#transport.receive())
      netcode.handleDatagram(datagram.bytes, datagram.bytes.length, datagram.host, datagram.port, now, this.#clock.unixSeconds())
    netcode.handleTimeout(now, this.#clock.unixSeconds())
    while (netcode.pollEvent() !== undefined) {}
    const buffer = this.#transport.buffer()
    for (let length = netcode.pollDatagram(buffer); length > 0; length = netcode.pollDatagram(buffer))
      this.#transport.send(length, netcode.targetHost, netcode.targetPort)
  }

  send(payload: Uint8Array): void {
    for (const client of this.netcode.clients) {
      const buffer = this.#transport.buffer()
      const part = payload.subarray(0, Math.min(payload.length, client.maxPayloadBytes))
      buffer.set(part, client.payloadOffset)
      this.#transport.send(
        this.netcode.sealPayload(client, buffer, part.length, this.#clock.now()),
        client.address.host,
        client.address.port,
      )
    }
  }

  sendRaw(bytes: Uint8Array): void {
    for (const { address } of this.netcode.clients) {
      const part = bytes.subarray(0, 1200)
      this.#transport.buffer().set(part)
      this.#transport.send(part.length, address.host, address.port)
    }
  }
}

class World {
  readonly clock = new ManualClock({ now: 1000 })
  readonly network = new SimulatedNetwork({ seed: 1, clock: this.clock })
  readonly #serverTransport = this.network.transport()
  readonly #server = new LyingServer(this.#serverTransport, this.clock)
  #host = ''
  #clients = 0

  async open(): Promise<void> {
    this.#host = (await this.#serverTransport.open({ port: PORT, maxInboxDatagrams: 1024, socketBufferBytes: 65_536 })).host
  }

  close(): void {
    void this.#serverTransport.close()
  }

  async run(steps: readonly Step[]): Promise<void> {
    const client = new Client({
      messages,
      game: GAME,
      clock: this.clock,
      transport: this.network.transport(),
      entropy: seededEntropy(10 + this.#clients++),
    })
    let ends = 0
    let accepted = 0
    let settled: unknown
    for (const type of ALL_MESSAGES) if (type.from !== 'client') client.onMessage(type as typeof Chat, () => {})
    client.on('OnError', ({ error }) => check(error instanceof NetworkError, 'an error has a code'))
    client.on('OnConnectRequestAccepted', () => accepted++)
    client.on('OnDisconnect', () => ends++)
    client.connect({ host: this.#host, port: PORT, name: 'ada' }).then(
      () => {
        settled = 'connected'
      },
      (error: unknown) => {
        settled = error
      },
    )
    for (let ms = 0; ms < 100 && this.#server.netcode.clientCount === 0; ms++) await this.#advance(client, 1)
    check(this.#server.netcode.clientCount > 0, 'a client takes a slot')
    let shown = client.serverNow()
    for (const { kind, bytes } of steps) {
      this.#step(client, kind, bytes)
      if (kind % KINDS === UPDATE || kind % KINDS === SAY_WELCOME) await this.#advance(client, TICK_MS)
      check(
        Number.isFinite(client.serverNow()) && Number.isSafeInteger(client.serverTick()),
        `the server's clock and tick are numbers, got ${client.serverNow()} and ${client.serverTick()}`,
      )
      check(client.serverNow() >= shown || accepted === 1, "the server's clock does not run backwards")
      if (accepted > 0) shown = client.serverNow()
      for (const [name, value] of Object.entries(client.metrics()))
        check(Number.isFinite(value) && value >= 0, `the metric ${name} is a number, got ${value}`)
    }
    let hasLeft = false
    client.disconnect().then(() => {
      hasLeft = true
    })
    for (let ms = 0; ms < 3000 && !(hasLeft && settled !== undefined); ms += 20) await this.#advance(client, 20)
    await this.#advance(client, 20) // an end that came with the accepting is told in the next update
    check(hasLeft, 'disconnect() settles')
    check(settled === 'connected' || settled instanceof NetworkError, `connect() settles with a NetworkError, got ${settled}`)
    check((settled === 'connected') === (accepted === 1) && accepted <= 1, 'a client is let in once, and its promise says so')
    check(ends === accepted, 'OnDisconnect comes once for a client that was let in, else never')
    this.#server.netcode.disconnectAll()
    this.#server.poll()
  }

  #step(client: Client, kind: number, bytes: Uint8Array): void {
    const read = new StepReader(bytes)
    switch (kind % KINDS) {
      case PAYLOAD:
        this.#server.send(bytes.length === 0 ? bytesOf(0) : bytes)
        break
      case SAY_WELCOME:
        this.#server.send(WELCOME)
        break
      case SEND:
        if (client.connected) client.send(Chat, { text: 'x'.repeat(read.uint16() % 2000) })
        break
      case KICK:
        this.#server.netcode.disconnectAll()
        this.#server.poll()
        break
      case RAW:
        this.#server.sendRaw(bytes)
    }
    this.clock.advance(0)
    timeStep(() => client.update())
  }

  async #advance(client: Client, ms: number): Promise<void> {
    this.clock.advance(ms)
    client.update()
    this.clock.advance(0)
    this.#server.poll()
    this.clock.advance(0)
    await settle()
  }
}

let world: World | undefined

function step(kind: number, ...parts: readonly (number | Uint8Array)[]): Step {
  return { kind, bytes: bytesOf(...parts) }
}

function pong(sentAt: number): Uint8Array {
  const frame = new Uint8Array(41)
  frame[0] = 0x04
  let at = 1
  for (const value of [sentAt, 6000, 6001, 120.5, 16]) at = writeFloat64(frame, at, value)
  return frame
}

const num = encodeWith(Num.codec, { n: 1 })
const goodbye = controlFrame(Goodbye, { reason: 1, detail: 'kicked', data: new Uint8Array(0) }, 1)

export const endpointClient: Target = {
  name: 'endpoint-client',
  about: 'a client, and a server with valid keys that sends it changed payloads',
  format: 'steps',
  maxBytes: 5000,
  share: 0.5,
  inputsPerReset: 16,
  dictionary: [
    messageFrame(Num, num, 0),
    messageFrame(Loose, num, 0),
    messageFrame(State, num, 1),
    goodbye,
    pong(1010),
    bytesOf(0, 0, 0, 0, 0, 0, 0xf8, 0x7f),
    bytesOf(0, 0, 0, 0, 0, 0, 0xf0, 0x7f),
  ],
  async reset() {
    world?.close()
    world = new World()
    await world.open()
  },
  async run(input) {
    await world!.run(decodeSteps(input))
  },
  seeds: () => [
    encodeSteps([
      step(SAY_WELCOME),
      step(PAYLOAD, messageFrame(Num, num, 0), messageFrame(Loose, num, 0), messageFrame(State, num, 1)),
      step(UPDATE),
      step(SEND, 100, 0),
      step(UPDATE),
    ]),
    encodeSteps([step(PAYLOAD, WELCOME), step(UPDATE), step(PAYLOAD, pong(1010)), step(UPDATE), step(PAYLOAD, goodbye), step(UPDATE)]),
    encodeSteps([step(PAYLOAD, controlFrame(Reject, { reason: 0, detail: 'no', data: new Uint8Array(0) })), step(UPDATE)]),
    encodeSteps([step(SAY_WELCOME), step(KICK), step(UPDATE)]),
    encodeSteps([
      step(RAW, 0x15, 1, 2, 3),
      step(PAYLOAD, messageFrame(Num, num, 0)),
      step(SAY_WELCOME),
      step(PAYLOAD, 0x01, 0, 0, 0, 0, 16, 0, 0),
    ]),
  ],
}
