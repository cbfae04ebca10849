// KCP's published scenario, in simulated time: small ordered messages, each echoed, over a link that loses datagrams.
import { MessageFactory, uint32 } from 'tickwire'
import { delay, loss, simulate } from 'tickwire/simulator'
import type { Variant } from './scenarios/variants.js'

export const MESSAGES = 1000
export const INTERVAL_MS = 20

/** 60–125 ms a round trip, so half of that each way, all values alike likely. */
const DELAY_MS = 46.25
const JITTER_MS = 16.25

/** Simulated time that the last messages may need. */
const TIMEOUT_MS = 120_000

const messages = new MessageFactory()
const Ping = messages.define('Ping', { number: uint32, filler: uint32 })

export interface Echo {
  /** Of both ends. */
  readonly options: Variant['options']
  /** Updates of both ends a second. */
  readonly hz: number
  /** The share (0–1) of datagrams that is lost in each direction. */
  readonly loss: number
  readonly seed: number
  /** How many; default all of the scenario. */
  readonly count?: number
}

/** What one run has measured. */
export interface Echoes {
  readonly latencies: readonly number[]
  readonly bytesToServer: number
  readonly bytesToClient: number
}

/** One run of the scenario. */
export async function echo({ options, hz, loss: share, seed, count = MESSAGES }: Echo): Promise<Echoes> {
  const { clients, clock, until } = await simulate({
    seed,
    messages,
    clients: 1,
    network: [delay(DELAY_MS, JITTER_MS), loss(share)],
    serverOptions: options,
    clientOptions: options,
    server(server) {
      server.onMessage(Ping, (ping, peer) => {
        peer.send(Ping, ping)
      })
      server.run({ hz })
    },
  })
  const client = clients[0]!
  const sentAt: number[] = []
  const latencies: number[] = []
  client.onMessage(Ping, ({ number }) => {
    if (number !== latencies.length) throw new Error(`echo ${number} came, expected ${latencies.length}`)
    latencies.push(clock.now() - sentAt[number]!)
  })
  const before = client.metrics()
  const start = clock.now()
  const loop = client.run({
    hz,
    onTick() {
      while (sentAt.length < count && clock.now() >= start + sentAt.length * INTERVAL_MS) {
        client.send(Ping, { number: sentAt.length, filler: 0 })
        sentAt.push(clock.now())
      }
    },
  })
  await until(() => latencies.length === count, { timeoutMs: TIMEOUT_MS })
  loop.stop()
  const after = client.metrics()
  return { latencies, bytesToServer: after.outBytes - before.outBytes, bytesToClient: after.inBytes - before.inBytes }
}
