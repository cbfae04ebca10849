// Middleware stands between the game and its messages: in the order of adding, each may pass a message on, pass on another in its place, or drop it.
import type { AnyMessageType } from '../messages/index.js'
import { describe } from '../messages/refusal.js'

/**
 * What stands between the game and its messages. Each returns the message to go on with, the same or another of the same type; undefined drops it (`drops.middleware`). One that throws, or returns anything else, such as a promise, drops it too, and OnError hears why (`HANDLER`).
 * Requests, replies and what is sent confirmed pass too, as taps see them. `Remote`: a server's peer; on a client undefined.
 */
export interface Middleware<Remote> {
  /** Before the message is encoded, which then checks what comes out. A message to several peers passes once, with `peer` undefined. */
  send?(type: AnyMessageType, values: unknown, peer: Remote | undefined): unknown
  /** Before the handlers of the message. */
  receive?(type: AnyMessageType, message: unknown, peer: Remote | undefined): unknown
}

/** What a chain tells. */
export interface MiddlewareOwner<Remote> {
  readonly drops: { middleware: number }
  report(error: unknown, remote: Remote | undefined): void
}

export class MiddlewareChain<Remote> {
  /** Whether there is any, for each direction. */
  sends = false
  receives = false
  readonly #owner: MiddlewareOwner<Remote>
  /** Each in an object of its own, as one may be added twice. */
  #added: readonly { readonly middleware: Middleware<Remote> }[] = []

  constructor(owner: MiddlewareOwner<Remote>) {
    this.#owner = owner
  }

  /** Adds one behind the others. Returns what removes it. */
  add(middleware: Middleware<Remote>): () => void {
    const added = { middleware }
    this.#set([...this.#added, added])
    return () => this.#set(this.#added.filter((other) => other !== added))
  }

  /** What is to be sent in place of `values`; undefined: nothing. */
  send(type: AnyMessageType, values: unknown, remote: Remote | undefined): unknown {
    return this.#pass('send', type, values, remote)
  }

  /** What is to be handled in place of `message`; undefined: nothing. */
  receive(type: AnyMessageType, message: unknown, remote: Remote | undefined): unknown {
    return this.#pass('receive', type, message, remote)
  }

  #pass(direction: 'send' | 'receive', type: AnyMessageType, message: unknown, remote: Remote | undefined): unknown {
    let passed = message
    try {
      for (const { middleware } of this.#added) {
        if (middleware[direction] === undefined) continue
        passed = middleware[direction](type, passed, remote)
        if (passed === undefined) break
        if (typeof passed !== 'object' || passed === null || passed instanceof Promise)
          throw new TypeError(
            `"${direction}" of a middleware expected to return the values of a ${type.name} or undefined, got ${describe(passed)}`,
          )
      }
    } catch (error) {
      passed = undefined
      this.#owner.report(error, remote)
    }
    if (passed === undefined) this.#owner.drops.middleware++
    return passed
  }

  #set(added: readonly { readonly middleware: Middleware<Remote> }[]): void {
    this.#added = added
    this.sends = added.some(({ middleware }) => middleware.send !== undefined)
    this.receives = added.some(({ middleware }) => middleware.receive !== undefined)
  }
}
