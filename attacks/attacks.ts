// `npm run attacks`: fifty honest players on a server, one attack after another, and what each costs: CPU per datagram, bytes of replies, memory, and the players' latency.
// Server, players and attackers are processes of their own, so that the CPU is the server's. All traffic stays on loopback.
import { type ChildProcess, fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { renderTable } from '../benchmarks/table.js'
import { selectCrypto } from '../lib/netcode/index.js'
import { insiderAttacks } from './insider-attacks.js'
import type { AttackDone, AttackOrder, Measured, Played, ServerReady } from './protocol.js'
import { strangerAttacks } from './strangers.js'

const HELP = `npm run attacks -- [options]

Attacks a server of this host, on loopback only, while honest players play, and prints what each attack costs.

  --runs N        times each attack is run; figures are medians (5)
  --seconds S     how long each run lasts, and the baseline before it (1)
  --players N     honest players at 60 Hz (50)
  --rate N        datagrams a second of strangers; of players inside, a quarter (20000)
  --addresses N   addresses of 127/8 from which strangers send (2000)
  --only TEXT     only attacks whose names contain it
  --list          the names of the attacks
  --json FILE     writes all figures as JSON
  --help          this`

/** Players are quiet for so long before what an attack costs is measured: what was under way has arrived. */
const QUIET_MS = 100
const IDLE_MS = 100
/** Of fewer datagrams no price is told. */
const MIN_MEASURED_DATAGRAMS = 100

interface Row {
  readonly kind: 'insider' | 'stranger'
  readonly name: string
  readonly sent: number[]
  readonly received: number[]
  readonly cpuMicros: number[]
  readonly replyRatio: number[]
  readonly grownBytes: number[]
  readonly latencies: number[]
  readonly baselineLatencies: number[]
  readonly ends: Record<string, number>
  rateLimited: number
  readonly causes: Record<string, number>
}

const children: ChildProcess[] = []
let isEnding = false
const options = readOptions()
const all: { readonly kind: Row['kind']; readonly index: number; readonly name: string }[] = [
  ...strangerAttacks.map(({ name }, index) => ({ kind: 'stranger' as const, index, name })),
  ...insiderAttacks.map(({ name }, index) => ({ kind: 'insider' as const, index, name })),
].filter(({ name }) => options.only === undefined || name.includes(options.only))
if (options.isList) {
  for (const { kind, name } of all) console.log(`${kind.padEnd(10)}${name}`)
  process.exit(0)
}
if (all.length === 0) fail(`--only expected a part of an attack's name, got "${options.only}"; --list shows them`)

let isInterrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isInterrupted) end(130)
    isInterrupted = true
    console.error('ending after this attack, with what was measured; once more ends at once')
  })
}

const server = start('server.js', ['--expose-gc'])
const targets = (await answer(server)) as ServerReady
const players = start('players.js')
await answer(players)
players.send({ join: { server: targets, count: options.players } })
await answer(players)
const attacker = start('attacker.js')
await answer(attacker)
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'} × ${cpus().length}, load ${loadavg()[0]!.toFixed(1)}, Node ${process.version}, crypto ${selectCrypto().name}; ${options.players} players at 60 Hz, ${options.runs} runs of ${options.seconds} s`,
)

const rows = all.map(({ kind, name }): Row => emptyRow(kind, name))
const ended: string[] = []
for (let run = 1; run <= options.runs; run++) {
  for (const [i, { kind, index, name }] of all.entries()) {
    if (isInterrupted) break
    progress(`run ${run} of ${options.runs}, ${i + 1} of ${all.length}: ${name}`)
    await measureOnce(rows[i]!, { kind, index })
  }
}
progress('')
players.send({ ask: 'close' })
const played = (await answer(players)) as Played
print(rows, played)
if (options.json !== undefined) {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, crypto: selectCrypto().name }
  writeFileSync(
    options.json,
    `${JSON.stringify({ date: new Date().toISOString(), ...machine, options, rows: rows.map(figuresOf), played: { ...played, latenciesMs: undefined }, ended }, null, 2)}\n`,
  )
  console.log(`written to ${options.json}`)
}
const isGood = !isInterrupted && played.connected === options.players && played.echoed === played.sent && played.wrong === 0
end(isGood ? 0 : 1)

/** The players alone, the players under attack, and the attack while they are quiet: the first two show what it does to them, the last what it costs. */
async function measureOnce(row: Row, { kind, index }: Pick<AttackOrder, 'kind' | 'index'>): Promise<void> {
  await ask<Played>(players, { ask: 'played' })
  await sleep(options.seconds * 1000)
  row.baselineLatencies.push(...(await ask<Played>(players, { ask: 'played' })).latenciesMs)
  const { done, begun, stop, latenciesMs } = await attackOnce(kind, index)
  row.latencies.push(...latenciesMs)
  row.sent.push(done.sent)
  row.replyRatio.push(done.sentBytes === 0 ? 0 : done.replyBytes / done.sentBytes)
  row.grownBytes.push(stop.memoryBytes - begun.memoryBytes)
  row.rateLimited += stop.rateLimited - begun.rateLimited
  for (const [why, count] of Object.entries(done.ends)) row.ends[why] = (row.ends[why] ?? 0) + count
  for (const [cause, count] of Object.entries(stop.causes)) {
    const change = count - begun.causes[cause]!
    if (change > 0) row.causes[cause] = (row.causes[cause] ?? 0) + change
  }
  ended.push(...[...begun.ends, ...stop.ends].filter((text) => text.startsWith('player')))

  players.send({ plays: false })
  await sleep(QUIET_MS)
  const idle = await idleRates()
  const quiet = await attackOnce(kind, index)
  players.send({ plays: true })
  const packets = quiet.stop.inPackets - quiet.begun.inPackets - idle.packetsPerMs * quiet.tookMs
  const received = targetsOwn(row) ? quiet.done.sent : Math.max(0, packets)
  row.received.push(received)
  if (received > MIN_MEASURED_DATAGRAMS)
    row.cpuMicros.push((quiet.stop.cpuMicros - quiet.begun.cpuMicros - idle.cpuMicrosPerMs * quiet.tookMs) / received)
}

/** What the server does for players that say nothing. */
async function idleRates(): Promise<{ cpuMicrosPerMs: number; packetsPerMs: number }> {
  const before = await ask<Measured>(server, { ask: 'measure' })
  const startedAt = performance.now()
  await sleep(IDLE_MS)
  const after = await ask<Measured>(server, { ask: 'measure' })
  const tookMs = performance.now() - startedAt
  return { cpuMicrosPerMs: (after.cpuMicros - before.cpuMicros) / tookMs, packetsPerMs: (after.inPackets - before.inPackets) / tookMs }
}

interface Attacked {
  readonly done: AttackDone
  readonly begun: Measured
  readonly stop: Measured
  readonly tookMs: number
  readonly latenciesMs: readonly number[]
}

async function attackOnce(kind: AttackOrder['kind'], index: number): Promise<Attacked> {
  const { seconds, addresses } = options
  const attack = kind === 'insider' ? insiderAttacks[index]! : undefined
  const rate = kind === 'stranger' ? options.rate : options.rate / 4
  attacker.send({ kind, index, seconds, rate, addresses, targets } satisfies AttackOrder)
  await answer(attacker) // everything is made and every attacker is in
  if (attack?.wantsBulk) server.send({ bulk: attack.outcome === 'overflow' ? 'all' : 'some' })
  // Counting memory collects garbage, for which the server stands still: so before and behind what is measured.
  const { memoryBytes } = await ask<Measured>(server, { ask: 'collect' })
  await sleep(QUIET_MS)
  await ask<Played>(players, { ask: 'played' })
  const begun = { ...(await ask<Measured>(server, { ask: 'measure' })), memoryBytes }
  const startedAt = performance.now()
  attacker.send('begin')
  const done = (await answer(attacker)) as AttackDone
  await drained(begun.inPackets)
  const stopped = await ask<Measured>(server, { ask: 'measure' })
  const tookMs = performance.now() - startedAt
  const { latenciesMs } = await ask<Played>(players, { ask: 'played' })
  const stop = { ...stopped, memoryBytes: (await ask<Measured>(server, { ask: 'collect' })).memoryBytes }
  server.send({ bulk: 'none' })
  attacker.send('leave')
  await answer(attacker)
  for (let i = 0; i < 30 && (await ask<Measured>(server, { ask: 'measure' })).peers > options.players; i++) await sleep(20)
  return { done, begun, stop, tookMs, latenciesMs }
}

/** Waits until the server has read what lies in its socket: as long as more arrives than twice what players send. */
async function drained(inPackets: number): Promise<void> {
  const usual = options.players * 60 * 0.05 * 2
  let last = inPackets
  for (let i = 0; i < 40; i++) {
    await sleep(50)
    const { inPackets: now } = await ask<Measured>(server, { ask: 'measure' })
    if (now - last < usual) return
    last = now
  }
}

/** What goes to the discovery port is not counted by the server's endpoint. */
function targetsOwn({ name }: Row): boolean {
  return name.startsWith('discovery')
}

function emptyRow(kind: Row['kind'], name: string): Row {
  const lists = {
    sent: [],
    received: [],
    cpuMicros: [],
    replyRatio: [],
    grownBytes: [],
    latencies: [],
    baselineLatencies: [],
  }
  return { kind, name, ...lists, ends: {}, rateLimited: 0, causes: {} }
}

function figuresOf(row: Row) {
  return {
    kind: row.kind,
    name: row.name,
    sentPerSecond: Math.round(median(row.sent) / options.seconds),
    receivedPerSecond: Math.round(median(row.received) / options.seconds),
    cpuMicrosPerDatagram: row.cpuMicros.length === 0 ? undefined : round(median(row.cpuMicros), 1),
    replyBytesPerByte: round(median(row.replyRatio), 3),
    memoryGrowthMB: round(median(row.grownBytes) / 1e6, 2),
    p99MsBaseline: round(percentile(row.baselineLatencies, 0.99), 1),
    p99MsAttack: round(percentile(row.latencies, 0.99), 1),
    rateLimited: row.rateLimited,
    ends: row.ends,
    causes: row.causes,
  }
}

function print(rows: readonly Row[], { sent, echoed, wrong, connected }: Played): void {
  for (const kind of ['stranger', 'insider'] as const) {
    const ofKind = rows.filter((row) => row.kind === kind && row.sent.length > 0)
    if (ofKind.length === 0) continue
    console.log(
      `\n${kind === 'stranger' ? `Strangers, from ${options.addresses} addresses of 127/8` : 'Players inside, four at a time, with valid keys'}\n`,
    )
    console.log(
      renderTable(
        ['attack', 'sent/s', 'received/s', 'µs each', 'reply B/B', 'memory MB', 'p99 ms', 'before', 'what became of it'],
        ofKind.map((row) => {
          const f = figuresOf(row)
          return [
            f.name,
            String(f.sentPerSecond),
            String(f.receivedPerSecond),
            f.cpuMicrosPerDatagram === undefined ? '' : f.cpuMicrosPerDatagram.toFixed(1),
            f.replyBytesPerByte.toFixed(3),
            Math.max(0, f.memoryGrowthMB).toFixed(1),
            f.p99MsAttack.toFixed(0),
            f.p99MsBaseline.toFixed(0),
            fateOf(row),
          ]
        }),
      ),
    )
  }
  console.log(
    `\nHonest players: ${connected} of ${options.players} connected at the end, ${ended.length} ended; ${sent} reliable messages sent, ${echoed} came back, ${wrong} twice or out of order.`,
  )
}

function fateOf(row: Row): string {
  const parts = [
    ...Object.entries(row.ends).map(([why, count]) => `${why} ×${count}`),
    ...(row.rateLimited > 0 ? [`${row.rateLimited} packets above its rate dropped`] : []),
    ...(row.kind === 'stranger' ? Object.entries(row.causes).map(([cause, count]) => `${cause} ${count}`) : []),
  ]
  return parts.join(', ')
}

// ── Processes ──

function start(file: string, execArgv: readonly string[] = []): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: [...execArgv],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  // The library's warnings (a wrong key, another game) are what these attacks provoke; all else is an error.
  child.stderr?.on('data', (text: Buffer) => {
    for (const line of String(text).split('\n')) if (line !== '' && !line.startsWith('tickwire:')) console.error(line)
  })
  child.on('exit', (code) => {
    if (code !== 0 && !isEnding) fail(`the process ${file} ended with ${code}`)
  })
  children.push(child)
  return child
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve))
}

function ask<T>(child: ChildProcess, question: object): Promise<T> {
  const answered = answer(child) as Promise<T> // each process answers one question with one type
  child.send(question)
  return answered
}

function end(code: number): never {
  isEnding = true
  for (const child of children) child.kill()
  process.exit(code)
}

function fail(text: string): never {
  console.error(text)
  for (const child of children) child.kill()
  process.exit(1)
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

// ── Figures ──

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

function readOptions() {
  const { values } = parseArguments()
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  return {
    runs: number('runs', values.runs, 1, 100, 5),
    seconds: number('seconds', values.seconds, 0.2, 60, 1),
    players: number('players', values.players, 1, 100, 50),
    rate: number('rate', values.rate, 100, 100_000, 20_000),
    addresses: number('addresses', values.addresses, 1, 10_000, 2000),
    only: values.only,
    isList: values.list === true,
    json: values.json,
  }
}

function parseArguments() {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      options: { runs: text, seconds: text, players: text, rate: text, addresses: text, only: text, list: flag, json: text, help: flag },
    })
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
  }
}

function number(name: string, text: string | undefined, min: number, max: number, fallback: number): number {
  const value = text === undefined ? fallback : Number(text)
  if (!(value >= min && value <= max)) fail(`--${name} expected ${min} to ${max}, got ${text}`)
  return value
}
