// What moves datagrams: a UDP socket, or a simulated network. Polled: datagrams wait in a bounded inbox until an endpoint's update() takes them.
import type { Address } from './address.js'

/** One received datagram. The object and its bytes may be overwritten by the next `receive()`: who keeps them, copies them. */
export interface Datagram {
  /** The UDP payload is `bytes[0, length)`. It may be written to, which is how a packet is opened in place. */
  readonly bytes: Uint8Array
  /** Bytes of the UDP payload. */
  readonly length: number
  /** The sender's numeric host; a v4-mapped IPv6 address is given as IPv4. */
  readonly host: string
  /** The sender's port. */
  readonly port: number
  /** When the socket gave it, in the clock's milliseconds. */
  readonly at: number
}

/** Counters of a transport, since it was opened. */
export interface TransportCounters {
  /** Datagrams that arrived while the inbox was full, and were dropped. */
  inboxDropped: number
  /** Datagrams that the system refused to send. */
  sendErrors: number
}

/** What `open` binds. */
export interface TransportOptions {
  /** Local host; default: any address, IPv6 and IPv4 where the system has both. */
  readonly host?: string
  /** Local port; 0, the default, lets the system choose. */
  readonly port?: number
  /** Connects the socket: only datagrams of this address arrive, and a dead port is reported by `onError`. */
  readonly remote?: Address
  /** Lets it send to broadcast addresses. Default: it may not. */
  readonly broadcast?: boolean
  /** Lets other sockets of this machine that ask for it too bind the same port: the system spreads clients over them. Default: they may not. */
  readonly reusePort?: boolean
  /** Datagrams that may wait in the inbox. */
  readonly maxInboxDatagrams: number
  /** The size asked for of the system's receive and send buffers, in bytes. */
  readonly socketBufferBytes: number
}

/**
 * A way to send and receive datagrams. Write your own for another network; `Client` and `Server` take it as the option `transport`.
 * One transport serves one endpoint, and can be opened again after it was closed.
 */
export interface Transport {
  /** `dgram`, `batched`, `simulated` or a name of your own: for logs. */
  readonly kind: string
  /** What went wrong, since it was opened. */
  readonly counters: Readonly<TransportCounters>
  /** Called when the socket reports an error, such as ECONNREFUSED for a dead port. Set by the endpoint. */
  onError: ((error: Error & { code?: string }) => void) | undefined
  /** Called when a datagram arrives in an empty inbox, so that a waiting `connect` need not poll (see `watch`). Set by the endpoint. */
  onReadable: (() => void) | undefined
  /** Datagrams of just this length to one address, sent one behind the other, cost less than others. Absent: there is no such length. */
  readonly segmentBytes?: number
  /** Binds, and resolves to the local address. Rejects with the system's error. */
  open(options: TransportOptions): Promise<Address>
  /** The next datagram of the inbox, oldest first; undefined when it is empty. */
  receive(): Datagram | undefined
  /** A buffer of at least 1280 bytes for the next datagram to send; its content is free to write until `send`. */
  buffer(): Uint8Array
  /** Sends the first `length` bytes of the array that `buffer()` gave last; until `flush`, the same may go to further addresses. Never throws and never waits; errors are counted and reported by `onError`. */
  send(length: number, host: string, port: number): void
  /** Hands over what `send` took; called at the end of each `update()` that sent. Absent: `send` does so itself. */
  flush?(): void
  /** While watched, `onReadable` is called though nobody polls: a promise waits. Absent: it always is. */
  watch?(isWatched: boolean): void
  /** Whether the transport keeps the process alive while open; true at first. */
  ref(): void
  /** Takes `ref()` back: an open transport lets the process end. */
  unref(): void
  /** Closes at once. Harmless when closed. */
  close(): Promise<void>
}
