// A home router between a client and the server: for each port of the client it sends on from a port of its own, and forgets which when it is told to, as a NAT does.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

const HOST = '127.0.0.1'

export class Router {
  readonly #inside = createSocket('udp4')
  /** By the client's port. */
  readonly #outside = new Map<number, Socket>()
  readonly #serverPort: number

  constructor(serverPort: number) {
    this.#serverPort = serverPort
    this.#inside.on('message', (bytes, { port }) => {
      const outside = this.#outside.get(port) ?? this.#assign(port)
      outside.send(bytes, this.#serverPort, HOST)
    })
  }

  /** Resolves to the port that the client takes for the server's. */
  async open(): Promise<number> {
    this.#inside.bind(0, HOST)
    await once(this.#inside, 'listening')
    return this.#inside.address().port
  }

  /** From now on everything goes out from other ports; what is sent to the old ones reaches nobody. */
  forget(): void {
    for (const socket of this.#outside.values()) socket.close()
    this.#outside.clear()
  }

  close(): void {
    this.forget()
    this.#inside.close()
  }

  #assign(clientPort: number): Socket {
    const socket = createSocket('udp4')
    socket.on('message', (bytes) => this.#inside.send(bytes, clientPort, HOST))
    socket.on('error', () => {}) // nobody listens at the server's port
    socket.bind(0, HOST)
    this.#outside.set(clientPort, socket)
    return socket
  }
}
