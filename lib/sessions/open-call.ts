// A request that this side is answering: what its responder gets beside the values. The signal is made when somebody asks for it, as most responders never do.
import { describe } from '../messages/refusal.js'
import type { AnyRequestDefinition } from '../messages/request-definition.js'

/** What `fail` throws: an answer, and no failure of the responder. */
export class Refusal extends Error {
  /** The call that it answers. */
  readonly call: OpenCall<unknown>
  /** As on the wire. */
  readonly status: string
  readonly detail: string

  constructor(call: OpenCall<unknown>, status: string, code: string, detail: string) {
    super(`${call.definition.name} was refused: ${code}`)
    this.call = call
    this.status = status
    this.detail = detail
  }
}

export class OpenCall<Peer> {
  readonly definition: AnyRequestDefinition
  /** Who asks; undefined on a client, where it can only be the server. */
  readonly peer: Peer
  /** The answer is not wanted any more. */
  isAborted = false
  #reason: unknown
  #controller: AbortController | undefined

  constructor(definition: AnyRequestDefinition, peer: Peer) {
    this.definition = definition
    this.peer = peer
  }

  /** Aborted when the asker has given up, or has gone for good. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.isAborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Refuses by one of the definition's errors. A property, as responders take it out of its object. */
  readonly fail = (code: unknown, detail = ''): never => {
    const status = this.definition.statusOf(code)
    if (status === undefined)
      throw new TypeError(
        `"code" expected one of the errors of ${this.definition.name} (${this.definition.errors.join(', ')}), got ${describe(code)}`,
      )
    if (typeof detail !== 'string') throw new TypeError(`"detail" expected a text, got ${describe(detail)}`)
    throw new Refusal(this, status, String(code), detail)
  }

  /** Runs the game's listeners of the signal. */
  abort(reason: unknown): void {
    if (this.isAborted) return
    this.isAborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}
