// What server and clients say to each other. Both import this module: a definition is the type, the codec and the check in one.
import { array, bytes, enumOf, MessageFactory, type MessageOf, quantized, string, struct, uint8, uint16, uint32 } from 'tickwire'
import { HEADINGS, HEIGHT, MAX_PLAYERS, WIDTH } from './game.js'

/** Keeps this game's servers and clients apart from those of others, also where they look for each other. */
export const GAME = 'tickwire-starter'

export const MAX_NAME_LENGTH = 16

export const messages = new MessageFactory()

/** Where a player is heading, on every tick. Only the newest counts; each travels in the next two packets too, so that a lost packet loses none. */
export const Steer = messages.define('Steer', { heading: enumOf(...HEADINGS) }, { from: 'client', delivery: 'sequenced', redundancy: 2 })

/** Where everyone is. Only the newest counts; a lost one is not worth sending again. */
export const Positions = messages.define(
  'Positions',
  { players: array(struct({ id: uint32, x: quantized(0, WIDTH, 0.01), y: quantized(0, HEIGHT, 0.01) }), MAX_PLAYERS) },
  { from: 'server', delivery: 'sequenced' },
)

/** A tile has changed hands. Ordered, the default: each arrives, once, in order, or a board would be wrong for ever. */
export const Painted = messages.define('Painted', { tile: uint16, seat: uint8 }, { from: 'server' })

/** The whole board, for who comes late and when paint has gone. In order with Painted: both are on channel 0. */
export const Board = messages.define('Board', { tiles: bytes(WIDTH * HEIGHT) }, { from: 'server' })

/** Who is in. */
export const Players = messages.define(
  'Players',
  { players: array(struct({ id: uint32, seat: uint8, name: string(4 * MAX_NAME_LENGTH) }), MAX_PLAYERS) },
  { from: 'server' },
)

export type Positions = MessageOf<typeof Positions>
export type Players = MessageOf<typeof Players>
