// Latency where datagrams are lost, in simulated time: KCP's published scenario, and curves over the loss.
import { echo, INTERVAL_MS, MESSAGES } from '../echo.js'
import type { Bench, Scenario, Target } from '../scenario.js'
import { mean, median, percent, percentile } from '../statistics.js'
import { VARIANTS, type Variant } from './variants.js'

const KCP_LOSS = 0.05

/** KCP's test calls its update every ms, so the first is as in the original; games are slower. */
const LOOPS_HZ = [1000, 100, 60]

const CURVE_LOSSES = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
const CURVE_HZ = 100

/** A message each way, of its fast mode: measured on a link like it, in another run. */
const KCP_FAST_BYTES = 60

/** From KCP's README, in ms, over its own simulator. */
const PUBLISHED = [
  { name: 'KCP default (published)', mean: 740, max: 1507, bytes: '' },
  { name: 'KCP normal (published)', mean: 156, max: 571, bytes: '' },
  { name: 'KCP fast (published; bytes measured elsewhere)', mean: 138, max: 392, bytes: String(KCP_FAST_BYTES) },
]

const ASKED = { mean: 105, max: 200 }

interface Row {
  readonly variant: string
  readonly hz: number
  readonly loss: number
  readonly mean: number
  readonly p99: number
  /** The largest of a run: the median of all seeds, and the worst. */
  readonly max: number
  readonly worst: number
  /** UDP payload of a message, to the server and back. */
  readonly bytesToServer: number
  readonly bytesToClient: number
}

export const loss: Scenario = {
  name: 'loss',
  title: 'latency under loss, in simulated time: KCP’s scenario, and 0 to 30 %',
  method: `${MESSAGES} messages of 8 bytes, one every ${INTERVAL_MS} ms, ordered, and echoed by the server's handler in the same way; a round trip takes 60–125 ms, and the given share of datagrams is lost in each direction. Latency from send to the echo's handler. \`--runs\` times two seeds for KCP's scenario (5 % loss), and \`--runs\` for each point of the curves (loops at ${CURVE_HZ} Hz); mean and p99 are of all seeds together, max is the median of the seeds' largest. KCP's own figures are published ones, not measured here.`,
  seconds: 1,
  async run(bench) {
    const kcp: Row[] = []
    const curves: Row[] = []
    for (const variant of VARIANTS) {
      for (const hz of LOOPS_HZ) kcp.push(await measure(variant, hz, KCP_LOSS, bench.runs * 2, bench))
      for (const share of CURVE_LOSSES) curves.push(await measure(variant, CURVE_HZ, share, bench.runs, bench))
    }
    return {
      figures: { kcp, curves, published: PUBLISHED },
      tables: [
        {
          title: 'KCP’s scenario: 5 % loss each way',
          columns: ['who', 'loop Hz', 'mean ms', 'p99 ms', 'max ms', 'worst max ms', 'B to server', 'B to client'],
          rows: [
            ...kcp.map((row) => [row.variant, String(row.hz), ...cells(row)]),
            ...PUBLISHED.map(({ name, mean, max, bytes }) => [name, '', String(mean), '', String(max), '', bytes, bytes]),
          ],
        },
        {
          title: `Over the loss, loops at ${CURVE_HZ} Hz`,
          columns: ['who', 'loss', 'mean ms', 'p99 ms', 'max ms', 'worst max ms', 'B to server', 'B to client'],
          rows: curves.map((row) => [row.variant, percent(row.loss), ...cells(row)]),
        },
      ],
      targets: kcp.filter(({ hz }) => hz === LOOPS_HZ[0]).flatMap(targets),
      charts: [
        {
          kind: 'lines',
          name: '',
          title: 'ordered echo over the loss in each direction',
          unit: 'ms',
          x: { label: 'loss', ticks: CURVE_LOSSES.map((share) => percent(share)) },
          lines: VARIANTS.flatMap(({ name }) => {
            const rows = curves.filter((row) => row.variant === name)
            return [
              { name: `${name}, mean`, values: rows.map((row) => row.mean) },
              { name: `${name}, p99`, values: rows.map((row) => row.p99) },
              { name: `${name}, max`, values: rows.map((row) => row.max) },
            ]
          }),
        },
      ],
    }
  },
}

function cells(row: Row): string[] {
  return [row.mean, row.p99, row.max, row.worst, row.bytesToServer, row.bytesToClient].map((value) => value.toFixed(1))
}

function targets(row: Row): Target[] {
  const what = `KCP's scenario, ${row.variant}:`
  return [
    { what: `${what} mean`, value: row.mean, unit: 'ms', asked: { atMost: ASKED.mean } },
    { what: `${what} max`, value: row.max, unit: 'ms', asked: { atMost: ASKED.max } },
    { what: `${what} bytes a message to the server`, value: row.bytesToServer, asked: { atMost: KCP_FAST_BYTES } },
    { what: `${what} bytes a message to the client`, value: row.bytesToClient, asked: { atMost: KCP_FAST_BYTES } },
  ]
}

async function measure(variant: Variant, hz: number, share: number, seeds: number, bench: Bench): Promise<Row> {
  const latencies: number[] = []
  const maxima: number[] = []
  const bytesToServer: number[] = []
  const bytesToClient: number[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    bench.progress(`loss: ${variant.name}, ${percent(share)} at ${hz} Hz, seed ${seed} of ${seeds}`)
    const echoes = await echo({ options: variant.options, hz, loss: share, seed })
    latencies.push(...echoes.latencies)
    maxima.push(Math.max(...echoes.latencies))
    bytesToServer.push(echoes.bytesToServer / MESSAGES)
    bytesToClient.push(echoes.bytesToClient / MESSAGES)
  }
  return {
    variant: variant.name,
    hz,
    loss: share,
    mean: mean(latencies),
    p99: percentile(latencies, 0.99),
    max: median(maxima),
    worst: Math.max(...maxima),
    bytesToServer: mean(bytesToServer),
    bytesToClient: mean(bytesToClient),
  }
}
