// 100 random runs of whole servers and clients keep every promise; and whatever breaks one on purpose is found, and made short.
import t from 'tap'
import { generate } from '../../soak/generate.js'
import type { Violation } from '../../soak/journal.js'
import { play } from '../../soak/play.js'
import { runPool } from '../../soak/pool.js'
import { Report } from '../../soak/report.js'
import { runSeed } from '../../soak/run-seed.js'
import type { Tamper } from '../../soak/tamper.js'

const FROM = 1
const RUNS = 100
const THREADS = 2

t.test('100 random runs keep every promise', async (t) => {
  const startedAt = performance.now()
  const report = new Report(RUNS, startedAt, Number.POSITIVE_INFINITY)
  let seed = FROM
  await runPool({
    workers: THREADS,
    signal: new AbortController().signal,
    next: () => (seed < FROM + RUNS ? { seed: seed++, isTwice: false } : undefined),
    onResult: (result) => report.add(result),
  })
  t.comment(report.text(performance.now()))
  t.strictSame(report.failures, [])
  t.equal(report.done, RUNS)
  for (const name of [
    'ended on the server: timeout',
    'ended on the client: kicked',
    'attempts that failed: rejected as rejected',
    'fault: process killed',
    'fault: datagram changed',
    'fault: new address',
    'handler faults',
  ])
    t.ok((report.counts[name] ?? 0) > 0, `among them: ${name}`)
})

t.test('the same seed gives the same trace hash, and another seed another', async (t) => {
  const hashes = new Set<string>()
  for (let seed = 1001; seed <= 1005; seed++) {
    const result = await runSeed(seed, { isTwice: true })
    t.equal(result.isRepeatable, true, `seed ${seed}`)
    t.equal(result.failure, undefined)
    hashes.add(result.hash)
  }
  t.equal(hashes.size, 5)
})

t.test('what is done differs from seed to seed', async (t) => {
  t.strictSame(generate(5), generate(5))
  t.notSame(generate(5).operations, generate(6).operations)
})

/** Every second message of a kind, or so, meets with a verdict. */
function onSome(types: RegExp, verdict: 'drop' | 'double' | 'hold'): Tamper {
  return { message: (name, place) => (types.test(name) && place % 2 === 1 ? verdict : 'pass') }
}

const TAMPERS: readonly { readonly what: string; readonly tamper: Tamper; readonly finds: readonly string[] }[] = [
  { what: 'ordered messages are dropped', tamper: onSome(/^Ordered$/, 'drop'), finds: ['messages', 'progress', 'counters'] },
  { what: 'reliable messages are dropped', tamper: onSome(/^Reliable$/, 'drop'), finds: ['progress', 'counters', 'farewells'] },
  { what: 'ordered messages come twice', tamper: onSome(/^Ordered/, 'double'), finds: ['messages'] },
  { what: 'unreliable messages come twice', tamper: onSome(/^Loose/, 'double'), finds: ['messages'] },
  { what: 'ordered messages change places', tamper: onSome(/^Ordered$/, 'hold'), finds: ['messages', 'progress'] },
  { what: 'sequenced messages change places', tamper: onSome(/^NewestRepeated$/, 'hold'), finds: ['messages'] },
  {
    what: 'one bit of a body flips',
    tamper: {
      body: (body, place) => {
        if (place > 2 && body.length > 0) body[0]! ^= 1
      },
    },
    finds: ['messages'],
  },
  { what: 'OnDisconnect is hidden', tamper: { end: (place) => (place === 1 ? 'drop' : 'pass') }, finds: ['ends', 'progress', 'events'] },
  { what: 'OnDisconnect comes twice', tamper: { end: (place) => (place === 1 ? 'double' : 'pass') }, finds: ['ends'] },
]

for (const { what, tamper, finds } of TAMPERS) {
  t.test(`is found: ${what}`, async (t) => {
    const found = await firstFound(tamper)
    t.ok(found !== undefined && finds.includes(found.violation.invariant), found?.violation.text ?? 'no seed has found it')
  })
}

t.test('a failure is made short, and says how to repeat it', async (t) => {
  const tamper = onSome(/^Ordered/, 'double')
  const { seed } = (await firstFound(tamper))!
  const { failure } = await runSeed(seed, { play: { tamper }, maxShrinkRuns: 25 })
  const [, all, left] = /(\d+) operations, of which (\d+) do it/.exec(failure ?? '') ?? []
  t.ok(Number(left) * 2 < Number(all), `${left} of ${all} operations are left`)
  t.match(failure, `npm run soak -- --seed ${seed} --runs 1`)
  t.match(failure, 'BROKEN')
})

/** The first of some seeds in which it shows. */
async function firstFound(tamper: Tamper): Promise<{ readonly seed: number; readonly violation: Violation } | undefined> {
  for (let seed = 2001; seed <= 2040; seed++) {
    const { setup, operations } = generate(seed)
    const [violation] = (await play(setup, operations, { tamper })).violations
    if (violation !== undefined) return { seed, violation }
  }
  return undefined
}
