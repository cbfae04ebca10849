// The three kinds of validators that a `packed` field takes, behind one function.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, keyPath } from './refusal.js'

/** What a validator said: the value that it gave, or why it refused. */
export type Verdict = { readonly value: unknown } | { readonly refusedBecause: string }

export type Validate = (value: unknown) => Verdict

/** A Standard Schema, a guard (returns whether the value is right), or a parse function (returns the value or throws). */
export type Validator = StandardSchemaV1 | ((value: unknown) => unknown)

/** Makes a validator a function that never returns a promise. It throws what the validator throws. Throws a TypeError for what is no validator. */
export function validateWith(validator: Validator | undefined): Validate {
  if (validator === undefined) return accept
  // A schema first: those of ArkType are functions as well.
  if (isStandardSchema(validator)) return (value) => judgeSchema(validator, value)
  if (typeof validator === 'function') return (value) => judgeFunction(validator(value), value)
  throw new TypeError(`packed: "validator" expected a Standard Schema, a guard or a parse function, got ${describe(validator)}`)
}

function accept(value: unknown): Verdict {
  return { value }
}

function isStandardSchema(validator: Validator): validator is StandardSchemaV1 {
  return validator !== null && (typeof validator === 'object' || typeof validator === 'function') && '~standard' in validator
}

function judgeSchema(schema: StandardSchemaV1, value: unknown): Verdict {
  const result = schema['~standard'].validate(value)
  if (isPromise(result)) return refuseAsync(result)
  if (!result.issues) return { value: result.value }
  const issue = result.issues[0]
  if (issue === undefined) return { refusedBecause: 'no reason given' }
  const keys = issue.path?.map((part) => (typeof part === 'object' ? part.key : part)) ?? []
  const path = keys.map((key) => (typeof key === 'number' ? `[${key}]` : keyPath(String(key)))).join('')
  return { refusedBecause: path === '' ? issue.message : `${issue.message} (at ${path})` }
}

function judgeFunction(result: unknown, value: unknown): Verdict {
  if (result === true) return { value }
  if (result === false) return { refusedBecause: 'it returned false' }
  if (isPromise(result)) return refuseAsync(result)
  return { value: result }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function refuseAsync(promise: PromiseLike<unknown>): Verdict {
  // Its rejection must not become an unhandled one, which would end the process.
  promise.then(undefined, () => {})
  return { refusedBecause: 'it is asynchronous, and messages are validated at once' }
}
