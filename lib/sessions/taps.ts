// Taps look on as packets and messages pass, and change nothing. Without one, what passes costs the look at a flag.
import type { AnyMessageType } from '../messages/index.js'

/** Which way: `in` was received, `out` was sent. */
export type Direction = 'in' | 'out'

/** What looks on. `Remote`: a server's peer; on a client undefined. What a tap throws is reported through OnError (`HANDLER`) and stops nothing. */
export interface Tap<Remote> {
  /**
   * Each packet, opened: its payload, the frames of the protocol, without encryption. `bytes` hold only during the call: copy what you keep. `peer` is undefined before the server has let it in. `at`: ms of the endpoint's clock, when it arrived or was filled.
   * It is called amid receiving and sending, so it may only look: within it `update` and `flush` do nothing, and `connect` throws.
   */
  packet?(direction: Direction, peer: Remote | undefined, bytes: Uint8Array, at: number): unknown
  /**
   * Each message of the game: `in` before middleware and handlers, in their order; `out` once it is queued. A message to several peers comes once, with `peer` undefined. Requests and replies are messages too, such as `Buy` and `Buy.reply`; one sent confirmed is the message inside.
   */
  message?(direction: Direction, peer: Remote | undefined, type: AnyMessageType, message: unknown): unknown
}

/** Where failures of taps are told: at once, or, amid receiving and sending, later. */
export interface TapsOwner {
  report(error: unknown): void
  reportLater(error: unknown): void
}

export class Taps<Remote> {
  /** Whether anyone looks at packets, and at messages. */
  seesPackets = false
  seesMessages = false
  /** A packet tap runs: the endpoint is amid receiving or sending. */
  isInPacket = false
  readonly #owner: TapsOwner
  /** Each in an object of its own, as one tap may be added twice. */
  #added: readonly { readonly tap: Tap<Remote> }[] = []

  constructor(owner: TapsOwner) {
    this.#owner = owner
  }

  /** Returns what removes it. */
  add(tap: Tap<Remote>): () => void {
    const added = { tap }
    this.#set([...this.#added, added])
    return () => this.#set(this.#added.filter((other) => other !== added))
  }

  packet(direction: Direction, remote: Remote | undefined, bytes: Uint8Array, at: number): void {
    this.isInPacket = true
    try {
      for (const { tap } of this.#added) {
        try {
          tap.packet?.(direction, remote, bytes, at)
        } catch (error) {
          this.#owner.reportLater(error)
        }
      }
    } finally {
      this.isInPacket = false
    }
  }

  message(direction: Direction, remote: Remote | undefined, type: AnyMessageType, message: unknown): void {
    for (const { tap } of this.#added) {
      try {
        tap.message?.(direction, remote, type, message)
      } catch (error) {
        this.#owner.report(error)
      }
    }
  }

  #set(added: readonly { readonly tap: Tap<Remote> }[]): void {
    this.#added = added
    this.seesPackets = added.some(({ tap }) => tap.packet !== undefined)
    this.seesMessages = added.some(({ tap }) => tap.message !== undefined)
  }
}
