// What the fuzzer shows: a line of progress for a target, and the table at the end.
import { renderTable } from '../benchmarks/table.js'
import type { Tally } from './fuzzer.js'

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function progressLine(tally: Tally): string {
  const rate = tally.seconds > 0 ? tally.inputs / tally.seconds : 0
  return `${tally.target.padEnd(18)} ${numbers.format(tally.inputs).padStart(11)} inputs  ${numbers.format(rate).padStart(8)}/s  corpus ${String(tally.corpus).padStart(4)}  branches ${String(tally.branches).padStart(4)}  slowest ${numbers.format(tally.slowestUs).padStart(5)} µs  ${tally.throws} throws`
}

export function tallyTable(tallies: readonly Tally[]): string {
  const rows = tallies.map((tally) => cellsOf(tally))
  if (tallies.length > 1) {
    const sum = (value: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + value(tally), 0)
    const most = (value: (tally: Tally) => number): number => Math.max(...tallies.map(value))
    const all: Tally = {
      target: 'all',
      inputs: sum(({ inputs }) => inputs),
      seconds: sum(({ seconds }) => seconds),
      corpus: sum(({ corpus }) => corpus),
      branches: 0,
      slowestUs: most(({ slowestUs }) => slowestUs),
      heapGrowth: most(({ heapGrowth }) => heapGrowth),
      throws: sum(({ throws }) => throws),
      slow: sum(({ slow }) => slow),
    }
    rows.push(cellsOf(all))
  }
  return renderTable(['target', 'inputs', 'inputs/s', 'corpus', 'branches', 'slowest µs', 'heap growth kB', 'throws', 'above 1 ms'], rows)
}

function cellsOf(tally: Tally): string[] {
  return [
    tally.target,
    numbers.format(tally.inputs),
    numbers.format(tally.seconds > 0 ? tally.inputs / tally.seconds : 0),
    numbers.format(tally.corpus),
    tally.branches === 0 ? '' : numbers.format(tally.branches),
    numbers.format(tally.slowestUs),
    numbers.format(tally.heapGrowth / 1000),
    numbers.format(tally.throws),
    numbers.format(tally.slow),
  ]
}

/** Several workers on one target are one row. */
export function mergeTallies(tallies: readonly Tally[]): Tally[] {
  const merged = new Map<string, Tally>()
  for (const tally of tallies) {
    const sum = merged.get(tally.target)
    if (sum === undefined) {
      merged.set(tally.target, { ...tally })
      continue
    }
    sum.inputs += tally.inputs
    sum.seconds = Math.max(sum.seconds, tally.seconds)
    sum.corpus = Math.max(sum.corpus, tally.corpus)
    sum.branches = Math.max(sum.branches, tally.branches)
    sum.slowestUs = Math.max(sum.slowestUs, tally.slowestUs)
    sum.heapGrowth = Math.max(sum.heapGrowth, tally.heapGrowth)
    sum.throws += tally.throws
    sum.slow += tally.slow
  }
  return [...merged.values()]
}
