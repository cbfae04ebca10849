// UDP by sendmmsg and recvmmsg, with segments cut and joined by the kernel: Linux only, and faster than node:dgram many times over. No event loop is involved:
// receive() asks the system, send() fills a slot and flush() hands all of them over. How memory is laid out is in send-batch.ts and receive-batch.ts.
import type { Address } from './address.js'
import { type BatchedSocket, openBatchedSocket } from './batched-socket.js'
import type { Clock } from './clock.js'
import { Inbox } from './inbox.js'
import { MAX_WAITING_SENDS, SEGMENT_BYTES, SEND_BUFFER_BYTES } from './limits.js'
import { EAGAIN, EINTR, EINVAL, EMSGSIZE, type LinuxSockets, loadLinuxSockets, systemError } from './linux-sockets.js'
import { isPort } from './port.js'
import { Readiness } from './readiness.js'
import { ReceiveBatch, type ReceiveOwner } from './receive-batch.js'
import { SendBatch, type SendOwner, type WaitingSend } from './send-batch.js'
import { SocketAddresses } from './socket-addresses.js'
import type { Datagram, Transport, TransportCounters, TransportOptions } from './transport.js'

/** Options of {@link BatchedTransport}. */
export interface BatchedTransportOptions {
  /** Stamps the datagrams that arrive, with what the system says of how long ago it was. */
  readonly clock: Pick<Clock, 'now'>
  /** Stands in for the system's calls, to test what a loopback socket never does. */
  readonly sockets?: LinuxSockets
}

/** What all batched transports of a thread share. */
interface Shared {
  readonly sockets: LinuxSockets
  readonly addresses: SocketAddresses
  readonly sending: SendBatch
  readonly receiving: ReceiveBatch
  readonly readiness: Readiness
}

/** What a closed transport gives to write to. */
const CLOSED_BUFFER = new Uint8Array(SEND_BUFFER_BYTES)

/** A timer that does nothing keeps the process alive, as a socket of node's does. */
const KEEP_ALIVE_MS = 2 ** 30

/** A stamp older than this is a clock that was set meanwhile; the datagram counts as received now. */
const MAX_AGE_MS = 1000

/**
 * A UDP socket of Linux, opened, bound and connected as {@link UdpTransport} does it, with the same errors.
 *
 * Datagrams that `receive` gives are overwritten by the next `receive` of any batched transport of the thread, and what `send` takes leaves with `flush`. The inbox is the
 * system's own buffer, so `inboxDropped` counts what the system dropped; only what is not taken before another's turn waits here, up to `maxInboxDatagrams`. While that buffer is full for sending, up to 256 datagrams wait, in order; further ones are dropped, counted in `sendErrors`, and reported
 * once as ENOBUFS until the system takes some again. `onReadable` is called only while `watch` asks for it.
 *
 * A worker thread that is terminated, rather than closing its endpoints, leaves its sockets open until the process ends.
 */
export class BatchedTransport implements Transport {
  readonly kind = 'batched'
  readonly segmentBytes = SEGMENT_BYTES
  readonly counters: TransportCounters = { inboxDropped: 0, sendErrors: 0 }
  onError: Transport['onError']
  onReadable: Transport['onReadable']

  readonly #clock: Pick<Clock, 'now'>
  readonly #shared: Shared
  /** Identifies the open() under way; a close() meanwhile takes it back. */
  #opening: symbol | undefined
  #socket: OpenSocket | undefined
  #isRef = true
  #isWatched = false
  #keepAlive: NodeJS.Timeout | undefined

  constructor(options: BatchedTransportOptions) {
    this.#clock = options.clock
    this.#shared = options.sockets === undefined ? sharedOfThread() : share(options.sockets)
  }

  async open(options: TransportOptions): Promise<Address> {
    if (this.#opening !== undefined || this.#socket !== undefined) throw new Error('open() expected a closed transport, got an open one')
    const opening = Symbol('open')
    this.#opening = opening
    try {
      const inbox = new Inbox(options.maxInboxDatagrams)
      const { sockets, addresses } = this.#shared
      const socket = await openBatchedSocket(sockets, addresses, options)
      if (this.#opening !== opening) {
        sockets.close(socket.fd)
        throw Object.assign(new Error('the transport was closed while it opened'), { code: 'ECANCELED' })
      }
      this.counters.inboxDropped = 0
      this.counters.sendErrors = 0
      const opened = new OpenSocket(socket, options.remote !== undefined, inbox, this.#clock, this.counters, (error) =>
        this.#tell(opened, error),
      )
      this.#socket = opened
      this.#keepAlive = setInterval(() => {}, KEEP_ALIVE_MS)
      if (!this.#isRef) this.#keepAlive.unref()
      this.#watchSocket()
      return socket.local
    } finally {
      if (this.#opening === opening) this.#opening = undefined
    }
  }

  receive(): Datagram | undefined {
    const socket = this.#socket
    if (socket === undefined) return undefined
    const datagram = socket.receive(this.#shared.receiving)
    if (datagram === undefined && this.#isWatched) this.#watchSocket()
    return datagram
  }

  buffer(): Uint8Array {
    return this.#socket === undefined ? CLOSED_BUFFER : this.#shared.sending.buffer(this.#socket)
  }

  send(length: number, host: string, port: number): void {
    const socket = this.#socket
    if (socket === undefined) return
    if (length > SEGMENT_BYTES) socket.handleSendError(EMSGSIZE, 1)
    else if (!socket.isConnected && !isPort(port, 1)) socket.handleSendError(EINVAL, 1)
    else if (!this.#shared.sending.push(socket, length, host, port)) socket.handleSendError(EINVAL, 1)
  }

  flush(): void {
    if (this.#socket !== undefined) this.#shared.sending.flush(this.#socket)
  }

  watch(isWatched: boolean): void {
    this.#isWatched = isWatched
    if (isWatched) this.#watchSocket()
    else if (this.#socket !== undefined) this.#shared.readiness.unwatch(this.#socket.fd)
  }

  ref(): void {
    this.#isRef = true
    this.#keepAlive?.ref()
  }

  unref(): void {
    this.#isRef = false
    this.#keepAlive?.unref()
  }

  async close(): Promise<void> {
    this.#opening = undefined
    const socket = this.#socket
    if (socket === undefined) return
    this.flush()
    this.#socket = undefined
    clearInterval(this.#keepAlive)
    const { sockets, sending, receiving, readiness } = this.#shared
    sending.forget(socket)
    receiving.forget(socket)
    await readiness.release(socket.fd)
    sockets.close(socket.fd)
  }

  #watchSocket(): void {
    const socket = this.#socket
    if (socket === undefined || !this.#isWatched) return
    this.#shared.readiness.watch(socket.fd, () => {
      if (this.#socket === socket) this.onReadable?.()
    })
  }

  /** Later, for `send` and `receive` never call back. */
  #tell(socket: OpenSocket, error: Error & { code: string }): void {
    process.nextTick(() => {
      if (this.#socket === socket) this.onError?.(error) // what a close cancels is no error
    })
  }
}

/** One open socket: its datagrams, and what the system says of them. */
class OpenSocket implements SendOwner, ReceiveOwner {
  readonly fd: number
  readonly family: number
  readonly isConnected: boolean
  segments = true
  given: Uint8Array = CLOSED_BUFFER
  readonly waiting: WaitingSend[] = []
  readonly #clock: Pick<Clock, 'now'>
  readonly #counters: TransportCounters
  readonly #tell: (error: Error & { code: string }) => void
  /** What was not taken when another socket's turn came. */
  readonly #inbox: Inbox
  /** Datagrams that had no room in it, and what the system has dropped: what `inboxDropped` is made of. */
  #inboxDropped = 0
  #systemDropped = 0
  #isDropping = false
  /** The one object that `receive` gives. */
  readonly #datagram = { bytes: new Uint8Array(0) as Uint8Array, length: 0, host: '', port: 0, at: 0 }
  #receivedAt = 0
  /** The last look found less than it had room for, so the next is put off until the caller has heard so. */
  #isDrained = false

  constructor(
    socket: BatchedSocket,
    isConnected: boolean,
    inbox: Inbox,
    clock: Pick<Clock, 'now'>,
    counters: TransportCounters,
    tell: (error: Error & { code: string }) => void,
  ) {
    this.fd = socket.fd
    this.family = socket.family
    this.isConnected = isConnected
    this.#inbox = inbox
    this.#clock = clock
    this.#counters = counters
    this.#tell = tell
  }

  receive(batch: ReceiveBatch): Datagram | undefined {
    if (this.#inbox.length > 0) return this.#inbox.shift()
    if (batch.isOf(this) && batch.next()) return this.#take(batch)
    if (this.#isDrained) {
      this.#isDrained = false
      return undefined
    }
    if (!batch.receive(this)) {
      this.#handleReceiveError(batch.errno)
      return undefined
    }
    this.#receivedAt = this.#clock.now()
    this.#isDrained = !batch.wasFull
    return batch.next() ? this.#take(batch) : undefined
  }

  handleTakenOver(batch: ReceiveBatch): void {
    while (batch.next()) {
      const { bytes, length, host, port, at } = this.#take(batch)
      if (!this.#inbox.push({ bytes: bytes.slice(0, length), length, host, port, at })) this.#inboxDropped++
    }
    this.#countDropped()
  }

  handleSendError(errno: number, datagrams: number): void {
    this.#counters.sendErrors += datagrams
    this.#tell(systemError('send', errno))
  }

  /** Reports the first of a row: the rest would say the same. */
  handleSendOverflow(): void {
    this.#counters.sendErrors++
    if (this.#isDropping) return
    this.#isDropping = true
    this.#tell(Object.assign(new Error(`the system takes no more datagrams, ${MAX_WAITING_SENDS} wait`), { code: 'ENOBUFS' }))
  }

  handleAllSent(): void {
    this.#isDropping = false
  }

  #take(batch: ReceiveBatch): Datagram {
    const datagram = this.#datagram
    datagram.bytes = batch.bytes
    datagram.length = batch.length
    datagram.host = batch.host
    datagram.port = batch.port
    datagram.at = this.#receivedAt - (batch.ageMs > 0 && batch.ageMs < MAX_AGE_MS ? batch.ageMs : 0)
    if (batch.dropped > this.#systemDropped) {
      this.#systemDropped = batch.dropped
      this.#countDropped()
    }
    return datagram
  }

  #countDropped(): void {
    this.#counters.inboxDropped = this.#systemDropped + this.#inboxDropped
  }

  #handleReceiveError(errno: number): void {
    if (errno !== EAGAIN && errno !== EINTR && errno !== 0) this.#tell(systemError('recvmmsg', errno))
  }
}

let shared: Shared | undefined

function sharedOfThread(): Shared {
  shared ??= share(loadLinuxSockets())
  return shared
}

function share(sockets: LinuxSockets): Shared {
  const addresses = new SocketAddresses()
  return {
    sockets,
    addresses,
    sending: new SendBatch(sockets, addresses),
    receiving: new ReceiveBatch(sockets, addresses),
    readiness: new Readiness(sockets),
  }
}
