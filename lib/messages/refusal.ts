// The errors of values that cannot be sent: which field, what it takes, what came. Built only when thrown.

/** A place in a definition that refuses values. */
export interface Site {
  /** The path, cut where an array's index goes: `['Move.entities[', '].x']`. */
  readonly pieces: readonly string[]
  /** What the place takes, as in "an integer from 0 to 255". */
  readonly expected: string
  /** The `typeof` of what it takes. A value of that type is out of range (RangeError), any other is of the wrong type (TypeError). */
  readonly type: 'number' | 'string' | 'other'
}

/** `Move.entities[3].x expected a number from 0 to 100, got 101`. */
export function refusal(site: Site, value: unknown, ...indices: readonly number[]): Error {
  const text = `${placeOf(site, indices)} expected ${site.expected}, got ${describe(value)}`
  return typeof value === site.type ? new RangeError(text) : new TypeError(text)
}

/** The path of a site with its indices filled in. */
export function placeOf(site: Site, indices: readonly number[]): string {
  return site.pieces.reduce((path, piece, i) => `${path}${indices[i - 1]}${piece}`)
}

/** A value in a few words, for error texts. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return String(value)
  }
}

/** How a key is written behind its object: `.x`, or `["two words"]`. */
export function keyPath(key: string): string {
  return /^[\p{L}_$][\p{L}\d_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  return tag === 'Object' ? 'an object' : `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`
}

/** Throws unless `value` is an integer in range. For arguments and options; `name` is theirs. */
export function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (typeof value !== 'number') throw new TypeError(`"${name}" expected integer ${min}–${max}, got ${describe(value)}`)
  if (!Number.isInteger(value) || value < min || value > max) throw new RangeError(`"${name}" expected integer ${min}–${max}, got ${value}`)
}

/** Throws unless `value` is a name: 1 to `max` characters. */
export function checkName(name: string, value: unknown, max: number): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`"${name}" expected a text of 1–${max} characters, got ${describe(value)}`)
  if (value.length < 1 || value.length > max) throw new RangeError(`"${name}" expected a text of 1–${max} characters, got ${value.length}`)
}
