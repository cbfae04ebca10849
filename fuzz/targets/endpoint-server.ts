// A whole server with two honest clients on a simulated network, and an attacker inside with valid keys: it says Hello, or does not, and sends changed payloads. Whatever it sends, it ends
// nobody's connection but its own, and the honest clients' messages go on arriving once and in order.
import { OPEN_PRIVATE_KEY } from '../../lib/endpoint/open-mode.js'
import { Client, Server, type Transport } from '../../lib/index.js'
import type { Address } from '../../lib/io/address.js'
import { selectCrypto } from '../../lib/io/select-crypto.js'
import { generateConnectToken, readConnectToken } from '../../lib/netcode/connect-token.js'
import { protocolIdOf } from '../../lib/netcode/create-connect-token.js'
import { NetcodeClient } from '../../lib/netcode/netcode-client.js'
import { PacketCodec } from '../../lib/netcode/packet.js'
import { ManualClock, SimulatedNetwork, seededEntropy } from '../../lib/simulator/index.js'
import { decodeSteps, encodeSteps, type Step, StepReader } from '../steps.js'
import { bytesOf, check, type Target, timeStep } from '../target.js'
import { encodeWith } from './codecs.js'
import { ALL_MESSAGES, Blob, Chat, GAME, HELLO, Loose, Move, messageFrame, messages, Num, PORT, Save, settle } from './endpoint-world.js'

const PAYLOAD = 0
const SAY_HELLO = 1
const UPDATE = 2
const SEALED = 3
const RAW = 4
const LEAVE = 5
const KINDS = 6

const MAX_PEERS = 8
const TICK_MS = 16
const HONEST = 2

/** The attacker's end of a netcode session, by hand. */
class Attacker {
  readonly client: NetcodeClient
  readonly #transport: Transport
  readonly #codec: PacketCodec
  readonly #key: Uint8Array
  readonly #clock: ManualClock
  #sequence = 1000

  constructor(transport: Transport, clock: ManualClock, server: Address, seed: number) {
    const crypto = selectCrypto()
    const token = generateConnectToken({
      protocolId: protocolIdOf(GAME),
      privateKey: OPEN_PRIVATE_KEY,
      serverAddresses: [server],
      clientId: 666n,
      timeoutSeconds: 10,
      createUnixSeconds: clock.unixSeconds(),
      entropy: seededEntropy(seed),
      crypto,
    })
    this.#transport = transport
    this.#clock = clock
    this.#codec = new PacketCodec(crypto, protocolIdOf(GAME))
    this.#key = readConnectToken(token)!.clientToServerKey
    this.client = new NetcodeClient({ crypto })
    this.client.connect(token, clock.now())
  }

  get isConnected(): boolean {
    return this.client.stateName === 'connected'
  }

  poll(): void {
    for (let datagram = this.#transport.receive(); datagram !== undefined; datagram = this.#transport.receive())
      this.client.handleDatagram(datagram.bytes, datagram.bytes.length, datagram.host, datagram.port, this.#clock.now())
    const buffer = this.#transport.buffer()
    for (let length = this.client.pollDatagram(buffer); length > 0; length = this.client.pollDatagram(buffer)) this.#send(length)
  }

  sendSealed(type: number, sequence: number | undefined, body: Uint8Array): void {
    const number = sequence ?? this.#sequence++
    const sequenceBytes = number < 256 ? 1 : number < 65_536 ? 2 : 3
    const buffer = this.#transport.buffer()
    const part = body.subarray(0, 1200)
    buffer.set(part, 1 + sequenceBytes)
    this.#send(this.#codec.seal(this.#key, type, number, 0, buffer, part.length))
  }

  sendRaw(bytes: Uint8Array): void {
    const part = bytes.subarray(0, 1200)
    this.#transport.buffer().set(part)
    this.#send(part.length)
  }

  close(): void {
    void this.#transport.close()
  }

  #send(length: number): void {
    this.#transport.send(length, this.client.targetAddress.host, this.client.targetAddress.port)
  }
}

class World {
  readonly clock = new ManualClock({ now: 1000 })
  readonly network = new SimulatedNetwork({ seed: 1, clock: this.clock })
  readonly server = new Server({
    messages,
    game: GAME,
    maxPeers: MAX_PEERS,
    clock: this.clock,
    transport: this.network.transport(),
    entropy: seededEntropy(1),
  })
  readonly honest = Array.from(
    { length: HONEST },
    (_, i) => new Client({ messages, game: GAME, clock: this.clock, transport: this.network.transport(), entropy: seededEntropy(2 + i) }),
  )
  readonly #sent = new Array<number>(HONEST).fill(0)
  readonly #echoed = new Array<number>(HONEST).fill(0)
  #address: Address | undefined
  #attacker: Attacker | undefined
  #attackers = 0
  #failure: string | undefined

  async open(): Promise<void> {
    const { server } = this
    for (const type of ALL_MESSAGES) if (type !== Num && type.from !== 'server') server.onMessage(type as typeof Chat, () => {})
    server.onMessage(Num, ({ n }, peer) => peer.send(Num, { n }))
    server.on('OnError', ({ peer, error }) => {
      if (peer?.name !== 'mallory') this.#failure ??= `an error that is not the attacker's: ${error.message}`
    })
    server.on('OnDisconnect', ({ peer, reason }) => {
      if (peer.name.startsWith('honest')) this.#failure ??= `an honest client was disconnected: ${reason}`
    })
    this.#address = await server.listen({ port: PORT })
    for (const [i, client] of this.honest.entries()) {
      client.onMessage(Num, ({ n }) => {
        if (n !== this.#echoed[i]) this.#failure ??= `honest client ${i} expected message ${this.#echoed[i]}, got ${n}`
        this.#echoed[i]!++
      })
      let isIn = false
      client.connect({ host: this.#address.host, port: PORT, name: `honest ${i}` }).then(
        () => {
          isIn = true
        },
        (error: Error) => {
          this.#failure ??= error.message
        },
      )
      for (let ms = 0; ms < 2000 && !isIn; ms++) {
        this.#advance(1)
        await settle()
      }
    }
    this.#check()
  }

  close(): void {
    this.#attacker?.close()
    for (const client of this.honest) void client.disconnect()
    void this.server.close()
    this.clock.advance(2000)
  }

  step(kind: number, bytes: Uint8Array): void {
    const attacker = this.#connectedAttacker()
    const read = new StepReader(bytes)
    switch (kind % KINDS) {
      case PAYLOAD:
        attacker.sendSealed(5, undefined, bytes.length === 0 ? bytesOf(0) : bytes)
        break
      case SAY_HELLO:
        attacker.sendSealed(5, undefined, HELLO)
        break
      case UPDATE:
        this.#advance(TICK_MS)
        return
      case SEALED: {
        const type = read.uint8() & 15
        attacker.sendSealed(type, read.uint16(), read.rest())
        break
      }
      case RAW:
        attacker.sendRaw(bytes)
        break
      case LEAVE:
        attacker.client.disconnect()
        attacker.poll()
    }
    this.clock.advance(0)
    timeStep(() => this.server.update())
    this.#check()
  }

  /** A message of each honest client comes back. */
  play(): void {
    for (const [i, client] of this.honest.entries()) client.send(Num, { n: this.#sent[i]!++ })
    for (let i = 0; i < 3; i++) this.#advance(TICK_MS)
    this.#check()
    for (let i = 0; i < HONEST; i++) check(this.#echoed[i] === this.#sent[i], 'every message of an honest client is answered')
  }

  #connectedAttacker(): Attacker {
    const known = this.#attacker
    if (known?.isConnected) return known
    known?.close()
    const transport = this.network.transport()
    // The simulated transport opens at once; only the promise comes later.
    void transport.open({ maxInboxDatagrams: 1024, socketBufferBytes: 65_536 })
    const attacker = new Attacker(transport, this.clock, this.#address!, 100 + this.#attackers++)
    this.#attacker = attacker
    for (let round = 0; round < 8 && !attacker.isConnected; round++) {
      attacker.poll()
      this.clock.advance(0)
      this.server.update()
      this.clock.advance(0)
      attacker.poll()
    }
    return attacker
  }

  #advance(ms: number): void {
    this.clock.advance(ms)
    this.server.update()
    for (const client of this.honest) client.update()
    this.clock.advance(0)
    this.#attacker?.poll()
    this.clock.advance(0)
    this.server.update()
    for (const client of this.honest) client.update()
  }

  #check(): void {
    if (this.#failure !== undefined) check(false, this.#failure)
    const { server } = this
    check(server.peerCount <= MAX_PEERS, 'no more peers than allowed')
    for (const client of this.honest) check(client.connected, 'honest clients stay connected')
    for (const [name, value] of Object.entries(server.metrics()))
      check(Number.isFinite(value) && value >= 0, `the metric ${name} is a number, got ${value}`)
    for (const peer of server.peers)
      for (const [name, value] of Object.entries(peer.metrics()))
        check(Number.isFinite(value) && value >= 0, `a peer's metric ${name} is a number, got ${value}`)
  }
}

let world: World | undefined

function step(kind: number, ...parts: readonly (number | Uint8Array)[]): Step {
  return { kind, bytes: bytesOf(...parts) }
}

const num = encodeWith(Num.codec, { n: 1 })

export const endpointServer: Target = {
  name: 'endpoint-server',
  about: 'a server with two honest clients; an attacker with valid keys sends changed payloads',
  format: 'steps',
  maxBytes: 5000,
  share: 0.5,
  inputsPerReset: 64,
  dictionary: [
    messageFrame(Num, num, 0),
    messageFrame(Loose, num, 0),
    messageFrame(Move, num, 1),
    bytesOf(0x14, 255, 1, 0, 0, 1, 4, 4, 0, 0, 0, 0),
    bytesOf(0x03, new Uint8Array(8)),
    bytesOf(0x05, 0, 0, 1, 0, 0x80, 0x80, 0x40),
    bytesOf(0x01, 0, 0, 0, 0, 0, 0, 0),
  ],
  async reset() {
    world?.close()
    world = new World()
    await world.open()
  },
  run(input) {
    for (const { kind, bytes } of decodeSteps(input, Number.POSITIVE_INFINITY)) world!.step(kind, bytes)
    world!.play()
  },
  seeds: () => [
    encodeSteps([
      step(SAY_HELLO),
      step(UPDATE),
      step(PAYLOAD, messageFrame(Num, num, 0), messageFrame(Chat, encodeWith(Chat.codec, { text: 'hi' }), 1)),
      step(
        PAYLOAD,
        messageFrame(Loose, num, 0),
        messageFrame(Move, num, 1),
        messageFrame(Save, encodeWith(Save.codec, { data: { a: [1, 2] } }), 0),
      ),
    ]),
    encodeSteps([
      step(SAY_HELLO),
      step(PAYLOAD, messageFrame(Blob, encodeWith(Blob.codec, { data: new Uint8Array(500) }), 0)),
      step(PAYLOAD, 0x03, new Uint8Array(8)),
      step(UPDATE),
      step(LEAVE),
    ]),
    encodeSteps([step(PAYLOAD, HELLO), step(UPDATE), step(PAYLOAD, 0x14, 255, 1, 0, 0, 1, 4, 3, 0, 0, 0), step(UPDATE)]),
    encodeSteps([
      step(PAYLOAD, messageFrame(Num, num, 0)),
      step(SEALED, 4, 200, 5, new Uint8Array(8)),
      step(SEALED, 6, 201, 5),
      step(RAW, 0x15, 1, 2, 3),
    ]),
    encodeSteps([
      step(SAY_HELLO),
      step(UPDATE),
      step(PAYLOAD, 0x01, 0, 0, 0, 0, 16, 0, 0),
      step(PAYLOAD, 0x05, 0, 0, 1, 0, 0x80, 0x80, 0x40),
      step(UPDATE),
    ]),
  ],
}
