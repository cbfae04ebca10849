// The server, in a process of its own, so that it can be killed. Ends with its parent.
import { Server } from 'tickwire'
import { type Report, TIMEOUT_MS } from './accidents.js'
import { Deed, Done, GAME, messages } from './messages.js'

process.once('disconnect', () => process.exit())
if (!process.connected) process.exit()
process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group: the parent decides

const report = (what: Report): void => void process.send!(what)
const say = (line: string): void => report({ line: `server  ${line}` })

const server = new Server<{ deeds: number }>({ messages, game: GAME, timeoutMs: TIMEOUT_MS, resumeGraceMs: 10_000 })
server.on('OnConnectRequest', (request) => request.accept({ deeds: 0 }))
server.on('OnConnect', ({ peer }) => say(`OnConnect ${peer.name}`))
server.on('OnDrop', ({ peer, detail }) => say(`OnDrop ${peer.name}: ${detail}`))
server.on('OnResume', ({ peer }) => say(`OnResume ${peer.name}, after ${peer.user.deeds} deeds`))
server.on('OnDisconnect', ({ peer, reason, detail }) => say(`OnDisconnect ${peer.name}: ${reason} ${detail}`))
server.on('OnError', ({ error }) => say(`OnError ${error.code}`))
server.onMessage(Deed, ({ number }, peer) => {
  if (number !== peer.user.deeds + 1) say(`WRONG: deed ${number} after ${peer.user.deeds}`)
  peer.user.deeds = number
  peer.send(Done, { number })
})
const { port } = await server.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
server.run({ hz: 60 })
report({ port })
