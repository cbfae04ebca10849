// `npm run bench`: what tickwire costs and gives, beside its peers in one run. The scenarios stand in scenarios/, one a file; this file takes the
// arguments, runs them one after another, and prints and writes what they found. All sockets are on loopback.
import { writeFileSync } from 'node:fs'
import { type Arguments, helpFor, readArguments } from './arguments.js'
import { machineLine, missingCrypto, thisMachine } from './machine.js'
import { type Measured, writePages } from './pages.js'
import { type Bench, type Scenario, targetLine } from './scenario.js'
import { scenarios } from './scenarios/index.js'
import { renderTable } from './table.js'
import { type TransportKind, whyUnavailable } from './transports.js'

let lastProgress = ''

const options = readOptions()
console.log(machineLine(thisMachine()))
for (const line of missingCrypto()) console.log(line)
const transports = await usableTransports(options)

const measured: Measured[] = []
for (const scenario of options.scenarios) {
  try {
    measured.push(await measure(scenario))
  } catch (error) {
    progress('')
    console.error(`bench: ${scenario.name} failed: ${(error as Error).stack}`)
    process.exitCode = 1
  }
}
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`)
  console.log(`written to ${options.json}`)
}
if (options.out !== undefined) {
  writePages(options.out, scenarios, measured)
  console.log(`written to ${options.out}`)
}
process.exit() // some peers leave timers behind

async function measure(scenario: Scenario): Promise<Measured> {
  const { name, title } = scenario
  console.log(`\n── ${name}: ${title}`)
  const bench: Bench = {
    runs: options.runs,
    seconds: options.seconds ?? scenario.seconds,
    sizes: options.sizes,
    deliveries: options.deliveries,
    transports,
    wants: (peer) =>
      peer.startsWith('tickwire') || options.only.length === 0 || options.only.some((part) => peer.toLowerCase().includes(part)),
    progress,
    note(text) {
      progress('')
      console.log(text)
    },
  }
  const report = await scenario.run(bench)
  progress('')
  for (const table of report.tables) {
    console.log(table.title === undefined ? '' : `\n${table.title}`)
    console.log(renderTable(table.columns, table.rows))
  }
  if (report.targets.length > 0) console.log()
  for (const target of report.targets) console.log(targetLine(target))
  return {
    scenario: name,
    date: new Date().toISOString(),
    command: commandFor(name),
    machine: thisMachine(),
    runs: options.runs,
    report,
  }
}

/** Each of those asked for that works here, with a word about the others. Node's own always works. */
async function usableTransports({ transports }: Arguments): Promise<readonly TransportKind[]> {
  const usable: TransportKind[] = []
  for (const kind of transports) {
    const reason = await whyUnavailable(kind)
    if (reason === undefined) usable.push(kind)
    else console.log(`tickwire is not measured on the ${kind} transport: ${reason}`)
  }
  return usable.length === 0 ? ['dgram'] : usable
}

/** What this scenario alone takes to be measured again. */
function commandFor(name: string): string {
  const flags = process.argv.slice(2).filter((argument) => argument !== 'all' && !scenarios.some((scenario) => scenario.name === argument))
  return ['npm run bench --', name, ...flags].join(' ')
}

/** In a terminal one line that changes; elsewhere lines, as logs take them. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`)
  else if (text !== '' && text !== lastProgress) console.log(text)
  lastProgress = text
}

function readOptions(): Arguments {
  try {
    const read = readArguments(process.argv.slice(2), scenarios)
    if (read !== undefined) return read
    console.log(helpFor(scenarios))
    process.exit(0)
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\nSee npm run bench -- --help`)
    process.exit(2)
  }
}
