// The server process: options, signals and a line for each thing that happens. The game itself is in host-game.ts.
import { parseArgs } from 'node:util'
import { Server } from 'tickwire'
import { MAX_PLAYERS } from './game.js'
import { hostGame } from './host-game.js'
import { GAME, messages } from './messages.js'

const HELP = `npm run server -- [options]

  --port N     the UDP port, 0–65535; 0 lets the system choose. Default: PORT of the environment, or 9000
  --host H     the address to listen at. Default: HOST of the environment, or 127.0.0.1, which only this computer can reach
  --lan        as --host 0.0.0.0: whoever can reach this computer may play
  --name TEXT  what players see when they look for games. Default: ${GAME}
  --help       this text

Ctrl-C tells the players and ends; a second one ends at once.`

/** npm passes a Ctrl-C on, so that one press may come twice. What comes so soon after the first is the same. */
const SAME_PRESS_MS = 500

try {
  await main()
} catch (error) {
  console.error(`server: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}

async function main(): Promise<void> {
  const { env } = process
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: env.PORT ?? '9000' },
      host: { type: 'string', default: env.HOST ?? '127.0.0.1' },
      lan: { type: 'boolean', default: false },
      name: { type: 'string', default: GAME },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  const server = new Server({ messages, game: GAME, maxPeers: MAX_PLAYERS })
  server.on('OnConnect', ({ peer }) => console.log(`server: ${peer.name} is in, ${server.peerCount} of ${MAX_PLAYERS}`))
  server.on('OnDisconnect', ({ peer, reason, detail }) => console.log(`server: ${peer.name} has left (${reason}) ${detail}`))
  server.on('OnError', ({ error }) => console.error(`server: ${error.code} ${error.message}`))
  hostGame(server)
  closeOnSignals(server)
  const { host, port } = await listen(server, values.lan ? '0.0.0.0' : values.host, readPort(values.port))
  console.log(`server: listens at ${host}, UDP port ${port}. Ctrl-C ends it.`)
  try {
    await server.advertise({ name: values.name })
  } catch (error) {
    // The game is on all the same, for whoever knows its address.
    console.error(`server: cannot be found, only joined by host:port: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function listen(server: Server, host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
  try {
    return await server.listen({ host, port })
  } catch (error) {
    const isTaken = error instanceof Error && /EADDRINUSE/.test(error.message)
    if (!isTaken) throw error
    const text = `UDP port ${port} is taken, by another program or by this server running already. For any that is free: npm run server -- --port 0`
    throw new Error(text, { cause: error })
  }
}

/** The first signal tells the players, with a second at most; the process ends when nothing is left to do. */
function closeOnSignals(server: Server): void {
  let closingSince: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (closingSince !== undefined) {
        if (performance.now() - closingSince > SAME_PRESS_MS) process.exit(1)
        return
      }
      closingSince = performance.now()
      console.log(`server: ${signal}, closes`)
      void server.close('the server was stopped').then(() => console.log('server: closed'))
    })
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`--port (or PORT) expected an integer 0–65535, got '${text}'`)
  return port
}
