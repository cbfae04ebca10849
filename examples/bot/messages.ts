// What the bots and their server say to each other: about the traffic of a small action game.
import { array, int8, MessageFactory, quantized, struct, uint16, uint32 } from 'tickwire'

export const GAME = 'bot-example'
export const MAX_PLAYERS = 200
/** A player is shown so many others at most. */
export const MAX_SHOWN = 32
export const ARENA_SIZE = 200

export const messages = new MessageFactory()

export const Input = messages.define(
  'Input',
  { number: uint32, right: int8, down: int8 },
  { delivery: 'sequenced', from: 'client', redundancy: 2 },
)

const coordinate = quantized(0, ARENA_SIZE, 0.01)

/** `number` counts a player's snapshots; `lastInput` is the last input that had come when this one was made. */
export const Snapshot = messages.define(
  'Snapshot',
  { number: uint32, lastInput: uint32, shown: array(struct({ id: uint16, x: coordinate, y: coordinate }), MAX_SHOWN) },
  { delivery: 'sequenced', from: 'server' },
)
