// Datagrams that have arrived, many for one recvmmsg. What UDP_GRO has joined comes as one entry and is taken apart here; SO_TIMESTAMPNS tells when each was received.
// The memory is laid out once for a thread, and its transports take turns: what one has not taken yet when another begins is copied for it.
import { RECEIVE_ENTRIES, RECEIVE_ENTRY_BYTES, SEGMENT_BYTES } from './limits.js'
import {
  CLOCK_REALTIME,
  CMSG_HEADER_BYTES,
  IOVEC_BYTES,
  type LinuxSockets,
  MMSGHDR_BYTES,
  MMSGHDR_CONTROL,
  MMSGHDR_CONTROL_LENGTH,
  MMSGHDR_IOVEC,
  MMSGHDR_IOVEC_COUNT,
  MMSGHDR_LENGTH,
  MMSGHDR_NAME,
  MMSGHDR_NAME_LENGTH,
  MSG_DONTWAIT,
  SO_RXQ_OVFL,
  SO_TIMESTAMPNS,
  SOL_SOCKET,
  SOL_UDP,
  setPointer,
  UDP_GRO,
} from './linux-sockets.js'
import { SOCKADDR_IN6_BYTES, type SocketAddresses } from './socket-addresses.js'

const NAME_BYTES = 32
/** Three control messages (a timestamp of 32 bytes, a segment size and a count of 24 each), and room to spare. */
const CONTROL_BYTES = 96
/** From one entry to the next. Were it a power of two, all small datagrams would share one set of a processor's cache. */
const STRIDE = RECEIVE_ENTRY_BYTES + 3 * 64
/** Views that an entry may need: of segments as senders of this library make them. Those of smaller ones are made as they come. */
const VIEWS = Math.ceil(RECEIVE_ENTRY_BYTES / SEGMENT_BYTES)

/** Whose datagrams a batch holds. */
export interface ReceiveOwner {
  readonly fd: number
  /** The batch is another's from now on: what is not taken yet must be copied, by `next` until it returns false. */
  handleTakenOver(batch: ReceiveBatch): void
}

export class ReceiveBatch {
  /** The datagram that `next` came to: `bytes[0, length)`, valid until the next `receive`. */
  bytes: Uint8Array = new Uint8Array(0)
  length = 0
  host = ''
  port = 0
  /** How long ago it was received, in ms, at the time of `receive`. */
  ageMs = 0
  /** How often the system has dropped for this socket since it was opened, as the entry says; what was joined by then counts as one. */
  dropped = 0
  /** The error of the last `receive`; 0: none. */
  errno = 0

  readonly #sockets: LinuxSockets
  readonly #addresses: SocketAddresses
  readonly #memory: ArrayBuffer
  readonly #view: DataView
  readonly #pointer: number
  readonly #names: number
  readonly #controls: number
  readonly #payloads: number
  readonly #time: number
  /** By entry and segment; those of an entry fit segments of `#viewBytes`. */
  readonly #views: (Uint8Array | undefined)[] = new Array(RECEIVE_ENTRIES * VIEWS).fill(undefined)
  readonly #viewBytes = new Float64Array(RECEIVE_ENTRIES)
  #owner: ReceiveOwner | undefined
  #entries = 0
  #entry = 0
  /** The entry that is read: how far, how much of it, and in what segments. */
  #offset = 0
  #end = 0
  #segmentBytes = 0
  #segment = 0
  #isInside = false
  #nowSeconds = 0
  #nowNanoseconds = 0

  constructor(sockets: LinuxSockets, addresses: SocketAddresses) {
    this.#sockets = sockets
    this.#addresses = addresses
    const iovecs = RECEIVE_ENTRIES * MMSGHDR_BYTES
    this.#names = iovecs + RECEIVE_ENTRIES * IOVEC_BYTES
    this.#controls = this.#names + RECEIVE_ENTRIES * NAME_BYTES
    this.#time = this.#controls + RECEIVE_ENTRIES * CONTROL_BYTES
    this.#payloads = this.#time + 64
    this.#memory = new ArrayBuffer(this.#payloads + RECEIVE_ENTRIES * STRIDE)
    this.#view = new DataView(this.#memory)
    this.#pointer = sockets.addressOf(this.#memory)
    for (let i = 0; i < RECEIVE_ENTRIES; i++) {
      const header = i * MMSGHDR_BYTES
      const iovec = iovecs + i * IOVEC_BYTES
      setPointer(this.#view, header + MMSGHDR_NAME, this.#pointer + this.#names + i * NAME_BYTES)
      setPointer(this.#view, header + MMSGHDR_IOVEC, this.#pointer + iovec)
      this.#view.setUint32(header + MMSGHDR_IOVEC_COUNT, 1, true)
      setPointer(this.#view, header + MMSGHDR_CONTROL, this.#pointer + this.#controls + i * CONTROL_BYTES)
      setPointer(this.#view, iovec, this.#pointer + this.#payloads + i * STRIDE)
      this.#view.setUint32(iovec + 8, RECEIVE_ENTRY_BYTES, true)
      this.#resetHeader(i)
    }
  }

  /** Takes what has arrived at a socket. Returns false where that was nothing, with `errno` where the system says why; else `next` gives it. */
  receive(owner: ReceiveOwner): boolean {
    if (this.#owner !== owner) this.#owner?.handleTakenOver(this)
    this.#owner = owner
    for (let i = 0; i < this.#entries; i++) this.#resetHeader(i)
    this.#isInside = false
    this.#entry = 0
    const received = this.#sockets.recvmmsg(owner.fd, this.#pointer, RECEIVE_ENTRIES, MSG_DONTWAIT, 0)
    this.#entries = Math.max(0, received)
    this.errno = received < 0 ? this.#sockets.errno() : 0
    if (received <= 0) return false
    this.#sockets.clock_gettime(CLOCK_REALTIME, this.#pointer + this.#time)
    this.#nowSeconds = this.#view.getUint32(this.#time, true)
    this.#nowNanoseconds = this.#view.getUint32(this.#time + 8, true)
    return true
  }

  /** Whether the last `receive` took all that it had room for, so that more may wait. */
  get wasFull(): boolean {
    return this.#entries === RECEIVE_ENTRIES
  }

  /** Whether `owner` was the last to receive: then `next` gives its datagrams. */
  isOf(owner: ReceiveOwner): boolean {
    return this.#owner === owner
  }

  /** Goes to the next datagram. False where there is none. */
  next(): boolean {
    if (!this.#isInside) {
      if (this.#entry >= this.#entries) return false
      this.#enter(this.#entry)
    }
    const length = Math.min(this.#segmentBytes, this.#end - this.#offset)
    this.bytes = this.#viewOf(this.#entry, this.#segment, this.#offset)
    this.length = length
    this.#offset += length
    this.#segment++
    if (this.#offset >= this.#end) {
      this.#isInside = false
      this.#entry++
    }
    return true
  }

  /** The owner's socket is closed. */
  forget(owner: ReceiveOwner): void {
    if (this.#owner === owner) this.#owner = undefined
  }

  #enter(entry: number): void {
    const view = this.#view
    const header = entry * MMSGHDR_BYTES
    const name = this.#names + entry * NAME_BYTES
    this.host = this.#addresses.readHost(view, name)
    this.port = this.#addresses.readPort(view, name)
    this.#offset = 0
    this.#segment = 0
    this.#end = view.getUint32(header + MMSGHDR_LENGTH, true)
    this.#segmentBytes = RECEIVE_ENTRY_BYTES
    this.#readControl(this.#controls + entry * CONTROL_BYTES, view.getUint32(header + MMSGHDR_CONTROL_LENGTH, true))
    this.#isInside = true
  }

  #readControl(at: number, length: number): void {
    const view = this.#view
    this.ageMs = 0
    this.dropped = 0 // the system says nothing until there is something to say
    for (let offset = at; offset + CMSG_HEADER_BYTES <= at + length; ) {
      const messageBytes = view.getUint32(offset, true)
      const level = view.getInt32(offset + 8, true)
      const type = view.getInt32(offset + 12, true)
      const data = offset + CMSG_HEADER_BYTES
      if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) {
        const seconds = this.#nowSeconds - view.getUint32(data, true)
        this.ageMs = seconds * 1000 + (this.#nowNanoseconds - view.getUint32(data + 8, true)) / 1e6
      } else if (level === SOL_UDP && type === UDP_GRO) this.#segmentBytes = Math.max(1, view.getInt32(data, true))
      else if (level === SOL_SOCKET && type === SO_RXQ_OVFL) this.dropped = view.getUint32(data, true)
      offset += (Math.max(messageBytes, CMSG_HEADER_BYTES) + 7) & ~7
    }
  }

  /** A view from the segment on to the end of its entry. Made once, as long as segments keep their size. */
  #viewOf(entry: number, segment: number, offset: number): Uint8Array {
    if (segment >= VIEWS) return this.#makeView(entry, offset)
    if (segment > 0 && this.#viewBytes[entry] !== this.#segmentBytes) {
      this.#views.fill(undefined, entry * VIEWS + 1, (entry + 1) * VIEWS)
      this.#viewBytes[entry] = this.#segmentBytes
    }
    const known = this.#views[entry * VIEWS + segment]
    if (known !== undefined) return known
    const view = this.#makeView(entry, offset)
    this.#views[entry * VIEWS + segment] = view
    return view
  }

  #makeView(entry: number, offset: number): Uint8Array {
    return new Uint8Array(this.#memory, this.#payloads + entry * STRIDE + offset, RECEIVE_ENTRY_BYTES - offset)
  }

  /** What recvmmsg has written into a header is what it may write next time. */
  #resetHeader(entry: number): void {
    this.#view.setUint32(entry * MMSGHDR_BYTES + MMSGHDR_NAME_LENGTH, SOCKADDR_IN6_BYTES, true)
    this.#view.setUint32(entry * MMSGHDR_BYTES + MMSGHDR_CONTROL_LENGTH, CONTROL_BYTES, true)
  }
}
