// What an endpoint tells node's diagnostics channels. Whether somebody listens is asked once an update, not for each message.
import { diagnostics } from '../io/diagnostics.js'
import type { Taps } from '../sessions/taps.js'
import { DropLog } from './drop-log.js'
import type { NetworkError } from './network-error.js'

export class EndpointDiagnostics {
  readonly #endpoint: object
  readonly #taps: Taps<any>
  readonly #readDrops: () => Readonly<Record<string, number>>
  #untap: (() => void) | undefined
  #dropLog: DropLog | undefined

  /** `readDrops` gives all counters of what was dropped, by cause. */
  constructor(endpoint: object, taps: Taps<any>, readDrops: () => Readonly<Record<string, number>>) {
    this.#endpoint = endpoint
    this.#taps = taps
    this.#readDrops = readDrops
  }

  /** Begins or ends what costs something while nobody listens: messages, and a look at the counters once a second. */
  follow(now: number): void {
    if (diagnostics.message.hasSubscribers !== (this.#untap !== undefined)) this.#followMessages()
    if (diagnostics.drop.hasSubscribers !== (this.#dropLog !== undefined)) this.#followDrops()
    this.#dropLog?.check(now)
  }

  tellConnect(peer: object | undefined): void {
    if (diagnostics.connect.hasSubscribers) diagnostics.connect.publish({ endpoint: this.#endpoint, peer })
  }

  tellAway(peer: object | undefined, detail: string): void {
    if (diagnostics.away.hasSubscribers) diagnostics.away.publish({ endpoint: this.#endpoint, peer, detail })
  }

  tellResume(peer: object | undefined): void {
    if (diagnostics.resume.hasSubscribers) diagnostics.resume.publish({ endpoint: this.#endpoint, peer })
  }

  tellDisconnect(peer: object | undefined, reason: string, detail: string): void {
    if (diagnostics.disconnect.hasSubscribers) diagnostics.disconnect.publish({ endpoint: this.#endpoint, peer, reason, detail })
  }

  tellError(peer: object | undefined, error: NetworkError): void {
    if (diagnostics.error.hasSubscribers) diagnostics.error.publish({ endpoint: this.#endpoint, peer, error })
  }

  #followMessages(): void {
    this.#untap?.()
    this.#untap = diagnostics.message.hasSubscribers
      ? this.#taps.add({
          message: (direction, peer, type, message) =>
            diagnostics.message.publish({ endpoint: this.#endpoint, peer, direction, type, message }),
        })
      : undefined
  }

  #followDrops(): void {
    this.#dropLog = diagnostics.drop.hasSubscribers
      ? new DropLog(
          this.#readDrops,
          (risen) => {
            for (const { cause, count } of risen) diagnostics.drop.publish({ endpoint: this.#endpoint, cause, count })
          },
          this.#readDrops(),
        )
      : undefined
  }
}
