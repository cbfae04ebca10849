// Fields of varying length that are bytes in the end: texts and byte arrays. A length stands before them: one byte where the maximum is at most 255, else a varint.

import { copyBytes } from '../wire/bytes.js'
import { MAX_MESSAGE_BYTES_LIMIT } from '../wire/limits.js'
import type { CodeWriter, FieldPath } from './code-writer.js'
import type { Field } from './field.js'
import { FieldNode, fieldOf, type Signature } from './field-node.js'
import { decodeVaruint, encodeVaruint } from './number-fields.js'
import { checkInteger } from './refusal.js'
import { NO_ROOM, readText, utf8Bytes, writeText } from './text.js'

/** Writes a length or count of 0 to `max`. */
export function encodeLength(out: CodeWriter, length: string, max: number): void {
  if (max <= 255) out.line(`bytes[${out.reserve(1)}] = ${length}`)
  else encodeVaruint(out, length)
}

/** Reads it into a variable, and rejects what is above `max`. Ends the run. */
export function decodeLength(out: CodeWriter, name: string, max: number): void {
  if (max <= 255) out.line(`const ${name} = bytes[${out.reserve(1)}]`)
  else decodeVaruint(out, name)
  out.endRun()
  if (max !== 255) out.rejectIf(`${name} > ${max}`)
}

class TextNode extends FieldNode {
  readonly signature: Signature
  readonly minBytes = 1
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    super()
    this.#maxBytes = maxBytes
    this.signature = ['string', maxBytes]
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    out.refuseIf(`typeof ${value} !== 'string'`, value, path, 'a string', 'string')
    out.endRun()
    out.line(`const ${value}_e = ${out.constant(writeText)}(bytes, at, ${value}, ${this.#maxBytes})`)
    out.rejectIf(`${value}_e === ${NO_ROOM}`)
    out.refuseIf(`${value}_e < 0`, `${out.constant(utf8Bytes)}(${value})`, path, `at most ${this.#maxBytes} bytes of UTF-8`, 'number')
    out.line(`at = ${value}_e`)
  }

  decode(out: CodeWriter, name: string): string {
    decodeLength(out, `${name}_n`, this.#maxBytes)
    out.checkRoom(`${name}_n`)
    out.line(`const ${name} = ${out.constant(readText)}(bytes, at, ${name}_n)`)
    out.rejectIf(`${name} === undefined`)
    out.line(`at += ${name}_n`)
    return name
  }
}

class BytesNode extends FieldNode {
  readonly signature: Signature
  readonly minBytes = 1
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    super()
    this.#maxBytes = maxBytes
    this.signature = ['bytes', maxBytes]
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    const length = `${value}.length`
    out.refuseIf(`!(${value} instanceof Uint8Array)`, value, path, 'a Uint8Array', 'other')
    out.refuseIf(`${length} > ${this.#maxBytes}`, length, path, `at most ${this.#maxBytes} bytes`, 'number')
    encodeLength(out, length, this.#maxBytes)
    out.endRun()
    out.checkRoom(length)
    out.line(`at = ${out.constant(copyBytes)}(bytes, at, ${value}, 0, ${length})`)
  }

  decode(out: CodeWriter, name: string): string {
    decodeLength(out, `${name}_n`, this.#maxBytes)
    out.checkRoom(`${name}_n`)
    out.line(`const ${name} = ${out.constant(takeBytes)}(bytes, at, ${name}_n, isOwned)`)
    out.line(`at += ${name}_n`)
    return name
  }
}

/** A copy, for received bytes are reused; not where the bytes are the message's own, and most of them. Made by hand, as the slice of a Buffer would be a view of it. */
function takeBytes(bytes: Uint8Array, at: number, length: number, isOwned: boolean): Uint8Array {
  if (isOwned && 2 * length >= bytes.length) return bytes.subarray(at, at + length)
  const taken = new Uint8Array(length)
  copyBytes(taken, 0, bytes, at, at + length)
  return taken
}

/**
 * A text of at most `maxBytes` bytes, 1 to 16 MiB, counted in UTF-8 ('é' takes 2, an emoji 4 or more). A lone surrogate arrives as U+FFFD.
 * @throws RangeError when `maxBytes` is out of range; `send` throws one for a longer text.
 */
export function string(maxBytes: number): Field<string> {
  checkInteger('maxBytes', maxBytes, 1, MAX_MESSAGE_BYTES_LIMIT)
  return fieldOf(new TextNode(maxBytes))
}

/**
 * A Uint8Array of at most `maxBytes` bytes, 1 to 16 MiB. What arrives is a copy, free to keep.
 * @throws RangeError when `maxBytes` is out of range; `send` throws one for a longer array.
 */
export function bytes(maxBytes: number): Field<Uint8Array> {
  checkInteger('maxBytes', maxBytes, 1, MAX_MESSAGE_BYTES_LIMIT)
  return fieldOf(new BytesNode(maxBytes))
}
