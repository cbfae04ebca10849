// One match: starts the server, the bad link where one is asked for, and the bots; lets them play; and brings home what each of them counted.
import { setTimeout as sleep } from 'node:timers/promises'
import { BadLink } from './bad-link.js'
import { Child } from './child.js'
import type { PlayerCounts, ServerCounts } from './counts.js'
import type { DemoOptions } from './options.js'
import type { BotSettings, Order, ServerSettings } from './process-channel.js'
import type { Progress } from './report.js'

/** More than the library's own time-outs, which say better what is wrong. */
const READY_TIMEOUT_MS = 60_000

/** At heavy loss the last lines of chat take a while. */
const SETTLE_TIMEOUT_MS = 30_000

/** What needs no message to arrive: counts, and goodbyes, which wait a second at most. */
const ANSWER_TIMEOUT_MS = 5000

/** At heavy loss an attempt to connect can fail. */
const CONNECT_ATTEMPTS = 3

export interface MatchCounts {
  readonly server: ServerCounts
  readonly players: readonly PlayerCounts[]
}

type Bot = Child<undefined, PlayerCounts>

export class Match {
  readonly #options: DemoOptions
  readonly #server: Child<{ port: number }, ServerCounts>
  readonly #bots: Bot[] = []
  readonly #interruption: Promise<never>
  #badLink: BadLink | undefined
  #port = 0
  #beganAt: number | undefined
  #isSettling = false

  /** Starts the server's process. `interruption` is a promise that rejects to end everything. */
  constructor(options: DemoOptions, interruption: Promise<never>) {
    this.#options = options
    this.#interruption = interruption
    const settings: ServerSettings = { hz: options.hz, port: options.port }
    this.#server = new Child({ name: 'server', module: './server-process.js', settings })
  }

  get progress(): Progress {
    const elapsedMs = this.#beganAt === undefined ? 0 : performance.now() - this.#beganAt
    return {
      options: this.#options,
      port: this.#port,
      seconds: elapsedMs / 1000,
      isSettling: this.#isSettling,
      players: this.#bots.map((bot) => bot.row),
      server: this.#server.row,
    }
  }

  /** What processes complained of, for after the match. */
  get complaints(): string {
    return this.#children.map((child) => child.complaints).join('')
  }

  /** Resolves when server and bots are ready to play. */
  async open(): Promise<void> {
    const { players, hz, latency, loss } = this.#options
    const { port: serverPort } = await this.#within(READY_TIMEOUT_MS, this.#server.ready, 'the server to listen')
    this.#port = serverPort
    if (latency > 0 || loss > 0) {
      const maxClients = players * CONNECT_ATTEMPTS // each attempt comes from a port of its own
      this.#badLink = await BadLink.open({ serverPort, latencyMs: latency, loss: loss / 100, maxClients })
    }
    const port = this.#badLink?.port ?? serverPort
    for (let number = 1; number <= players; number++) {
      const settings: BotSettings = { hz, port, name: `player ${number}`, attempts: CONNECT_ATTEMPTS }
      this.#bots.push(new Child({ name: settings.name, module: './bot-process.js', settings }))
    }
    await this.#within(READY_TIMEOUT_MS, this.#each('ready'), 'the bots to connect')
  }

  /** Resolves to what everyone counted, after the time that the options give and when nothing is under way any more. */
  async play(): Promise<MatchCounts> {
    this.#beganAt = performance.now()
    this.#order('play')
    await this.#unlessFailed(sleep(this.#options.seconds * 1000, undefined, { ref: false }))
    this.#isSettling = true
    this.#order('rest')
    for (const bot of this.#bots) bot.order('settle')
    await this.#within(SETTLE_TIMEOUT_MS, this.#each('settled'), 'the acknowledgement of all that the bots said')
    this.#server.order('settle')
    await this.#within(SETTLE_TIMEOUT_MS, this.#server.settled, 'the acknowledgement of all that the server said')
    this.#order('count')
    const players = await this.#within(ANSWER_TIMEOUT_MS, this.#each('counts'), 'the counts of the bots')
    const server = await this.#within(ANSWER_TIMEOUT_MS, this.#server.counts, 'the counts of the server')
    return { server, players }
  }

  /** Lets everyone say goodbye: the bots, then the server. */
  async leave(): Promise<void> {
    for (const bot of this.#bots) bot.order('leave')
    await this.#within(ANSWER_TIMEOUT_MS, this.#each('gone'), 'the bots to leave')
    this.#server.order('leave')
    await this.#within(ANSWER_TIMEOUT_MS, this.#server.gone, 'the server to close')
  }

  /** Ends what still runs, and resolves when it is gone. */
  async close(): Promise<void> {
    this.kill()
    this.#badLink?.close()
    await Promise.all(this.#children.map((child) => child.gone))
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const child of this.#children) child.kill()
  }

  get #children(): readonly Child<unknown, unknown>[] {
    return [this.#server, ...this.#bots]
  }

  #order(order: Order): void {
    for (const child of this.#children) child.order(order)
  }

  /** The same promise of every bot. */
  #each<Key extends 'ready' | 'settled' | 'counts' | 'gone'>(key: Key): Promise<Awaited<Bot[Key]>[]> {
    return Promise.all(this.#bots.map((bot) => bot[key])) as Promise<Awaited<Bot[Key]>[]> // TypeScript does not see through Awaited of a generic key
  }

  #within<T>(timeoutMs: number, promise: Promise<T>, what: string): Promise<T> {
    const timeout = sleep(timeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`)
    })
    return this.#unlessFailed(Promise.race([promise, timeout]))
  }

  /** Rejects as soon as the match is interrupted or a process ends that should not. */
  #unlessFailed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#interruption, ...this.#children.map((child) => child.failed)])
  }
}
