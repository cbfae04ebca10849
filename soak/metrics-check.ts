// What the metrics of one connection may say, by what the model knows.
import type { Metrics } from '../lib/index.js'
import type { Flow } from './flow.js'
import type { World } from './world.js'

/** Control messages stand outside the limit of the send queue: Hello, Welcome or a farewell. */
const CONTROL_BYTES = 4096
const CONTROL_MESSAGES = 4

/** One side of a connection. */
export interface Checked {
  readonly metrics: Metrics
  /** From this side, and to it. */
  readonly out: Flow
  readonly into: Flow
  readonly side: 'client' | 'peer'
  readonly name: string
}

/** Everything is inside its bounds. Called after every update, so the good case costs little. */
export function checkBounds(checked: Checked, world: World): void {
  const { metrics, out, into } = checked
  if (
    metrics.outBufferBytes > world.setup.maxSendQueueBytes + CONTROL_BYTES ||
    metrics.pendingAcks > out.reliableSent + CONTROL_MESSAGES ||
    metrics.reorderQueue > into.reliableSent - into.reliableDelivered ||
    metrics.outMessages > out.sent ||
    metrics.packetLoss > 1 ||
    !areNumbers(metrics)
  )
    describeExcess(checked, world)
}

/** Nothing is under way any more: the counters agree with the model, and nothing is left waiting. */
export function checkSettled(checked: Checked, world: World): void {
  const { metrics, out, into } = checked
  const expected = { outBufferBytes: 0, pendingAcks: 0, reorderQueue: 0, outMessages: out.sent, inMessages: into.delivered }
  for (const [name, value] of Object.entries(expected)) {
    const actual = metrics[name as keyof typeof expected]
    if (actual !== value) world.journal.violate('counters', `${checked.side} ${checked.name}: ${name} is ${actual}, and ${value} is right`)
  }
}

function describeExcess({ metrics, out, into, side, name }: Checked, world: World): void {
  const model = { sent: out.sent, reliableSent: out.reliableSent, reliableDue: into.reliableSent - into.reliableDelivered }
  world.journal.violate('bounds', `${side} ${name}: metrics ${JSON.stringify(metrics)} do not fit ${JSON.stringify(model)}`)
}

/** All are finite and none is negative. */
function areNumbers(metrics: Metrics): boolean {
  for (const name in metrics) {
    const value = metrics[name as keyof Metrics]
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return false
  }
  return true
}
