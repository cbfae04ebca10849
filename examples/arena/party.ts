// The processes of one `npm run demo`: the server, where no arena was found, and bots. What runs in them is server-process.ts and bot-process.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.js'
import type { PlayerCounts } from './counts.js'
import { type FoundArena, findArena } from './find-arena.js'
import type { BotSettings, Order, ServerReady, ServerSettings } from './process-channel.js'

/** More than the library's own time-outs, which say better what is wrong. */
const READY_TIMEOUT_MS = 60_000

/** At heavy loss the last lines of chat take a while. */
const SETTLE_TIMEOUT_MS = 30_000

/** Counts, which are resent at heavy loss. */
const ANSWER_TIMEOUT_MS = 10_000

/** Goodbyes: children end within three seconds. */
const LEAVE_TIMEOUT_MS = 4000

/** Each attempt fails only where an arena that was first is gone again. */
const ATTEMPTS = 5

export interface Entrance {
  readonly arena: FoundArena
  readonly isHost: boolean
}

export class Party {
  readonly #interruption: Promise<never>
  #server: Child<ServerReady> | undefined
  readonly #bots: Child<undefined>[] = []
  readonly #over = new AbortController()

  /** `interruption` is a promise that rejects to end everything. */
  constructor(interruption: Promise<never>) {
    this.#interruption = interruption
  }

  /** Aborted when the party is over: whatever still goes on in this process ends then. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** Finds the arena, or starts one. Where two do so at once, one of them gives way and joins the other. */
  async enter(settings: ServerSettings): Promise<Entrance> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.unlessEnded(findArena(settings.search, { signal: this.signal }))
      if (found !== undefined) return { arena: found, isHost: false }
      this.signal.throwIfAborted()
      const server = new Child<ServerReady>({ name: 'server', module: './server-process.js', settings })
      this.#server = server
      const ready = await this.#within(READY_TIMEOUT_MS, server.ready, 'the server to listen')
      if ('port' in ready) return { arena: { host: '127.0.0.1', port: ready.port, name: settings.name, hz: settings.hz }, isHost: true }
      this.#server = undefined
      server.order('leave')
      await server.gone
    }
    throw new Error(`no arena could be joined or started in ${ATTEMPTS} attempts: others come and go`)
  }

  /** Starts a bot. */
  addBot(settings: BotSettings): void {
    this.#bots.push(new Child({ name: settings.name, module: './bot-process.js', settings }))
  }

  /** Resolves when all bots are in. */
  async botsReady(): Promise<void> {
    await this.#within(READY_TIMEOUT_MS, this.#each('ready'), 'the bots to connect')
  }

  play(): void {
    this.#order('play')
  }

  /** Resolves when all that the bots said has been acknowledged. */
  async rest(): Promise<void> {
    this.#order('rest')
    await this.#within(SETTLE_TIMEOUT_MS, this.#each('settled'), 'the acknowledgement of all that the bots said')
  }

  /** What each bot counted. */
  async count(): Promise<PlayerCounts[]> {
    this.#order('count')
    return await this.#within(ANSWER_TIMEOUT_MS, this.#each('counts'), 'the counts of the bots')
  }

  /** Lets everyone say goodbye, also to whoever has joined. Resolves when all are gone, or with what is left after a while. */
  async leave(): Promise<void> {
    this.#over.abort(new Error('the party is over'))
    for (const child of this.#children) child.order('leave')
    const gone = Promise.all(this.#children.map((child) => child.gone))
    await Promise.race([gone, sleep(LEAVE_TIMEOUT_MS, undefined, { ref: false })])
  }

  /** Ends what still runs, and resolves when it is gone. */
  async close(): Promise<void> {
    this.kill()
    await Promise.all(this.#children.map((child) => child.gone))
  }

  /** Ends all processes at once. */
  kill(): void {
    this.#over.abort(new Error('the party is over'))
    for (const child of this.#children) child.kill()
  }

  /** What processes complained of, for when the terminal is free again. */
  get complaints(): string {
    return this.#children.map((child) => child.complaints).join('')
  }

  /** Rejects as soon as the demo is interrupted or a process ends that should not. */
  unlessEnded<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#interruption, ...this.#children.map((child) => child.failed)])
  }

  get #children(): readonly Child<unknown>[] {
    return [...(this.#server === undefined ? [] : [this.#server]), ...this.#bots]
  }

  #order(order: Order): void {
    for (const bot of this.#bots) bot.order(order)
  }

  /** The same promise of every bot. */
  #each<Key extends 'ready' | 'settled' | 'counts' | 'gone'>(key: Key): Promise<Awaited<Child<undefined>[Key]>[]> {
    return Promise.all(this.#bots.map((bot) => bot[key])) as Promise<Awaited<Child<undefined>[Key]>[]> // TypeScript does not see through Awaited of a generic key
  }

  #within<T>(timeoutMs: number, promise: Promise<T>, what: string): Promise<T> {
    const timeout = sleep(timeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`)
    })
    return this.unlessEnded(Promise.race([promise, timeout]))
  }
}
