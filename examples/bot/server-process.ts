// The server in a process of its own, so that its processor time is its own. Tells its port, and its processor time whenever asked. Ends with its parent.
import { openBotServer } from './server.js'

process.once('disconnect', () => process.exit()) // before anything is awaited, so that no end is missed
if (!process.connected) process.exit()
process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group: the parent decides

const server = await openBotServer({ host: '127.0.0.1', port: 0 })
process.on('message', () => process.send?.({ cpuMs: cpuMs() }))
process.send?.({ port: server.address!.port })

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
