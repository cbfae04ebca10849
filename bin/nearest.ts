// The name that someone may have meant.

/** The name that is at most two changes away, or a third of its length; undefined where none is. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const name of names) {
    const changes = changesBetween(text, name)
    if (changes < least) {
      best = name
      least = changes
    }
  }
  return best !== undefined && least <= Math.max(2, Math.floor(best.length / 3)) && least < best.length ? best : undefined
}

/** Letters to insert, leave out, exchange or swap with their neighbour to make one of the other. */
function changesBetween(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (isSame ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) least = Math.min(least, rows[i - 2]![j - 2]! + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
