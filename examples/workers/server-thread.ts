// A worker, as the main thread sees it.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { WorkerCommand, WorkerOptions, WorkerReport } from './worker-messages.js'

export class ServerThread {
  readonly #worker: Worker
  readonly number: number
  readonly port: number

  private constructor(worker: Worker, number: number, port: number) {
    this.#worker = worker
    this.number = number
    this.port = port
  }

  /** Resolves when it listens. Rejects with what the worker says, where it cannot. */
  static async start(options: WorkerOptions): Promise<ServerThread> {
    const worker = new Worker(new URL('./server-worker.js', import.meta.url), { workerData: options })
    const [report] = (await once(worker, 'message')) as [WorkerReport]
    if (report.type === 'listening') return new ServerThread(worker, options.number, report.port)
    throw new Error(report.type === 'failed' ? report.reason : `a worker said ${report.type}`)
  }

  async count(): Promise<{ readonly players: number; readonly inputs: number }> {
    this.#send('count')
    const [report] = (await once(this.#worker, 'message')) as [WorkerReport & { type: 'count' }]
    return report
  }

  async close(): Promise<void> {
    const exited = once(this.#worker, 'exit')
    this.#send('close')
    await exited
  }

  #send(command: WorkerCommand): void {
    this.#worker.postMessage(command)
  }
}
