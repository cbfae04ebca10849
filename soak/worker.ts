// A thread that runs seeds: gets one at a time, and answers with what came of it.
import { parentPort } from 'node:worker_threads'
import { runSeed } from './run-seed.js'

export interface Task {
  readonly seed: number
  readonly isTwice: boolean
}

const port = parentPort
if (port === null) throw new Error('soak/worker.js expected to run as a worker thread; start npm run soak')

port.on('message', ({ seed, isTwice }: Task) => {
  void runSeed(seed, { isTwice }).then(
    (result) => port.postMessage(result),
    (error: unknown) => {
      throw error // ends the thread, and with it the soak, which says why
    },
  )
})
