// The server in a process of its own, so that its processor time is its own. Tells its port, and its processor time whenever asked. Ends with its parent.
import { openBotServer } from './server.js'

const server = await openBotServer({ host: '127.0.0.1', port: 0 })
process.on('message', () => process.send?.({ cpuMs: cpuMs() }))
process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group: the parent decides
process.once('disconnect', () => void server.close('its parent has gone'))
process.send?.({ port: server.address!.port })

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
