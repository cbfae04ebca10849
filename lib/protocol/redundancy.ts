// Repeats: messages with `redundancy: n` ride again in the next n packets that leave anyway, one per update, oldest first, until they are acknowledged: a lost packet then
// costs a game no round trip. Small reliable messages of a thin stream do so by themselves where packets get lost (early repeats), in packets with new messages only.
import { EARLY_REPEAT_RESIDUAL, MAX_EARLY_REPEATS, MAX_REDUNDANT_MESSAGES } from '../wire/limits.js'
import type { OutMessage } from './payload-pool.js'
import type { PacketItems } from './sent-packets.js'

const LOG_RESIDUAL = Math.log(EARLY_REPEAT_RESIDUAL)

/** A message that is being repeated. The lane of a reliable one owns its record: it may serve another message once `id` was acknowledged. */
export interface Repeat {
  readonly message: OutMessage
  readonly lane: number
  readonly id: number
  /** The connection repeats it of its own accord: it makes no ack into a packet with messages. */
  readonly isEarly: boolean
  left: number
  /** The update in which it was sent last. */
  update: number
}

export interface RepeatOwner {
  /** Writes a repeat at `at`; returns `at` where it does not fit, -1 where the message needs none any more. */
  writeRepeat(repeat: Repeat, bytes: Uint8Array, at: number, end: number, items: PacketItems): number
  /** It is not repeated any more. */
  releaseRepeat(repeat: Repeat): void
}

export class Redundancy {
  readonly #repeats: Repeat[] = []
  readonly #owner: RepeatOwner
  #update = 0

  constructor(owner: RepeatOwner) {
    this.#owner = owner
  }

  get length(): number {
    return this.#repeats.length
  }

  beginUpdate(): void {
    this.#update++
  }

  /** Takes a message that has just been sent for the first time. False where too many are being repeated. */
  add(message: OutMessage, times: number, isEarly: boolean): boolean {
    if (this.#repeats.length >= MAX_REDUNDANT_MESSAGES) return false
    this.#repeats.push({ message, lane: message.lane, id: message.id, isEarly, left: times, update: this.#update })
    return true
  }

  /** Writes what is due for a repeat in this update, oldest first; early ones only beside new messages. Returns the offset behind it. */
  write(bytes: Uint8Array, at: number, end: number, items: PacketItems, hasMessages: boolean): number {
    let offset = at
    for (let i = 0; i < this.#repeats.length; ) {
      const repeat = this.#repeats[i]!
      if (repeat.update === this.#update || (repeat.isEarly && !hasMessages)) {
        i++
        continue
      }
      const behind = this.#owner.writeRepeat(repeat, bytes, offset, end, items)
      if (behind === offset) return offset
      if (behind > 0) {
        offset = behind
        repeat.update = this.#update
        repeat.left--
      }
      if (behind < 0 || repeat.left === 0) this.#remove(i)
      else i++
    }
    return offset
  }

  /** An unreliable message (`typeId` -1) or a sequenced one has arrived. */
  handleAcked(typeId: number, id: number): void {
    const at = this.#repeats.findIndex((r) => r.lane < 0 && r.id === id && (r.message.isSequenced ? r.message.typeId : -1) === typeId)
    if (at >= 0) this.#remove(at)
  }

  clear(): void {
    while (this.#repeats.length > 0) this.#remove(0)
  }

  #remove(index: number): void {
    const [repeat] = this.#repeats.splice(index, 1)
    this.#owner.releaseRepeat(repeat!)
  }
}

/** How often a message is repeated early at this risk of loss: until the chance that all its packets are lost is as small as it should be. */
export function earlyRepeats(risk: number): number {
  if (risk <= EARLY_REPEAT_RESIDUAL) return 0
  return Math.min(Math.ceil(LOG_RESIDUAL / Math.log(risk)) - 1, MAX_EARLY_REPEATS)
}
