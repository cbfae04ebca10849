// The command line of `npm run bench`.
import { parseArgs } from 'node:util'
import { type BenchmarkDelivery, DELIVERIES } from './peers/peer.js'
import type { Scenario } from './scenario.js'
import { TRANSPORT_KINDS, type TransportKind } from './transports.js'

export interface Arguments {
  readonly scenarios: readonly Scenario[]
  readonly runs: number
  /** Undefined: each scenario's own. */
  readonly seconds: number | undefined
  readonly sizes: readonly number[] | undefined
  readonly deliveries: readonly BenchmarkDelivery[]
  readonly transports: readonly TransportKind[]
  /** Lower-case parts of names; empty: all. */
  readonly only: readonly string[]
  readonly json: string | undefined
  readonly out: string | undefined
}

export function helpFor(scenarios: readonly Scenario[]): string {
  return `npm run bench -- [scenario …] [options]

Without a scenario: messages. "all" runs every one, which takes more than half an hour.

${scenarios.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}

  --runs N        rounds of which the median counts; in each, every peer has its turn (5)
  --seconds S     about how long one measurement lasts (each scenario's own)
  --transport T   what tickwire runs on: auto (each that works here, beside one another), dgram or batched (auto)
  --only A,B      only peers whose names contain one of these (all; tickwire always runs)
  --sizes A,B     message sizes in bytes, for messages and bulk (each scenario's own)
  --delivery D    for messages: ${DELIVERIES.join(', ')} or all (all)
  --json FILE     writes all figures as JSON
  --out DIR       writes a page with tables and charts, and each scenario's figures, such as docs/benchmarks
  --help          this

Exit codes: 0 measured; 1 something failed; 2 wrong usage.`
}

/** Throws an Error that says what was expected. Undefined: the help was asked for. */
export function readArguments(args: readonly string[], scenarios: readonly Scenario[]): Arguments | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string' },
      transport: { type: 'string', default: 'auto' },
      only: { type: 'string', default: '' },
      sizes: { type: 'string' },
      delivery: { type: 'string', default: 'all' },
      json: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    scenarios: chosen(positionals, scenarios),
    runs: number('runs', values.runs, 1, 100),
    seconds: values.seconds === undefined ? undefined : number('seconds', values.seconds, 0.1, 600),
    sizes: values.sizes?.split(',').map((size) => number('sizes', size, 16, 2 ** 20)),
    deliveries: oneOf('delivery', values.delivery, DELIVERIES, 'all'),
    transports: oneOf('transport', values.transport, TRANSPORT_KINDS, 'auto'),
    only: values.only
      .toLowerCase()
      .split(',')
      .filter((name) => name !== ''),
    json: values.json,
    out: values.out,
  }
}

function chosen(names: readonly string[], scenarios: readonly Scenario[]): readonly Scenario[] {
  if (names.includes('all')) return scenarios
  for (const name of names) {
    if (!scenarios.some((scenario) => scenario.name === name))
      throw new Error(`expected a scenario (${scenarios.map((scenario) => scenario.name).join(', ')}) or all, got ${name}`)
  }
  return scenarios.filter((scenario) => (names.length === 0 ? scenario.name === 'messages' : names.includes(scenario.name)))
}

function oneOf<T extends string>(name: string, value: string, choices: readonly T[], all: string): readonly T[] {
  if (value === all) return choices
  const found = choices.filter((choice) => choice === value)
  if (found.length === 0) throw new Error(`--${name} expected ${[...choices, all].join(', ')}, got ${value}`)
  return found
}

function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= min && value <= max)) throw new Error(`--${name} expected ${min} to ${max}, got ${text}`)
  return value
}
