// One server with many players, alone in its process.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Child, sleep } from '../child.js'
import { compile, whyNotCompiled } from '../peers/compile.js'
import { EnetPlayers } from '../peers/enet-players.js'
import type { Joining, Playing } from '../processes/game-clients.js'
import type { Listening, ServerFigures } from '../processes/game-server.js'
import { type Bench, ratio, type Scenario, type Target } from '../scenario.js'
import { median, medians, whole } from '../statistics.js'
import type { TransportKind } from '../transports.js'

const CLIENTS = [100, 1000, 4000]
const HZ = 30

/** Updates of the servers a second. Players send at any time, so that a server which looks often spreads its work. */
const SERVER_HZ = 250

/** After the last connect, before anything is measured: a client's first pings take two seconds, and code is compiled meanwhile. */
const SETTLE_MS = 5000

/** Updates a second of a client that is in while others still connect. */
const JOINING_HZ = 4

const CONNECTING_AT_ONCE = 128

/** What tickwire's messages of 32 and 64 bytes are as datagrams, for the raw loop. */
const RAW_BYTES = ['67', '99']

const ASKED = { enetRatio: 1, growth: 1.25, updateP999: 2, at: 1000 }

interface Row extends ServerFigures {
  readonly who: string
  readonly clients: number
}

export const players: Scenario = {
  name: 'players',
  title: `one server and ${CLIENTS.join(', ')} players at ${HZ} Hz`,
  method: `Each player sends 32 bytes ${HZ} times a second, and the server answers with 64, both unreliable, each in a datagram of its own. Server and players have a process each; the server updates ${SERVER_HZ} times a second, and its CPU time, all threads and the kernel's share included, is divided by the packets that it received and sent, once all are connected. ENet (C) does the same, with the same loop, unsealed. The raw loop is recvfrom and sendto in C for datagrams of tickwire's size. Where a server or the players of a table cannot keep up on two cores, packets a second fall behind ${HZ} Hz; CPU per packet holds.`,
  seconds: 3,
  async run(bench) {
    const rows: Row[] = []
    const raw = new Map<number, number>()
    for (const clients of CLIENTS) {
      rows.push(...(await measure(clients, bench)))
      const reason = whyNotCompiled('raw-udp')
      if (reason === undefined) raw.set(clients, await rawCost(clients, bench))
      else bench.note(`the raw loop is not measured: ${reason}`)
    }
    return {
      figures: { servers: rows, rawLoop: Object.fromEntries(raw) },
      tables: [
        {
          columns: ['players', 'who', 'packets/s', 'µs CPU/packet', '% of the raw loop', 'update p50 ms', 'p99', 'p99.9', 'connected'],
          rows: CLIENTS.flatMap((clients) => [
            ...rows.filter((row) => row.clients === clients).map((row) => cells(row, raw.get(clients))),
            ...(raw.has(clients) ? [[String(clients), 'raw loop (C)', '', raw.get(clients)!.toFixed(2), '100', '', '', '', '']] : []),
          ]),
        },
      ],
      targets: targets(rows, raw),
      charts: [
        {
          kind: 'bars',
          name: '',
          title: 'server CPU for each packet in or out',
          unit: 'µs',
          groups: CLIENTS.map((clients) => ({
            label: `${clients} players`,
            bars: [
              ...rows.filter((row) => row.clients === clients).map((row) => ({ name: row.who, value: costOf(row) })),
              ...(raw.has(clients) ? [{ name: 'raw loop (C)', value: raw.get(clients)! }] : []),
            ],
          })),
        },
      ],
    }
  },
}

function cells(row: Row, raw: number | undefined): string[] {
  return [
    String(row.clients),
    row.who,
    whole(row.packets / row.seconds),
    costOf(row).toFixed(2),
    raw === undefined ? '' : ((raw / costOf(row)) * 100).toFixed(0),
    row.updateP50.toFixed(3),
    row.updateP99.toFixed(3),
    row.updateP999.toFixed(3),
    String(row.peers),
  ]
}

function targets(rows: readonly Row[], raw: ReadonlyMap<number, number>): Target[] {
  const at = (who: string, clients: number): Row | undefined => rows.find((row) => row.who === who && row.clients === clients)
  const cost = (who: string, clients: number): number | undefined => {
    const row = at(who, clients)
    return row === undefined ? undefined : costOf(row)
  }
  return [...new Set(rows.map(({ who }) => who))]
    .filter((who) => who.startsWith('tickwire'))
    .flatMap((who) => {
      const costs = rows.filter((row) => row.who === who).map(costOf)
      const p999 = at(who, ASKED.at)?.updateP999
      return [
        ...ratio(`${ASKED.at} players, CPU per packet: ${who} ÷ ENet`, cost(who, ASKED.at), cost('ENet (C)', ASKED.at), {
          atMost: ASKED.enetRatio,
        }),
        ...ratio(`${ASKED.at} players, packets per CPU second: ${who} ÷ raw loop`, raw.get(ASKED.at), cost(who, ASKED.at)),
        ...ratio(`${who}: dearest ÷ cheapest packet, ${CLIENTS[0]} to ${CLIENTS.at(-1)} players`, Math.max(...costs), Math.min(...costs), {
          atMost: ASKED.growth,
        }),
        ...(p999 === undefined
          ? []
          : [{ what: `${ASKED.at} players, ${who}: update() p99.9`, value: p999, unit: 'ms', asked: { atMost: ASKED.updateP999 } }]),
      ]
    })
}

function costOf({ cpuSeconds, packets }: Pick<ServerFigures, 'cpuSeconds' | 'packets'>): number {
  return (cpuSeconds / packets) * 1e6
}

/** All peers with so many players, in turns. */
async function measure(clients: number, bench: Bench): Promise<Row[]> {
  const peers = new Map<string, () => Promise<ServerFigures>>()
  for (const transport of bench.transports) peers.set(`tickwire ${transport}`, () => playTickwire(transport, clients, bench.seconds))
  if (bench.wants('ENet (C)')) {
    const reason = whyNotCompiled('enet-players')
    if (reason === undefined) peers.set('ENet (C)', () => playEnet(clients, bench.seconds))
    else bench.note(`ENet (C) is not measured: ${reason}`)
  }
  const rounds = new Map<string, ServerFigures[]>()
  for (let round = 1; round <= bench.runs; round++) {
    for (const [who, play] of peers) {
      bench.progress(`players: ${who}, ${clients}, round ${round} of ${bench.runs}`)
      rounds.set(who, [...(rounds.get(who) ?? []), await play()])
    }
  }
  return [...rounds].map(([who, figures]) => ({ who, clients, ...medianRound(figures) }))
}

/** The round whose packets cost the median: so that a row's figures belong together, but for the updates' medians. */
function medianRound(figures: readonly ServerFigures[]): ServerFigures {
  const { updateP50, updateP99, updateP999 } = medians(figures.map((round) => ({ ...round })))
  const cost = median(figures.map(costOf))
  return { ...figures.find((round) => costOf(round) === cost)!, updateP50, updateP99, updateP999 }
}

async function playTickwire(transport: TransportKind, clients: number, seconds: number): Promise<ServerFigures> {
  const server = new Child('game-server')
  const game = new Child('game-clients')
  try {
    const port = await server.ask<number>('listen', { transport, maxPeers: clients, hz: SERVER_HZ } satisfies Listening)
    await game.ask('play', { hz: JOINING_HZ, inputs: false, orders: false } satisfies Playing)
    await game.ask('join', { port, clients, atOnce: CONNECTING_AT_ONCE } satisfies Joining)
    await game.ask('play', { hz: HZ, inputs: true, orders: false } satisfies Playing)
    await sleep(SETTLE_MS)
    await server.ask('begin')
    await sleep(seconds * 1000)
    return await server.ask<ServerFigures>('end')
  } finally {
    await Promise.all([server.end(), game.end()])
  }
}

async function playEnet(clients: number, seconds: number): Promise<ServerFigures> {
  const game = await EnetPlayers.start(clients, HZ, SERVER_HZ)
  try {
    await sleep(SETTLE_MS)
    game.begin()
    await sleep(seconds * 1000)
    return await game.figures()
  } finally {
    await game.end()
  }
}

/** µs of CPU for each packet of a server that is nothing but system calls: the median of the rounds. */
async function rawCost(clients: number, bench: Bench): Promise<number> {
  const costs: number[] = []
  for (let round = 1; round <= bench.runs; round++) {
    bench.progress(`players: raw loop, ${clients}, round ${round} of ${bench.runs}`)
    const { stdout } = await promisify(execFile)(compile('raw-udp'), [String(clients), ...RAW_BYTES, String(Math.min(bench.seconds, 2))])
    const result = JSON.parse(stdout) as Pick<ServerFigures, 'cpuSeconds' | 'packets'> & { error?: string }
    if (result.error !== undefined) throw new Error(`raw-udp: ${result.error}`)
    costs.push(costOf(result))
  }
  return median(costs)
}
