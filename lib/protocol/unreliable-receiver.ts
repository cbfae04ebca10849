// Incoming unreliable and sequenced messages: repeats are told apart by number, a sequenced message that is not newer than the last of its definition is dropped,
// and a few large ones may be incomplete at a time.
import { MAX_UNRELIABLE_REASSEMBLIES, SEGMENT_BYTES, UNRELIABLE_HISTORY } from '../wire/limits.js'
import { restoreId } from '../wire/sequence.js'
import type { FragmentFrame } from './fragment-frame.js'
import { Reassembly } from './reassembly.js'

/** Sequenced numbers are looked for from 4 million behind the last to 12 million ahead: what arrives is at most 2.4 million old, but any number may have been lost. */
const LOOK_AHEAD = 1 << 22

/** Numbers that the wire tells apart; a multiple of UNRELIABLE_HISTORY. */
const NUMBERS = 1 << 24

interface Incomplete {
  readonly isSequenced: boolean
  readonly number: number
  readonly reassembly: Reassembly
}

export class UnreliableReceiver {
  /** The last number of each sequenced definition. */
  #lastNumbers: Map<number, number> | undefined
  /** Bit `number % UNRELIABLE_HISTORY`: arrived, for numbers in (newest − UNRELIABLE_HISTORY, newest]. */
  #history: Uint8Array | undefined
  #newest = -1
  /** Oldest first. */
  readonly #incomplete: Incomplete[] = []
  /** Large messages that were begun, and the segments that they ask for: a peer may begin dozens with one packet. */
  begun = 0
  /** Total sizes of what is incomplete, and the bound on it. */
  #incompleteBytes = 0
  readonly #maxIncompleteBytes: number

  constructor(maxMessageBytes: number) {
    this.#maxIncompleteBytes = 2 * maxMessageBytes
  }

  get incompleteCount(): number {
    return this.#incomplete.length
  }

  /** Whether the sequenced message with these low bits is newer than all before; notes it. */
  acceptSequenced(typeId: number, low: number): boolean {
    const number = this.#restoreSequenced(typeId, low)
    if (number <= this.#lastNumber(typeId)) return false
    this.#noteNumber(typeId, number)
    return true
  }

  /** Whether the numbered unreliable message has not arrived before, as far as is remembered; notes it. */
  acceptNumbered(low: number): boolean {
    const number = restoreId(low, this.#newest + LOOK_AHEAD)
    if (number <= this.#newest - UNRELIABLE_HISTORY || number < 0) return false
    this.#history ??= new Uint8Array(UNRELIABLE_HISTORY / 8)
    if (number - this.#newest >= UNRELIABLE_HISTORY) this.#history.fill(0)
    else this.#forget(this.#newest + 1, number)
    const at = (number % UNRELIABLE_HISTORY) >> 3
    const bit = 1 << (number & 7)
    if (number <= this.#newest && (this.#history[at]! & bit) !== 0) return false
    this.#history[at]! |= bit
    // Only the low bits count, so that a peer that jumps ahead with each message never gets to where doubles are not exact.
    if (number > this.#newest) this.#newest = number < 2 * NUMBERS ? number : (number % NUMBERS) + NUMBERS
    return true
  }

  /**
   * A part of a large message. Returns the whole when this completes it and it is to be delivered.
   * A contradiction, or a sequenced message that is out of date, is dropped.
   */
  receiveFragment(isSequenced: boolean, low: number, fragment: FragmentFrame, bytes: Uint8Array): Reassembly | undefined {
    const last = isSequenced ? this.#lastNumber(fragment.typeId) : -1
    const number = isSequenced ? this.#restoreSequenced(fragment.typeId, low) : low
    if (number <= last) return undefined
    let at = this.#incomplete.length - 1
    while (at >= 0 && !isPartOf(this.#incomplete[at]!, isSequenced, number, fragment.typeId)) at--
    if (at < 0) {
      this.#makeRoom(fragment.totalBytes)
      this.begun += 1 + fragment.totalBytes / SEGMENT_BYTES
      at = this.#incomplete.push({ isSequenced, number, reassembly: new Reassembly(fragment.typeId, fragment.totalBytes) }) - 1
    }
    const { reassembly } = this.#incomplete[at]!
    if (!reassembly.add(fragment, bytes) || !reassembly.isComplete) return undefined
    this.#incomplete.splice(at, 1)
    this.#incompleteBytes -= reassembly.totalBytes
    if (isSequenced) this.#noteNumber(fragment.typeId, number)
    return reassembly
  }

  /** Clears the bits of numbers from `first` to before `end`, which take the places of old ones; eight at a time where they fill a byte. */
  #forget(first: number, end: number): void {
    const history = this.#history!
    for (let i = first; i < end; ) {
      const at = (i % UNRELIABLE_HISTORY) >> 3
      if ((i & 7) === 0 && i + 8 <= end) {
        history[at] = 0
        i += 8
      } else history[at]! &= ~(1 << (i++ & 7))
    }
  }

  /** Lets go of the oldest until a message of this size fits. */
  #makeRoom(totalBytes: number): void {
    this.#incompleteBytes += totalBytes
    while (
      this.#incomplete.length > 0 &&
      (this.#incomplete.length >= MAX_UNRELIABLE_REASSEMBLIES || this.#incompleteBytes > this.#maxIncompleteBytes)
    ) {
      this.#incompleteBytes -= this.#incomplete.shift()!.reassembly.totalBytes
    }
  }

  #restoreSequenced(typeId: number, low: number): number {
    return restoreId(low, this.#lastNumber(typeId) + LOOK_AHEAD)
  }

  #lastNumber(typeId: number): number {
    return this.#lastNumbers?.get(typeId) ?? -1
  }

  #noteNumber(typeId: number, number: number): void {
    this.#lastNumbers ??= new Map()
    this.#lastNumbers.set(typeId, number)
  }
}

/** Sequenced messages are numbered by definition. */
function isPartOf(incomplete: Incomplete, isSequenced: boolean, number: number, typeId: number): boolean {
  return incomplete.number === number && incomplete.isSequenced === isSequenced && (!isSequenced || incomplete.reassembly.typeId === typeId)
}
