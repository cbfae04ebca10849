// What the demo's processes tell each other over node's own channel between parent and child: orders down, reports up. None of it passes through tickwire.

import type { Conditions } from './conditions.js'
import type { PlayerCounts } from './counts.js'
import type { SearchOptions } from './find-arena.js'

/**
 * What the parent tells a bot. `play`: begin. `rest`: send nothing new, and report when all that you said is acknowledged. `count`: report what you and the server counted. `leave`: close and end.
 * Each gets them in this order, so that no line is under way any more, counted by one and not by the other, when they count. A server is only told to `leave`.
 */
export type Order = 'play' | 'rest' | 'count' | 'leave'

/** What a child tells the parent. */
export type Report<Ready> =
  | { readonly type: 'ready'; readonly ready: Ready }
  | { readonly type: 'settled' }
  | { readonly type: 'counts'; readonly counts: PlayerCounts }

/** What a server is ready with: its port on this host, or that another arena was first. */
export type ServerReady = { readonly port: number } | { readonly gaveWay: true }

export interface ServerSettings {
  readonly hz: number
  readonly port: number
  /** What others see in a list of games. */
  readonly name: string
  readonly search: SearchOptions
}

export interface BotSettings {
  readonly name: string
  readonly search: SearchOptions
  readonly conditions: Conditions
}

/** What a child does at each order. */
export type Orders = { readonly [O in Exclude<Order, 'leave'>]?: () => void } & { readonly leave: () => Promise<void> }

/** A child that is told to leave, or whose parent has gone, ends after this long, whatever it waits for. */
const LEAVE_TIMEOUT_MS = 3000

/** The settings that the parent started this process with. */
export function readSettings<Settings>(): Settings {
  return JSON.parse(process.argv[2]!) as Settings // The parent made it of the same type; see Child.
}

/** Carries out the parent's orders. `leave` says goodbye; then the process ends, also when the parent has gone. */
export function obey(orders: Orders): void {
  // Ctrl-C and Ctrl-Z reach every process of the terminal; what they mean is the parent's to say. A server plays on for the others while its parent sleeps.
  for (const signal of ['SIGINT', 'SIGTSTP'] as const) process.on(signal, () => {})
  let isLeaving = false
  const leave = (): void => {
    if (isLeaving) return
    isLeaving = true
    setTimeout(() => process.exit(), LEAVE_TIMEOUT_MS).unref()
    void orders.leave().then(() => process.exit())
  }
  process.on('disconnect', leave)
  process.on('message', (order: Order) => (order === 'leave' ? leave() : orders[order]?.()))
  if (!process.connected) process.exit()
}

/** Tells the parent something; resolves when it is on its way. Where the parent has gone there is nobody to tell. */
export function report<Ready>(message: Report<Ready>): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve())
    else resolve()
  })
}

/** Ends this process by an error, which the parent shows. */
export function fail(text: string): never {
  console.error(text)
  process.exit(1)
}
