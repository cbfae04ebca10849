// Writes the source of one generated function. Keeps two promises: room in the buffer is checked once for each run of fields of fixed size,
// and no text of a user enters the source except through JSON.stringify.
import { refusal, type Site } from './refusal.js'

/** Values that generated functions refer to as `c0`, `c1`, …: helpers, tables, texts of errors. */
export class ConstantPool {
  readonly values: unknown[] = []

  /** The name under which generated code finds `value`. */
  nameOf(value: unknown): string {
    const known = this.values.indexOf(value)
    return `c${known < 0 ? this.values.push(value) - 1 : known}`
  }

  /** The declarations of all names, given that the values are in an array `constants`. */
  declarations(): string {
    return this.values.map((_, i) => `const c${i} = constants[${i}]`).join('\n')
  }
}

/** A place in a message, as a text with the variables that hold array indices. */
export class FieldPath {
  readonly #pieces: readonly string[]
  readonly #indices: readonly string[]

  constructor(pieces: readonly string[], indices: readonly string[] = []) {
    this.#pieces = pieces
    this.#indices = indices
  }

  /** The path with `text` behind it. */
  plus(text: string): FieldPath {
    return new FieldPath([...this.#pieces.slice(0, -1), this.#pieces.at(-1) + text], this.#indices)
  }

  /** The path of the element whose index is in the variable `index`. */
  element(index: string): FieldPath {
    const opened = this.plus('[')
    return new FieldPath([...opened.#pieces, ']'], [...this.#indices, index])
  }

  site(expected: string, type: Site['type']): Site {
    return { pieces: this.#pieces, expected, type }
  }

  /** Arguments that follow the site in generated calls. */
  get indexArguments(): string {
    return this.#indices.map((index) => `, ${index}`).join('')
  }
}

/** One function's source. Generated code knows `bytes`, the moving offset `at`, and its limit. */
export class CodeWriter {
  readonly #constants: ConstantPool
  readonly #lines: string[] = []
  readonly #limit: string
  readonly #shortReturn: string
  /** The line that checks the room of the open run, and the run's bytes; no run is open at 0 bytes. */
  #runLine = 0
  #runBytes = 0

  /** `limit` names the offset that must not be passed; the function returns `shortReturn` where there is less room. */
  constructor(constants: ConstantPool, limit: string, shortReturn: string) {
    this.#constants = constants
    this.#limit = limit
    this.#shortReturn = shortReturn
  }

  constant(value: unknown): string {
    return this.#constants.nameOf(value)
  }

  line(text: string): void {
    this.#lines.push(text)
  }

  /** Takes `count` bytes into the run of fixed size and gives the expression of the first one's offset. */
  reserve(count: number): string {
    if (this.#runBytes === 0) this.#runLine = this.#lines.push('') - 1
    const offset = this.#runBytes === 0 ? 'at' : `at + ${this.#runBytes}`
    this.#runBytes += count
    this.#lines[this.#runLine] = this.#roomCheck(String(this.#runBytes))
    return offset
  }

  /** Ends the run: moves `at` behind it. Due before anything that moves `at` itself, and before a block opens or closes. */
  endRun(): void {
    if (this.#runBytes > 0) this.line(`at += ${this.#runBytes}`)
    this.#runBytes = 0
  }

  /** Returns early where fewer than `count` bytes (an expression) are left. For what has no fixed size. */
  checkRoom(count: string): void {
    this.line(this.#roomCheck(count))
  }

  /** A block `{ … }` behind `head`. */
  block(head: string, write: () => void): void {
    this.endRun()
    this.line(`${head} {`)
    write()
    this.endRun()
    this.line('}')
  }

  /** Throws where `condition` holds: `value` (an expression) is not what the field takes. */
  refuseIf(condition: string, value: string, path: FieldPath, expected: string, type: Site['type']): void {
    const site = this.constant(path.site(expected, type))
    this.line(`if (${condition}) throw ${this.constant(refusal)}(${site}, ${value}${path.indexArguments})`)
  }

  /** Returns early, as malformed, where `condition` holds. */
  rejectIf(condition: string): void {
    this.line(`if (${condition}) return ${this.#shortReturn}`)
  }

  toString(): string {
    return this.#lines.join('\n')
  }

  #roomCheck(count: string): string {
    return `if (${this.#limit} - at < ${count}) return ${this.#shortReturn}`
  }
}
