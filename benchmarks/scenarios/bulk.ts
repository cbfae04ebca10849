// Large messages: bytes a second.
import { enet, otherPeers, tickwirePeers } from '../peers/index.js'
import { ratio, type Scenario } from '../scenario.js'
import { median } from '../statistics.js'
import { availablePeers, measureThroughput, rateIn, THROUGHPUT_COLUMNS, type ThroughputRow, throughputCells } from '../throughput.js'

const SIZES = [16_384, 1_048_576]

/** What ENet is given under way: it sends 64 KiB unacknowledged at most, and how full its queue is beside that makes a difference. */
const ENET_WINDOWS_KIB = [64, 128, 256, 1024]

const ENET = ENET_WINDOWS_KIB.map((kib) => enet({ name: `ENet (C), ${kib} KiB queued`, windowBytes: kib * 1024 }))

export const bulk: Scenario = {
  name: 'bulk',
  title: 'large messages: 16 KiB and 1 MiB, ordered',
  method: `As \`messages\`, with large ones. ENet is measured with ${ENET_WINDOWS_KIB.join(', ')} KiB in its queue, and the best round of its best setting is what tickwire's median is compared with.`,
  seconds: 1,
  async run(bench) {
    const others = otherPeers.filter((peer) => peer.name !== 'ENet (C)')
    const peers = availablePeers([...tickwirePeers(bench.transports), ...ENET, ...others], bench)
    const rows: ThroughputRow[] = []
    const sizes = bench.sizes ?? SIZES
    for (const bytes of sizes) rows.push(...(await measureThroughput(peers, bytes, 'ordered', bench)))
    return {
      figures: rows,
      tables: [{ columns: THROUGHPUT_COLUMNS, rows: rows.map((row) => throughputCells(row, rows)) }],
      targets: sizes.flatMap((bytes) =>
        bench.transports.flatMap((transport) =>
          ratio(
            `${sizeText(bytes)}: tickwire ${transport} ÷ ENet's best`,
            rateIn(rows, `tickwire ${transport}`, 'ordered', bytes),
            bestOfEnet(rows, bytes),
            bytes === 16_384 && transport === 'batched' ? { atLeast: 1.2 } : undefined,
          ),
        ),
      ),
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'bulk messages',
          unit: 'MB/s',
          groups: sizes.map((bytes) => ({
            label: sizeText(bytes),
            bars: rows.filter((row) => row.bytes === bytes).map((row) => ({ name: row.peer, value: (median(row.rates) * bytes) / 1e6 })),
          })),
        },
      ],
    }
  },
}

function bestOfEnet(rows: readonly ThroughputRow[], bytes: number): number | undefined {
  const rates = rows.filter((row) => row.peer.startsWith('ENet') && row.bytes === bytes).flatMap((row) => row.rates)
  return rates.length === 0 ? undefined : Math.max(...rates)
}

function sizeText(bytes: number): string {
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`
}
