// Players who drop and come back: a server and three clients in simulated time, on links that die, addresses that change and a server and clients that pause at random moments, while everyone sends on every
// delivery and asks requests. At the end the network is good again. Of each player who is still in, every reliable message has arrived exactly once, ordered ones in order; of one that has ended, none twice and none out of order.
// Every request has been answered or has failed, and no responder has seen one twice.
// OnConnect, OnDrop, OnResume and OnDisconnect come in a legal order, and no outbox is beyond its bounds.

import { Client, MessageFactory, NetworkError, type Peer, Server, uint32 } from '../lib/index.js'
import { selectCrypto } from '../lib/io/select-crypto.js'
import { generateConnectToken } from '../lib/netcode/connect-token.js'
import { protocolIdOf } from '../lib/netcode/create-connect-token.js'
import { delay, duplicate, loss, ManualClock, Random, SimulatedNetwork, type Stage, seededEntropy } from '../lib/simulator/index.js'

export interface SessionsResult {
  readonly seed: number
  /** What did not hold. */
  readonly problems: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

const messages = new MessageFactory()
const Ordered = messages.define('Ordered', { n: uint32 })
const Other = messages.define('Other', { n: uint32 }, { channel: 3, priority: 6 })
const Reliable = messages.define('Reliable', { n: uint32 }, { delivery: 'reliable' })
const Sequenced = messages.define('Sequenced', { n: uint32 }, { delivery: 'sequenced' })
const Loose = messages.define('Loose', { n: uint32 }, { delivery: 'unreliable' })
const Sum = messages.defineRequest('Sum', { request: { n: uint32 }, reply: { sum: uint32 }, errors: ['odd-one-out'] })
const TYPES = [Ordered, Other, Reliable, Sequenced, Loose] as const
type Type = (typeof TYPES)[number]

const CLIENTS = 3
const STORM_MS = 20_000
const GRACE_MS = 15_000
const TIMEOUT_MS = 4000
/** Longer than a time-out, the grace and the longest delay between two attempts. */
const CALM_MS = TIMEOUT_MS + GRACE_MS + 8000
const MAX_OUTBOX_MESSAGES = 200
const MAX_OUTBOX_BYTES = 16 * 1024
/** Longer than everything. */
const REQUEST_TIMEOUT_MS = 120_000
/** How a request may fail here: its connection has ended, or it found no room. */
const FAILURES: readonly string[] = ['DISCONNECTED', 'NOT_CONNECTED', 'OUTBOX_FULL', 'BUSY']
/** With what was under way when the link died. */
const MAX_WAITING_BYTES = MAX_OUTBOX_BYTES + 64 * 1024
const SERVER_HOST = '10.0.0.1'
const PORT = 9000
const DEAD: readonly Stage[] = [loss(1)]
/** Turns of the microtask queue after something ran: more than the longest chain of awaits inside the library. */
const TURNS = 12

/** What one side sends to another, and what arrives of it. */
class Flow {
  readonly #name: string
  readonly #problems: string[]
  readonly #sent = new Map<Type, number[]>()
  readonly #arrived = new Map<Type, number[]>()
  #next = 0

  constructor(name: string, problems: string[]) {
    this.#name = name
    this.#problems = problems
    for (const type of TYPES) {
      this.#sent.set(type, [])
      this.#arrived.set(type, [])
    }
  }

  send(type: Type, by: { send(type: Type, values: { n: number }): number }): void {
    const n = this.#next++
    if (by.send(type, { n }) > 0) this.#sent.get(type)!.push(n)
  }

  arrive(type: Type, n: number): void {
    const arrived = this.#arrived.get(type)!
    const isInOrder = arrived.length === 0 || n > arrived.at(-1)!
    if (!isInOrder && type !== Reliable && type !== Loose) this.#fault(type, `${n} came after ${arrived.at(-1)}`)
    arrived.push(n)
  }

  /** `isWhole`: everything reliable should have arrived. */
  judge(isWhole: boolean): number {
    let count = 0
    for (const type of TYPES) {
      const sent = this.#sent.get(type)!
      const arrived = this.#arrived.get(type)!
      const known = new Set(sent)
      if (new Set(arrived).size < arrived.length) this.#fault(type, 'something came twice')
      if (arrived.some((n) => !known.has(n))) this.#fault(type, 'something came that was not sent')
      if (type === Sequenced || type === Loose) continue
      count += arrived.length
      if (isWhole && arrived.length < sent.length) this.#fault(type, `${arrived.length} of ${sent.length} arrived`)
      if (type !== Reliable && arrived.some((n, i) => n !== sent[i])) this.#fault(type, 'something was left out')
    }
    return count
  }

  #fault(type: Type, text: string): void {
    this.#problems.push(`${this.#name}: ${type.name}: ${text}`)
  }
}

/** The requests of one side to the other. */
class Requests {
  readonly #name: string
  readonly #problems: string[]
  readonly #heard = new Set<number>()
  #next = 0
  open = 0
  answered = 0
  failed = 0

  constructor(name: string, problems: string[]) {
    this.#name = name
    this.#problems = problems
  }

  ask(asker: { request(type: typeof Sum, values: { n: number }, options: { timeoutMs: number }): Promise<{ sum: number }> }): void {
    const n = this.#next++
    this.open++
    asker
      .request(Sum, { n }, { timeoutMs: REQUEST_TIMEOUT_MS })
      .then(({ sum }) => this.#settle(n, sum === 2 * n && n % 7 !== 0, 'was answered wrongly'))
      .catch((error: unknown) => {
        if (Sum.isError(error)) this.#settle(n, n % 7 === 0 && this.#heard.has(n), 'was refused wrongly')
        else this.#fail(error)
      })
  }

  /** What the other side's responder does with it. */
  answer(n: number): Promise<{ sum: number }> | { sum: number } | undefined {
    if (this.#heard.has(n)) this.#problems.push(`${this.#name}: request ${n} came twice`)
    this.#heard.add(n)
    if (n % 7 === 0) return undefined
    return n % 2 === 0 ? { sum: 2 * n } : Promise.resolve({ sum: 2 * n })
  }

  #settle(n: number, isRight: boolean, text: string): void {
    this.open--
    this.answered++
    if (!isRight || !this.#heard.has(n)) this.#problems.push(`${this.#name}: request ${n} ${text}`)
  }

  #fail(error: unknown): void {
    this.open--
    this.failed++
    const code = error instanceof NetworkError ? error.code : String(error)
    if (!FAILURES.includes(code)) this.#problems.push(`${this.#name}: a request failed as ${code}`)
  }
}

/** What a side may hear next of a connection. */
const LEGAL: Readonly<Record<string, readonly string[]>> = {
  '': ['OnConnect'],
  OnConnect: ['OnDrop', 'OnDisconnect'],
  OnDrop: ['OnResume', 'OnDisconnect'],
  OnResume: ['OnDrop', 'OnDisconnect'],
  OnDisconnect: [],
}

class Life {
  readonly #name: string
  readonly #problems: string[]
  last = ''

  constructor(name: string, problems: string[]) {
    this.#name = name
    this.#problems = problems
  }

  step(event: string): void {
    if (!LEGAL[this.last]!.includes(event)) this.#problems.push(`${this.#name}: ${event} after ${this.last === '' ? 'nothing' : this.last}`)
    this.last = event
  }
}

class Player {
  readonly name: string
  readonly client: Client
  readonly up: Flow
  readonly down: Flow
  readonly asksUp: Requests
  readonly asksDown: Requests
  readonly onClient: Life
  readonly onServer: Life
  peer: Peer | undefined

  constructor(index: number, client: Client, problems: string[]) {
    this.name = `player ${index}`
    this.client = client
    this.up = new Flow(`player ${index}, up`, problems)
    this.down = new Flow(`player ${index}, down`, problems)
    this.asksUp = new Requests(`player ${index}, up`, problems)
    this.asksDown = new Requests(`player ${index}, down`, problems)
    this.onClient = new Life(`player ${index}, on the client`, problems)
    this.onServer = new Life(`player ${index}, on the server`, problems)
  }
}

/** Time, the network, and everyone's updates. */
class World {
  readonly clock = new ManualClock({ unixSeconds: 1_700_000_000 })
  readonly network: SimulatedNetwork
  readonly #hz: number
  readonly #endpoints: { readonly endpoint: { update(): void }; pausedUntil: number }[] = []
  #nextAt = 0

  constructor(seed: number, hz: number) {
    this.network = new SimulatedNetwork({ seed, clock: this.clock })
    this.#hz = hz
  }

  add(endpoint: { update(): void }): void {
    this.#endpoints.push({ endpoint, pausedUntil: 0 })
  }

  pause(index: number, ms: number): void {
    this.#endpoints[index]!.pausedUntil = this.clock.now() + ms
  }

  async step(ms: number): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end; ) {
      const next = Math.min(this.clock.now() + 1, end)
      const isIdle = this.clock.nextTimer() > next && this.#nextAt > next
      this.clock.set(next)
      if (next >= this.#nextAt) {
        this.#nextAt = next + 1000 / this.#hz
        for (const { endpoint, pausedUntil } of this.#endpoints) if (next >= pausedUntil) endpoint.update()
      }
      if (!isIdle) for (let turn = 0; turn < TURNS; turn++) await undefined
    }
  }
}

/** Plays one seed. */
export async function playSessions(seed: number): Promise<SessionsResult> {
  const play = new Play(seed)
  await play.begin()
  await play.storm()
  await play.calm()
  return { seed, problems: play.problems, counts: play.counts }
}

class Play {
  readonly problems: string[] = []
  readonly counts: Record<string, number> = {}
  readonly #random: Random
  readonly #seed: number
  readonly #world: World
  readonly #server: Server
  readonly #players: Player[]
  readonly #link: readonly Stage[]
  readonly #privateKey: Uint8Array | undefined

  constructor(seed: number) {
    const random = new Random(seed)
    this.#seed = seed
    this.#random = random
    this.#world = new World(seed, 20 + Math.floor(random.next() * 60))
    this.#link = [delay(5 + random.next() * 100, random.next() * 5), loss(random.next() < 0.5 ? 0 : random.next() * 0.15), duplicate(0.02)]
    this.#privateKey = random.next() < 0.5 ? undefined : new Uint8Array(32).map(() => Math.floor(random.next() * 256))
    const common = {
      messages,
      clock: this.#world.clock,
      timeoutMs: TIMEOUT_MS,
      outbox: { maxMessages: MAX_OUTBOX_MESSAGES, maxBytes: MAX_OUTBOX_BYTES, whenFull: random.next() < 0.5 ? 'reject' : 'drop-newest' },
    } as const
    this.#server = new Server({
      ...common,
      transport: this.#world.network.transport(SERVER_HOST),
      entropy: seededEntropy(seed),
      resumeGraceMs: GRACE_MS,
      ...(this.#privateKey === undefined ? {} : { privateKey: this.#privateKey, publicAddresses: [`${SERVER_HOST}:${PORT}`] }),
    })
    this.#world.add(this.#server)
    this.#players = Array.from({ length: CLIENTS }, (_, i) => {
      const client = new Client({
        ...common,
        transport: this.#world.network.transport(hostOf(i)),
        entropy: seededEntropy(seed + i + 1),
        reconnect: { maxDelayMs: 2000, attemptTimeoutMs: 2000 },
      })
      this.#world.add(client)
      return new Player(i, client, this.problems)
    })
    this.#listenToServer()
    for (const player of this.#players) this.#listenToClient(player)
  }

  async begin(): Promise<void> {
    this.#world.network.stages = [delay(10)]
    await this.#server.listen({ port: PORT })
    const connects = this.#players.map((player, i) => player.client.connect({ ...this.#wayOf(i), name: `player ${i}` }))
    await this.#world.step(2000)
    await Promise.all(connects)
  }

  #wayOf(i: number): { readonly token: Uint8Array } | { readonly host: string; readonly port: number } {
    if (this.#privateKey === undefined) return { host: SERVER_HOST, port: PORT }
    const token = generateConnectToken({
      protocolId: protocolIdOf('tickwire'),
      privateKey: this.#privateKey,
      serverAddresses: [`${SERVER_HOST}:${PORT}`],
      clientId: BigInt(i + 1),
      expireSeconds: 30,
      timeoutSeconds: TIMEOUT_MS / 1000,
      createUnixSeconds: this.#world.clock.unixSeconds(),
      entropy: seededEntropy(this.#seed * 10 + i),
      crypto: selectCrypto(),
    })
    return { token }
  }

  /** Twenty seconds in which things happen, and everyone speaks. */
  async storm(): Promise<void> {
    const { network, clock } = this.#world
    const deadUntil: Record<string, number> = {}
    const link = this.#link
    const stagesFor: typeof network.stagesFor = (from, to) =>
      Math.max(deadUntil[from.host] ?? 0, deadUntil[to.host] ?? 0) > clock.now() ? DEAD : link
    for (const endsAt = clock.now() + STORM_MS; clock.now() < endsAt; ) {
      const i = Math.floor(this.#random.next() * CLIENTS)
      const kind = this.#random.next()
      if (kind < 0.012) {
        deadUntil[hostOf(i)] = clock.now() + 200 + this.#random.next() ** 2 * 12_000
        this.#count('fault: a link dies')
      } else if (kind < 0.024) this.#changeAddress(this.#players[i]!)
      else if (kind < 0.028) {
        this.#world.pause(0, 300 + this.#random.next() * 5000)
        this.#count('fault: the server pauses')
      } else if (kind < 0.034) {
        this.#world.pause(i + 1, 300 + this.#random.next() ** 2 * 15_000)
        this.#count('fault: a client pauses')
      }
      network.stagesFor = stagesFor // asked again: a link may have come back
      for (const player of this.#players) this.#speak(player)
      await this.#world.step(10 + this.#random.next() * 60)
    }
  }

  /** The network is good, and everyone at work: who can come back does. */
  async calm(): Promise<void> {
    const { network } = this.#world
    network.stagesFor = undefined
    network.stages = [delay(20)]
    for (let i = 0; i <= CLIENTS; i++) this.#world.pause(i, 0)
    await this.#world.step(CALM_MS)
    for (const player of this.#players) {
      const { name, client, peer, up, down, asksUp, asksDown, onClient, onServer } = player
      for (const { open, answered, failed } of [asksUp, asksDown]) {
        if (open > 0) this.problems.push(`${name}: ${open} requests are neither answered nor failed`)
        this.#count('requests answered', answered)
        this.#count('requests failed', failed)
      }
      const isIn = onClient.last !== 'OnDisconnect'
      if (isIn !== (onServer.last !== 'OnDisconnect')) this.problems.push(`${name} has ended on one side only`)
      if (isIn && (client.isAway || peer?.isAway)) this.problems.push(`${name} is still away`)
      if (isIn && (client.pendingAcks > 0 || client.outBufferBytes > 0)) this.problems.push(`${name} has bytes that wait`)
      this.#count('reliable messages that arrived', up.judge(isIn) + down.judge(isIn))
    }
    const closed = this.#server.close()
    await this.#world.step(3000)
    await closed
    for (const { name, onClient, onServer } of this.#players)
      if (onClient.last !== 'OnDisconnect' || onServer.last !== 'OnDisconnect') this.problems.push(`${name} never heard of an end`)
  }

  #changeAddress({ peer }: Player): void {
    if (peer?.connected !== true) return
    try {
      this.#world.network.rebind(peer.address)
      this.#count('fault: an address changes')
    } catch {
      // The client has left that address, and the server does not know it yet.
    }
  }

  #speak({ client, peer, up, down, asksUp, asksDown, name }: Player): void {
    if (this.#random.next() < 0.2) asksUp.ask(client)
    if (peer !== undefined && this.#random.next() < 0.2) asksDown.ask(peer)
    const type = (): Type => TYPES[Math.floor(this.#random.next() * TYPES.length)]!
    for (let left = Math.floor(this.#random.next() * 4); left > 0; left--) up.send(type(), client)
    if (peer !== undefined) for (let left = Math.floor(this.#random.next() * 4); left > 0; left--) down.send(type(), peer)
    for (const side of [client, peer])
      if (side?.isAway && side.outBufferBytes > MAX_WAITING_BYTES) this.problems.push(`${name}: ${side.outBufferBytes} bytes wait`)
  }

  #listenToServer(): void {
    const server = this.#server
    const of = (peer: Peer): Player => this.#players[Number(peer.name.split(' ')[1])]!
    server.on('OnConnect', ({ peer }) => {
      of(peer).peer = peer
      of(peer).onServer.step('OnConnect')
    })
    server.on('OnDrop', ({ peer }) => of(peer).onServer.step('OnDrop'))
    server.on('OnResume', ({ peer }) => of(peer).onServer.step('OnResume'))
    server.on('OnDisconnect', ({ peer, reason }) => {
      of(peer).onServer.step('OnDisconnect')
      this.#count(`ended: ${reason}`)
    })
    server.on('OnError', ({ error }) => this.#count(`server's error: ${error.code}`))
    for (const type of TYPES) server.onMessage(type, ({ n }, peer) => of(peer).up.arrive(type, n))
    server.respond(Sum, ({ n }, { peer, fail }) => of(peer).asksUp.answer(n) ?? fail('odd-one-out'))
  }

  #listenToClient({ client, onClient, down, asksDown }: Player): void {
    client.on('OnConnectRequestAccepted', () => onClient.step('OnConnect'))
    client.on('OnDrop', () => {
      onClient.step('OnDrop')
      this.#count('drops')
    })
    client.on('OnResume', () => {
      onClient.step('OnResume')
      this.#count('resumes')
    })
    client.on('OnDisconnect', () => onClient.step('OnDisconnect'))
    client.on('OnError', ({ error }) => this.#count(`client's error: ${error.code}`))
    for (const type of TYPES) client.onMessage(type, ({ n }) => down.arrive(type, n))
    client.respond(Sum, ({ n }, { fail }) => asksDown.answer(n) ?? fail('odd-one-out'))
  }

  #count(name: string, more = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + more
  }
}

function hostOf(index: number): string {
  return `10.0.0.${index + 2}`
}

// ── The command ──

/** Plays seeds one after another and prints what came of them; `onProgress` is told after each. Returns the exit code. */
export async function sessionsCommand(firstSeed: number, runs: number, onProgress: (done: number) => void): Promise<number> {
  const counts: Record<string, number> = {}
  const failed: SessionsResult[] = []
  const { warn } = console
  console.warn = () => {} // errors are counted
  const startedAt = performance.now()
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const result = await playSessions(seed)
    for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count
    if (result.problems.length > 0) failed.push(result)
    onProgress(seed - firstSeed + 1)
  }
  console.warn = warn
  console.log(`sessions: seeds ${firstSeed} to ${firstSeed + runs - 1} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  for (const name of Object.keys(counts).sort()) console.log(`  ${String(counts[name]).padStart(9)}  ${name}`)
  for (const { seed, problems } of failed)
    console.log(`BROKEN with --scenario sessions --runs 1 --seed ${seed}: ${problems.slice(0, MAX_PROBLEMS_SHOWN).join('; ')}`)
  console.log(failed.length === 0 ? '  every promise held in every seed' : `  ${failed.length} seeds broken`)
  return failed.length === 0 ? 0 : 1
}

const MAX_PROBLEMS_SHOWN = 5
