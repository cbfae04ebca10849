// The library's own messages: what was written is read, and no bytes make a reader throw or look beyond its end.
import fc from 'fast-check'
import t from 'tap'
import {
  CONFIRM_OUTCOMES,
  encodeCancellation,
  encodeConfirmable,
  encodeConfirmation,
  readCancellation,
  readConfirmable,
  readConfirmation,
} from '../../lib/sessions/system-messages.js'
import { holds } from '../properties/property.js'

const id = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const around = fc.uint8Array({ maxLength: 3 })

/** The message among other bytes, as it stands in a packet. */
function within(before: Uint8Array, bytes: Uint8Array, behind: Uint8Array): [all: Uint8Array, start: number, end: number] {
  const all = Uint8Array.of(...before, ...bytes, ...behind)
  return [all, before.length, before.length + bytes.length]
}

t.test('what is written is read, wherever it stands', async (t) => {
  const property = fc.property(
    id,
    fc.integer({ min: 0, max: 16_383 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(...CONFIRM_OUTCOMES),
    around,
    around,
    (id, typeId, payload, outcome, before, behind) => {
      const [all, start, end] = within(before, encodeConfirmable(id, typeId, payload, 0, payload.length), behind)
      const head = readConfirmable(all, start, end)
      t.match(head, { id, typeId })
      t.strictSame(all.subarray(head!.payload, end), payload)
      t.strictSame(readConfirmation(...within(before, encodeConfirmation(id, outcome), behind)), { id, outcome })
      t.equal(readCancellation(...within(before, encodeCancellation(id), behind)), id)
    },
  )
  holds(property, 50)
})

t.test('any bytes are read as something or nothing', async () => {
  const property = fc.property(fc.uint8Array({ maxLength: 16 }), around, around, (bytes, before, behind) => {
    const [all, start, end] = within(before, bytes, behind)
    const head = readConfirmable(all, start, end)
    if (head !== undefined && (head.payload > end || head.payload <= start + 4)) return false
    if ((readConfirmation(all, start, end) !== undefined) !== (bytes.length === 5 && bytes[4]! < CONFIRM_OUTCOMES.length)) return false
    return (readCancellation(all, start, end) !== undefined) === (bytes.length === 4)
  })
  holds(property, 300)
})
