import t from 'tap'
import { FragmentFrame } from '../../lib/protocol/fragment-frame.js'
import { UnreliableReceiver } from '../../lib/protocol/unreliable-receiver.js'
import { MAX_UNRELIABLE_REASSEMBLIES, UNRELIABLE_HISTORY } from '../../lib/wire/limits.js'
import { random } from './pair.js'
import { numberOf, payload } from './payloads.js'

const LOW = 2 ** 24

/** Some blocks of a message of so many bytes; returns its number once it is whole. */
function receive(
  receiver: UnreliableReceiver,
  isSequenced: boolean,
  number: number,
  totalBytes: number,
  firstBlock: number,
  blocks: number,
  typeId = 1,
): number | undefined {
  const fragment = new FragmentFrame()
  fragment.typeId = typeId
  fragment.totalBytes = totalBytes
  fragment.firstBlock = firstBlock
  fragment.start = firstBlock * 64
  fragment.end = Math.min(totalBytes, (firstBlock + blocks) * 64)
  const whole = receiver.receiveFragment(isSequenced, number % LOW, fragment, payload(number, totalBytes))
  return whole === undefined ? undefined : numberOf(whole.toBytes())
}

t.test('sequenced: only what is newer than all before is accepted, by definition', async (t) => {
  const receiver = new UnreliableReceiver(1000)
  t.ok(receiver.acceptSequenced(1, 3))
  t.notOk(receiver.acceptSequenced(1, 3))
  t.notOk(receiver.acceptSequenced(1, 2))
  t.ok(receiver.acceptSequenced(2, 2), 'another definition')
  t.ok(receiver.acceptSequenced(1, 4))
})

t.test('sequenced: numbers go over 2^24 and 2^32, though millions may have been lost', async (t) => {
  for (const step of [1_000_000, 9_000_000]) {
    const receiver = new UnreliableReceiver(1000)
    let refused = 0
    let repeated = 0
    for (let number = 0; number < 2 ** 32 + 2 * step; number += step) {
      if (!receiver.acceptSequenced(1, number % LOW)) refused++
      if (receiver.acceptSequenced(1, number % LOW)) repeated++
      if (number > 0 && receiver.acceptSequenced(1, (number - 1) % LOW)) repeated++
    }
    t.equal(refused, 0)
    t.equal(repeated, 0)
  }
})

t.test('numbered: each is accepted once, as a set of the last 1024 says', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const rnd = random(seed)
    const receiver = new UnreliableReceiver(1000)
    const seen = new Set<number>()
    let newest = -1
    let wrong = 0
    let base = 0
    for (let i = 0; i < 40_000; i++) {
      base += rnd() < 0.001 ? 5000 : rnd() * 2
      if (i === 20_000) base = base < 2 ** 23 ? 12_000_000 : base // a jump, towards 2^24
      if (i === 30_000) base = LOW - 3000
      const number = Math.max(0, Math.floor(base - rnd() * rnd() * 1300))
      const expected = number > newest - UNRELIABLE_HISTORY && !seen.has(number)
      if (receiver.acceptNumbered(number % LOW) !== expected) wrong++
      if (expected) seen.add(number)
      newest = Math.max(newest, number)
    }
    t.ok(newest > LOW)
    t.equal(wrong, 0, `seed ${seed}`)
  }
})

t.test('numbered: what would lie before number 0 is refused', async (t) => {
  const receiver = new UnreliableReceiver(1000)
  t.notOk(receiver.acceptNumbered(LOW - 5))
})

t.test('fragments in any order make a message; a sequenced one only while it is the newest', async (t) => {
  const receiver = new UnreliableReceiver(10_000)
  t.equal(receive(receiver, false, 5, 3000, 20, 27), undefined)
  t.equal(receive(receiver, false, 5, 3000, 0, 20), 5)
  t.equal(receive(receiver, true, 7, 3000, 0, 20), undefined)
  t.ok(receiver.acceptSequenced(1, 8))
  t.equal(receive(receiver, true, 7, 3000, 20, 27), undefined, 'out of date')
  t.equal(receive(receiver, true, 9, 100, 0, 2), 9)
  t.notOk(receiver.acceptSequenced(1, 9))
})

t.test('messages of the same number but of another kind or definition are told apart', async (t) => {
  const receiver = new UnreliableReceiver(10_000)
  receive(receiver, false, 1, 2000, 0, 10)
  receive(receiver, true, 1, 2000, 0, 10, 1)
  receive(receiver, true, 1, 2000, 0, 10, 2)
  t.equal(receiver.incompleteCount, 3)
  t.equal(receive(receiver, true, 1, 2000, 10, 22, 2), 1)
  t.equal(receive(receiver, false, 1, 2000, 10, 22), 1)
  t.equal(receiver.incompleteCount, 1)
})

t.test('at most 16 messages are incomplete, and twice the largest message in bytes; the oldest give way', async (t) => {
  const receiver = new UnreliableReceiver(10_000)
  for (let number = 0; number < 40; number++) receive(receiver, false, number, 200, 0, 1)
  t.equal(receiver.incompleteCount, MAX_UNRELIABLE_REASSEMBLIES)
  t.equal(receive(receiver, false, 39, 200, 1, 3), 39, 'the newest is still there')
  for (let number = 100; number < 110; number++) receive(receiver, false, number, 10_000, 0, 1)
  t.equal(receiver.incompleteCount, 2)
  receive(receiver, false, 200, 10_000, 0, 1)
  t.equal(receiver.incompleteCount, 2)
  t.equal(receive(receiver, false, 200, 10_000, 1, 156), 200, 'the largest always fits')
})

t.test('parts that contradict each other are dropped', async (t) => {
  const receiver = new UnreliableReceiver(10_000)
  receive(receiver, false, 1, 2000, 0, 10)
  t.equal(receive(receiver, false, 1, 2064, 10, 23), undefined)
  t.equal(receive(receiver, false, 1, 2000, 10, 22), 1)
})
