// What each side counted, and whether it agrees: the demo's proof that everything reliable arrived, once and in order.

/** Counts the numbered messages of one stream as they arrive. Plain data, so that it can be sent to another process. */
export class Arrivals {
  received = 0
  /** Messages that were not the one, or of a sequenced stream not newer than the one, before. */
  disordered = 0
  #last = -1

  /** For what is reliable and ordered: each number must be the next. */
  addNext(number: number): void {
    this.#add(number, number === this.#last + 1)
  }

  /** For what is sequenced: each number must be newer. */
  addNewer(number: number): void {
    this.#add(number, number > this.#last)
  }

  #add(number: number, isInOrder: boolean): void {
    this.received++
    if (!isInOrder) this.disordered++
    this.#last = number
  }
}

type ArrivalCounts = Pick<Arrivals, 'received' | 'disordered'>

/** What the server counted. Everyone is in before play begins, so each line it sent went to all. */
export interface ServerCounts {
  readonly linesSent: number
  readonly players: readonly {
    readonly id: number
    readonly name: string
    readonly inputs: ArrivalCounts
    readonly lines: ArrivalCounts
    readonly snapshotsSent: number
  }[]
}

/** What one player counted. */
export interface PlayerCounts {
  readonly id: number
  readonly name: string
  readonly inputsSent: number
  readonly linesSaid: number
  readonly snapshots: ArrivalCounts
  /** Lines from the server, whoever said them; some are the server's own. */
  readonly lines: ArrivalCounts
  /** Lines by who said them. */
  readonly heard: readonly (ArrivalCounts & { readonly speaker: number })[]
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
 * player, and from each player to each. Of inputs and snapshots some may be missing; none may be repeated, old or invented, and some must have arrived.
 */
export function findMismatches(server: ServerCounts, players: readonly PlayerCounts[]): string[] {
  const mismatches: string[] = []
  const atServer = new Map(server.players.map((player) => [player.id, player]))
  for (const player of players) {
    const { id, name } = player
    const counted = atServer.get(id)
    mismatches.push(
      ...reliableMismatches(`chat, ${name} → server`, player.linesSaid, counted?.lines ?? NONE),
      ...reliableMismatches(`chat, server → ${name}`, server.linesSent, player.lines),
      ...sequencedMismatches(`inputs of ${name}`, player.inputsSent, counted?.inputs ?? NONE),
      ...sequencedMismatches(`snapshots for ${name}`, counted?.snapshotsSent ?? 0, player.snapshots),
    )
    for (const speaker of players) {
      const heard = player.heard.find((line) => line.speaker === speaker.id)
      mismatches.push(...reliableMismatches(`chat, ${speaker.name} → ${name}`, speaker.linesSaid, heard ?? NONE))
    }
  }
  return mismatches
}

/** The counts of the whole match, for the summary. */
export function totalsOf(server: ServerCounts, players: readonly PlayerCounts[]): Total[] {
  const sum = <T>(all: readonly T[], count: (one: T) => number): number => all.reduce((total, one) => total + count(one), 0)
  const said = sum(players, (player) => player.linesSaid)
  const ids = new Set(players.map((player) => player.id))
  const isOfPlayer = (line: { readonly speaker: number }): boolean => ids.has(line.speaker)
  return [
    { what: 'chat, players → server', sent: said, received: sum(server.players, ({ lines }) => lines.received) },
    {
      what: 'chat, server → players',
      sent: server.linesSent * players.length,
      received: sum(players, ({ lines }) => lines.received),
    },
    {
      what: 'chat, player → player',
      sent: said * players.length,
      received: sum(players, ({ heard }) => sum(heard.filter(isOfPlayer), (line) => line.received)),
    },
    { what: 'inputs', sent: sum(players, (player) => player.inputsSent), received: sum(server.players, ({ inputs }) => inputs.received) },
    {
      what: 'snapshots',
      sent: sum(server.players, (player) => player.snapshotsSent),
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
