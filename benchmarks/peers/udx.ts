// udx-native: a reliable byte stream over UDP, in C under libuv, without encryption. Messages are framed by a length of four bytes, and those of
// one turn of the event loop are written together, as a program on a byte stream would do it.
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { MessageCheck, NumberedMessages } from './numbered-messages.js'
import type { BenchmarkPeer } from './peer.js'
import { pump, windowOf } from './pump.js'

/** The part of udx-native that is used here; the package has no types. */
interface UdxSocket {
  readonly bytesTransmitted: number
  readonly packetsTransmitted: number
  bind(port: number, host: string): void
  address(): { port: number }
  close(): Promise<void>
}
interface UdxStream extends EventEmitter {
  readonly id: number
  connect(socket: UdxSocket, remoteId: number, port: number, host: string): void
  write(bytes: Buffer): boolean
  destroy(): void
}
interface Udx {
  createSocket(): UdxSocket
  createStream(id: number): UdxStream
}

const LENGTH_BYTES = 4

/** Bytes under way: beyond the bandwidth-delay product of loopback, and small enough to stay in the caches. */
const WINDOW_BYTES = 128 << 10

export const udx: BenchmarkPeer = {
  name: 'udx-native',
  unavailable() {
    try {
      loadUdx()
      return undefined
    } catch (error) {
      return `udx-native does not load here (${(error as Error).message.split('\n')[0]}); its packages hold prebuilt binaries for common systems`
    }
  },
  async run({ bytes, delivery, count, deadlineMs }) {
    if (delivery !== 'ordered') return undefined
    const library = new (loadUdx())()
    const sockets = [library.createSocket(), library.createSocket()] as const
    const streams = [library.createStream(1), library.createStream(2)] as const
    for (const socket of sockets) socket.bind(0, '127.0.0.1')
    streams[0].connect(sockets[0], 2, sockets[1].address().port, '127.0.0.1')
    streams[1].connect(sockets[1], 1, sockets[0].address().port, '127.0.0.1')
    try {
      const window = windowOf(bytes, WINDOW_BYTES)
      const messages = new NumberedMessages(bytes, 64)
      const check = new MessageCheck(bytes, count, delivery)
      let failure: Error | undefined
      for (const stream of streams) {
        stream.on('error', (error: Error) => {
          failure ??= error
        })
      }
      const reader = new FrameReader((buffer, offset, length) => check.receive(buffer, offset, length))
      streams[1].on('data', (chunk: Buffer) => {
        try {
          reader.push(chunk)
        } catch (error) {
          failure ??= error as Error
        }
      })

      // A chunk is the stream's until it is acknowledged, so that each turn takes a new one.
      let chunk = Buffer.allocUnsafe(0)
      let used = 0
      const flush = () => {
        if (used > 0) streams[0].write(chunk.subarray(0, used))
        chunk = Buffer.allocUnsafe(window * (LENGTH_BYTES + bytes))
        used = 0
      }
      flush()
      const result = await pump({
        count,
        window,
        deadlineMs,
        send(number) {
          chunk.writeUInt32LE(bytes, used)
          messages.message(number).copy(chunk, used + LENGTH_BYTES)
          used += LENGTH_BYTES + bytes
        },
        flush: () => used > 0 && flush(),
        received() {
          if (failure !== undefined) throw failure
          return check.received
        },
      })
      return {
        ...result,
        bytesOnWire: sockets[0].bytesTransmitted + sockets[1].bytesTransmitted,
        datagrams: sockets[0].packetsTransmitted + sockets[1].packetsTransmitted,
      }
    } finally {
      for (const stream of streams) stream.destroy()
      await Promise.all(sockets.map((socket) => socket.close()))
    }
  },
}

/** Cuts a byte stream into messages; keeps the start of one until the rest has come. */
class FrameReader {
  readonly #onMessage: (buffer: Buffer, offset: number, length: number) => void
  #rest: Buffer[] = []
  #restBytes = 0
  /** Bytes that the message at the head needs, with its length field. */
  #wanted = LENGTH_BYTES

  constructor(onMessage: (buffer: Buffer, offset: number, length: number) => void) {
    this.#onMessage = onMessage
  }

  push(chunk: Buffer): void {
    this.#rest.push(chunk)
    this.#restBytes += chunk.length
    if (this.#restBytes < this.#wanted) return
    const buffer = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest)
    let offset = 0
    this.#wanted = LENGTH_BYTES
    while (buffer.length - offset >= LENGTH_BYTES) {
      const length = buffer.readUInt32LE(offset)
      this.#wanted = LENGTH_BYTES + length
      if (buffer.length - offset < this.#wanted) break
      this.#onMessage(buffer, offset + LENGTH_BYTES, length)
      offset += this.#wanted
      this.#wanted = LENGTH_BYTES
    }
    this.#rest = offset === buffer.length ? [] : [buffer.subarray(offset)]
    this.#restBytes = buffer.length - offset
  }
}

function loadUdx(): new () => Udx {
  return createRequire(import.meta.url)('udx-native') as new () => Udx
}
