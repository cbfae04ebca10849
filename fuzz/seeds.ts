// `npm run fuzz:seeds`: writes the inputs that code makes from real traffic to fuzz/corpus, beside those that are there. `npm run fuzz -- --keep` then makes the corpora as small as they can be.
import { hashOf, readCorpus, writeCorpus } from './corpus.js'
import { loadTargets, TARGET_NAMES } from './targets/index.js'

for (const target of await loadTargets(TARGET_NAMES)) {
  const seeds = await target.seeds()
  const known = readCorpus(target.name)
  const all = new Map([...known, ...seeds].map((input) => [hashOf(input), input]))
  writeCorpus(target.name, [...all.values()])
  console.log(
    `${target.name.padEnd(18)} ${seeds.length} seeds, ${all.size} inputs, ${[...all.values()].reduce((sum, { length }) => sum + length, 0)} bytes`,
  )
}
