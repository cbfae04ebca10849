// What several pings say together. Pure functions.

export interface Statistics {
  readonly sent: number
  readonly answered: number
  /** 0–1, of the way there or back. */
  readonly lost: number
  /** In ms; undefined where none was answered. */
  readonly min: number | undefined
  readonly average: number | undefined
  readonly max: number | undefined
  /** The mean difference from one answered ping to the next, in ms; undefined below two. */
  readonly jitter: number | undefined
}

/** Of the round-trip times of pings in the order in which they left; undefined for one that was not answered. */
export function statisticsOf(rtts: readonly (number | undefined)[]): Statistics {
  const answered = rtts.filter((rtt) => rtt !== undefined)
  const differences = answered.slice(1).map((rtt, i) => Math.abs(rtt - answered[i]!))
  const isAny = answered.length > 0
  return {
    sent: rtts.length,
    answered: answered.length,
    lost: rtts.length === 0 ? 0 : (rtts.length - answered.length) / rtts.length,
    min: isAny ? Math.min(...answered) : undefined,
    average: mean(answered),
    max: isAny ? Math.max(...answered) : undefined,
    jitter: mean(differences),
  }
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}
