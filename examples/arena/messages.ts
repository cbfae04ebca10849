// What the arena's server and its players say to each other. Both sides import this module: a definition is the type, the codec and the check in one.
import { array, MessageFactory, type MessageOf, quantized, string, struct, uint8, uint16, uint32, varuint } from 'tickwire'
import { ARENA_HEIGHT, ARENA_WIDTH } from './game.js'

/** The name that keeps this game's clients and servers apart from those of others. */
export const GAME = 'tickwire-arena'

export const MAX_PLAYERS = 32
export const MAX_NAME_BYTES = 24

const x = quantized(0, ARENA_WIDTH, 0.01) // 12,000 steps: 2 bytes
const y = quantized(0, ARENA_HEIGHT, 0.01)
const spot = struct({ x, y })
const direction = quantized(-1, 1, 0.01) // 200 steps: 1 byte
const text = string(120)

export const messages = new MessageFactory()

/** Where a player wants to go, one for each tick. Only the newest counts; each travels in the next three packets too, so that a lost packet loses none. */
export const Input = messages.define(
  'Input',
  { number: uint32, right: direction, down: direction },
  { from: 'client', delivery: 'sequenced', redundancy: 3 },
)

/**
 * The arena as the server has it at `at`, in ms of its clock. Only the newest counts; a lost one is not worth sending again. `applied` is the last input of that player that is in the spot,
 * 0 where there was none: what prediction.ts needs.
 */
export const Snapshot = messages.define(
  'Snapshot',
  {
    number: uint32,
    at: uint32,
    gems: array(spot, 16),
    players: array(struct({ id: uint32, x, y, gems: uint16, applied: uint32 }), MAX_PLAYERS),
  },
  { from: 'server', delivery: 'sequenced' },
)

/** The same inputs as they would travel over TCP: every one must arrive, and in order. For the ghost, and on a channel of its own, so that chat does not wait for it. */
export const GhostInput = messages.define(
  'GhostInput',
  { number: uint32, right: direction, down: direction },
  { from: 'client', delivery: 'ordered', channel: 1 },
)

/** Where the ghost is after input `number`, back the same way. */
export const GhostState = messages.define('GhostState', { number: uint32, x, y }, { from: 'server', delivery: 'ordered', channel: 1 })

/** How the links of all players are, a few times a second, for everyone's panel. `loss` in per cent, times in ms, the rest a second and both ways together. */
export const Links = messages.define(
  'Links',
  {
    players: array(
      struct({
        id: uint32,
        name: string(MAX_NAME_BYTES),
        latency: quantized(0, 6500, 0.1),
        jitter: quantized(0, 6500, 0.1),
        loss: uint8,
        bytes: varuint,
        messages: varuint,
      }),
      MAX_PLAYERS,
    ),
  },
  { from: 'server', delivery: 'sequenced' },
)

/** A line of chat on its way to the server. Ordered, the default: every line arrives, once, in order. `number` counts the speaker's lines, so that the demo can check that. */
export const Say = messages.define('Say', { number: uint32, text }, { from: 'client' })

/** A line of chat as everyone hears it, the speaker too. `line` counts all that the server has passed on. */
export const Said = messages.define('Said', { line: uint32, speaker: uint32, number: uint32, text }, { from: 'server' })

/** A player has said its last line and asks what the server counted of it. From then on it gets no snapshots. */
export const Finish = messages.define('Finish', {}, { from: 'client' })

/**
 * The answer: what arrived of that player, and what was sent to it. Ordered behind all chat, so that whoever reads it has heard every line that it counts.
 * `disordered` messages were repeated, old or out of turn: there should be none.
 */
export const Tally = messages.define(
  'Tally',
  {
    inputs: struct({ received: uint32, disordered: uint32 }),
    lines: struct({ received: uint32, disordered: uint32 }),
    linesSent: uint32,
    snapshotsSent: uint32,
  },
  { from: 'server' },
)

/** The arena is about to close, and why: who still has something to finish has a moment for it. */
export const Closing = messages.define('Closing', { detail: text }, { from: 'server' })

export type Input = MessageOf<typeof Input>
export type Snapshot = MessageOf<typeof Snapshot>
export type GhostState = MessageOf<typeof GhostState>
export type Links = MessageOf<typeof Links>
export type Tally = MessageOf<typeof Tally>
