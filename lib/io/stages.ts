// What a simulated network does to datagrams, as stages that stand one behind another: `[mtu(1400), bandwidth(250_000, 50_000), delay(40, 10), loss(0.1)]`.
// Lengths are bytes of UDP payload: no stage counts IP and UDP headers.
import type { Random } from './random.js'

/** Why a stage drops a datagram; also the name of the counter. */
export type DropCause = 'lost' | 'tooLarge' | 'queueDropped'

/** Where a stage says what becomes of a datagram: each `forward` lets one copy go on to the next stage at `time`, `now` or later; with none, it is dropped. */
export interface Onward {
  /** The datagram. Not a copy. */
  readonly bytes: Uint8Array
  /** It goes on with these bytes, in all its copies; they may be the same array, written to. Counted as `corrupted`. */
  change(bytes: Uint8Array): void
  /** Lets one copy go on. */
  forward(time: number): void
  /** Ends it, and counts it. */
  drop(cause: DropCause): void
}

/** A stage at work on one link in one direction. Called once for each datagram, in order of the time at which they reach the stage. */
export type StagePass = (length: number, now: number, onward: Onward) => void

/**
 * One property of a network. The object itself has no state: `link` makes what stands on one link in one direction, with a random stream of its own.
 * Write your own for a network of another kind.
 */
export interface Stage {
  /** For logs. */
  readonly kind: string
  /** What stands on one link in one direction. */
  link(random: Random): StagePass
}

/** Options of {@link delay}. */
export interface DelayOptions {
  /** A datagram never overtakes one sent before it, as on a single route. Default false: jitter reorders. */
  readonly keepOrder?: boolean
}

/** Takes `ms` milliseconds, give or take a jitter of `jitterMs` with all values alike likely; never less than 0. */
export function delay(ms: number, jitterMs = 0, options: DelayOptions = {}): Stage {
  requireAtLeast('ms', ms, 0)
  requireAtLeast('jitterMs', jitterMs, 0)
  const { keepOrder = false } = options
  return {
    kind: 'delay',
    link(random) {
      let lastLeaves = Number.NEGATIVE_INFINITY
      return (_length, now, onward) => {
        const waitMs = jitterMs === 0 ? ms : Math.max(0, ms + (random.next() * 2 - 1) * jitterMs)
        const leaves = keepOrder ? Math.max(now + waitMs, lastLeaves) : now + waitMs
        lastLeaves = leaves
        onward.forward(leaves)
      }
    },
  }
}

/** Loses the share `share` (0–1) of all datagrams, each on its own. */
export function loss(share: number): Stage {
  requireShare(share)
  return {
    kind: 'loss',
    link: (random) => (_length, now, onward) => {
      if (random.next() < share) onward.drop('lost')
      else onward.forward(now)
    },
  }
}

/** Options of {@link burstLoss}. */
export interface BurstLossOptions {
  /** The share (0–1) that is lost in a burst. Default 1. */
  readonly lossInBurst?: number
  /** The share (0–1) that is lost between bursts. Default 0. */
  readonly lossBetween?: number
}

/**
 * Loses datagrams in bursts, as radio does (Gilbert, 1960; Elliott, 1963): before each datagram a burst begins with the probability `begins`, and ends with the probability `ends` (0–1 each). A burst lasts
 * 1 / `ends` datagrams in the mean, and `begins` / (`begins` + `ends`) of all datagrams fall into one: `burstLoss(0.01, 0.2)` loses 4.8 %, five at a time.
 */
export function burstLoss(begins: number, ends: number, options: BurstLossOptions = {}): Stage {
  const { lossInBurst = 1, lossBetween = 0 } = options
  requireShare(begins, 'begins')
  requireShare(ends, 'ends')
  requireShare(lossInBurst, 'lossInBurst')
  requireShare(lossBetween, 'lossBetween')
  return {
    kind: 'burstLoss',
    link(random) {
      let isBurst = false
      return (_length, now, onward) => {
        isBurst = isBurst ? random.next() >= ends : random.next() < begins
        if (random.next() < (isBurst ? lossInBurst : lossBetween)) onward.drop('lost')
        else onward.forward(now)
      }
    },
  }
}

/** Flips `bits` bits, anywhere, in the share `share` (0–1) of all datagrams. UDP's checksum finds nearly all of that; what comes through anyway, and what an attacker does, looks like this. */
export function corrupt(share: number, bits = 1): Stage {
  requireShare(share)
  requireAtLeast('bits', bits, 1)
  return {
    kind: 'corrupt',
    link: (random) => (length, now, onward) => {
      if (length > 0 && random.next() < share) {
        const { bytes } = onward
        for (let i = 0; i < bits; i++) bytes[random.integer(length)]! ^= 1 << random.integer(8)
        onward.change(bytes)
      }
      onward.forward(now)
    },
  }
}

/** Cuts the share `share` (0–1) of all datagrams off at a random length, 0 among them. */
export function truncate(share: number): Stage {
  requireShare(share)
  return {
    kind: 'truncate',
    link: (random) => (length, now, onward) => {
      if (length > 0 && random.next() < share) onward.change(onward.bytes.subarray(0, random.integer(length)))
      onward.forward(now)
    },
  }
}

/** Delivers the share `share` (0–1) of all datagrams twice, the copy `delayMs` after the original. */
export function duplicate(share: number, delayMs = 0): Stage {
  requireShare(share)
  requireAtLeast('delayMs', delayMs, 0)
  return {
    kind: 'duplicate',
    link: (random) => (_length, now, onward) => {
      onward.forward(now)
      if (random.next() < share) onward.forward(now + delayMs)
    },
  }
}

/** Holds back the share `share` (0–1) of all datagrams by `byMs`, so that those sent meanwhile overtake them. */
export function reorder(share: number, byMs: number): Stage {
  requireShare(share)
  requireAtLeast('byMs', byMs, 0)
  return {
    kind: 'reorder',
    link: (random) => (_length, now, onward) => onward.forward(random.next() < share ? now + byMs : now),
  }
}

/** Drops datagrams of more than `bytes` bytes without a word, as a route that blocks ICMP does: an MTU black hole. */
export function mtu(bytes: number): Stage {
  requireAtLeast('bytes', bytes, 1)
  return {
    kind: 'mtu',
    link: () => (length, now, onward) => {
      if (length > bytes) onward.drop('tooLarge')
      else onward.forward(now)
    },
  }
}

/**
 * Sends one datagram after another at `bytesPerSecond`, behind a queue of `queueBytes`. What does not fit at its end is dropped; the datagram
 * being sent counts as far as it is not sent yet. An idle link takes a datagram of any length.
 */
export function bandwidth(bytesPerSecond: number, queueBytes: number): Stage {
  requireAtLeast('bytesPerSecond', bytesPerSecond, Number.MIN_VALUE)
  requireAtLeast('queueBytes', queueBytes, 0)
  return {
    kind: 'bandwidth',
    link() {
      let idleAt = Number.NEGATIVE_INFINITY
      return (length, now, onward) => {
        // In whole bytes, so that the rounding of times does not drop what just fits.
        const waiting = idleAt > now ? Math.round(((idleAt - now) * bytesPerSecond) / 1000) : 0
        if (waiting > 0 && waiting + length > queueBytes) {
          onward.drop('queueDropped')
          return
        }
        idleAt = Math.max(idleAt, now) + (length * 1000) / bytesPerSecond
        onward.forward(idleAt)
      }
    },
  }
}

function requireAtLeast(name: string, value: number, min: number): void {
  if (!(Number.isFinite(value) && value >= min)) throw new RangeError(`"${name}" expected a finite number, ${min} or more, got ${value}`)
}

function requireShare(share: number, name = 'share'): void {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`"${name}" expected number 0–1, got ${share}`)
}
