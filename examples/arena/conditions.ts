// How bad a player's link is made: the endpoint's conditioner delays and loses its datagrams, both ways, on real sockets.
import { delay, loss, type Stage } from 'tickwire/simulator'

export interface Conditions {
  /** Added to every datagram, each way, in ms. */
  readonly delayMs: number
  /** Datagrams lost, each way, in per cent. */
  readonly lossPercent: number
}

export const GOOD: Conditions = { delayMs: 0, lossPercent: 0 }

/** What the keys set; half of the round trip each way. */
const KEYS: Readonly<Record<string, Partial<Conditions>>> = {
  1: { delayMs: 25 },
  2: { delayMs: 75 },
  3: { lossPercent: 5 },
  4: { lossPercent: 20 },
}

/** What a key from 0 to 4 makes of the conditions: it sets its own, or takes it back where it is set. 0 takes all back. */
export function afterKey(conditions: Conditions, key: string): Conditions {
  if (key === '0') return GOOD
  const set = KEYS[key]
  if (set === undefined) return conditions
  return isSet(conditions, key) ? { ...conditions, ...mapped(set) } : { ...conditions, ...set }
}

/** Whether this key's own condition holds now. */
export function isSet(conditions: Conditions, key: string): boolean {
  const { delayMs, lossPercent } = KEYS[key] ?? {}
  return (delayMs !== undefined && conditions.delayMs === delayMs) || (lossPercent !== undefined && conditions.lossPercent === lossPercent)
}

/** As `client.conditioner` takes it. */
export function stagesOf({ delayMs, lossPercent }: Conditions): Stage[] {
  return [...(lossPercent > 0 ? [loss(lossPercent / 100)] : []), ...(delayMs > 0 ? [delay(delayMs)] : [])]
}

/** In words, for people; empty where nothing is made worse. */
export function textOf({ delayMs, lossPercent }: Conditions): string {
  return [...(delayMs > 0 ? [`+${2 * delayMs} ms`] : []), ...(lossPercent > 0 ? [`${lossPercent} % loss`] : [])].join(', ')
}

/** The same conditions, cleared. */
function mapped(set: Partial<Conditions>): Partial<Conditions> {
  return { ...(set.delayMs === undefined ? {} : { delayMs: 0 }), ...(set.lossPercent === undefined ? {} : { lossPercent: 0 }) }
}
