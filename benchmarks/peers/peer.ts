// What a library must offer to be measured beside tickwire: messages from one end to the other, over loopback, both ends pumped by one thread.

/** Unreliable: some may be missing. Sequenced: none comes after a newer one. Reliable: every message once. Ordered: every message, in order. */
export type BenchmarkDelivery = 'unreliable' | 'sequenced' | 'reliable' | 'ordered'

export const DELIVERIES: readonly BenchmarkDelivery[] = ['unreliable', 'sequenced', 'reliable', 'ordered']

/** Whether messages of this delivery may be missing. */
export function isLossy(delivery: BenchmarkDelivery): boolean {
  return delivery === 'unreliable' || delivery === 'sequenced'
}

/** One measurement. */
export interface BenchmarkRun {
  /** Length of each message, 8 or more: its number stands at both ends. */
  readonly bytes: number
  readonly delivery: BenchmarkDelivery
  /** Messages to send. */
  readonly count: number
  /** After this many milliseconds the run ends with what has arrived. */
  readonly deadlineMs: number
}

/** What was measured, from the first send to the last receipt. */
export interface BenchmarkResult {
  readonly sent: number
  readonly received: number
  readonly seconds: number
  /** Payload of all UDP datagrams or TCP segments, in both directions, where the library or its sockets tell. */
  readonly bytesOnWire?: number
  /** UDP datagrams in both directions. */
  readonly datagrams?: number
}

/** One library at the benchmark. */
export interface BenchmarkPeer {
  readonly name: string
  /** It runs in a process of its own anyway. */
  readonly isProcess?: boolean
  /** Why it cannot run on this machine; undefined where it can. */
  unavailable(): string | undefined
  /** Resolves to undefined where the library has no such delivery. Rejects where a message arrives changed or, when ordered or sequenced, out of order. */
  run(run: BenchmarkRun): Promise<BenchmarkResult | undefined>
}
