// Randomness, as the library takes it: keys, nonces, challenge keys, resume tokens. Seeded in simulation.
import { randomFillSync } from 'node:crypto'

/** A source of random bytes. */
export interface Entropy {
  /** Fills the whole array. */
  fill(bytes: Uint8Array): void
}

/** Bytes taken from the system at once: a call costs several µs, however few it asks for, and a connect token takes four. */
const STOCK_BYTES = 1024

const stock = new Uint8Array(STOCK_BYTES)
let taken = STOCK_BYTES

/** The system's cryptographically secure source. */
export const systemEntropy: Entropy = {
  fill(bytes) {
    if (bytes.length > STOCK_BYTES / 4) {
      randomFillSync(bytes)
      return
    }
    if (taken + bytes.length > STOCK_BYTES) {
      randomFillSync(stock)
      taken = 0
    }
    bytes.set(stock.subarray(taken, taken + bytes.length))
    stock.fill(0, taken, taken + bytes.length) // what was given out is a secret, and stays in one place
    taken += bytes.length
  },
}
