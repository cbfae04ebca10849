// One of the workers: a thread with a server of its own, on the port of all. The main thread asks how it is, and ends it.
import { parentPort, workerData } from 'node:worker_threads'
import { Server } from 'tickwire'
import { GAME, Input, messages, State } from './messages.js'
import type { WorkerCommand, WorkerOptions, WorkerReport } from './worker-messages.js'

const { number, port, maxPeers } = workerData as WorkerOptions // only workers.ts starts this
const main = parentPort!

/** What the server knows of a player: in this thread, and in no other. */
class Player {
  inputs = 0
}

let inputs = 0
const server = new Server<Player>({ messages, game: GAME, maxPeers })
server.on('OnConnectRequest', (request) => request.accept(new Player()))
server.onMessage(Input, (_, { user: player }) => {
  player.inputs++
  inputs++
})

try {
  // All on one port. Of a worker that cannot have it, the main thread hears why.
  const address = await server.listen({ host: '127.0.0.1', port, reusePort: true })
  server.run({
    hz: 30,
    onTick: () => {
      for (const peer of server.peers) peer.send(State, { worker: number, inputs: peer.user.inputs })
    },
  })
  report({ type: 'listening', port: address.port })
} catch (error) {
  const { message, cause } = error as Error // listen() rejects with Errors only
  report({ type: 'failed', reason: cause instanceof Error ? cause.message : message })
  main.close()
}

main.on('message', async (command: WorkerCommand) => {
  if (command === 'count') {
    report({ type: 'count', players: server.peerCount, inputs })
    return
  }
  await server.close('the server is going down') // a thread that is terminated instead leaves its socket open
  main.close()
})

function report(what: WorkerReport): void {
  main.postMessage(what)
}
