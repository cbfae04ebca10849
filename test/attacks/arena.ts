// A game in simulated time with honest players, whose every message is followed, and room for an attacker among them.
import type { Test } from 'tap'
import { Insider, type InsiderOptions } from '../../attacks/insider.js'
import type { InsiderAttack, Memo } from '../../attacks/insider-attacks.js'
import { Blob, messages, Tick } from '../../attacks/messages.js'
import { heapBytes } from '../../fuzz/heap.js'
import type { Client, Peer, Server, ServerOptions, Transport } from '../../lib/index.js'
import { PORT, World } from '../endpoint/world.js'

const PLAYERS = 3
const UPDATE_MS = 1000 / 60
/** What the server sends to an attacker that wants bulk, while its queue holds less than this. */
const BULK = new Uint8Array(200_000)
const BULK_QUEUE_BYTES = 2 * 1024 * 1024

export class Arena {
  readonly world = new World({ seed: 5 })
  readonly server: Server
  readonly players: Client[] = []
  readonly errors: string[] = []
  readonly ends: string[] = []
  host = ''
  #sent = 0
  readonly #echoed = new Map<Client, number>()
  #wrong = 0

  constructor(options: Partial<ServerOptions> = {}, transport?: Transport) {
    this.server = this.world.makeServer({ messages, ...options, ...(transport === undefined ? {} : { transport }) })
    this.server.onMessage(Tick, ({ n, at }, peer) => peer.send(Tick, { n, at }))
    this.server.on('OnMessage', () => {})
    this.server.on('OnError', ({ peer, error }) => this.errors.push(`${peer?.name} ${error.code}`))
    this.server.on('OnDisconnect', ({ peer, reason }) => this.ends.push(`${peer.name} ${reason}`))
  }

  async open(): Promise<void> {
    const { world, server } = this
    this.host = (await world.settle(server.listen({ port: PORT }))).host
    for (let i = 0; i < PLAYERS; i++) {
      const player = world.makeClient({ messages })
      await world.settle(player.connect({ host: this.host, port: PORT, name: `player ${i}` }))
      this.#echoed.set(player, 0)
      player.onMessage(Tick, ({ n }) => {
        if (n !== this.#echoed.get(player)) this.#wrong++
        this.#echoed.set(player, n + 1)
      })
      this.players.push(player)
    }
  }

  /** Another client, from an address of its own unless told otherwise. */
  async intrude(options: Partial<InsiderOptions> & { readonly from?: string } = {}): Promise<Insider> {
    const { world } = this
    const transport = world.network.transport(options.from)
    const insider = new Insider({ transport, clock: world.clock, host: this.host, port: PORT, seed: 99, messages, ...options })
    await insider.open()
    return world.add(insider)
  }

  /** Honest players send, and time passes. */
  async play(updates: number, each: () => void = () => {}): Promise<void> {
    for (let i = 0; i < updates; i++) {
      for (const player of this.players) player.send(Tick, { n: this.#sent, at: this.world.clock.now() })
      this.#sent++
      each()
      await this.world.step(UPDATE_MS)
    }
  }

  /** What players sent has come back, all of it, once and in order, and they are still in. */
  async holds(t: Test): Promise<void> {
    await this.world.until(() => [...this.#echoed.values()].every((count) => count === this.#sent), 10_000)
    t.equal(this.#wrong, 0, 'every reliable message of the players, once and in order')
    t.ok(this.players.every((player) => player.connected && player.latency < 60))
  }

  /** Runs an attack from inside, and returns what became of the attacker. */
  async run(
    t: Test,
    attack: InsiderAttack,
    updates = 20,
    perUpdate = 36,
  ): Promise<{ outcome: string; insider: Insider; grownBytes: number }> {
    await this.open()
    const before = heapBytes()
    const { hello, isMute, isSilent } = attack
    const insider = await this.intrude({ hello, isMute, isSilent })
    const memo: Memo = { id: 0, value: undefined }
    let n = 0
    insider.onUpdate = () => {
      for (let i = 0; i < perUpdate && insider.state === 'in'; i++) {
        attack.fill(insider.payload.clear(), n++, insider, memo)
        insider.send()
      }
    }
    if (!isMute) await this.world.until(() => insider.state !== 'connecting' && insider.state !== 'greeting', 2000)
    await this.play(attack.isMute ? 18 * updates : updates, () => this.#bulk(attack))
    const grownBytes = heapBytes() - before
    await this.holds(t)
    // What the server says of it: a Goodbye may never reach one that acknowledges nothing.
    const end = this.ends.find((text) => text.startsWith('mallory'))?.split(' ')[1]
    const outcome = end ?? (insider.state === 'ended' ? 'refused' : this.server.drops.rateLimited > 0 ? 'limited' : 'tolerated')
    return { outcome, insider, grownBytes }
  }

  get attacker(): Peer<undefined> | undefined {
    return [...this.server.peers].find(({ name }) => name === 'mallory')
  }

  #bulk({ wantsBulk, outcome }: InsiderAttack): void {
    const { attacker } = this
    if (!wantsBulk || attacker === undefined) return
    if (outcome !== 'overflow' && attacker.outBufferBytes > BULK_QUEUE_BYTES) return
    for (let i = outcome === 'overflow' ? 4 : 1; i > 0; i--) attacker.send(Blob, { data: BULK })
  }
}
