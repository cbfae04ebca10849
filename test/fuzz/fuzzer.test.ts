// The fuzzer itself: it finds a bug that only coverage leads to, makes it small, says how to repeat it, and fails.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { type Failure, Fuzzer } from '../../fuzz/fuzzer.js'
import { minimise } from '../../fuzz/minimise.js'
import { Mutator } from '../../fuzz/mutator.js'
import { readOptions } from '../../fuzz/options.js'
import { decodeSteps, encodeSteps } from '../../fuzz/steps.js'
import type { Target } from '../../fuzz/target.js'
import { loadTargets } from '../../fuzz/targets/index.js'
import { Random } from '../../lib/simulator/index.js'

const COMMAND = fileURLToPath(new URL('../../fuzz/fuzz.js', import.meta.url))
/** Far more than it takes: the machine may be busy. */
const LIMIT_MS = 110_000

interface Ended {
  readonly code: number | null
  readonly out: string
}

function fuzz(
  parameters: readonly string[],
  onOutput: (out: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      env: cleanEnv(),
    })
    let out = ''
    const take = (data: Buffer): void => {
      out += data.toString()
      onOutput(out, (signal) => child.kill(signal))
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out }))
  })
}

/** Without what tap gives its children: its hooks would run in the command too. */
function cleanEnv(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env
  return env
}

t.test('finds a planted bug behind three bytes, makes it small and says how to repeat it', async (t) => {
  const folder = t.testdir({ corpus: {}, crashes: {} })
  const places = ['--corpus', join(folder, 'corpus'), '--crashes', join(folder, 'crashes')]
  const { code, out } = await fuzz(['--target', 'planted', '--runs', '400000', '--seed', '1', '--first', ...places])
  t.equal(code, 1, out)
  t.match(out, 'the planted bug')
  const [name] = readdirSync(join(folder, 'crashes'))
  t.match(out, /repeat: npm run fuzz -- --target planted --repeat /)
  t.match(out, name!)
  t.strictSame([...readFileSync(join(folder, 'crashes', name!))], [0x54, 0x57, 0x6c], 'three bytes are left of it')

  const repeated = await fuzz(['--target', 'planted', '--repeat', join(folder, 'crashes', name!)])
  t.equal(repeated.code, 1)
  t.match(repeated.out, 'the planted bug')
})

t.test('an interrupt prints the table so far, of workers too', async (t) => {
  let isTold = false
  const { code, out } = await fuzz(['--target', 'wire', '--seconds', '100', '--workers', '2'], (text, kill) => {
    if (isTold || !/inputs .*\/s/.test(text)) return
    isTold = true
    kill('SIGINT')
  })
  t.equal(code, 130, out)
  t.match(out, 'stopped early')
  t.match(out, /^wire +[\d,]+ /m)
})

/** Fuzzes a target of the test's own, without instrumentation. */
async function fuzzHere(
  target: Omit<Target, 'name' | 'about' | 'format' | 'maxBytes' | 'share' | 'dictionary' | 'seeds'>,
  runs: number,
): Promise<Failure[]> {
  const failures: Failure[] = []
  const own: Target = { name: 'own', about: '', format: 'bytes', maxBytes: 8, share: 1, dictionary: [], seeds: () => [], ...target }
  const fuzzer = new Fuzzer(own, { random: new Random(1), corpus: [Uint8Array.of(0)], onFailure: (failure) => failures.push(failure) })
  await fuzzer.run(
    runs,
    Number.POSITIVE_INFINITY,
    () => false,
    () => {},
  )
  return failures
}

t.test('an input that costs more than a millisecond is a failure', async (t) => {
  const failures = await fuzzHere(
    {
      run(input) {
        if (input.length !== 3) return
        for (const until = performance.now() + 1.3; performance.now() < until; );
      },
    },
    200,
  )
  t.equal(failures.length, 1)
  t.equal(failures[0]?.kind, 'slow')
  t.equal(failures[0]?.input.length, 3)
})

t.test('memory that grows is a failure', async (t) => {
  const leak: Uint8Array[] = []
  const failures = await fuzzHere({ run: () => void leak.push(new Uint8Array(20_000)) }, 3000) // the first 2000 at most warm up
  t.equal(failures[0]?.kind, 'heap')
  t.match(failures[0]?.text, /bytes more are in use after 3000 inputs/)
})

t.test('what only several inputs together break is joined into one, and made small', async (t) => {
  let sum = 0
  const failures = await fuzzHere(
    {
      inputsPerReset: 100,
      reset() {
        sum = 0
      },
      run(input) {
        for (const byte of input) if (byte === 1) sum++
        if (sum >= 3) throw new Error('three ones')
      },
    },
    3000,
  )
  t.match(failures[0]?.text, 'three ones')
  t.strictSame([...failures[0]!.input], [1, 1, 1])
})

t.test('the same seed gives the same inputs', async (t) => {
  const [target] = await loadTargets(['frames'])
  const seeds = await target!.seeds()
  const inputs = [5, 5, 6].map((seed) => {
    const mutator = new Mutator(target!, new Random(seed))
    return Array.from({ length: 200 }, (_, i) =>
      Buffer.from(mutator.mutate(seeds[i % seeds.length]!, seeds[(i * 7) % seeds.length]!)).toString('hex'),
    )
  })
  t.strictSame(inputs[0], inputs[1])
  t.notSame(inputs[0], inputs[2])
  for (const [i, input] of inputs[0]!.entries()) t.ok(input.length / 2 <= target!.maxBytes, `input ${i} is no longer than allowed`)
})

t.test('an input is made as small as it can be while it still fails', async (t) => {
  const input = Uint8Array.from({ length: 100 }, (_, i) => i)
  const fails = async (candidate: Uint8Array): Promise<boolean> => candidate.includes(17) && candidate.includes(80)
  t.strictSame([...(await minimise(input, fails))], [17, 80])
})

t.test('wrong parameters are refused with what was expected', async (t) => {
  t.throws(() => readOptions(['--seconds', 'x']), /--seconds expected a number of 0.1–1000000, got "x"/)
  t.throws(() => readOptions(['--runs', '0']), RangeError)
  t.throws(() => readOptions(['--workers', '1.5']), /--workers expected an integer/)
  t.throws(() => readOptions(['--unknown']))
  t.equal(readOptions([]).seconds, 60)
  t.equal(readOptions(['--runs', '5']).seconds, Number.POSITIVE_INFINITY)
})

t.test('any bytes are a list of steps, and lists survive encoding', async (t) => {
  const steps = [
    { kind: 3, bytes: Uint8Array.of(1, 2) },
    { kind: 255, bytes: new Uint8Array(300) },
    { kind: 0, bytes: new Uint8Array(0) },
  ]
  t.strictSame(decodeSteps(encodeSteps(steps)), steps)
  t.equal(decodeSteps(encodeSteps(steps, 305)).length, 1, 'what is too long is left out')
  t.strictSame(decodeSteps(Uint8Array.of(1, 9, 0, 7, 7)), [{ kind: 1, bytes: Uint8Array.of(7, 7) }])
  t.strictSame(decodeSteps(Uint8Array.of(1, 9)), [])
})
