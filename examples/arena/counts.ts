// What each side counted, and whether it agrees: the demo's proof that everything reliable arrived, once and in order.
import type { ArrivalCounts } from './arrivals.js'
import type { Tally } from './messages.js'

/** What one player counted, and what the server counted of that player. */
export interface PlayerCounts {
  readonly id: number
  readonly name: string
  readonly inputsSent: number
  readonly linesSaid: number
  readonly snapshots: ArrivalCounts
  /** Lines from the server, whoever said them. */
  readonly lines: ArrivalCounts
  /** Lines by who said them. */
  readonly heard: readonly (ArrivalCounts & { readonly speaker: number })[]
  readonly atServer: Tally
}

/** One kind of message over the whole match. */
export interface Total {
  readonly what: string
  readonly sent: number
  readonly received: number
}

const NONE: ArrivalCounts = { received: 0, disordered: 0 }

/**
 * Says, in one line each, where the counts do not agree; an empty list is a proof. Chat must have arrived completely and in order: from each player to the server, from the server to each
 * player, and from each of these players to each. Of inputs and snapshots some may be missing; none may be repeated, old or invented, and some must have arrived.
 *
 * The players must all have been in before the first of them spoke, and counted when none of them spoke any more. What others say in the meantime is in the counts of the server.
 */
export function findMismatches(players: readonly PlayerCounts[]): string[] {
  const mismatches: string[] = []
  for (const player of players) {
    const { name, atServer } = player
    mismatches.push(
      ...reliableMismatches(`chat, ${name} → server`, player.linesSaid, atServer.lines),
      ...reliableMismatches(`chat, server → ${name}`, atServer.linesSent, player.lines),
      ...sequencedMismatches(`inputs of ${name}`, player.inputsSent, atServer.inputs),
      ...sequencedMismatches(`snapshots for ${name}`, atServer.snapshotsSent, player.snapshots),
    )
    for (const speaker of players) {
      const heard = player.heard.find((line) => line.speaker === speaker.id)
      mismatches.push(...reliableMismatches(`chat, ${speaker.name} → ${name}`, speaker.linesSaid, heard ?? NONE))
    }
  }
  return mismatches
}

/** The counts of the whole match, for the summary. */
export function totalsOf(players: readonly PlayerCounts[]): Total[] {
  const sum = <T>(all: readonly T[], count: (one: T) => number): number => all.reduce((total, one) => total + count(one), 0)
  const said = sum(players, (player) => player.linesSaid)
  const ids = new Set(players.map((player) => player.id))
  const isOfThese = (line: { readonly speaker: number }): boolean => ids.has(line.speaker)
  return [
    { what: 'chat, players → server', sent: said, received: sum(players, ({ atServer }) => atServer.lines.received) },
    {
      what: 'chat, server → players',
      sent: sum(players, ({ atServer }) => atServer.linesSent),
      received: sum(players, ({ lines }) => lines.received),
    },
    {
      what: 'chat, player → player',
      sent: said * players.length,
      received: sum(players, ({ heard }) => sum(heard.filter(isOfThese), (line) => line.received)),
    },
    {
      what: 'inputs',
      sent: sum(players, (player) => player.inputsSent),
      received: sum(players, ({ atServer }) => atServer.inputs.received),
    },
    {
      what: 'snapshots',
      sent: sum(players, ({ atServer }) => atServer.snapshotsSent),
      received: sum(players, ({ snapshots }) => snapshots.received),
    },
  ]
}

function reliableMismatches(what: string, sent: number, arrivals: ArrivalCounts): string[] {
  if (sent === 0) return [`${what}: nothing was sent`]
  const mismatches = []
  if (arrivals.received !== sent) mismatches.push(`${what}: ${sent} sent, ${arrivals.received} received`)
  if (arrivals.disordered > 0) mismatches.push(`${what}: ${arrivals.disordered} of ${arrivals.received} out of order`)
  return mismatches
}

function sequencedMismatches(what: string, sent: number, arrivals: ArrivalCounts): string[] {
  if (sent === 0) return [`${what}: nothing was sent`]
  const mismatches = []
  if (arrivals.received === 0) mismatches.push(`${what}: ${sent} sent, none received`)
  if (arrivals.received > sent) mismatches.push(`${what}: ${sent} sent, ${arrivals.received} received`)
  if (arrivals.disordered > 0) mismatches.push(`${what}: ${arrivals.disordered} of ${arrivals.received} old or repeated`)
  return mismatches
}
