// The counters that instrumented code adds to. They hang on globalThis, where modules find them before any import of theirs has run.
import { instrument } from './instrument.js'

/** Points of modules come first, those of generated codecs behind them. The library has about 3000. */
export const MODULE_POINTS = 16_384
const GENERATED_POINTS = 16_384
export const MAX_POINTS = MODULE_POINTS + GENERATED_POINTS

/** The name of the counters inside instrumented code, and the expression that gives them. */
export const COUNTERS_NAME = '__fuzz'
export const COUNTERS_SOURCE = 'globalThis.tickwireFuzz.counters'

interface Instrumentation {
  readonly counters: Uint8Array
  /** Called by each instrumented module. */
  addModule(path: string, points: number, end: number): void
}

/** Modules that were instrumented, with their points. */
export const modulePoints = new Map<string, number>()
let modulesEnd = 0
let generatedEnd = MODULE_POINTS

export const counters = new Uint8Array(MAX_POINTS)

/** Points that exist, in modules and in generated code. */
export function pointCount(): number {
  return modulesEnd + generatedEnd - MODULE_POINTS
}

export function moduleEnd(): number {
  return modulesEnd
}

export function generatedPointsEnd(): number {
  return generatedEnd
}

/** Makes the counters known, and has codecs that are compiled from now on count as well. */
export function installCounters(): void {
  const instrumentation: Instrumentation = {
    counters,
    addModule(path, points, end) {
      modulePoints.set(path, points)
      modulesEnd = Math.max(modulesEnd, end)
    },
  }
  Reflect.set(globalThis, 'tickwireFuzz', instrumentation)
  Reflect.set(globalThis, 'Function', new Proxy(Function, { construct: constructFunction }))
}

/** `new Function('constants', source)` is what compiles a codec; every other call is left alone. */
function constructFunction(target: FunctionConstructor, parameters: unknown[]): object {
  const [name, source] = parameters
  if (parameters.length !== 2 || name !== 'constants' || typeof source !== 'string') return Reflect.construct(target, parameters)
  const { code, points } = instrument(source, { firstPoint: generatedEnd, counters: COUNTERS_NAME, kind: 'function' })
  if (generatedEnd + points > MAX_POINTS) return Reflect.construct(target, parameters)
  generatedEnd += points
  return Reflect.construct(target, [name, `'use strict';const ${COUNTERS_NAME}=${COUNTERS_SOURCE};${code}`])
}
