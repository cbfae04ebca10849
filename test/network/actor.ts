// What runs in a network namespace: takes tasks as lines of JSON and answers each with one. Ends when standard input does.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { decodeReply, encodeQuery } from '../../lib/endpoint/discovery-messages.js'
import { Client, type DiscoverOptions, discover, hostOrJoin, MessageFactory, Server, string } from '../../lib/index.js'
import { DISCOVERY_PORT, DISCOVERY_PORTS } from '../../lib/wire/limits.js'

export interface ServerTask {
  readonly name: string
  readonly host?: string
  readonly game?: string
  readonly info?: string
}

type SearchOptions = Pick<DiscoverOptions, 'game' | 'timeoutMs' | 'interfaces' | 'addresses'>

export interface Search extends SearchOptions {
  readonly count?: number
}

export type Task =
  /** Serves until `clear`; the discovery ports. */
  | { readonly role: 'serve'; readonly servers: readonly ServerTask[] }
  /** What each search finds, all at the same time: ends with so many, or with its time; or why it fails. */
  | { readonly role: 'search'; readonly searches: readonly Search[] }
  /** Finds a server, joins it, has a text echoed. */
  | { readonly role: 'join'; readonly options: SearchOptions; readonly text: string }
  /** Each hosts or joins, at the same time, and plays on until `clear`. */
  | { readonly role: 'play'; readonly names: readonly string[] }
  /** Asks by itself until so many servers have answered: how large the queries and replies were. */
  | { readonly role: 'measure'; readonly broadcast: string; readonly servers: number }
  /** Ends all that runs. */
  | { readonly role: 'clear' }

export interface Told {
  readonly name: string
  readonly host: string
  readonly players: number
}

const messages = new MessageFactory()
const Echo = messages.define('Echo', { text: string(64) })

export interface Joined {
  readonly echoed: string
  readonly host: string
  readonly latency: number
}

export interface Played {
  readonly isHost: boolean
  readonly server: string
}

const running: { close(): Promise<unknown> }[] = []

async function serve(servers: readonly ServerTask[]): Promise<number[]> {
  const ports: number[] = []
  for (const { name, host, game = 'arena', info } of servers) {
    const server = new Server({ messages, game })
    running.push(server)
    await server.listen({ host })
    server.onMessage(Echo, (echo, peer) => peer.send(Echo, echo))
    server.run({ hz: 60 })
    ports.push((await server.advertise({ name, info })).port)
  }
  return ports
}

async function search({ count = Number.POSITIVE_INFINITY, ...options }: Search): Promise<Told[]> {
  const found: Told[] = []
  for await (const { name, host, players } of discover({ game: 'arena', ...options })) {
    found.push({ name, host, players })
    if (found.length >= count) break
  }
  return found
}

async function join(options: SearchOptions, text: string): Promise<Joined> {
  for await (const found of discover({ game: 'arena', ...options })) {
    const client = new Client({ messages, game: 'arena' })
    running.push(client)
    await client.connect(found)
    client.run({ hz: 60 })
    const echoed = new Promise<string>((resolve) => {
      client.onMessage(Echo, (echo) => resolve(echo.text))
    })
    client.send(Echo, { text })
    return { echoed: await echoed, host: found.host, latency: found.latency }
  }
  throw new Error('found no server')
}

async function play(name: string): Promise<Played> {
  const { client, server, isHost } = await hostOrJoin({ messages, game: 'arena', name, timeoutMs: 500 })
  running.push(client, ...(server === undefined ? [] : [server]))
  client.run({ hz: 60 })
  return { isHost, server: client.serverAddress!.host }
}

async function measure(broadcast: string, servers: number): Promise<{ queryBytes: number; replyBytes: number[] }> {
  const socket = createSocket('udp4')
  socket.bind(0)
  await once(socket, 'listening')
  socket.setBroadcast(true)
  const replyBytes: number[] = []
  const named = new Set<string>()
  const done = new Promise<void>((resolve) => {
    socket.on('message', (bytes) => {
      replyBytes.push(bytes.length)
      named.add(decodeReply(bytes)!.name)
      if (named.size >= servers) resolve()
    })
  })
  const query = new Uint8Array(2000)
  const queryBytes = encodeQuery({ nonceLow: 1, nonceHigh: 2, gameLow: 0, gameHigh: 0 }, query)
  const ask = (): void => {
    for (let i = 0; i < DISCOVERY_PORTS; i++) socket.send(query, 0, queryBytes, DISCOVERY_PORT + i, broadcast)
  }
  ask()
  const timer = setInterval(ask, 200)
  await done
  clearInterval(timer)
  socket.close()
  return { queryBytes, replyBytes }
}

async function clear(): Promise<void> {
  await Promise.all(running.splice(0).map((one) => one.close()))
}

function perform(task: Task): Promise<unknown> {
  switch (task.role) {
    case 'serve':
      return serve(task.servers)
    case 'search':
      return Promise.all(task.searches.map((one) => search(one).catch((error: Error) => error.message)))
    case 'join':
      return join(task.options, task.text)
    case 'play':
      return Promise.all(task.names.map(play))
    case 'measure':
      return measure(task.broadcast, task.servers)
    case 'clear':
      return clear()
  }
}

// Whatever a task still waits for: who started this does not wait any longer.
process.stdin.once('end', () => setTimeout(() => process.exit(2), 5000).unref())
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await perform(JSON.parse(line) as Task).then(
    (result) => ({ result }),
    (error: Error) => ({ error: `${error.message} ${error.stack}` }),
  )
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
await clear()
