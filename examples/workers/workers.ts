// `workers.js`: one server on all cores, and bots that play on it. Prints which worker has how many of them. Exit code 0: all played; 1: not; 2: the command line was wrong.
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'tickwire'
import { readCommandLine } from '../command-line.js'
import { GAME, Input, messages, State } from './messages.js'
import { ServerThread } from './server-thread.js'

const MAX_WORKERS = 64
const MAX_PLAYERS = 200
/** Bots that connect at the same time. */
const CONNECTING_AT_ONCE = 16

const { options } = readCommandLine('node dist/examples/workers/workers.js [options]', {
  workers: {
    type: 'integer',
    default: Math.min(availableParallelism(), MAX_WORKERS),
    min: 1,
    max: MAX_WORKERS,
    text: 'threads, each with a server',
  },
  players: { type: 'integer', default: 40, min: 1, max: MAX_PLAYERS, text: 'bots' },
  seconds: { type: 'number', default: 2, min: 0.2, max: 60, text: 'how long they play' },
  port: { type: 'integer', default: 0, min: 0, max: 65_535, text: 'UDP port of all workers; 0: a free one' },
})

/** One player: sends thirty inputs a second, and hears which worker it is at. */
class Bot {
  readonly #client = new Client({ messages, game: GAME })
  /** Numbers of the workers that have answered: one, as its address stays. */
  readonly workers = new Set<number>()

  async join(port: number): Promise<void> {
    this.#client.onMessage(State, ({ worker }) => void this.workers.add(worker))
    await this.#client.connect({ host: '127.0.0.1', port })
    let number = 0
    this.#client.run({ hz: 30, onTick: () => this.#client.send(Input, { number: number++ }) })
  }

  leave(): Promise<void> {
    return this.#client.close()
  }
}

process.exitCode = await play()

async function play(): Promise<number> {
  const threads: ServerThread[] = []
  const bots: Bot[] = []
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())
  try {
    const failure = await startAll(threads)
    if (failure !== undefined) {
      for (const line of adviceFor(failure, threads.length)) console.error(line)
      return 1
    }
    const { port } = threads[0]!
    console.log(`${options.workers} ${options.workers === 1 ? 'worker listens' : 'workers listen'} on 127.0.0.1:${port}.`)
    await joinAll(bots, port, interruption.signal)
    await sleep(options.seconds * 1000, undefined, { signal: interruption.signal }).catch(() => {})
    let players = 0
    for (const thread of threads) {
      const count = await thread.count()
      players += count.players
      console.log(`worker ${thread.number}: ${count.players} ${count.players === 1 ? 'player' : 'players'}, ${count.inputs} inputs`)
    }
    if (interruption.signal.aborted) return 130
    const isWhole = players === options.players && bots.every(({ workers }) => workers.size === 1)
    console.log(
      isWhole
        ? `All ${players} bots have played, each at one worker.`
        : `Only ${players} of ${options.players} bots have played to the end.`,
    )
    return isWhole ? 0 : 1
  } finally {
    await Promise.all(bots.map((bot) => bot.leave()))
    await Promise.all(threads.map((thread) => thread.close()))
  }
}

/** Starts the workers, before any player comes. Resolves to why one could not listen. */
async function startAll(threads: ServerThread[]): Promise<string | undefined> {
  let { port } = options
  for (let number = 1; number <= options.workers; number++) {
    try {
      const thread = await ServerThread.start({ number, port, maxPeers: options.players })
      threads.push(thread)
      port = thread.port // the first may have chosen it
    } catch (error) {
      return (error as Error).message // start() rejects with Errors only
    }
  }
  return undefined
}

/** What to do where workers cannot share a port. */
function adviceFor(failure: string, listening: number): string[] {
  return [
    `worker ${listening + 1} cannot listen: ${failure}`,
    'Several workers share a port on Linux with the batched transport (npm install koffi; tickwire doctor says whether it works), or with Node 23.1 or newer.',
    'Elsewhere give each worker a port of its own, and let a lobby or a matchmaker tell players which.',
  ]
}

/** A few at a time, so that it is a crowd and no flood. */
async function joinAll(bots: Bot[], port: number, signal: AbortSignal): Promise<void> {
  const work = async (): Promise<void> => {
    while (bots.length < options.players && !signal.aborted) {
      const bot = new Bot()
      bots.push(bot)
      await bot.join(port).catch((error: Error) => console.error(error.message.split('. ')[0]))
    }
  }
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, work))
}
