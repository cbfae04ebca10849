// A player that plays by itself: heads for the nearest tile that is not its own. An opponent, and what plays where there is no keyboard.
import { HEIGHT, type Heading, tileAt, WIDTH } from './game.js'

/** The heading towards the nearest tile of others or nobody; `stay` where there is none. */
export function chooseHeading(tiles: Uint8Array, seat: number, at: { readonly x: number; readonly y: number }): Heading {
  const own = tileAt(at.x, at.y)
  let best = Number.POSITIVE_INFINITY
  let right = 0
  let down = 0
  for (let tile = 0; tile < WIDTH * HEIGHT; tile++) {
    if (tiles[tile] === seat || tile === own) continue
    const columns = (tile % WIDTH) - (own % WIDTH)
    const rows = Math.floor(tile / WIDTH) - Math.floor(own / WIDTH)
    const distance = Math.abs(columns) + Math.abs(rows)
    if (distance >= best) continue
    best = distance
    right = columns
    down = rows
  }
  if (right !== 0) return right > 0 ? 'right' : 'left'
  if (down !== 0) return down > 0 ? 'down' : 'up'
  return 'stay'
}
