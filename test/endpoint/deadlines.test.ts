import t from 'tap'
import { Deadlines } from '../../lib/endpoint/deadlines.js'

function due(deadlines: Deadlines, now: number): number[] {
  const slots: number[] = []
  for (let slot = deadlines.next(0, now); slot >= 0; slot = deadlines.next(slot + 1, now)) slots.push(slot)
  return slots
}

t.test('those that are due are found in order, from the moment they are due', async (t) => {
  const deadlines = new Deadlines()
  deadlines.set(3, 20)
  deadlines.set(1, 10)
  deadlines.set(2, Number.NEGATIVE_INFINITY)
  t.strictSame(due(deadlines, 0), [2])
  t.strictSame(due(deadlines, 10), [1, 2])
  t.strictSame(due(deadlines, 20), [1, 2, 3])
  deadlines.set(2, Number.POSITIVE_INFINITY)
  t.strictSame(due(deadlines, 1e15), [1, 3])
})

t.test('slots that were never set are never due, however the table grows', async (t) => {
  const deadlines = new Deadlines()
  t.strictSame(due(deadlines, 1e15), [])
  t.equal(deadlines.get(70_000), Number.POSITIVE_INFINITY)
  deadlines.set(5, 1)
  deadlines.set(65_551, 2)
  t.strictSame(due(deadlines, 1e15), [5, 65_551])
  t.equal(deadlines.get(5), 1)
  t.equal(deadlines.get(17), Number.POSITIVE_INFINITY)
})

t.test('what is woken while the table is gone through is met if it lies ahead', async (t) => {
  const deadlines = new Deadlines()
  for (let slot = 0; slot < 4; slot++) deadlines.set(slot, slot === 1 ? 0 : 100)
  const first = deadlines.next(0, 0)
  deadlines.set(0, Number.NEGATIVE_INFINITY)
  deadlines.set(3, Number.NEGATIVE_INFINITY)
  t.equal(first, 1)
  t.equal(deadlines.next(first + 1, 0), 3)
  t.equal(deadlines.next(0, 0), 0, 'the other is met the next time')
})
