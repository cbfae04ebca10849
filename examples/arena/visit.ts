// A visit to the arena: found or started, with bots if there are to be any, and a client that is in and plays.
import { Client } from 'tickwire'
import { type Conditions, stagesOf } from './conditions.js'
import { connectTo } from './connect.js'
import type { SearchOptions } from './find-arena.js'
import { Closing, GAME, messages } from './messages.js'
import type { DemoOptions } from './options.js'
import type { Party } from './party.js'
import { Play } from './play.js'
import type { Delays } from './report.js'

export interface VisitOptions extends DemoOptions {
  /** Bots where this side hosts, and `players` does not say. */
  readonly botsOfHost: number
}

/** How a visit ended that this side did not end. */
export interface VisitEnd {
  /** For people. */
  readonly text: string
  /** The arena closes, and still answers for a moment. */
  readonly isAnnounced: boolean
}

export interface Visit {
  readonly client: Client
  readonly play: Play
  readonly isHost: boolean
  /** What has been joined or started, in words. */
  readonly description: string
  readonly bots: number
  /** Ticks a second. */
  readonly hz: number
  /** Resolves when the arena closes or is lost. */
  readonly ended: Promise<VisitEnd>
  /** Calls this at each tick, before the player moves. */
  onTick: (tick: number) => void
  leave(): Promise<void>
}

/** Enters the arena. Rejects when the party's interruption does, or where nobody can be let in. */
export async function visitArena(options: VisitOptions, party: Party): Promise<Visit> {
  const { name, hz, port } = options
  const search = searchOf(options)
  const { arena, isHost } = await party.enter({ hz, port, name: `${name}'s arena`, search })
  party.signal.throwIfAborted()
  const conditions: Conditions = { delayMs: options.latency, lossPercent: options.loss }
  const bots = options.players ?? (isHost ? options.botsOfHost : 0)
  for (let number = 1; number <= bots; number++) party.addBot({ name: `bot ${number}`, search, conditions })
  const client = new Client({ messages, game: search.game, conditioner: stagesOf(conditions) })
  const leave = (): Promise<void> => client.close(`${name} has left`)
  party.signal.addEventListener('abort', leave) // else a client keeps the process alive
  await party.unlessEnded(connectTo(arena, client, name))
  const play = new Play({ client, name, hz: arena.hz, conditions })
  const where = isHost && options.lan ? `port ${arena.port}, on the LAN` : `${arena.host}:${arena.port}`
  const visit: Visit = {
    client,
    play,
    isHost,
    description: isHost ? `hosts the arena at ${where}` : `has joined ${arena.name} at ${where}`,
    bots,
    hz: arena.hz,
    ended: endOf(client),
    onTick: () => {},
    leave,
  }
  client.run({
    hz: arena.hz,
    onTick: (tick) => {
      visit.onTick(tick)
      play.onTick(tick)
    },
  })
  return visit
}

/** How both dots have followed the moves, for the report. */
export function delaysOf({ play: { player }, hz }: Visit): Delays {
  const { yourDelay, ghostDelay, worstCorrection, longestGapMs } = player
  return { you: yourDelay.summary, ghost: ghostDelay.summary, worstCorrection, longestGapMs, hz }
}

export function searchOf({ arena, lan }: Pick<DemoOptions, 'arena' | 'lan'>): SearchOptions {
  return { game: arena === undefined ? GAME : `${GAME}/${arena}`, interfaces: lan ? 'all' : 'loopback' }
}

function endOf(client: Client): Promise<VisitEnd> {
  return new Promise((resolve) => {
    client.onMessage(Closing, ({ detail }) => resolve({ text: `The arena has closed: ${detail}.`, isAnnounced: true }))
    client.on('OnDisconnect', ({ reason, detail }) => resolve({ text: `The arena is gone (${reason}): ${detail}.`, isAnnounced: false }))
  })
}
