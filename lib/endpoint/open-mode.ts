// Open mode: no private key. The key is all zeros, and clients make their own tokens. That keeps off-path attackers out (they do not see the session's keys),
// and hides nothing from whoever can see the packets: for LAN and development.

export const OPEN_PRIVATE_KEY = new Uint8Array(32)

/** "Never", for a token's time-out in seconds: 68 years. Negative ones, netcode's own "never", are refused by servers. */
export const NEVER_SECONDS = 2 ** 31 - 1

/** How long a token that a client made for itself may be used to connect. */
export const OPEN_TOKEN_SECONDS = 60
