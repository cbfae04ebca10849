// tickwire as a game uses it: defined messages, Client and Server, sealed, over the default transport; both updated by this thread.
import { bytes as bytesField, Client, int32, MessageFactory, type MessageType, Server, uint32 } from 'tickwire'
import type { BenchmarkPeer, BenchmarkRun } from './peer.js'
import { pump, windowOf } from './pump.js'

/** Bytes of a message besides its body: number, complement, and the body's length (1 byte up to 255, else 2). */
const numberBytes = 8

/** Messages under way, in bytes. */
const WINDOW_BYTES = 160 * 1024

export const tickwire: BenchmarkPeer = {
  name: 'tickwire',
  unavailable: () => undefined,
  async run(run) {
    const { messages, type, valuesOf, check } = scenarioOf(run)
    const server = new Server({ messages, maxMessageBytes: 1024 * 1024, maxMessagesPerSecond: 0 }) // no limit: the sender is this benchmark
    const client = new Client({ messages, maxMessageBytes: 1024 * 1024 })
    try {
      const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
      const loop = server.run({ hz: 1000 })
      await client.connect({ host: '127.0.0.1', port })
      loop.stop()
      let received = 0
      server.onMessage(type, (message) => {
        if (!check(message, received)) throw new Error(`message ${received} arrived changed or out of order`)
        received++
      })
      server.on('OnError', ({ error }) => {
        throw error
      })
      const before = { client: client.metrics(), server: server.metrics() }
      const result = await pump({
        count: run.count,
        window: windowOf(run.bytes, WINDOW_BYTES, 8192),
        deadlineMs: run.deadlineMs,
        isLossy: run.delivery === 'unreliable',
        send: (number) => client.send(type, valuesOf(number)),
        flush() {
          client.update()
          server.update()
        },
        received: () => received,
      })
      const after = { client: client.metrics(), server: server.metrics() }
      return {
        ...result,
        bytesOnWire: after.client.outBytes - before.client.outBytes + after.server.outBytes - before.server.outBytes,
        datagrams: after.client.outPackets - before.client.outPackets + after.server.outPackets - before.server.outPackets,
      }
    } finally {
      server.run({ hz: 250 }) // so that the farewell is answered
      await client.close()
      await server.close()
    }
  },
}

/** A game defines its messages once. */
const scenarios = new Map<string, Scenario>()

function scenarioOf(run: BenchmarkRun): Scenario {
  const key = `${run.bytes} ${run.delivery}`
  const scenario = scenarios.get(key) ?? (run.bytes === 32 ? fixedFields(new MessageFactory(), run) : blob(new MessageFactory(), run))
  scenarios.set(key, scenario)
  return scenario
}

interface Scenario {
  readonly messages: MessageFactory
  readonly type: MessageType<string, any, any, 'both'>
  valuesOf(number: number): object
  /** Whether this is a message of the right number and content. */
  check(message: any, expected: number): boolean
}

/** 32 bytes as a game has them: numbers. */
function fixedFields(messages: MessageFactory, { delivery }: BenchmarkRun): Scenario {
  const type = messages.define(
    'State',
    { number: uint32, x: int32, y: int32, z: int32, vx: int32, vy: int32, vz: int32, complement: int32 },
    { delivery },
  )
  const values = { number: 0, x: 1, y: -2_000_000, z: 1000, vx: 70_000, vy: -12, vz: 3, complement: 0 }
  return {
    messages,
    type,
    valuesOf(number) {
      values.number = number
      values.x = number & 1023
      values.complement = ~number
      return values
    },
    check(message, expected) {
      const isRight = message.complement === ~message.number && message.x === (message.number & 1023) && message.vz === 3
      return isRight && (delivery === 'unreliable' || message.number === expected)
    },
  }
}

/** Any size: a number at each end of a body. */
function blob(messages: MessageFactory, { bytes, delivery }: BenchmarkRun): Scenario {
  const bodyBytes = bytes - numberBytes - (bytes - numberBytes - 1 <= 255 ? 1 : bytes - numberBytes - 2 < 16_384 ? 2 : 3)
  const type = messages.define('Blob', { number: uint32, body: bytesField(bodyBytes), complement: uint32 }, { delivery })
  const values = { number: 0, body: new Uint8Array(bodyBytes).map((_, i) => i * 37), complement: 0 }
  return {
    messages,
    type,
    valuesOf(number) {
      values.number = number
      values.body[bodyBytes >> 1] = number
      values.complement = ~number >>> 0
      return values
    },
    check(message, expected) {
      const isRight =
        message.complement === ~message.number >>> 0 &&
        message.body.length === bodyBytes &&
        message.body[bodyBytes >> 1] === (message.number & 255)
      return isRight && (delivery === 'unreliable' || message.number === expected)
    },
  }
}
