// Closes this process's UDP socket behind the library's back, as a system does that takes a network away.

import { Socket } from 'node:dgram'
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Of node:dgram by its handle; of the batched transport (Linux) by its file descriptor, which /proc names. */
export function closeUdpSocket(): void {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): readonly unknown[] } // not in Node's types
  const socket = handles.call(process).find((handle) => handle instanceof Socket)
  if (socket instanceof Socket) socket.close()
  else closeSync(udpDescriptor())
}

function udpDescriptor(): number {
  const tables = ['/proc/net/udp', '/proc/net/udp6'].map((table) => readFileSync(table, 'utf8')).join('\n')
  const inodes = new Set(Array.from(tables.matchAll(/^ *\d+:(?: +\S+){8} +(\d+)/gm), ([, inode]) => `socket:[${inode}]`))
  const descriptor = readdirSync('/proc/self/fd').find((fd) => inodes.has(targetOf(fd)))
  if (descriptor === undefined) throw new Error('this process has no UDP socket')
  return Number(descriptor)
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return '' // closed meanwhile
  }
}
