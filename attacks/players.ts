// The process of the honest players: fifty clients at 60 Hz, each of which sends a reliable message a tick and waits for all of them to come back.
import { Client } from '../lib/index.js'
import { messages, Tick } from './messages.js'
import { GAME, type Played, type ServerReady } from './protocol.js'

const TICK_MS = 1000 / 60
/** Between updates: finer than a tick, so that what is measured is the server and not this loop. */
const UPDATE_MS = 4

const players: { readonly client: Client; next: number; expected: number }[] = []
let latenciesMs: number[] = []
let sent = 0
let echoed = 0
let wrong = 0
let nextTickAt = performance.now()
let isPlaying = false

process.on(
  'message',
  (message: {
    readonly join?: { readonly server: ServerReady; readonly count: number }
    readonly ask?: 'played' | 'close'
    readonly plays?: boolean
  }) => {
    if (message.join !== undefined) void join(message.join.server, message.join.count)
    else if (message.plays !== undefined) {
      isPlaying = message.plays
      nextTickAt = performance.now()
    } else if (message.ask === 'played') tell()
    else void close()
  },
)
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {}) // the parent ends this process when it has its figures
process.send!('ready')

async function join({ open }: ServerReady, count: number): Promise<void> {
  setInterval(update, UPDATE_MS)
  for (let i = 0; i < count; i++) {
    const client = new Client({ messages, game: GAME })
    await client.connect({ host: open.host, port: open.port, name: `player ${i}` })
    const player = { client, next: 0, expected: 0 }
    client.onMessage(Tick, ({ n, at }) => {
      if (n !== player.expected) wrong++
      player.expected = n + 1
      echoed++
      latenciesMs.push(performance.now() - at)
    })
    client.on('OnError', () => {})
    players.push(player)
  }
  nextTickAt = performance.now()
  isPlaying = true
  process.send!('joined')
}

function update(): void {
  const now = performance.now()
  if (isPlaying && now >= nextTickAt) {
    nextTickAt = Math.max(nextTickAt + TICK_MS, now - TICK_MS)
    for (const player of players) {
      if (player.client.send(Tick, { n: player.next++, at: now }) > 0) sent++
    }
  }
  for (const { client } of players) client.update()
}

function tell(): void {
  const connected = players.filter(({ client }) => client.connected).length
  process.send!({ latenciesMs, sent, echoed, wrong, connected } satisfies Played)
  latenciesMs = []
}

/** Waits for what is under way, tells the whole, and ends. */
async function close(): Promise<void> {
  isPlaying = false
  for (let waited = 0; echoed < sent && waited < 5000; waited += 20) await new Promise((resolve) => setTimeout(resolve, 20))
  tell()
  await Promise.all(players.map(({ client }) => client.disconnect()))
  process.exit(0)
}
