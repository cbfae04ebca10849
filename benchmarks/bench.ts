// `npm run bench`: messages a second over loopback, tickwire beside its peers in one run. One thread pumps both ends of each; every figure is the median of several rounds,
// and in each round every peer has its turn, so that a mood of the machine meets all of them.
import { writeFileSync } from 'node:fs'
import { arch, cpus, platform, release } from 'node:os'
import { parseArgs } from 'node:util'
import { availableCrypto, selectCrypto } from 'tickwire/netcode'
import { type BenchmarkDelivery, type BenchmarkPeer, type BenchmarkResult, peers } from './peers/index.js'
import { renderTable } from './table.js'

const DELIVERIES: readonly BenchmarkDelivery[] = ['ordered', 'unreliable']
const SIZES = [32, 200, 1200, 16_384]
const DEADLINE_MS = 20_000
const WARM_UP_MESSAGES = 5000
const MAX_MESSAGES = 5_000_000

const HELP = `npm run bench -- [options]

Messages a second and MB/s over loopback, reliable-ordered and unreliable, beside ENet (C), ws, socket.io, udx-native and raw node:dgram.

  --runs N        rounds of which the median counts (5)
  --seconds S     about how long one measurement lasts (1)
  --sizes A,B     message sizes in bytes (${SIZES.join(',')})
  --delivery D    ordered, unreliable or both (both)
  --only A,B      only peers whose names contain one of these (all; tickwire always runs)
  --json FILE     writes all figures as JSON
  --help          this`

interface Row {
  readonly peer: string
  readonly delivery: BenchmarkDelivery
  readonly bytes: number
  readonly rates: number[]
  received: number
  sent: number
  bytesOnWire: number | undefined
  datagrams: number | undefined
}

const options = readOptions()
const available = peers.filter((peer) => isWanted(peer))
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'} × ${cpus().length}, ${platform()} ${release()} ${arch()}, Node ${process.version}, crypto ${selectCrypto().name}`,
)
for (const { name, crypto, reason } of availableCrypto()) if (crypto === undefined) console.log(`${name} is not in use: ${reason}`)

const rows: Row[] = []
for (const delivery of options.deliveries) for (const bytes of options.sizes) rows.push(...(await measure(bytes, delivery)))
console.log()
console.log(
  renderTable(
    ['delivery', 'bytes', 'peer', 'messages/s', 'MB/s', '× tickwire', 'B on wire each', 'datagrams each', 'lost'],
    rows.map(cellsOf),
  ),
)
for (const line of ratios()) console.log(line)
if (options.json !== undefined) {
  writeFileSync(
    options.json,
    `${JSON.stringify({ date: new Date().toISOString(), cpu: cpus()[0]?.model, node: process.version, crypto: selectCrypto().name, rows }, null, 2)}\n`,
  )
  console.log(`written to ${options.json}`)
}
process.exit(0) // some peers leave timers behind

/** All peers at one size, in turns. */
async function measure(bytes: number, delivery: BenchmarkDelivery): Promise<Row[]> {
  const counts = new Map<BenchmarkPeer, number>()
  const found = new Map<BenchmarkPeer, Row>()
  for (const peer of available) {
    const warmUp = await attempt(peer, bytes, delivery, WARM_UP_MESSAGES)
    if (warmUp === undefined) continue
    // The second estimate comes from code that has been compiled.
    const warm = await attempt(peer, bytes, delivery, countFor(rateOf(warmUp), 0.3))
    counts.set(peer, countFor(rateOf(warm ?? warmUp), options.seconds))
    found.set(peer, { peer: peer.name, delivery, bytes, rates: [], received: 0, sent: 0, bytesOnWire: undefined, datagrams: undefined })
  }
  for (let round = 1; round <= options.runs; round++) {
    for (const [peer, row] of found) {
      const result = await attempt(peer, bytes, delivery, counts.get(peer)!)
      if (result === undefined) continue
      row.rates.push(rateOf(result))
      row.received += result.received
      row.sent += result.sent
      if (result.bytesOnWire !== undefined) row.bytesOnWire = (row.bytesOnWire ?? 0) + result.bytesOnWire
      if (result.datagrams !== undefined) row.datagrams = (row.datagrams ?? 0) + result.datagrams
      progress(`${delivery} ${bytes} B, round ${round} of ${options.runs}: ${peer.name} ${format(rateOf(result))}/s`)
    }
  }
  progress('')
  return [...found.values()].sort((a, b) => median(b.rates) - median(a.rates))
}

/** Without a forced garbage collection before it: that throws compiled code away, and what is measured then is the compiler. */
function attempt(peer: BenchmarkPeer, bytes: number, delivery: BenchmarkDelivery, count: number): Promise<BenchmarkResult | undefined> {
  return peer.run({ bytes, delivery, count, deadlineMs: DEADLINE_MS })
}

function cellsOf(row: Row): string[] {
  const rate = median(row.rates)
  const own = rows.find((other) => other.peer === 'tickwire' && other.bytes === row.bytes && other.delivery === row.delivery)
  return [
    row.delivery,
    String(row.bytes),
    row.peer,
    format(rate),
    ((rate * row.bytes) / 1e6).toFixed(1),
    own === undefined ? '' : (rate / median(own.rates)).toFixed(2),
    row.bytesOnWire === undefined ? '' : (row.bytesOnWire / row.received).toFixed(1),
    row.datagrams === undefined ? '' : (row.datagrams / row.received).toFixed(3),
    row.sent === row.received ? '' : `${(((row.sent - row.received) / row.sent) * 100).toFixed(1)} %`,
  ]
}

/** What the issue asks of 32-byte ordered messages. */
function ratios(): string[] {
  const at = (name: string): number | undefined => {
    const row = rows.find((r) => r.peer.startsWith(name) && r.bytes === 32 && r.delivery === 'ordered')
    return row === undefined ? undefined : median(row.rates)
  }
  const own = at('tickwire')
  if (own === undefined) return []
  return ['ws', 'ENet'].flatMap((name) => {
    const other = at(name)
    return other === undefined ? [] : [`32-byte ordered messages: tickwire ÷ ${name} = ${(own / other).toFixed(2)}`]
  })
}

function isWanted(peer: BenchmarkPeer): boolean {
  if (peer.name !== 'tickwire' && options.only.length > 0 && !options.only.some((name) => peer.name.toLowerCase().includes(name)))
    return false
  const reason = peer.unavailable()
  if (reason !== undefined) console.log(`${peer.name} is not measured: ${reason}`)
  return reason === undefined
}

function countFor(rate: number, seconds: number): number {
  return Math.max(1000, Math.min(MAX_MESSAGES, Math.round(rate * seconds)))
}

function rateOf(result: BenchmarkResult): number {
  return result.received / result.seconds
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en')
}

function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`)
  else if (text !== '') console.log(text)
}

function readOptions(): {
  runs: number
  seconds: number
  sizes: number[]
  deliveries: readonly BenchmarkDelivery[]
  only: string[]
  json: string | undefined
} {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '1' },
        sizes: { type: 'string', default: SIZES.join(',') },
        delivery: { type: 'string', default: 'both' },
        only: { type: 'string', default: '' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const deliveries = values.delivery === 'both' ? DELIVERIES : DELIVERIES.filter((delivery) => delivery === values.delivery)
    if (deliveries.length === 0) throw new Error(`--delivery expected ordered, unreliable or both, got ${values.delivery}`)
    return {
      runs: number('runs', values.runs, 1, 100),
      seconds: number('seconds', values.seconds, 0.1, 15),
      sizes: values.sizes.split(',').map((size) => number('sizes', size, 16, 65_536)),
      deliveries,
      only: values.only
        .toLowerCase()
        .split(',')
        .filter((name) => name !== ''),
      json: values.json,
    }
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}

function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= min && value <= max)) throw new Error(`--${name} expected ${min} to ${max}, got ${text}`)
  return value
}
