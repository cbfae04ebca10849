// What the server shows of its world, twenty times a second.
import { array, float32, MessageFactory, type MessageOf, struct, uint8, uint32 } from 'tickwire'

export const GAME = 'interpolation-example'

export const messages = new MessageFactory()

/** Sequenced: a lost one is not worth a repeat, as the next is 50 ms away, and one that comes late would turn time back. */
export const Snapshot = messages.define(
  'Snapshot',
  { tick: uint32, dots: array(struct({ id: uint8, x: float32, y: float32 }), 64) },
  { delivery: 'sequenced', from: 'server' },
)

export type Snapshot = MessageOf<typeof Snapshot>
export type Dot = Snapshot['dots'][number]
