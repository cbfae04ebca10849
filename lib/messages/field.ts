// The types of fields, as a game sees them: what a field decodes to, what it takes, and how a set of fields becomes the type of a message. No code.

declare const fieldBrand: unique symbol
declare const optionalBrand: unique symbol

/** A field of a message: `Out` is what arrives, `In` what `send` takes. Made by `uint8`, `string(32)`, `struct({…})` and the like. */
export interface Field<Out, In = Out> {
  readonly [fieldBrand]: { out: Out; in: In }
}

/** A field that may be left out; it arrives as `undefined` then. */
export interface OptionalField<Out, In = Out> extends Field<Out, In> {
  readonly [optionalBrand]: true
}

/** Fields by name, in the order in which they travel. */
export type Fields = { readonly [name: string]: Field<any, any> }

type Flat<T> = { [K in keyof T]: T[K] } & {}
type OutOf<F> = F extends Field<infer O, any> ? O : never
type InOf<F> = F extends Field<any, infer I> ? I : never
type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalField<any, any> ? K : never }[keyof F]

/** What arrives for a set of fields: every key is there, an optional one perhaps as `undefined`. */
export type ValuesOf<F extends Fields> = Flat<
  { -readonly [K in Exclude<keyof F, OptionalKeys<F>>]: OutOf<F[K]> } & { -readonly [K in OptionalKeys<F>]: OutOf<F[K]> | undefined }
>

/** What `send` takes for a set of fields: optional keys may be missing or `undefined`. */
export type InputValuesOf<F extends Fields> = Flat<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: InOf<F[K]> } & { readonly [K in OptionalKeys<F>]?: InOf<F[K]> | undefined }
>
