// A server that watches over itself: limits, a watchdog, middleware, a tap, and its health over HTTP.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'tickwire'
import { Chat, messages, Start } from './messages.js'

export interface WatchedServer {
  readonly server: Server
  readonly port: number
  /** Where its health can be asked for. */
  readonly healthUrl: string
  close(): Promise<void>
}

/** `say` is given what happens, line by line. */
export async function startWatchedServer(say: (line: string) => void): Promise<WatchedServer> {
  const server = new Server({
    messages,
    game: 'watch',
    maxBytesPerSecond: 8000,
    watchdogs: { silence: { forMs: 1200, action: 'kick' } },
  })

  // Everything is looked at, and nothing of it changed.
  const counts = new Map<string, number>()
  server.tap({
    message: (direction, _, type) => counts.set(`${type.name} ${direction}`, (counts.get(`${type.name} ${direction}`) ?? 0) + 1),
  })
  server.every(1000, () => say(`messages so far: ${Array.from(counts, ([what, count]) => `${what} ${count}`).join(', ')}`))

  // What nobody should read is changed before any handler sees it, or dropped.
  server.use({
    receive: (type, message) => {
      const event = { type, message }
      if (!Chat.is(event)) return message
      return event.message.text === '' ? undefined : { text: event.message.text.replaceAll(/\bdarn\b/g, '****') }
    },
  })

  server.on('OnConnect', ({ peer }) => peer.send(Start, { motto: 'be kind' }))
  server.on('OnWatchdog', ({ peer, kind, detail }) => say(`watchdog: ${peer.name}, ${kind}: ${detail}`))
  server.on('OnDisconnect', ({ peer, reason }) => say(`${peer.name} has left (${reason})`))

  const { port } = await server.listen({ host: '127.0.0.1' })
  server.run({ hz: 60 })
  void readChat(server, say)

  const http = createServer((_, response) => {
    const health = server.health()
    response.writeHead(health.isHealthy ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(health))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const healthUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
  const close = async (): Promise<void> => {
    http.close()
    await server.close()
  }
  return { server, port, healthUrl, close }
}

/** Ends by itself when the server closes. */
async function readChat(server: Server, say: (line: string) => void): Promise<void> {
  for await (const { peer, message } of server.stream(Chat)) say(`${peer.name}: ${message.text}`)
}
