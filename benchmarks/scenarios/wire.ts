// Bytes on the wire for each message, alone in its packet and in runs.
import { enet } from '../peers/index.js'
import { type BenchmarkDelivery, DELIVERIES } from '../peers/peer.js'
import type { Bench, Scenario } from '../scenario.js'
import { availablePeers } from '../throughput.js'
import { RUN_MESSAGES, type Wire, wireAlone, wireInRuns } from '../wire-cost.js'

const SIZES = [8, 32, 200, 1200]

interface WireRow {
  readonly peer: string
  readonly delivery: BenchmarkDelivery
  readonly bytes: number
  readonly alone: Wire
  readonly inRuns: Wire
}

export const wire: Scenario = {
  name: 'wire',
  title: 'bytes on the wire for each message, alone and in runs',
  method: `UDP payload of both directions, acknowledgements and encryption included, for each message. Alone: one message an update, at 60 updates a second in simulated time. In runs: ${RUN_MESSAGES} messages sent at once. ENet sends one message at a time, and waits for it, or keeps its queue full; it does not encrypt.`,
  seconds: 1,
  async run(bench) {
    const rows: WireRow[] = []
    const [peer] = availablePeers([enet()], bench)
    for (const delivery of DELIVERIES) {
      for (const bytes of SIZES) {
        bench.progress(`wire: ${delivery} ${bytes} B`)
        rows.push({
          peer: 'tickwire',
          delivery,
          bytes,
          alone: await wireAlone(bytes, delivery),
          inRuns: await wireInRuns(bytes, delivery),
        })
        if (peer !== undefined) rows.push(await enetRow(bytes, delivery, bench))
      }
    }
    return {
      figures: rows,
      tables: [
        {
          columns: ['delivery', 'bytes', 'peer', 'B alone', 'datagrams alone', 'B in runs', 'datagrams in runs'],
          rows: rows.map(({ peer, delivery, bytes, alone, inRuns }) => [
            delivery,
            String(bytes),
            peer,
            alone.bytes.toFixed(1),
            alone.datagrams.toFixed(2),
            inRuns.bytes.toFixed(1),
            inRuns.datagrams.toFixed(3),
          ]),
        },
      ],
      targets: [],
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'ordered messages: UDP payload beyond the message',
          unit: 'bytes a message',
          groups: SIZES.map((bytes) => ({
            label: `${bytes} B`,
            bars: rows
              .filter((row) => row.delivery === 'ordered' && row.bytes === bytes)
              .flatMap((row) => [
                { name: `${row.peer} alone`, value: row.alone.bytes - bytes },
                { name: `${row.peer} in runs`, value: row.inRuns.bytes - bytes },
              ]),
          })),
        },
      ],
    }
  },
}

async function enetRow(bytes: number, delivery: BenchmarkDelivery, bench: Bench): Promise<WireRow> {
  const measure = async (windowMessages: number | undefined): Promise<Wire> => {
    const peer = enet(windowMessages === undefined ? {} : { windowMessages })
    const result = await peer.run({ bytes, delivery, count: windowMessages === 1 ? 2000 : 20_000, deadlineMs: 10_000 })
    if (result === undefined) throw new Error('ENet gave no result')
    return { bytes: result.bytesOnWire! / result.received, datagrams: result.datagrams! / result.received }
  }
  bench.progress(`wire: ENet ${delivery} ${bytes} B`)
  return { peer: 'ENet (C)', delivery, bytes, alone: await measure(1), inRuns: await measure(undefined) }
}
