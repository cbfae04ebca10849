// Tells when sockets that no event loop knows become readable: by poll(2) in a thread of libuv's pool, one look at a time for all of them.
// Only used while a promise waits (connect, disconnect, close); else update() looks by itself.
import { MAX_WATCHED_SOCKETS, WATCH_MS } from './limits.js'
import { type LinuxSockets, POLLIN } from './linux-sockets.js'

/** `struct pollfd`: fd i32, events i16, what happened i16. */
const POLLFD_BYTES = 8

export class Readiness {
  readonly #sockets: LinuxSockets
  readonly #watched = new Map<number, () => void>()
  readonly #entries = new DataView(new ArrayBuffer(MAX_WATCHED_SOCKETS * POLLFD_BYTES))
  /** The sockets of the look under way; empty without one. */
  #looked: readonly number[] = []
  /** Called when it is over. */
  #waiters: (() => void)[] = []

  constructor(sockets: LinuxSockets) {
    this.#sockets = sockets
  }

  /** Calls `callback` once, when the socket has something to read or an error to tell. */
  watch(fd: number, callback: () => void): void {
    if (this.#watched.size >= MAX_WATCHED_SOCKETS) return
    this.#watched.set(fd, callback)
    if (this.#looked.length === 0) this.#look()
  }

  unwatch(fd: number): void {
    this.#watched.delete(fd)
  }

  /** Unwatches, and resolves when no look holds the socket any more: one that is closed meanwhile would keep its port. */
  release(fd: number): Promise<void> {
    this.unwatch(fd)
    return new Promise((resolve) => {
      if (this.#looked.includes(fd)) this.#waiters.push(resolve)
      else resolve()
    })
  }

  #look(): void {
    const fds = [...this.#watched.keys()]
    fds.forEach((fd, i) => {
      this.#entries.setInt32(i * POLLFD_BYTES, fd, true)
      this.#entries.setUint32(i * POLLFD_BYTES + 4, POLLIN, true)
    })
    this.#looked = fds
    this.#sockets.pollSoon(this.#sockets.addressOf(this.#entries.buffer as ArrayBuffer), fds.length, WATCH_MS, () => {
      const ready = fds.filter((_, i) => this.#entries.getUint16(i * POLLFD_BYTES + 6, true) !== 0)
      this.#looked = []
      const waiters = this.#waiters.splice(0)
      const callbacks = ready.map((fd) => this.#watched.get(fd))
      for (const fd of ready) this.#watched.delete(fd)
      for (const callback of [...waiters, ...callbacks]) callback?.()
      if (this.#watched.size > 0 && this.#looked.length === 0) this.#look()
    })
  }
}
