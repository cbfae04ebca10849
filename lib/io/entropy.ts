// Randomness, as the library takes it: keys, nonces, challenge keys, resume tokens. Seeded in simulation.
import { randomFillSync } from 'node:crypto'

/** A source of random bytes. */
export interface Entropy {
  /** Fills the whole array. */
  fill(bytes: Uint8Array): void
}

/** The system's cryptographically secure source. */
export const systemEntropy: Entropy = {
  fill(bytes) {
    randomFillSync(bytes)
  },
}
