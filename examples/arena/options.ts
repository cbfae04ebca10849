// The demo's options: one table gives their names, ranges, defaults and the text of --help.
import { parseArgs } from 'node:util'
import { MAX_PLAYERS } from './messages.js'

export interface DemoOptions {
  readonly players: number
  readonly hz: number
  readonly seconds: number
  readonly port: number
  readonly latency: number
  readonly loss: number
}

interface Spec {
  readonly value: string
  readonly default: number
  readonly min: number
  readonly max: number
  readonly isInteger: boolean
  readonly text: string
}

const SPECS: Readonly<Record<keyof DemoOptions, Spec>> = {
  players: { value: 'N', default: 8, min: 1, max: MAX_PLAYERS, isInteger: true, text: 'bots that play, each in a process of its own' },
  hz: { value: 'N', default: 60, min: 5, max: 240, isInteger: true, text: 'inputs of each player, and ticks of the server, a second' },
  seconds: { value: 'S', default: 10, min: 1, max: 3600, isInteger: false, text: 'how long they play' },
  port: { value: 'N', default: 0, min: 0, max: 65_535, isInteger: true, text: "the server's UDP port on 127.0.0.1; 0: the system chooses" },
  latency: { value: 'MS', default: 0, min: 0, max: 1000, isInteger: false, text: 'milliseconds that the link adds, each way' },
  loss: { value: 'PERCENT', default: 0, min: 0, max: 40, isInteger: false, text: 'datagrams that the link loses, each way' },
}

const NAMES = Object.keys(SPECS) as (keyof DemoOptions)[] // of an object literal of exactly these keys

/** The command line was wrong; the message says how. */
export class UsageError extends Error {}

/**
 * Reads the command line; undefined where it asks for help.
 * @throws UsageError for an unknown option, one without a value, or a value out of range
 */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const values = parse(args)
  if (values.help === true) return undefined
  const read = (name: keyof DemoOptions): number => readNumber(name, values[name])
  return {
    players: read('players'),
    hz: read('hz'),
    seconds: read('seconds'),
    port: read('port'),
    latency: read('latency'),
    loss: read('loss'),
  }
}

/** What `--help` prints. */
export function helpText(): string {
  const rows = NAMES.map((name) => {
    const { value, text, min, max, default: standard } = SPECS[name]
    return `  ${`--${name} ${value}`.padEnd(17)} ${text} (${min}–${max}; ${standard})`
  })
  return [
    'npm run demo -- [options]',
    '',
    'An authoritative server in one process and bots in others play over UDP on loopback. At the end every message is accounted for:',
    'exit code 0 where all that is reliable arrived, once and in order, and 1 where not.',
    '',
    ...rows,
    `  ${'--help'.padEnd(17)} this`,
  ].join('\n')
}

function parse(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const strings = Object.fromEntries(NAMES.map((name) => [name, { type: 'string' } as const]))
  try {
    return parseArgs({ args: [...args], options: { ...strings, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function readNumber(name: keyof DemoOptions, given: string | boolean | undefined): number {
  const { default: standard, min, max, isInteger } = SPECS[name]
  if (given === undefined) return standard
  const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN
  if (number >= min && number <= max && (!isInteger || Number.isInteger(number))) return number
  throw new UsageError(`--${name} expected ${isInteger ? 'an integer' : 'a number'} from ${min} to ${max}, got '${given}'`)
}
