// The game as a client knows it: what the server has told, kept up to date by handlers. Terminal, window or bot look at it, and so does the test.
import type { Client } from 'tickwire'
import { countTiles, HEIGHT, WIDTH } from './game.js'
import { Board, Painted, Players, Positions } from './messages.js'

export class GameView {
  readonly #client: Client
  tiles = new Uint8Array(WIDTH * HEIGHT)
  players: Players['players'] = []
  positions: Positions['players'] = []

  /** Make it before the client connects, so that it misses nothing. */
  constructor(client: Client) {
    this.#client = client
    client.onMessage(Board, ({ tiles }) => {
      this.tiles.set(tiles)
    })
    client.onMessage(Painted, ({ tile, seat }) => {
      this.tiles[tile] = seat
    })
    client.onMessage(Players, ({ players }) => {
      this.players = players
    })
    client.onMessage(Positions, ({ players }) => {
      this.positions = players
    })
  }

  /** This client's own player; undefined until the server has told. */
  get me(): Players['players'][number] | undefined {
    return this.players.find((player) => player.id === this.#client.peerId)
  }

  /** Round-trip time in ms. */
  get latency(): number {
    return this.#client.latency
  }

  positionOf(id: number): Positions['players'][number] | undefined {
    return this.positions.find((position) => position.id === id)
  }

  /** Who has how many tiles, the most first. */
  get scores(): { readonly id: number; readonly name: string; readonly seat: number; readonly tiles: number }[] {
    return this.players.map((player) => ({ ...player, tiles: countTiles(this.tiles, player.seat) })).sort((a, b) => b.tiles - a.tiles)
  }
}
