// Latency under loss, in simulated time and with fixed seeds, against bounds.ts.
import t from 'tap'
import { echo } from '../../benchmarks/echo.js'
import { mean, percentile } from '../../benchmarks/statistics.js'
import { ECHO } from './bounds.js'

const SEEDS = [1, 2]
const HZ = 100
const MESSAGES = 400

for (const [loss, bounds] of Object.entries(ECHO)) {
  t.test(`where ${Number(loss) * 100} % is lost, echoes come no later than they did`, async (t) => {
    const runs = []
    for (const seed of SEEDS) runs.push(await echo({ options: {}, hz: HZ, loss: Number(loss), seed, count: MESSAGES }))
    const latencies = runs.flatMap((run) => run.latencies)
    const figures = {
      mean: mean(latencies),
      p99: percentile(latencies, 0.99),
      max: Math.max(...latencies),
      bytes: Math.max(...runs.flatMap((run) => [run.bytesToServer, run.bytesToClient])) / MESSAGES,
    }
    for (const name of ['mean', 'p99', 'max', 'bytes'] as const)
      t.ok(figures[name] <= bounds[name], `${name}: ${figures[name]}, at most ${bounds[name]}`)
  })
}
