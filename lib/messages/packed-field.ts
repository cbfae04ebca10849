// The field for data of any form: msgpackr inside, a check of the bytes before it and a validator behind it.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { Packr, Unpackr } from 'msgpackr'
import type { CodeWriter, FieldPath } from './code-writer.js'
import type { Field } from './field.js'
import { FieldNode, fieldOf } from './field-node.js'
import { scanValue } from './msgpack-scan.js'
import { findUnsendable } from './plain-data.js'
import { placeOf, type Site } from './refusal.js'
import { type Validate, type Validator, validateWith } from './validator.js'

const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false })
const unpackr = new Unpackr({ useRecords: false, structures: [], copyBuffers: true })
// The scan lets no record definition pass; if one did, it could not be stored.
Object.freeze(Reflect.get(unpackr, 'structures'))

/** Received bytes are copied here, as msgpackr keeps a DataView on the array that it reads. Larger values get an array of their own. */
const scratch = new Uint8Array(16 * 1024)

/** What generated code calls. One per field; `value` and `next` are taken at once, so that nothing is allocated for them. */
class Packer {
  readonly #validate: Validate
  /** The offset behind what `read` read. */
  next = 0
  #value: unknown

  constructor(validate: Validate) {
    this.#validate = validate
  }

  /** The bytes of a value, valid until the next call. Throws a TypeError where the validator refuses it or MessagePack cannot carry it. */
  pack(value: unknown, site: Site, ...indices: number[]): Uint8Array {
    const refusedBecause = this.#refusalOf(value)
    if (refusedBecause !== undefined) throw new TypeError(`${placeOf(site, indices)} was refused by its validator: ${refusedBecause}`)
    const unsendable = findUnsendable(value)
    if (unsendable === undefined) return packr.pack(value)
    throw new TypeError(`${placeOf(site, indices)}${unsendable.path} expected ${unsendable.expected}, got ${unsendable.got}`)
  }

  /** Reads and validates one value of `bytes[at, end)`; false where it is malformed or refused. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    const next = scanValue(bytes, at, end)
    if (next < 0) return false
    const source = next - at <= scratch.length ? scratch : new Uint8Array(next - at)
    source.set(bytes.subarray(at, next))
    try {
      const verdict = this.#validate(unpackr.unpack(source, { start: 0, end: next - at }))
      if (!('value' in verdict)) return false
      this.#value = verdict.value
      this.next = next
      return true
    } catch {
      return false
    }
  }

  /** What `read` read, once. */
  take(): unknown {
    const value = this.#value
    this.#value = undefined
    return value
  }

  #refusalOf(value: unknown): string | undefined {
    try {
      const verdict = this.#validate(value)
      return 'value' in verdict ? undefined : verdict.refusedBecause
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}

class PackedNode extends FieldNode {
  readonly signature = 'packed'
  readonly minBytes = 1
  readonly #packer: Packer

  constructor(validator: Validator | undefined) {
    super()
    this.#packer = new Packer(validateWith(validator))
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    const site = out.constant(path.site('data', 'other'))
    out.endRun()
    out.line(`const ${value}_p = ${out.constant(this.#packer)}.pack(${value}, ${site}${path.indexArguments})`)
    out.checkRoom(`${value}_p.length`)
    out.line(`bytes.set(${value}_p, at)`)
    out.line(`at += ${value}_p.length`)
  }

  decode(out: CodeWriter, name: string): string {
    const packer = out.constant(this.#packer)
    out.endRun()
    out.rejectIf(`!${packer}.read(bytes, at, end)`)
    out.line(`at = ${packer}.next`)
    out.line(`const ${name} = ${packer}.take()`)
    return name
  }
}

/** What a function as validator gives: one that may return a boolean is a guard without a type, and says nothing about the value. */
type Parsed<T> = [Extract<T, boolean>] extends [never] ? T : unknown

/**
 * Data without a fixed layout, as MessagePack: what JSON carries, and undefined, NaN, infinities, bigints of 64 bits and Uint8Arrays; at most 32 levels deep and 131,072 values in all (an array or object counts three more). Ten times slower and larger than
 * fixed fields. Dates, Maps, Sets and other classes of the language are refused: send a Date as its number or its text. A validator checks on both sides:
 *
 * - a Standard Schema (Valibot, Zod, ArkType, …), synchronous: `send` takes its input and sends it unchanged, the receiver gets its output;
 * - a guard, `(value: unknown): value is T`; a function that returns a boolean is taken for one;
 * - a parse function, which returns the value or throws. It sees the value on both sides.
 *
 * Without one the value arrives as `unknown`.
 * @throws TypeError for what is no validator; `send` throws one where the validator refuses the value, is asynchronous, or MessagePack cannot carry the value
 */
export function packed(): Field<unknown>
export function packed<S extends StandardSchemaV1>(schema: S): Field<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>>
export function packed<T>(check: (value: unknown) => value is T): Field<T>
export function packed<T>(parse: (value: unknown) => T): Field<Parsed<T>>
export function packed(validator?: Validator): Field<any> {
  return fieldOf(new PackedNode(validator))
}
