// node:dgram without a protocol: one message, one datagram. The floor that every UDP library for node stands on when it does not coalesce.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { MessageCheck, NumberedMessages } from './numbered-messages.js'
import type { BenchmarkPeer } from './peer.js'
import { pump, windowOf } from './pump.js'

const SOCKET_BUFFER_BYTES = 4 << 20

/** node reads about 32 datagrams a turn. More under way gain nothing, and would overflow the socket's buffer when large. */
const WINDOW_MESSAGES = 128

export const nodeDgram: BenchmarkPeer = {
  name: 'raw node:dgram',
  unavailable: () => undefined,
  async run({ bytes, delivery, count, deadlineMs }) {
    if (delivery !== 'unreliable') return undefined
    const [client, server] = [newSocket(), newSocket()]
    try {
      server.bind(0, '127.0.0.1')
      client.bind(0, '127.0.0.1')
      for (const socket of [client, server]) {
        socket.setRecvBufferSize(SOCKET_BUFFER_BYTES)
        socket.setSendBufferSize(SOCKET_BUFFER_BYTES)
      }
      client.connect(server.address().port, '127.0.0.1')
      await once(client, 'connect')

      const window = windowOf(bytes, 1 << 20, WINDOW_MESSAGES)
      const messages = new NumberedMessages(bytes, window)
      const check = new MessageCheck(bytes, count, delivery)
      let failure: Error | undefined
      const done = (error: Error | null) => {
        if (error !== null) failure = error
      }
      server.on('message', (message) => {
        try {
          check.receive(message)
        } catch (error) {
          failure = error as Error
        }
      })
      const result = await pump({
        count,
        window,
        deadlineMs,
        isLossy: true,
        send: (number) => client.send(messages.message(number), done),
        received() {
          if (failure !== undefined) throw failure
          return check.received
        },
      })
      return { ...result, bytesOnWire: result.sent * bytes, datagrams: result.sent }
    } finally {
      client.close()
      server.close()
    }
  },
}

/** With this lookup bind, connect and send happen at once; the default one puts them off. */
function newSocket(): Socket {
  return createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) })
}
