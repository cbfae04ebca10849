// Makes a failing list of operations shorter: leaves out part after part, as long as the same invariant breaks (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
import type { Operation } from './operations.js'

export interface Shrunk {
  readonly operations: readonly Operation[]
  /** How often the list was run. */
  readonly runs: number
}

/** `breaks` says whether a list still breaks the same invariant. `maxRuns` bounds the work. */
export async function shrink(
  operations: readonly Operation[],
  breaks: (operations: readonly Operation[]) => Promise<boolean>,
  maxRuns = 400,
): Promise<Shrunk> {
  let current = operations
  let runs = 0
  let parts = 2
  const attempt = async (candidate: readonly Operation[]): Promise<boolean> => {
    if (runs >= maxRuns || candidate.length === current.length) return false
    runs++
    if (!(await breaks(candidate))) return false
    current = candidate
    return true
  }
  // What comes after the failure is left out at once.
  while (current.length > 1 && runs < maxRuns) {
    const size = Math.ceil(current.length / parts)
    let isShorter = false
    // From the end: what comes late is needed least.
    for (let start = Math.floor((current.length - 1) / size) * size; start >= 0; start -= size) {
      if (await attempt([...current.slice(0, start), ...current.slice(start + size)])) isShorter = true
    }
    if (!isShorter && size === 1) break
    parts = isShorter ? Math.max(2, Math.min(parts, current.length)) : Math.min(parts * 2, current.length)
  }
  return { operations: current, runs }
}
