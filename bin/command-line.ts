// Finds the command of a command line, and runs it.
import { type Command, EXIT, UsageError } from './command.js'
import { nearest } from './nearest.js'
import { ownPackage } from './own-package.js'
import type { Terminal } from './terminal.js'

interface Entry {
  readonly name: string
  readonly summary: string
  /** Loaded when it is run: half of them need nothing of the library. */
  load(): Promise<Command>
}

const COMMANDS: readonly Entry[] = [
  {
    name: 'discover',
    summary: 'finds games on this host and its networks',
    load: async () => (await import('./commands/discover.js')).discover,
  },
  {
    name: 'ping',
    summary: 'whether a server is there, how far away, and whether it lets clients in',
    load: async () => (await import('./commands/ping.js')).ping,
  },
  {
    name: 'token',
    summary: 'makes private keys and connect tokens, and says what is in one',
    load: async () => (await import('./commands/token.js')).token,
  },
  {
    name: 'doctor',
    summary: 'what is in use on this system, and what to do about the rest',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  {
    name: 'demo',
    summary: 'a game in the terminal, with server and players on this host',
    load: async () => (await import('./commands/demo.js')).demo,
  },
  {
    name: 'bench',
    summary: 'what messages cost, beside other libraries that are installed',
    load: async () => (await import('./commands/bench.js')).bench,
  },
]

const HELP = `tickwire <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  --help     this; tickwire <command> --help says what a command takes
  --version  the version of the package

discover, ping, token and doctor take --json: one JSON value, or one a line. Colours only in a terminal, and not with NO_COLOR.
Exit codes: 0 fine; 1 what was asked for is not so, and the last lines say what to do; 2 wrong usage; 130 Ctrl-C.`

/** Resolves to the exit code; undefined where the command sets it itself. */
export async function runCommandLine([name, ...args]: readonly string[], terminal: Terminal): Promise<number | undefined> {
  if (name === undefined) {
    terminal.note(HELP)
    return EXIT.usage
  }
  if (name === '--version' || name === '-v') return print(terminal, ownPackage().version)
  if (name === '--help' || name === '-h') return print(terminal, HELP)
  if (name === 'help') return args[0] === undefined ? print(terminal, HELP) : runCommandLine([args[0], '--help'], terminal)
  const entry = COMMANDS.find((candidate) => candidate.name === name)
  if (entry === undefined) return refuse(terminal, `there is no command ${JSON.stringify(name)}${suggestion(name)}`, 'tickwire --help')
  try {
    const command = await entry.load()
    if (command.help !== undefined && asksForHelp(args)) return print(terminal, command.help)
    return await command.run(args, terminal)
  } catch (error) {
    if (terminal.isInterrupted) return EXIT.interrupted
    if (error instanceof UsageError || isMisuse(error)) return refuse(terminal, error.message, `tickwire ${name} --help`)
    terminal.note(`tickwire ${name}: ${error instanceof Error ? error.message : String(error)}`)
    return EXIT.notSo
  } finally {
    terminal.close()
  }
}

/** The library refused an option that came from the command line, such as an interface that is not there. */
function isMisuse(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'BAD_OPTION'
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

function print(terminal: Terminal, text: string): number {
  terminal.print(text)
  return EXIT.fine
}

function refuse(terminal: Terminal, text: string, help: string): number {
  terminal.note(`tickwire: ${text}\nSee ${help}`)
  return EXIT.usage
}
