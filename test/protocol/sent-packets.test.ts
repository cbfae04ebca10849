import t from 'tap'
import { SentPackets } from '../../lib/protocol/sent-packets.js'
import { MAX_TRACKED_PACKETS } from '../../lib/wire/limits.js'
import { random } from './pair.js'

function send(sent: SentPackets, sequence: number): void {
  const packet = sent.prepare(sequence)
  packet.items.push(sequence)
  packet.sentAt = sequence
  sent.commit(packet, sequence)
}

t.test('it does as a map does, through growth, gaps and any order of release', async (t) => {
  for (const base of [0, 2 ** 32 - 500]) {
    const rnd = random(4)
    const sent = new SentPackets()
    const model = new Map<number, number>()
    let wrong = 0
    let next = base
    for (let i = 0; i < 20_000; i++) {
      if (rnd() < 0.5 && sent.hasRoom(next)) {
        send(sent, next)
        model.set(next, next)
      }
      next += rnd() < 0.3 ? 2 : 1 // numbers of keep-alives are missing
      const known = [...model.keys()]
      if (rnd() < 0.45 + 0.1 * Math.sin(i / 2000) && known.length > 0) {
        const sequence = known[Math.floor(rnd() * Math.min(known.length, 20))]!
        sent.release(sent.get(sequence)!)
        model.delete(sequence)
        sent.trim(0)
      }
      const some = base + Math.floor(rnd() * (next - base + 10))
      if (sent.get(some)?.items[0] !== model.get(some)) wrong++
    }
    t.equal(wrong, 0)
    for (const sequence of model.keys()) if (sent.get(sequence)?.sequence !== sequence) wrong++
    t.equal(wrong, 0)
  }
})

t.test('a prepared entry does not count until it is committed', async (t) => {
  const sent = new SentPackets()
  sent.prepare(5)
  t.equal(sent.get(5), undefined)
  t.equal(sent.end, 5)
})

t.test('entries are used again, without what they held', async (t) => {
  const sent = new SentPackets()
  send(sent, 0)
  const first = sent.get(0)!
  first.isLost = true
  first.isProbed = true
  first.acked = 7
  sent.trim(10)
  sent.commit(sent.prepare(1), 1) // the entry that was free before it
  const again = sent.prepare(8)
  t.equal(again, first)
  t.strictSame([again.isLost, again.isProbed, again.acked, again.items.length], [false, false, -1, 0])
})

t.test('trimming stops at the oldest open packet, and at lost ones that are young', async (t) => {
  const sent = new SentPackets()
  for (let i = 0; i < 6; i++) send(sent, i)
  for (const i of [0, 1, 3]) sent.get(i)!.isLost = true
  sent.trim(1)
  t.equal(sent.oldest, 1, 'packet 1 was sent too recently')
  sent.trim(100)
  t.equal(sent.oldest, 2, 'packet 2 is open')
})

t.test('there is room for as many as are tracked, and always where nothing is tracked, whatever the number', async (t) => {
  const sent = new SentPackets()
  t.ok(sent.hasRoom(2 ** 40), 'a path may begin anywhere')
  send(sent, 2 ** 40)
  t.ok(sent.hasRoom(2 ** 40 + MAX_TRACKED_PACKETS - 1))
  t.notOk(sent.hasRoom(2 ** 40 + MAX_TRACKED_PACKETS))
  sent.release(sent.get(2 ** 40)!)
  sent.trim(0)
  t.ok(sent.hasRoom(2 ** 41))
})
