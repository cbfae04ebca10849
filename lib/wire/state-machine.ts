// A state and the table of moves between states, held at every move. What a state means and when to move is its owner's business.

/** Which states may follow each. */
export type Transitions<State extends string | number> = Readonly<Record<State, readonly State[]>>

type Observer = (name: string, from: string | number, to: string | number) => void

let observer: Observer | undefined

/** Hears of every move of every machine, until it is called with undefined: for the test that compares docs/STATE-MACHINE.md with what happens. */
export function observeMoves(observe: Observer | undefined): void {
  observer = observe
}

export class StateMachine<State extends string | number> {
  readonly #name: string
  readonly #transitions: Transitions<State>
  #state: State

  /** @param name Whose states they are, in words. */
  constructor(name: string, transitions: Transitions<State>, first: State) {
    this.#name = name
    this.#transitions = transitions
    this.#state = first
  }

  get state(): State {
    return this.#state
  }

  /** Throws where the table does not have the move: a defect of the library. */
  move(to: State): void {
    const from = this.#state
    if (!this.#transitions[from].includes(to)) throw new Error(`a ${this.#name} cannot go from ${from} to ${to}`)
    this.#state = to
    observer?.(this.#name, from, to)
  }
}
