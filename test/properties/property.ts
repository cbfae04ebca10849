// How property tests run: seeded, so that a run can be repeated, and a failure says how.
import fc from 'fast-check'

const { TICKWIRE_PROPERTIES: mode, TICKWIRE_PROPERTY_SEED: seed, TICKWIRE_PROPERTY_PATH: path, TICKWIRE_PROPERTY_RUNS: times } = process.env

/** Throws where the property does not hold for one of so many values. `TICKWIRE_PROPERTY_RUNS=50` tries 50 times as many, `TICKWIRE_PROPERTY_SEED` others. */
export function holds(property: fc.IProperty<any>, runs = 200): void {
  // Under mutation the first failure says enough; a shortened one costs time.
  const isQuick = mode === 'quick'
  const numRuns = isQuick ? Math.ceil(runs / 4) : runs * Number(times ?? 1)
  const result = fc.check(property, {
    seed: Number(seed ?? 20_261_125),
    ...(path === undefined ? {} : { path }),
    numRuns,
    endOnFailure: isQuick,
  }) as fc.RunDetails<any>
  if (!result.failed) return
  const repeat = `repeat it: TICKWIRE_PROPERTY_SEED=${result.seed} TICKWIRE_PROPERTY_PATH=${result.counterexamplePath} node <this test file>`
  const { errorInstance } = result
  const reason = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : 'it returned false'
  throw new Error(`${fc.defaultReportMessage(result)}\n${reason}\n${repeat}`)
}
