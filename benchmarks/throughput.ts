// Messages from one end to the other as fast as they go, all peers in turns: what `messages` and `bulk` measure.

import { Child } from './child.js'
import type { BenchmarkDelivery, BenchmarkPeer, BenchmarkResult } from './peers/index.js'
import type { PeerRun } from './processes/peer.js'
import type { Bench } from './scenario.js'
import { median, whole } from './statistics.js'

const DEADLINE_MS = 20_000
const MAX_MESSAGES = 5_000_000

/** Messages before the first estimate, and at least for a measurement: fewer where they are large. */
const WARM_UP_MESSAGES = 5000
const MIN_MESSAGES = 1000
const WARM_UP_BYTES = 32 << 20

/** Warming up ends with an attempt of about this length. */
const WARM_UP_SECONDS = 0.6
const MIN_WARM_UPS = 3
const MAX_WARM_UPS = 6

/** A peer in a process of its own. */
function apart(peer: BenchmarkPeer): { readonly peer: BenchmarkPeer; end(): Promise<void> } {
  if (peer.isProcess) return { peer, end: async () => {} }
  const child = new Child('peer')
  return {
    peer: { ...peer, run: (run) => child.ask('run', { peer: peer.name, run } satisfies PeerRun) },
    end: () => child.end(),
  }
}

/** All rounds of one peer at one size and delivery. */
export interface ThroughputRow {
  readonly peer: string
  readonly delivery: BenchmarkDelivery
  readonly bytes: number
  /** Messages a second, of each round. */
  readonly rates: number[]
  received: number
  sent: number
  bytesOnWire: number | undefined
  datagrams: number | undefined
}

export const THROUGHPUT_COLUMNS = [
  'delivery',
  'bytes',
  'peer',
  'messages/s',
  'MB/s',
  '× tickwire',
  'B on wire each',
  'datagrams each',
  'lost',
]

/** The peers of a list that can run and are asked for; says why others are not. */
export function availablePeers(peers: readonly BenchmarkPeer[], bench: Bench): BenchmarkPeer[] {
  return peers.filter((peer) => {
    if (!bench.wants(peer.name)) return false
    const reason = peer.unavailable()
    if (reason !== undefined) bench.note(`${peer.name} is not measured: ${reason}`)
    return reason === undefined
  })
}

/** All peers at one size, in turns: a mood of the machine meets all of them. The fastest first. */
export async function measureThroughput(
  peers: readonly BenchmarkPeer[],
  bytes: number,
  delivery: BenchmarkDelivery,
  bench: Bench,
): Promise<ThroughputRow[]> {
  const processes = peers.map(apart)
  try {
    return await measureInTurns(
      processes.map(({ peer }) => peer),
      bytes,
      delivery,
      bench,
    )
  } finally {
    await Promise.all(processes.map((process) => process.end()))
  }
}

async function measureInTurns(
  peers: readonly BenchmarkPeer[],
  bytes: number,
  delivery: BenchmarkDelivery,
  bench: Bench,
): Promise<ThroughputRow[]> {
  const counts = new Map<BenchmarkPeer, number>()
  const found = new Map<BenchmarkPeer, ThroughputRow>()
  for (const peer of peers) {
    bench.progress(`${delivery} ${bytes} B, warming up: ${peer.name}`)
    const rate = await warmUp(peer, bytes, delivery)
    if (rate === undefined) continue
    counts.set(peer, countFor(rate, bench.seconds, bytes))
    found.set(peer, { peer: peer.name, delivery, bytes, rates: [], received: 0, sent: 0, bytesOnWire: undefined, datagrams: undefined })
  }
  for (let round = 1; round <= bench.runs; round++) {
    for (const [peer, row] of found) {
      const result = await attempt(peer, bytes, delivery, counts.get(peer)!)
      if (result === undefined) continue
      row.rates.push(rateOf(result))
      counts.set(peer, countFor(rateOf(result), bench.seconds, bytes)) // a busy moment must not make all later rounds short
      row.received += result.received
      row.sent += result.sent
      if (result.bytesOnWire !== undefined) row.bytesOnWire = (row.bytesOnWire ?? 0) + result.bytesOnWire
      if (result.datagrams !== undefined) row.datagrams = (row.datagrams ?? 0) + result.datagrams
      bench.progress(`${delivery} ${bytes} B, round ${round} of ${bench.runs}: ${peer.name} ${whole(rateOf(result))}/s`)
    }
  }
  return [...found.values()].sort((a, b) => median(b.rates) - median(a.rates))
}

/** The row's cells; what stands under `× tickwire` is relative to tickwire's best transport. */
export function throughputCells(row: ThroughputRow, rows: readonly ThroughputRow[]): string[] {
  const rate = median(row.rates)
  const own = rows.filter((other) => other.peer.startsWith('tickwire') && other.bytes === row.bytes && other.delivery === row.delivery)
  const best = Math.max(0, ...own.map((other) => median(other.rates)))
  return [
    row.delivery,
    String(row.bytes),
    row.peer,
    whole(rate),
    ((rate * row.bytes) / 1e6).toFixed(1),
    best === 0 ? '' : (rate / best).toFixed(2),
    row.bytesOnWire === undefined ? '' : (row.bytesOnWire / row.received).toFixed(1),
    row.datagrams === undefined ? '' : (row.datagrams / row.received).toFixed(3),
    row.sent === row.received ? '' : `${(((row.sent - row.received) / row.sent) * 100).toFixed(1)} %`,
  ]
}

/** The median rate of a peer, where it was measured. */
export function rateIn(rows: readonly ThroughputRow[], peer: string, delivery: BenchmarkDelivery, bytes: number): number | undefined {
  const row = rows.find((r) => r.peer === peer && r.bytes === bytes && r.delivery === delivery)
  return row === undefined ? undefined : median(row.rates)
}

/** The rate that comes out once code is compiled: each attempt is as long as the one before lets expect. Undefined where the peer has no such delivery. */
async function warmUp(peer: BenchmarkPeer, bytes: number, delivery: BenchmarkDelivery): Promise<number | undefined> {
  let count = limited(WARM_UP_MESSAGES, bytes)
  let rate: number | undefined
  for (let i = 0; i < MAX_WARM_UPS; i++) {
    const result = await attempt(peer, bytes, delivery, count)
    if (result === undefined || result.received === 0) return rate
    rate = rateOf(result)
    if (i >= MIN_WARM_UPS - 1 && result.seconds > WARM_UP_SECONDS / 2) break
    count = countFor(rate, WARM_UP_SECONDS, bytes)
  }
  return rate
}

/** Without a forced garbage collection before it: that throws compiled code away, and what is measured then is the compiler. */
function attempt(peer: BenchmarkPeer, bytes: number, delivery: BenchmarkDelivery, count: number): Promise<BenchmarkResult | undefined> {
  return peer.run({ bytes, delivery, count, deadlineMs: DEADLINE_MS })
}

function countFor(rate: number, seconds: number, bytes: number): number {
  return Math.max(limited(MIN_MESSAGES, bytes), Math.min(MAX_MESSAGES, Math.round(rate * seconds)))
}

function limited(messages: number, bytes: number): number {
  return Math.max(16, Math.min(messages, Math.floor(WARM_UP_BYTES / bytes)))
}

function rateOf(result: BenchmarkResult): number {
  return result.received / result.seconds
}
