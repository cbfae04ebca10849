// Bytes and datagrams on the wire, against bounds.ts.
import t from 'tap'
import { wireAlone, wireInRuns } from '../../benchmarks/wire-cost.js'
import { WIRE } from './bounds.js'

for (const [delivery, sizes] of Object.entries(WIRE)) {
  for (const [size, bounds] of Object.entries(sizes)) {
    t.test(`${delivery} messages of ${size} bytes cost no more on the wire than they did`, async (t) => {
      const alone = await wireAlone(Number(size), delivery as keyof typeof WIRE)
      const inRuns = await wireInRuns(Number(size), delivery as keyof typeof WIRE)
      t.ok(alone.bytes <= bounds.bytesAlone, `alone: ${alone.bytes} B, at most ${bounds.bytesAlone}`)
      t.ok(alone.datagrams <= bounds.datagramsAlone, `alone: ${alone.datagrams} datagrams, at most ${bounds.datagramsAlone}`)
      t.ok(inRuns.bytes <= bounds.bytesInRuns, `in runs: ${inRuns.bytes} B, at most ${bounds.bytesInRuns}`)
      t.ok(inRuns.datagrams <= bounds.datagramsInRuns, `in runs: ${inRuns.datagrams} datagrams, at most ${bounds.datagramsInRuns}`)
    })
  }
}
