// What a sent packet carried, so that its acknowledgement or loss reaches the messages: items of four numbers, [kind, a, b, c].
import type { PacketItems } from './sent-packets.js'

/** [ITEM_RUN + lane, first id, count, 0]: messages of consecutive ids. */
export const ITEM_RUN = 0
/** [ITEM_FRAGMENT + lane, id, first block, count]. */
export const ITEM_FRAGMENT = 256
/** [ITEM_WINDOW + lane, 0, 0, 0]. */
export const ITEM_WINDOW = 512
/** [ITEM_REPEATABLE, type id (-1: numbered unreliable), number, 0]: an unreliable or sequenced message that is repeated until it arrives. */
export const ITEM_REPEATABLE = 768

export function addItem(items: PacketItems, kind: number, a: number, b: number, c: number): void {
  items.push(kind, a, b, c)
}
