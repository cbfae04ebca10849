// The server's half: applies inputs in order of their numbers, each once, and says which was the last. It alone decides where a player is.
import type { Peer, Server } from 'tickwire'
import { BareInput, Input, type Keys, State } from './messages.js'
import { type Body, move, push, START, STEPS_PER_SECOND } from './movement.js'

const TICKS_PER_STATE = 3

/** Once in so many ticks something happens to a player that it cannot foresee: another one runs into it. */
const TICKS_PER_PUSH = 180
const PUSH = 12

/** Inputs that a player has saved up, at most: what a late packet brings at once is applied, but nobody moves faster by sending more. */
const MAX_CREDIT = 30

export class Player {
  body: Body = START
  lastInput = 0
  /** Steps that it may still make: one more with each tick. */
  credit = MAX_CREDIT
}

export interface WorldOptions {
  /** Told what became of each input. */
  readonly onDecided?: (number: number, body: Body) => void
  readonly onPush?: () => void
}

/** Sets the server up and runs it, until it ends. */
export function runWorld(server: Server<Player>, { onDecided, onPush }: WorldOptions = {}): void {
  server.on('OnConnectRequest', (request) => request.accept(new Player()))

  const apply = (input: { readonly number: number; readonly keys: Keys }, { user: player }: Peer<Player>): void => {
    if (input.number <= player.lastInput || player.credit < 1) return // sequenced and repeated: an old one has been applied, or was given up
    player.credit--
    player.body = move(player.body, input.keys)
    player.lastInput = input.number
    onDecided?.(input.number, player.body)
  }
  server.onMessage(Input, apply)
  server.onMessage(BareInput, apply)

  server.run({
    hz: STEPS_PER_SECOND,
    onTick: (tick) => {
      for (const peer of server.peers) {
        const { user: player } = peer
        player.credit = Math.min(player.credit + 1, MAX_CREDIT)
        if (tick % TICKS_PER_PUSH === 0 && player.lastInput > 0) {
          player.body = push(player.body, PUSH, tick % (2 * TICKS_PER_PUSH) === 0 ? PUSH : -PUSH)
          onPush?.()
        }
        if (tick % TICKS_PER_STATE === 0) peer.send(State, { lastInput: player.lastInput, ...player.body })
      }
    },
  })
}
