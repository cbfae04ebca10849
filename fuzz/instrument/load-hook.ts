// A hook of node:module that runs in a thread of its own: modules of the library are instrumented as they are loaded. Nothing is written to disk.
import type { LoadHook } from 'node:module'
import { COUNTERS_NAME, COUNTERS_SOURCE, MODULE_POINTS } from './counters.js'
import { instrument } from './instrument.js'

/** Which modules get counters: the decoders and state machines. What only serves the simulation and the sockets stays as it is. */
const INSTRUMENTED = /\/dist[^/]*\/(lib\/(?:wire|protocol|netcode|messages|endpoint)\/.*|fuzz\/targets\/planted)\.js$/

let nextPoint = 0

export const load: LoadHook = async (url, context, nextLoad) => {
  const result = await nextLoad(url, context)
  const path = INSTRUMENTED.exec(url)?.[1]
  if (path === undefined || result.format !== 'module' || result.source === undefined || result.source === null) return result
  const source = typeof result.source === 'string' ? result.source : new TextDecoder().decode(result.source)
  const { code, points } = instrument(source, { firstPoint: nextPoint, counters: COUNTERS_NAME })
  if (nextPoint + points > MODULE_POINTS) throw new Error(`the library has more than ${MODULE_POINTS} branches: raise MODULE_POINTS`)
  nextPoint += points
  const prelude = `globalThis.tickwireFuzz.addModule(${JSON.stringify(path)},${points},${nextPoint});const ${COUNTERS_NAME}=${COUNTERS_SOURCE};`
  return { ...result, source: prelude + code }
}
