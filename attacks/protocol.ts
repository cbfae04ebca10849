// What the processes of `npm run attacks` tell each other.
import type { Address } from '../lib/index.js'

export const GAME = 'attacked'
export const HOST = '127.0.0.1'
export const PRIVATE_KEY = new Uint8Array(32).map((_, i) => i + 1)

export interface ServerReady {
  readonly open: Address
  readonly token: Address
  readonly discoveryPort: number
}

/** What the server's process has used and counted since it began. */
export interface Measured {
  readonly cpuMicros: number
  readonly memoryBytes: number
  readonly inPackets: number
  readonly inBytes: number
  readonly outPackets: number
  readonly outBytes: number
  readonly peers: number
  readonly causes: Readonly<Record<string, number>>
  readonly rateLimited: number
  /** Peers that have ended since it was asked last, and why. */
  readonly ends: readonly string[]
}

/** What the players have seen since they were asked last. */
export interface Played {
  readonly latenciesMs: readonly number[]
  readonly sent: number
  readonly echoed: number
  readonly wrong: number
  readonly connected: number
}

export interface AttackOrder {
  readonly kind: 'insider' | 'stranger'
  readonly index: number
  readonly seconds: number
  /** Datagrams a second in all. */
  readonly rate: number
  readonly addresses: number
  readonly targets: ServerReady
}

/** What an attacker has done and got. */
export interface AttackDone {
  readonly sent: number
  readonly sentBytes: number
  readonly replies: number
  readonly replyBytes: number
  /** How often each end came. */
  readonly ends: Readonly<Record<string, number>>
}
