// `bot.js`: loads a server with players, its own or one that runs, and prints what they see. Exit code 0: all connected and stayed; 1: not; 2: the command line was wrong.
import { isIPv4 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { endWithUsageError, readCommandLine } from '../command-line.js'
import { BotPlayer, type Seen } from './bot-player.js'
import { MAX_PLAYERS } from './messages.js'
import { OwnServer } from './own-server.js'
import { isComplete, reportLines } from './report.js'
import { openBotServer } from './server.js'

const USAGE = `node dist/examples/bot/bot.js [options]              loads a server that it starts
node dist/examples/bot/bot.js HOST:PORT [options]    loads one that runs
node dist/examples/bot/bot.js server [--port N]      such a server, until Ctrl-C`

/** Players that connect at the same time. */
const CONNECTING_AT_ONCE = 16
/** Before it is measured, everything runs. */
const WARM_UP_MS = 500

const { options, words } = readCommandLine(
  USAGE,
  {
    players: { type: 'integer', default: 20, min: 1, max: MAX_PLAYERS, text: 'how many' },
    seconds: { type: 'number', default: 5, min: 1, max: 60, text: 'how long they are measured' },
    hz: { type: 'integer', default: 30, min: 1, max: 120, text: 'inputs of each a second' },
    port: { type: 'integer', default: 9320, min: 0, max: 65_535, text: 'UDP port of the command server; 0: a free one' },
    'i-own-this-host': { type: 'switch', text: 'needed for a host that is not this one: load only what is yours' },
  },
  1,
)
const [target] = words
if (target === 'server') await serve()
else process.exitCode = await load(target === undefined ? undefined : readTarget(target))

interface Target {
  readonly host: string
  readonly port: number
}

async function serve(): Promise<void> {
  const server = await openBotServer({ host: '127.0.0.1', port: options.port })
  console.log(`listening on 127.0.0.1:${server.address!.port}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close('the server is going down'))
}

async function load(given: Target | undefined): Promise<number> {
  const own = given === undefined ? await OwnServer.start() : undefined
  const { host, port } = given ?? { host: '127.0.0.1', port: own!.port }
  const interruption = new AbortController()
  process.once('SIGINT', () => interruption.abort())
  const { players } = options
  console.log(`${players} players at ${options.hz} inputs a second load ${host}:${port} for ${options.seconds} s.`)
  const all = Array.from({ length: players }, (_, i) => new BotPlayer({ host, port, name: `bot ${i + 1}`, hz: options.hz }))
  const failures: string[] = []
  const joined = await join(all, failures, interruption.signal)
  try {
    await pause(WARM_UP_MS, interruption.signal)
    if (interruption.signal.aborted) {
      console.log('ended before anything was measured')
      return 130
    }
    for (const player of joined) player.beginMeasuring()
    const beganAt = performance.now()
    const [botCpuMs, serverCpuMs] = [cpuMs(), await own?.cpuMs()]
    await pause(options.seconds * 1000, interruption.signal)
    const elapsedMs = performance.now() - beganAt
    const seen: Seen[] = joined.map((player) => player.endMeasuring())
    const serverCpu = own === undefined ? undefined : ((await own.cpuMs()) - serverCpuMs!) / elapsedMs
    const result = { asked: players, seen, failures, seconds: elapsedMs / 1000, botCpu: (cpuMs() - botCpuMs) / elapsedMs, serverCpu }
    for (const line of reportLines(result)) console.log(line)
    if (interruption.signal.aborted) return 130
    return isComplete(result) ? 0 : 1
  } finally {
    await Promise.all(joined.map((player) => player.leave()))
    await own?.stop()
  }
}

/** A few at a time, so that it is a crowd and no flood. */
async function join(players: readonly BotPlayer[], failures: string[], signal: AbortSignal): Promise<BotPlayer[]> {
  const joined: BotPlayer[] = []
  const waiting = [...players]
  const work = async (): Promise<void> => {
    for (let player = waiting.shift(); player !== undefined && !signal.aborted; player = waiting.shift()) {
      try {
        await player.join()
        joined.push(player)
      } catch (error) {
        failures.push((error as Error).message.split('. ')[0]!) // connect() rejects with Errors only
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, work))
  return joined
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Ends early, without an error, at Ctrl-C. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

function readTarget(text: string): Target {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[|\]$/g, '')
  const port = Number(text.slice(colon + 1))
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) endWithUsageError(`expected HOST:PORT or server, got '${text}'`)
  if (!isThisHost(host) && !options['i-own-this-host'])
    endWithUsageError(`${host} is not this host: load only what is yours, and say so with --i-own-this-host`)
  return { host, port }
}

function isThisHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
