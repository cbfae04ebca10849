// Fields that choose: yes or no, several of a few names, one of many.
import type { CodeWriter, FieldPath } from './code-writer.js'
import type { Field } from './field.js'
import { FieldNode, fieldOf, type HeaderBits, type Signature } from './field-node.js'
import { MAX_ENUM_VALUES, MAX_FLAGS, MAX_NAME_LENGTH } from './limits.js'
import { readUnsigned, writeUnsigned } from './number-fields.js'
import { checkName, describe, keyPath } from './refusal.js'

export class BoolNode extends FieldNode {
  readonly signature = 'bool'
  override readonly headerBits = 1
  readonly minBytes = 0

  override encodeHeader(out: CodeWriter, value: string, path: FieldPath): string[] {
    out.refuseIf(`typeof ${value} !== 'boolean'`, value, path, 'true or false', 'other')
    return [value]
  }

  encodeBody(): void {}

  decode(_out: CodeWriter, _name: string, bits: HeaderBits): string {
    return bits.next()
  }
}

class FlagsNode extends FieldNode {
  readonly signature: Signature
  override readonly headerBits: number
  readonly minBytes = 0
  readonly #names: readonly string[]

  constructor(names: readonly string[]) {
    super()
    this.#names = names
    this.headerBits = names.length
    this.signature = ['flags', ...names]
  }

  override encodeHeader(out: CodeWriter, value: string, path: FieldPath): string[] {
    out.refuseIf(`typeof ${value} !== 'object' || ${value} === null`, value, path, 'an object of flags', 'other')
    return this.#names.map((name, i) => {
      const flag = `${value}_${i}`
      out.line(`const ${flag} = ${value}[${JSON.stringify(name)}]`)
      out.refuseIf(
        `${flag} !== undefined && typeof ${flag} !== 'boolean'`,
        flag,
        path.plus(keyPath(name)),
        'true, false or nothing',
        'other',
      )
      return flag
    })
  }

  encodeBody(): void {}

  decode(_out: CodeWriter, _name: string, bits: HeaderBits): string {
    return `{ ${this.#names.map((name) => `${JSON.stringify(name)}: ${bits.next()}`).join(', ')} }`
  }
}

class EnumNode extends FieldNode {
  readonly signature: Signature
  readonly minBytes: 1 | 2
  readonly #values: readonly string[]

  constructor(values: readonly string[]) {
    super()
    this.#values = values
    this.minBytes = values.length <= 256 ? 1 : 2
    this.signature = ['enumOf', ...values]
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    const indices = out.constant(new Map(this.#values.map((text, i) => [text, i])))
    out.line(`const ${value}_x = ${indices}.get(${value})`)
    out.refuseIf(`${value}_x === undefined`, value, path, `one of ${listOf(this.#values)}`, 'string')
    writeUnsigned(out, this.minBytes, `${value}_x`)
  }

  decode(out: CodeWriter, name: string): string {
    out.line(`const ${name}_x = ${readUnsigned(out, this.minBytes)}`)
    if (this.#values.length < 256 ** this.minBytes) out.rejectIf(`${name}_x >= ${this.#values.length}`)
    return `${out.constant(this.#values)}[${name}_x]`
  }
}

/** True or false, in 1 bit: the booleans, flags and optional presences of a message share bytes. */
export const bool: Field<boolean> = fieldOf(new BoolNode())

/**
 * Up to 32 named booleans, 1 bit each. Those that are not given are false.
 * @throws RangeError for no name, more than 32, the same one twice, or one that every object has, such as "constructor"
 */
export function flags<const T extends readonly [string, ...string[]]>(
  ...names: T
): Field<{ [K in T[number]]: boolean }, { readonly [K in T[number]]?: boolean | undefined }> {
  if (names.length < 1 || names.length > MAX_FLAGS) throw new RangeError(`flags expected 1–${MAX_FLAGS} names, got ${names.length}`)
  for (const name of names) checkKey('flags', name)
  checkDistinct('flags', names)
  return fieldOf(new FlagsNode([...names]))
}

/**
 * One of the given texts, in 1 byte, or 2 where there are more than 256. Their order is part of the wire: add new ones at the end.
 * @throws RangeError for no value, more than 65,536, or the same one twice
 */
export function enumOf<const T extends readonly [string, ...string[]]>(...values: T): Field<T[number]> {
  if (values.length < 1 || values.length > MAX_ENUM_VALUES)
    throw new RangeError(`enumOf expected 1–${MAX_ENUM_VALUES} values, got ${values.length}`)
  for (const value of values) if (typeof value !== 'string') throw new TypeError(`enumOf expected texts, got ${describe(value)}`)
  checkDistinct('enumOf', values)
  return fieldOf(new EnumNode([...values]))
}

/**
 * Throws unless `name` can be a key of a decoded object. Names that every object has are refused: `__proto__` would set the prototype,
 * and a missing "constructor" would look as if it were given.
 */
export function checkKey(where: string, name: unknown): void {
  checkName(where, name, MAX_NAME_LENGTH)
  if (name in Object.prototype) throw new RangeError(`"${where}" expected names that are not in every object, got ${describe(name)}`)
}

function checkDistinct(where: string, texts: readonly string[]): void {
  const seen = new Set<string>()
  for (const text of texts) {
    if (seen.has(text)) throw new RangeError(`${where} expected distinct values, got ${describe(text)} twice`)
    seen.add(text)
  }
}

function listOf(values: readonly string[]): string {
  const shown = values.slice(0, 8).map((value) => describe(value))
  return values.length > 8 ? `${shown.join(', ')}, … (${values.length})` : shown.join(', ')
}
