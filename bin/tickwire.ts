#!/usr/bin/env node
// `npx tickwire <command>`: finds the command, runs it, and ends with its exit code.
import { type Command, EXIT, UsageError } from './command.js'
import { bench } from './commands/bench.js'
import { demo } from './commands/demo.js'
import { discover } from './commands/discover.js'
import { doctor } from './commands/doctor.js'
import { ping } from './commands/ping.js'
import { token } from './commands/token.js'
import { nearest } from './nearest.js'
import { ownPackage } from './own-package.js'
import { Terminal } from './terminal.js'

const COMMANDS: readonly Command[] = [discover, ping, token, doctor, demo, bench]

const HELP = `tickwire <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  --help     this; tickwire <command> --help says what a command takes
  --version  the version of the package

discover, ping, token and doctor take --json: one JSON value, or one a line. Colours only in a terminal, and not with NO_COLOR.
Exit codes: 0 fine; 1 what was asked for is not so, and the last lines say what to do; 2 wrong usage; 130 Ctrl-C.`

const terminal = new Terminal()
const exitCode = await main(process.argv.slice(2))
// What a command of its own world (demo, bench) has set stays.
if (exitCode !== undefined) process.exitCode = exitCode

async function main([name, ...args]: readonly string[]): Promise<number | undefined> {
  if (name === undefined) {
    terminal.note(HELP)
    return EXIT.usage
  }
  if (name === '--help' || name === '-h' || name === 'help') return print(helpOf(args[0]))
  if (name === '--version' || name === '-v') return print(ownPackage().version)
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command === undefined) return refuse(`there is no command ${JSON.stringify(name)}${suggestion(name)}`, 'tickwire --help')
  if (!command.takesAll && asksForHelp(args)) return print(command.help)
  try {
    return await command.run(args, terminal)
  } catch (error) {
    if (terminal.isInterrupted) return EXIT.interrupted
    if (error instanceof UsageError) return refuse(error.message, `tickwire ${name} --help`)
    terminal.note(`tickwire ${name}: ${error instanceof Error ? error.message : String(error)}`)
    return EXIT.notSo
  } finally {
    terminal.close()
  }
}

function helpOf(name: string | undefined): string {
  return COMMANDS.find((command) => command.name === name && !command.takesAll)?.help ?? HELP
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h')
}

function suggestion(name: string): string {
  const near = nearest(
    name,
    COMMANDS.map((command) => command.name),
  )
  return near === undefined ? '' : `; did you mean ${near}?`
}

function print(text: string): number {
  terminal.print(text)
  return EXIT.fine
}

function refuse(text: string, help: string): number {
  terminal.note(`tickwire: ${text}\nSee ${help}`)
  return EXIT.usage
}
