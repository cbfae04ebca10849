// The rules of the room, as functions: who may come in, under which name, and what a typed line means. No network here.
import { timingSafeEqual } from 'node:crypto'

export interface Refusal {
  readonly detail: string
  /** A name that would be taken; undefined where the name was not what was wrong. */
  readonly suggestion?: string
}

/** Letters and digits of any script, `-` and `_`; at most 16 characters, so that a name never breaks a line or the terminal. */
const NAME = /^[\p{L}\p{N}_-]{1,16}$/u

/** Why this name may not come in; undefined where it may. Names that differ in case only would be taken for each other. */
export function refusalOfName(name: string, taken: readonly string[]): Refusal | undefined {
  if (!NAME.test(name)) return { detail: `a name has 1 to 16 letters, digits, - or _; got "${name}"` }
  const lower = new Set(taken.map((other) => other.toLowerCase()))
  if (!lower.has(name.toLowerCase())) return undefined
  let number = 2
  while (lower.has(`${name}${number}`.toLowerCase())) number++
  return { detail: `the name ${name} is taken`, suggestion: `${name}${number}` }
}

/** Compares in a time that tells nothing about how much of the key was right. */
export function isOperatorKey(given: string, key: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(key)
  return a.length === b.length && timingSafeEqual(a, b)
}

export type Command =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'kick'; readonly name: string; readonly why: string }
  | { readonly kind: 'who' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly text: string }

/** Bytes that the fields of the messages hold. */
export const MAX_TEXT_BYTES = 400
export const MAX_WHY_BYTES = 200
export const MAX_NAME_BYTES = 64

/** What a typed line asks for. */
export function readLine(line: string): Command {
  const text = line.trim()
  if (text === '') return { kind: 'nothing' }
  if (!text.startsWith('/'))
    return fits(text, MAX_TEXT_BYTES) ? { kind: 'say', text } : { kind: 'unknown', text: 'that is too long to say at once' }
  const [verb, name = '', ...rest] = text.split(/\s+/)
  const why = rest.join(' ')
  if (verb === '/who') return { kind: 'who' }
  if (verb === '/quit') return { kind: 'quit' }
  if (verb === '/kick' && name !== '' && fits(name, MAX_NAME_BYTES) && fits(why, MAX_WHY_BYTES)) return { kind: 'kick', name, why }
  return { kind: 'unknown', text: 'expected /who, /kick NAME WHY, /quit, or something to say' }
}

function fits(text: string, maxBytes: number): boolean {
  return Buffer.byteLength(text) <= maxBytes
}

/** Without control characters, which could move the cursor of whoever reads it. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ')
}
