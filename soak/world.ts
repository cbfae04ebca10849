// The world of one run: time, the network, the server and the clients on their hosts, and every session that there was.
import { selectCrypto } from '../lib/netcode/index.js'
import { ManualClock, seededEntropy } from '../lib/simulator/index.js'
import { ClientPlayer } from './client-player.js'
import type { SentMessage } from './flow.js'
import { type Driven, Host, HostClock, HostTransport } from './host.js'
import { Journal } from './journal.js'
import { clientHost, clientIndexOf, SERVER_HOST, SoakNetwork } from './network.js'
import type { Plan, Setup, Who } from './operations.js'
import { ServerPlayer } from './server-player.js'
import { type AttemptFacts, clientOf, type Farewell, Session } from './session.js'
import { type Tamper, Tampering } from './tamper.js'

/** Turns of the microtask queue after an update: more than the longest chain of awaits inside the library. */
const TURNS = 12

/** A farewell needs a good network for so long before, and so long after. */
const CALM_BEFORE_MS = 3000
const CALM_AFTER_MS = 1500

/** What was under way or late when the network became good has come by then. */
const SETTLED_MS = 1000

/** A farewell with more than this waiting before it may be cut short. */
const CALM_QUEUE_BYTES = 8192

/** A stall of this side: a clock that goes forward takes at most this, and an interval, from a deadline. */
const STALL_MS = 250

/** Clocks that show large times round to 10⁻⁷ ms, and updates come at the same time as an end more often than by chance. */
const ROUNDING_MS = 0.001

export interface WorldOptions {
  readonly onLine?: ((line: string) => void) | undefined
  readonly tamper?: Tamper | undefined
}

export class World {
  readonly setup: Setup
  readonly clock = new ManualClock()
  readonly journal: Journal
  readonly network: SoakNetwork
  readonly tampering: Tampering
  readonly crypto = selectCrypto()
  server: ServerPlayer
  readonly clients: ClientPlayer[]
  readonly sessions: Session[] = []
  /** Promises that have not settled, by what was called. */
  readonly pending = new Set<string>()
  readonly entropyForTokens: ReturnType<typeof seededEntropy>
  readonly privateKey = new Uint8Array(32).fill(7)
  /** Times at which the server could not be reached, took nobody, or had no room; Infinity where that is so now. */
  portClosedAt = Number.POSITIVE_INFINITY
  notAcceptingAt = 0
  fullAt = Number.NEGATIVE_INFINITY
  readonly #byName = new Map<string, Session>()
  /** By the address from which its client sends. */
  readonly #byAddress = new Map<string, Session>()
  readonly #calmFarewells: { isCalm: boolean; readonly at: number }[] = []
  #hosts: readonly Host<Driven>[] = []
  #made = 0
  #broadcasts = 0
  #promises = 0

  constructor(setup: Setup, options: WorldOptions) {
    this.setup = setup
    this.entropyForTokens = seededEntropy(setup.seed + 1)
    this.journal = new Journal(() => this.clock.now(), options.onLine)
    this.tampering = new Tampering(options.tamper)
    this.network = new SoakNetwork(setup.seed, this.clock, this.journal)
    this.network.setStages(setup.up, setup.down)
    this.network.onHeard = (from, to) => this.#noteHeard(from, to)
    this.server = new ServerPlayer(this)
    this.clients = Array.from({ length: setup.clients }, (_, index) => new ClientPlayer(this, index))
  }

  get now(): number {
    return this.clock.now()
  }

  /** The server's host and those of the clients. */
  get hosts(): readonly Host<Driven>[] {
    const { server, clients } = this
    if (this.#hosts[0] !== server.host || clients.some(({ host }, i) => this.#hosts[i + 1] !== host))
      this.#hosts = [server.host, ...clients.map(({ host }) => host)]
    return this.#hosts
  }

  hostOf(who: Who): Host<Driven> {
    return who === 'server' ? this.server.host : this.clients[who]!.host
  }

  /** The time-out of a connection: the smaller one of both sides. */
  get timeoutMs(): number {
    return Math.min(this.setup.serverTimeoutMs, this.setup.clientTimeoutMs)
  }

  /** Makes the machine of the server or of a client, and the endpoint on it. */
  makeHost<E extends Driven>(
    who: Who,
    make: (parts: {
      readonly clock: HostClock
      readonly transport: HostTransport
      readonly entropy: ReturnType<typeof seededEntropy>
    }) => E,
  ): Host<E> {
    const { setup } = this
    const clock = new HostClock(this.clock, setup.clockOffsets[who === 'server' ? setup.clients : who]!)
    const transport = new HostTransport(this.network.simulated.transport(who === 'server' ? SERVER_HOST : clientHost(who)), clock)
    const entropy = seededEntropy(setup.seed * 1000 + this.#made++)
    const hz = who === 'server' ? setup.serverHz : setup.clientHz[who]!
    return new Host(who === 'server' ? 'server' : `client ${who}`, clock, transport, make({ clock, transport, entropy }), hz, this.now)
  }

  /** After its process has vanished, the server is another one. */
  restartServer(): void {
    if (this.server.host.isAlive) return
    this.server.host.transport.release()
    this.portClosedAt = Number.POSITIVE_INFINITY
    this.notAcceptingAt = this.now
    this.server = new ServerPlayer(this)
  }

  // ── Sessions ──

  addSession(client: number, plan: Plan): Session {
    const tag = this.sessions.length + 1
    const session = new Session(`${client}.${tag}`, tag, plan, this.now)
    this.sessions.push(session)
    this.#byName.set(session.name, session)
    return session
  }

  sessionNamed(name: string): Session | undefined {
    return this.#byName.get(name)
  }

  noteAddress(address: { readonly host: string; readonly port: number }, session: Session): void {
    this.#byAddress.set(`${address.host}:${address.port}`, session)
  }

  nextBroadcast(): number {
    return this.#broadcasts++
  }

  /** What the world knows of an attempt that has failed. */
  factsOf(session: Session): AttemptFacts {
    const since = session.startedAt
    this.server.noteFull()
    return {
      now: this.now,
      timeoutMs: this.timeoutMs,
      wasPortClosed: this.portClosedAt >= since,
      wasNotAccepting: this.notAcceptingAt >= since,
      wasFull: this.fullAt >= since,
      slackMs: this.slackMs,
      jumpedMs: this.clients[clientOf(session)]!.host.jumpedMs,
    }
  }

  /** By so much deadlines may come sooner, as clocks have gone forward. */
  get slackMs(): number {
    return this.hosts.reduce((sum, { jumps, intervalMs }) => sum + jumps * (STALL_MS + intervalMs), 1)
  }

  /** Something that a farewell need not survive. */
  disturb(): void {
    for (const farewell of this.#calmFarewells) if (farewell.at + CALM_AFTER_MS > this.now) farewell.isCalm = false
    this.#calmFarewells.length = 0
  }

  /** Notes that one side ends a session. `queuedBytes`: what waits to be sent before the farewell. */
  farewell(session: Session, detail: string, queuedBytes: number): Farewell {
    const { now } = this
    const hosts = [this.server.host, this.clients[clientOf(session)]!.host]
    const isCalm =
      this.network.goodSince + CALM_BEFORE_MS <= now &&
      hosts.every(({ isAlive, busySince, hz }) => isAlive && hz >= 10 && busySince + CALM_BEFORE_MS <= now) &&
      session.client.isOpen &&
      session.server.isOpen &&
      queuedBytes <= CALM_QUEUE_BYTES
    const farewell = { at: now, detail, isCalm }
    if (isCalm) this.#calmFarewells.push(farewell)
    return farewell
  }

  /** A session has timed out: it must have been silent for so long, and something must have been in its way. */
  checkTimeout(session: Session, side: 'client' | 'server'): void {
    const silenceMs = this.now - session[side].heardAt
    const name = `${session.name} timed out on the ${side} after ${silenceMs.toFixed(1)} ms of silence`
    if (silenceMs + this.slackMs < this.timeoutMs) this.journal.violate('timeouts', `${name}, of ${this.timeoutMs}`)
    const since = this.now - this.timeoutMs - SETTLED_MS
    const hosts = [this.server.host, this.clients[clientOf(session)]!.host]
    const isGood = this.network.goodSince <= since && hosts.every(({ isAlive, hz, busySince }) => isAlive && hz >= 10 && busySince <= since)
    const isWhole =
      !session.isCutOff && !session.isReplaced && session.startedAt <= since && !session.client.isGone && !session.server.isGone
    if (isGood && isWhole && session.client.isOpen && session.server.isOpen)
      this.journal.violate('timeouts', `${name}, and nothing was in its way`)
  }

  /** A message with a lifetime has come: it must have left within that. */
  checkLifetime(message: SentMessage | undefined, from: Who, to: Who): void {
    const ttlMs = message?.type.ttlMs
    if (message === undefined || ttlMs === undefined) return
    const hosts = [from, to].map((who) => (who === 'server' ? SERVER_HOST : clientHost(who))) as [string, string]
    if (!this.network.hasSentBetween(...hosts, message.sentAt, message.sentAt + ttlMs + ROUNDING_MS))
      this.journal.violate(
        'lifetimes',
        `${message.type.name} ${message.serial}, ${message.delivery}, was sent at ${message.sentAt.toFixed(1)} ms to live for ${ttlMs} ms, in which nothing left, and it came`,
      )
  }

  /** A promise of the library: it must settle while its host lives. Errors of calls that may fail are given to `onError`. */
  watch(host: Host<Driven>, what: string, promise: Promise<unknown>, onError?: (error: Error) => void): void {
    const name = `${host.name}: ${what} (${++this.#promises})`
    this.pending.add(name)
    promise.then(
      () => this.pending.delete(name),
      (error: Error) => {
        this.pending.delete(name)
        if (onError !== undefined) onError(error)
        else this.journal.violate('promise', `${name} rejected: ${error.message}`)
      },
    )
  }

  forgetPromises(host: Host<Driven>): void {
    for (const name of this.pending) if (name.startsWith(`${host.name}:`)) this.pending.delete(name)
  }

  // ── Time ──

  /** Lets so much time pass: from update to update, with every invariant looked at behind each. */
  async run(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      let next = end
      const { hosts } = this // of now: a process may have started again meanwhile
      for (let i = 0; i < hosts.length; i++) next = Math.min(next, hosts[i]!.nextAt)
      this.clock.set(Math.max(this.now, next))
      for (const host of hosts) {
        if (host.nextAt > this.now) continue
        host.nextAt = Math.max(host.nextAt + host.intervalMs, this.now)
        this.#update(host)
        if (this.journal.violations.length > 0) return
      }
      await settle()
      if (this.now >= end || this.journal.violations.length > 0) return
    }
  }

  #update(host: Host<Driven>): void {
    try {
      host.endpoint.update()
    } catch (error) {
      this.journal.violate('exception', `update() of ${host.name} threw ${error instanceof Error ? error.stack : error}`)
      return
    }
    const at = this.hosts.indexOf(host)
    if (at === 0) this.server.check()
    else if (at > 0) this.clients[at - 1]!.check()
  }

  #noteHeard(from: string, to: string): void {
    const up = this.#byAddress.get(from)
    if (up !== undefined) up.server.heardAt = this.now
    if (!to.startsWith(SERVER_HOST)) {
      const { session } = this.clients[clientIndexOf(to)]!
      if (session !== undefined) session.client.heardAt = this.now
    }
  }
}

/** Lets promises settle. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await undefined
}
