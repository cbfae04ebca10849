// `tickwire discover`: the games that can be found from here, as they answer.
import { parseArgs } from 'node:util'
import { type DiscoverOptions, discover as search } from 'tickwire'
import { type Command, EXIT, parseUsage, readArguments, readNumber, UsageError } from '../command.js'
import { foundHeading, foundRow } from '../found-table.js'
import type { Terminal } from '../terminal.js'
import { type Change, Watch } from '../watch.js'

const OPTIONS = {
  game: { type: 'string' },
  timeout: { type: 'string' },
  interface: { type: 'string', multiple: true },
  address: { type: 'string', multiple: true },
  watch: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

const HELP = `tickwire discover [options]

Lists the servers that advertise themselves (server.advertise) on this host and its networks, each as it answers. The queries are broadcasts of 512 bytes
to UDP ports 23600–23615, and on this host they go to 127.0.0.1.

  --game NAME        only servers of this game (all)
  --timeout MS       how long to look, and in --watch how long each look takes (1000)
  --interface WHICH  which networks are asked, beside this host: all, loopback for none, or an interface by name or address, as eth0; may be repeated (all)
  --address HOST     ask this host too, where no broadcast goes; may be repeated
  --watch            go on until Ctrl-C: what is new (+), has changed (~), is gone (−)
  --json             one JSON object a line: name, host, port, game, players, maxPlayers, info, latency, needsToken, fingerprint, id; with --watch also change

Exit codes: 0 at least one was found; 1 none; 2 wrong usage; 130 Ctrl-C.`

/** Looks without an answer after which a watched server counts as gone: datagrams get lost. */
const MISSES = 2

export const discover: Command = {
  help: HELP,
  async run(args, terminal) {
    const { values } = readArguments(OPTIONS, () => parseArgs({ args: [...args], options: OPTIONS }))
    const options: DiscoverOptions = {
      game: values.game,
      timeoutMs: readNumber('timeout', values.timeout, 1000, 10, 600_000),
      interfaces: readInterfaces(values.interface ?? ['all']),
      addresses: values.address,
      signal: terminal.signal,
    }
    parseUsage(() => search(options)) // misuse throws at the call
    const isJson = values.json ?? false
    return values.watch ? watch(options, terminal, isJson) : list(options, terminal, isJson)
  },
}

async function list(options: DiscoverOptions, terminal: Terminal, isJson: boolean): Promise<number> {
  let count = 0
  for await (const found of search(options)) {
    if (isJson) terminal.printJson(found)
    else {
      if (count === 0) terminal.print(terminal.paint('bold', foundHeading()))
      terminal.print(foundRow(found))
    }
    count++
  }
  if (count > 0) return EXIT.fine
  terminal.note(nothingFound(options))
  return EXIT.notSo
}

/** Looks again and again, until Ctrl-C. */
async function watch(options: DiscoverOptions, terminal: Terminal, isJson: boolean): Promise<number> {
  const seen = new Watch(MISSES)
  const print = ({ change, found }: Change): void => {
    if (isJson) terminal.printJson({ change, ...found.toJSON() })
    else terminal.print(terminal.paint(COLOURS[change], `${MARKS[change]} ${foundRow(found)}`))
  }
  if (!isJson) terminal.print(terminal.paint('bold', `  ${foundHeading()}`))
  while (!terminal.isInterrupted) {
    for await (const found of search(options)) for (const change of seen.take(found)) print(change)
    for (const change of seen.endLook()) print(change)
  }
  return EXIT.interrupted
}

const MARKS = { new: '+', changed: '~', gone: '−' } as const
const COLOURS = { new: 'green', changed: 'yellow', gone: 'red' } as const

function readInterfaces(names: readonly string[]): DiscoverOptions['interfaces'] {
  if (names.length === 1 && (names[0] === 'all' || names[0] === 'loopback')) return names[0]
  if (names.includes('')) throw new UsageError('--interface expected all, loopback, or the name or address of an interface, got ""')
  const named = names.filter((name) => name !== 'loopback') // this host is always asked
  return named.includes('all') ? 'all' : named
}

function nothingFound({ game, timeoutMs, interfaces, addresses }: DiscoverOptions): string {
  const advice = [
    'Is a server running that called server.advertise(), and is its update() called?',
    ...(game === undefined ? [] : [`Is its option game ${JSON.stringify(game)}? Without --game every game is listed.`]),
    ...(interfaces === 'loopback' && addresses === undefined
      ? ['Only this host was asked: leave --interface away to ask its networks too.']
      : []),
    ...(interfaces === 'loopback'
      ? []
      : ['Does a firewall let UDP ports 23600–23615 through? Many wireless networks carry no broadcasts: --address HOST asks one host.']),
  ]
  return `no server answered within ${timeoutMs} ms.\n${advice.map((line) => `  ${line}`).join('\n')}`
}
