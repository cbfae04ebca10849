// A parser of the layouts that docs/PROTOCOL.md writes in its tables: "largest u32, delay varint, (gap varint, length varint) × ranges".
// It knows the kinds of that page and nothing of the library, so that the page itself is what is tested.

/** What was read of one layout: numbers, bytes, and for a group a list of what was read each time, under the name of its count. */
export interface Parsed {
  [name: string]: number | Uint8Array | Parsed | Parsed[]
}

interface Part {
  readonly name: string
  readonly kind: string
  /** Of a group: the name of its count is `name`. */
  readonly group: readonly Part[] | undefined
}

export type Layout = readonly Part[]

/** Reads a layout's text. Throws where it is not of the page's grammar. */
export function parseLayout(text: string): Layout {
  if (text === 'none') return []
  return splitParts(text).map((part) => {
    const group = /^\((.+)\) × (\w+)$/.exec(part)
    if (group !== null) return { name: group[2]!, kind: 'group', group: parseLayout(group[1]!) }
    const field = /^(\w+) (u8|u16|u24|u32|f32|f64|varint|message|rest|bytes\[\w+\])$/.exec(part)
    if (field === null) throw new Error(`expected "name kind" or "(…) × count", got "${part}"`)
    return { name: field[1]!, kind: field[2]!, group: undefined }
  })
}

/** Splits at the commas that stand in no parentheses. */
function splitParts(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === '(') depth++
    if (text[i] === ')') depth--
    if (i < text.length && (text[i] !== ',' || depth > 0)) continue
    parts.push(text.slice(start, i).trim())
    start = i + 1
  }
  return parts
}

/** Reads bytes by layouts, from the front. Every read throws where the bytes end too soon. */
export class LayoutReader {
  offset = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #message: Layout

  /** `message`: the layout of the kind `message`. */
  constructor(bytes: Uint8Array, message: Layout) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#message = message
  }

  get isAtEnd(): boolean {
    return this.offset === this.#bytes.length
  }

  /** `outer`: the fields in front of a group, whose sizes it may name. */
  read(layout: Layout, outer: Parsed = {}): Parsed {
    const parsed: Parsed = {}
    for (const { name, kind, group } of layout) {
      if (group === undefined) parsed[name] = this.#readKind(kind, { ...outer, ...parsed })
      else {
        const count = numberOf(parsed, name)
        parsed[name] = Array.from({ length: count }, () => this.read(group, parsed))
      }
    }
    return parsed
  }

  uint(bytes: number): number {
    let value = 0
    for (let i = 0; i < bytes; i++) value += this.#view.getUint8(this.offset++) * 256 ** i
    return value
  }

  #readKind(kind: string, parsed: Parsed): number | Uint8Array | Parsed {
    if (kind === 'message') return this.read(this.#message)
    if (kind === 'varint') return this.#readVarint()
    if (kind === 'f32') {
      this.offset += 4
      return this.#view.getFloat32(this.offset - 4, true)
    }
    if (kind === 'f64') {
      this.offset += 8
      return this.#view.getFloat64(this.offset - 8, true)
    }
    if (kind.startsWith('u')) return this.uint(Number(kind.slice(1)) / 8)
    if (kind === 'rest') {
      const start = this.offset
      this.offset = this.#bytes.length
      return this.#bytes.slice(start)
    }
    const size = numberOf(parsed, kind.slice('bytes['.length, -1))
    if (this.offset + size > this.#bytes.length) throw new RangeError(`expected ${size} bytes at ${this.offset}, got fewer`)
    this.offset += size
    return this.#bytes.slice(this.offset - size, this.offset)
  }

  #readVarint(): number {
    let value = 0
    for (let i = 0; i < 8; i++) {
      const byte = this.uint(1)
      value += (byte % 128) * 128 ** i
      if (byte < 128) return value
    }
    throw new RangeError('a varint has at most 8 bytes')
  }
}

export function numberOf(parsed: Parsed, name: string): number {
  const value = parsed[name]
  if (typeof value !== 'number') throw new Error(`expected a number in "${name}"`)
  return value
}
