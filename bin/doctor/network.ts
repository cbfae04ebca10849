// `tickwire doctor`: sockets of this system. What is sent goes from loopback to loopback.
import { createSocket, type Socket, type SocketType } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { networkInterfaces, platform } from 'node:os'
import { broadcastHosts } from '../../lib/io/broadcast-hosts.js'
import { DISCOVERY_PORT, DISCOVERY_PORTS, SOCKET_BUFFER_BYTES } from '../../lib/wire/limits.js'
import type { Finding } from './finding.js'

/** A datagram on loopback that takes longer is lost. */
const REPLY_MS = 500

export async function networkFindings(): Promise<Finding[]> {
  return [
    ...(await bufferFindings()),
    await loopbackFinding('IPv4', 'udp4', '127.0.0.1', '127.0.0.1'),
    await loopbackFinding('IPv6', 'udp6', '::1', '::1'),
    // A dual-stack socket that stays on loopback: IPv4 by its v4-mapped address.
    await loopbackFinding('dual stack', 'udp6', '::ffff:127.0.0.1', '127.0.0.1'),
    broadcastFinding(broadcastHosts(undefined)),
    await portsFinding(),
  ]
}

/** What was asked for and what the system gave, of one kind of buffer. */
export function bufferFinding(kind: 'receive' | 'send', asked: number, given: number, most: number | undefined): Finding {
  const name = `${kind} buffer`
  const data = { askedBytes: asked, givenBytes: given, mostBytes: most ?? null }
  if (given >= asked) return { level: 'ok', name, text: `${kilobytes(given)}, as asked for`, data }
  const setting = kind === 'receive' ? 'net.core.rmem_max' : 'net.core.wmem_max'
  const why = most === undefined ? '' : ` (${setting} is ${most})`
  return {
    level: 'note',
    name,
    text: `${kilobytes(given)} of the ${kilobytes(asked)} asked for${why}: enough for small games; under load, bursts are dropped`,
    advice:
      most === undefined
        ? 'Raise what the system allows: kern.ipc.maxsockbuf on macOS and BSD.'
        : `sudo sysctl -w ${setting}=${asked}, and the same line in /etc/sysctl.d/ to keep it; in a container, on its host.`,
    data,
  }
}

async function bufferFindings(): Promise<Finding[]> {
  const socket = await bind('udp4', '127.0.0.1', 0)
  try {
    const isLinux = platform() === 'linux'
    // Linux counts its own bookkeeping in, and says twice what it was asked for.
    const factor = isLinux ? 2 : 1
    const given = { receive: 0, send: 0 }
    given.receive =
      grantedBytes(
        (size) => socket.setRecvBufferSize(size),
        () => socket.getRecvBufferSize(),
      ) / factor
    given.send =
      grantedBytes(
        (size) => socket.setSendBufferSize(size),
        () => socket.getSendBufferSize(),
      ) / factor
    return [
      bufferFinding('receive', SOCKET_BUFFER_BYTES, given.receive, await sysctl(isLinux, 'rmem_max')),
      bufferFinding('send', SOCKET_BUFFER_BYTES, given.send, await sysctl(isLinux, 'wmem_max')),
    ]
  } finally {
    socket.close()
  }
}

/** Asks as the transport does: for the half where the system refuses. */
function grantedBytes(ask: (size: number) => void, read: () => number): number {
  for (let size = SOCKET_BUFFER_BYTES; size >= 65_536; size = size >>> 1) {
    try {
      ask(size)
      break
    } catch {}
  }
  return read()
}

async function sysctl(isLinux: boolean, name: string): Promise<number | undefined> {
  if (!isLinux) return undefined
  try {
    return Number(await readFile(`/proc/sys/net/core/${name}`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Whether a datagram reaches a socket of this kind. */
async function loopbackFinding(what: string, type: SocketType, host: string, target: string): Promise<Finding> {
  const name = what === 'dual stack' ? 'dual stack' : `${what} loopback`
  const sender = createSocket(target.includes(':') ? 'udp6' : 'udp4')
  let socket: Socket | undefined
  try {
    socket = await bind(type, host, 0)
    const arrived = once(socket, 'message', { signal: AbortSignal.timeout(REPLY_MS) })
    arrived.catch(() => {})
    sender.on('error', () => {})
    sender.send('tickwire', socket.address().port, target)
    await arrived
    return { level: 'ok', name, text: what === 'dual stack' ? 'one socket takes IPv6 and IPv4' : 'works', data: { works: true } }
  } catch (error) {
    return loopbackFailure(what, name, error instanceof Error ? error.message : String(error))
  } finally {
    sender.close()
    socket?.close()
  }
}

function loopbackFailure(what: string, name: string, why: string): Finding {
  const data = { works: false, reason: why }
  if (what === 'IPv4')
    return {
      level: 'problem',
      name,
      text: `does not work: ${why}`,
      advice: 'Does a firewall or sandbox forbid UDP? Nothing of tickwire works without it.',
      data,
    }
  const text = `does not work: ${why}`
  if (what === 'IPv6') return { level: 'note', name, text, advice: 'Servers listen on IPv4 alone; give clients an IPv4 address.', data }
  return { level: 'note', name, text, advice: 'A server for both families needs two: one on 0.0.0.0, one on ::.', data }
}

export function broadcastFinding(hosts: readonly string[], interfaces = networkInterfaces()): Finding {
  const data = { broadcastHosts: hosts }
  if (hosts.length > 0) return { level: 'ok', name: 'broadcast', text: `LAN discovery asks ${hosts.join(', ')}`, data }
  const names = Object.keys(interfaces).join(', ') || 'none'
  return {
    level: 'note',
    name: 'broadcast',
    text: `no network to broadcast in (interfaces: ${names}): LAN discovery finds games of this host only`,
    advice: 'Give discover addresses (tickwire discover --address HOST) where games run elsewhere.',
    data,
  }
}

/** Takes each discovery port for a moment. A server takes the first that is free. */
async function portsFinding(): Promise<Finding> {
  const taken: number[] = []
  let failure = ''
  for (let port = DISCOVERY_PORT; port < DISCOVERY_PORT + DISCOVERY_PORTS; port++) {
    try {
      const socket = await bind('udp4', '127.0.0.1', port)
      socket.close()
    } catch (error) {
      taken.push(port)
      if (!isInUse(error)) failure = error instanceof Error ? error.message : String(error)
    }
  }
  return discoveryPortsFinding(taken, failure)
}

export function discoveryPortsFinding(taken: readonly number[], failure: string): Finding {
  const name = 'discovery ports'
  const range = `${DISCOVERY_PORT}–${DISCOVERY_PORT + DISCOVERY_PORTS - 1}`
  const data = { taken }
  if (failure !== '')
    return { level: 'problem', name, text: `UDP ports ${range}: ${failure}`, advice: 'Does a sandbox forbid listening?', data }
  if (taken.length === 0) return { level: 'ok', name, text: `UDP ports ${range} are free`, data }
  if (taken.length < DISCOVERY_PORTS)
    return {
      level: 'ok',
      name,
      text: `UDP ports ${range}: ${taken.join(', ')} taken, by games that can be found, or by other programs`,
      data,
    }
  return {
    level: 'problem',
    name,
    text: `UDP ports ${range} are all taken: no further game of this host can be found`,
    advice: 'tickwire discover --interface loopback lists games; those that are not there belong to other programs (ss -ulpn).',
    data,
  }
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`
}

async function bind(type: SocketType, host: string, port: number): Promise<Socket> {
  const socket = createSocket({ type, reuseAddr: false })
  try {
    const bound = once(socket, 'listening')
    socket.bind({ address: host, port, exclusive: true })
    await bound
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}
