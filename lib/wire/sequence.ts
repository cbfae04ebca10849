// Wrapping number arithmetic. Inside the library, sequences and message ids are whole doubles below 2^53 and never wrap;
// on the wire only their low bits travel, and these functions restore the rest from a number nearby.

/** A message id or sequenced number travels as its low 24 bits: the number nearest to `near` whose low 24 bits are `low`. Negative where `low` would be before number 0. */
export function restoreId(low: number, near: number): number {
  return near + (((low - near) << 8) >> 8)
}

/** The number nearest to `near` whose low 32 bits are `low`. Negative where `low` would be before number 0. */
export function restoreSequence(low: number, near: number): number {
  return near + ((low - near) | 0)
}
