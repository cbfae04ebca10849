// Why the server ignored datagrams. The standard ignores in silence; counting by cause is how an operator finds a wrong key or clock.

/** Datagrams that a `NetcodeServer` ignored, by cause, since it was made. */
export interface NetcodeServerCounters {
  /** Not the size or form of any packet. */
  malformed: number
  /** From an address that is neither connected nor challenged. */
  stranger: number
  /** A request of another version of netcode. */
  wrongVersion: number
  /** A request for another game. */
  wrongProtocol: number
  /** A request whose token has expired: slow client, or clocks that differ. */
  expired: number
  /** A request whose token may have been used before this server started. */
  beforeRestart: number
  /** A request whose token does not open: another private key, or forged. */
  badToken: number
  /** A request whose token does not name this server's address. */
  wrongAddress: number
  /** A request whose token has a negative time-out, which `maxTimeoutSeconds` forbids. */
  negativeTimeout: number
  /** A request from an address that is connected. */
  addressConnected: number
  /** A request or response for a client id that is connected, with `takeOver` off. */
  clientIdConnected: number
  /** A request whose token has opened a session before. */
  consumedToken: number
  /** A request whose token was first used from another address. */
  sharedToken: number
  /** A request while the table of tokens is full. */
  historyFull: number
  /** A request or response while every slot is taken; answered with a denial. */
  full: number
  /** A request or response while `acceptNewClients` was false. */
  notAccepting: number
  /** A request that opened, above `requestRates`. */
  rateLimited: number
  /** A response that `admits` let wait. */
  notAdmitted: number
  /** A response whose challenge is not one that this client was given. */
  badChallenge: number
  /** A challenged client that was forgotten to make room for another. */
  pendingEvicted: number
  /** A packet type that has no meaning now, such as a response that was repeated after it had done its work. */
  unexpected: number
  /** A packet that was received before, or is too old to tell. */
  replayed: number
  /** A sequence of 2^53 or more. */
  sequenceTooLarge: number
  /** A packet from the address of a client that does not open with its key. */
  forged: number
}

/** Why one datagram was ignored. */
export type IgnoredCause = keyof NetcodeServerCounters

export function createServerCounters(): NetcodeServerCounters {
  return {
    malformed: 0,
    stranger: 0,
    wrongVersion: 0,
    wrongProtocol: 0,
    expired: 0,
    beforeRestart: 0,
    badToken: 0,
    wrongAddress: 0,
    negativeTimeout: 0,
    addressConnected: 0,
    clientIdConnected: 0,
    consumedToken: 0,
    sharedToken: 0,
    historyFull: 0,
    full: 0,
    notAccepting: 0,
    rateLimited: 0,
    notAdmitted: 0,
    badChallenge: 0,
    pendingEvicted: 0,
    unexpected: 0,
    replayed: 0,
    sequenceTooLarge: 0,
    forged: 0,
  }
}
