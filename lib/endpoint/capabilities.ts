import { availableCrypto, selectCrypto } from '../io/select-crypto.js'
import { availableTransports } from '../io/select-transport.js'

/** One of several ways to do a thing, and whether it can be used here. */
export interface Capability {
  /** `dgram`, `sodium-native`, `node:crypto` and the like. */
  readonly name: string
  /** Of each kind one is; none of the transports where the environment's TICKWIRE_TRANSPORT asks for one that does not work here. */
  readonly isInUse: boolean
  /** Why it is used, or not. */
  readonly reason: string
}

/** What this process uses. */
export interface Capabilities {
  /** What moves datagrams where an endpoint's option `transport` is `auto`, the fastest first. */
  readonly transport: readonly Capability[]
  /** What seals packets, the fastest first. */
  readonly crypto: readonly Capability[]
}

/**
 * Says which transport and which crypto provider are in use, which are not, and why: for a log line at start, or a bug report.
 *
 * @example
 * for (const { name, isInUse, reason } of capabilities().crypto) console.log(isInUse ? '✓' : '✗', name, reason)
 */
export function capabilities(): Capabilities {
  const inUse = selectCrypto().name
  return {
    transport: availableTransports(),
    crypto: availableCrypto().map(({ name, crypto, reason }) => ({
      name,
      isInUse: name === inUse,
      reason:
        name === inUse
          ? 'the fastest that seals a test vector correctly'
          : crypto === undefined
            ? reason
            : 'works, and a faster one is in use',
    })),
  }
}
