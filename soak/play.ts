// One run: a world, a list of operations, and at the end a good network on which everything that is owed must arrive and everything that was begun must end.
import { Client } from '../lib/index.js'
import { PLAIN_PLAN } from './client-player.js'
import { addCounts, type Counts, type Violation } from './journal.js'
import { typeNamed } from './messages.js'
import { checkSettled } from './metrics-check.js'
import { SERVER_HOST } from './network.js'
import type { Operation, Setup } from './operations.js'
import { describeOperation } from './operations.js'
import type { Order } from './sending.js'
import { judgeClientEnd, judgeFarewell, judgeServerEnd, type Session } from './session.js'
import type { Tamper } from './tamper.js'
import { World } from './world.js'

/** What came of a run. */
export interface Outcome {
  readonly hash: string
  readonly violations: readonly Violation[]
  readonly simulatedMs: number
  readonly counts: Counts
  readonly lastLines: readonly string[]
}

export interface PlayOptions {
  /** Told of everything that happens. */
  readonly onLine?: (line: string) => void
  readonly tamper?: Tamper
}

/** On a healed link, reliable messages arrive within this, and a second for so many bytes that wait. */
const PROGRESS_MS = 6000
const PROGRESS_BYTES_PER_SECOND = 50_000

/** Everything has settled within the longest time-out (of a session, of an undecided attempt or of a Welcome) and this. */
const SETTLE_MS = 20_000

/** On a good network with room, an attempt to connect takes at most this. */
const CONNECT_MS = 3000

/** Runs a list of operations. The same setup and list give the same outcome. */
export async function play(setup: Setup, operations: readonly Operation[], options: PlayOptions = {}): Promise<Outcome> {
  const world = new World(setup, options)
  const restore = watchProcess(world)
  try {
    await new Play(world).run(operations)
    await new Promise((resolve) => setImmediate(resolve)) // unhandled rejections are told now
  } finally {
    restore()
  }
  const { journal } = world
  addCounts(journal.counts, faultCounts(world))
  return {
    hash: journal.hash,
    violations: journal.violations,
    simulatedMs: world.now,
    counts: journal.counts,
    lastLines: journal.lastLines,
  }
}

/** Meanwhile, what the library prints is noted and unhandled rejections break an invariant. */
function watchProcess(world: World): () => void {
  const { warn } = console
  console.warn = (text: string) => world.journal.note(`warning: ${text}`)
  const onUnhandled = (reason: unknown): void =>
    world.journal.violate('exception', `unhandled rejection: ${reason instanceof Error ? reason.stack : reason}`)
  process.on('unhandledRejection', onUnhandled)
  return () => {
    console.warn = warn
    process.off('unhandledRejection', onUnhandled)
  }
}

function faultCounts(world: World): Counts {
  const { lost, duplicated, tooLarge, queueDropped, partitioned, corrupted, unreachable, sent } = world.network.simulated.counters
  return {
    'datagrams sent': sent,
    'fault: datagram lost': lost,
    'fault: datagram duplicated': duplicated,
    'fault: datagram too large': tooLarge,
    'fault: queue full': queueDropped,
    'fault: partitioned': partitioned,
    'fault: datagram changed': corrupted,
    'fault: nobody listens': unreachable,
  }
}

class Play {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  get #isBroken(): boolean {
    return this.#world.journal.violations.length > 0
  }

  async run(operations: readonly Operation[]): Promise<void> {
    const { journal } = this.#world
    for (const operation of operations) {
      journal.note(`▸ ${describeOperation(operation)}`)
      try {
        await this.#perform(operation)
      } catch (error) {
        journal.violate('exception', `the operation threw ${error instanceof Error ? error.stack : error}`)
      }
      if (!this.#isBroken) await this.#world.run(operation.waitMs)
      if (this.#isBroken) return
    }
    await this.#finish()
  }

  async #perform(operation: Operation): Promise<void> {
    const world = this.#world
    const { server, clients, journal, network, now } = world
    switch (operation.kind) {
      case 'connect':
        clients[operation.client]!.connect(operation.plan)
        return
      case 'send':
        this.#send(operation)
        return
      case 'broadcast': {
        const session = operation.except < 0 ? undefined : clients[operation.except]!.session
        if (server.host.isAlive)
          for (let i = 0; i < operation.count; i++) server.broadcast(typeNamed(operation.type), operation.bytes, session)
        return
      }
      case 'disconnect':
        clients[operation.client]!.disconnect()
        return
      case 'kick': {
        const { session } = clients[operation.client]!
        if (session !== undefined && server.host.isAlive) server.kick(session)
        return
      }
      case 'kickAll':
        if (server.host.isAlive) server.kickAll()
        return
      case 'kill':
        world.disturb()
        journal.count('fault: process killed')
        if (operation.who === 'server') server.kill(operation.closesPort)
        else clients[operation.who]!.kill(operation.closesPort)
        return
      case 'close':
        if (server.host.isAlive) server.close()
        return
      case 'listen':
        world.restartServer()
        world.server.listen()
        return
      case 'accepting':
        if (server.host.isAlive && !server.isClosing) server.setAccepting(operation.value)
        return
      case 'pause':
        world.disturb()
        journal.count('fault: pause')
        if (world.hostOf(operation.who).isAlive) world.hostOf(operation.who).pause(now + operation.ms)
        return
      case 'jump':
        world.disturb()
        journal.count('fault: clock jump')
        world.hostOf(operation.who).jump(operation.ms, now)
        return
      case 'suspend':
        world.disturb()
        journal.count('fault: all suspended')
        for (const host of world.hosts) if (host.isAlive) host.pause(now + operation.ms)
        return
      case 'hz':
        world.disturb()
        world.hostOf(operation.who).hz = operation.hz
        return
      case 'flush':
        if (world.hostOf(operation.who).isAlive) world.hostOf(operation.who).endpoint.flush()
        return
      case 'network':
        world.disturb()
        network.setStages(operation.up, operation.down)
        return
      case 'partition':
        world.disturb()
        journal.count('fault: partition')
        network.partition(operation.clients, clients.length)
        return
      case 'heal':
        network.heal()
        return
      case 'rebind': {
        world.disturb()
        if (clients[operation.client]!.rebind()) journal.count('fault: new address')
        return
      }
      case 'calm':
        await this.#calm()
        return
    }
  }

  #send({ from, to, type, delivery, bytes, count, reaction }: Extract<Operation, { kind: 'send' }>): void {
    const { server, clients } = this.#world
    const definition = typeNamed(type)
    if (definition.from === (from === 'server' ? 'client' : 'server')) return
    const order: Order = { type: definition, delivery: delivery as Order['delivery'], bytes, reaction }
    for (let i = 0; i < count; i++) {
      if (from !== 'server') clients[from]!.send(order)
      else {
        const { session } = clients[to]!
        if (session !== undefined && server.host.isAlive) server.send(session, order)
      }
    }
  }

  /** A good network, everyone at work, until nothing is owed. */
  async #calm(): Promise<void> {
    const world = this.#world
    world.network.makeGood()
    for (const host of world.hosts) {
      if (!host.isAlive) continue
      host.hz = Math.max(host.hz, 30)
      host.nextAt = Math.min(host.nextAt, world.now + host.intervalMs)
      host.busySince = Math.min(host.busySince, world.now)
    }
    const healedAt = world.now
    const open = world.sessions.filter(isOpen)
    const limits = open.map((session) => PROGRESS_MS + ((session.up.dueBytes + session.down.dueBytes) / PROGRESS_BYTES_PER_SECOND) * 1000)
    const end = healedAt + SETTLE_MS + Math.max(world.setup.serverTimeoutMs, world.setup.clientTimeoutMs, 15_000)
    while (!this.#isBroken && !this.#isSettled()) {
      if (world.now >= end) {
        world.journal.violate(
          'progress',
          `not settled ${(world.now - healedAt).toFixed(0)} ms after the network was good: ${this.#unsettled().join('; ')}`,
        )
        return
      }
      await world.run(100)
      open.forEach((session, i) => {
        if (world.now - healedAt <= limits[i]! || !isOpen(session) || session.client.isSilenced || session.server.isSilenced) return
        const due = session.up.describeDue() ?? session.down.describeDue()
        if (due !== undefined)
          world.journal.violate(
            'progress',
            `${session.name}: ${due}, have not arrived ${limits[i]!.toFixed(0)} ms after the network was good`,
          )
      })
    }
    if (this.#isBroken) return
    await world.run(2000 + Math.min(world.timeoutMs, 2000)) // acks and repeats come to rest, and idle connections have to live on
    if (!this.#isBroken && this.#isSettled()) this.#checkCounters()
  }

  #isSettled(): boolean {
    return this.#unsettled().length === 0
  }

  /** What is still open, in words. */
  #unsettled(): string[] {
    const world = this.#world
    const texts = [...world.pending]
    for (const session of world.sessions) {
      const { client, server, up, down } = session
      const isOnClient = client.isOpen && !client.isGone
      const isOnServer = server.isOpen && !server.isGone
      if (isOnClient && !isOnServer) texts.push(`${session.name} is open on the client only`)
      else if (isOnServer && !isOnClient) texts.push(`${session.name} is open on the server only`)
      else if (session.isCutOff && isOnClient) texts.push(`${session.name} is cut off and open`)
      else if (isOpen(session) && (up.due > 0 || down.due > 0))
        texts.push(`${session.name} waits for ${up.describeDue() ?? down.describeDue()}`)
    }
    for (const player of world.clients)
      if (player.host.isAlive && (player.client.pendingAcks > 0 || player.client.outBufferBytes > 0) && player.client.connected)
        texts.push(`client ${player.index} has ${player.client.outBufferBytes} bytes that wait`)
    if (world.server.host.isAlive && world.server.server.outBufferBytes > 0) texts.push('the server has bytes that wait')
    return texts
  }

  /** Both sides say of each connection what the model says. */
  #checkCounters(): void {
    const world = this.#world
    for (const player of world.clients) {
      const { session } = player
      if (session === undefined || !player.host.isAlive || !isOpen(session)) continue
      const peer = world.server.peerOf(session)
      if (peer === undefined) world.journal.violate('events', `${session.name} is open, and not among the server's peers`)
      else checkSettled({ metrics: peer.metrics(), out: session.down, into: session.up, side: 'peer', name: session.name }, world)
      checkSettled({ metrics: player.client.metrics(), out: session.up, into: session.down, side: 'client', name: session.name }, world)
      if (!player.client.connected) world.journal.violate('events', `${session.name} is open, and client.connected is false`)
    }
    this.#checkFaults()
    this.#checkDatagrams()
  }

  #checkFaults(): void {
    for (const host of this.#world.hosts) {
      if (host.isAlive && host.faults !== host.reportedFaults)
        this.#world.journal.violate(
          'errors',
          `handlers of ${host.name} failed ${host.faults} times, and OnError said so ${host.reportedFaults} times`,
        )
    }
  }

  #checkDatagrams(): void {
    const world = this.#world
    const { sent, duplicated, delivered, lost, tooLarge, queueDropped, partitioned, unreachable } = world.network.simulated.counters
    const ended = delivered + lost + tooLarge + queueDropped + partitioned + unreachable
    if (ended > sent + duplicated)
      world.journal.violate('counters', `${ended} datagrams have ended, of ${sent} sent and ${duplicated} copies`)
    const { server } = world
    if (server.host.isAlive && server.server.outPackets !== (world.network.sentBy.get(SERVER_HOST) ?? 0) - server.sentBefore)
      world.journal.violate(
        'counters',
        `the server says that it sent ${server.server.outPackets} datagrams, and ${world.network.sentBy.get(SERVER_HOST)} left it`,
      )
  }

  // ── The end ──

  async #finish(): Promise<void> {
    const world = this.#world
    await this.#calm()
    if (this.#isBroken) return
    await this.#letAllIn()
    if (this.#isBroken) return
    await this.#closeAll()
    if (this.#isBroken) return
    for (const session of world.sessions) this.#judge(session)
    const { pending } = world
    if (pending.size > 0) world.journal.violate('promise', `never settled: ${[...pending].join(', ')}`)
    this.#checkFaults()
  }

  /** Whatever has happened: on a good network whoever asks gets in, and can talk. */
  async #letAllIn(): Promise<void> {
    const world = this.#world
    world.restartServer()
    if (!world.server.isListening) world.server.listen()
    await world.run(100)
    world.server.setAccepting(true)
    const asked: Session[] = []
    for (const player of world.clients) {
      if (player.host.isAlive && player.client.connected) continue
      if (world.server.server.peerCount + asked.length >= world.setup.maxPeers) break
      player.connect(PLAIN_PLAN)
      asked.push(player.session!)
    }
    const end = world.now + CONNECT_MS
    const isWaiting = ({ outcome, up, down }: Session): boolean => outcome === undefined || up.due > 0 || down.due > 0
    while (!this.#isBroken && world.now < end && asked.some(isWaiting)) await world.run(50)
    for (const session of asked) {
      const { outcome } = session
      if (outcome !== true)
        world.journal.violate('progress', `${session.name} was not let in on a good network: ${outcome?.message ?? 'no answer'}`)
      else if (session.up.due > 0 || session.down.due > 0)
        world.journal.violate('progress', `${session.name} waits for ${session.up.describeDue() ?? session.down.describeDue()}`)
    }
  }

  async #closeAll(): Promise<void> {
    const world = this.#world
    world.clients.forEach((player, i) => {
      if (i % 2 === 0 && player.host.isAlive && player.client.state === Client.CONNECTED) player.disconnect()
    })
    await world.run(1500)
    world.server.close()
    const end = world.now + 3000 + Math.max(world.setup.serverTimeoutMs, world.setup.clientTimeoutMs)
    const isOver = (): boolean => world.pending.size === 0 && !world.sessions.some(({ client, server }) => client.isOpen || server.isOpen)
    while (!this.#isBroken && world.now < end && !isOver()) await world.run(100)
    await world.run(500) // whatever comes twice comes by now
    if (this.#isBroken) return
    const timer = world.clock.nextTimer()
    if (timer < Number.POSITIVE_INFINITY) {
      world.clock.advance(60_000)
      if (world.clock.nextTimer() < Number.POSITIVE_INFINITY)
        world.journal.violate('leaks', `a timer is still set a minute after everything has ended`)
    }
  }

  #judge(session: Session): void {
    const { journal } = this.#world
    const { client, server, name } = session
    for (const [side, { acceptedAt, end, isGone }] of [
      ['client', client],
      ['server', server],
    ] as const)
      if (acceptedAt !== undefined && end === undefined && !isGone)
        journal.violate('ends', `${name} was accepted, and its ${side} never heard of an end`)
    const ofClient = judgeClientEnd(session)
    if (ofClient !== undefined) journal.violate('reasons', `${name} ended on the client as "${client.end?.reason}" ${ofClient}`)
    const ofServer = judgeServerEnd(session)
    if (ofServer !== undefined) journal.violate('reasons', `${name} ended on the server as "${server.end?.reason}" ${ofServer}`)
    const farewell = judgeFarewell(session)
    if (farewell !== undefined) journal.violate('farewells', `${name}: ${farewell}`)
    if (session.outcome === undefined && !client.isGone) journal.violate('promise', `connect() of ${name} never settled`)
    if (client.acceptedAt !== undefined && server.acceptedAt === undefined)
      journal.violate('events', `${name} was let in, and the server had no OnConnect`)
  }
}

/** Open on both sides, and both can hear each other. */
function isOpen({ client, server, isCutOff }: Session): boolean {
  return !isCutOff && client.isOpen && server.isOpen && !client.isGone && !server.isGone
}
