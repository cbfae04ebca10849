// The ghost: the same moves, sent `ordered` and answered `ordered`, as a game over TCP would do. It shows what has come back, and nothing else.
// One lost packet holds back all later ones until it has been sent again; then they come all at once. That is the freeze and the jump.
import type { Spot } from './game.js'

export class Ghost {
  #shown: { readonly move: number; readonly spot: Spot } | undefined

  /** Where to draw it, and the newest move that is in that; undefined before the first answer. */
  get shown(): { readonly move: number; readonly spot: Spot } | undefined {
    return this.#shown
  }

  /** The server says where the ghost is after this move. Answers come in order, each once: that is what makes it late. */
  answer(move: number, spot: Spot): void {
    this.#shown = { move, spot }
  }
}
