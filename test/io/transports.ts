// The transports that move real datagrams, as tests take them: both kinds, with the same few things done to either.
import { networkInterfaces } from 'node:os'
import { BatchedTransport } from '../../lib/io/batched-transport.js'
import { type Clock, systemClock } from '../../lib/io/clock.js'
import { batchedAvailability } from '../../lib/io/select-transport.js'
import type { Datagram, Transport, TransportOptions } from '../../lib/io/transport.js'
import { UdpTransport } from '../../lib/io/udp-transport.js'
import { until } from './until.js'

export const OPTIONS: TransportOptions = { maxInboxDatagrams: 1000, socketBufferBytes: 1 << 20 }
export const V4: TransportOptions = { ...OPTIONS, host: '127.0.0.1' }

const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some((address) => address.address === '::1'))
export const SKIP_WITHOUT_IPV6 = hasIPv6 ? {} : { skip: 'this machine has no ::1' }

const { isAvailable, reason } = batchedAvailability()
export const SKIP_WITHOUT_BATCHED = isAvailable ? {} : { skip: `the batched transport does not work here: ${reason}` }

type NewTransport = (t: Cleaner, clock?: Pick<Clock, 'now'>) => Transport

/** A way to move datagrams. */
export interface Kind {
  readonly name: 'dgram' | 'batched'
  /** For `t.test`. */
  readonly skip: { readonly skip?: string }
  readonly newTransport: NewTransport
}

export const KINDS: readonly Kind[] = [
  { name: 'dgram', skip: {}, newTransport: closing((clock) => new UdpTransport({ clock })) },
  { name: 'batched', skip: SKIP_WITHOUT_BATCHED, newTransport: newBatched },
]

export type Cleaner = { teardown(callback: () => Promise<void>): void }

export function newBatched(t: Cleaner, clock: Pick<Clock, 'now'> = systemClock): BatchedTransport {
  const transport = new BatchedTransport({ clock })
  t.teardown(() => transport.close())
  return transport
}

function closing(create: (clock: Pick<Clock, 'now'>) => Transport): NewTransport {
  return (t, clock = systemClock) => {
    const transport = create(clock)
    t.teardown(() => transport.close())
    return transport
  }
}

/** Sends a text, and hands it over. */
export function sendText(transport: Transport, text: string, host: string, port: number): void {
  queueText(transport, text, host, port)
  transport.flush?.()
}

/** Sends a text, which leaves with the next flush. */
export function queueText(transport: Transport, text: string, host: string, port: number): void {
  const bytes = new TextEncoder().encode(text)
  transport.buffer().set(bytes)
  transport.send(bytes.length, host, port)
}

export function textOf(datagram: Datagram | undefined): string | undefined {
  return datagram && new TextDecoder().decode(payloadOf(datagram))
}

/** A copy, as what a transport gives may be overwritten by the next. */
export function payloadOf({ bytes, length }: Datagram): Uint8Array {
  return bytes.slice(0, length)
}

/** The next datagram, a copy. */
export async function receiveOne(transport: Transport): Promise<Datagram> {
  let copy: Datagram | undefined
  await until(() => {
    const datagram = transport.receive()
    if (datagram !== undefined) copy = { ...datagram, bytes: payloadOf(datagram) }
    return copy !== undefined
  }, 'a datagram')
  return copy!
}

/** Copies of all that can be had at once. */
export function receiveAll(transport: Transport): Datagram[] {
  const datagrams: Datagram[] = []
  for (let datagram = transport.receive(); datagram !== undefined; datagram = transport.receive())
    datagrams.push({ ...datagram, bytes: payloadOf(datagram) })
  return datagrams
}

/** Copies of so many datagrams, as they come. */
export async function receiveMany(transport: Transport, count: number): Promise<Datagram[]> {
  const datagrams: Datagram[] = []
  await until(() => {
    datagrams.push(...receiveAll(transport))
    return datagrams.length >= count
  }, `${count} datagrams`)
  return datagrams
}

/** Sends one datagram there and one back, and returns the address under which each end saw the other. */
export async function exchange(left: Transport, right: Transport, to: { host: string; port: number }) {
  sendText(left, 'there', to.host, to.port)
  const there = await receiveOne(right)
  sendText(right, 'back', there.host, there.port)
  const back = await receiveOne(left)
  return { texts: [textOf(there), textOf(back)], leftHost: there.host, rightHost: back.host, leftPort: there.port, rightPort: back.port }
}
