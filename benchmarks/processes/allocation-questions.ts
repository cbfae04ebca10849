// What allocations.ts, a process of its own, is asked and answers.
import type { TransportKind } from '../transports.js'

/** What `costs` needs. */
export const ALLOCATION_NODE_OPTIONS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128']

/** `memory`: the library alone. */
export type AllocationSubject = TransportKind | 'memory'

export interface AllocationQuestion {
  readonly subject: AllocationSubject
  /** Measurements of which the median counts, after as many that let code be compiled. */
  readonly rounds: number
}

/** Bytes that receiving allocates. */
export interface AllocationFigures {
  /** For each message, beyond the decoded object. */
  readonly perMessage: number
  readonly perPacket: number
  /** Of one decoded object, which is the game's. */
  readonly decodedObject: number
  /** What a message costs beyond its object, in full packets and alone in one. */
  readonly inRuns: number
  readonly alone: number
}

export interface PauseFigures {
  readonly seconds: number
  readonly pauses: number
  readonly totalMs: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface PauseQuestion {
  readonly transport: TransportKind
  readonly seconds: number
}
