// UDP by node:dgram: the transport that works everywhere. A datagram sent and received costs about 11 µs, nearly all of it node's own,
// so what is done here for each one is kept below 0.2 µs. How the socket is opened is in udp-socket.ts.
import type * as dgram from 'node:dgram'
import type { SocketAsPromised } from 'dgram-as-promised'
import type { Address } from './address.js'
import type { Clock } from './clock.js'
import { Inbox } from './inbox.js'
import { MAX_QUEUED_SENDS, SEND_BUFFER_BYTES } from './limits.js'
import { MappedHosts } from './mapped-hosts.js'
import type { Datagram, Transport, TransportCounters, TransportOptions } from './transport.js'
import { openUdpSocket } from './udp-socket.js'

/** Options of {@link UdpTransport}. */
export interface UdpTransportOptions {
  /** Stamps the datagrams that arrive. */
  readonly clock: Pick<Clock, 'now'>
  /** Stands in for `node:dgram`, to test what a loopback socket never does. */
  readonly dgram?: typeof dgram
}

/**
 * A UDP socket of the system.
 *
 * Without `host` it takes IPv6 and IPv4 on one dual-stack socket, or IPv4 alone where the system has no IPv6; an IPv4 peer is given, and
 * addressed, in dotted form either way. A local `host` that is a name is resolved by the system. With `remote` the socket is connected:
 * `send` goes there, whatever host and port it is given.
 *
 * `open` rejects with the system's error and its `code` (EADDRINUSE, EADDRNOTAVAIL, EACCES, ENOTFOUND), and with a RangeError for a port out of range.
 *
 * When the system's send buffer is full, up to 256 datagrams wait in node; further ones are dropped, counted in `sendErrors`, and reported
 * once as ENOBUFS until the system takes some again.
 */
export class UdpTransport implements Transport {
  readonly kind = 'dgram'
  readonly counters: TransportCounters = { inboxDropped: 0, sendErrors: 0 }
  onError: Transport['onError']
  onReadable: Transport['onReadable']

  readonly #clock: Pick<Clock, 'now'>
  readonly #dgram: typeof dgram | undefined
  /** Identifies the open() under way; a close() meanwhile takes it back. */
  #opening: symbol | undefined
  #bound: SocketAsPromised | undefined
  /** The socket inside `#bound`, for what is done for each datagram. */
  #socket: dgram.Socket | undefined
  #isConnected = false
  #isDualStack = false
  #isRef = true
  #inbox = new Inbox(1)
  #buffer = new Uint8Array(SEND_BUFFER_BYTES)
  #isBufferQueued = false
  #queuedSends = 0
  #isDropping = false
  #onSent: (error: Error | null) => void = () => {}
  readonly #hosts = new MappedHosts()

  constructor(options: UdpTransportOptions) {
    this.#clock = options.clock
    this.#dgram = options.dgram
  }

  async open(options: TransportOptions): Promise<Address> {
    if (this.#opening !== undefined || this.#bound !== undefined) throw new Error('open() expected a closed transport, got an open one')
    const opening = Symbol('open')
    this.#opening = opening
    try {
      const inbox = new Inbox(options.maxInboxDatagrams)
      const { socket, local, isDualStack } = await openUdpSocket(options, this.#dgram)
      if (this.#opening !== opening) {
        await socket.close()
        throw Object.assign(new Error('the transport was closed while it opened'), { code: 'ECANCELED' })
      }
      this.#inbox = inbox
      this.#isConnected = options.remote !== undefined
      this.#isDualStack = isDualStack
      this.#adopt(socket)
      return local
    } finally {
      if (this.#opening === opening) this.#opening = undefined
    }
  }

  receive(): Datagram | undefined {
    return this.#inbox.shift()
  }

  buffer(): Uint8Array {
    if (this.#isBufferQueued) this.#replaceBuffer()
    return this.#buffer
  }

  send(length: number, host: string, port: number): void {
    const socket = this.#socket
    if (socket === undefined) return
    if (this.#queuedSends >= MAX_QUEUED_SENDS && this.#isQueueFull(socket)) return
    try {
      if (this.#isConnected) socket.send(this.#buffer, 0, length, this.#onSent)
      else socket.send(this.#buffer, 0, length, port, this.#isDualStack ? this.#hosts.toMapped(host) : host, this.#onSent)
      // 13 ns. Nearly always 0: the kernel has copied the bytes. Where it had no room, node holds the array itself until it can send it.
      this.#queuedSends = socket.getSendQueueCount()
    } catch (error) {
      process.nextTick(this.#onSent, error) // an argument that node refuses, such as port 0, or a socket that somebody has closed: told when all other errors are
    }
    if (this.#queuedSends > 0) this.#isBufferQueued = true
  }

  ref(): void {
    this.#isRef = true
    this.#socket?.ref()
  }

  unref(): void {
    this.#isRef = false
    this.#socket?.unref()
  }

  async close(): Promise<void> {
    this.#opening = undefined
    const bound = this.#bound
    if (bound === undefined) return
    this.#bound = undefined
    this.#socket = undefined
    this.#inbox = new Inbox(1)
    await bound.close()
  }

  #adopt(bound: SocketAsPromised): void {
    const socket = bound.socket
    this.#bound = bound
    this.#socket = socket
    this.#queuedSends = 0
    this.#isDropping = false
    this.counters.inboxDropped = 0
    this.counters.sendErrors = 0
    // One callback for all sends: without any, node would hide their errors.
    this.#onSent = (error) => {
      if (error === null || this.#socket !== socket) return // what a close cancels is no error
      this.counters.sendErrors++
      this.onError?.(error)
    }
    socket.on('error', (error) => this.onError?.(error))
    socket.once('close', () => {
      if (this.#socket === socket) this.#handleClosed()
    })
    socket.on('message', (message, source) => this.#handleMessage(message, source))
    if (!this.#isRef) socket.unref()
  }

  /** Somebody else has closed the socket. */
  #handleClosed(): void {
    this.#bound = undefined
    this.#socket = undefined
    this.onError?.(Object.assign(new Error('the socket was closed, and not by this library'), { code: 'EBADF' }))
  }

  /** Hands on a plain Uint8Array (30 ns), as `slice` of a Buffer gives a view where that of a Uint8Array copies: a trap for whoever decodes. */
  #handleMessage(message: Buffer, source: dgram.RemoteInfo): void {
    const wasEmpty = this.#inbox.length === 0
    const isKept = this.#inbox.push({
      bytes: new Uint8Array(message.buffer, message.byteOffset, message.byteLength),
      length: message.byteLength,
      host: this.#isDualStack ? this.#hosts.toDotted(source.address) : source.address,
      port: source.port,
      at: this.#clock.now(),
    })
    if (!isKept) this.counters.inboxDropped++
    else if (wasEmpty) this.onReadable?.()
  }

  /** Node keeps the old array until it is sent. Rare, so a new one is made rather than a ring kept. */
  #replaceBuffer(): void {
    this.#buffer = new Uint8Array(SEND_BUFFER_BYTES)
    this.#isBufferQueued = false
  }

  /** Counts a datagram as dropped where node's queue is still full. Reports the first of a row: the rest would say the same. */
  #isQueueFull(socket: dgram.Socket): boolean {
    if (socket.getSendQueueCount() < MAX_QUEUED_SENDS) {
      this.#isDropping = false
      return false
    }
    this.counters.sendErrors++
    if (this.#isDropping) return true
    this.#isDropping = true
    const error = Object.assign(new Error(`the system takes no more datagrams, ${MAX_QUEUED_SENDS} wait`), { code: 'ENOBUFS' })
    process.nextTick(() => this.onError?.(error))
    return true
  }
}
