// Fields of numbers: integers of fixed and of variable size, floats, and numbers of a range in steps. All little-endian.
import { MAX_VARINT, VarintReader, varintBytes, writeVarint } from '../wire/varint.js'
import type { CodeWriter, FieldPath } from './code-writer.js'
import type { Field } from './field.js'
import { FieldNode, fieldOf, type HeaderBits, type Signature } from './field-node.js'
import { MAX_QUANTIZED_STEPS } from './limits.js'
import { describe } from './refusal.js'

class IntegerNode extends FieldNode {
  readonly signature: string
  readonly minBytes: number
  readonly #isSigned: boolean

  constructor(signature: string, byteCount: 1 | 2 | 4, isSigned: boolean) {
    super()
    this.signature = signature
    this.minBytes = byteCount
    this.#isSigned = isSigned
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    const span = 256 ** this.minBytes
    const [min, max] = this.#isSigned ? [-span / 2, span / 2 - 1] : [0, span - 1]
    out.refuseIf(
      `typeof ${value} !== 'number' || ${this.#wrap(value)} !== ${value}`,
      value,
      path,
      `an integer from ${min} to ${max}`,
      'number',
    )
    writeUnsigned(out, this.minBytes, value)
  }

  decode(out: CodeWriter, name: string): string {
    out.line(`const ${name} = ${this.#wrap(readUnsigned(out, this.minBytes))}`)
    return name
  }

  /** What is left of a number in this many bits: the number itself exactly where it fits. */
  #wrap(value: string): string {
    if (this.minBytes === 4) return this.#isSigned ? `(${value} | 0)` : `(${value} >>> 0)`
    const shift = 32 - this.minBytes * 8
    return this.#isSigned ? `(${value} << ${shift} >> ${shift})` : `(${value} & ${256 ** this.minBytes - 1})`
  }
}

/** An unsigned number in `byteCount` bytes, 1–4. */
export function writeUnsigned(out: CodeWriter, byteCount: number, value: string): void {
  const at = out.reserve(byteCount)
  if (byteCount === 1) out.line(`bytes[${at}] = ${value}`)
  else if (byteCount === 2) out.line(`view.setUint16(${at}, ${value}, true)`)
  else if (byteCount === 4) out.line(`view.setUint32(${at}, ${value}, true)`)
  else out.line(`bytes[${at}] = ${value}; bytes[${at} + 1] = ${value} >>> 8; bytes[${at} + 2] = ${value} >>> 16`)
}

/** The expression that reads it. Of four bytes the sign is open: the caller wraps them. */
export function readUnsigned(out: CodeWriter, byteCount: number): string {
  const at = out.reserve(byteCount)
  const terms = [`bytes[${at}]`]
  for (let i = 1; i < byteCount; i++) terms.push(`bytes[${at} + ${i}] << ${i * 8}`)
  return byteCount === 1 ? terms[0]! : `(${terms.join(' | ')})`
}

/** A varint (7 bits a byte, lowest first). `value` must be a whole number of 0 to 2^53 − 1. */
export function encodeVaruint(out: CodeWriter, value: string): void {
  out.endRun()
  out.block(`if (${value} < 128)`, () => {
    out.checkRoom('1')
    out.line(`bytes[at++] = ${value}`)
  })
  out.block('else', () => {
    out.checkRoom(`${out.constant(varintBytes)}(${value})`)
    out.line(`at = ${out.constant(writeVarint)}(bytes, at, ${value})`)
  })
}

// Generated code takes the value out at once, so one reader serves all codecs.
const sharedReader = new VarintReader()

export function decodeVaruint(out: CodeWriter, name: string): string {
  const reader = out.constant(sharedReader)
  out.endRun()
  out.checkRoom('1')
  out.line(`let ${name} = bytes[at]`)
  out.line(`if (${name} < 128) at++`)
  out.block('else', () => {
    out.rejectIf(`!${reader}.read(bytes, at, end)`)
    out.line(`${name} = ${reader}.value; at = ${reader}.offset`)
  })
  return name
}

class VarintNode extends FieldNode {
  readonly signature: string
  readonly minBytes = 1
  readonly #isSigned: boolean

  constructor(signature: string, isSigned: boolean) {
    super()
    this.signature = signature
    this.#isSigned = isSigned
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    const [min, max] = this.#isSigned ? [-(2 ** 52), 2 ** 52 - 1] : [0, MAX_VARINT]
    const isOutside = `!(${value} >= ${min} && ${value} <= ${max}) || Math.floor(${value}) !== ${value}`
    out.refuseIf(`typeof ${value} !== 'number' || ${isOutside}`, value, path, `an integer from ${min} to ${max}`, 'number')
    // Zigzag, so that small negative numbers stay short: 0, −1, 1, −2 become 0, 1, 2, 3. By arithmetic, as shifts would end at 32 bits.
    out.line(`const ${value}_z = ${this.#isSigned ? `${value} < 0 ? -2 * ${value} - 1 : 2 * ${value}` : value}`)
    encodeVaruint(out, `${value}_z`)
  }

  decode(out: CodeWriter, name: string): string {
    const raw = decodeVaruint(out, `${name}_z`)
    return this.#isSigned ? `(${raw} % 2 === 0 ? ${raw} / 2 : -(${raw} + 1) / 2)` : raw
  }
}

// Received bytes become floats through words that share memory with them: this needs no DataView on the received bytes, and the order of a word's own bytes does not matter.
const words = new Uint32Array(2)
const singles = new Float32Array(words.buffer)
const doubles = new Float64Array(words.buffer)
const lowWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1

class FloatNode extends FieldNode {
  readonly signature: string
  readonly minBytes: 4 | 8

  constructor(signature: string, byteCount: 4 | 8) {
    super()
    this.signature = signature
    this.minBytes = byteCount
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    out.refuseIf(`typeof ${value} !== 'number'`, value, path, 'a number', 'number')
    out.line(`view.setFloat${this.minBytes * 8}(${out.reserve(this.minBytes)}, ${value}, true)`)
  }

  decode(out: CodeWriter, name: string): string {
    const target = out.constant(words)
    if (this.minBytes === 4) {
      out.line(`${target}[0] = ${readUnsigned(out, 4)}`)
      out.line(`const ${name} = ${out.constant(singles)}[0]`)
      return name
    }
    out.line(`${target}[${lowWord}] = ${readUnsigned(out, 4)}`)
    out.line(`${target}[${1 - lowWord}] = ${readUnsigned(out, 4)}`)
    out.line(`const ${name} = ${out.constant(doubles)}[0]`)
    return name
  }
}

class QuantizedNode extends FieldNode {
  readonly signature: Signature
  readonly minBytes: number
  readonly #min: number
  readonly #max: number
  readonly #steps: number

  constructor(min: number, max: number, step: number) {
    super()
    this.#min = min
    this.#max = max
    const quotient = (max - min) / step
    // 0.3 / 0.1 is 2.9999999999999996: what is that near to a whole number is meant to be one.
    const isWhole = Math.abs(quotient - Math.round(quotient)) < 1e-5
    this.#steps = Math.max(1, isWhole ? Math.round(quotient) : Math.ceil(quotient))
    this.signature = ['quantized', min, max, step]
    this.minBytes = this.#steps < 2 ** 8 ? 1 : this.#steps < 2 ** 16 ? 2 : this.#steps < 2 ** 24 ? 3 : 4
  }

  encodeBody(out: CodeWriter, value: string, path: FieldPath): void {
    const isOutside = `!(${value} >= ${this.#min} && ${value} <= ${this.#max})`
    out.refuseIf(`typeof ${value} !== 'number' || ${isOutside}`, value, path, `a number from ${this.#min} to ${this.#max}`, 'number')
    out.line(`const ${value}_q = Math.round((${value} - ${this.#min}) * ${this.#steps / (this.#max - this.#min)})`)
    writeUnsigned(out, this.minBytes, `${value}_q`)
  }

  decode(out: CodeWriter, name: string, _bits: HeaderBits): string {
    const read = readUnsigned(out, this.minBytes)
    out.line(`const ${name}_q = ${this.minBytes === 4 ? `${read} >>> 0` : read}`)
    if (this.#steps < 256 ** this.minBytes - 1) out.rejectIf(`${name}_q > ${this.#steps}`)
    // Multiplied before it is divided: 3 × 100 / 1000 is 0.3, where 3 × 0.1 is 0.30000000000000004. The last step is `max` to the digit, so that it can be sent on.
    out.line(
      `const ${name} = ${name}_q === ${this.#steps} ? ${this.#max} : ${this.#min} + ${name}_q * ${this.#max - this.#min} / ${this.#steps}`,
    )
    return name
  }
}

/** An integer of 0 to 255, in 1 byte. */
export const uint8: Field<number> = fieldOf(new IntegerNode('uint8', 1, false))
/** An integer of 0 to 65,535, in 2 bytes. */
export const uint16: Field<number> = fieldOf(new IntegerNode('uint16', 2, false))
/** An integer of 0 to 4,294,967,295, in 4 bytes. */
export const uint32: Field<number> = fieldOf(new IntegerNode('uint32', 4, false))
/** An integer of −128 to 127, in 1 byte. */
export const int8: Field<number> = fieldOf(new IntegerNode('int8', 1, true))
/** An integer of −32,768 to 32,767, in 2 bytes. */
export const int16: Field<number> = fieldOf(new IntegerNode('int16', 2, true))
/** An integer of −2,147,483,648 to 2,147,483,647, in 4 bytes. */
export const int32: Field<number> = fieldOf(new IntegerNode('int32', 4, true))
/** An integer of 0 to 2^53 − 1, in 1 byte below 128, 2 below 16,384, and so on up to 8. */
export const varuint: Field<number> = fieldOf(new VarintNode('varuint', false))
/** An integer of −2^52 to 2^52 − 1, in 1 byte from −64 to 63, 2 from −8192 to 8191, and so on up to 8. */
export const varint: Field<number> = fieldOf(new VarintNode('varint', true))
/** A number in 4 bytes, rounded to about 7 digits as by `Math.fround`; beyond ±3.4 × 10^38 it arrives as ±Infinity. NaN and infinities travel. */
export const float32: Field<number> = fieldOf(new FloatNode('float32', 4))
/** Any number, in 8 bytes. NaN and infinities travel. */
export const float64: Field<number> = fieldOf(new FloatNode('float64', 8))

/**
 * A number of `min` to `max`, rounded to the nearest step, in the fewest bytes (1–4) that count the steps: `quantized(0, 100, 0.1)` takes 2.
 * Where `step` does not divide the range, the steps are a little smaller, so that `min` and `max` are both exact.
 * @throws RangeError when `max` is not above `min`, `step` not above 0, one of them is not finite, or there are more than 2^32 − 1 steps.
 */
export function quantized(min: number, max: number, step: number): Field<number> {
  for (const [name, value] of [['min', min] as const, ['max', max] as const, ['step', step] as const]) {
    if (typeof value !== 'number') throw new TypeError(`quantized: "${name}" expected a number, got ${describe(value)}`)
    if (!Number.isFinite(value)) throw new RangeError(`quantized: "${name}" expected a finite number, got ${value}`)
  }
  if (max <= min || !Number.isFinite(max - min)) throw new RangeError(`quantized: "max" expected a number above "min" ${min}, got ${max}`)
  if (step <= 0) throw new RangeError(`quantized: "step" expected a number above 0, got ${step}`)
  if ((max - min) / step > MAX_QUANTIZED_STEPS)
    throw new RangeError(`quantized: "step" expected at most ${MAX_QUANTIZED_STEPS} steps in the range, got step ${step}`)
  return fieldOf(new QuantizedNode(min, max, step))
}
