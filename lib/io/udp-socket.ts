// Opening a UDP socket: what to bind for the options given, the fallback where there is no IPv6, connecting, buffer sizes.
// The part with promises; what happens for each datagram is in udp-transport.ts.
import type * as dgram from 'node:dgram'
import { lookup as resolveHost } from 'node:dns/promises'
import { isIP } from 'node:net'
import { DgramAsPromised, type SocketAsPromised } from 'dgram-as-promised'
import type { Address } from './address.js'
import { MIN_SOCKET_BUFFER_BYTES } from './limits.js'
import { requirePort } from './port.js'
import type { TransportOptions } from './transport.js'

/** What systems without IPv6 answer to a bind of `::`. */
const NO_IPV6_CODES: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'ENOTSUP', 'EPROTONOSUPPORT'])

/** A socket that is bound and, where a remote was given, connected. */
export interface UdpSocket {
  readonly socket: SocketAsPromised
  readonly local: Address
  /** Speaks IPv4 too, with v4-mapped addresses. */
  readonly isDualStack: boolean
}

/** Which host to bind, and of which family. */
export interface Binding {
  readonly family: Address['family']
  readonly host: string
}

/**
 * Opens the socket that a transport's options ask for. Leaves nothing open where it rejects: with the system's error,
 * or with a RangeError for a port out of range, which node:dgram would take modulo 65536.
 */
export async function openUdpSocket(options: TransportOptions, dgramModule?: typeof dgram): Promise<UdpSocket> {
  const { port = 0, remote, broadcast = false, reusePort = false, socketBufferBytes } = options
  if (reusePort && !hasReusePort())
    throw new Error(
      `"reusePort" expected Node 23.1 or newer for node:dgram, got ${process.version}; the batched transport has it on every version`,
    )
  return await openFirst(options, open)

  async function open(binding: Binding): Promise<UdpSocket> {
    const socket = createSocket(binding.family, reusePort, dgramModule)
    try {
      // exclusive: workers of node:cluster would otherwise share one socket, and each get some of every peer's datagrams.
      await socket.bind({ address: binding.host, port, exclusive: true })
      if (remote !== undefined) await connect(socket.socket, remote)
      if (broadcast) socket.setBroadcast(true)
      askForBuffers(socket, socketBufferBytes)
      return { socket, local: localAddress(socket), isDualStack: binding.host === '::' && remote === undefined }
    } catch (error) {
      await socket.close()
      throw error
    }
  }
}

/** Older ones ignore it without a word, and the second socket's bind would fail. */
function hasReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1)
}

/**
 * Opens what a transport's options name: the first that can be bound, where the first fails because there is no IPv6. Rejects with the last error of `open`, or
 * with a RangeError for a port out of range.
 */
export async function openFirst<Opened>(
  { host, port = 0, remote }: TransportOptions,
  open: (binding: Binding) => Opened | Promise<Opened>,
): Promise<Opened> {
  requirePort('port', port, 0)
  if (remote !== undefined) requirePort('remote.port', remote.port, 1)
  const [first, second] = await bindingsFor(host, remote)
  try {
    return await open(first)
  } catch (error) {
    if (second === undefined || !NO_IPV6_CODES.has(codeOf(error))) throw error
    return await open(second)
  }
}

/** What to bind, best first. */
async function bindingsFor(host: string | undefined, remote: Address | undefined): Promise<readonly [Binding, Binding?]> {
  if (host === undefined) {
    if (remote?.family === 'ipv4') return [{ family: 'ipv4', host: '0.0.0.0' }]
    if (remote?.family === 'ipv6') return [{ family: 'ipv6', host: '::' }]
    return [
      { family: 'ipv6', host: '::' },
      { family: 'ipv4', host: '0.0.0.0' },
    ]
  }
  const { address, family } = isIP(host) === 0 ? await resolveHost(host) : { address: host, family: isIP(host) }
  return [{ family: family === 6 ? 'ipv6' : 'ipv4', host: address }]
}

function createSocket(family: Address['family'], reusePort: boolean, dgramModule: typeof dgram | undefined): SocketAsPromised {
  return DgramAsPromised.createSocket({
    type: family === 'ipv6' ? 'udp6' : 'udp4',
    lookup: answerAtOnce,
    ...(reusePort ? { reusePort } : {}),
    ...(dgramModule === undefined ? {} : { dgram: dgramModule }),
  })
}

/** All hosts are numbers here. node's own lookup would put off each send by a tick, in which the caller fills the buffer anew. Nobody reads the family. */
function answerAtOnce(host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, 4)
}

/** dgram-as-promised has no connect of its own. */
function connect(socket: dgram.Socket, remote: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    // node's types leave out the error that the callback may be given.
    const done = (error?: Error) => (error === undefined ? resolve() : reject(error))
    socket.connect(remote.port, remote.host, done)
  })
}

/** Linux gives what it has without a word; others refuse what is too much, so the half is asked for, and again the half. */
function askForBuffers(socket: SocketAsPromised, bytes: number): void {
  for (const ask of [(size: number) => socket.setRecvBufferSize(size), (size: number) => socket.setSendBufferSize(size)]) {
    for (let size = bytes; size >= MIN_SOCKET_BUFFER_BYTES; size = size >>> 1) {
      try {
        ask(size)
        break
      } catch {}
    }
  }
}

function localAddress(socket: SocketAsPromised): Address {
  const { address, family, port } = socket.address()
  return { host: address, port, family: family === 'IPv6' ? 'ipv6' : 'ipv4' }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
