import t from 'tap'
import { PriorityQueue } from '../../lib/protocol/priority-queue.js'
import { random } from './pair.js'

t.test('the highest priority comes first, in order of arrival within one', async (t) => {
  const rnd = random(5)
  const queue = new PriorityQueue<{ priority: number; order: number }>()
  let model: { priority: number; order: number }[] = []
  let wrong = 0
  for (let i = 0; i < 20_000; i++) {
    if (rnd() < 0.5) {
      const item = { priority: Math.floor(rnd() * 8), order: i }
      queue.push(item, item.priority)
      model.push(item)
      model.sort((a, b) => b.priority - a.priority || a.order - b.order)
    } else if (queue.shift() !== model.shift()) wrong++
    if (rnd() < 0.01) {
      queue.filter((item) => item.order % 3 !== 0)
      model = model.filter((item) => item.order % 3 !== 0)
    }
    if (queue.peek() !== model[0] || queue.length !== model.length) wrong++
  }
  t.equal(wrong, 0)
})

t.test('an empty one gives nothing', async (t) => {
  const queue = new PriorityQueue<number>()
  t.equal(queue.peek(), undefined)
  t.equal(queue.shift(), undefined)
  queue.push(1, 7)
  queue.filter(() => false)
  t.equal(queue.peek(), undefined)
  t.equal(queue.length, 0)
})
