// The demo's options: one table gives their names, ranges, defaults and the text of --help.
import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { MAX_NAME_BYTES, MAX_PLAYERS } from './messages.js'

export interface DemoOptions {
  /** Undefined: as many as fit the occasion. */
  readonly players: number | undefined
  readonly hz: number
  /** Undefined: for ever in a terminal, ten seconds elsewhere. */
  readonly seconds: number | undefined
  readonly port: number
  readonly latency: number
  readonly loss: number
  readonly lan: boolean
  readonly name: string
  /** Undefined: the one that everybody finds, or without a terminal one of its own. */
  readonly arena: string | undefined
}

interface NumberSpec {
  readonly value: string
  readonly default: number | undefined
  readonly min: number
  readonly max: number
  readonly isInteger: boolean
  readonly text: string
}

const NUMBERS = {
  players: {
    value: 'N',
    default: undefined,
    min: 0,
    max: MAX_PLAYERS - 1,
    isInteger: true,
    text: 'bots that play too, each in a process of its own (4 where you host in a terminal, 8 without one, none where you join)',
  },
  hz: {
    value: 'N',
    default: 60,
    min: 5,
    max: 240,
    isInteger: true,
    text: "inputs of each player, and ticks of the server, a second; a joiner takes the host's",
  },
  seconds: {
    value: 'S',
    default: undefined,
    min: 1,
    max: 3600,
    isInteger: false,
    text: 'how long to play (until you quit; 10 without a terminal)',
  },
  port: { value: 'N', default: 0, min: 0, max: 65_535, isInteger: true, text: "the server's UDP port; 0: the system chooses" },
  latency: { value: 'MS', default: 0, min: 0, max: 1000, isInteger: false, text: 'milliseconds that each link adds, each way' },
  loss: { value: 'PERCENT', default: 0, min: 0, max: 40, isInteger: false, text: 'datagrams that each link loses, each way' },
} as const satisfies Record<string, NumberSpec>

type NumberName = keyof typeof NUMBERS

const OTHERS = [
  ['--lan', 'find, and be found by, other machines; without it everything stays on this one'],
  ['--name NAME', 'what you are called'],
  ['--arena NAME', 'an arena apart from all others, for those who give the same name'],
  ['--help', 'this'],
] as const

/** The command line was wrong; the message says how. */
export class UsageError extends Error {}

/**
 * Reads the command line; undefined where it asks for help.
 * @throws UsageError for an unknown option, one without a value, or a value out of range
 */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const values = parse(args)
  if (values.help === true) return undefined
  const numberOf = (name: NumberName): number | undefined => readNumber(name, values[name])
  return {
    players: numberOf('players'),
    hz: numberOf('hz') ?? NUMBERS.hz.default,
    seconds: numberOf('seconds'),
    port: numberOf('port') ?? NUMBERS.port.default,
    latency: numberOf('latency') ?? NUMBERS.latency.default,
    loss: numberOf('loss') ?? NUMBERS.loss.default,
    lan: values.lan === true,
    name: readName('name', values.name) ?? userName(),
    arena: readName('arena', values.arena),
  }
}

/** What `--help` prints. */
export function helpText(): string {
  const line = (option: string, text: string): string => `  ${option.padEnd(17)} ${text}`
  const numbers = Object.entries<NumberSpec>(NUMBERS).map(([name, { value, text, min, max, default: standard }]) =>
    line(`--${name} ${value}`, `${text} (${min}–${max}${standard === undefined ? '' : `; ${standard}`})`),
  )
  return [
    'npm run demo -- [options]',
    '',
    'Joins the arena that runs on this machine, or starts one: an authoritative server in one process, bots in others, and you.',
    'Your dot is predicted; the hollow ghost beside it makes the same moves over ordered delivery, as TCP would. Keys 1 to 4 make your link worse.',
    'Without a terminal a script plays for you, and at the end every message is accounted for: exit code 0 where all that is reliable arrived,',
    'once and in order, and 1 where not.',
    '',
    ...numbers,
    ...OTHERS.map(([option, text]) => line(option, text)),
  ].join('\n')
}

type Values = Readonly<Record<string, string | boolean | undefined>>

function parse(args: readonly string[]): Values {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const numbers = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, text]))
  const options = { ...numbers, name: text, arena: text, lan: flag, help: { ...flag, short: 'h' } }
  try {
    return parseArgs({ args: [...args], options }).values as Values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function readNumber(name: NumberName, given: string | boolean | undefined): number | undefined {
  const { min, max, isInteger } = NUMBERS[name]
  if (given === undefined) return undefined
  const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN
  if (number >= min && number <= max && (!isInteger || Number.isInteger(number))) return number
  throw new UsageError(`--${name} expected ${isInteger ? 'an integer' : 'a number'} from ${min} to ${max}, got '${given}'`)
}

function readName(option: string, given: string | boolean | undefined): string | undefined {
  if (given === undefined) return undefined
  const name = String(given)
  if (name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  throw new UsageError(`--${option} expected 1 to ${MAX_NAME_BYTES} bytes, got '${name}'`)
}

/** What the system calls whoever plays. */
function userName(): string {
  try {
    const { username } = userInfo()
    if (username !== '' && Buffer.byteLength(username) <= MAX_NAME_BYTES) return username
  } catch {
    // a user whom the system has no name for
  }
  return 'player'
}
