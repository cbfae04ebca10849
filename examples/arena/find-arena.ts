// Finding the one arena of a network, by discovery. An arena tells in its `info` how fast it ticks, and whether it is open or still looks if another was first.
import { type Advertisement, type DiscoverOptions, discover, type FoundServer } from 'tickwire'
import { messages } from './messages.js'

/** Where to look. */
export interface SearchOptions {
  readonly game: string
  readonly interfaces: NonNullable<DiscoverOptions['interfaces']>
}

/** What an arena tells of itself. */
export interface ArenaInfo {
  readonly hz: number
  /** False: it may yet give way to another that was started at the same moment. */
  readonly isOpen: boolean
}

/** An arena that a player can join. */
export interface FoundArena {
  readonly host: string
  readonly port: number
  /** What its host is called. */
  readonly name: string
  readonly hz: number
}

/** On loopback an answer takes as long as the arena's next tick. On a LAN the first query may be lost. */
const SEARCH_MS = { loopback: 350, lan: 1000 }

/** How long a new arena looks for others that began at the same moment. */
const SETTLE_MS = 350

/** While an arena settles, one looks again and again, for so long in all. */
const SETTLING_TRIES = 8

export interface FindOptions {
  /** How long to look, in ms. Default: what suits the network. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** The first open arena that answers and has room; undefined where there is none within `timeoutMs`. Where there are only arenas that still settle, it waits for them. */
export async function findArena(search: SearchOptions, options: FindOptions = {}): Promise<FoundArena | undefined> {
  const { timeoutMs = search.interfaces === 'loopback' ? SEARCH_MS.loopback : SEARCH_MS.lan, signal } = options
  for (let tries = 0; tries < SETTLING_TRIES; tries++) {
    let isAnySettling = false
    for await (const found of discover({ ...search, timeoutMs, signal })) {
      const info = arenaInfoOf(found)
      if (info === undefined || found.players >= found.maxPlayers) continue
      if (info.isOpen) return { host: found.host, port: found.port, name: found.name, hz: info.hz }
      isAnySettling = true
    }
    if (!isAnySettling) return undefined
  }
  return undefined
}

/**
 * Whether a new arena gives way: to one that is open, or to the one of several new ones with the smallest id. A search tells of each arena once, so where another still settles this one looks again, until that has given
 * way or has opened without having heard of it. One whose process stood still for all of another's look is heard of too late, and both open: once open, each looks once more, and the smaller id stays.
 * `hostOrJoin` does the like where server and player share a process.
 */
export async function givesWay(search: SearchOptions, own: Advertisement): Promise<boolean> {
  const isOpen = arenaInfoOf({ info: own.info, fingerprint: messages.fingerprint })?.isOpen ?? false
  for (let tries = 0; tries < SETTLING_TRIES; tries++) {
    let isAnySettling = false
    for await (const other of discover({ ...search, timeoutMs: SETTLE_MS })) {
      const info = arenaInfoOf(other)
      if (info === undefined || other.id === own.id) continue
      if (isOpen ? info.isOpen && other.id < own.id : info.isOpen || other.id < own.id) return true
      isAnySettling ||= !info.isOpen
    }
    if (isOpen || !isAnySettling) return false
  }
  return false
}

/** Reads `info`, which comes from the network and may be anything; undefined for what is no arena of this version. */
export function arenaInfoOf({ info, fingerprint }: Pick<FoundServer, 'info' | 'fingerprint'>): ArenaInfo | undefined {
  if (fingerprint !== messages.fingerprint || typeof info !== 'object' || info === null) return undefined
  const { hz, isOpen } = info as Readonly<Record<string, unknown>>
  if (typeof hz !== 'number' || !(hz >= 1 && hz <= 1000) || typeof isOpen !== 'boolean') return undefined
  return { hz, isOpen }
}
