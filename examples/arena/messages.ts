// What the arena's server and its players say to each other. Both sides import this module: a definition is the type, the codec and the check in one.
import { array, MessageFactory, type MessageOf, quantized, string, struct, uint16, uint32 } from 'tickwire'
import { ARENA_SIZE } from './game.js'

/** The name that keeps this game's clients and servers apart from those of others. */
export const GAME = 'tickwire-arena'

export const MAX_PLAYERS = 32

/** The speaker of the server's own lines: peers have ids from 1. */
export const SERVER = 0

const coordinate = quantized(0, ARENA_SIZE, 0.01) // 10,000 steps: 2 bytes
const direction = quantized(-1, 1, 0.01) // 200 steps: 1 byte
const spot = struct({ x: coordinate, y: coordinate })
const text = string(120)

export const messages = new MessageFactory()

/** Where a player wants to go, on every tick. Only the newest counts; each travels in the next three packets too, so that a lost packet loses none. */
export const Input = messages.define(
  'Input',
  { number: uint32, right: direction, down: direction },
  { from: 'client', delivery: 'sequenced', redundancy: 3 },
)

/** The arena as the server has it. Only the newest counts; a lost one is not worth sending again. */
export const Snapshot = messages.define(
  'Snapshot',
  { number: uint32, gem: spot, players: array(struct({ id: uint32, x: coordinate, y: coordinate, gems: uint16 }), MAX_PLAYERS) },
  { from: 'server', delivery: 'sequenced' },
)

/** A line of chat on its way to the server. Ordered, the default: every line arrives, once, in order. `number` counts the speaker's lines, so that the demo can check that. */
export const Say = messages.define('Say', { number: uint32, text }, { from: 'client' })

/** A line of chat as everyone hears it, the speaker too. `line` counts what the server has sent. */
export const Said = messages.define('Said', { line: uint32, speaker: uint32, number: uint32, text }, { from: 'server' })

export type Snapshot = MessageOf<typeof Snapshot>
