// What receiving allocates, and what garbage collection costs, alone in a process. `costs` needs --expose-gc and a young generation that nothing fills
// (--min-semi-space-size, --max-semi-space-size), so that the heap's growth is what was allocated.
import { PerformanceObserver } from 'node:perf_hooks'
import { Client, MessageFactory, Server, uint32 } from 'tickwire'
import type { MessageDefinition } from '../../lib/messages/message-definition.js'
import { answer, sleep } from '../child.js'
import { MemoryTransport } from '../memory-transport.js'
import { median, percentile } from '../statistics.js'
import { transportOption } from '../transports.js'
import type { AllocationFigures, AllocationQuestion, AllocationSubject, PauseFigures, PauseQuestion } from './allocation-questions.js'

/** Packets of one measurement, and those that arrive between two looks at the heap. */
const PACKETS = 400
const PACKETS_A_TURN = 8
const MAX_TURNS = 10 * PACKETS

/** Messages of a packet: a run that fits one. */
const RUN_MESSAGES = 32

/** Messages a tick, each way, while pauses are watched: 6000 a second. */
const BUSY_MESSAGES = 100
const BUSY_HZ = 60

/** Rounds between collections: about 5 MB each, of 128. A collection takes as long as a round. */
const ROUNDS_A_COLLECTION = 10

const messages = new MessageFactory()
const State = messages.define(
  'State',
  { a: uint32, b: uint32, c: uint32, d: uint32, e: uint32, f: uint32, g: uint32, h: uint32 },
  { delivery: 'unreliable' },
)
const STATE = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 }

interface Pair {
  readonly server: Server
  readonly client: Client
}

answer({ costs, pauses })

async function costs({ subject, rounds }: AllocationQuestion): Promise<AllocationFigures> {
  const pair = await connect(subject)
  const decodedObject = measureDecoding()
  const runs: { runs: number; alone: number }[] = []
  for (let round = -rounds; round < rounds; round++) {
    if (round % ROUNDS_A_COLLECTION === 0) globalThis.gc?.()
    const figures = { runs: await measure(pair, RUN_MESSAGES), alone: await measure(pair, 1) }
    if (round >= 0) runs.push(figures)
  }
  // Of a packet with n messages: perPacket + n × perMessage.
  const ofRun = median(runs.map((one) => one.runs))
  const ofAlone = median(runs.map((one) => one.alone))
  const perMessage = (ofRun - ofAlone) / (RUN_MESSAGES - 1)
  return {
    perMessage: perMessage - decodedObject,
    perPacket: ofAlone - perMessage,
    decodedObject,
    inRuns: ofRun / RUN_MESSAGES - decodedObject,
    alone: ofAlone - decodedObject,
  }
}

async function connect(subject: AllocationSubject): Promise<Pair> {
  const ends = MemoryTransport.pair()
  const option = (end: MemoryTransport) => (subject === 'memory' ? { transport: end } : transportOption(subject))
  const server = new Server({ messages, ...option(ends[0]), maxMessagesPerSecond: 0 })
  const client = new Client({ messages, ...option(ends[1]) })
  const { port } = await server.listen({ host: '127.0.0.1' })
  const loop = server.run({ hz: 250 })
  await client.connect({ host: '127.0.0.1', port })
  loop.stop()
  server.onMessage(State, () => {})
  client.onMessage(State, () => {})
  return { server, client }
}

/** Bytes that the server's receiving allocates for one packet with `count` messages. */
async function measure({ server, client }: Pair, count: number): Promise<number> {
  let grown = 0
  let packets = 0
  for (let turns = 0; packets < PACKETS; turns++) {
    if (turns > MAX_TURNS) throw new Error(`only ${packets} packets arrived`)
    for (let i = 0; i < PACKETS_A_TURN; i++) {
      for (let j = 0; j < count; j++) client.send(State, STATE)
      client.update()
    }
    await nextTick()
    const packetsBefore = server.metrics().inPackets
    const heap = process.memoryUsage().heapUsed
    await turn()
    server.update()
    grown += process.memoryUsage().heapUsed - heap
    packets += server.metrics().inPackets - packetsBefore
    client.update()
    await turn()
  }
  return grown / packets
}

/** Bytes of one decoded object. */
function measureDecoding(): number {
  const { codec } = State as unknown as MessageDefinition<string, unknown, unknown, 'both'>
  const bytes = new Uint8Array(64)
  const end = codec.encode(STATE, bytes, new DataView(bytes.buffer), 0)
  const kept: unknown[] = new Array(10_000).fill(undefined)
  const figures: number[] = []
  for (let round = 0; round < 10; round++) {
    const heap = process.memoryUsage().heapUsed
    for (let i = 0; i < kept.length; i++) kept[i] = codec.decode(bytes, 0, end)
    figures.push((process.memoryUsage().heapUsed - heap) / kept.length)
  }
  return median(figures)
}

async function pauses({ transport, seconds }: PauseQuestion): Promise<PauseFigures> {
  const { server, client } = await connect(transport)
  const durations: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) durations.push(entry.duration)
  })
  const send = (to: { send(type: typeof State, values: typeof STATE): unknown }): void => {
    for (let i = 0; i < BUSY_MESSAGES; i++) to.send(State, STATE)
  }
  const loops = [
    server.run({ hz: BUSY_HZ, onTick: () => [...server.peers].forEach(send) }),
    client.run({ hz: BUSY_HZ, onTick: () => send(client) }),
  ]
  await sleep(1000)
  observer.observe({ entryTypes: ['gc'] })
  const start = performance.now()
  await sleep(seconds * 1000)
  const elapsed = (performance.now() - start) / 1000
  observer.disconnect()
  for (const loop of loops) loop.stop()
  return {
    seconds: elapsed,
    pauses: durations.length,
    totalMs: durations.reduce((sum, duration) => sum + duration, 0),
    p99Ms: percentile(durations, 0.99),
    maxMs: Math.max(0, ...durations),
  }
}

/** Lets sockets be read. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets what sending has put off be done, without reading sockets. */
function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
