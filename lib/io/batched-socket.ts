// Opening a socket for the batched transport: what to bind, the fallback where there is no IPv6, connecting, options. As udp-socket.ts does it with node:dgram.
import type { Address } from './address.js'
import { MIN_SOCKET_BUFFER_BYTES, SEGMENT_BYTES } from './limits.js'
import {
  AF_INET,
  AF_INET6,
  EAFNOSUPPORT,
  IPV6_V6ONLY,
  type LinuxSockets,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_RXQ_OVFL,
  SO_SNDBUF,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_UDP,
  setOption,
  systemError,
  UDP_GRO,
  UDP_SEGMENT,
} from './linux-sockets.js'
import { SOCKADDR_IN6_BYTES, type SocketAddresses } from './socket-addresses.js'
import type { TransportOptions } from './transport.js'
import { type Binding, openFirst } from './udp-socket.js'

/** A socket of the system that is bound and, where a remote was given, connected. */
export interface BatchedSocket {
  readonly fd: number
  readonly family: typeof AF_INET | typeof AF_INET6
  readonly local: Address
}

/** Opens the socket that a transport's options ask for. Leaves nothing open where it rejects: with the system's error, or with a RangeError for a port out of range. */
export function openBatchedSocket(sockets: LinuxSockets, addresses: SocketAddresses, options: TransportOptions): Promise<BatchedSocket> {
  return openFirst(options, (binding) => bindBatchedSocket(sockets, addresses, options, binding))
}

/** Opens a socket on one host. Throws the system's error. */
export function bindBatchedSocket(
  sockets: LinuxSockets,
  addresses: SocketAddresses,
  options: TransportOptions,
  binding: Binding,
): BatchedSocket {
  const { port = 0, remote, broadcast = false, reusePort = false, socketBufferBytes } = options
  const family = binding.family === 'ipv6' ? AF_INET6 : AF_INET
  const fd = sockets.socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) throw systemError('socket', sockets.errno())
  try {
    if (family === AF_INET6) must(setOption(sockets, fd, SOL_IPV6, IPV6_V6ONLY, 0), 'setsockopt')
    if (reusePort) must(setOption(sockets, fd, SOL_SOCKET, SO_REUSEPORT, 1), 'setsockopt')
    if (broadcast) must(setOption(sockets, fd, SOL_SOCKET, SO_BROADCAST, 1), 'setsockopt')
    const name = new Uint8Array(SOCKADDR_IN6_BYTES + 4)
    const pointer = sockets.addressOf(name.buffer)
    must(sockets.bind(fd, pointer, nameOf(binding.host, port, 'bind')) === 0, 'bind')
    // Segments are asked for before the socket is connected, so that whatever arrives is taken apart.
    must(setOption(sockets, fd, SOL_UDP, UDP_SEGMENT, SEGMENT_BYTES), 'setsockopt')
    must(setOption(sockets, fd, SOL_UDP, UDP_GRO, 1), 'setsockopt')
    setOption(sockets, fd, SOL_SOCKET, SO_TIMESTAMPNS, 1)
    setOption(sockets, fd, SOL_SOCKET, SO_RXQ_OVFL, 1)
    if (socketBufferBytes >= MIN_SOCKET_BUFFER_BYTES)
      for (const buffer of [SO_RCVBUF, SO_SNDBUF]) setOption(sockets, fd, SOL_SOCKET, buffer, socketBufferBytes)
    if (remote !== undefined) must(sockets.connect(fd, pointer, nameOf(remote.host, remote.port, 'connect')) === 0, 'connect')
    return { fd, family, local: localAddress() }

    function nameOf(host: string, port: number, call: string): number {
      const length = addresses.write(name, 0, family, host, port)
      if (length === 0) throw systemError(call, EAFNOSUPPORT)
      return length
    }

    function localAddress(): Address {
      const view = new DataView(name.buffer)
      view.setUint32(SOCKADDR_IN6_BYTES, SOCKADDR_IN6_BYTES, true)
      must(sockets.getsockname(fd, pointer, pointer + SOCKADDR_IN6_BYTES) === 0, 'getsockname')
      const host = addresses.readHost(view, 0)
      return { host, port: addresses.readPort(view, 0), family: host.includes(':') ? 'ipv6' : 'ipv4' }
    }
  } catch (error) {
    sockets.close(fd)
    throw error
  }

  function must(isDone: boolean, call: string): void {
    if (!isDone) throw systemError(call, sockets.errno())
  }
}
