import t from 'tap'
import { restoreId, restoreSequence } from '../../lib/wire/sequence.js'
import { random } from '../protocol/pair.js'

t.test('the full number comes back from its low bits while it is within half of the range', async (t) => {
  const rnd = random(2)
  let wrong = 0
  for (let i = 0; i < 50_000; i++) {
    const near = Math.floor(rnd() * 2 ** Math.floor(24 + rnd() * 28))
    const id = near + Math.floor((rnd() - 0.5) * 2 ** 24)
    if (id >= 0 && restoreId(id % 2 ** 24, near) !== id) wrong++
    const sequence = near + Math.floor((rnd() - 0.5) * 2 ** 32)
    if (sequence >= 0 && restoreSequence(sequence % 2 ** 32, near) !== sequence) wrong++
  }
  t.equal(wrong, 0)
})

t.test('wrapping is crossed in both directions', async (t) => {
  t.equal(restoreId(3, 2 ** 24 - 2), 2 ** 24 + 3)
  t.equal(restoreId(0xfffffe, 2 ** 24 + 5), 2 ** 24 - 2)
  t.equal(restoreId(7, 2 ** 33), 2 ** 33 + 7)
  t.equal(restoreSequence(3, 2 ** 32 - 2), 2 ** 32 + 3)
  t.equal(restoreSequence(0xfffffffe, 2 ** 32 + 5), 2 ** 32 - 2)
})

t.test('what would lie before number 0 is negative', async (t) => {
  t.equal(restoreId(0xffffff, 0), -1)
  t.equal(restoreSequence(0xffffffff, 0), -1)
})

t.test('exactly half of the range counts as older', async (t) => {
  t.equal(restoreId(2 ** 23, 2 ** 24), 2 ** 23)
  t.equal(restoreSequence(2 ** 31, 2 ** 32), 2 ** 31)
})
