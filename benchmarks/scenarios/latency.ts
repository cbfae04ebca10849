// Round trips over loopback through two game loops, beside raw datagrams that the same loops poll.
import { Client, MessageFactory, Server, uint32 } from 'tickwire'
import { FixedStepLoop } from '../../lib/endpoint/loop.js'
import type { Address } from '../../lib/io/address.js'
import { systemClock } from '../../lib/io/clock.js'
import type { Transport } from '../../lib/io/transport.js'
import type { Scenario } from '../scenario.js'
import { medians, percentile } from '../statistics.js'
import { type TransportKind, transportOption } from '../transports.js'

const LOOPS_HZ = [60, 1000]
const HOST = '127.0.0.1'

/** The beginning, which is not measured: code is compiled, and the client's first pings go. */
const WARM_UP_TICKS = 100

const ASKED = 1.3

const messages = new MessageFactory()
const Ping = messages.define('Ping', { number: uint32 })

interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

interface Row {
  readonly transport: TransportKind
  readonly hz: number
  readonly who: string
  readonly figures: Percentiles
}

/** Something that one side's loop drives: `tick` sends one more and polls. */
interface Rally {
  clientTick(): void
  serverTick(): void
  /** Round trips so far, in ms. */
  readonly latencies: number[]
  close(): Promise<void>
}

export const latency: Scenario = {
  name: 'latency',
  title: 'round trips over loopback, through loops of 60 Hz and 1 kHz',
  method:
    'A client sends a message in each of its ticks (ordered), and the server’s handler sends it back; from send to the client’s handler. Both loops run in one thread, half a tick apart. The same two loops poll a pair of raw sockets of the same kind, without anything on them, in the same ticks and in turns first or second: whatever holds a loop up holds both up.',
  seconds: 5,
  async run(bench) {
    const rows: Row[] = []
    for (const transport of bench.transports) {
      for (const hz of LOOPS_HZ) {
        const rounds: { own: Percentiles; raw: Percentiles }[] = []
        for (let round = 1; round <= bench.runs; round++) {
          bench.progress(`latency: ${transport} at ${hz} Hz, round ${round} of ${bench.runs}`)
          rounds.push(await play(transport, hz, bench.seconds))
        }
        rows.push({ transport, hz, who: 'tickwire', figures: medians(rounds.map(({ own }) => own)) })
        rows.push({ transport, hz, who: 'raw datagrams', figures: medians(rounds.map(({ raw }) => raw)) })
      }
    }
    return {
      figures: rows,
      tables: [
        {
          columns: ['transport', 'loop Hz', 'who', 'p50 ms', 'p99 ms', 'p99.9 ms'],
          rows: rows.map(({ transport, hz, who, figures }) => [
            transport,
            String(hz),
            who,
            ...[figures.p50, figures.p99, figures.p999].map((value) => value.toFixed(3)),
          ]),
        },
      ],
      targets: rows.flatMap(({ transport, hz, who, figures }, i) =>
        who !== 'tickwire'
          ? []
          : [
              {
                what: `${transport}, ${hz} Hz: p99 ÷ raw datagrams' p99`,
                value: figures.p99 / rows[i + 1]!.figures.p99,
                asked: { atMost: ASKED },
              },
            ],
      ),
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'p99 of round trips over loopback',
          unit: 'ms',
          groups: LOOPS_HZ.map((hz) => ({
            label: `${hz} Hz`,
            bars: rows
              .filter((row) => row.hz === hz)
              .map(({ who, transport, figures }) => ({ name: `${who}, ${transport}`, value: figures.p99 })),
          })),
        },
      ],
    }
  },
}

async function play(transport: TransportKind, hz: number, seconds: number): Promise<{ own: Percentiles; raw: Percentiles }> {
  const own = await tickwireRally(transport)
  const raw = await rawRally(transport)
  const rallies = [own, raw]
  const stepMs = 1000 / hz
  const client = drive(hz, (tick) => {
    for (const rally of tick % 2 === 0 ? rallies : [raw, own]) rally.clientTick()
  })
  await sleep(stepMs / 2)
  const server = drive(hz, (tick) => {
    for (const rally of tick % 2 === 0 ? rallies : [raw, own]) rally.serverTick()
  })
  await sleep(WARM_UP_TICKS * stepMs + 500)
  for (const rally of rallies) rally.latencies.length = 0
  await sleep(seconds * 1000)
  const result = { own: percentilesOf(own.latencies), raw: percentilesOf(raw.latencies) }
  client.stop()
  server.stop()
  await own.close()
  await raw.close()
  return result
}

/** The library's own loop: one call a tick. */
function drive(hz: number, onTick: (tick: number) => void): FixedStepLoop {
  return new FixedStepLoop(systemClock, { intervalMs: 0, tick: 0, tickMs: 0 }, { hz, onTick }, (ticks) => ticks())
}

async function tickwireRally(kind: TransportKind): Promise<Rally> {
  const server = new Server({ messages, ...transportOption(kind), maxMessagesPerSecond: 0 })
  const client = new Client({ messages, ...transportOption(kind) })
  server.onMessage(Ping, (ping, peer) => {
    peer.send(Ping, ping)
  })
  const { port } = await server.listen({ host: HOST })
  const loop = server.run({ hz: 250 })
  await client.connect({ host: HOST, port })
  loop.stop()
  const latencies: number[] = []
  const sentAt: number[] = []
  client.onMessage(Ping, ({ number }) => {
    latencies.push(performance.now() - sentAt[number]!)
  })
  return {
    latencies,
    clientTick() {
      client.send(Ping, { number: sentAt.length })
      sentAt.push(performance.now())
      client.update()
    },
    serverTick: () => server.update(),
    async close() {
      server.run({ hz: 250 })
      await client.close()
      await server.close()
    },
  }
}

/** Four bytes in a datagram, and back. */
async function rawRally(kind: TransportKind): Promise<Rally> {
  const server = rawTransport(kind)
  const client = rawTransport(kind)
  const options = { host: HOST, port: 0, maxInboxDatagrams: 1024, socketBufferBytes: 1 << 20 }
  const address = await server.open(options)
  await client.open({ ...options, remote: address })
  const latencies: number[] = []
  const sentAt: number[] = []
  return {
    latencies,
    clientTick() {
      const number = sentAt.push(performance.now()) - 1
      for (let datagram = client.receive(); datagram !== undefined; datagram = client.receive())
        latencies.push(performance.now() - sentAt[new DataView(datagram.bytes.buffer, datagram.bytes.byteOffset).getUint32(0)]!)
      sendNumber(client, number, address)
      client.flush?.()
    },
    serverTick() {
      for (let datagram = server.receive(); datagram !== undefined; datagram = server.receive()) {
        const number = new DataView(datagram.bytes.buffer, datagram.bytes.byteOffset).getUint32(0)
        sendNumber(server, number, datagram)
      }
      server.flush?.()
    },
    async close() {
      await client.close()
      await server.close()
    },
  }
}

/** A transport that sends in batches sends at this. */
type RawTransport = Transport & { flush?(): void }

/** What an endpoint of this kind would send and receive with; the endpoint itself is not used. */
function rawTransport(kind: TransportKind): RawTransport {
  return (new Client({ messages, ...transportOption(kind) }) as unknown as { readonly transport: RawTransport }).transport
}

function sendNumber(transport: Transport, number: number, { host, port }: Pick<Address, 'host' | 'port'>): void {
  const buffer = transport.buffer()
  new DataView(buffer.buffer, buffer.byteOffset).setUint32(0, number)
  transport.send(4, host, port)
}

function percentilesOf(latencies: readonly number[]): Percentiles {
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), p999: percentile(latencies, 0.999) }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
