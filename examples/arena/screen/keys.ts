// What a terminal in raw mode sends, as keys. Terminals tell when a key goes down, and not when it comes up.

export type Key = 'up' | 'down' | 'left' | 'right' | 'stop' | 'quit' | 'suspend' | '0' | '1' | '2' | '3' | '4'

const ESCAPE = '\x1b'

/** Arrows come as ESC [ A or, where the terminal is in application mode, as ESC O A. */
const SEQUENCES: Readonly<Record<string, Key>> = {
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
}

const CHARACTERS: Readonly<Record<string, Key>> = {
  w: 'up',
  s: 'down',
  d: 'right',
  a: 'left',
  ' ': 'stop',
  q: 'quit',
  '\x03': 'quit', // Ctrl-C
  '\x1a': 'suspend', // Ctrl-Z
  0: '0',
  1: '1',
  2: '2',
  3: '3',
  4: '4',
}

export class KeyReader {
  /** An escape sequence whose end is still to come, or the key Esc: `flush` tells. */
  #begun = ''

  /** Whether something was begun that may be the key Esc alone. */
  get isWaiting(): boolean {
    return this.#begun !== ''
  }

  /** The keys in what the terminal has sent, in order. What means nothing here is left out. */
  read(text: string): Key[] {
    const keys: Key[] = []
    for (const character of text) {
      if (this.#begun === '') {
        if (character === ESCAPE) this.#begun = ESCAPE
        else push(keys, CHARACTERS[character.toLowerCase()])
        continue
      }
      if (character === ESCAPE) {
        keys.push(...this.flush())
        this.#begun = ESCAPE
        continue
      }
      this.#begun += character
      // CSI ends with a letter or ~, possibly after numbers: ESC [ 1 ; 5 A is an arrow with Ctrl, and means nothing here.
      const sequence = this.#begun.slice(ESCAPE.length)
      if (/^(?:\[[\d;]*|O)$/.test(sequence)) continue
      push(keys, SEQUENCES[sequence])
      this.#begun = ''
    }
    return keys
  }

  /** Nothing more has come for a while: what was begun was the key Esc, or nothing. */
  flush(): Key[] {
    const isEscape = this.#begun === ESCAPE
    this.#begun = ''
    return isEscape ? ['quit'] : []
  }
}

function push(keys: Key[], key: Key | undefined): void {
  if (key !== undefined) keys.push(key)
}
