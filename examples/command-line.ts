// The command line of the examples, kept out of their way: --help, options with a range, and what is wrong said in a sentence.
import { type ParseArgsConfig, parseArgs } from 'node:util'

/** One option: a number or a whole number in a range, a text, or a switch that is off unless given. */
export type OptionSpec =
  | { readonly type: 'number' | 'integer'; readonly default: number; readonly min: number; readonly max: number; readonly text: string }
  | { readonly type: 'text'; readonly default: string; readonly text: string }
  | { readonly type: 'switch'; readonly text: string }

type ValueOf<S extends OptionSpec> = S['type'] extends 'number' | 'integer' ? number : S['type'] extends 'text' ? string : boolean
type Values<T extends Readonly<Record<string, OptionSpec>>> = { readonly [K in keyof T]: ValueOf<T[K]> }

export interface CommandLine<T extends Readonly<Record<string, OptionSpec>>> {
  readonly options: Values<T>
  /** What stands beside the options, at most as many as were allowed. */
  readonly words: readonly string[]
}

/** Reads the command line of this process. Ends it with 0 after `--help`, and with 2 where it is wrong. */
export function readCommandLine<const T extends Readonly<Record<string, OptionSpec>>>(
  usage: string,
  specs: T,
  maxWords = 0,
): CommandLine<T> {
  try {
    const { values, positionals } = parse(specs)
    if (values.help === true) {
      console.log(helpText(usage, specs))
      process.exit(0)
    }
    if (positionals.length > maxWords)
      throw new Error(`expected ${maxWords} words beside the options at most, got '${positionals[maxWords]}'`)
    const options = Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, readOption(name, spec, values[name])]))
    return { options: options as Values<T>, words: positionals } // each value was read by the spec of its name
  } catch (error) {
    endWithUsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Says what is wrong with the command line, and ends the process with 2. */
export function endWithUsageError(text: string): never {
  console.error(`${text}\nTry --help.`)
  process.exit(2)
}

function parse(specs: Readonly<Record<string, OptionSpec>>): {
  values: Readonly<Record<string, string | boolean | undefined>>
  positionals: string[]
} {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } }
  for (const [name, spec] of Object.entries(specs)) options[name] = { type: spec.type === 'switch' ? 'boolean' : 'string' }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  return { values: values as Record<string, string | boolean | undefined>, positionals } // no option is `multiple`
}

function readOption(name: string, spec: OptionSpec, given: string | boolean | undefined): number | string | boolean {
  if (spec.type === 'switch') return given === true
  if (given === undefined) return spec.default
  if (spec.type === 'text') return String(given)
  const number = String(given).trim() === '' ? Number.NaN : Number(given)
  const isInteger = spec.type === 'integer'
  if (number >= spec.min && number <= spec.max && (!isInteger || Number.isInteger(number))) return number
  throw new Error(`--${name} expected ${isInteger ? 'an integer' : 'a number'} from ${spec.min} to ${spec.max}, got '${given}'`)
}

function helpText(usage: string, specs: Readonly<Record<string, OptionSpec>>): string {
  const rows = Object.entries(specs).map(([name, spec]) => [
    `--${name}${spec.type === 'switch' ? '' : ` ${spec.type === 'text' ? 'TEXT' : 'N'}`}`,
    about(spec),
  ])
  rows.push(['--help', 'this'])
  const width = Math.max(...rows.map(([option]) => option!.length))
  return [usage, '', ...rows.map(([option, text]) => `  ${option!.padEnd(width)}  ${text}`)].join('\n')
}

function about(spec: OptionSpec): string {
  if (spec.type === 'number' || spec.type === 'integer') return `${spec.text} (${spec.min}–${spec.max}; ${spec.default})`
  return spec.type === 'text' && spec.default !== '' ? `${spec.text} (${spec.default})` : spec.text
}
