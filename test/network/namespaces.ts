// Two machines on a LAN, as network namespaces of Linux: each has its own interfaces, addresses and ports, and nothing that is sent in one leaves the other.
//
//     a: 10.77.0.1, fd77::1, fe80::77:1  tw0 ──────── tw0  10.77.0.2, fd77::2, fe80::77:2  :b
//     a: 10.78.0.1                       tw1 ──────── tw1  10.78.0.2                       :b
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Task } from './actor.js'

export type Side = 'a' | 'b' | 'lonely'

const ACTOR = fileURLToPath(new URL('./actor.js', import.meta.url))

/** Longer than anything here takes on a busy machine. */
const SILENCE_MS = 30_000

/** Why namespaces cannot be made here; undefined where they can. */
export function whyNoNamespaces(): string | undefined {
  const probe = `tickwire-probe-${process.pid}`
  try {
    ip('netns', 'add', probe)
  } catch (error) {
    return `"ip netns add" needs Linux, root and iproute2: ${error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : error}`
  }
  try {
    ip('netns', 'exec', probe, 'ip', 'link', 'set', 'lo', 'up')
    return undefined
  } catch {
    return '"ip netns exec" is not possible here'
  } finally {
    ip('netns', 'del', probe)
  }
}

/** A process in a namespace that does one task and tells of it line by line. It ends with its standard input, and so with the test at the latest. */
export class Actor {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #closed: Promise<unknown>
  #errors = ''

  constructor(namespace: string, task: Task) {
    // tap's hooks in NODE_OPTIONS would be loaded in it too.
    const { NODE_OPTIONS: _, ...env } = process.env
    const command = ['netns', 'exec', namespace, process.execPath, ACTOR, JSON.stringify(task)]
    this.#child = spawn('ip', command, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#closed = once(this.#child, 'close')
    this.#child.stdin!.on('error', () => {}) // it may have ended by itself
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
  }

  /** What it tells next. Rejects where it ends instead; silence ends it. */
  async tells<T>(): Promise<T> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), SILENCE_MS)
    const { value, done } = await this.#lines.next()
    clearTimeout(timer)
    if (done) throw new Error(`the process ended: ${await this.end()}`)
    return JSON.parse(value) as T
  }

  /** Lets it end. Resolves when it is gone, with what went wrong in it. */
  async end(): Promise<string> {
    this.#child.stdin!.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), SILENCE_MS)
    await this.#closed
    clearTimeout(timer)
    return this.#errors
  }
}

/** Both machines, and a third without any network. `remove` takes them down, with all that runs there. */
export class Lan {
  readonly #actors: Actor[] = []
  readonly #prefix = `tickwire-${process.pid}`

  constructor() {
    try {
      for (const side of ['a', 'b', 'lonely'] as const) ip('netns', 'add', this.#name(side))
      for (const side of ['a', 'b'] as const) this.#in(side, 'link', 'set', 'lo', 'up')
      this.#connect('tw0', '10.77.0')
      this.#connect('tw1', '10.78.0')
    } catch (error) {
      this.#removeNamespaces()
      throw error
    }
  }

  /** Whether it has IPv6, and if so, gives both sides addresses. */
  addIpv6(): boolean {
    try {
      for (const [side, end] of [
        ['a', 1],
        ['b', 2],
      ] as const) {
        // nodad: a test does not wait for whether somebody else has the address.
        this.#in(side, 'addr', 'add', `fd77::${end}/64`, 'dev', 'tw0', 'nodad')
        this.#in(side, 'addr', 'add', `fe80::77:${end}/64`, 'dev', 'tw0', 'nodad')
      }
      return true
    } catch {
      return false
    }
  }

  start(side: Side, task: Task): Actor {
    const actor = new Actor(this.#name(side), task)
    this.#actors.push(actor)
    return actor
  }

  /** Starts it, takes the one line that it tells, and lets it end. */
  async ask<T>(side: Side, task: Task): Promise<T> {
    const actor = this.start(side, task)
    const told = await actor.tells<T>()
    const errors = await actor.end()
    if (errors !== '') throw new Error(`on ${side}: ${errors}`)
    return told
  }

  /** Ends everything that runs. */
  async clear(): Promise<void> {
    await Promise.all(this.#actors.splice(0).map((actor) => actor.end()))
  }

  async remove(): Promise<void> {
    await this.clear()
    this.#removeNamespaces()
  }

  #connect(device: string, network: string): void {
    ip('link', 'add', device, 'netns', this.#name('a'), 'type', 'veth', 'peer', 'name', device, 'netns', this.#name('b'))
    for (const [side, end] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      this.#in(side, 'addr', 'add', `${network}.${end}/24`, 'broadcast', `${network}.255`, 'dev', device)
      this.#in(side, 'link', 'set', device, 'up')
    }
  }

  /** With a namespace go its interfaces, and with one end of a pair the other. */
  #removeNamespaces(): void {
    for (const side of ['a', 'b', 'lonely'] as const) {
      try {
        ip('netns', 'del', this.#name(side))
      } catch {} // not made
    }
  }

  #in(side: Side, ...args: readonly string[]): void {
    ip('-n', this.#name(side), ...args)
  }

  #name(side: Side): string {
    return `${this.#prefix}-${side}`
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 })
}
