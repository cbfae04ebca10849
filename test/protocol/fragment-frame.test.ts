import t from 'tap'
import { FragmentFrame, writeFragment } from '../../lib/protocol/fragment-frame.js'
import { PayloadPool } from '../../lib/protocol/payload-pool.js'
import { writeVarint } from '../../lib/wire/varint.js'
import { payload } from './payloads.js'

/** A fragment with these numbers and so many bytes behind them. */
function read(typeId: number, totalBytes: number, firstBlock: number, length: number, behind = length): boolean {
  const bytes = new Uint8Array(2000)
  let end = writeVarint(bytes, 0, typeId)
  for (const value of [totalBytes, firstBlock, length]) end = writeVarint(bytes, end, value)
  return new FragmentFrame().read(bytes, 0, end + behind)
}

t.test('what is written is read', async (t) => {
  const message = new PayloadPool().frame(300, payload(1, 1000))
  const bytes = new Uint8Array(1200)
  const fragment = new FragmentFrame()
  const end = writeFragment(bytes, 0, message, 3, 5)
  t.ok(fragment.read(bytes, 0, end))
  t.match(fragment, { typeId: 300, totalBytes: 1000, firstBlock: 3, end })
  t.strictSame(bytes.slice(fragment.start, fragment.end), payload(1, 1000).slice(192, 512))
  const last = writeFragment(bytes, 0, message, 15, 4)
  t.ok(fragment.read(bytes, 0, last))
  t.equal(fragment.end - fragment.start, 1000 - 15 * 64, 'the last block is shorter')
  for (let cut = 0; cut < end; cut++) t.notOk(fragment.read(bytes, 0, Math.min(cut, last - 1)), `cut at ${cut}`)
})

t.test('what lies outside of its message, is empty, or is not cut at blocks is refused', async (t) => {
  t.ok(read(1, 1000, 0, 64))
  t.ok(read(1, 1000, 15, 40), 'the end of the message')
  t.notOk(read(1, 1000, 0, 0), 'empty')
  t.notOk(read(1, 1000, 0, 65), 'not cut at blocks')
  t.notOk(read(1, 1000, 15, 64), 'beyond the end')
  t.notOk(read(1, 1000, 16, 64), 'behind the end')
  t.notOk(read(1, 1000, 0, 128, 100), 'cut off')
  t.notOk(read(1, 1000, Number.MAX_SAFE_INTEGER, 64), 'an absurd block')
})
