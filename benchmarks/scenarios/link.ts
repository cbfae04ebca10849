// A simulated link that bulk fills while a game goes on beside it.
import { bytes, MessageFactory, uint32 } from 'tickwire'
import { bandwidth, delay, loss, simulate } from 'tickwire/simulator'
import type { Bench, Scenario, Target } from '../scenario.js'
import { percent, percentile } from '../statistics.js'
import { VARIANTS, type Variant } from './variants.js'

/** 100 Mbit/s and 100 ms there and back. */
const BYTES_PER_SECOND = 12_500_000
const DELAY_MS = 50
const BANDWIDTH_DELAY_BYTES = (BYTES_PER_SECOND * 2 * DELAY_MS) / 1000

const LOSSES = [0, 0.001, 0.01, 0.05]
const QUEUES = [1, 8]
const LOOPS_HZ = [60, 250]

const BULK_BYTES = 65_536

/** What the sender keeps queued: more than the link and the deepest queue hold. */
const QUEUED_BYTES = 16 * 1024 * 1024
const LIMITS = { maxMessageBytes: 8 * 1024 * 1024, maxSendQueueBytes: 32 * 1024 * 1024 }

/** Small messages a second. */
const SMALL_HZ = 60

/** The beginning, which is not measured. */
const WARM_UP_MS = 4000

/** What is asked for: the share of the link, up to this loss, and the small messages' p99 as a multiple of the empty link's. */
const ASKED = { share: 0.9, maxLoss: 0.01, p99Ratio: 1.5 }

const messages = new MessageFactory()
const Bulk = messages.define('Bulk', { body: bytes(BULK_BYTES) }, { from: 'server', channel: 0, priority: 1 })
const Small = messages.define(
  'Small',
  { number: uint32, a: uint32, b: uint32, c: uint32, d: uint32, e: uint32, f: uint32, g: uint32 },
  { from: 'server', channel: 1 },
)

interface Case {
  readonly variant: Variant
  readonly hz: number
  readonly loss: number
  readonly queue: number
}

interface Row extends Case {
  /** Bytes of bulk that the game got, as a share of what the link carries. */
  readonly share: number
  readonly p99: number
  readonly emptyP99: number
}

export const link: Scenario = {
  name: 'link',
  title: 'a simulated link of 100 Mbit/s and 100 ms that bulk fills, and the small messages beside it',
  method: `The server keeps ${QUEUED_BYTES / 2 ** 20} MiB of ordered messages of 64 KiB queued, and sends ordered ones of 32 bytes on another channel ${SMALL_HZ} times a second. Goodput: bulk handed to the client's handler, as a share of the link's bytes of UDP payload. Small messages: from send to handler, beside the same on the empty link. The queue in front of the link holds one or eight bandwidth-delay products (1.25 MB); the share of datagrams given is lost in each direction. The first ${WARM_UP_MS / 1000} s do not count; \`--seconds\` is simulated time.`,
  seconds: 10,
  async run(bench) {
    const rows: Row[] = []
    for (const variant of VARIANTS)
      for (const hz of LOOPS_HZ)
        for (const queue of QUEUES) for (const share of LOSSES) rows.push(await measure({ variant, hz, queue, loss: share }, bench))
    return {
      figures: rows,
      tables: [
        {
          columns: ['who', 'loop Hz', 'queue', 'loss', 'goodput', 'small p99 ms', 'on the empty link', 'ratio'],
          rows: rows.map((row) => [
            row.variant.name,
            String(row.hz),
            `${row.queue} BDP`,
            percent(row.loss, 1),
            percent(row.share, 1),
            row.p99.toFixed(1),
            row.emptyP99.toFixed(1),
            (row.p99 / row.emptyP99).toFixed(2),
          ]),
        },
      ],
      targets: rows.flatMap(targets),
      charts: LOOPS_HZ.map((hz) => ({
        kind: 'lines',
        name: `${hz}hz`,
        title: `goodput of a 100 Mbit/s link of 100 ms, loops at ${hz} Hz`,
        unit: '% of the link',
        x: { label: 'loss', ticks: LOSSES.map((share) => percent(share, 1)) },
        lines: VARIANTS.flatMap((variant) =>
          QUEUES.map((queue) => ({
            name: `${variant.name}, queue of ${queue} BDP`,
            values: rows.filter((row) => row.variant === variant && row.hz === hz && row.queue === queue).map((row) => row.share * 100),
          })),
        ),
      })),
    }
  },
}

function targets(row: Row): Target[] {
  if (row.loss > ASKED.maxLoss) return []
  const what = `${row.variant.name}, ${percent(row.loss, 1)} loss, queue of ${row.queue} BDP, ${row.hz} Hz:`
  return [
    { what: `${what} share of the link`, value: row.share, asked: { atLeast: ASKED.share } },
    { what: `${what} small messages' p99 ÷ empty link's`, value: row.p99 / row.emptyP99, asked: { atMost: ASKED.p99Ratio } },
  ]
}

async function measure(one: Case, bench: Bench): Promise<Row> {
  bench.progress(`link: ${one.variant.name}, ${percent(one.loss, 1)} loss, queue of ${one.queue} BDP, ${one.hz} Hz`)
  const empty = await play(one, bench.seconds * 1000, false)
  const full = await play(one, bench.seconds * 1000, true)
  return { ...one, share: full.bytes / (BYTES_PER_SECOND * bench.seconds), p99: full.p99, emptyP99: empty.p99 }
}

/** One transfer, or none, with small messages beside it. */
async function play(
  { variant, hz, loss: share, queue }: Case,
  durationMs: number,
  isBulk: boolean,
): Promise<{ bytes: number; p99: number }> {
  const stages = [bandwidth(BYTES_PER_SECOND, queue * BANDWIDTH_DELAY_BYTES), delay(DELAY_MS), loss(share)]
  const { server, clients, clock, step } = await simulate({
    seed: 1,
    messages,
    clients: 1,
    network: { toServer: stages, toClient: stages },
    serverOptions: { ...LIMITS, ...variant.options },
    clientOptions: { ...LIMITS, ...variant.options },
  })
  const client = clients[0]!
  const body = new Uint8Array(BULK_BYTES)
  const sentAt: number[] = []
  const latencies: number[] = []
  let received = 0
  client.onMessage(Bulk, (bulk) => {
    received += bulk.body.length
  })
  client.onMessage(Small, ({ number }) => {
    latencies.push(clock.now() - sentAt[number]!)
  })
  const peer = [...server.peers][0]!
  const start = clock.now()
  client.run({ hz })
  server.run({
    hz,
    onTick() {
      if (clock.now() >= start + (sentAt.length * 1000) / SMALL_HZ) {
        peer.send(Small, { number: sentAt.length, a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 })
        sentAt.push(clock.now())
      }
      if (!isBulk) return
      const { outBufferBytes } = peer.metrics()
      for (let queued = outBufferBytes; queued < QUEUED_BYTES; queued += BULK_BYTES) peer.send(Bulk, { body })
    },
  })
  await step(WARM_UP_MS)
  received = 0
  latencies.length = 0
  await step(durationMs)
  return { bytes: received, p99: percentile(latencies, 0.99) }
}
