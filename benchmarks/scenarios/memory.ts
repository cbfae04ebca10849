// What a peer costs in memory, on a server with many.
import { Child, sleep } from '../child.js'
import type { Joining, Playing } from '../processes/game-clients.js'
import type { Listening, MemoryFigures } from '../processes/game-server.js'
import type { Bench, Scenario } from '../scenario.js'
import { medians } from '../statistics.js'
import type { TransportKind } from '../transports.js'

const PEERS = 10_000
const AT_ONCE = 64
const SERVER_HZ = 250

/** Updates of a client a second while it is idle, and when each of them sends two messages. */
const IDLE_HZ = 4
const ACTIVE_HZ = 2

/** Time for the first pings to end, and for every peer to have played some rounds. */
const SETTLE_MS = 5000

const ASKED_IDLE_BYTES = 16 * 1024

interface Row {
  readonly transport: TransportKind
  readonly who: 'idle' | 'active'
  /** Bytes for each peer, beyond the server without any. */
  readonly figures: Readonly<Record<keyof MemoryFigures, number>>
}

export const memory: Scenario = {
  name: 'memory',
  title: `memory of an idle and of an active peer, at ${PEERS.toLocaleString('en')} peers`,
  method: `The server is alone in its process; its clients, each with a socket, are in another. After a forced garbage collection, what it holds is compared with what it held when it listened without peers, and divided by the peers. Idle: connected for ${SETTLE_MS / 1000} s, with nothing but keep-alives. Active: each sends 32 bytes ordered and 32 unreliable ${ACTIVE_HZ} times a second, and gets 64 for each; what is held between two updates counts too. RSS is coarse: the process keeps pages that it does not use. Heap and external are what was asked about.`,
  seconds: 1,
  async run(bench) {
    const rows: Row[] = []
    for (const transport of bench.transports) rows.push(...(await measure(transport, bench)))
    return {
      figures: rows,
      tables: [
        {
          columns: ['transport', 'peers', 'heap + external B/peer', 'heap B/peer', 'external B/peer', 'RSS B/peer'],
          rows: rows.map(({ transport, who, figures }) => [
            transport,
            who,
            ...[held(figures), figures.heapUsed, figures.external, figures.rss].map((value) => value.toFixed(0)),
          ]),
        },
      ],
      targets: rows.map(({ transport, who, figures }) => ({
        what: `tickwire ${transport}: heap and external of an ${who} peer`,
        value: held(figures),
        unit: 'B',
        ...(who === 'idle' ? { asked: { atMost: ASKED_IDLE_BYTES } } : {}),
      })),
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'memory of a peer',
          unit: 'bytes',
          groups: bench.transports.map((transport) => ({
            label: `tickwire ${transport}`,
            bars: rows
              .filter((row) => row.transport === transport)
              .flatMap(({ who, figures }) => [
                { name: `${who}, heap + external`, value: held(figures) },
                { name: `${who}, RSS`, value: figures.rss },
              ]),
          })),
        },
      ],
    }
  },
}

function held({ heapUsed, external }: Pick<MemoryFigures, 'heapUsed' | 'external'>): number {
  return heapUsed + external
}

/** Memory is not noisy as time is, and ten thousand clients take a while: three rounds at most. */
async function measure(transport: TransportKind, bench: Bench): Promise<Row[]> {
  const rounds: { idle: MemoryFigures; active: MemoryFigures }[] = []
  const runs = Math.min(bench.runs, 3)
  for (let round = 1; round <= runs; round++) {
    rounds.push(await play(transport, (what) => bench.progress(`memory: ${transport}, round ${round} of ${runs}, ${what}`)))
  }
  return (['idle', 'active'] as const).map((who) => ({ transport, who, figures: medians(rounds.map((one) => ({ ...one[who] }))) }))
}

async function play(transport: TransportKind, progress: (what: string) => void): Promise<{ idle: MemoryFigures; active: MemoryFigures }> {
  const server = new Child('game-server', ['--expose-gc'])
  const game = new Child('game-clients')
  try {
    const port = await server.ask<number>('listen', { transport, maxPeers: PEERS, hz: SERVER_HZ } satisfies Listening)
    await sleep(500)
    const empty = await server.ask<MemoryFigures>('memory')
    const perPeer = (now: MemoryFigures): MemoryFigures => ({
      rss: (now.rss - empty.rss) / PEERS,
      heapUsed: (now.heapUsed - empty.heapUsed) / PEERS,
      external: (now.external - empty.external) / PEERS,
    })
    progress('connecting')
    await game.ask('play', { hz: IDLE_HZ, inputs: false, orders: false } satisfies Playing)
    await game.ask('join', { port, clients: PEERS, atOnce: AT_ONCE } satisfies Joining)
    progress('idle')
    await sleep(SETTLE_MS)
    const idle = perPeer(await server.ask<MemoryFigures>('memory'))
    progress('active')
    await game.ask('play', { hz: ACTIVE_HZ, inputs: true, orders: true } satisfies Playing)
    await sleep(SETTLE_MS)
    return { idle, active: perPeer(await server.ask<MemoryFigures>('memory')) }
  } finally {
    await Promise.all([server.end(), game.end()])
  }
}
