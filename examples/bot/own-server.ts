// The server in a process of its own, as the process that started it sees it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export class OwnServer {
  readonly #process: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.port = port
  }

  static async start(): Promise<OwnServer> {
    const child = fork(fileURLToPath(new URL('./server-process.js', import.meta.url)))
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return new OwnServer(child, port)
  }

  async cpuMs(): Promise<number> {
    this.#process.send('cpu?')
    const [{ cpuMs }] = (await once(this.#process, 'message')) as [{ cpuMs: number }]
    return cpuMs
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.disconnect()
    await exited
  }
}
