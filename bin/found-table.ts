// The table of `tickwire discover`. Its rows are printed as servers answer, so columns have a width of their own.
import type { FoundServer } from 'tickwire'
import { harmless, milliseconds, oneLine, row, shorten } from './text.js'

const WIDTHS = [22, 14, 21, 9, 10, 5]
const RIGHT = [3, 4]
const MAX_TEXT_CHARACTERS = 60

export function foundHeading(): string {
  return row(['name', 'game', 'address', 'players', 'latency', 'token', 'info'], WIDTHS, RIGHT)
}

/** All but the numbers comes from the network, and is made harmless. */
export function foundRow(found: FoundServer): string {
  const { name, game, host, port, players, maxPlayers, latency, needsToken, info } = found
  return row(
    [
      shorten(harmless(name), WIDTHS[0]!),
      shorten(harmless(game), WIDTHS[1]!),
      hostAndPort(harmless(host), port),
      `${players}/${maxPlayers}`,
      `${milliseconds(latency)} ms`,
      needsToken ? 'yes' : 'no',
      shorten(oneLine(info), MAX_TEXT_CHARACTERS),
    ],
    WIDTHS,
    RIGHT,
  )
}

/** As `ping` takes it. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
