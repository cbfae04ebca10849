// Which transport to use: the batched one where it works, else node:dgram. Not by name: it must carry two segments through a loopback socket first.
import { bindBatchedSocket } from './batched-socket.js'
import { BatchedTransport } from './batched-transport.js'
import type { Clock } from './clock.js'
import { MIN_SOCKET_BUFFER_BYTES, SEGMENT_BYTES } from './limits.js'
import { loadLinuxSockets } from './linux-sockets.js'
import { ReceiveBatch } from './receive-batch.js'
import { SendBatch } from './send-batch.js'
import { SocketAddresses } from './socket-addresses.js'
import type { Transport } from './transport.js'
import { UdpTransport } from './udp-transport.js'

/** Ways to move datagrams that the library brings. `auto`: the fastest that works here. */
export type TransportKind = 'auto' | 'dgram' | 'batched'

/** Whether the batched transport works here. */
export interface BatchedAvailability {
  readonly isAvailable: boolean
  /** Why, for people. */
  readonly reason: string
}

const KINDS: ReadonlySet<unknown> = new Set<TransportKind>(['auto', 'dgram', 'batched'])

let availability: BatchedAvailability | undefined

/** Whether a value names one of them. */
export function isTransportKind(value: unknown): value is TransportKind {
  return KINDS.has(value)
}

/** What `auto` is here: the environment's TICKWIRE_TRANSPORT, else the fastest that works. Throws where that names none. */
export function automaticKind(): 'dgram' | 'batched' {
  const wanted = process.env.TICKWIRE_TRANSPORT || 'auto' // an empty one is none
  if (!isTransportKind(wanted)) throw new TypeError(`TICKWIRE_TRANSPORT expected auto, dgram or batched, got ${JSON.stringify(wanted)}`)
  if (wanted !== 'auto') return wanted
  return batchedAvailability().isAvailable ? 'batched' : 'dgram'
}

/** Both ways, the fastest first: which `auto` is, and why. */
export function availableTransports(): readonly {
  readonly name: 'batched' | 'dgram'
  readonly isInUse: boolean
  readonly reason: string
}[] {
  const inUse = automaticKind()
  const { isAvailable, reason } = batchedAvailability()
  const asked = `TICKWIRE_TRANSPORT asks for ${inUse}`
  const isAsked = process.env.TICKWIRE_TRANSPORT === inUse
  if (inUse === 'batched' && !isAvailable)
    return [
      { name: 'batched', isInUse: false, reason: `${asked}, which does not work here: ${reason}` },
      { name: 'dgram', isInUse: false, reason: `works, and ${asked}` },
    ]
  return inUse === 'batched'
    ? [
        { name: 'batched', isInUse: true, reason },
        { name: 'dgram', isInUse: false, reason: 'works everywhere, and a faster one is in use' },
      ]
    : [
        { name: 'batched', isInUse: false, reason: isAvailable ? `works, and ${asked}` : reason },
        { name: 'dgram', isInUse: true, reason: isAsked ? asked : 'node:dgram works everywhere' },
      ]
}

/** A transport of a kind. Throws an Error that says why where `batched` is asked for and does not work here. */
export function createTransport(kind: TransportKind, clock: Pick<Clock, 'now'>): Transport {
  const chosen = kind === 'auto' ? automaticKind() : kind
  if (chosen === 'dgram') return new UdpTransport({ clock })
  const { isAvailable, reason } = batchedAvailability()
  if (!isAvailable) throw new Error(`the batched transport does not work here: ${reason}`)
  return new BatchedTransport({ clock })
}

/** Tried once per thread; never throws. */
export function batchedAvailability(): BatchedAvailability {
  availability ??= tryBatched()
  return availability
}

function tryBatched(): BatchedAvailability {
  try {
    return hasCarriedSegments()
      ? { isAvailable: true, reason: 'koffi loads, and the kernel cuts and joins segments' }
      : { isAvailable: false, reason: 'two segments did not come through a loopback socket as they were sent' }
  } catch (error) {
    const [firstLine] = String(error instanceof Error ? error.message : error).split('\n')
    return { isAvailable: false, reason: firstLine ?? '' }
  }
}

/** Sends itself a full datagram and a short one, in one entry. Loopback has them at once. */
function hasCarriedSegments(): boolean {
  const sockets = loadLinuxSockets()
  const addresses = new SocketAddresses()
  const options = { maxInboxDatagrams: 1, socketBufferBytes: MIN_SOCKET_BUFFER_BYTES }
  const { fd, family, local } = bindBatchedSocket(sockets, addresses, options, { family: 'ipv4', host: '127.0.0.1' })
  try {
    const sending = new SendBatch(sockets, addresses)
    const receiving = new ReceiveBatch(sockets, addresses)
    let errors = 0
    const owner = {
      fd,
      family,
      isConnected: false,
      segments: true,
      given: new Uint8Array(0),
      waiting: [],
      handleSendError: () => void errors++,
      handleSendOverflow: () => void errors++,
      handleAllSent: () => {},
      handleTakenOver: () => {},
    }
    const lengths = [SEGMENT_BYTES, 100]
    for (const length of lengths) {
      sending.buffer(owner).fill(length & 255, 0, length)
      sending.push(owner, length, local.host, local.port)
    }
    sending.flush(owner)
    if (errors > 0 || !owner.segments || !receiving.receive(owner)) return false
    return lengths.every((length) => {
      const isOne = receiving.next() && receiving.length === length && receiving.host === local.host && receiving.port === local.port
      return isOne && receiving.bytes.subarray(0, length).every((byte) => byte === (length & 255))
    })
  } finally {
    sockets.close(fd)
  }
}
