// tickwire as a game uses it: defined messages, Client and Server, sealed, both updated by this thread.
import { bytes as bytesField, Client, int32, MessageFactory, type MessageType, Server, uint32 } from 'tickwire'
import { type TransportKind, transportOption } from '../transports.js'
import { type BenchmarkDelivery, type BenchmarkPeer, type BenchmarkRun, isLossy } from './peer.js'
import { pump, windowOf } from './pump.js'

/** Bytes of a message besides its body: number, complement, and the body's length (1 byte up to 255, else 2 or 3). */
const NUMBER_BYTES = 8

/** Messages under way, in bytes and in number. */
const WINDOW_BYTES = 64 * 1024
const MAX_WINDOW_MESSAGES = 8192

/** A newer sequenced message replaces a waiting one of its definition. So that all of a turn leave, each has a definition of its own. */
const SEQUENCED_TYPES = 128

/** A game that sends this much raises its limits. Between rounds others are measured, and nobody updates this one: it must not time out. */
const LIMITS = { maxMessageBytes: 4 * 1024 * 1024, maxSendQueueBytes: 32 * 1024 * 1024, timeoutMs: 0 }

export function tickwire(transport: TransportKind): BenchmarkPeer {
  return {
    name: `tickwire ${transport}`,
    unavailable: () => undefined,
    async run(run) {
      const { valuesOf } = scenarioOf(run)
      const { server, client, types, receipt } = await connectionOf(transport, run)
      receipt.begin()
      const before = { client: client.metrics(), server: server.metrics() }
      const result = await pump({
        count: run.count,
        window: run.delivery === 'sequenced' ? SEQUENCED_TYPES : windowOf(run.bytes, WINDOW_BYTES, MAX_WINDOW_MESSAGES),
        deadlineMs: run.deadlineMs,
        isLossy: isLossy(run.delivery),
        send: (number) => client.send(types[number % types.length]!, valuesOf(number)),
        flush() {
          client.update()
          server.update()
        },
        received: () => receipt.received,
      })
      if (result.received < result.sent && !isLossy(run.delivery)) connections.delete(keyOf(transport, run)) // what is left would be in the next run's way
      const after = { client: client.metrics(), server: server.metrics() }
      return {
        ...result,
        bytesOnWire: after.client.outBytes - before.client.outBytes + after.server.outBytes - before.server.outBytes,
        datagrams: after.client.outPackets - before.client.outPackets + after.server.outPackets - before.server.outPackets,
      }
    },
  }
}

/** Counts what arrives, and holds it against what was sent. */
class Receipt {
  readonly #scenario: Scenario
  readonly #delivery: BenchmarkDelivery
  #order: OrderCheck
  #received = 0
  #failure: Error | undefined

  constructor(scenario: Scenario, delivery: BenchmarkDelivery) {
    this.#scenario = scenario
    this.#delivery = delivery
    this.#order = new OrderCheck(delivery)
  }

  begin(): void {
    this.#order = new OrderCheck(this.#delivery)
    this.#received = 0
  }

  /** Messages that have arrived. Throws where one was not right. */
  get received(): number {
    if (this.#failure !== undefined) throw this.#failure
    return this.#received
  }

  handle(message: { readonly number: number }): void {
    if (!this.#scenario.isRight(message) || !this.#order.isRight(message.number))
      this.fail(new Error(`message ${message.number} arrived changed or out of order`))
    this.#received++
  }

  fail(error: Error): void {
    this.#failure ??= error
  }
}

interface GameConnection {
  readonly server: Server
  readonly client: Client
  readonly types: Scenario['types']
  readonly receipt: Receipt
}

/** A game's connection lasts: all rounds of one kind go over one. */
const connections = new Map<string, Promise<GameConnection>>()

function connectionOf(transport: TransportKind, run: BenchmarkRun): Promise<GameConnection> {
  const key = keyOf(transport, run)
  const known = connections.get(key) ?? connect(transport, run)
  connections.set(key, known)
  return known
}

function keyOf(transport: TransportKind, { bytes, delivery }: BenchmarkRun): string {
  return `${transport} ${bytes} ${delivery}`
}

async function connect(transport: TransportKind, run: BenchmarkRun): Promise<GameConnection> {
  const scenario = scenarioOf(run)
  const { messages, types } = scenario
  const server = new Server({ messages, ...LIMITS, ...transportOption(transport), maxMessagesPerSecond: 0 })
  const client = new Client({ messages, ...LIMITS, ...transportOption(transport) })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const loops = [server.run({ hz: 1000 }), client.run({ hz: 1000 })]
  await client.connect({ host: '127.0.0.1', port })
  for (const loop of loops) loop.stop()
  const receipt = new Receipt(scenario, run.delivery)
  for (const type of types) server.onMessage(type, (message) => receipt.handle(message))
  server.on('OnError', ({ error }) => receipt.fail(error))
  return { server, client, types, receipt }
}

/** Whether messages come in the order that their delivery promises. */
class OrderCheck {
  readonly #delivery: BenchmarkDelivery
  readonly #next = new Uint32Array(SEQUENCED_TYPES)

  constructor(delivery: BenchmarkDelivery) {
    this.#delivery = delivery
  }

  isRight(number: number): boolean {
    // Sequenced holds within a definition.
    const lane = this.#delivery === 'sequenced' ? number % SEQUENCED_TYPES : 0
    const next = this.#next[lane]!
    this.#next[lane] = number + 1
    return this.#delivery === 'ordered' ? number === next : this.#delivery !== 'sequenced' || number >= next
  }
}

/** A game defines its messages once. */
const scenarios = new Map<string, Scenario>()

interface Scenario {
  readonly messages: MessageFactory
  readonly types: readonly MessageType<string, any, any, 'both'>[]
  valuesOf(number: number): object
  /** Whether this is what was sent under its number. */
  isRight(message: any): boolean
}

function scenarioOf(run: BenchmarkRun): Scenario {
  const key = `${run.bytes} ${run.delivery}`
  const scenario = scenarios.get(key) ?? (run.bytes === 32 ? fixedFields(run) : blob(run))
  scenarios.set(key, scenario)
  return scenario
}

/** As many definitions of the same kind as a delivery needs. */
function namesOf({ delivery }: BenchmarkRun): string[] {
  return Array.from({ length: delivery === 'sequenced' ? SEQUENCED_TYPES : 1 }, (_, i) => `State${i}`)
}

/** 32 bytes as a game has them: numbers. */
function fixedFields(run: BenchmarkRun): Scenario {
  const messages = new MessageFactory()
  const fields = { number: uint32, x: int32, y: int32, z: int32, vx: int32, vy: int32, vz: int32, complement: int32 }
  const types = namesOf(run).map((name) => messages.define(name, fields, { delivery: run.delivery }))
  const values = { number: 0, x: 1, y: -2_000_000, z: 1000, vx: 70_000, vy: -12, vz: 3, complement: 0 }
  return {
    messages,
    types,
    valuesOf(number) {
      values.number = number
      values.x = number & 1023
      values.complement = ~number
      return values
    },
    isRight: (message) => message.complement === ~message.number && message.x === (message.number & 1023) && message.vz === 3,
  }
}

/** Any size: a number at each end of a body. */
function blob(run: BenchmarkRun): Scenario {
  const messages = new MessageFactory()
  const bodyBytes = bodyBytesOf(run.bytes)
  const fields = { number: uint32, body: bytesField(bodyBytes), complement: uint32 }
  const types = namesOf(run).map((name) => messages.define(name, fields, { delivery: run.delivery }))
  const values = { number: 0, body: new Uint8Array(bodyBytes).map((_, i) => i * 37), complement: 0 }
  const middle = bodyBytes >> 1
  return {
    messages,
    types,
    valuesOf(number) {
      values.number = number
      values.body[middle] = number
      values.complement = ~number >>> 0
      return values
    },
    isRight: (message) =>
      message.complement === ~message.number >>> 0 && message.body.length === bodyBytes && message.body[middle] === (message.number & 255),
  }
}

function bodyBytesOf(bytes: number): number {
  const rest = bytes - NUMBER_BYTES
  return rest - (rest - 1 < 256 ? 1 : rest - 2 < 16_384 ? 2 : 3)
}
