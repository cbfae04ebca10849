// ws: WebSocket over TCP, without compression. One frame for each message, masked by the client as the standard demands.
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { MessageCheck, NumberedMessages } from './numbered-messages.js'
import type { BenchmarkPeer } from './peer.js'
import { pump, windowOf } from './pump.js'

export const ws: BenchmarkPeer = {
  name: 'ws',
  unavailable: () => undefined,
  async run({ bytes, delivery, count, deadlineMs }) {
    if (delivery !== 'ordered') return undefined
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
    await once(server, 'listening')
    const connected = once(server, 'connection') as Promise<[WebSocket, { socket: Socket }]>
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate: false })
    try {
      const [[accepted, request]] = await Promise.all([connected, once(client, 'open')])
      const tcp = request.socket
      tcp.setNoDelay(true)

      const window = windowOf(bytes, 1 << 20)
      const messages = new NumberedMessages(bytes, window)
      const check = new MessageCheck(bytes, count, delivery)
      let failure: Error | undefined
      accepted.on('message', (message: Buffer) => {
        try {
          check.receive(message)
        } catch (error) {
          failure = error as Error
        }
      })
      const bytesBefore = tcp.bytesRead + tcp.bytesWritten
      const result = await pump({
        count,
        window,
        deadlineMs,
        send: (number) => client.send(messages.message(number)),
        received() {
          if (failure !== undefined) throw failure
          return check.received
        },
      })
      return { ...result, bytesOnWire: tcp.bytesRead + tcp.bytesWritten - bytesBefore }
    } finally {
      client.terminate()
      server.close()
    }
  },
}
