// The hardest link that the project promises to work on: 1000 ± 100 ms one way, a quarter of all datagrams lost and a quarter doubled, each way; and the same with a fifth of what is left damaged.
// A client and a server at 60 Hz send game-sized traffic at every step; the whole way is taken: sealed packets, handshake, messages, handlers.
import { bytes, Client, MessageFactory, type Metrics, Server, uint32 } from '../lib/index.js'
import { corrupt, delay, duplicate, loss, ManualClock, SimulatedNetwork, type Stage, seededEntropy } from '../lib/simulator/index.js'

export interface HardLinkOptions {
  /** Updates of each side in which it sends. */
  readonly steps: number
  readonly seed: number
  /** Whether a fifth of all datagrams has one bit flipped. */
  readonly isDamaged: boolean
}

/** One direction. */
export interface HardLinkFlow {
  reliableSent: number
  reliableArrived: number
  /** Reliable messages that came where another was due, or whose body was another. */
  reliableWrong: number
  sequencedSent: number
  sequencedArrived: number
  sequencedWrong: number
  /** The number of the last sequenced message. */
  newest: number
  /** The largest values that the metrics of the sending side, and of the receiving side's reorder queue, ever had. */
  maxOutBufferBytes: number
  maxPendingAcks: number
  maxReorderQueue: number
  /** How long reliable messages took, in ms: half of them less, 99 of 100 less, the longest. */
  delaysMs: Float64Array
}

export interface HardLinkResult {
  readonly up: HardLinkFlow
  readonly down: HardLinkFlow
  readonly simulatedMs: number
  readonly realMs: number
  readonly network: Readonly<SimulatedNetwork['counters']>
  /** What OnError said. */
  readonly errors: readonly string[]
  readonly ends: number
  /** ms from the last step until everything reliable had arrived. */
  readonly drainMs: number
}

const HZ = 60
const DELAY_MS = 1000
const JITTER_MS = 100
const SHARE = 0.25
const DAMAGED_SHARE = 0.2
const PORT = 9000
const CONNECT_MS = 120_000
const DRAIN_MS = 120_000

/** An input or a shot; a position. */
const RELIABLE_BODY_BYTES = 24
const SEQUENCED_BODY_BYTES = 40

const messages = new MessageFactory()
const Action = messages.define('Action', { n: uint32, body: bytes(64) }, { delivery: 'ordered' })
const Position = messages.define('Position', { n: uint32, body: bytes(64) }, { delivery: 'sequenced' })

export async function runHardLink(options: HardLinkOptions): Promise<HardLinkResult> {
  const startedAt = performance.now()
  const { warn } = console
  console.warn = () => {} // a damaged request looks like a wrong key, and the server says so
  try {
    const world = new HardLink(options)
    await world.connect()
    await world.play()
    await world.close()
    return world.result(performance.now() - startedAt)
  } finally {
    console.warn = warn
  }
}

class HardLink {
  readonly #options: HardLinkOptions
  readonly #clock = new ManualClock()
  readonly #network: SimulatedNetwork
  readonly #server: Server
  readonly #client: Client
  readonly #up: HardLinkFlow
  readonly #down: HardLinkFlow
  readonly #errors: string[] = []
  #ends = 0
  #drainMs = 0

  constructor(options: HardLinkOptions) {
    this.#options = options
    const stages: Stage[] = [delay(DELAY_MS, JITTER_MS), loss(SHARE), duplicate(SHARE)]
    if (options.isDamaged) stages.push(corrupt(DAMAGED_SHARE))
    this.#network = new SimulatedNetwork({ seed: options.seed, clock: this.#clock, stages })
    const common = { messages, clock: this.#clock }
    this.#server = new Server({ ...common, transport: this.#network.transport(), entropy: seededEntropy(options.seed) })
    this.#client = new Client({ ...common, transport: this.#network.transport(), entropy: seededEntropy(options.seed + 1) })
    this.#up = createFlow(options.steps)
    this.#down = createFlow(options.steps)
    this.#server.onMessage(Action, (message) => receiveReliable(this.#up, message, this.#clock.now()))
    this.#server.onMessage(Position, (message) => receiveSequenced(this.#up, message))
    this.#client.onMessage(Action, (message) => receiveReliable(this.#down, message, this.#clock.now()))
    this.#client.onMessage(Position, (message) => receiveSequenced(this.#down, message))
    this.#server.on('OnError', ({ error }) => this.#errors.push(`the server: ${error.message}`))
    this.#client.on('OnError', ({ error }) => this.#errors.push(`the client: ${error.message}`))
    this.#server.on('OnDisconnect', () => this.#ends++)
    this.#client.on('OnDisconnect', () => this.#ends++)
  }

  async connect(): Promise<void> {
    const { host } = await this.#server.listen({ port: PORT })
    let failure: Error | undefined
    this.#client.connect({ host, port: PORT, name: 'far' }).catch((error: Error) => {
      failure = error
    })
    const end = this.#clock.now() + CONNECT_MS
    while (!this.#client.connected || this.#server.peerCount === 0) {
      if (failure !== undefined) throw failure
      if (this.#clock.now() > end) throw new Error(`expected a connection within ${CONNECT_MS} ms`)
      await this.#step()
    }
  }

  async play(): Promise<void> {
    for (let step = 0; step < this.#options.steps; step++) {
      this.#send()
      await this.#step()
    }
    const stoppedAt = this.#clock.now()
    while (this.#isOwed() && this.#clock.now() < stoppedAt + DRAIN_MS) await this.#step()
    this.#drainMs = this.#clock.now() - stoppedAt
  }

  async close(): Promise<void> {
    let isClosed = false
    void this.#server.close().then(() => {
      isClosed = true
    })
    for (let left = 30 * HZ; left > 0 && !(isClosed && this.#ends >= 2); left--) await this.#step()
  }

  result(realMs: number): HardLinkResult {
    return {
      up: this.#up,
      down: this.#down,
      simulatedMs: this.#clock.now(),
      realMs,
      network: this.#network.counters,
      errors: this.#errors,
      ends: this.#ends,
      drainMs: this.#drainMs,
    }
  }

  #send(): void {
    const now = this.#clock.now()
    const [peer] = this.#server.peers
    const up = nextOf(this.#up, now)
    this.#client.send(Action, up.action)
    this.#client.send(Position, up.position)
    if (peer === undefined) return
    const down = nextOf(this.#down, now)
    peer.send(Action, down.action)
    peer.send(Position, down.position)
  }

  async #step(): Promise<void> {
    this.#clock.advance(1000 / HZ)
    this.#client.update()
    this.#server.update()
    for (let turn = 0; turn < 4; turn++) await undefined
    const [peer] = this.#server.peers
    note(this.#up, this.#client.metrics(), peer?.metrics())
    if (peer !== undefined) note(this.#down, peer.metrics(), this.#client.metrics())
  }

  #isOwed(): boolean {
    return this.#up.reliableArrived < this.#up.reliableSent || this.#down.reliableArrived < this.#down.reliableSent
  }
}

function createFlow(steps: number): HardLinkFlow {
  return {
    reliableSent: 0,
    reliableArrived: 0,
    reliableWrong: 0,
    sequencedSent: 0,
    sequencedArrived: 0,
    sequencedWrong: 0,
    newest: -1,
    maxOutBufferBytes: 0,
    maxPendingAcks: 0,
    maxReorderQueue: 0,
    delaysMs: new Float64Array(steps),
  }
}

/** What is sent next. */
function nextOf(flow: HardLinkFlow, now: number): { readonly action: Numbered; readonly position: Numbered } {
  const n = flow.reliableSent++
  flow.sequencedSent++
  flow.delaysMs[n] = now // becomes the delay when it arrives
  return { action: { n, body: bodyOf(n, RELIABLE_BODY_BYTES) }, position: { n, body: bodyOf(n, SEQUENCED_BODY_BYTES) } }
}

function note(flow: HardLinkFlow, from: Metrics, to: Metrics | undefined): void {
  flow.maxOutBufferBytes = Math.max(flow.maxOutBufferBytes, from.outBufferBytes)
  flow.maxPendingAcks = Math.max(flow.maxPendingAcks, from.pendingAcks)
  flow.maxReorderQueue = Math.max(flow.maxReorderQueue, to?.reorderQueue ?? 0)
}

interface Numbered {
  readonly n: number
  readonly body: Uint8Array
}

function receiveReliable(flow: HardLinkFlow, { n, body }: Numbered, now: number): void {
  if (n !== flow.reliableArrived || !isWhole(n, body, RELIABLE_BODY_BYTES)) flow.reliableWrong++
  flow.delaysMs[n] = now - (flow.delaysMs[n] ?? now)
  flow.reliableArrived++
}

function receiveSequenced(flow: HardLinkFlow, { n, body }: Numbered): void {
  if (n <= flow.newest || !isWhole(n, body, SEQUENCED_BODY_BYTES)) flow.sequencedWrong++
  flow.newest = n
  flow.sequencedArrived++
}

function bodyOf(n: number, length: number): Uint8Array {
  const body = new Uint8Array(length)
  for (let i = 0; i < length; i++) body[i] = (n + i * 37) ^ (n >>> 8)
  return body
}

function isWhole(n: number, body: Uint8Array, length: number): boolean {
  return Buffer.compare(body, bodyOf(n, length)) === 0
}

// ── The command ──

/** Runs both forms and prints their figures. Returns the exit code. */
export async function hardLinkCommand(steps: number, seed: number): Promise<number> {
  let isGood = true
  for (const isDamaged of [false, true]) {
    const result = await runHardLink({ steps, seed, isDamaged })
    console.log(describeHardLink(result, { steps, seed, isDamaged }))
    isGood &&= problemsOf(result).length === 0
  }
  return isGood ? 0 : 1
}

/** What did not hold. */
export function problemsOf(result: HardLinkResult): string[] {
  const problems: string[] = [...result.errors]
  for (const [name, flow] of [
    ['to the server', result.up],
    ['to the client', result.down],
  ] as const) {
    if (flow.reliableArrived !== flow.reliableSent)
      problems.push(`${name}: ${flow.reliableArrived} of ${flow.reliableSent} reliable messages arrived`)
    if (flow.reliableWrong > 0) problems.push(`${name}: ${flow.reliableWrong} reliable messages out of order or harmed`)
    if (flow.sequencedWrong > 0) problems.push(`${name}: ${flow.sequencedWrong} sequenced messages too old or harmed`)
  }
  if (result.ends !== 2) problems.push(`OnDisconnect came ${result.ends} times, 2 are right`)
  return problems
}

export function describeHardLink(result: HardLinkResult, { steps, seed, isDamaged }: HardLinkOptions): string {
  const { network } = result
  const problems = problemsOf(result)
  return [
    `hard link, ${steps.toLocaleString('en-US')} steps at ${HZ} Hz each way, seed ${seed}${isDamaged ? ', a fifth of all datagrams damaged' : ''}`,
    `  ${(result.simulatedMs / 60_000).toFixed(1)} simulated minutes in ${(result.realMs / 1000).toFixed(1)} s; the last reliable message arrived ${(result.drainMs / 1000).toFixed(1)} s after the last step`,
    `  datagrams: ${network.sent} sent, ${network.lost} lost, ${network.duplicated} doubled, ${network.corrupted} damaged`,
    ...(['up', 'down'] as const).map((name) => `  ${describeFlow(name === 'up' ? 'to the server' : 'to the client', result[name])}`),
    problems.length === 0 ? '  every reliable message once and in order' : `  BROKEN: ${problems.join('; ')}`,
  ].join('\n')
}

function describeFlow(name: string, flow: HardLinkFlow): string {
  const delays = flow.delaysMs.slice(0, flow.reliableArrived).sort()
  const at = (share: number): string => (delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? 0).toFixed(0)
  return [
    `${name}: reliable ${flow.reliableArrived} of ${flow.reliableSent}`,
    `sequenced ${flow.sequencedArrived} of ${flow.sequencedSent}`,
    `reliable delay p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`,
    `largest queues: ${flow.maxOutBufferBytes} bytes, ${flow.maxPendingAcks} unacknowledged, ${flow.maxReorderQueue} waiting for an earlier one`,
  ].join('; ')
}
