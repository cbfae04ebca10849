// Seeds spread over worker threads, in order of seed.
import { Worker } from 'node:worker_threads'
import type { SeedResult } from './run-seed.js'
import type { Task } from './worker.js'

export interface PoolOptions {
  readonly workers: number
  /** The next task; undefined where there is none left. */
  readonly next: () => Task | undefined
  readonly onResult: (result: SeedResult) => void
  readonly signal: AbortSignal
}

/** Tasks that wait in a thread beside the one that runs, so that none idles between two seeds. */
const AHEAD = 2

/** Resolves when all tasks are done, or soon after `signal`. Rejects where a thread fails. */
export async function runPool(options: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.workers }, () => runWorker(options)))
}

function runWorker({ next, onResult, signal }: PoolOptions): Promise<void> {
  const worker = new Worker(new URL('./worker.js', import.meta.url))
  return new Promise<void>((resolve, reject) => {
    let open = 0
    const end = (): void => {
      signal.removeEventListener('abort', end)
      void worker.terminate().then(() => resolve())
    }
    const feed = (): void => {
      while (open < AHEAD && !signal.aborted) {
        const task = next()
        if (task === undefined) break
        open++
        worker.postMessage(task)
      }
      if (open === 0) end()
    }
    worker.on('message', (result: SeedResult) => {
      open--
      onResult(result)
      feed()
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve())
    signal.addEventListener('abort', end)
    feed()
  })
}
