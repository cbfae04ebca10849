import t from 'tap'
import { WaitTable } from '../../lib/sessions/wait-table.js'

t.test('numbers count up, wrap after 32 bits, and pass over what still waits', async (t) => {
  const table = new WaitTable<string>(8, 2 ** 32 - 2)
  const ids: number[] = []
  for (let i = 0; i < 4; i++) {
    const id = table.nextId()
    ids.push(id)
    if (i < 3) table.add(id, `${i}`, 100)
  }
  t.strictSame(ids, [2 ** 32 - 2, 2 ** 32 - 1, 0, 1])

  const around = new WaitTable<string>(8, 2 ** 32 - 1)
  around.add(0, 'old', 100)
  t.equal(around.nextId(), 2 ** 32 - 1)
  t.equal(around.nextId(), 1, '0 still waits')
})

t.test('what has waited for too long is given up once, and the rest goes on', async (t) => {
  const table = new WaitTable<string>(3)
  const given: string[] = []
  const expire = (now: number): string[] => {
    given.length = 0
    table.expire(now, (value) => given.push(value))
    return [...given]
  }
  table.add(1, 'a', 100)
  table.add(2, 'b', 50)
  table.add(3, 'for ever', Number.POSITIVE_INFINITY)
  t.ok(table.isFull)
  t.strictSame(expire(49), [])
  t.strictSame(expire(50), ['b'])
  t.notOk(table.isFull)
  t.strictSame(expire(99), [])
  table.shift(1000)
  t.strictSame(expire(1099), [])
  t.strictSame(expire(1100), ['a'])
  t.strictSame(expire(1e15), [])
  t.equal(table.size, 1)
  t.equal(table.get(3), 'for ever')
  t.notOk(table.delete(1))
  t.ok(table.delete(3))
  table.add(4, 'd', 1)
  table.clear((value) => given.push(value))
  t.equal(given.at(-1), 'd')
  t.equal(table.size, 0)
})
