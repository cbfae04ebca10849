// What a check of `tickwire doctor` finds. No code.

export interface Finding {
  /** `note`: works, and could be better or is worth knowing. `problem`: something of tickwire cannot work here. */
  readonly level: 'ok' | 'note' | 'problem'
  /** Stable, for programs. */
  readonly name: string
  readonly text: string
  /** What to do about it. */
  readonly advice?: string
  /** The figures behind the text, for programs. */
  readonly data?: Readonly<Record<string, unknown>>
}
