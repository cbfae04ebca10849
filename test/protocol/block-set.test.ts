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
        if (blocks.add(block) === model.has(block)) wrong++
        model.add(block)
      } else if (blocks.delete(block) !== model.delete(block)) wrong++
      const from = Math.floor(rnd() * (size + 1))
      let next = from
      while (next < size && !model.has(next)) next++
      if (blocks.next(from) !== next || blocks.count !== model.size || blocks.has(block) !== model.has(block)) wrong++
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
