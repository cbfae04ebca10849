// What the screen shows, as numbers and words. play.ts makes it; draw.ts draws it.
import type { Conditions } from '../conditions.js'
import type { Spot } from '../game.js'
import type { LinkState } from '../link-meter.js'

export interface Picture {
  /** Right of the title: who plays, how long. */
  readonly status: string
  readonly conditions: Conditions
  /** Instead of the arena: what one waits for. */
  readonly notice: string | undefined
  readonly you: Spot | undefined
  readonly ghost: Spot | undefined
  readonly others: readonly { readonly spot: Spot; readonly mark: string }[]
  readonly gems: readonly Spot[]
  readonly yourDelay: Delay
  readonly ghostDelay: Delay
  /** You first. */
  readonly players: readonly PanelRow[]
  readonly chat: string
}

export interface Delay {
  /** The longest of all, in ms; undefined before the first. */
  readonly worstMs: number | undefined
  /** In ms, oldest first. */
  readonly history: readonly number[]
}

export interface PanelRow {
  readonly name: string
  readonly mark: string
  readonly isYou: boolean
  readonly gems: number
  /** Oldest first. */
  readonly history: readonly LinkState[]
}
