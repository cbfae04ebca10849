// The system's calls, of which a test makes some fail, or go over less than they could. What it lets through is done by real sockets.
import { type LinuxSockets, loadLinuxSockets, SOL_UDP, UDP_SEGMENT } from '../../lib/io/linux-sockets.js'

/** What becomes of one call: an error by its number, or at most so many of its entries; undefined: as the system does it. */
export type Fate = { readonly errno: number } | { readonly atMost: number } | undefined

export class FailingSockets implements LinuxSockets {
  /** Decides about each sendmmsg, by how many there were before and how many entries this one has. */
  onSend: ((call: number, entries: number) => Fate) | undefined
  onReceive: ((call: number) => Fate) | undefined
  /** Decides about whole sockets and their options. */
  onSocket: ((family: number) => Fate) | undefined
  onOption: ((level: number, name: number) => Fate) | undefined
  /** The entries of each sendmmsg. */
  readonly sent: number[] = []
  /** How often UDP_SEGMENT was set. */
  segmentOptions = 0
  /** The numbers of the sockets that are open. */
  readonly open = new Set<number>()
  readonly #real = loadLinuxSockets()
  #receives = 0
  #errno: number | undefined

  readonly bind = this.#real.bind
  readonly connect = this.#real.connect
  readonly getsockname = this.#real.getsockname
  readonly clock_gettime = this.#real.clock_gettime
  readonly pollSoon = this.#real.pollSoon
  readonly addressOf = this.#real.addressOf

  socket(family: number, type: number, protocol: number): number {
    const fd = this.#decide(this.onSocket?.(family), () => this.#real.socket(family, type, protocol))
    if (fd >= 0) this.open.add(fd)
    return fd
  }

  setsockopt(fd: number, level: number, name: number, value: number, length: number): number {
    if (level === SOL_UDP && name === UDP_SEGMENT) this.segmentOptions++
    return this.#decide(this.onOption?.(level, name), () => this.#real.setsockopt(fd, level, name, value, length))
  }

  sendmmsg(fd: number, headers: number, count: number, flags: number): number {
    const fate = this.onSend?.(this.sent.length, count)
    this.sent.push(count)
    const entries = fate !== undefined && 'atMost' in fate ? Math.min(count, fate.atMost) : count
    return this.#decide(fate, () => this.#real.sendmmsg(fd, headers, entries, flags))
  }

  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number {
    return this.#decide(this.onReceive?.(this.#receives++), () => this.#real.recvmmsg(fd, headers, count, flags, timeout))
  }

  close(fd: number): number {
    this.open.delete(fd)
    return this.#real.close(fd)
  }

  errno(): number {
    return this.#errno ?? this.#real.errno()
  }

  #decide(fate: Fate, call: () => number): number {
    this.#errno = fate !== undefined && 'errno' in fate ? fate.errno : undefined
    return this.#errno === undefined ? call() : -1
  }
}
