// Whether a server is well, from what it knows of itself: for a health endpoint. Its process' memory and CPU are not in it: those are the process' to tell.
import type { UpdateStatistics } from './update-times.js'

/** How a server is at one moment: plain data, to be sent as JSON. */
export interface Health {
  /** Whether `reasons` is empty. */
  readonly isHealthy: boolean
  /** Why not, in words: it does not listen; nobody calls `update()`; it runs less than half of the updates that `run` asks for; more than half of its peers, those that are away apart, are above their high water. */
  readonly reasons: readonly string[]
  /** Whether it has a port. */
  readonly isListening: boolean
  /** Whether newcomers are let in: it listens, `acceptNewConnections` is true, and there is room. */
  readonly isOpen: boolean
  /** Peers that are in, as `peerCount`: those that are away too. */
  readonly peers: number
  /** How many of them are away, and may come back. */
  readonly away: number
  /** Peers above `highWaterBytes`, without those that are away. */
  readonly highPeers: number
  /** How many updates there were of late, and how long they took. */
  readonly updates: UpdateStatistics
  /** What waits to be sent or acknowledged, of all peers. */
  readonly queuedBytes: number
  /** As `server.drops`, since the server was made; `rateLimited` is among them. */
  readonly drops: Readonly<Record<string, number>>
}

/** What a server's health is judged by. */
export interface HealthSigns extends Omit<Health, 'isHealthy' | 'reasons'> {
  /** What `run()` asks for; 0 without it. */
  readonly hz: number
  readonly sinceUpdateMs: number
}

/** Without an update for this long, a server is not well. */
const MAX_SILENT_MS = 1000
const MAX_SILENT_TICKS = 2.5

/** A loop that runs less of its rate than this is not well: it makes up for ticks, and leaves some out. Coarse timers alone stay above. */
const MIN_SHARE_OF_RATE = 0.5

/** More of the peers above their high water than this, and the link of the server itself is in doubt. */
const MAX_SHARE_OF_HIGH_PEERS = 0.5

export function judge({ hz, sinceUpdateMs, ...signs }: HealthSigns): Health {
  const reasons: string[] = []
  const { isListening, updates, highPeers } = signs
  const present = signs.peers - signs.away
  if (!isListening) reasons.push('it does not listen')
  else if (sinceUpdateMs > Math.max(MAX_SILENT_MS, (MAX_SILENT_TICKS * 1000) / (hz === 0 ? 1000 : hz)))
    reasons.push(`update() was not called for ${Math.round(sinceUpdateMs)} ms`)
  else if (updates.perSecond > 0 && updates.perSecond < hz * MIN_SHARE_OF_RATE)
    reasons.push(`it runs ${updates.perSecond.toFixed(1)} of ${hz} updates a second`)
  if (highPeers > present * MAX_SHARE_OF_HIGH_PEERS) reasons.push(`${highPeers} of ${present} peers cannot keep up`)
  return { isHealthy: reasons.length === 0, reasons, ...signs }
}
