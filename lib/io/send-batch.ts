// Datagrams on their way out: sealed straight into slots that stand one behind the other, and handed over by one sendmmsg for many.
//
//     slots     1200 B │ 1200 B │ 1200 B │  310 B … │  90 B …
//     entries   └────── one, cut by UDP_SEGMENT ────┘  └ another
//
// Full datagrams to one address, with at most a shorter one at the end, are one entry: the kernel cuts it into SEGMENT_BYTES each, for a twentieth of the price.
// The memory is laid out once for a thread, and its transports take turns: each hands over what it has before another begins.
import { MAX_SEGMENTS, MAX_WAITING_SENDS, SEGMENT_BYTES, SEND_BUFFER_BYTES, SEND_SLOTS } from './limits.js'
import {
  EAGAIN,
  ECONNREFUSED,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  IOVEC_BYTES,
  type LinuxSockets,
  MMSGHDR_BYTES,
  MMSGHDR_IOVEC,
  MMSGHDR_IOVEC_COUNT,
  MMSGHDR_NAME,
  MMSGHDR_NAME_LENGTH,
  MSG_DONTWAIT,
  SOL_UDP,
  setOption,
  setPointer,
  UDP_SEGMENT,
} from './linux-sockets.js'
import type { SocketAddresses } from './socket-addresses.js'

/** Room for one socket address. */
const NAME_BYTES = 32

/** The socket that a batch is for, and what becomes of what it sends. */
export interface SendOwner {
  readonly fd: number
  /** AF_INET or AF_INET6. */
  readonly family: number
  /** Then datagrams bear no address. */
  readonly isConnected: boolean
  /** Whether the kernel cuts entries into segments for this socket. The batch takes it back where a device cannot. */
  segments: boolean
  /** What `buffer` gave last. The batch sets it. */
  given: Uint8Array
  /** Datagrams that the system had no room for, oldest first. They go before all others. */
  readonly waiting: WaitingSend[]
  /** The system refused `datagrams` of them, with the number of an error. */
  handleSendError(errno: number, datagrams: number): void
  /** More wait than may; one was dropped. */
  handleSendOverflow(): void
  /** Nothing waits any more. */
  handleAllSent(): void
}

export interface WaitingSend {
  readonly bytes: Uint8Array
  /** As the socket bears it; empty where it is connected. */
  readonly name: Uint8Array
}

export class SendBatch {
  readonly #sockets: LinuxSockets
  readonly #addresses: SocketAddresses
  readonly #memory: ArrayBuffer
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #slots: Uint8Array[]
  readonly #pointer: number
  /** One header more than slots, for what goes alone. */
  readonly #iovecs: number
  readonly #names: number
  readonly #payloads: number
  #owner: SendOwner | undefined
  /** Slots that are filled, and entries that they make. */
  #filled = 0
  #entries = 0
  /** Of the last entry: how many datagrams, whether another may join, and where it goes. */
  #segments = 0
  #isOpen = false
  #host = ''
  #port = 0

  constructor(sockets: LinuxSockets, addresses: SocketAddresses) {
    this.#sockets = sockets
    this.#addresses = addresses
    const headers = SEND_SLOTS + 1
    this.#iovecs = headers * MMSGHDR_BYTES
    this.#names = this.#iovecs + headers * IOVEC_BYTES
    this.#payloads = this.#names + headers * NAME_BYTES
    this.#memory = new ArrayBuffer(this.#payloads + SEND_SLOTS * SEGMENT_BYTES + SEND_BUFFER_BYTES)
    this.#bytes = new Uint8Array(this.#memory)
    this.#view = new DataView(this.#memory)
    this.#pointer = sockets.addressOf(this.#memory)
    this.#slots = Array.from(
      { length: SEND_SLOTS },
      (_, i) => new Uint8Array(this.#memory, this.#payloads + i * SEGMENT_BYTES, SEND_BUFFER_BYTES),
    )
    for (let i = 0; i < headers; i++) {
      setPointer(this.#view, i * MMSGHDR_BYTES + MMSGHDR_IOVEC, this.#pointer + this.#iovecs + i * IOVEC_BYTES)
      this.#view.setUint32(i * MMSGHDR_BYTES + MMSGHDR_IOVEC_COUNT, 1, true)
    }
  }

  /** The slot of the owner's next datagram. What another that has not flushed has written into its own stays as it is, and may no longer be changed. */
  buffer(owner: SendOwner): Uint8Array {
    owner.given = this.#slotOf(owner)
    return owner.given
  }

  /** Takes the first `length` bytes of what `buffer` gave the owner last. False where no socket of this family reaches the host. */
  push(owner: SendOwner, length: number, host: string, port: number): boolean {
    const slot = this.#slotOf(owner)
    if (slot !== owner.given) slot.set(owner.given.subarray(0, length)) // the same content for another peer
    const isSameTarget = owner.isConnected || (port === this.#port && host === this.#host)
    // An empty datagram would vanish in an entry.
    if (this.#isOpen && isSameTarget && length > 0) this.#join(length)
    else if (!this.#begin(owner, length, host, port)) return false
    this.#isOpen = owner.segments && length === SEGMENT_BYTES && this.#segments < MAX_SEGMENTS
    this.#filled++
    return true
  }

  /** Hands over what the owner has. What the system has no room for waits with it, and goes first at its next flush. */
  flush(owner: SendOwner): void {
    const entries = this.#owner === owner ? this.#entries : 0
    if (owner.waiting.length > 0 && !this.#sendWaiting(owner)) this.#keep(owner, 0, entries)
    else if (entries > 0) this.#send(owner, entries)
    this.forget(owner)
  }

  /** What the owner has not handed over is let go. */
  forget(owner: SendOwner): void {
    if (this.#owner !== owner) return
    this.#owner = undefined
    this.#filled = 0
    this.#entries = 0
    this.#isOpen = false
  }

  /** The next free slot, once what another has there, or what fills all of them, is handed over. */
  #slotOf(owner: SendOwner): Uint8Array {
    const before = this.#owner
    if (before !== undefined && (before !== owner || this.#filled === SEND_SLOTS)) {
      if (before !== owner) before.given = before.given.slice()
      this.flush(before)
    }
    this.#owner = owner
    return this.#slots[this.#filled]!
  }

  #begin(owner: SendOwner, length: number, host: string, port: number): boolean {
    const entry = this.#entries
    const nameBytes = owner.isConnected ? 0 : this.#addresses.write(this.#bytes, this.#names + entry * NAME_BYTES, owner.family, host, port)
    if (nameBytes === 0 && !owner.isConnected) return false
    this.#setHeader(entry, nameBytes, this.#payloads + this.#filled * SEGMENT_BYTES, length)
    this.#host = host
    this.#port = port
    this.#entries++
    this.#segments = 1
    return true
  }

  #join(length: number): void {
    const at = this.#iovecs + (this.#entries - 1) * IOVEC_BYTES + 8
    this.#view.setUint32(at, this.#view.getUint32(at, true) + length, true)
    this.#segments++
  }

  #send(owner: SendOwner, entries: number): void {
    let hasRetried = false
    for (let first = 0; first < entries; ) {
      const sent = this.#sockets.sendmmsg(owner.fd, this.#pointer + first * MMSGHDR_BYTES, entries - first, MSG_DONTWAIT)
      if (sent > 0) {
        first += sent // what stopped it, if anything, is said for the next
        hasRetried = false
        continue
      }
      const errno = this.#sockets.errno()
      if (errno === EAGAIN) {
        this.#keep(owner, first, entries)
        return
      }
      if (!hasRetried && isOfAnother(errno)) {
        if (errno === ECONNREFUSED) owner.handleSendError(errno, 0)
        hasRetried = true
        continue
      }
      hasRetried = false
      if (!owner.segments || !isOfSegments(errno)) owner.handleSendError(errno, this.#segmentsOf(first))
      else if (errno === EIO) {
        // A device without checksums in hardware never will: neither what follows, nor what has been joined already.
        this.#setSegments(owner, false)
        this.#sendApart(owner, first, entries)
        return
      } else {
        // A path narrower than a segment is one peer's only.
        this.#setSegments(owner, false)
        const hasLeft = this.#sendApart(owner, first, first + 1)
        this.#setSegments(owner, true)
        if (!hasLeft) {
          this.#keep(owner, first + 1, entries)
          return
        }
      }
      first++
    }
  }

  #setSegments(owner: SendOwner, segments: boolean): void {
    owner.segments = segments
    setOption(this.#sockets, owner.fd, SOL_UDP, UDP_SEGMENT, segments ? SEGMENT_BYTES : 0)
  }

  /** Sends the datagrams of entries one by one, through the slot of what goes alone. False where there was no room for all; the rest waits. */
  #sendApart(owner: SendOwner, first: number, entries: number): boolean {
    for (let entry = first; entry < entries; entry++) {
      const segments = this.#segmentsOf(entry)
      for (let i = 0; i < segments; i++) {
        if (this.#sendAlone(owner, this.#segmentOf(entry, i), this.#nameOf(entry))) continue
        for (let left = i; left < segments; left++) this.#keepOne(owner, entry, left)
        this.#keep(owner, entry + 1, entries)
        return false
      }
    }
    return true
  }

  /** False where the system has no room for all that waits. */
  #sendWaiting(owner: SendOwner): boolean {
    const { waiting } = owner
    let gone = 0
    while (gone < waiting.length && this.#sendAlone(owner, waiting[gone]!.bytes, waiting[gone]!.name)) gone++
    waiting.splice(0, gone)
    if (waiting.length > 0) return false
    owner.handleAllSent()
    return true
  }

  /** Sends one datagram from the last slot. False where the system has no room; any other refusal is told. */
  #sendAlone(owner: SendOwner, datagram: Uint8Array, name: Uint8Array): boolean {
    const at = this.#payloads + SEND_SLOTS * SEGMENT_BYTES
    this.#bytes.set(datagram, at)
    this.#bytes.set(name, this.#names + SEND_SLOTS * NAME_BYTES)
    this.#setHeader(SEND_SLOTS, name.length, at, datagram.length)
    for (let attempt = 0; ; attempt++) {
      if (this.#sockets.sendmmsg(owner.fd, this.#pointer + SEND_SLOTS * MMSGHDR_BYTES, 1, MSG_DONTWAIT) === 1) return true
      const errno = this.#sockets.errno()
      if (errno === EAGAIN) return false
      if (attempt === 0 && isOfAnother(errno)) continue
      owner.handleSendError(errno, 1)
      return true
    }
  }

  #keep(owner: SendOwner, first: number, entries: number): void {
    for (let entry = first; entry < entries; entry++) {
      const segments = this.#segmentsOf(entry)
      for (let i = 0; i < segments; i++) this.#keepOne(owner, entry, i)
    }
  }

  #keepOne(owner: SendOwner, entry: number, segment: number): void {
    if (owner.waiting.length >= MAX_WAITING_SENDS) owner.handleSendOverflow()
    else owner.waiting.push({ bytes: this.#segmentOf(entry, segment).slice(), name: this.#nameOf(entry).slice() })
  }

  // ── The layout ──

  #segmentsOf(entry: number): number {
    return Math.max(1, Math.ceil(this.#lengthOf(entry) / SEGMENT_BYTES))
  }

  #segmentOf(entry: number, segment: number): Uint8Array {
    const start = this.#view.getUint32(this.#iovecs + entry * IOVEC_BYTES, true) - (this.#pointer >>> 0)
    const from = (start >>> 0) + segment * SEGMENT_BYTES
    const end = Math.min(from + SEGMENT_BYTES, (start >>> 0) + this.#lengthOf(entry))
    return this.#bytes.subarray(from, end)
  }

  #lengthOf(entry: number): number {
    return this.#view.getUint32(this.#iovecs + entry * IOVEC_BYTES + 8, true)
  }

  #nameOf(entry: number): Uint8Array {
    const length = this.#view.getUint32(entry * MMSGHDR_BYTES + MMSGHDR_NAME_LENGTH, true)
    return this.#bytes.subarray(this.#names + entry * NAME_BYTES, this.#names + entry * NAME_BYTES + length)
  }

  #setHeader(entry: number, nameBytes: number, payloadAt: number, length: number): void {
    const view = this.#view
    const header = entry * MMSGHDR_BYTES
    const iovec = this.#iovecs + entry * IOVEC_BYTES
    setPointer(view, header + MMSGHDR_NAME, nameBytes === 0 ? 0 : this.#pointer + this.#names + entry * NAME_BYTES)
    view.setUint32(header + MMSGHDR_NAME_LENGTH, nameBytes, true)
    setPointer(view, iovec, this.#pointer + payloadAt)
    view.setUint32(iovec + 8, length, true)
  }
}

/** Errors that say nothing of the datagram at hand: a signal, or the answer to an earlier one, which is cleared by being told. */
function isOfAnother(errno: number): boolean {
  return errno === EINTR || errno === ECONNREFUSED
}

/** What a kernel says that cannot cut this entry, or even send a short datagram of a socket that cuts. For a narrow path older ones say EINVAL, newer ones EMSGSIZE. */
function isOfSegments(errno: number): boolean {
  return errno === EIO || errno === EINVAL || errno === EMSGSIZE
}
