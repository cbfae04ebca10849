// What a command of the command line is, and how it reads its arguments.
import { parseAddress } from 'tickwire/netcode'
import { nearest } from './nearest.js'
import type { Terminal } from './terminal.js'

/** What a process ends with. `notSo`: what was asked for is not so, such as a server that does not answer. */
export const EXIT = { fine: 0, notSo: 1, usage: 2, interrupted: 130 } as const

export interface Command {
  /** What `--help` prints; undefined where the command sees to `--help` itself, as to every argument. */
  readonly help: string | undefined
  /** Resolves to the exit code; undefined where it has set that itself. */
  run(args: readonly string[], terminal: Terminal): Promise<number | undefined>
}

/** The command line was wrong; the message says how. */
export class UsageError extends Error {}

/** Runs `parseArgs` of node:util, and turns what it throws into a UsageError that names the nearest option. */
export function readArguments<T>(options: Readonly<Record<string, unknown>>, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const unknown = /^Unknown option '--([^']*)'/.exec(error.message)?.[1]
    if (unknown === undefined) throw new UsageError(error.message)
    const near = nearest(unknown, Object.keys(options))
    throw new UsageError(`there is no option --${unknown}${near === undefined ? '' : `; did you mean --${near}?`}`)
  }
}

/** A number in a range, or the default. */
export function readNumber(name: string, text: string | undefined, standard: number, min: number, max: number): number {
  if (text === undefined) return standard
  const number = text.trim() === '' ? Number.NaN : Number(text)
  if (number >= min && number <= max) return number
  throw new UsageError(`--${name} expected a number from ${min} to ${max}, got ${JSON.stringify(text)}`)
}

/** A whole number in a range, or the default. */
export function readInteger(name: string, text: string | undefined, standard: number, min: number, max: number): number {
  const number = readNumber(name, text, standard, min, max)
  if (Number.isInteger(number)) return number
  throw new UsageError(`--${name} expected a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`)
}

/** Splits `host:port`; the host may be a name, and an IPv6 address stands in brackets. */
export function readHostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host === undefined || port < 1 || port > 65_535)
    throw new UsageError(
      `expected <host:port> such as 127.0.0.1:9000, play.example:9000 or [::1]:9000, with a port from 1 to 65535, got ${JSON.stringify(text)}`,
    )
  if (match?.[1] !== undefined) parseUsage(() => parseAddress(text))
  return { host, port }
}

/** Runs what throws for a wrong value; its words become a UsageError. */
export function parseUsage<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
