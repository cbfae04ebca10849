// The server of the arena, in a process of its own.
import { Server } from 'tickwire'
import { hostArena, type ServerPlayer } from './arena-server.js'
import { type ArenaInfo, givesWay } from './find-arena.js'
import { MAX_PLAYERS, messages } from './messages.js'
import { fail, obey, readSettings, report, type ServerReady, type ServerSettings } from './process-channel.js'

const { hz, port, name, search } = readSettings<ServerSettings>()
const server = new Server<ServerPlayer>({ messages, game: search.game, maxPeers: MAX_PLAYERS })
const arena = hostArena(server, { hz })

obey({ leave: () => (server.isRunning ? arena.close('the host has left') : server.close()) })

try {
  const host = search.interfaces === 'loopback' ? { host: '127.0.0.1' } : {}
  const address = await server.listen({ ...host, port })
  server.run({ hz, onTick: arena.onTick })
  const settling: ArenaInfo = { hz, isOpen: false }
  const advertisement = await server.advertise({ name, info: settling })
  let isFirst = !(await givesWay(search, advertisement))
  if (isFirst) {
    const open: ArenaInfo = { hz, isOpen: true }
    advertisement.info = open
    isFirst = !(await givesWay(search, advertisement))
  }
  if (!isFirst) await advertisement.stop()
  const ready: ServerReady = isFirst ? { port: address.port } : { gaveWay: true }
  await report({ type: 'ready', ready })
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
