// The client, in a process of its own, so that it can be frozen: a deed every 50 ms, whatever happens. Ends with its parent.
import { Client } from 'tickwire'
import { type Order, type Report, TIMEOUT_MS } from './accidents.js'
import { closeUdpSocket } from './close-udp-socket.js'
import { Deed, Done, GAME, messages } from './messages.js'

process.once('disconnect', () => process.exit())
if (!process.connected) process.exit()
process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group: the parent decides

const report = (what: Report): void => void process.send!(what)
const say = (line: string): void => report({ line: `client  ${line}` })
let sent = 0
let done = 0
let isCounting = true

const client = new Client({ messages, game: GAME, timeoutMs: TIMEOUT_MS, reconnect: { maxDelayMs: 1000, attemptTimeoutMs: 1000 } })
client.on('OnDrop', ({ detail }) => say(`OnDrop: ${detail}`))
client.on('OnResume', ({ attempts }) => say(`OnResume, at attempt ${attempts}`))
client.on('OnDisconnect', ({ reason, detail }) => say(`OnDisconnect: ${reason} ${detail}`))
client.on('OnError', ({ error }) => say(`OnError ${error.code}`))
client.onMessage(Done, ({ number }) => {
  if (number !== done + 1) say(`WRONG: done ${number} after ${done}`)
  done = number
})
await client.connect({ host: '127.0.0.1', port: Number(process.argv[2]), name: 'ada' })
say('is in')
client.run({
  hz: 60,
  onTick: (tick) => {
    if (tick % 3 !== 0) return
    if (isCounting && client.send(Deed, { number: sent + 1 }) > 0) sent++
    report({ sent, done })
  },
})

process.on('message', (order: Order) => {
  if (order === 'close-socket') {
    closeUdpSocket()
    say('its socket is closed')
  } else if (order === 'stop-counting') isCounting = false
  else void client.close('that was all').then(() => process.disconnect())
})
