import t from 'tap'
import { RingQueue } from '../../lib/wire/ring-queue.js'
import { random } from '../protocol/pair.js'

t.test('it does as an array does, through growth and wrapping', async (t) => {
  const rnd = random(3)
  const queue = new RingQueue<number>()
  const model: number[] = []
  let wrong = 0
  for (let i = 0; i < 50_000; i++) {
    if (rnd() < 0.5 + 0.2 * Math.sin(i / 3000)) {
      queue.push(i)
      model.push(i)
    } else if (queue.shift() !== model.shift()) wrong++
    const index = Math.floor(rnd() * (model.length + 1))
    if (queue.length !== model.length || queue.peek() !== model[0] || queue.at(index) !== model[index]) wrong++
  }
  t.equal(wrong, 0)
  queue.clear()
  t.equal(queue.length, 0)
  t.equal(queue.shift(), undefined)
  t.equal(queue.peek(), undefined)
})
