// Every input of the corpora, with all that the targets check of it, and the mutator on top for a moment. What once broke something is named regress-…
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CORPUS } from '../../fuzz/corpus.js'
import { Mutator } from '../../fuzz/mutator.js'
import type { Target } from '../../fuzz/target.js'
import { loadTargets, TARGET_NAMES } from '../../fuzz/targets/index.js'
import { Random } from '../../lib/simulator/index.js'

/** Bytes of all corpora together. */
const MAX_CORPUS_BYTES = 1_000_000

/** Changed inputs that each target gets beside its corpus, or fewer where that takes longer. */
const CHANGED_INPUTS = 200
const CHANGED_MS = 60

/** Runs an input as the fuzzer does, and says which one it was where it throws. */
async function pass(target: Target, name: string, input: Uint8Array): Promise<void> {
  try {
    await target.run(input)
  } catch (error) {
    throw new Error(`${target.name}: ${name} (${Buffer.from(input).toString('hex')}) ${error instanceof Error ? error.stack : error}`)
  }
}

let bytes = 0

for (const target of await loadTargets(TARGET_NAMES)) {
  const folder = join(CORPUS, target.name)
  const names = readdirSync(folder).sort()
  const inputs = names.map((name) => new Uint8Array(readFileSync(join(folder, name))))
  bytes += inputs.reduce((sum, { length }) => sum + length, 0)

  t.test(`${target.name}: every input of the corpus passes`, async (t) => {
    t.ok(names.length > 0, 'there is a corpus')
    await target.reset?.()
    for (const [i, input] of inputs.entries()) await pass(target, names[i]!, input)
    for (const name of names) if (name.startsWith('regress-')) t.pass(name.slice('regress-'.length).replaceAll('-', ' '))
  })

  t.test(`${target.name}: changed inputs pass`, async (t) => {
    const random = new Random(1)
    const mutator = new Mutator(target, random)
    const until = performance.now() + CHANGED_MS
    let runs = 0
    for (; runs < CHANGED_INPUTS && (runs === 0 || performance.now() < until); runs++) {
      if (runs % (target.inputsPerReset ?? CHANGED_INPUTS + 1) === 0) await target.reset?.()
      await pass(target, `change ${runs}`, mutator.mutate(inputs[random.integer(inputs.length)]!, inputs[random.integer(inputs.length)]!))
    }
    await target.reset?.()
    t.ok(runs > 0)
  })
}

t.test('the corpora are small, and of targets that exist', async (t) => {
  t.ok(bytes < MAX_CORPUS_BYTES, `${bytes} bytes`)
  t.strictSame(readdirSync(CORPUS).sort(), TARGET_NAMES.toSorted())
})
