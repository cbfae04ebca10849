// The demo's colours. Each has one meaning, wherever it is used; all are of the terminal's own sixteen, so that they fit its theme.

export type Style = keyof typeof STYLES

/** What selects a style as text, and as the background behind text. */
interface Codes {
  readonly text: number
  readonly background?: number
}

export const STYLES = {
  plain: { text: 39 },
  /** Frames, hints, what only explains. */
  dim: { text: 90 },
  title: { text: 1 },
  /** You, and what the predicted dot does. */
  you: { text: 92, background: 102 },
  /** The ghost, and what ordered delivery does. */
  ghost: { text: 95, background: 105 },
  /** The other players. */
  other: { text: 96, background: 106 },
  gem: { text: 93, background: 103 },
  /** What makes the link worse. */
  bad: { text: 91, background: 101 },
  /** Letters on a coloured background. */
  ink: { text: 30 },
} as const satisfies Record<string, Codes>

/** The escape sequence for text of a style, on the background of another. */
export function escapeFor(style: Style, background: Style | undefined): string {
  const codes: Codes | undefined = background === undefined ? undefined : STYLES[background]
  return `\x1b[0;${STYLES[style].text}${codes?.background === undefined ? '' : `;${codes.background}`}m`
}

export const RESET = '\x1b[0m'
