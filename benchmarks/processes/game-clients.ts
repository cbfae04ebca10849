// Many players in one process, each a Client with a socket of its own. They are updated in turns, so that their packets spread over the tick as those of real players do.
import { Client } from 'tickwire'
import { FixedStepLoop } from '../../lib/endpoint/loop.js'
import { systemClock } from '../../lib/io/clock.js'
import { answer } from '../child.js'
import { gameMessages, INPUT, Input, Order, Receipt, TIMEOUT_MS, View } from '../game-messages.js'

export interface Joining {
  readonly port: number
  readonly clients: number
  /** Attempts to connect at the same time. */
  readonly atOnce: number
}

export interface Playing {
  /** Updates of each client a second. */
  readonly hz: number
  /** Whether each update sends an Input, and an Order. */
  readonly inputs: boolean
  readonly orders: boolean
}

export interface ClientFigures {
  readonly connected: number
  /** Messages that came from the server. */
  readonly received: number
}

/** Turns a second: a multiple of every `hz`. */
const TURNS_HZ = 240

/** A server gives a slot without a Hello five seconds, which a process that is behind with thousands of clients may miss. */
const MAX_ATTEMPTS = 5

const clients: Client[] = []
let playing: Playing = { hz: 30, inputs: false, orders: false }
let received = 0
let isRunning = false
let turn = 0

answer({
  /** Resolves with the seconds that it took, from the first connect to the last welcome. */
  async join({ port, clients: count, atOnce }: Joining): Promise<number> {
    if (!isRunning)
      new FixedStepLoop(systemClock, { intervalMs: 0, tick: 0, tickMs: 0 }, { hz: TURNS_HZ, onTick: takeTurn }, (ticks) => ticks())
    isRunning = true
    const start = performance.now()
    let left = count
    const joinSome = async (): Promise<void> => {
      while (left-- > 0) clients.push(await joined(port))
    }
    await Promise.all(Array.from({ length: atOnce }, joinSome))
    return (performance.now() - start) / 1000
  },

  /** All of them disconnect. */
  async leave(): Promise<void> {
    await Promise.all(clients.splice(0).map((client) => client.disconnect()))
  },

  play(parameter: Playing): void {
    playing = parameter
  },

  figures(): ClientFigures {
    return { connected: clients.filter((client) => client.connected).length, received }
  },
})

async function joined(port: number): Promise<Client> {
  // On whatever costs the clients least, as they are not what is measured.
  const client = new Client({ messages: gameMessages, transport: 'auto', timeoutMs: TIMEOUT_MS })
  client.onMessage(View, () => {
    received++
  })
  client.onMessage(Receipt, () => {
    received++
  })
  for (let attempt = 1; !client.connected; attempt++) {
    try {
      await client.connect({ host: '127.0.0.1', port })
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error
    }
  }
  return client
}

/** Updates the clients whose turn it is. */
function takeTurn(): void {
  const turns = Math.round(TURNS_HZ / playing.hz)
  turn = (turn + 1) % turns
  for (let i = turn; i < clients.length; i += turns) {
    const client = clients[i]!
    if (playing.inputs) client.send(Input, INPUT)
    if (playing.orders) client.send(Order, INPUT)
    client.update()
  }
}
