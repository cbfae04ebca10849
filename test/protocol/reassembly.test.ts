import t from 'tap'
import { FragmentFrame } from '../../lib/protocol/fragment-frame.js'
import { Reassembly } from '../../lib/protocol/reassembly.js'
import { random } from './pair.js'
import { numberOf, payload } from './payloads.js'

/** A fragment of `whole`, as if it had been read from it. */
function part(whole: Uint8Array, firstBlock: number, blocks: number, typeId = 5): FragmentFrame {
  const fragment = new FragmentFrame()
  fragment.typeId = typeId
  fragment.totalBytes = whole.length
  fragment.firstBlock = firstBlock
  fragment.start = firstBlock * 64
  fragment.end = Math.min(whole.length, (firstBlock + blocks) * 64)
  return fragment
}

t.test('blocks in any order, overlapping and repeated, make the message', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const rnd = random(seed)
    const whole = payload(seed, 65 + Math.floor(rnd() * 5000))
    const reassembly = new Reassembly(5, whole.length)
    for (let i = 0; !reassembly.isComplete && i < 10_000; i++)
      if (!reassembly.add(part(whole, Math.floor((rnd() * whole.length) / 64), 1 + Math.floor(rnd() * 5)), whole)) t.fail('refused')
    t.equal(reassembly.toBytes().length, whole.length)
    t.equal(numberOf(reassembly.toBytes()), seed)
  }
})

t.test('memory grows with what has arrived', async (t) => {
  const whole = payload(1, 1_000_000)
  const reassembly = new Reassembly(5, whole.length)
  reassembly.add(part(whole, 0, 16), whole)
  t.ok(reassembly.heldBytes <= 4096)
  for (let block = 16; block < 160; block += 16) reassembly.add(part(whole, block, 16), whole)
  t.ok(reassembly.heldBytes <= 2 * 160 * 64)
})

t.test('one block at the end of a message takes no memory for what is before it', async (t) => {
  const whole = payload(1, 16 * 1024 * 1024 - 63)
  const reassembly = new Reassembly(5, whole.length)
  reassembly.add(part(whole, 262_143, 1), whole)
  t.ok(reassembly.heldBytes <= 4096, `${reassembly.heldBytes} bytes`)
})

t.test('a part of another type or size is refused', async (t) => {
  const whole = payload(1, 1000)
  const reassembly = new Reassembly(5, whole.length)
  t.notOk(reassembly.add(part(whole, 0, 1, 6), whole))
  t.notOk(reassembly.add(part(payload(1, 1064), 0, 1), whole))
  t.ok(reassembly.add(part(whole, 0, 1), whole))
})
