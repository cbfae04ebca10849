// What runs in a network namespace: one task, given as JSON, whose results are told as lines of JSON. Ends when standard input does.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
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

export type Task =
  /** Serves until it is ended; tells the discovery ports. */
  | { readonly role: 'serve'; readonly servers: readonly ServerTask[] }
  /** Tells what it finds: ends with so many, or with its time. */
  | { readonly role: 'search'; readonly options: SearchOptions; readonly count?: number }
  /** Finds a server, joins it, has a text echoed; tells that and the server's address. */
  | { readonly role: 'join'; readonly options: SearchOptions; readonly text: string }
  /** Hosts or joins; tells which; plays on until it is ended. */
  | { readonly role: 'play'; readonly name: string }
  /** Asks by itself, and tells how large the queries and replies were. */
  | { readonly role: 'measure'; readonly broadcast: string; readonly servers: number }

export interface Told {
  readonly name: string
  readonly host: string
  readonly players: number
}

const messages = new MessageFactory()
const Echo = messages.define('Echo', { text: string(64) })

function tell(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

async function serve(servers: readonly ServerTask[]): Promise<() => Promise<unknown>> {
  const made: Server[] = []
  const ports: number[] = []
  for (const { name, host, game = 'arena', info } of servers) {
    const server = new Server({ messages, game })
    await server.listen({ host })
    server.onMessage(Echo, (echo, peer) => peer.send(Echo, echo))
    server.run({ hz: 60 })
    ports.push((await server.advertise({ name, info })).port)
    made.push(server)
  }
  tell(ports)
  return () => Promise.all(made.map((server) => server.close()))
}

async function search(options: SearchOptions, count = Number.POSITIVE_INFINITY): Promise<void> {
  const found: Told[] = []
  for await (const { name, host, players } of discover({ game: 'arena', ...options })) {
    found.push({ name, host, players })
    if (found.length >= count) break
  }
  tell(found)
}

async function join(options: SearchOptions, text: string): Promise<void> {
  for await (const found of discover({ game: 'arena', ...options })) {
    const client = new Client({ messages, game: 'arena' })
    await client.connect(found)
    client.run({ hz: 60 })
    const echoed = new Promise<string>((resolve) => {
      client.onMessage(Echo, (echo) => resolve(echo.text))
    })
    client.send(Echo, { text })
    tell({ echoed: await echoed, host: found.host, latency: found.latency })
    await client.close()
    return
  }
  throw new Error('found no server')
}

async function play(name: string): Promise<() => Promise<unknown>> {
  const { client, server, isHost } = await hostOrJoin({ messages, game: 'arena', name, timeoutMs: 500 })
  client.run({ hz: 60 })
  tell({ isHost, server: client.serverAddress!.host })
  return async () => {
    await client.close()
    await server?.close()
  }
}

async function measure(broadcast: string, servers: number): Promise<void> {
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
  tell({ queryBytes, replyBytes })
}

async function perform(task: Task): Promise<(() => Promise<unknown>) | undefined> {
  switch (task.role) {
    case 'serve':
      return await serve(task.servers)
    case 'search':
      await search(task.options, task.count)
      return undefined
    case 'join':
      await join(task.options, task.text)
      return undefined
    case 'play':
      return await play(task.name)
    case 'measure':
      await measure(task.broadcast, task.servers)
      return undefined
  }
}

const ended = once(process.stdin.resume(), 'end')
// Whatever it waits for: who started it does not wait any longer.
void ended.then(() => setTimeout(() => process.exit(2), 5000).unref())
const stop = await perform(JSON.parse(process.argv[2]!) as Task)
await ended
await stop?.()
