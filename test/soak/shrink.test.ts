import t from 'tap'
import type { Operation } from '../../soak/operations.js'
import { shrink } from '../../soak/shrink.js'

function operations(count: number): Operation[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'disconnect', client: i, waitMs: 0 }))
}

function indices(list: readonly Operation[]): number[] {
  return list.map((operation) => (operation.kind === 'disconnect' ? operation.client : -1))
}

t.test('leaves just the operations that it takes', async (t) => {
  const needed = [7, 31, 32]
  const { operations: left } = await shrink(operations(60), async (list) => needed.every((i) => indices(list).includes(i)))
  t.strictSame(indices(left), needed)
})

t.test('keeps the order', async (t) => {
  const { operations: left } = await shrink(operations(20), async (list) => {
    const order = indices(list)
    return order.indexOf(3) >= 0 && order.indexOf(3) < order.indexOf(11)
  })
  t.strictSame(indices(left), [3, 11])
})

t.test('a list of which nothing can be left out stays', async (t) => {
  const all = operations(9)
  const { operations: left } = await shrink(all, async (list) => list.length === 9)
  t.strictSame(left, all)
})

t.test('runs no more often than allowed', async (t) => {
  let runs = 0
  const shrunk = await shrink(
    operations(100),
    async (list) => {
      runs++
      return indices(list).includes(50) && indices(list).includes(99) && list.length % 2 === 0
    },
    25,
  )
  t.ok(runs <= 25)
  t.equal(shrunk.runs, runs)
})
