// Fields made of fields: structs, arrays, and what may be missing.
import { decodeLength, encodeLength } from './byte-fields.js'
import { BoolNode, checkKey } from './choice-fields.js'
import type { CodeWriter, FieldPath } from './code-writer.js'
import { decodeWork } from './decode-work.js'
import type { Field, Fields, InputValuesOf, OptionalField, ValuesOf } from './field.js'
import {
  decodeFrame,
  encodeFrame,
  FieldNode,
  fieldOf,
  type HeaderBits,
  minFrameBytes,
  nodeOf,
  optionalFieldOf,
  type Signature,
} from './field-node.js'
import { MAX_ARRAY_LENGTH } from './limits.js'
import { checkInteger, describe, keyPath } from './refusal.js'

/** The fields of a struct or of a whole message. Their bits go to the frame around them. */
export class StructNode extends FieldNode {
  readonly signature: Signature
  override readonly headerBits: number
  readonly minBytes: number
  readonly #fields: readonly (readonly [name: string, node: FieldNode])[]

  /** `where` names the fields in errors. */
  constructor(fields: Fields, where: string) {
    super()
    if (typeof fields !== 'object' || fields === null)
      throw new TypeError(`"${where}" expected an object of fields, got ${describe(fields)}`)
    // Object.entries would not show a `__proto__` written as a literal's key: it is the object's prototype then.
    const prototype = Object.getPrototypeOf(fields)
    if (prototype !== Object.prototype && prototype !== null)
      throw new TypeError(`"${where}" expected a plain object of fields, and none named __proto__`)
    this.#fields = Object.entries(fields).map(([name, field]) => {
      checkKey(where, name)
      return [name, nodeOf(field, where + keyPath(name))]
    })
    this.signature = ['struct', ...this.#fields.map(([name, node]) => [name, node.signature])]
    this.headerBits = this.#fields.reduce((sum, [, node]) => sum + node.headerBits, 0)
    this.minBytes = this.#fields.reduce((sum, [, node]) => sum + node.minBytes, 0)
  }

  override encodeHeader(out: CodeWriter, value: string, path: FieldPath): string[] {
    out.refuseIf(`typeof ${value} !== 'object' || ${value} === null`, value, path, 'an object', 'other')
    return this.#fields.flatMap(([name, node], i) => {
      out.line(`const ${value}_${i} = ${value}[${JSON.stringify(name)}]`)
      return node.encodeHeader(out, `${value}_${i}`, path.plus(keyPath(name)))
    })
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    for (const [i, [name, node]] of this.#fields.entries()) node.encodeBody(out, `${value}_${i}`, path.plus(keyPath(name)))
  }

  decode(out: CodeWriter, name: string, bits: HeaderBits): string {
    const entries = this.#fields.map(([key, node], i) => `${JSON.stringify(key)}: ${node.decode(out, `${name}_${i}`, bits)}`)
    return `{ ${entries.join(', ')} }`
  }
}

class OptionalNode extends FieldNode {
  readonly signature: Signature
  override readonly headerBits: number
  readonly minBytes = 0
  readonly #inner: FieldNode
  /** A boolean's bit stands beside that of its presence, as a frame of its own would take a byte. */
  readonly #isBool: boolean

  constructor(inner: FieldNode) {
    super()
    this.#inner = inner
    this.#isBool = inner instanceof BoolNode
    this.headerBits = this.#isBool ? 2 : 1
    this.signature = ['optional', inner.signature]
  }

  override encodeHeader(out: CodeWriter, value: string, path: FieldPath): string[] {
    if (!this.#isBool) return [`${value} !== undefined`]
    out.refuseIf(`${value} !== undefined && typeof ${value} !== 'boolean'`, value, path, 'true, false or nothing', 'other')
    return [`${value} !== undefined`, value]
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    if (!this.#isBool) out.block(`if (${value} !== undefined)`, () => encodeFrame(out, this.#inner, value, path))
  }

  decode(out: CodeWriter, name: string, bits: HeaderBits): string {
    const isPresent = bits.next()
    if (this.#isBool) {
      const bit = bits.next()
      out.rejectIf(`!(${isPresent}) && ${bit}`)
      return `${isPresent} ? ${bit} : undefined`
    }
    out.line(`let ${name}`)
    out.block(`if (${isPresent})`, () => {
      const value = decodeFrame(out, this.#inner, `${name}_o`)
      out.line(`${name} = ${value}`)
    })
    return name
  }
}

class ArrayNode extends FieldNode {
  readonly signature: Signature
  readonly minBytes = 1
  readonly #element: FieldNode
  readonly #max: number
  /** Booleans stand side by side, eight a byte. */
  readonly #isBool: boolean

  constructor(element: FieldNode, max: number) {
    super()
    this.#element = element
    this.#max = max
    this.#isBool = element instanceof BoolNode
    this.signature = ['array', element.signature, max]
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    const count = `${value}_n`
    out.refuseIf(`!Array.isArray(${value})`, value, path, `an array of at most ${this.#max}`, 'other')
    out.line(`const ${count} = ${value}.length`)
    out.refuseIf(`${count} > ${this.#max}`, count, path, `at most ${this.#max} elements`, 'number')
    encodeLength(out, count, this.#max)
    const index = `${value}_i`
    const element = `${value}_e`
    const elementPath = path.element(index)
    if (this.#isBool) {
      this.#encodeBits(out, value, elementPath)
      return
    }
    out.block(`for (let ${index} = 0; ${index} < ${count}; ${index}++)`, () => {
      out.line(`const ${element} = ${value}[${index}]`)
      encodeFrame(out, this.#element, element, elementPath)
    })
  }

  decode(out: CodeWriter, name: string): string {
    const count = `${name}_n`
    const list = `${name}_l`
    decodeLength(out, count, this.#max)
    // Before anything is allocated: the bytes that so many elements take at least must be there.
    const least = this.#isBool ? `(${count} + 7 >> 3)` : `${count} * ${minFrameBytes(this.#element)}`
    out.checkRoom(least)
    out.line(`const ${list} = new Array(${count})`)
    out.line(`${out.constant(decodeWork)}.values += ${this.#isBool ? `${count} >> 3` : count}`)
    if (this.#isBool) {
      this.#decodeBits(out, name)
      return list
    }
    out.block(`for (let ${name}_i = 0; ${name}_i < ${count}; ${name}_i++)`, () => {
      const value = decodeFrame(out, this.#element, `${name}_e`)
      out.line(`${list}[${name}_i] = ${value}`)
    })
    return list
  }

  #encodeBits(out: CodeWriter, value: string, path: FieldPath): void {
    const [count, index, element] = [`${value}_n`, `${value}_i`, `${value}_e`]
    out.endRun()
    out.checkRoom(`(${count} + 7 >> 3)`)
    out.block(`for (let ${index} = 0; ${index} < ${count}; ${index}++)`, () => {
      out.line(`const ${element} = ${value}[${index}]`)
      out.refuseIf(`typeof ${element} !== 'boolean'`, element, path, 'true or false', 'other')
      out.line(`if ((${index} & 7) === 0) bytes[at + (${index} >> 3)] = 0`)
      out.line(`if (${element}) bytes[at + (${index} >> 3)] |= 1 << (${index} & 7)`)
    })
    out.line(`at += ${count} + 7 >> 3`)
  }

  #decodeBits(out: CodeWriter, name: string): void {
    const [count, index] = [`${name}_n`, `${name}_i`]
    out.block(`for (let ${index} = 0; ${index} < ${count}; ${index}++)`, () => {
      out.line(`${name}_l[${index}] = (bytes[at + (${index} >> 3)] >> (${index} & 7) & 1) === 1`)
    })
    out.line(`at += ${count} + 7 >> 3`)
    out.rejectIf(`(${count} & 7) !== 0 && bytes[at - 1] >> (${count} & 7) !== 0`)
  }
}

/**
 * An object of fields, free of cost: its fields travel as if they stood in the message itself.
 * @throws TypeError for what is not a field, RangeError for a name that every object has, such as "constructor"
 */
export function struct<F extends Fields>(fields: F): Field<ValuesOf<F>, InputValuesOf<F>> {
  return fieldOf(new StructNode(fields, 'struct'))
}

/**
 * A field that may be left out or be `undefined`, for 1 bit. The decoded object has its key all the same.
 * @throws TypeError for a field that is optional already
 */
export function optional<O, I>(field: Field<O, I>): OptionalField<O, I> {
  const inner = nodeOf(field, 'optional')
  if (inner instanceof OptionalNode) throw new TypeError('"optional" expected a field that is not optional already')
  return optionalFieldOf(new OptionalNode(inner))
}

/**
 * An array of at most `max` elements, 1 to 65,536, with its count in one byte where `max` is at most 255, else a varint. Booleans take 1 bit each.
 * @throws RangeError when `max` is out of range, TypeError for elements that take no bytes, such as `struct({})`
 */
export function array<O, I>(field: OptionalField<O, I>, max: number): Field<(O | undefined)[], readonly (I | undefined)[]>
export function array<O, I>(field: Field<O, I>, max: number): Field<O[], readonly I[]>
export function array(field: Field<any, any>, max: number): Field<any[], readonly any[]> {
  const element = nodeOf(field, 'array')
  checkInteger('max', max, 1, MAX_ARRAY_LENGTH)
  // A count without bytes behind it could make a receiver allocate more than it was sent.
  if (minFrameBytes(element) === 0) throw new TypeError('"array" expected a field that takes at least one bit, got an empty struct')
  return fieldOf(new ArrayNode(element, max))
}
