// Conditions that a peer may be in, and not for long: it says nothing, answers slowly, or does not take what is sent to it. Looked at every 100 ms, so that a message costs nothing.
import { WATCHDOG_MS } from '../wire/limits.js'

/** What a watchdog looks at: no message of the game came from the peer (`silence`), its latency is above a bound (`slowReplies`), or its send queue is above `highWaterBytes` (`cannotKeepUp`). */
export type WatchdogKind = 'silence' | 'slowReplies' | 'cannotKeepUp'

const KINDS: readonly WatchdogKind[] = ['silence', 'slowReplies', 'cannotKeepUp']

/** For how many ms each condition may hold; Infinity: for ever. */
export interface WatchdogLimits extends Readonly<Record<WatchdogKind, number>> {
  /** The latency that is slow, in ms. */
  readonly slowLatencyMs: number
}

/** How a peer is now. */
export interface Vitals {
  /** Messages of the game that came from it so far. */
  readonly inMessages: number
  readonly latencyMs: number
  /** Whether its send queue is above the high water. */
  readonly isHigh: boolean
}

/** Whoever is away is in no condition. */
const NONE: Readonly<Record<WatchdogKind, boolean>> = { silence: false, slowReplies: false, cannotKeepUp: false }

interface Watched {
  inMessages: number
  /** By kind: when the condition last did not hold, and whether that was told. */
  readonly clearAt: Record<WatchdogKind, number>
  readonly isTold: Record<WatchdogKind, boolean>
}

export class Watchdogs<Subject> {
  readonly #limits: WatchdogLimits
  readonly #vitalsOf: (subject: Subject) => Vitals | undefined
  readonly #tell: (subject: Subject, kind: WatchdogKind, forMs: number) => void
  readonly #watched = new Map<Subject, Watched>()
  #nextAt = Number.NEGATIVE_INFINITY

  /** `vitalsOf` is undefined while the peer is away. `tell` is called once for each time that a condition has held for longer than it may. */
  constructor(
    limits: WatchdogLimits,
    vitalsOf: (subject: Subject) => Vitals | undefined,
    tell: (subject: Subject, kind: WatchdogKind, forMs: number) => void,
  ) {
    this.#limits = limits
    this.#vitalsOf = vitalsOf
    this.#tell = tell
  }

  add(subject: Subject, now: number): void {
    this.#watched.set(subject, {
      inMessages: this.#vitalsOf(subject)?.inMessages ?? 0,
      clearAt: { silence: now, slowReplies: now, cannotKeepUp: now },
      isTold: { silence: false, slowReplies: false, cannotKeepUp: false },
    })
  }

  delete(subject: Subject): void {
    this.#watched.delete(subject)
  }

  /** Called in every update; looks only every `WATCHDOG_MS`. */
  check(now: number): void {
    if (now < this.#nextAt) return
    this.#nextAt = now + WATCHDOG_MS
    for (const [subject, watched] of this.#watched) this.#look(subject, watched, now)
  }

  /** This side stalled: for so long nobody could be heard. */
  shift(ms: number): void {
    for (const { clearAt } of this.#watched.values()) for (const kind of KINDS) clearAt[kind] += ms
  }

  #conditionsOf({ inMessages, latencyMs, isHigh }: Vitals, watched: Watched): Readonly<Record<WatchdogKind, boolean>> {
    return {
      silence: inMessages === watched.inMessages,
      slowReplies: latencyMs > this.#limits.slowLatencyMs,
      cannotKeepUp: isHigh,
    }
  }

  #look(subject: Subject, watched: Watched, now: number): void {
    const vitals = this.#vitalsOf(subject)
    const holds = vitals === undefined ? NONE : this.#conditionsOf(vitals, watched)
    watched.inMessages = vitals?.inMessages ?? watched.inMessages
    for (const kind of KINDS) {
      if (!holds[kind]) {
        watched.clearAt[kind] = now
        watched.isTold[kind] = false
      } else if (!watched.isTold[kind] && now - watched.clearAt[kind] >= this.#limits[kind]) {
        watched.isTold[kind] = true
        this.#tell(subject, kind, now - watched.clearAt[kind])
      }
    }
  }
}
