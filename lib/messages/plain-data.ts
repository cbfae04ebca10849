// Checks that a value survives MessagePack unchanged, before msgpackr would turn it into something else in silence: a Set into an array, a Map into an object.
import { MAX_PACKED_DEPTH, MAX_PACKED_VALUES, PACKED_CONTAINER_VALUES } from './limits.js'
import { describe, keyPath } from './refusal.js'

/** Values that the containers of the value being checked may still have. */
let left = 0

/** What is wrong with a value, and where in it. */
export interface Unsendable {
  readonly path: string
  readonly expected: string
  readonly got: string
}

const PLAIN_DATA = 'data (null, undefined, booleans, numbers, texts, 64-bit bigints, Uint8Arrays, arrays and objects)'

/**
 * The first part of `value` that a `packed` field cannot carry; undefined where all of it can travel. Own enumerable keys count, and an instance of a class arrives as a plain object.
 */
export function findUnsendable(value: unknown, depth = 0): Unsendable | undefined {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
      return undefined
    case 'string':
      // In the bytes a lone surrogate would be invalid UTF-8, which the receiver refuses.
      return hasLoneSurrogate(value) ? { path: '', expected: 'text without lone surrogates', got: describe(value) } : undefined
    case 'bigint':
      return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value
        ? undefined
        : { path: '', expected: 'a bigint of 64 bits', got: describe(value) }
    case 'object':
      return value === null ? undefined : findInObject(value, depth)
    default:
      return { path: '', expected: PLAIN_DATA, got: describe(value) }
  }
}

function findInObject(value: object, depth: number): Unsendable | undefined {
  if (value instanceof Uint8Array) return undefined
  const isArray = Array.isArray(value)
  if (!isArray && Object.prototype.toString.call(value) !== '[object Object]')
    return { path: '', expected: PLAIN_DATA, got: describe(value) }
  // A cycle ends here too.
  if (depth === MAX_PACKED_DEPTH) return { path: '', expected: `at most ${MAX_PACKED_DEPTH} levels of arrays and objects`, got: 'more' }
  if (depth === 0) left = MAX_PACKED_VALUES
  left -= PACKED_CONTAINER_VALUES + (isArray ? value.length : Object.keys(value).length)
  if (left < 0) return { path: '', expected: `at most ${MAX_PACKED_VALUES} values in all`, got: 'more' }
  if (isArray) {
    for (let i = 0; i < value.length; i++) {
      const found = findUnsendable(value[i], depth + 1)
      if (found !== undefined) return { ...found, path: `[${i}]${found.path}` }
    }
    return undefined
  }
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' || hasLoneSurrogate(key))
      return { path: '', expected: 'keys that are well-formed text and not __proto__', got: describe(key) }
    const found = findUnsendable(member, depth + 1)
    if (found !== undefined) return { ...found, path: `${keyPath(key)}${found.path}` }
  }
  return undefined
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text)
}
