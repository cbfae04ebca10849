// The server, in a process of its own: a long frame of the client does not stop it. Ends with its parent.
import { Server } from 'tickwire'
import { GAME, Input, messages, Shot, State } from './messages.js'

process.once('disconnect', () => process.exit()) // before anything is awaited, so that no end is missed
if (!process.connected) process.exit()
process.on('SIGINT', () => {}) // Ctrl-C reaches the whole group: the parent decides

class Delays {
  #sum = 0
  #count = 0

  add(ms: number): void {
    this.#sum += ms
    this.#count++
  }

  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count
  }
}

const server = new Server({ messages, game: GAME })
const flushed = new Delays()
const unflushed = new Delays()
let shots = 0

// now() is what clients know as serverNow().
server.onMessage(Input, ({ at, isFlushed }) => (isFlushed ? flushed : unflushed).add(server.now() - at))
server.onMessage(Shot, ({ number }) => {
  if (number === shots + 1) shots++ // each once, and in order
})

const { port } = await server.listen({ host: '127.0.0.1' })
server.run({
  hz: 240, // so that the server's own ticks hardly show in the delays
  onTick: (tick) => {
    if (tick % 8 === 0) server.sendToAll(State, { shots, delayFlushed: flushed.mean, delayUnflushed: unflushed.mean })
  },
})
process.send?.({ port })
