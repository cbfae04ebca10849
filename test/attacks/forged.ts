// A server's transport with a second way in: datagrams whose sender is whatever the test says, and a count of what the server sends to whom.
import type { Datagram, Transport } from '../../lib/index.js'

export class Forged {
  readonly transport: Transport
  /** Datagrams that wait to be taken. */
  readonly queue: Datagram[] = []
  /** Bytes and datagrams that came this way, and that went to hosts of strangers. */
  bytesIn = 0
  datagramsIn = 0
  bytesOut = 0
  datagramsOut = 0
  readonly largestOutTo = new Map<string, number>()

  /** `isStranger`: which hosts' replies are counted. */
  constructor(inner: Transport, isStranger: (host: string) => boolean) {
    this.transport = inner
    const { receive, send } = inner
    inner.receive = () => {
      const forged = this.queue.shift()
      if (forged === undefined) return receive.call(inner)
      this.datagramsIn++
      this.bytesIn += forged.bytes.length
      return forged
    }
    inner.send = (length, host, port) => {
      if (isStranger(host)) {
        this.datagramsOut++
        this.bytesOut += length
        this.largestOutTo.set(host, Math.max(length, this.largestOutTo.get(host) ?? 0))
      }
      send.call(inner, length, host, port)
    }
  }

  push(bytes: Uint8Array, host: string, port: number, at: number): void {
    this.queue.push({ bytes: bytes.slice(), length: bytes.length, host, port, at })
  }
}

/** Address number n of those that the tests forge. */
export function forgedHost(n: number): string {
  return `127.${16 + ((n >> 16) & 127)}.${(n >> 8) & 255}.${n & 255}`
}

export function isForgedHost(host: string): boolean {
  return host.startsWith('127.')
}
