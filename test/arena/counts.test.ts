import t from 'tap'
import { Arrivals } from '../../examples/arena/arrivals.js'
import { findMismatches, type PlayerCounts, totalsOf } from '../../examples/arena/counts.js'

/** A deep copy in which everything may be falsified. */
type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> }
type Counts = readonly [Mutable<PlayerCounts>, Mutable<PlayerCounts>]

/** Ada said two lines, Ben three, and somebody who is not counted one; one input and one snapshot were lost. */
function trueCounts(): Counts {
  const inOrder = (received: number) => ({ received, disordered: 0 })
  const player = (id: number, name: string, linesSaid: number) => ({
    id,
    name,
    inputsSent: 60,
    linesSaid,
    snapshots: inOrder(19),
    lines: inOrder(6),
    heard: [
      { speaker: 1, ...inOrder(2) },
      { speaker: 2, ...inOrder(3) },
      { speaker: 3, ...inOrder(1) },
    ],
    atServer: { inputs: inOrder(59), lines: inOrder(linesSaid), linesSent: 6, snapshotsSent: 20 },
  })
  return [player(1, 'ada', 2), player(2, 'ben', 3)]
}

t.test('finds nothing where all counts agree', (t) => {
  t.strictSame(findMismatches(trueCounts()), [])
  t.end()
})

t.test('finds each falsified count, and says which it is', (t) => {
  const falsifications: readonly [string, (counts: Counts) => void][] = [
    ['chat, ada → server: 2 sent, 1 received', ([ada]) => ada.atServer.lines.received--],
    ['chat, ada → server: 2 sent, 3 received', ([ada]) => ada.atServer.lines.received++],
    ['chat, ben → server: 1 of 3 out of order', ([, ben]) => ben.atServer.lines.disordered++],
    ['chat, server → ben: 6 sent, 5 received', ([, ben]) => ben.lines.received--],
    ['chat, server → ben: 7 sent, 6 received', ([, ben]) => ben.atServer.linesSent++],
    ['chat, server → ada: 2 of 6 out of order', ([ada]) => (ada.lines.disordered += 2)],
    ['chat, ben → ada: 3 sent, 2 received', ([ada]) => ada.heard[1]!.received--],
    ['chat, ada → ben: 1 of 2 out of order', ([, ben]) => ben.heard[0]!.disordered++],
    ['chat, ben → ben: 3 sent, 0 received', ([, ben]) => (ben.heard = ben.heard.filter((line) => line.speaker !== 2))],
    ['inputs of ada: 60 sent, 61 received', ([ada]) => (ada.atServer.inputs.received = 61)],
    ['inputs of ben: 60 sent, none received', ([, ben]) => (ben.atServer.inputs.received = 0)],
    ['inputs of ben: 1 of 59 old or repeated', ([, ben]) => ben.atServer.inputs.disordered++],
    ['inputs of ada: nothing was sent', ([ada]) => (ada.inputsSent = 0)],
    ['snapshots for ada: 20 sent, 21 received', ([ada]) => (ada.snapshots.received = 21)],
    ['snapshots for ada: nothing was sent', ([ada]) => (ada.atServer.snapshotsSent = 0)],
    ['snapshots for ben: 3 of 19 old or repeated', ([, ben]) => (ben.snapshots.disordered = 3)],
  ]
  for (const [mismatch, falsify] of falsifications) {
    const counts = trueCounts()
    falsify(counts)
    t.strictSame(findMismatches(counts), [mismatch])
  }
  t.end()
})

t.test('finds a player that said nothing', (t) => {
  const counts = trueCounts()
  counts[0].linesSaid = 0
  t.strictSame(findMismatches(counts), [
    'chat, ada → server: nothing was sent',
    'chat, ada → ada: nothing was sent',
    'chat, ada → ben: nothing was sent',
  ])
  t.end()
})

t.test('sums up, without the lines of others in what these players heard of each other', (t) => {
  t.strictSame(totalsOf(trueCounts()), [
    { what: 'chat, players → server', sent: 5, received: 5 },
    { what: 'chat, server → players', sent: 12, received: 12 },
    { what: 'chat, player → player', sent: 10, received: 10 },
    { what: 'inputs', sent: 120, received: 118 },
    { what: 'snapshots', sent: 40, received: 38 },
  ])
  t.end()
})

t.test('an ordered stream must have each number once, in turn', (t) => {
  const arrivals = new Arrivals()
  for (const number of [0, 1, 3, 2, 2, 3]) arrivals.addNext(number)
  t.strictSame(arrivals.counts, { received: 6, disordered: 3 }) // 3 after 1, 2 after 3, 2 again
  t.end()
})

t.test('a sequenced stream may have gaps, and must not go back', (t) => {
  const arrivals = new Arrivals()
  for (const number of [0, 2, 5, 5, 4, 6]) arrivals.addNewer(number)
  t.strictSame(arrivals.counts, { received: 6, disordered: 2 })
  t.end()
})

t.test('who comes late counts an ordered stream from where it comes in', (t) => {
  const arrivals = new Arrivals()
  for (const number of [7, 8, 9, 11, 12]) arrivals.addNextOf(number)
  t.strictSame(arrivals.counts, { received: 5, disordered: 1 })
  t.end()
})
