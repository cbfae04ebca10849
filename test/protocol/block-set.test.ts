import t from 'tap'
import { BlockSet } from '../../lib/protocol/block-set.js'
import { random } from './pair.js'

t.test('it does as a set does', async (t) => {
  for (const size of [1, 7, 8, 9, 64, 1000]) {
    const rnd = random(size)
    const blocks = new BlockSet(size)
    const model = new Set<number>()
    let wrong = 0
    for (let i = 0; i < 5000; i++) {
      const block = Math.floor(rnd() * size)
      if (rnd() < 0.5) {
        const count = 1 + Math.floor(rnd() ** 3 * (size - block))
        let added = 0
        for (let i = block; i < block + count; i++) {
          if (!model.has(i)) added++
          model.add(i)
        }
        if (blocks.addRun(block, count) !== added) wrong++
      } else {
        const count = 1 + Math.floor(rnd() ** 3 * (size - block))
        blocks.deleteRun(block, count)
        for (let i = block; i < block + count; i++) model.delete(i)
      }
      const from = Math.floor(rnd() * (size + 1))
      let next = from
      while (next < size && !model.has(next)) next++
      let missing = from
      while (missing < size && model.has(missing)) missing++
      if (
        blocks.next(from) !== next ||
        blocks.nextMissing(from) !== missing ||
        blocks.count !== model.size ||
        blocks.has(block) !== model.has(block)
      )
        wrong++
    }
    t.equal(wrong, 0, `${size} blocks`)
  }
})

t.test('a full one has all', async (t) => {
  const blocks = new BlockSet(13, true)
  t.equal(blocks.count, 13)
  t.ok(blocks.has(12))
  t.equal(blocks.next(13), 13)
})
