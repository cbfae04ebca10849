// A client that lies. It joins as any other does, with valid keys, and from then on sends payloads made by hand. Its handshake and what it hears go through the library's own
// protocol, so that it stays in as long as the server lets it.
import {
  decodeControl,
  encodeControl,
  endReasonOf,
  Goodbye,
  Hello,
  PROTOCOL_VERSION,
  Reject,
  rejectReasonOf,
  Welcome,
} from '../lib/endpoint/control-messages.js'
import { OPEN_PRIVATE_KEY } from '../lib/endpoint/open-mode.js'
import type { MessageFactory } from '../lib/index.js'
import type { CompleteClock } from '../lib/io/clock.js'
import { seededEntropy } from '../lib/io/random.js'
import type { Transport } from '../lib/io/transport.js'
import { PACKET_DISCONNECT, PACKET_PAYLOAD } from '../lib/netcode/constants.js'
import { generateConnectToken, NetcodeClient, protocolIdOf, readConnectToken, selectCrypto } from '../lib/netcode/index.js'
import { PacketCodec, packetBodyOffset } from '../lib/netcode/packet.js'
import { Connection, type ConnectionSink } from '../lib/protocol/connection.js'
import { CONTROL_LANE } from '../lib/protocol/lanes.js'
import { PayloadPool } from '../lib/protocol/payload-pool.js'
import { createAddress } from '../lib/wire/address.js'
import { BYTE_WINDOW, MAX_MESSAGE_BYTES, MESSAGE_WINDOW } from '../lib/wire/limits.js'
import { PAYLOAD_BYTES, Payload } from './payload.js'

const crypto = selectCrypto()

export interface InsiderOptions {
  readonly transport: Transport
  readonly clock: CompleteClock
  readonly host: string
  readonly port: number
  readonly seed: number
  readonly messages: MessageFactory
  readonly game?: string | undefined
  /** A connect token; without, it makes its own. */
  readonly token?: Uint8Array | undefined
  /** In place of what an honest client says. */
  readonly hello?: Partial<Hello> | undefined
  /** Never says Hello. */
  readonly isMute?: boolean | undefined
  /** Never acknowledges, pings or keeps alive of itself once it is in. */
  readonly isSilent?: boolean | undefined
}

export type InsiderState = 'connecting' | 'greeting' | 'in' | 'ended'

export class Insider implements ConnectionSink {
  readonly isRunning = false
  state: InsiderState = 'connecting'
  /** Why it is out: an end reason, a reject reason, or the netcode state. */
  ended = ''
  /** What a Reject said. */
  detail = ''
  /** What the Welcome said. */
  peerId = 0
  resumeToken: Uint8Array = new Uint8Array(0)
  /** Packets of the server, and their bytes; what it sent itself. */
  inPackets = 0
  inBytes = 0
  outPackets = 0
  outBytes = 0
  /** Bytes of messages that were given to it. */
  messageBytes = 0
  /** The largest sequence of the server's packets that it has heard of. */
  largestHeard = -1
  /** The sequence of its next packet. */
  sequence = 0
  /** Datagrams of the server, and of its own, to send again. */
  readonly heard: Uint8Array[] = []
  readonly said: Uint8Array[] = []
  /** Called at each update while it is in. */
  onUpdate: ((insider: Insider) => void) | undefined
  readonly payload = new Payload()
  readonly #options: InsiderOptions
  readonly #netcode = new NetcodeClient({ crypto })
  readonly #codec: PacketCodec
  readonly #key: Uint8Array
  readonly #connection: Connection
  readonly #pool = new PayloadPool()
  readonly #target: { readonly host: string; readonly port: number }

  constructor(options: InsiderOptions) {
    this.#options = options
    const { clock, host, port, seed, game = 'tickwire' } = options
    const protocolId = protocolIdOf(game)
    const token =
      options.token ??
      generateConnectToken({
        protocolId,
        privateKey: OPEN_PRIVATE_KEY,
        serverAddresses: [createAddress(host, port)],
        clientId: BigInt(seed) + 2n ** 40n,
        createUnixSeconds: clock.unixSeconds(),
        timeoutSeconds: 10,
        entropy: seededEntropy(seed),
        crypto,
      })
    this.#target = { host, port }
    this.#codec = new PacketCodec(crypto, protocolId)
    this.#key = readConnectToken(token)!.clientToServerKey
    const now = clock.now()
    this.#connection = new Connection(
      {
        sink: this,
        pool: this.#pool,
        timing: { intervalMs: 16, tick: 0, tickMs: 0 },
        maxMessageBytes: MAX_MESSAGE_BYTES,
        maxSendQueueBytes: 1 << 20,
        minRateBytesPerSecond: 1 << 20,
        maxAckDelayMs: 20,
        window: { messages: MESSAGE_WINDOW, bytes: BYTE_WINDOW },
        channels: 0xffffffff,
      },
      now,
    )
    this.#netcode.connect(token, now)
  }

  /** Opens its socket. */
  async open(host?: string): Promise<void> {
    await this.#options.transport.open({ ...(host === undefined ? {} : { host }), maxInboxDatagrams: 4096, socketBufferBytes: 1 << 20 })
  }

  close(): Promise<void> {
    return this.#options.transport.close()
  }

  update(): void {
    const { clock, transport, isMute, isSilent } = this.#options
    const now = clock.now()
    for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive()) {
      this.inPackets++
      this.inBytes += datagram.bytes.length
      if (this.heard.length < 64) this.heard.push(datagram.bytes.slice())
      const { bytes, host, port, at } = datagram
      const packet = this.#netcode.handleDatagram(bytes, bytes.length, host, port, at)
      if (packet === undefined) continue
      this.largestHeard = Math.max(this.largestHeard, packet.sequence)
      if (packet.isPayload) this.#connection.handlePayload(bytes, packet.start, packet.end, packet.sequence, this.sequence, at)
      else this.#connection.handleKeepAlive(packet.sequence, at)
    }
    if (this.state === 'connecting') this.#connect(now)
    if (this.state === 'ended') return
    if (this.#netcode.state <= 0) {
      this.#end(this.#netcode.stateName)
      return
    }
    if (this.state === 'in' && isSilent) this.onUpdate?.(this)
    else if (this.state !== 'connecting' && !isMute) {
      this.#transmit(now)
      if (this.state === 'in') this.onUpdate?.(this)
    }
  }

  /** Seals the payload that was written, and sends it under the next sequence. */
  send(payload: Payload = this.payload): void {
    if (payload.length === 0) return
    const { transport } = this.#options
    const buffer = transport.buffer()
    buffer.set(payload.bytes.subarray(0, payload.length), packetBodyOffset(this.sequence))
    this.#seal(buffer, PACKET_PAYLOAD, payload.length)
  }

  /** Ends its session, so that its slot is free at once. */
  leave(): void {
    if (this.state === 'connecting' || this.state === 'ended') return
    for (let i = 0; i < LAST_PACKETS; i++) this.#seal(this.#options.transport.buffer(), PACKET_DISCONNECT, 0)
    this.#end('left')
  }

  /** Sends these bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    const { transport } = this.#options
    transport.buffer().set(bytes)
    this.#count(bytes.length)
    transport.send(bytes.length, this.#target.host, this.#target.port)
  }

  // ── What the server says ──

  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number): void {
    if (lane !== CONTROL_LANE) {
      this.messageBytes += end - start
      return
    }
    const payload = bytes.slice(start, end)
    if (typeId === Welcome.id) {
      const welcome = decodeControl(Welcome, payload)!
      this.#connection.setPeer({ messages: welcome.windowMessages, bytes: welcome.windowBytes }, welcome.maxAckDelayMs)
      this.peerId = welcome.peerId
      this.resumeToken = welcome.resumeToken
      this.state = 'in'
    } else if (typeId === Goodbye.id) this.#end(endReasonOf(decodeControl(Goodbye, payload)!.reason))
    else if (typeId === Reject.id) {
      const reject = decodeControl(Reject, payload)!
      this.detail = reject.detail
      this.#end(rejectReasonOf(reject.reason))
    }
  }

  handlePong(): void {}

  // ── The handshake ──

  #connect(now: number): void {
    const { transport, messages, hello, isMute } = this.#options
    this.#netcode.handleTimeout(now)
    for (let length = this.#netcode.pollDatagram(transport.buffer()); length > 0; length = this.#netcode.pollDatagram(transport.buffer())) {
      this.#count(length)
      transport.send(length, this.#target.host, this.#target.port)
    }
    if (this.#netcode.state !== 3) return
    this.sequence = this.#netcode.nextSequence
    this.state = 'greeting'
    if (isMute) return
    const values = {
      version: PROTOCOL_VERSION,
      maxAckDelayMs: 20,
      windowMessages: MESSAGE_WINDOW,
      windowBytes: BYTE_WINDOW,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      definitions: messages.definitionHashes,
      name: 'mallory',
      data: new Uint8Array(0),
      resumeToken: new Uint8Array(0),
      extensions: [],
      ...hello,
    }
    const frame = this.#pool.frame(Hello.id, encodeControl(Hello, values))
    frame.lane = CONTROL_LANE
    frame.priority = 7
    frame.redundancy = 0
    this.#connection.send(frame, Number.POSITIVE_INFINITY, now)
  }

  #transmit(now: number): void {
    const { transport } = this.#options
    this.#connection.handleTimeout(now)
    this.#connection.beginTransmit(now)
    for (;;) {
      const buffer = transport.buffer()
      const at = packetBodyOffset(this.sequence)
      const length = this.#connection.pollPayload(buffer, at, at + PAYLOAD_BYTES, this.sequence, now)
      if (length === 0) return
      this.#seal(buffer, PACKET_PAYLOAD, length)
    }
  }

  #seal(buffer: Uint8Array, type: number, bodyBytes: number): void {
    const length = this.#codec.seal(this.#key, type, this.sequence >>> 0, Math.floor(this.sequence / 2 ** 32), buffer, bodyBytes)
    this.sequence++
    if (this.said.length < 64) this.said.push(buffer.slice(0, length))
    this.#count(length)
    this.#options.transport.send(length, this.#target.host, this.#target.port)
  }

  #count(bytes: number): void {
    this.outPackets++
    this.outBytes += bytes
  }

  #end(why: string): void {
    if (this.state === 'ended') return
    this.state = 'ended'
    this.ended = why
  }
}

/** As netcode's client leaves: nothing acknowledges it. */
const LAST_PACKETS = 10
