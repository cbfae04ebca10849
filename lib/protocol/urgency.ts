// What goes into a packet first: by priority; within one priority what was lost, then what is new, then blocks of large messages. So small messages never wait for bulk.
import type { OutMessage } from './payload-pool.js'

const STEPS = 4

export function urgencyOfLost(message: OutMessage): number {
  return message.fragments === undefined ? STEPS * message.priority + 3 : STEPS * message.priority + 1
}

export function urgencyOfNew(message: OutMessage): number {
  return STEPS * message.priority + 2
}

export function urgencyOfBlocks(message: OutMessage): number {
  return STEPS * message.priority
}
