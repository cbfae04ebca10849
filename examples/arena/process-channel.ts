// What the demo's processes tell each other over node's own channel between parent and child: orders down, reports up. None of it passes through tickwire.
import type { Metrics } from 'tickwire'

/**
 * What the parent tells a child. `play`: begin. `rest`: send nothing new. `settle`: report when all that you sent is acknowledged. `count`: report what you counted. `leave`: close and end.
 * Each child gets them in this order, so that nothing is under way any more, counted by one side and not by the other, when both report.
 */
export type Order = 'play' | 'rest' | 'settle' | 'count' | 'leave'

/** What a child tells the parent. */
export type Report<Ready, Counts> =
  | { readonly type: 'ready'; readonly ready: Ready }
  | { readonly type: 'sample'; readonly sample: Sample }
  | { readonly type: 'settled' }
  | { readonly type: 'counts'; readonly counts: Counts }

/** A child's metrics at one moment of its own clock, and what a player has achieved. */
export interface Sample extends Metrics {
  readonly at: number
  readonly achievements?: { readonly said: number; readonly heard: number; readonly gems: number }
}

export interface ServerSettings {
  readonly hz: number
  readonly port: number
}

export interface BotSettings {
  readonly hz: number
  readonly port: number
  readonly name: string
  /** Times that it tries to connect. */
  readonly attempts: number
}

const SAMPLE_INTERVAL_MS = 500

/** The settings that the parent started this process with. */
export function readSettings<Settings>(): Settings {
  return JSON.parse(process.argv[2]!) as Settings // The parent made it of the same type; see Child.
}

/** Carries out the parent's orders. The process ends when the parent has gone, whatever became of it. */
export function obey(orders: Record<Order, () => void>): void {
  // Ctrl-C reaches every process of the terminal; what it means is the parent's to say.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit())
  process.on('message', (order: Order) => orders[order]())
  if (!process.connected) process.exit()
}

/** Tells the parent something; resolves when it is on its way. */
export function report<Ready, Counts>(message: Report<Ready, Counts>): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()))
}

/** Reports a sample every half second. */
export function reportSamples(sample: () => Omit<Sample, 'at'>): void {
  setInterval(() => void report({ type: 'sample', sample: { ...sample(), at: performance.now() } }), SAMPLE_INTERVAL_MS).unref()
}

/** Ends this process by an error, which the parent shows. */
export function fail(text: string): never {
  console.error(text)
  process.exit(1)
}
