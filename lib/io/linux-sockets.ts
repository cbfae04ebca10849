// The system calls behind the batched transport, by koffi: Linux on 64-bit little-endian machines. Numbers and layouts are the kernel's own, the same on x64 and arm64.
// A call costs 0.1–0.2 µs beside what the system takes. koffi is optional, so it is loaded only when asked for.
import { createRequire } from 'node:module'
import { constants, endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'

/** `<sys/socket.h>`, `<netinet/udp.h>` and their kin. */
export const AF_INET = 2
export const AF_INET6 = 10
export const SOCK_DGRAM = 2
export const SOCK_CLOEXEC = 0o2000000
export const SOL_SOCKET = 1
export const SO_BROADCAST = 6
export const SO_SNDBUF = 7
export const SO_RCVBUF = 8
export const SO_REUSEPORT = 15
export const SO_TIMESTAMPNS = 35
export const SO_RXQ_OVFL = 40
export const SOL_IPV6 = 41
export const IPV6_V6ONLY = 26
export const SOL_UDP = 17
export const UDP_SEGMENT = 103
export const UDP_GRO = 104
export const MSG_DONTWAIT = 0x40
export const CLOCK_REALTIME = 0
export const POLLIN = 1

/** `struct mmsghdr`: a msghdr of 56 bytes, and how many bytes went over. */
export const MMSGHDR_BYTES = 64
export const MMSGHDR_NAME = 0
export const MMSGHDR_NAME_LENGTH = 8
export const MMSGHDR_IOVEC = 16
export const MMSGHDR_IOVEC_COUNT = 24
export const MMSGHDR_CONTROL = 32
export const MMSGHDR_CONTROL_LENGTH = 40
export const MMSGHDR_LENGTH = 56
/** `struct iovec`: where and how long, 8 bytes each. */
export const IOVEC_BYTES = 16
/** `struct cmsghdr`: length u64, level i32, type i32; then the data, and room up to a multiple of 8. */
export const CMSG_HEADER_BYTES = 16

/** What fails. Pointers are numbers: no address of a process exceeds 2^53. */
export interface LinuxSockets {
  socket(family: number, type: number, protocol: number): number
  bind(fd: number, address: number, length: number): number
  connect(fd: number, address: number, length: number): number
  getsockname(fd: number, address: number, length: number): number
  setsockopt(fd: number, level: number, name: number, value: number, length: number): number
  sendmmsg(fd: number, headers: number, count: number, flags: number): number
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number
  clock_gettime(clock: number, time: number): number
  close(fd: number): number
  /** Waits in a thread of libuv's pool. */
  pollSoon(entries: number, count: number, timeoutMs: number, done: (ready: number) => void): void
  /** Of the last call that returned -1. */
  errno(): number
  /** Where the first byte of an array's memory is. The array must be kept as long as the address is used. */
  addressOf(memory: ArrayBuffer): number
}

interface Koffi {
  load(path: null): { func(definition: string): KoffiFunction }
  errno(): number
  address(memory: ArrayBuffer): bigint
}
type KoffiFunction = ((...parameters: number[]) => number) & { async(...parameters: unknown[]): void }

let loaded: LinuxSockets | undefined
const OPTION = new Int32Array(1)

/** Loads koffi and finds the calls. Throws an Error that says what is missing. */
export function loadLinuxSockets(): LinuxSockets {
  loaded ??= load()
  return loaded
}

function load(): LinuxSockets {
  if (process.platform !== 'linux') throw new Error(`sendmmsg and recvmmsg are Linux's, and this is ${process.platform}`)
  if ((process.arch !== 'x64' && process.arch !== 'arm64') || endianness() !== 'LE')
    throw new Error(`the layouts of x64 and arm64 are known, not those of ${process.arch}`)
  const koffi = createRequire(import.meta.url)('koffi') as Koffi
  const library = koffi.load(null)
  const poll = library.func('int poll(uintptr_t entries, unsigned long count, int timeout)')
  return {
    socket: library.func('int socket(int family, int type, int protocol)'),
    bind: library.func('int bind(int fd, uintptr_t address, unsigned int length)'),
    connect: library.func('int connect(int fd, uintptr_t address, unsigned int length)'),
    getsockname: library.func('int getsockname(int fd, uintptr_t address, uintptr_t length)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int name, uintptr_t value, unsigned int length)'),
    sendmmsg: library.func('int sendmmsg(int fd, uintptr_t headers, unsigned int count, int flags)'),
    recvmmsg: library.func('int recvmmsg(int fd, uintptr_t headers, unsigned int count, int flags, uintptr_t timeout)'),
    clock_gettime: library.func('int clock_gettime(int clock, uintptr_t time)'),
    close: library.func('int close(int fd)'),
    pollSoon: (entries, count, timeoutMs, done) =>
      poll.async(entries, count, timeoutMs, (_: unknown, ready: number | undefined) => done(ready ?? -1)),
    errno: koffi.errno,
    addressOf: (memory) => Number(koffi.address(memory)),
  }
}

/** The error of a call that returned -1, as node's own sockets give it. */
export function systemError(call: string, errno: number): Error & { code: string } {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -errno, syscall: call })
}

/** By name: numbers of errors differ between systems. */
export const { EAFNOSUPPORT, EAGAIN, ECONNREFUSED, EINTR, EINVAL, EIO, EMSGSIZE, ENOBUFS } = constants.errno

/** Sets an option that is a whole number. False where the system refuses. */
export function setOption(sockets: LinuxSockets, fd: number, level: number, name: number, value: number): boolean {
  OPTION[0] = value
  return sockets.setsockopt(fd, level, name, sockets.addressOf(OPTION.buffer), 4) === 0
}

/** Writes an address of memory, a number below 2^53. */
export function setPointer(view: DataView, at: number, address: number): void {
  view.setUint32(at, address >>> 0, true)
  view.setUint32(at + 4, Math.floor(address / 2 ** 32), true)
}
