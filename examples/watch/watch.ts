// `watch.js`: a watched server, and three players: one who talks, one who floods, one who says nothing.
import { Client } from 'tickwire'
import { readCommandLine } from '../command-line.js'
import { Chat, messages, Start } from './messages.js'
import { startWatchedServer } from './server.js'

const { options } = readCommandLine('node dist/examples/watch/watch.js [options]', {
  seconds: { type: 'number', default: 3, min: 2, max: 600, text: 'how long the players stay' },
})

const watched = await startWatchedServer((line) => console.log(line))
const ada = await join('ada')
const bob = await join('bob')
const mallory = await join('mallory')
bob.on('OnDisconnect', ({ reason, detail }) => console.log(`bob reads: ${reason}, ${detail}`))

ada.send(Chat, { text: 'darn, it rains' })
ada.send(Chat, { text: '' })
ada.every(500, () => ada.send(Chat, { text: 'still here' }))
// More than her rate: what is above it is dropped. What is empty the middleware drops, so that her flood is not on the screen.
mallory.every(20, () => {
  for (let i = 0; i < 500; i++) mallory.send(Chat, { text: '' }, { delivery: 'unreliable' })
})

await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000))
const response = await fetch(watched.healthUrl)
const health = (await response.json()) as { isHealthy: boolean; peers: number; drops: { rateLimited: number; middleware: number } }
console.log(
  `HTTP ${response.status}: healthy ${health.isHealthy}, ${health.peers} peers, rate-limited ${health.drops.rateLimited > 0}, by middleware ${health.drops.middleware > 0}`,
)
await Promise.all([ada, bob, mallory].map((client) => client.close('it is late')))
await watched.close()

/** A player who is in, and has got the server's first word. */
async function join(name: string): Promise<Client> {
  const client = new Client({ messages, game: 'watch' })
  client.onMessage(Chat, () => {})
  client.run({ hz: 60 })
  const start = client.waitFor(Start, undefined, { timeoutMs: 5000 })
  await client.connect({ host: '127.0.0.1', port: watched.port, name })
  console.log(`${name} is in, and reads: ${(await start).motto}`)
  return client
}
