// The rules, apart from the network: players walk over a board and paint the tiles under them. No socket, no clock, no randomness, so that a test can play it.

export const WIDTH = 36
export const HEIGHT = 12

export const MAX_PLAYERS = 8

/** Tiles a second. */
export const SPEED = 8

/** The seat of a tile that nobody has painted. Those of players are 1–8. */
export const NOBODY = 0

export const HEADINGS = ['stay', 'up', 'down', 'left', 'right'] as const
export type Heading = (typeof HEADINGS)[number]

export interface Player {
  readonly id: number
  readonly name: string
  /** What tiles carry, and what a client gives a colour to. */
  readonly seat: number
  /** In tiles, from the top left corner; 0.5 is the middle of the first. */
  x: number
  y: number
  heading: Heading
}

export interface World {
  /** Who has painted each tile, row by row. */
  readonly tiles: Uint8Array
  /** By id. */
  readonly players: Map<number, Player>
}

export interface Painted {
  readonly tile: number
  readonly seat: number
}

export function createWorld(): World {
  return { tiles: new Uint8Array(WIDTH * HEIGHT), players: new Map() }
}

/** Gives a player the first free seat, and a place that depends on it. There must be one: the server lets no more than MAX_PLAYERS in. */
export function join(world: World, id: number, name: string): Player {
  const taken = new Set(Array.from(world.players.values(), (player) => player.seat))
  let seat = 1
  while (taken.has(seat)) seat++
  if (seat > MAX_PLAYERS) throw new Error(`the game expected at most ${MAX_PLAYERS} players, got one more: ${name}`)
  const column = (seat - 1) % 4
  const row = seat <= 4 ? 0 : 1
  const player: Player = { id, name, seat, x: (column + 0.5) * (WIDTH / 4), y: (row + 0.5) * (HEIGHT / 2), heading: 'stay' }
  world.players.set(id, player)
  return player
}

/** Takes a player out, and the paint with them. */
export function leave(world: World, id: number): void {
  const player = world.players.get(id)
  if (player === undefined) return
  world.players.delete(id)
  for (const [tile, seat] of world.tiles.entries()) if (seat === player.seat) world.tiles[tile] = NOBODY
}

/** Lets time pass: everyone walks and paints. Returns the tiles that have changed. */
export function step(world: World, seconds: number): Painted[] {
  const painted: Painted[] = []
  for (const player of world.players.values()) {
    walk(player, seconds)
    const tile = tileAt(player.x, player.y)
    if (world.tiles[tile] === player.seat) continue
    world.tiles[tile] = player.seat
    painted.push({ tile, seat: player.seat })
  }
  return painted
}

export function tileAt(x: number, y: number): number {
  return Math.floor(y) * WIDTH + Math.floor(x)
}

export function countTiles(tiles: Uint8Array, seat: number): number {
  return tiles.reduce((count, owner) => (owner === seat ? count + 1 : count), 0)
}

/** The walls of the board stop a player in the middle of the last tile. */
function walk(player: Player, seconds: number): void {
  const distance = SPEED * seconds
  const { heading } = player
  if (heading === 'left') player.x = Math.max(0.5, player.x - distance)
  if (heading === 'right') player.x = Math.min(WIDTH - 0.5, player.x + distance)
  if (heading === 'up') player.y = Math.max(0.5, player.y - distance)
  if (heading === 'down') player.y = Math.min(HEIGHT - 0.5, player.y + distance)
}
