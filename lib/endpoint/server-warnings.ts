// What netcode ignores in silence is counted by cause; the causes that point to a mistake in someone's set-up are said once.
import type { NetcodeServerCounters } from '../netcode/server-counters.js'

const TEXTS: Partial<Record<keyof NetcodeServerCounters, string>> = {
  wrongVersion: 'a client speaks another version of netcode',
  wrongProtocol: "a client's game name differs from this server's: give both the same option game",
  expired: 'a connect token had expired: is it used long after it was made, or are the clocks of backend and server apart?',
  beforeRestart: 'a connect token was made before this server started: the client needs a new one',
  badToken:
    'a connect token could not be opened: was it made with another privateKey or for another game, or does a client connect openly to a server in token mode?',
  negativeTimeout: 'a connect token asked for no time-out: give it a positive timeoutSeconds',
  wrongAddress:
    "a connect token does not name this server's address: compare publicAddresses with the addresses given to createConnectToken",
  consumedToken: 'a connect token was used a second time: a client that reconnects needs a new one',
  sharedToken: 'one connect token came from two addresses: tokens must not be shared',
  historyFull: 'the table of used connect tokens is full: new clients are refused until tokens expire',
}

/** Counters are looked at this often, in ms. */
const CHECK_MS = 1000

export class ServerWarnings {
  readonly #counters: NetcodeServerCounters
  readonly #warn: (key: string, text: string) => void
  #nextCheckAt = 0

  constructor(counters: NetcodeServerCounters, warn: (key: string, text: string) => void) {
    this.#counters = counters
    this.#warn = warn
  }

  check(now: number): void {
    if (now < this.#nextCheckAt) return
    this.#nextCheckAt = now + CHECK_MS
    for (const [cause, text] of Object.entries(TEXTS)) {
      // The keys of TEXTS are such causes.
      if (this.#counters[cause as keyof NetcodeServerCounters] > 0) this.#warn(`netcode ${cause}`, text)
    }
  }
}
