// Turns the fields of a message into two straight-line functions. `new Function` runs once per definition; its source holds no text of the user's
// that did not pass JSON.stringify.
import { CodeWriter, ConstantPool, FieldPath } from './code-writer.js'
import { decodeFrame, encodeFrame, type FieldNode } from './field-node.js'

type Encode = (values: unknown, bytes: Uint8Array, view: DataView, at: number) => number
type Decode = (bytes: Uint8Array, at: number, end: number, isOwned?: boolean) => object | undefined

/** One definition's encoder and decoder. A class, so that all definitions have one shape at the endpoint's call sites. */
export class Codec {
  /**
   * Writes values at `at` and returns the offset behind them, or −1 where they do not fit: try again with a larger array.
   * `view` must be of exactly the bytes of `bytes`. After −1 or a throw, what was written has no meaning.
   * Throws TypeError or RangeError for values that the definition does not allow, such as `Move.entities[3].x expected a number from 0 to 100, got 101`. Unknown keys are ignored.
   */
  readonly encode: Encode
  /** Reads the values in `bytes[at, end)`, which must be all of it; undefined where the bytes are malformed. `isOwned`: the bytes are this message's alone, and may be kept. Never throws, keeps nothing of `bytes` else, and allocates in proportion to `end - at`. */
  readonly decode: Decode

  constructor(encode: Encode, decode: Decode) {
    this.encode = encode
    this.decode = decode
  }
}

/** Compiles the codec of a message with the given name. Throws an Error where the platform forbids code generation. */
export function compileCodec(name: string, node: FieldNode): Codec {
  const constants = new ConstantPool()
  const encoder = new CodeWriter(constants, 'limit', '-1')
  encodeFrame(encoder, node, 'v', new FieldPath([name]))
  encoder.endRun()
  const decoder = new CodeWriter(constants, 'end', 'undefined')
  const value = decodeFrame(decoder, node, 'v')
  decoder.endRun()
  decoder.rejectIf('at !== end')
  const source = `'use strict'
${constants.declarations()}
return [
function encode(v, bytes, view, at) {
const limit = bytes.length
${encoder}
return at
},
function decode(bytes, at, end, isOwned) {
${decoder}
return ${value}
}]`
  const [encode, decode] = generate(source)(constants.values)
  return new Codec(encode, decode)
}

function generate(source: string): (constants: readonly unknown[]) => [Encode, Decode] {
  try {
    // The generated function is what its source says; no type can be checked here.
    return new Function('constants', source) as (constants: readonly unknown[]) => [Encode, Decode]
  } catch (cause) {
    if (!(cause instanceof EvalError)) throw cause
    throw new Error(
      "tickwire compiles message definitions with new Function, which is forbidden here. In a browser allow 'unsafe-eval' in the script-src of the page's Content-Security-Policy; in Node.js run without --disallow-code-generation-from-strings.",
      { cause },
    )
  }
}
