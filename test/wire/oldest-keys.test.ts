import t from 'tap'
import { OldestKeys } from '../../lib/wire/oldest-keys.js'

t.test('gives the oldest key each time, whatever was added, deleted and added again meanwhile', async (t) => {
  const map = new Map<number, string>()
  const oldest = new OldestKeys(map)
  t.equal(oldest.take(), undefined)
  let next = 0
  for (let round = 0; round < 5000; round++) {
    map.set(next++, '')
    if (round % 7 === 0 && next > 3) map.delete(next - 3)
    if (round % 5 === 0 && map.has(next - 2)) {
      map.delete(next - 2)
      map.set(next - 2, 'again')
    }
    if (map.size <= 100) continue
    const [expected] = map.keys()
    const taken = oldest.take()
    if (taken !== expected) t.fail(`expected ${expected}, got ${taken} in round ${round}`)
    map.delete(taken!)
  }
  while (map.size > 0) map.delete(oldest.take()!)
  t.equal(oldest.take(), undefined)
  map.set(-1, '')
  t.equal(oldest.take(), -1, 'also after it had come to the end')
})
