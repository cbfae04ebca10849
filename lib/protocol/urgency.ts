// What goes into a packet first: by priority; within one priority what was lost, then what is new, then blocks of large messages, lost ones first.
// So small messages never wait for bulk.
import type { OutMessage } from './payload-pool.js'

const STEPS = 4

export function urgencyOfLost(message: OutMessage): number {
  return STEPS * message.priority + 3
}

export function urgencyOfNew(message: OutMessage): number {
  return STEPS * message.priority + 2
}

export function urgencyOfLostBlocks(message: OutMessage): number {
  return STEPS * message.priority + 1
}

export function urgencyOfBlocks(message: OutMessage): number {
  return STEPS * message.priority
}

/** Whether it is one of the two above. */
export function isOfBlocks(urgency: number): boolean {
  return urgency >= 0 && urgency % STEPS < 2
}
