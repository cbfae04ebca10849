// Messages a second, small to full packets, in all four deliveries.
import { otherPeers, tickwirePeers } from '../peers/index.js'
import { type Bench, type Report, ratio, type Scenario, type Target } from '../scenario.js'
import { median } from '../statistics.js'
import { availablePeers, measureThroughput, rateIn, THROUGHPUT_COLUMNS, type ThroughputRow, throughputCells } from '../throughput.js'

const SIZES = [32, 200, 1200]

/** 32-byte messages: tickwire on each transport, as a multiple of ENet. */
const ASKED = { ordered: { batched: 1.5, dgram: 0.6 }, unreliable: { batched: 1.2, dgram: undefined } }

export const messages: Scenario = {
  name: 'messages',
  title: 'small messages a second: 32, 200 and 1200 bytes, all four deliveries',
  method:
    'One thread pumps both ends of a connection and checks every message: content, and the order that its delivery promises. Each library has a process of its own, and runs until its code is compiled before it is measured. ENet (C) does the same; its reliable messages are ordered, its unreliable ones sequenced, and its unsequenced ones stand beside our unreliable ones. Messages wait for the turn of a loop, so that small ones share datagrams. A sequenced message of tickwire replaces a waiting one of its definition, so that 128 definitions take turns.',
  seconds: 1,
  async run(bench) {
    const peers = availablePeers([...tickwirePeers(bench.transports), ...otherPeers], bench)
    const rows: ThroughputRow[] = []
    for (const delivery of bench.deliveries)
      for (const bytes of bench.sizes ?? SIZES) rows.push(...(await measureThroughput(peers, bytes, delivery, bench)))
    return {
      figures: rows,
      tables: [{ columns: THROUGHPUT_COLUMNS, rows: rows.map((row) => throughputCells(row, rows)) }],
      targets: targets(rows, bench),
      charts: charts(rows, bench),
    }
  },
}

function targets(rows: readonly ThroughputRow[], { transports, deliveries }: Bench): Target[] {
  return deliveries.flatMap((delivery) =>
    transports.flatMap((transport) =>
      ['ENet (C)', 'ws'].flatMap((peer) => {
        const own = rateIn(rows, `tickwire ${transport}`, delivery, 32)
        const asked = peer === 'ws' || delivery === 'sequenced' || delivery === 'reliable' ? undefined : ASKED[delivery][transport]
        return ratio(
          `32 B ${delivery}: tickwire ${transport} ÷ ${peer}`,
          own,
          rateIn(rows, peer, delivery, 32),
          asked === undefined ? undefined : { atLeast: asked },
        )
      }),
    ),
  )
}

function charts(rows: readonly ThroughputRow[], { deliveries }: Bench): Report['charts'] {
  return deliveries.map((delivery) => ({
    kind: 'bars',
    name: delivery,
    title: `${delivery} messages`,
    unit: 'messages a second',
    groups: [...new Set(rows.map((row) => row.bytes))].map((bytes) => ({
      label: `${bytes} B`,
      bars: rows
        .filter((row) => row.delivery === delivery && row.bytes === bytes)
        .map((row) => ({ name: row.peer, value: median(row.rates) })),
    })),
  }))
}
