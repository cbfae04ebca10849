// socket.io over its WebSocket transport. A Buffer makes two frames: the event as JSON with a placeholder, then the bytes.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket as TcpSocket } from 'node:net'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { MessageCheck, NumberedMessages } from './numbered-messages.js'
import type { BenchmarkPeer } from './peer.js'
import { pump, windowOf } from './pump.js'

/** Its default is 1 MB. */
const MAX_MESSAGE_BYTES = 16 << 20

export const socketIo: BenchmarkPeer = {
  name: 'socket.io',
  unavailable: () => undefined,
  async run({ bytes, delivery, count, deadlineMs }) {
    if (delivery !== 'ordered') return undefined // its volatile messages drop only while a client is not connected
    const http = createServer()
    const server = new Server(http, {
      transports: ['websocket'],
      perMessageDeflate: false,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const tcpConnected = once(http, 'connection') as Promise<[TcpSocket]>
    const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    })
    try {
      const window = windowOf(bytes, 1 << 20)
      const messages = new NumberedMessages(bytes, window)
      const check = new MessageCheck(bytes, count, delivery)
      let failure: Error | undefined
      server.on('connection', (socket) => {
        socket.on('m', (message: Buffer) => {
          try {
            check.receive(message)
          } catch (error) {
            failure = error as Error
          }
        })
      })
      const [[tcp]] = await Promise.all([tcpConnected, new Promise<void>((resolve) => client.once('connect', resolve))])
      const bytesBefore = tcp.bytesRead + tcp.bytesWritten
      const result = await pump({
        count,
        window,
        deadlineMs,
        send: (number) => client.emit('m', messages.message(number)),
        received() {
          if (failure !== undefined) throw failure
          return check.received
        },
      })
      return { ...result, bytesOnWire: tcp.bytesRead + tcp.bytesWritten - bytesBefore }
    } finally {
      client.close()
      await server.close()
    }
  },
}
