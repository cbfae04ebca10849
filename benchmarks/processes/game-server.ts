// The server of `players`, `memory` and `connections`, alone in its process: answers each Input with a View, each Order with a Receipt.
import { Server } from 'tickwire'
import { FixedStepLoop } from '../../lib/endpoint/loop.js'
import { systemClock } from '../../lib/io/clock.js'
import { answer } from '../child.js'
import { gameMessages, Input, Order, Receipt, TIMEOUT_MS, VIEW, View } from '../game-messages.js'
import { percentile } from '../statistics.js'
import { type TransportKind, transportOption } from '../transports.js'

export interface Listening {
  readonly transport: TransportKind
  readonly maxPeers: number
  /** Updates a second. */
  readonly hz: number
}

/** What the server did between `begin` and `end`. */
export interface ServerFigures {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly packets: number
  /** Of single updates, in ms. */
  readonly updateP50: number
  readonly updateP99: number
  readonly updateP999: number
  readonly peers: number
}

export interface MemoryFigures {
  readonly rss: number
  readonly heapUsed: number
  /** Beside the heap: buffers and what native code holds. */
  readonly external: number
}

let server: Server | undefined
let updates: number[] = []
let start = { at: 0, cpu: process.cpuUsage(), packets: 0 }

answer({
  async listen({ transport, maxPeers, hz }: Listening): Promise<number> {
    const made = new Server({
      messages: gameMessages,
      ...transportOption(transport),
      maxPeers,
      timeoutMs: TIMEOUT_MS,
      maxMessagesPerSecond: 0,
      maxConnectsPerSecond: 0,
    })
    made.onMessage(Input, (_input, peer) => {
      peer.send(View, VIEW)
    })
    made.onMessage(Order, (_order, peer) => {
      peer.send(Receipt, VIEW)
    })
    const { port } = await made.listen({ host: '127.0.0.1' })
    server = made
    new FixedStepLoop(systemClock, { intervalMs: 0, tick: 0, tickMs: 0 }, { hz }, (ticks) => {
      const before = performance.now()
      made.update()
      updates.push(performance.now() - before)
      ticks()
    })
    return port
  },

  begin(): void {
    updates = []
    start = { at: performance.now(), cpu: process.cpuUsage(), packets: packets() }
  },

  end(): ServerFigures {
    const { user, system } = process.cpuUsage(start.cpu)
    return {
      seconds: (performance.now() - start.at) / 1000,
      cpuSeconds: (user + system) / 1e6,
      packets: packets() - start.packets,
      updateP50: percentile(updates, 0.5),
      updateP99: percentile(updates, 0.99),
      updateP999: percentile(updates, 0.999),
      peers: server!.peerCount,
    }
  },

  memory(): MemoryFigures {
    updates = []
    for (let i = 0; i < 3; i++) globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, heapUsed, external }
  },
})

function packets(): number {
  const { inPackets, outPackets } = server!.metrics()
  return inPackets + outPackets
}
