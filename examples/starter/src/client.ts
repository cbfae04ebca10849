// The client process: finds a server, plays by keys or by itself, and shows the game. What it knows is in game-view.ts, how that looks in screen.ts.
import { userInfo } from 'node:os'
import { parseArgs } from 'node:util'
import { Client, discover } from 'tickwire'
import { chooseHeading } from './autopilot.js'
import { HEADINGS, type Heading } from './game.js'
import { GameView } from './game-view.js'
import { GAME, MAX_NAME_LENGTH, messages, Steer } from './messages.js'
import { drawLines, statusLine } from './screen.js'
import { openTerminal } from './terminal.js'

const HELP = `npm run client -- [options] [host:port]

  host:port    the server to join. Default: the first that is found on this computer
  --lan        looks on the local network too
  --name TEXT  the player's name, at most ${MAX_NAME_LENGTH} characters. Default: that of the user
  --bot        plays by itself. So it does where there is no terminal, and prints a line a second
  --help       this text

Arrow keys walk, space stays, q or Ctrl-C leaves.`

const TICK_HZ = 30

try {
  await main()
} catch (error) {
  console.error(`client: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      lan: { type: 'boolean', default: false },
      name: { type: 'string', default: userInfo().username.slice(0, MAX_NAME_LENGTH) },
      bot: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  if (positionals.length > 1) throw new Error(`expected one host:port at most, got ${positionals.length}: ${positionals.join(' ')}`)
  const [address] = positionals
  const { host, port } = address === undefined ? await findServer(values.lan) : parseAddress(address)
  const client = new Client({ messages, game: GAME })
  const view = new GameView(client)
  await client.connect({ host, port, name: values.name })
  play(client, view, values.bot)
}

/** The first server that has room. */
async function findServer(isLan: boolean): Promise<{ readonly host: string; readonly port: number }> {
  for await (const found of discover({ game: GAME, timeoutMs: 1000, interfaces: isLan ? 'all' : 'loopback' })) {
    if (found.players < found.maxPlayers) return found
  }
  const where = isLan ? 'on this network' : 'on this computer (--lan looks further)'
  throw new Error(`found no game with room ${where}. Start one with npm run server, or name one: npm run client -- host:port`)
}

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  if (match === null || host === undefined) throw new Error(`expected host:port, such as 127.0.0.1:9000 or [::1]:9000, got '${text}'`)
  return { host, port: Number(match[3]) }
}

function play(client: Client, view: GameView, isBot: boolean): void {
  let heading: Heading = 'stay'
  let isLeaving = false
  const complaints: string[] = [] // shown when the terminal is free again
  const leave = (): void => {
    if (isLeaving) return
    isLeaving = true
    void client.close('left the game').then(() => end('client: left the game', 0))
  }
  const terminal = openTerminal((key) => {
    if (key === 'q' || key === 'ctrl-c') leave()
    if (key === 'space') heading = 'stay'
    if (isHeading(key)) heading = key
  })
  const end = (text: string, code: number): void => {
    terminal?.close()
    for (const complaint of complaints) console.error(`client: ${complaint}`)
    console.log(text)
    process.exitCode = code
    clearInterval(ticker)
  }
  const ticker = setInterval(() => {
    if (terminal === undefined) console.log(`client: ${statusLine(view)}`)
  }, 1000)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave)
  client.on('OnError', ({ error }) => complaints.push(`${error.code} ${error.message}`))
  client.on('OnDisconnect', ({ reason, detail }) => {
    client.close()
    if (!isLeaving) end(`client: the game is over (${reason}): ${detail}`, reason === 'server-closed' ? 0 : 1)
  })
  if (terminal === undefined) console.log(`client: is in, as player ${client.peerId}. Ctrl-C leaves.`)
  client.run({
    hz: TICK_HZ,
    onTick: () => {
      if (isBot || terminal === undefined) heading = steerByItself(view)
      client.send(Steer, { heading })
      terminal?.draw(drawLines(view, terminal.size))
    },
  })
}

function steerByItself(view: GameView): Heading {
  const { me } = view
  const position = me === undefined ? undefined : view.positionOf(me.id)
  return me === undefined || position === undefined ? 'stay' : chooseHeading(view.tiles, me.seat, position)
}

function isHeading(key: string): key is Heading {
  return HEADINGS.some((heading) => heading === key)
}
