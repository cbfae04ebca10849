// Two machines on a LAN, as network namespaces of Linux: each has its own interfaces, addresses and ports, and nothing that is sent in one leaves the other.
//
//     a: 10.77.0.1, fd77::1, fe80::77:1  tw0 ──────── tw0  10.77.0.2, fd77::2, fe80::77:2  :b
//     a: 10.78.0.1                       tw1 ──────── tw1  10.78.0.2                       :b
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { plainNode } from '../plain-node.js'
import type { Task } from './actor.js'

const SIDES = ['a', 'b', 'lonely'] as const
export type Side = (typeof SIDES)[number]

/** The last number of the addresses of each. */
const ENDS = [
  ['a', 1],
  ['b', 2],
] as const

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

/** A process in a namespace that does one task after another. It ends with its standard input, and so with the test at the latest. */
class Actor {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>
  readonly #closed: Promise<unknown>
  #errors = ''

  constructor(namespace: string) {
    const [node, args] = plainNode([ACTOR])
    this.#child = spawn('ip', ['netns', 'exec', namespace, node, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#closed = once(this.#child, 'close')
    this.#child.stdin!.on('error', () => {}) // it may have ended by itself
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
  }

  /** What comes of a task. Rejects where it fails, or the process ends; silence ends it. One at a time. */
  async ask<T>(task: Task): Promise<T> {
    this.#child.stdin!.write(`${JSON.stringify(task)}\n`)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), SILENCE_MS)
    const { value, done } = await this.#answers.next()
    clearTimeout(timer)
    if (done) throw new Error(`the process ended while it should ${task.role}: ${await this.end()}`)
    const { result, error } = JSON.parse(value) as { readonly result?: T; readonly error?: string }
    if (error !== undefined) throw new Error(error)
    return result as T
  }

  /** Lets it end. Resolves when it is gone, with what it complained of. */
  async end(): Promise<string> {
    this.#child.stdin!.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), SILENCE_MS)
    await this.#closed
    clearTimeout(timer)
    return this.#errors
  }
}

/** Both machines, and a third without any network. `remove` takes them down, with all that runs there; so does the end of this process. */
export class Lan {
  readonly #actors = new Map<Side, Actor>()
  readonly #onExit = (): void => removeNamespaces(process.pid)

  constructor() {
    removeLeftovers()
    process.once('exit', this.#onExit)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGALRM'] as const) process.once(signal, () => process.exit(1))
    for (const side of SIDES) ip('netns', 'add', nameOf(side))
    for (const side of ['a', 'b'] as const) this.#in(side, 'link', 'set', 'lo', 'up')
    this.#connect('tw0', '10.77.0')
    this.#connect('tw1', '10.78.0')
    for (const side of SIDES) this.#actors.set(side, new Actor(nameOf(side)))
  }

  /** Gives both sides IPv6 addresses; false where the system has none. */
  addIpv6(): boolean {
    try {
      for (const [side, end] of ENDS) {
        // nodad: a test does not wait for whether somebody else has the address.
        this.#in(side, 'addr', 'add', `fd77::${end}/64`, 'dev', 'tw0', 'nodad')
        this.#in(side, 'addr', 'add', `fe80::77:${end}/64`, 'dev', 'tw0', 'nodad')
      }
      return true
    } catch {
      return false
    }
  }

  /** Pulls both cables of a machine, or plugs them in. */
  setCables(side: Side, state: 'up' | 'down'): void {
    for (const device of ['tw0', 'tw1']) this.#in(side, 'link', 'set', device, state)
  }

  ask<T>(side: Side, task: Task): Promise<T> {
    return this.#actors.get(side)!.ask(task)
  }

  /** Ends all servers and clients. */
  async clear(): Promise<void> {
    await Promise.all(Array.from(this.#actors.values(), (actor) => actor.ask({ role: 'clear' })))
  }

  /** Resolves with what the processes complained of. Harmless when removed. */
  async remove(): Promise<string> {
    const ending = Array.from(this.#actors.values(), (actor) => actor.end())
    this.#actors.clear()
    const errors = await Promise.all(ending)
    removeNamespaces(process.pid)
    process.off('exit', this.#onExit)
    return errors.join('')
  }

  #connect(device: string, network: string): void {
    ip('link', 'add', device, 'netns', nameOf('a'), 'type', 'veth', 'peer', 'name', device, 'netns', nameOf('b'))
    for (const [side, end] of ENDS) {
      this.#in(side, 'addr', 'add', `${network}.${end}/24`, 'broadcast', `${network}.255`, 'dev', device)
      this.#in(side, 'link', 'set', device, 'up')
    }
  }

  #in(side: Side, ...args: readonly string[]): void {
    ip('-n', nameOf(side), ...args)
  }
}

function nameOf(side: Side, pid = process.pid): string {
  return `tickwire-${pid}-${side}`
}

/** With a namespace go its interfaces, and with one end of a pair the other. */
function removeNamespaces(pid: number): void {
  for (const side of SIDES) {
    try {
      ip('netns', 'del', nameOf(side, pid))
    } catch {} // not made, or removed
  }
}

/** Those of a test that was killed outright. */
function removeLeftovers(): void {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const [, pid] of names.matchAll(/^tickwire-(\d+)-a\b/gm)) if (!isAlive(Number(pid))) removeNamespaces(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 })
}
