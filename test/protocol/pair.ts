// Two connections in simulated time, with a seeded link between them. Every step jumps to the next update of an end.
import { Connection, type ConnectionSink, type LoopTiming } from '../../lib/protocol/connection.js'
import { laneIndex, SEQUENCED_LANE, UNRELIABLE_LANE } from '../../lib/protocol/lanes.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'

export type Delivery = 'unreliable' | 'sequenced' | 'reliable' | 'ordered'

/** Small seeded generator (mulberry32): enough for tests, and independent of the library's own. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export interface LinkOptions {
  readonly delayMs: number
  readonly jitterMs?: number
  readonly loss?: number
  readonly duplicates?: number
  /** Decides the fate of single packets, by direction and count; true: dropped. */
  readonly drops?: (toServer: boolean, count: number, now: number) => boolean
}

export interface Received {
  readonly lane: number
  readonly typeId: number
  readonly bytes: Uint8Array
}

export interface EndOptions {
  readonly intervalMs?: number
  readonly maxAckDelayMs?: number
  readonly window?: { messages: number; bytes: number }
  readonly maxMessageBytes?: number
  readonly maxSendQueueBytes?: number
  /** Packet numbers begin here. */
  readonly firstSequence?: number
  readonly maxPayloadBytes?: number
  readonly fillsPackets?: boolean
}

/** One end: a connection, its loop, and what it received. */
export class End implements ConnectionSink {
  readonly pool = new PayloadPool()
  readonly timing: LoopTiming
  readonly connection: Connection
  readonly received: Received[] = []
  readonly pongs: { offset: number; rtt: number }[] = []
  onReceived: ((message: Received) => void) | undefined
  nextSequence: number
  /** Replay protection, as a link gives it. */
  readonly seen = new Set<number>()
  maxPayloadBytes: number
  sentPackets = 0
  sentBytes = 0
  lastUpdateAt: number

  constructor(options: EndOptions, now: number) {
    this.timing = { intervalMs: options.intervalMs ?? 16, tick: 0, tickMs: 0 }
    this.nextSequence = options.firstSequence ?? 0
    this.lastUpdateAt = now
    this.maxPayloadBytes = options.maxPayloadBytes ?? 1179
    const maxMessageBytes = options.maxMessageBytes ?? 256 * 1024
    this.connection = new Connection(
      {
        sink: this,
        pool: this.pool,
        timing: this.timing,
        maxMessageBytes,
        maxSendQueueBytes: options.maxSendQueueBytes ?? 64 * 1024 * 1024,
        minRateBytesPerSecond: 16 * 1024,
        maxAckDelayMs: options.maxAckDelayMs ?? 20,
        window: options.window ?? { messages: 16_384, bytes: 1024 * 1024 },
        channels: 0xffffffff,
        fillsPackets: options.fillsPackets ?? false,
      },
      now,
    )
  }

  handleMessage(lane: number, typeId: number, bytes: Uint8Array, start: number, end: number): void {
    const message = { lane, typeId, bytes: bytes.slice(start, end) }
    if (this.onReceived !== undefined) this.onReceived(message)
    else this.received.push(message)
  }

  handlePong(sentAt: number, peerReceivedAt: number, peerSentAt: number, receivedAt: number): void {
    this.pongs.push({
      offset: (peerReceivedAt - sentAt + peerSentAt - receivedAt) / 2,
      rtt: receivedAt - sentAt - (peerSentAt - peerReceivedAt),
    })
  }

  send(typeId: number, payload: Uint8Array, delivery: Delivery, now: number, options: SendOptions = {}): boolean {
    const message = this.pool.frame(typeId, payload)
    const channel = options.channel ?? 0
    message.lane =
      delivery === 'unreliable' ? UNRELIABLE_LANE : delivery === 'sequenced' ? SEQUENCED_LANE : laneIndex(channel, delivery === 'ordered')
    message.priority = options.priority ?? 3
    message.redundancy = options.redundancy ?? 0
    return this.connection.send(message, options.ttlMs ?? Number.POSITIVE_INFINITY, now)
  }
}

export interface SendOptions {
  readonly channel?: number
  readonly priority?: number
  readonly redundancy?: number
  readonly ttlMs?: number
}

/** An update that is later than this moves the deadlines by the excess, as an endpoint does. */
const STALL_MS = 250

interface InFlight {
  readonly at: number
  readonly sequence: number
  readonly bytes: Uint8Array
}

export class Pair {
  now: number
  client: End
  server: End
  link: LinkOptions
  readonly #random: () => number
  readonly #bytes = new Uint8Array(1280)
  /** By time of arrival, the earliest last. */
  readonly #inFlight: { toServer: InFlight[]; toClient: InFlight[] } = { toServer: [], toClient: [] }
  readonly #counts = { toServer: 0, toClient: 0 }
  /** Looks at every packet's payload as it leaves. */
  onPacket: ((toServer: boolean, payload: Uint8Array, sequence: number) => void) | undefined
  #nextUpdate: { client: number; server: number }

  constructor(seed: number, link: LinkOptions, options: { client?: EndOptions; server?: EndOptions; now?: number } = {}) {
    this.now = options.now ?? 1000
    this.link = link
    this.#random = random(seed)
    this.client = new End(options.client ?? {}, this.now)
    this.server = new End(options.server ?? {}, this.now)
    this.#introduce(options)
    this.#nextUpdate = { client: this.now, server: this.now }
  }

  #introduce(options: { client?: EndOptions; server?: EndOptions }): void {
    const window = { messages: 16_384, bytes: 1024 * 1024 }
    this.client.connection.setPeer(options.server?.window ?? window, options.server?.maxAckDelayMs ?? 20)
    this.server.connection.setPeer(options.client?.window ?? window, options.client?.maxAckDelayMs ?? 20)
  }

  /** Runs for so many milliseconds, each end at its own interval. `onTick` is called before each update of an end. */
  run(ms: number, onTick?: (end: End, now: number) => void): void {
    const until = this.now + ms
    for (;;) {
      const next = Math.min(this.#nextUpdate.client, this.#nextUpdate.server)
      if (next > until) break
      this.now = next
      if (this.#nextUpdate.client <= next) {
        this.#nextUpdate.client = next + this.client.timing.intervalMs
        onTick?.(this.client, this.now)
        this.update(this.client, this.server)
      }
      if (this.#nextUpdate.server <= next) {
        this.#nextUpdate.server = next + this.server.timing.intervalMs
        onTick?.(this.server, this.now)
        this.update(this.server, this.client)
      }
    }
    this.now = until
  }

  /** Runs until the condition holds. Throws after so many milliseconds. */
  until(condition: () => boolean, timeoutMs: number, onTick?: (end: End, now: number) => void): void {
    const end = this.now + timeoutMs
    while (!condition()) {
      if (this.now >= end) throw new Error(`not within ${timeoutMs} ms of simulated time`)
      this.run(10, onTick)
    }
  }

  /** The end does not update for so long. */
  stall(end: End, ms: number): void {
    this.#nextUpdate[end === this.client ? 'client' : 'server'] += ms
  }

  /** Both ends go on over a new link; what is on its way is lost with the old one. */
  rebind(maxPayloadBytes: number): void {
    this.#inFlight.toServer = []
    this.#inFlight.toClient = []
    for (const end of [this.client, this.server]) {
      end.maxPayloadBytes = maxPayloadBytes
      end.nextSequence = 0
      end.seen.clear()
      end.connection.bind(this.now)
    }
  }

  /** One update of one end: receive, expire, transmit. */
  update(end: End, other: End): void {
    const excess = this.now - end.lastUpdateAt - end.timing.intervalMs
    if (excess > STALL_MS) end.connection.shift(excess, this.now)
    end.lastUpdateAt = this.now
    this.receive(end)
    end.connection.handleTimeout(this.now)
    this.transmit(end, other)
  }

  receive(end: End): void {
    const queue = end === this.server ? this.#inFlight.toServer : this.#inFlight.toClient
    while (queue.length > 0 && queue[queue.length - 1]!.at <= this.now) {
      const packet = queue.pop()!
      if (end.seen.has(packet.sequence)) continue
      end.seen.add(packet.sequence)
      end.connection.handlePayload(packet.bytes, 0, packet.bytes.length, packet.sequence, end.nextSequence, packet.at)
    }
  }

  transmit(end: End, other: End): void {
    const bytes = this.#bytes
    end.connection.beginTransmit(this.now)
    for (;;) {
      const length = end.connection.pollPayload(bytes, 0, end.maxPayloadBytes, end.nextSequence, this.now)
      if (length === 0) break
      end.sentPackets++
      end.sentBytes += length
      const packet = bytes.slice(0, length)
      this.onPacket?.(other === this.server, packet, end.nextSequence)
      this.#send(other === this.server, end.nextSequence++, packet)
    }
    end.connection.endTransmit(this.now)
  }

  #send(toServer: boolean, sequence: number, bytes: Uint8Array): void {
    const { delayMs, jitterMs = 0, loss = 0, duplicates = 0, drops } = this.link
    const count = toServer ? this.#counts.toServer++ : this.#counts.toClient++
    if (drops?.(toServer, count, this.now) || this.#random() < loss) return
    const copies = this.#random() < duplicates ? 2 : 1
    const queue = toServer ? this.#inFlight.toServer : this.#inFlight.toClient
    for (let i = 0; i < copies; i++) {
      const at = this.now + Math.max(0, delayMs + (this.#random() * 2 - 1) * jitterMs)
      let place = queue.length
      while (place > 0 && queue[place - 1]!.at <= at) place--
      queue.splice(place, 0, { at, sequence, bytes })
    }
  }
}
