// ENet with many players: enet-players.c, twice.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { ServerFigures } from '../processes/game-server.js'
import { compile } from './compile.js'

/** A server and its clients, connected and playing. */
export class EnetPlayers {
  readonly #server: Program
  readonly #clients: Program

  private constructor(server: Program, clients: Program) {
    this.#server = server
    this.#clients = clients
  }

  /** Resolves when all are connected. `hz`: messages of each client; `serverHz`: updates of the server. */
  static async start(clients: number, hz: number, serverHz: number): Promise<EnetPlayers> {
    const server = new Program(['server', String(clients), String(serverHz)])
    const port = await server.line()
    const players = new EnetPlayers(server, new Program(['clients', port, String(clients), String(hz)]))
    const ready = await players.#clients.line()
    if (ready === 'ready') return players
    await players.end()
    throw new Error(`enet-players: ${ready}`)
  }

  begin(): void {
    this.#server.write('begin')
  }

  async figures(): Promise<ServerFigures> {
    this.#server.write('end')
    return JSON.parse(await this.#server.line()) as ServerFigures
  }

  async end(): Promise<void> {
    await Promise.all([this.#clients.end(), this.#server.end()])
  }
}

/** The program, by its lines. */
class Program {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor(args: readonly string[]) {
    this.#process = spawn(compile('enet-players'), args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  write(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('enet-players ended')
    return value
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}
