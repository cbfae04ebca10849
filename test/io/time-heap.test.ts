import t from 'tap'
import { Random } from '../../lib/io/random.js'
import { TimeHeap } from '../../lib/io/time-heap.js'

interface Entry {
  readonly time: number
  readonly order: number
}

t.test('gives items by time and, at the same time, in the order of their pushes', async (t) => {
  const random = new Random(11)
  const heap = new TimeHeap<Entry>()
  const entries: Entry[] = []
  for (let order = 0; order < 5000; order++) {
    const entry = { time: random.integer(500), order }
    entries.push(entry)
    heap.push(entry.time, entry)
  }
  entries.sort((a, b) => a.time - b.time || a.order - b.order)
  const popped: (Entry | undefined)[] = []
  while (heap.length > 0) {
    const announced = heap.nextTime()
    popped.push(heap.pop())
    if (announced !== popped.at(-1)?.time) t.fail(`nextTime() said ${announced} before ${popped.at(-1)?.time}`)
  }
  t.strictSame(popped, entries)
  t.equal(heap.pop(), undefined)
  t.equal(heap.nextTime(), Number.POSITIVE_INFINITY)
})

t.test('agrees with a sorted list under pushes, pops and removals at random', async (t) => {
  const random = new Random(12)
  const heap = new TimeHeap<Entry>()
  let model: Entry[] = []
  for (let order = 0; order < 20_000; order++) {
    const choice = random.integer(10)
    if (choice < 5 || model.length === 0) {
      const entry = { time: random.integer(100), order }
      heap.push(entry.time, entry)
      model.push(entry)
      model.sort((a, b) => a.time - b.time || a.order - b.order)
    } else if (choice < 8) {
      if (heap.pop() !== model.shift()) return t.fail(`another first item after ${order} operations`)
    } else {
      const entry = model[random.integer(model.length)]!
      heap.remove(entry)
      model = model.filter((other) => other !== entry)
    }
    if (heap.length !== model.length) return t.fail(`another length after ${order} operations`)
  }
  return t.pass('20,000 operations')
})

t.test('removing what is not there changes nothing', async (t) => {
  const heap = new TimeHeap<string>()
  heap.push(1, 'here')
  heap.remove('elsewhere')
  t.equal(heap.length, 1)
})
