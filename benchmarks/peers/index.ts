// The libraries that tickwire is measured beside, as they send messages from one end to the other.
import { TRANSPORT_KINDS, type TransportKind } from '../transports.js'
import { enet } from './enet.js'
import { nodeDgram } from './node-dgram.js'
import type { BenchmarkPeer } from './peer.js'
import { tickwire } from './tickwire.js'
import { udx } from './udx.js'

export { enet } from './enet.js'
export { type BenchmarkDelivery, type BenchmarkPeer, type BenchmarkResult, type BenchmarkRun, DELIVERIES } from './peer.js'

// Of an installed package (npx tickwire bench) those for development are missing.
const ws = await loadPeer('ws', async () => (await import('./ws.js')).ws)
const socketIo = await loadPeer('socket.io', async () => (await import('./socket-io.js')).socketIo)

/** tickwire, once for each of these transports. */
export function tickwirePeers(transports: readonly TransportKind[]): BenchmarkPeer[] {
  return TRANSPORT_KINDS.filter((kind) => transports.includes(kind)).map((kind) => tickwire(kind))
}

/** Those that carry a byte stream or ordered messages, and those of datagrams. */
export const otherPeers: readonly BenchmarkPeer[] = [enet(), udx, ws, socketIo, nodeDgram]

/** A peer whose library is not installed says so when it is asked. */
async function loadPeer(name: string, load: () => Promise<BenchmarkPeer>): Promise<BenchmarkPeer> {
  try {
    return await load()
  } catch (error) {
    const [firstLine] = String(error instanceof Error ? error.message : error).split('\n')
    return { name, unavailable: () => `it does not load (${firstLine}); npm install ${name}`, run: async () => undefined }
  }
}
