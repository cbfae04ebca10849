// What must and must not compile of limits, taps, middleware and waiting. tsc is the test; what runs here is one endpoint of each kind.
import t from 'tap'
import { Client, type Health, type MessageStream, type Peer, type Preview, Server, type WatchdogKind } from '../../lib/index.js'
import { Chat, Move, messages, Snapshot } from './public-surface.types.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <_ extends true>(): void => {}

class Player {
  gold = 0
}

/** Not called: it would wait for messages that nobody sends. */
export async function ofServer(server: Server<Player>): Promise<void> {
  const found = await server.waitFor(Move, (move, peer) => move.tick > 3 && peer.user.gold > 0, {
    timeoutMs: 10,
    signal: AbortSignal.timeout(5),
  })
  holds<Equal<typeof found, { readonly peer: Peer<Player>; readonly message: Move }>>()
  // @ts-expect-error a server gets no Snapshot
  await server.waitFor(Snapshot)
  // @ts-expect-error no such field
  await server.waitFor(Move, (move) => move.z > 3)
  for await (const { peer, message } of server.stream(Chat, { limit: 10 })) {
    holds<Equal<typeof peer, Peer<Player>>>()
    holds<Equal<typeof message, Chat>>()
  }
  server.on('OnPressure', ({ peer, queuedBytes, isHigh }) => {
    holds<Equal<[typeof peer, typeof queuedBytes, typeof isHigh], [Peer<Player>, number, boolean]>>()
  })
  server.on('OnWatchdog', ({ peer, kind, forMs }) => {
    holds<Equal<[typeof peer, typeof kind, typeof forMs], [Peer<Player>, WatchdogKind, number]>>()
    // @ts-expect-error no such watchdog
    if (kind === 'hunger') return
  })
  server.tap({ packet: (_direction, peer, bytes) => holds<Equal<[typeof peer, typeof bytes], [Peer<Player> | undefined, Uint8Array]>>() })
  server.use({
    receive: (type, message, peer) => {
      holds<Equal<[typeof message, typeof peer], [unknown, Peer<Player> | undefined]>>()
      const event = { type, message }
      return Chat.is(event) ? { ...event.message, text: event.message.text.trim() } : message
    },
  })
  // @ts-expect-error a server sends no Move
  server.preview(Move, { tick: 1, x: 1, y: 1, buttons: {} })
}

/** Not called. */
export async function ofClient(client: Client): Promise<void> {
  const snapshot = await client.waitFor(Snapshot)
  holds<Equal<typeof snapshot, Snapshot>>()
  // @ts-expect-error a client gets no Move
  client.stream(Move)
  const stream = client.stream(Chat)
  holds<Equal<typeof stream, MessageStream<{ readonly message: Chat }>>>()
  for await (const { message } of stream) message.text.trim()
  client.tap({ message: (_direction, peer) => holds<Equal<typeof peer, undefined>>() })
  // @ts-expect-error watchdogs are a server's
  client.on('OnWatchdog', () => {})
  // @ts-expect-error values of another message
  client.preview(Chat, { txt: '' })
}

t.test('options and results are typed', async (t) => {
  const server = new Server<Player>({
    messages,
    watchdogs: {
      silence: { forMs: 1000, action: ({ peer }) => peer.user.gold-- },
      slowReplies: { latencyMs: 100, forMs: 100, action: 'kick' },
    },
  })
  const anonymous = new Server({
    messages,
    watchdogs: { silence: { forMs: 1000, action: (event) => void event.peer.disconnect(event.detail) } },
  })
  anonymous.on('OnConnect', ({ peer }) => holds<Equal<typeof peer.user, undefined>>())
  // @ts-expect-error a slow reply needs a bound
  t.throws(() => new Server({ messages, watchdogs: { slowReplies: { forMs: 100 } } }))
  const health: Health = server.health()
  t.notOk(health.isHealthy)
  const preview: Preview = new Client({ messages }).preview(Chat, { text: 'x' })
  t.equal(preview.size, 3)
})
