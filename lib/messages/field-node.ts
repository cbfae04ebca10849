// What stands behind a Field: a node that writes the code of its encoder and decoder.
//
// Bits come first. A *frame* is a message, an array's element or the content of an optional field: a header of as many bits as its booleans, flags and
// presences need, in the order of the fields, lowest bit first, filled up with zeros to whole bytes; then the fields' bytes. A struct is no frame: its bits
// go to the frame around it, so that a few booleans in a few structs share one byte.
//
//     { a: bool, n: uint16, s: struct({ b: bool, o: optional(uint8) }) }   ->   00000oba  n n  [o]
import type { CodeWriter, FieldPath } from './code-writer.js'
import type { Field, OptionalField } from './field.js'
import { describe } from './refusal.js'

/** A field as JSON, for the fingerprint: two fields of one signature have one layout. */
export type Signature = string | number | readonly Signature[]

export abstract class FieldNode {
  abstract readonly signature: Signature
  /** Bits in the header of the frame. */
  readonly headerBits: number = 0
  /** The fewest bytes that it takes behind the header. */
  abstract readonly minBytes: number

  /**
   * Writes the checks of what goes to the header; gives an expression, truthy or falsy, for each bit.
   * `value` is the name of the variable that holds the field's value; other variables derive their names from it.
   */
  encodeHeader(_out: CodeWriter, _value: string, _path: FieldPath): string[] {
    return []
  }

  /** Writes the checks and the bytes behind the header. */
  abstract encodeBody(out: CodeWriter, value: string, path: FieldPath): void

  /** Writes the reading of the field, with `name` as the stem of its variables, and gives the expression of its value. */
  abstract decode(out: CodeWriter, name: string, bits: HeaderBits): string
}

/** Gives the bits of a decoded header, one after the other. */
export class HeaderBits {
  readonly #name: string
  #next = 0

  constructor(name: string) {
    this.#name = name
  }

  /** The expression of the next bit, true or false. */
  next(): string {
    const bit = this.#next++
    return `(${this.#name}_h${bit >> 3} & ${1 << (bit & 7)}) !== 0`
  }
}

/** The fewest bytes that a frame of this node takes. */
export function minFrameBytes(node: FieldNode): number {
  return Math.ceil(node.headerBits / 8) + node.minBytes
}

export function encodeFrame(out: CodeWriter, node: FieldNode, value: string, path: FieldPath): void {
  const bits = node.encodeHeader(out, value, path)
  for (let first = 0; first < bits.length; first += 8) {
    const terms = bits.slice(first, first + 8).map((bit, i) => `(${bit} ? ${1 << i} : 0)`)
    out.line(`bytes[${out.reserve(1)}] = ${terms.join(' | ')}`)
  }
  node.encodeBody(out, value, path)
}

/** Header bits that have no meaning must be zero. */
export function decodeFrame(out: CodeWriter, node: FieldNode, name: string): string {
  for (let first = 0; first < node.headerBits; first += 8) {
    const header = `${name}_h${first >> 3}`
    out.line(`const ${header} = bytes[${out.reserve(1)}]`)
    const spare = 8 - (node.headerBits - first)
    if (spare > 0) out.rejectIf(`${header} > ${255 >> spare}`)
  }
  return node.decode(out, name, new HeaderBits(name))
}

/** A node as the field that the user holds. The brands of Field exist in types only, so this is the one place where they are put on. */
export function fieldOf<Out, In = Out>(node: FieldNode): Field<Out, In> {
  return node as unknown as Field<Out, In>
}

export function optionalFieldOf<Out, In>(node: FieldNode): OptionalField<Out, In> {
  return node as unknown as OptionalField<Out, In>
}

/** The node behind a field. Throws a TypeError, naming `where`, for anything else. */
export function nodeOf(field: unknown, where: string): FieldNode {
  if (field instanceof FieldNode) return field
  throw new TypeError(`"${where}" expected a field such as uint8 or string(32), got ${describe(field)}`)
}
