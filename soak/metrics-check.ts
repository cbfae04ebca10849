// What the metrics of one connection may say, by what the model knows.
import type { Metrics } from '../lib/index.js'
import type { Flow } from './flow.js'
import type { World } from './world.js'

/** Control messages stand outside the limit of the send queue: Hello, Welcome or a farewell. */
const CONTROL_BYTES = 4096
const CONTROL_MESSAGES = 4

export interface Checked {
  /** From this side, and to it. */
  readonly out: Flow
  readonly in: Flow
  readonly who: string
}

/** Everything is inside its bounds. */
export function checkBounds(metrics: Metrics, { out, in: into, who }: Checked, world: World): void {
  const limit = world.setup.maxSendQueueBytes + CONTROL_BYTES
  requireAtMost(world, who, 'outBufferBytes', metrics.outBufferBytes, limit)
  requireAtMost(world, who, 'pendingAcks', metrics.pendingAcks, out.reliableSent + CONTROL_MESSAGES)
  requireAtMost(world, who, 'reorderQueue', metrics.reorderQueue, into.reliableSent - into.reliableDelivered)
  requireAtMost(world, who, 'outMessages', metrics.outMessages, out.sent)
  requireAtMost(world, who, 'packetLoss', metrics.packetLoss, 1)
  for (const [name, value] of Object.entries(metrics))
    if (!(Number.isFinite(value) && value >= 0)) world.journal.violate('bounds', `${who}: ${name} is ${value}`)
}

/** Nothing is under way any more: the counters agree with the model, and nothing is left waiting. */
export function checkSettled(metrics: Metrics, { out, in: into, who }: Checked, world: World): void {
  requireEqual(world, who, 'outBufferBytes', metrics.outBufferBytes, 0)
  requireEqual(world, who, 'pendingAcks', metrics.pendingAcks, 0)
  requireEqual(world, who, 'reorderQueue', metrics.reorderQueue, 0)
  requireEqual(world, who, 'outMessages', metrics.outMessages, out.sent)
  requireEqual(world, who, 'inMessages', metrics.inMessages, into.delivered)
}

function requireAtMost(world: World, who: string, name: string, value: number, most: number): void {
  if (value > most) world.journal.violate('bounds', `${who}: ${name} is ${value}, at most ${most} can be`)
}

function requireEqual(world: World, who: string, name: string, value: number, expected: number): void {
  if (value !== expected) world.journal.violate('counters', `${who}: ${name} is ${value}, and ${expected} is right`)
}
