// Random lists of operations on a server and four clients, on a network that changes: whatever happens in whatever order, the promises hold.
// A failure prints the seed that repeats it.
import t from 'tap'
import { type Client, NetworkEndpoint, type Server } from '../../lib/index.js'
import { delay, duplicate, loss, Random, type Stage } from '../../lib/simulator/index.js'
import { Blob, Loose, Num } from './messages.js'
import { PORT, World } from './world.js'

const NETWORKS: readonly (readonly Stage[])[] = [
  [],
  [delay(30)],
  [delay(50, 20), loss(0.1)],
  [delay(20, 20), loss(0.3), duplicate(0.1, 10)],
  [loss(1)],
]

/** One side's view of one connection: what was sent on it and what arrived. */
interface Log {
  sent: number
  received: number
}

class Play {
  readonly problems: string[] = []
  readonly world: World
  readonly server: Server
  readonly clients: Client[]
  readonly #random: Random
  /** By the name of the connection: `client.attempt`. */
  readonly #up = new Map<string, Log>()
  readonly #down = new Map<string, Log>()
  readonly #attempts: number[]
  readonly #names: string[]
  readonly #entered = new Map<string, number>()
  readonly #left = new Map<string, number>()
  #host = ''
  #isRestarting = false

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.world = new World({ seed, network: NETWORKS[1]! })
    this.server = this.world.makeServer({ maxPeers: 3 })
    this.clients = [1, 2, 3, 4].map(() => this.world.makeClient({}, 20 + this.#random.integer(100)))
    this.#attempts = this.clients.map(() => 0)
    this.#names = this.clients.map(() => '')
    this.#listenToServer()
    this.clients.forEach((client, i) => {
      this.#listenToClient(client, i)
    })
  }

  async run(operations: number): Promise<void> {
    await this.#listen()
    for (let i = 0; i < operations; i++) {
      try {
        this.#operate()
      } catch (error) {
        this.problems.push(`an operation threw ${error}`)
      }
      await this.world.step(this.#random.integer(4) === 0 ? this.#random.integer(1500) : this.#random.integer(40))
    }
    await this.#calmDown()
  }

  async #listen(): Promise<void> {
    const { host } = await this.world.settle(this.server.listen({ port: PORT }))
    this.#host = host
  }

  async #restart(): Promise<void> {
    if (this.#isRestarting) return
    this.#isRestarting = true
    try {
      await this.server.close('restart')
      await this.server.listen({ port: PORT })
      this.#isRestarting = false
    } catch (error) {
      this.problems.push(`the server did not restart: ${error}`)
    }
  }

  #operate(): void {
    const index = this.#random.integer(this.clients.length)
    const client = this.clients[index]!
    const peers = [...this.server.peers]
    const peer = peers.length === 0 ? undefined : peers[this.#random.integer(peers.length)]
    switch (this.#random.integer(12)) {
      case 0:
      case 1:
      case 2:
        if (client.state === NetworkEndpoint.DISCONNECTED || client.state === NetworkEndpoint.ERRORED) this.#connect(index)
        return
      case 3:
        void client.disconnect('bye', index)
        return
      case 4:
        if (this.#random.integer(3) === 0) void peer?.disconnect('out')
        if (this.#random.integer(4) === 0) void this.#restart()
        return
      case 5:
        this.world.network.stages = NETWORKS[this.#random.integer(NETWORKS.length)]!
        return
      case 6:
        this.world.drive(client).isPaused = this.#random.integer(3) === 0
        return
      case 7:
        this.world.drive(this.server).isPaused = this.#random.integer(4) === 0
        return
      case 8:
        if (client.connected) client.send(Blob, { data: new Uint8Array(this.#random.integer(20_000)) })
        this.server.sendToAll(Loose, { n: 1 })
        return
      default:
        for (let i = this.#random.integer(20); i > 0; i--) {
          if (client.connected && client.send(Num, { n: this.#logOf(this.#up, this.#names[index]!).sent }) > 0)
            this.#logOf(this.#up, this.#names[index]!).sent++
          if (peer?.connected && peer.send(Num, { n: this.#logOf(this.#down, peer.name).sent }) > 0)
            this.#logOf(this.#down, peer.name).sent++
        }
    }
  }

  #connect(index: number): void {
    const name = `${index}.${++this.#attempts[index]!}`
    this.#names[index] = name
    void this.clients[index]!.connect({ host: this.#host, port: PORT, name })
  }

  #listenToServer(): void {
    const { server } = this
    server.on('OnConnect', ({ peer }) => this.#count(this.#entered, peer.name))
    server.on('OnDisconnect', ({ peer }) => {
      this.#count(this.#left, peer.name)
      if (!this.#entered.has(peer.name)) this.problems.push(`${peer.name} left before it entered`)
    })
    server.onMessage(Num, ({ n }, peer) => {
      if (!this.#entered.has(peer.name) || this.#left.has(peer.name)) this.problems.push(`a message of ${peer.name}, which is not in`)
      this.#receive(this.#up, peer.name, n)
    })
    server.on('OnError', ({ error }) => {
      if (error.code === 'HANDLER' || error.code === 'PROTOCOL') this.problems.push(`server: ${error.code} ${error.message}`)
    })
  }

  #listenToClient(client: Client, index: number): void {
    let isIn = false
    client.on('OnConnectRequestAccepted', () => {
      if (isIn) this.problems.push(`client ${index} was accepted twice`)
      isIn = true
    })
    client.on('OnDisconnect', () => {
      if (!isIn) this.problems.push(`client ${index} heard of an end without a connection`)
      isIn = false
    })
    client.onMessage(Num, ({ n }) => {
      if (!isIn) this.problems.push(`client ${index} got a message while it was not in`)
      this.#receive(this.#down, this.#names[index]!, n)
    })
    client.on('OnError', ({ error }) => {
      if (error.code === 'HANDLER' || error.code === 'PROTOCOL') this.problems.push(`client ${index}: ${error.code} ${error.message}`)
    })
  }

  /** After a quiet time on a good network both sides agree on who is in, and nothing is left on its way. */
  async #calmDown(): Promise<void> {
    const { world, server, clients } = this
    world.network.stages = []
    for (const endpoint of [server, ...clients]) world.drive(endpoint).isPaused = false
    await world.step(20_000)
    for (const client of clients) {
      if (client.state === NetworkEndpoint.CONNECTING) this.problems.push('a client is still connecting')
      if (client.pendingAcks > 0 || client.outBufferBytes > 0)
        this.problems.push(`a client still has ${client.outBufferBytes} bytes to send`)
    }
    if (server.pendingAcks > 0 || server.outBufferBytes > 0)
      this.problems.push(`the server still has ${server.outBufferBytes} bytes to send`)
    const ofClients = clients.flatMap((client, i) => (client.connected ? [this.#names[i]!] : []))
    const ofServer = Array.from(server.peers, (peer) => peer.name)
    if (ofClients.sort().join() !== ofServer.sort().join()) this.problems.push(`clients say ${ofClients}, the server ${ofServer}`)
    for (const [name, count] of this.#entered) {
      const left = this.#left.get(name) ?? 0
      if (count !== 1 || left !== (ofServer.includes(name) ? 0 : 1))
        this.problems.push(`${name} entered ${count} times and left ${left} times`)
    }
    for (const name of ofServer) {
      for (const [way, logs] of [
        ['up', this.#up],
        ['down', this.#down],
      ] as const) {
        const { sent, received } = this.#logOf(logs, name)
        if (sent !== received) this.problems.push(`${name} ${way}: ${received} of ${sent} messages arrived`)
      }
    }
    await world.settle(server.close())
    await world.step(2000)
    for (const client of clients) if (client.connected) this.problems.push('a client is connected to a closed server')
  }

  #receive(logs: Map<string, Log>, name: string, n: number): void {
    const log = this.#logOf(logs, name)
    if (n !== log.received) this.problems.push(`${name}: message ${n} came where ${log.received} was due`)
    log.received = n + 1
  }

  #logOf(logs: Map<string, Log>, name: string): Log {
    let log = logs.get(name)
    if (log === undefined) {
      log = { sent: 0, received: 0 }
      logs.set(name, log)
    }
    return log
  }

  #count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
}

t.test('random operations on a changing network keep every promise', async (t) => {
  const seeds = Number(process.env.SEEDS ?? 4)
  const from = Number(process.env.SEED ?? 34)
  for (let seed = from; seed < from + seeds; seed++) {
    const play = new Play(seed)
    await play.run(150)
    t.strictSame(play.problems.slice(0, 5), [], `seed ${seed}`)
  }
})
