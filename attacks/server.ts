// The process of the server under attack: an open server with honest players on it, one in token mode beside it, and what they cost, told to the parent when it asks.
import { type Peer, Server } from '../lib/index.js'
import { Blob, messages, Tick } from './messages.js'
import { GAME, HOST, type Measured, PRIVATE_KEY, type ServerReady } from './protocol.js'

const BULK = new Uint8Array(200_000)
const BULK_QUEUE_BYTES = 2 * 1024 * 1024

const server = new Server({ messages, game: GAME, maxPeers: 128 })
const tokenServer = new Server({ messages, game: GAME, privateKey: PRIVATE_KEY })
const ends: string[] = []
let bulk: 'none' | 'some' | 'all' = 'none'

server.onMessage(Tick, ({ n, at }, peer) => peer.send(Tick, { n, at }))
server.on('OnMessage', () => {})
server.on('OnError', () => {})
server.on('OnDisconnect', ({ peer, reason }) => ends.push(`${peer.name} ${reason}`))
tokenServer.on('OnError', () => {})

const open = await server.listen({ host: HOST, port: 0 })
const token = await tokenServer.listen({ host: HOST, port: 0 })
const advertisement = await server.advertise({ name: 'attacked' })
const loop = server.run({ hz: 60, onTick: () => sendBulk() })
tokenServer.run({ hz: 60 })
process.send!({ open, token, discoveryPort: advertisement.port } satisfies ServerReady)

process.on('message', (message: { readonly ask?: 'measure' | 'collect' | 'close'; readonly bulk?: typeof bulk }) => {
  if (message.bulk !== undefined) bulk = message.bulk
  if (message.ask === 'close') void close()
  else if (message.ask !== undefined) process.send!(measure(message.ask === 'collect'))
})
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {}) // the parent ends this process when it has its figures

function measure(collects: boolean): Measured {
  const { user, system } = process.cpuUsage() // before the collection, which is no attacker's doing
  if (collects) globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  const { inPackets, inBytes, outPackets, outBytes } = server.metrics()
  return {
    cpuMicros: user + system,
    memoryBytes: heapUsed + arrayBuffers,
    inPackets: inPackets + tokenServer.inPackets,
    inBytes: inBytes + tokenServer.inBytes,
    outPackets: outPackets + tokenServer.outPackets,
    outBytes: outBytes + tokenServer.outBytes,
    peers: server.peerCount,
    causes: sum(server.netcodeCounters!, tokenServer.netcodeCounters!),
    rateLimited: server.drops.rateLimited,
    ends: ends.splice(0),
  }
}

function sum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.keys(a).map((key) => [key, a[key]! + b[key]!]))
}

/** Attackers that want bulk get it, as a map is loaded by a client that has joined. */
function sendBulk(): void {
  if (bulk === 'none') return
  for (const peer of server.peers as Iterable<Peer<undefined>>) {
    if (peer.name !== 'mallory') continue
    if (bulk === 'all' || peer.outBufferBytes < BULK_QUEUE_BYTES) peer.send(Blob, { data: BULK })
  }
}

async function close(): Promise<void> {
  await Promise.all([server.close(), tokenServer.close()])
  loop.stop()
  process.exit(0)
}
