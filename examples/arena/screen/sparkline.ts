/** Without █, which would meet the bars of the line below. */
const LEVELS = [...'▁▂▃▄▅▆▇']

/**
 * The last values as a row of bars, newest on the right; blanks where there are not so many.
 * The lowest bar is 0; the highest is the largest of them, or `top` where none is larger: so that noise does not look like mountains.
 */
export function sparkline(values: readonly number[], width: number, top: number): string {
  const shown = values.slice(-width)
  const highest = Math.max(top, ...shown)
  const bars = shown.map((value) => LEVELS[Math.round((Math.max(0, value) / highest) * (LEVELS.length - 1))])
  return bars.join('').padStart(width)
}
