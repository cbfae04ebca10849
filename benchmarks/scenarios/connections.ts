// Clients that connect, as fast as one server lets them in.
import { Child, sleep } from '../child.js'
import type { Joining, Playing } from '../processes/game-clients.js'
import type { Listening, ServerFigures } from '../processes/game-server.js'
import type { Bench, Scenario } from '../scenario.js'
import { median, whole } from '../statistics.js'
import type { TransportKind } from '../transports.js'

const CLIENTS = 3000
const AT_ONCE = 256
const SERVER_HZ = 250

/** Clients that come and leave before the measurement: V8 has compiled all of a connection's way only after two thousand. */
const WARM_UP_CLIENTS = 3000

/** Clients of the measured process that are in before it begins. */
const FIRST_CLIENTS = 1000

/** After them: a client's first pings take two seconds. */
const SETTLE_MS = 2500

/** Updates a second of clients that are in: they are not what is measured. */
const IDLE_HZ = 4

const ASKED_PER_SECOND = 5000

interface Row {
  readonly transport: TransportKind
  /** Of a second of the clock, with the clients' share of the machine. */
  readonly perSecond: number
  /** Of a second of the server's CPU time. */
  readonly perCpuSecond: number
}

export const connections: Scenario = {
  name: 'connections',
  title: 'connections accepted a second',
  method: `${CLIENTS} clients of one process connect to a server in another, ${AT_ONCE} at a time: request, challenge, response, Hello and Welcome, sealed, without the server's limit of requests, after ${WARM_UP_CLIENTS} others have come and gone, and ${FIRST_CLIENTS} have come to stay. By the clock, the clients' own work, which is more than the server's, is in it; connections per second of the server's CPU time say what the server alone could take. What was asked is compared with the latter.`,
  seconds: 1,
  async run(bench) {
    const rows: Row[] = []
    for (const transport of bench.transports) rows.push(await measure(transport, bench))
    return {
      figures: rows,
      tables: [
        {
          columns: ['transport', 'accepted/s by the clock', 'accepted/s of server CPU', 'µs server CPU each'],
          rows: rows.map((row) => [row.transport, whole(row.perSecond), whole(row.perCpuSecond), (1e6 / row.perCpuSecond).toFixed(0)]),
        },
      ],
      targets: rows.flatMap(({ transport, perSecond, perCpuSecond }) => [
        { what: `tickwire ${transport}: connections/s of server CPU`, value: perCpuSecond, asked: { atLeast: ASKED_PER_SECOND } },
        { what: `tickwire ${transport}: connections/s by the clock, clients on the same machine`, value: perSecond },
      ]),
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'connections accepted',
          unit: 'a second',
          groups: rows.map((row) => ({
            label: `tickwire ${row.transport}`,
            bars: [
              { name: 'of server CPU', value: row.perCpuSecond },
              { name: 'by the clock', value: row.perSecond },
            ],
          })),
        },
      ],
    }
  },
}

async function measure(transport: TransportKind, bench: Bench): Promise<Row> {
  const rounds: Omit<Row, 'transport'>[] = []
  for (let round = 1; round <= bench.runs; round++) {
    bench.progress(`connections: ${transport}, round ${round} of ${bench.runs}`)
    const server = new Child('game-server')
    const first = new Child('game-clients')
    const game = new Child('game-clients')
    try {
      const port = await server.ask<number>('listen', { transport, maxPeers: FIRST_CLIENTS + CLIENTS, hz: SERVER_HZ } satisfies Listening)
      for (const child of [first, game]) await child.ask('play', { hz: IDLE_HZ, inputs: false, orders: false } satisfies Playing)
      await first.ask('join', { port, clients: WARM_UP_CLIENTS, atOnce: AT_ONCE } satisfies Joining)
      await first.ask('leave')
      await first.end()
      await game.ask('join', { port, clients: FIRST_CLIENTS, atOnce: AT_ONCE } satisfies Joining)
      await sleep(SETTLE_MS)
      await server.ask('begin')
      const seconds = await game.ask<number>('join', { port, clients: CLIENTS, atOnce: AT_ONCE } satisfies Joining)
      const { cpuSeconds, peers } = await server.ask<ServerFigures>('end')
      if (peers !== FIRST_CLIENTS + CLIENTS) throw new Error(`${peers} peers are in, expected ${FIRST_CLIENTS + CLIENTS}`)
      rounds.push({ perSecond: CLIENTS / seconds, perCpuSecond: CLIENTS / cpuSeconds })
    } finally {
      await Promise.all([server.end(), first.end(), game.end()])
    }
  }
  return {
    transport,
    perSecond: median(rounds.map((row) => row.perSecond)),
    perCpuSecond: median(rounds.map((row) => row.perCpuSecond)),
  }
}
