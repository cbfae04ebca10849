// Random requests and confirmed messages, both ways, on networks that lose, reorder and repeat, over links that die and clients that come back, with answers that come at once, late, refused or never, and askers that give up or leave.
// Whatever happens: each is settled once, no responder and no handler runs twice, and what was told is true. A failure prints the seed that repeats it.
import t from 'tap'
import { type Client, NetworkError, type Peer, RequestError, type Server } from '../../lib/index.js'
import { delay, duplicate, loss, Random, type Stage } from '../../lib/simulator/index.js'
import { World } from '../endpoint/world.js'
import { Choose, Fetch, messages, Note } from './shop.js'

const NETWORKS: readonly (readonly Stage[])[] = [[delay(20)], [delay(30, 30), loss(0.1)], [delay(10, 40), loss(0.25), duplicate(0.2, 20)]]

/** Codes that a request or a confirmed message may end with here. */
const CODES = ['REQUEST_FAILED', 'REQUEST_TIMEOUT', 'HANDLER', 'NO_RESPONDER', 'DISCONNECTED', 'CONFIRM_TIMEOUT']

class Play {
  readonly problems: string[] = []
  readonly world: World
  readonly #random: Random
  readonly #server: Server
  readonly #clients: Client[] = []
  /** How often each number was taken by a responder or handler, and when that ended well. */
  readonly #taken = new Map<number, number>()
  readonly #done = new Set<number>()
  #next = 1
  #open = 0
  settled = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.world = new World({ seed, network: NETWORKS[seed % NETWORKS.length]! })
    this.#server = this.world.makeServer({ messages }, 30)
  }

  async run(): Promise<void> {
    const { world } = this
    const { host } = await world.settle(this.#server.listen({ port: 9000 }))
    this.#server.on('OnError', () => {})
    this.#server.respond(Fetch, ({ bytes }, context) => this.#answer(bytes, context))
    this.#server.onMessage(Note, ({ n }) => this.#handle(n))
    for (let i = 0; i < 2; i++) {
      const client = world.makeClient({ messages, reconnect: true }, 20 + this.#random.integer(60))
      client.on('OnError', () => {})
      client.respond(Fetch, ({ bytes }, context) => this.#answer(bytes, context))
      client.onMessage(Note, ({ n }) => this.#handle(n))
      await world.settle(client.connect({ host, port: 9000 }))
      this.#clients.push(client)
    }
    const cutAt = this.#random.integer(60)
    for (let i = 0; i < 30; i++) {
      if (i === cutAt) this.#cut(1500 + this.#random.integer(1500))
      this.#ask(this.#random.integer(2) === 0 ? this.#clients[this.#random.integer(2)]! : this.#peer())
      if (this.#random.integer(40) === 0) this.#leave()
      await world.step(this.#random.integer(30))
    }
    await world.until(() => this.#open === 0, 20_000).catch(() => this.problems.push(`${this.#open} were never settled`))
    for (const [number, times] of this.#taken) if (times > 1) this.problems.push(`${number} was taken ${times} times`)
  }

  #peer(): Peer | undefined {
    const peers = [...this.#server.peers]
    return peers[this.#random.integer(Math.max(1, peers.length))]
  }

  /** Every link is dead for a while. */
  #cut(ms: number): void {
    const { network, clock } = this.world
    const { stages } = network
    network.stages = [loss(1)]
    clock.setTimer(ms, () => {
      network.stages = stages
    })
  }

  #leave(): void {
    if (this.#random.integer(2) === 0) void this.#clients[0]!.disconnect()
    else void this.#peer()?.disconnect()
  }

  #ask(from: Client | Peer | undefined): void {
    if (from === undefined) return
    const number = this.#next++
    const abort = new AbortController()
    const isRequest = this.#random.integer(3) > 0
    const options = {
      timeoutMs: this.#random.integer(3) === 0 ? 1 + this.#random.integer(200) : 700 + this.#random.integer(2) * 4000,
      signal: abort.signal,
    }
    if (this.#random.integer(6) === 0) this.world.clock.setTimer(this.#random.integer(150), () => abort.abort('enough'))
    this.#open++
    // A Note may come from both, but the two methods do not make one type.
    const side = from as Client
    const promise = isRequest ? side.request(Fetch, { bytes: number }, options) : side.sendConfirmed(Note, { n: number }, options)
    promise.then(
      (reply) => this.#succeeded(number, reply ?? undefined),
      (error: unknown) => this.#failed(number, error),
    )
  }

  #succeeded(number: number, reply: { data: Uint8Array } | undefined): void {
    this.#settle()
    if (!this.#done.has(number)) this.problems.push(`${number} succeeded, and nobody has done it`)
    if (reply !== undefined && new DataView(reply.data.buffer, reply.data.byteOffset).getUint32(0) !== number)
      this.problems.push(`${number} got the reply of another`)
  }

  #failed(number: number, error: unknown): void {
    this.#settle()
    if (error === 'enough') return
    if (!(error instanceof NetworkError && CODES.includes(error.code))) this.problems.push(`${number} failed with ${error}`)
    else if (error.code === 'HANDLER' && this.#taken.get(number) === undefined) this.problems.push(`${number} failed where it never came`)
    else if (error instanceof RequestError) this.problems.push(`${number} was refused by an error that Fetch has not`)
  }

  #settle(): void {
    this.#open--
    this.settled++
  }

  #take(number: number): number {
    this.#taken.set(number, (this.#taken.get(number) ?? 0) + 1)
    return number % 5
  }

  #answer(number: number, { signal }: { readonly signal: AbortSignal }): { data: Uint8Array } | Promise<{ data: Uint8Array }> {
    const reply = (): { data: Uint8Array } => {
      const data = new Uint8Array(4 + (number % 7 === 0 ? 3000 : 0))
      new DataView(data.buffer).setUint32(0, number)
      this.#done.add(number)
      return { data }
    }
    switch (this.#take(number)) {
      case 0:
        throw new Error('at once')
      case 1:
        return this.#wait(number * 7).then(() => {
          throw new Error('later')
        })
      case 2:
        return reply()
      case 3:
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      default:
        return this.#wait(number * 7).then(reply)
    }
  }

  #handle(number: number): Promise<void> | undefined {
    switch (this.#take(number)) {
      case 0:
        throw new Error('at once')
      case 1:
      case 2:
        return this.#wait(number * 7).then(() => {
          this.#done.add(number)
        })
      default:
        this.#done.add(number)
        return undefined
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.clock.setTimer(ms, resolve))
  }
}

t.test('each request is answered or fails once, and each confirmed send resolves only after its handler had it', async (t) => {
  let settled = 0
  const seeds = 15 * Number(process.env.TICKWIRE_PROPERTY_RUNS ?? 1)
  for (let seed = 1; seed <= seeds; seed++) {
    const play = new Play(seed)
    await play.run()
    settled += play.settled
    if (play.problems.length > 0) t.fail(`seed ${seed}`, { problems: play.problems })
  }
  t.ok(settled > seeds * 25, `${settled} were settled`)
})

t.test('a request from each of many peers at once comes back to its own asker', async (t) => {
  const world = new World({ seed: 4, network: [delay(20, 20), loss(0.1)] })
  const { server, clients } = await world.pair(8, { server: { messages }, client: { messages } })
  clients.forEach((client, i) => {
    client.respond(Choose, ({ cards }) => ({ card: cards * 10 + i }))
  })
  const peers = [...server.peers]
  const replies = await world.settle(Promise.all(peers.map((peer, i) => peer.request(Choose, { cards: i }))))
  t.strictSame(
    replies.map(({ card }) => card),
    peers.map((_, i) => i * 11),
  )
})
