// Replay protection for keep-alives, payloads and disconnects (STANDARD.md, "Replay Protection").
//
//     one bit a sequence, at sequence & 4095:
//
//        recent − 4095 ………………………… recent
//     ┌──────────────────────────────────┐
//     │ 1 1 0 1 1 1 1 1 1 0 1 1 … 1 1 1 1│   1 = received
//     └──────────────────────────────────┘
//
// The C reference keeps 256 whole sequences; bits relative to the most recent one answer the same questions in 512 bytes, which matters at thousands of clients.
// Sequences are u64, held exactly as two u32.
import { REPLAY_WINDOW } from './constants.js'

const WORDS = REPLAY_WINDOW / 32
/** Until a sequence has no place in them: a typed array of 64 bytes lies in the heap, and 512 bytes outside cost a microsecond and a player's first seconds do not need them. */
const FIRST_WORDS = 16
const TWO_TO_32 = 2 ** 32

/** Remembers which of the last 4096 sequences were received. Ask before a packet is opened, tell after it has opened. */
export class ReplayWindow {
  #received = new Uint32Array(FIRST_WORDS)
  #recentLow = 0
  #recentHigh = 0

  /** Whether the sequence was received before, or is so old that this is no longer known. */
  isReceived(low: number, high: number): boolean {
    // recent − sequence, exact wherever it is small enough to matter: below 2^53 the arithmetic is exact, above it only rounded, never near 4096.
    const age = (this.#recentHigh - high) * TWO_TO_32 + (this.#recentLow - low)
    if (age < 0) return false
    // The form "recent − sequence ≥ window" cannot overflow near 2^64, where "sequence + window ≤ recent" would.
    if (age >= REPLAY_WINDOW) return true
    return (this.#received[(low >>> 5) & (this.#received.length - 1)]! & (1 << (low & 31))) !== 0
  }

  /** Marks a sequence as received. The caller has seen that its packet opened and that `isReceived` was false. */
  advance(low: number, high: number): void {
    const distance = (high - this.#recentHigh) * TWO_TO_32 + (low - this.#recentLow)
    if (distance > 0) {
      if (this.#received.length < WORDS && (high > 0 || low >= FIRST_WORDS * 32)) this.#grow()
      this.#forget(distance)
      this.#recentLow = low
      this.#recentHigh = high
    }
    this.#received[(low >>> 5) & (this.#received.length - 1)]! |= 1 << (low & 31)
  }

  /** Before any sequence lies beyond the first words, all bits stay where they are. */
  #grow(): void {
    const received = new Uint32Array(WORDS)
    received.set(this.#received)
    this.#received = received
  }

  /** Clears the bits of the `distance` sequences behind the most recent one: they take the places of ones that fall out of the window. */
  #forget(distance: number): void {
    if (distance >= REPLAY_WINDOW) {
      this.#received.fill(0)
      return
    }
    const received = this.#received
    for (let i = 1; i <= distance; i++) {
      const place = (this.#recentLow + i) & (REPLAY_WINDOW - 1)
      received[place >>> 5]! &= ~(1 << (place & 31))
    }
  }
}
