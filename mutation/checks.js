// Stands in for tap in the mutation run: the same checks, but the first that fails throws, so that a mutant is known at once to be killed. Tests written for tap run on it unchanged.
import loose from 'node:assert'
import assert from 'node:assert/strict'

/** What a file's `import t from 'tap'` gets; its top-level tests are collected in `cases`. */
export function collector() {
  const cases = []
  const t = new Checks()
  t.test = (name, options, run = options) => {
    cases.push({ name, run })
  }
  return { t, cases }
}

export class Checks {
  #teardowns = []

  async test(_name, options, run = options) {
    await runCase(run)
  }

  async end() {
    for (const teardown of this.#teardowns.reverse()) await teardown()
  }

  teardown(run) {
    this.#teardowns.push(run)
  }

  comment() {}
  pass() {}

  fail(message) {
    assert.fail(message)
  }

  ok(value) {
    assert.ok(value)
  }

  notOk(value) {
    assert.ok(!value)
  }

  equal(actual, expected) {
    assert.ok(Object.is(actual, expected))
  }

  not(actual, expected) {
    assert.ok(!Object.is(actual, expected))
  }

  strictSame(actual, expected) {
    assert.deepEqual(actual, expected)
  }

  same(actual, expected) {
    loose.deepEqual(plain(actual), plain(expected))
  }

  notSame(actual, expected) {
    loose.notDeepEqual(plain(actual), plain(expected))
  }

  match(actual, pattern) {
    assert.ok(matches(actual, pattern))
  }

  throws(run, expected) {
    let thrown
    try {
      run()
    } catch (error) {
      thrown = error
    }
    assert.ok(thrown !== undefined && !isGuard(thrown))
    if (expected !== undefined && typeof expected !== 'string') assert.ok(matches(thrown, expected))
  }

  async rejects(promise, expected) {
    let thrown
    try {
      await (typeof promise === 'function' ? promise() : promise)
    } catch (error) {
      thrown = error
    }
    assert.ok(thrown !== undefined && !isGuard(thrown))
    if (expected !== undefined && typeof expected !== 'string') assert.ok(matches(thrown, expected))
  }
}

export async function runCase(run) {
  const t = new Checks()
  try {
    await run(t)
  } finally {
    await t.end()
  }
}

/** tap takes a typed array and an array of the same numbers for the same. */
function plain(value) {
  return ArrayBuffer.isView(value) ? Array.from(value) : value
}

/** More rounds of loops than a test needs: thrown by every loop, and never taken for an error that a test expects. */
export class TooManyRounds extends Error {}

function isGuard(error) {
  return error instanceof TooManyRounds
}

function matches(actual, pattern) {
  if (pattern instanceof RegExp) return pattern.test(actual instanceof Error ? actual.message : String(actual))
  if (typeof pattern === 'function') return actual instanceof pattern || typeof actual === pattern.name.toLowerCase()
  if (typeof pattern === 'string' && typeof actual === 'string') return actual.includes(pattern)
  if (typeof pattern !== 'object' || pattern === null) return Object.is(actual, pattern)
  if (typeof actual !== 'object' || actual === null) return false
  if (pattern instanceof Error) return actual.message === pattern.message
  return Object.entries(pattern).every(([key, value]) => matches(actual[key], value))
}
