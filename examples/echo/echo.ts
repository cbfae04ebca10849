// A server that sends everything back, and a client that talks to it.
import { Client, float32, MessageFactory, Server, string } from 'tickwire'

if (process.argv.includes('--help')) {
  console.log('node dist/examples/echo/echo.js: a server and a client greet each other over UDP on 127.0.0.1, for half a second.')
  process.exit()
}

// Messages are defined once, for both sides: the definition is the type, the codec and the check.
const messages = new MessageFactory()
const Chat = messages.define('Chat', { text: string(256) }) // ordered, the default: every one arrives, in order
const Move = messages.define('Move', { x: float32, y: float32 }, { delivery: 'sequenced' }) // only the newest counts

const server = new Server({ messages, game: 'echo' })
server.on('OnConnect', ({ peer }) => console.log(`server: ${peer.name} is in`))
server.onMessage(Chat, (chat, peer) => peer.send(Chat, { text: `${chat.text}, ${peer.name}` }))
server.onMessage(Move, (move, peer) => peer.send(Move, move))
server.on('OnDisconnect', ({ peer, reason, detail }) => {
  console.log(`server: ${peer.name} has left (${reason}): ${detail}`)
  server.close()
})
const { port } = await server.listen({ host: '127.0.0.1' })
server.run({ hz: 60 })

const client = new Client({ messages, game: 'echo' })
let last = { x: 0, y: 0 }
client.onMessage(Move, (move) => {
  last = move
})
client.onMessage(Chat, (chat) => {
  console.log(`client: "${chat.text}" came back, and the last move was ${last.x}, ${last.y}`)
  if (chat.text.startsWith('bye')) client.close('see you')
})
await client.connect({ host: '127.0.0.1', port, name: 'ada' })
client.run({ hz: 60, onTick: (tick) => client.send(Move, { x: tick, y: tick / 2 }) })
client.send(Chat, { text: 'hello' })
setTimeout(() => client.send(Chat, { text: 'bye' }), 500)
